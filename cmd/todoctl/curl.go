package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

// curlFlags are curl's own, with curl's own letters.
type curlFlags struct {
	method  string
	data    []string // one at most
	headers []string
	include bool
	head    bool
	fail    bool
}

func newCurl() *cobra.Command {
	var f curlFlags
	cmd := &cobra.Command{
		Use: "curl [PATH]",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage([]string{this(cmd).with("curl /") + ` -d '{"task": "x"}'`, helpLine(cmd)}, "curl takes one path").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return curlRun(cmd.Context(), this(cmd), strings.Join(args, ""), f)
		},
	}
	cmd.Flags().StringVarP(&f.method, "method", "X", "", "such as PUT or DELETE; GET if not given, or POST with --data")
	cmd.Flags().StringArrayVarP(&f.data, "data", "d", nil, "body; @FILE is a file's, @- what comes in on stdin")
	cmd.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "header, \"Name: value\"; may stand more than once")
	cmd.Flags().BoolVarP(&f.include, "include", "i", false, "show the status and the headers too, on stderr")
	cmd.Flags().BoolVarP(&f.head, "head", "I", false, "ask for the headers alone (HEAD), and print them")
	cmd.Flags().BoolVarP(&f.fail, "fail", "f", false, "exit code 1 for an answer of 400 and above")
	return cmd
}

