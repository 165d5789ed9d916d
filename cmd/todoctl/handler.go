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
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := this(cmd).Out.Write(handler.Print())
			return err
		},
	}
	eject := &cobra.Command{
		Use: "eject DIR",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{"todoctl handler eject my-api", helpLine(cmd)}, "handler eject takes one folder")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return ejectRun(this(cmd), args[0]) },
	}
	cmd.AddCommand(eject)
	return cmd
}

func ejectRun(c *command, dir string) error {
	return fs.WalkDir(handler.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(handler.Files(), name)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if c.dryRun {
			c.view().Note("would write %s", path)
			return nil
		}
		if err := c.writeNew(path, data); err != nil {
			return &Problem{What: err.Error(), Fix: []string{"todoctl handler eject another-folder"}, Exit: exitFailed}
		}
		c.printed = true // the path is the data, in any form of output
		fmt.Fprintln(c.Out, path)
		c.view().Note("Change it, then: %s", c.with("up")+" --source "+provision.Quote(dir))
		return nil
	})
}
