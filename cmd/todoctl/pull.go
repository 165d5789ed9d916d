package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"todoctl/handler"
	"todoctl/provision"
)

func newPull() *cobra.Command {
	return &cobra.Command{
		Use: "pull DIR",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{this(cmd).with("handler pull") + " changed", helpLine(cmd)}, "handler pull takes one folder").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return pullRun(cmd.Context(), this(cmd), args[0]) },
	}
}

// pullRun writes the code that runs now into a folder.
func pullRun(ctx context.Context, c *command, dir string) error {
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	files, err := c.runningCode(ctx, sess)
	if err != nil {
		return err
	}
	var d handlerDocument
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if c.isThere(path) { // before the first is written
			return told("TODO-FN-06", path+" exists already, and todoctl does not overwrite it", c.with("handler pull")+" another-folder")
		}
		d.Files = append(d.Files, codeFile{Name: f.name, Path: path, Written: !c.dryRun})
	}
	c.end = &d
	for i, f := range files {
		if c.dryRun {
			c.view().Note("would write %s", d.Files[i].Path)
			continue
		}
		if err := c.writeNew(d.Files[i].Path, f.data); err != nil {
			return told("TODO-FN-06", err.Error(), c.with("handler pull")+" another-folder")
		}
		if !c.inJSON() {
			fmt.Fprintln(c.Out, d.Files[i].Path)
		}
	}
	c.view().Note("To deploy it: %s", c.with("function")+" --source "+provision.Quote(dir)+" --replace-code")
	return nil
}

// A packedFile is one of a package.
type packedFile struct {
	name string // with slashes, inside the folder
	data []byte
}

// runningCode fetches the function's package and unpacks it.
func (c *command) runningCode(ctx context.Context, sess session) ([]packedFile, error) {
	ctx, end := c.working(ctx, "fetching the code")
	defer end()
	name := sess.cfg.FunctionName()
	again := c.again()
	out, err := sess.clients.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(name)})
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "ResourceNotFoundException":
		return nil, told("TODO-FN-11", "there is no function "+name+" whose code could be fetched", c.with("up"))
	case err != nil:
		return nil, err
	case out.Code == nil || aws.ToString(out.Code.Location) == "":
		return nil, told("TODO-FN-12", "Lambda does not say where the code of "+name+" is", again)
	}
	data, err := c.download(ctx, sess, *out.Code.Location)
	if err != nil {
		return nil, told("TODO-FN-12", "the code of "+name+" could not be fetched: "+err.Error(), again)
	}
	files, err := unpack(data)
	if err != nil {
		return nil, told("TODO-FN-12", "the code of "+name+" cannot be unpacked: "+err.Error(), again)
	}
	return files, nil
}

// download gets what lies at a signed address, which is a secret for its ten
// minutes: no error repeats it.
func (c *command) download(ctx context.Context, sess session, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, errors.New("its address is none")
	}
	res, err := sess.clients.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("its place answers %d", res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, handler.MaxUnpacked+1))
	if err == nil && len(data) > handler.MaxUnpacked {
		err = errors.New("it is larger than 250 MB")
	}
	return data, err
}

// unpack reads a package. What has a name outside the folder is refused, and so
// is a link, which could lead there.
func unpack(data []byte) ([]packedFile, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errors.New("it is no zip")
	}
	var files []packedFile
	left := int64(handler.MaxUnpacked)
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.ContainsAny(f.Name, "\\:\x00") || path.Clean(f.Name) != f.Name {
			return nil, fmt.Errorf("it names a file outside its folder: %q", f.Name)
		}
		if !f.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is no plain file", f.Name)
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s is damaged", f.Name)
		}
		text, err := io.ReadAll(io.LimitReader(in, left+1))
		_ = in.Close() // it was only read
		if err != nil {
			return nil, fmt.Errorf("%s is damaged", f.Name)
		}
		if left -= int64(len(text)); left < 0 {
			return nil, errors.New("it is larger than 250 MB")
		}
		files = append(files, packedFile{f.Name, text})
	}
	if len(files) == 0 {
		return nil, errors.New("it is empty")
	}
	return files, nil
}
