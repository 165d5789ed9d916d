package main

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"todoctl/handler"
	"todoctl/provision"
)

func newHandler() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "handler",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return handlerRun(this(cmd)) },
	}
	eject := &cobra.Command{
		Use: "eject DIR",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{"todoctl handler eject my-api", helpLine(cmd)}, "handler eject takes one folder").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return ejectRun(this(cmd), args[0]) },
	}
	cmd.AddCommand(eject, newPull())
	return cmd
}

// A handlerDocument is the code that runs in Lambda, or where it was written.
type handlerDocument struct {
	headline
	Files []codeFile `json:"files"`
}

type codeFile struct {
	Name    string `json:"name"`
	Text    string `json:"text,omitempty"`    // handler: what it holds
	Path    string `json:"path,omitempty"`    // handler eject: where it goes
	Written bool   `json:"written,omitempty"` // handler eject: it is there now
}

func handlerRun(c *command) error {
	if !c.inJSON() {
		_, err := c.Out.Write(handler.Print())
		return err
	}
	var d handlerDocument
	c.end = &d
	return fs.WalkDir(handler.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(handler.Files(), name)
		d.Files = append(d.Files, codeFile{Name: name, Text: string(text)})
		return err
	})
}

func ejectRun(c *command, dir string) error {
	var d handlerDocument
	c.end = &d
	return fs.WalkDir(handler.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(handler.Files(), name)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		d.Files = append(d.Files, codeFile{Name: name, Path: path, Written: !c.dryRun})
		if c.dryRun {
			c.view().Note("would write %s", path)
			return nil
		}
		if err := c.writeNew(path, data); err != nil {
			return told("TODO-FN-06", err.Error(), "todoctl handler eject another-folder")
		}
		if !c.inJSON() {
			fmt.Fprintln(c.Out, path)
		}
		c.view().Note("Change it, then: %s", c.with("up")+" --source "+provision.Quote(dir))
		return nil
	})
}