// A curlDocument is an answer of the API.
type curlDocument struct {
	headline
	URL     string              `json:"url"`
	Method  string              `json:"method"`
	Signed  bool                `json:"signed"`
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"body"`
	Base64  bool                `json:"base64,omitempty"` // Body is, because it is no text
}

func curlRun(ctx context.Context, c *command, path string, f curlFlags) error {
	r, err := c.curlRequest(ctx, f)
	if err != nil {
		return err
	}
	sess, seen, err := c.atURL(ctx)
	switch {
	case err != nil:
		return err
	case seen.ID == "":
		return &Problem{ID: "TODO-TEST-02", What: "there is no Function URL to call yet", Fix: []string{c.with("up")}}
	}
	if r.URL, err = c.curlTarget(seen.ID, path); err != nil {
		return err
	}
	client, signed := *sess.clients.HTTP, provision.TakesSigned(seen)
	if signed {
		client = *sess.clients.Signing(sess.cfg)
	}
	// Where an answer points to is shown, and not followed: it may be anywhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.dryRun {
		c.view().Header(sess)
		c.view().Note("would send %s %s", r.Method, r.URL)
		return errDiffers
	}
	at, end := c.working(ctx, "calling the API")
	defer end()
	res, err := client.Do(r.WithContext(at))
	if err != nil {
		return c.unanswered(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	end()
	if c.inJSON() {
		err = c.curlDocument(r, res, signed)
	} else {
		err = c.curlPrint(f, res)
	}
	if err != nil {
		return c.unanswered(ctx, err)
	}
	if !f.fail || res.StatusCode < http.StatusBadRequest {
		return nil
	}
	if signed && res.StatusCode == http.StatusForbidden && res.Header.Get("X-Amzn-Errortype") != "" {
		return &Problem{ID: "TODO-URL-05", Fix: []string{askSigned + c.again()}}
	}
	return &Problem{ID: "TODO-TEST-04", What: "the API answers " + answerStatus(res), Fix: []string{c.with("test")}}
}

// unanswered explains what came between: a Ctrl-C, or the network. What is wrong
// with stdout finish says by itself.
func (c *command) unanswered(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case c.unprinted != nil:
		return nil
	}
	if e, ok := errors.AsType[*provision.KeysError](err); ok {
		return e.Err
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the address, which is known
	}
	return &Problem{ID: "TODO-TEST-03", Why: err.Error(), Fix: []string{c.with("test")}}
}

// curlRequest is the request without its address: what is wrong with it is said
// before anything is asked of AWS.
func (c *command) curlRequest(ctx context.Context, f curlFlags) (*http.Request, error) {
	again := c.with("curl --help")
	switch {
	case len(f.data) > 1:
		return nil, usage([]string{again}, "--data stands twice, and a request has one body").as("TODO-USE-04")
	case f.head && len(f.data) > 0:
		return nil, usage([]string{again}, "--head asks for headers alone and takes no --data").as("TODO-USE-04")
	}
	header, err := curlHeader(f.headers)
	if err != nil {
		return nil, usage([]string{again}, "%s", err)
	}
	body, err := c.curlBody(f.data)
	if err != nil {
		return nil, err
	}
	method := http.MethodGet
	switch {
	case f.method != "":
		method = f.method
	case f.head:
		method = http.MethodHead
	case len(f.data) > 0:
		method = http.MethodPost
	}
	if !httpToken.MatchString(method) {
		return nil, usage([]string{again}, "--method %q is no method: it is a word such as PUT or DELETE", method)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://none", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host = "" // the URL's
	for name, value := range map[string]string{"User-Agent": "todoctl/" + version, "Accept": "*/*", "Accept-Encoding": "identity"} {
		r.Header.Set(name, value)
	}
	if len(f.data) > 0 {
		kind := "application/x-www-form-urlencoded"
		if json.Valid(body) {
			kind = "application/json"
		}
		r.Header.Set("Content-Type", kind)
	}
	maps.Copy(r.Header, header)
	return r, nil
}

// httpToken is what HTTP lets a method and a header's name be.
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
var httpToken = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// curlHeader reads "Name: value" lines. A name with nothing behind it takes away
// what todoctl would send.
func curlHeader(lines []string) (http.Header, error) {
	header := http.Header{}
	for _, line := range lines {
		name, value, colon := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !colon || !httpToken.MatchString(name) || strings.ContainsAny(value, "\r\n\x00"):
			return nil, fmt.Errorf("--header %q is not \"Name: value\"", line)
		case strings.EqualFold(name, "host"):
			return nil, fmt.Errorf("--header %q is the URL's own and cannot be changed", line)
		}
		name = http.CanonicalHeaderKey(name)
		if value == "" {
			header[name] = nil
		} else {
			header[name] = append(header[name], value)
		}
	}
	return header, nil
}

// maxRequest is Lambda's own limit.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxRequest = 6 << 20

// curlBody is the data itself, a file's with @FILE, and stdin's with @-. It is sent
// byte by byte, with its line ends.
func (c *command) curlBody(data []string) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	name, file := strings.CutPrefix(data[0], "@")
	if !file {
		return []byte(data[0]), nil
	}
	from := c.In
	if name != "-" {
		f, err := c.openFile(name)
		if err != nil {
			return nil, told("TODO-RUN-15", err.Error(), c.again())
		}
		defer f.Close()
		from = f
	}
	body, err := io.ReadAll(io.LimitReader(from, maxRequest+1))
	switch {
	case err != nil:
		return nil, told("TODO-RUN-15", "read "+cmp.Or(strings.TrimPrefix(name, "-"), "stdin")+": "+plainPathError(err).Error(), c.again())
	case len(body) > maxRequest:
		return nil, &Problem{ID: "TODO-TEST-05", Fix: []string{c.with("curl --help")}}
	}
	return body, nil
}

// curlTarget is the address of a path, or of a whole URL when it is one of this
// stack: credentials sign for no other.
func (c *command) curlTarget(own, path string) (*url.URL, error) {
	base, err := url.Parse(own)
	if err != nil {
		return nil, fmt.Errorf("the Function URL: %w", err)
	}
	if whole := !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "?"); whole && strings.Contains(path, "://") {
		to, err := url.Parse(path)
		if err != nil || to.Scheme != base.Scheme || !strings.EqualFold(to.Host, base.Host) || to.User != nil {
			return nil, told("TODO-USE-12", path+" is not an address of this stack, whose URL is "+own, c.with("curl")+" /")
		}
		path = strings.TrimPrefix(path[strings.Index(path, "://")+3:], to.Host)
	}
	path, _, _ = strings.Cut(path, "#")
	path, query, _ := strings.Cut(path, "?")
	base.RawQuery = strings.ReplaceAll(query, " ", "%20")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if base.Path, err = url.PathUnescape(path); err != nil {
		return nil, usage([]string{c.with("curl") + " /"}, "the path %s has a %% that is not followed by two hexadecimal digits; %%25 is the sign itself", path)
	}
	base.RawPath = path
	return base, nil
}

func answerStatus(res *http.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode)))
}

// curlPrint puts the body on stdout, as it is where nobody reads it on a terminal.
func (c *command) curlPrint(f curlFlags, res *http.Response) error {
	lines := []string{"HTTP " + answerStatus(res)}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, v := range res.Header[name] {
			lines = append(lines, strings.ToLower(name)+": "+v)
		}
	}
	switch {
	case f.head:
		_, err := fmt.Fprintln(c.Out, harmless(strings.Join(lines, "\n")))
		return err
	case f.include:
		c.view().Note("%s", strings.Join(lines, "\n"))
		c.view().Note("")
	case res.StatusCode >= http.StatusBadRequest:
		c.view().Note("%s", lines[0])
	}
	if !c.OutTerminal {
		_, err := io.Copy(c.Out, res.Body)
		return err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	text := harmless(strings.ReplaceAll(string(body), "\x1b", `\x1b`)) // todoctl's own colours too
	if json.Valid(body) {
		text = harmlessJSON(string(body))
	}
	_, err = fmt.Fprintln(c.Out, strings.TrimSuffix(text, "\n"))
	return err
}

func (c *command) curlDocument(r *http.Request, res *http.Response, signed bool) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	d := &curlDocument{URL: r.URL.String(), Method: r.Method, Signed: signed, Status: res.StatusCode, Headers: map[string][]string{}, Body: string(body)}
	for name, v := range res.Header {
		d.Headers[strings.ToLower(name)] = v
	}
	if !utf8.Valid(body) {
		d.Body, d.Base64 = base64.StdEncoding.EncodeToString(body), true
	}
	c.end = d
	return nil
}
