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
	runtime := provision.DefaultRuntime
	cmd := &cobra.Command{
		Use:  "handler",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return handlerRun(this(cmd), handler.LanguageOf(runtime)) },
	}
	eject := &cobra.Command{
		Use: "eject DIR",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{"todoctl handler eject my-api", helpLine(cmd)}, "handler eject takes one folder").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return ejectRun(this(cmd), args[0], handler.LanguageOf(runtime))
		},
	}
	cmd.AddCommand(eject, newPull())
	for _, cmd := range []*cobra.Command{cmd, eject} {
		cmd.Flags().StringVar(&runtime, "runtime", runtime, "whose code: a version of Python, nodejs24.x or go")
	}
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

func handlerRun(c *command, language string) error {
	if !c.inJSON() {
		_, err := c.Out.Write(handler.Print(language))
		return err
	}
	var d handlerDocument
	c.end = &d
	return fs.WalkDir(handler.Files(language), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(handler.Files(language), name)
		d.Files = append(d.Files, codeFile{Name: name, Text: string(text)})
		return err
	})
}

func ejectRun(c *command, dir, language string) error {
	var d handlerDocument
	c.end = &d
	err := fs.WalkDir(handler.Files(language), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(handler.Files(language), name)
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
		return nil
	})
	if err == nil && !c.dryRun {
		c.view().Note("Change it, then: %s", c.with("up")+" --source "+provision.Quote(dir))
	}
	return err
}
