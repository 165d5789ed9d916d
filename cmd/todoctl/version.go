package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:  "version",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := this(cmd)
			built := ""
			if b, ok := debug.ReadBuildInfo(); ok {
				built = b.GoVersion
			}
			if c.output == "json" {
				c.printed = true
				_, err := fmt.Fprintf(c.Out, "{\"schema\": %d, \"command\": \"version\", \"version\": %q, \"go\": %q}\n", schema, version, built)
				return err
			}
			_, err := fmt.Fprintf(c.Out, "todoctl %s %s\n", version, built)
			return err
		},
	}
}
