package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

type versionDocument struct {
	headline
	Version string `json:"version"`
	Go      string `json:"go"` // what built it; "" when that is not recorded
}

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
			if c.inJSON() {
				c.end = &versionDocument{Version: version, Go: built}
				return nil
			}
			_, err := fmt.Fprintf(c.Out, "todoctl %s %s\n", version, built)
			return err
		},
	}
}
