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
		Use:   "handler",
		Short: "Print the Python code that runs in Lambda",
		Example: `  todoctl handler                     read it
  todoctl handler eject my-api        write it to a folder, to change it
  todoctl up --source my-api          deploy your own`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := this(cmd).Out.Write(handler.Print())
			return err
		},
	}
	eject := &cobra.Command{
		Use:   "eject DIR",
		Short: "Write the code to a folder, to be changed",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{"todoctl handler eject my-api"}, "handler eject takes one folder").as("TODO-USE-08")
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
			return told("TODO-FN-06", err.Error(), "todoctl handler eject another-folder")
		}
		c.printed = true // the path is the data, in any form of output
		fmt.Fprintln(c.Out, path)
		c.view().Note("Change it, then: %s", c.with("up")+" --source "+provision.Quote(dir))
		return nil
	})
}
