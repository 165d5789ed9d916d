package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

func newLocal() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "local",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var opt serveOptions
	lagFlags := func(c *cobra.Command) {
		f := c.Flags()
		f.StringVar(&opt.lag, "lag", "short", "how long things take: none, short or aws")
		f.DurationVar(&opt.latency, "latency", 0, "added to each call of a person's tool")
		_ = f.MarkHidden("latency") // for benchmarks
	}

	start := &cobra.Command{
		Use: "start", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := this(cmd)
			if _, err := c.lag(opt); err != nil {
				return err
			}
			b, err := c.lookForLocal(cmd.Context())
			if err != nil {
				return err
			}
			if b != nil && cmd.Flags().Changed("lag") && b.Lag != opt.lag {
				return told("TODO-LOCAL-06", "a local AWS is running already, with --lag "+b.Lag, "todoctl local stop   (its data stays; then the same line again)")
			}
			if b != nil {
				return c.printBackground(cmd.Context(), "is running already", b)
			}
			if c.dryRun {
				c.view().Note("The local AWS would be started.")
				c.end = c.localStopped()
				return nil
			}
			b, err = c.startLocal(cmd.Context(), "--lag", opt.lag, "--latency", opt.latency.String())
			if err != nil {
				return err
			}
			return c.printBackground(cmd.Context(), "has started", b)
		},
	}
	lagFlags(start)

	stop := &cobra.Command{
		Use: "stop", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := this(cmd)
			b, err := c.lookForLocal(cmd.Context())
			if err != nil {
				return err
			}
			if b == nil {
				c.view().Note("The local AWS is not running.")
				c.end = c.localStopped()
				return nil
			}
			if c.dryRun {
				c.view().Note("The local AWS would be stopped.")
				if c.inJSON() {
					return c.printBackground(cmd.Context(), "runs", b)
				}
				return nil
			}
			if err := c.stopLocal(cmd.Context(), b); err != nil {
				return err
			}
			c.view().Note("The local AWS has stopped; its data stays in %s.", c.localStore())
			c.end = c.localStopped()
			return nil
		},
	}

	status := &cobra.Command{
		Use: "status", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := this(cmd)
			b, err := c.lookForLocal(cmd.Context())
			if err != nil {
				return err
			}
			if b == nil {
				if c.inJSON() {
					c.end = c.localStopped()
					return nil
				}
				fmt.Fprintln(c.Out, "The local AWS is not running. It starts with the first --local command.")
				return nil
			}
			return c.printBackground(cmd.Context(), "runs", b)
		},
	}

	serve := &cobra.Command{
		Use: "serve", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return this(cmd).serve(cmd.Context(), opt) },
	}
	lagFlags(serve)
	serve.Flags().IntVar(&opt.port, "port", 0, "port of the API on 127.0.0.1; 0 takes the last one again")
	serve.Flags().BoolVar(&opt.background, "background", false, "print no calls")
	_ = serve.Flags().MarkHidden("background")

	cmd.AddCommand(start, stop, status, serve)
	return cmd
}

// A localDocument is the local AWS itself, as it is after the command.
type localDocument struct {
	headline
	Running  bool        `json:"running"`
	Endpoint string      `json:"endpoint,omitempty"`
	PID      int         `json:"pid,omitempty"`
	Runner   string      `json:"runner,omitempty"`
	Lag      string      `json:"lag,omitempty"`
	Started  *time.Time  `json:"started,omitempty"`
	Store    string      `json:"store"`
	Calls    *callCounts `json:"calls,omitempty"`
}

func (c *command) localStopped() *localDocument { return &localDocument{Store: c.localStore()} }

func (c *command) printBackground(ctx context.Context, state string, b *background) error {
	var calls callCounts
	if err := c.control(ctx, b, http.MethodGet, "calls", &calls); err != nil {
		return err
	}
	in, err := c.runner(ctx, b)
	if err != nil {
		return err
	}
	if c.inJSON() {
		c.end = &localDocument{
			Running: true, Endpoint: b.endpoint(), PID: b.PID, Runner: in.of(provision.Config{}), Lag: b.Lag, Started: &b.Started, Store: c.localStore(), Calls: &calls,
		}
		return nil
	}
	fmt.Fprintf(c.Out, "The local AWS %s at %s (pid %d).\n", state, b.endpoint(), b.PID)
	fmt.Fprintf(c.Out, "Functions run in %s.\n", in.of(provision.Config{}))
	fmt.Fprintf(c.Out, "Data: %s\n", c.localStore())
	fmt.Fprintf(c.Out, "Calls since it started: %d reads, %d writes.\n", calls.Reads, calls.Writes)
	fmt.Fprintf(c.Out, "Other tools reach it with:\n\n%s", exports(*b, c.GOOS))
	return nil
}
