package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"todoctl/local"
	"todoctl/provision"
)

type openOptions struct {
	port      int
	noBrowser bool
}

func newOpen() *cobra.Command {
	var opt openOptions
	cmd := &cobra.Command{
		Use:  "open",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return openRun(cmd.Context(), this(cmd), opt) },
	}
	f := cmd.Flags()
	f.IntVar(&opt.port, "port", 0, "port of the page on 127.0.0.1; 0 takes one that is free")
	f.BoolVar(&opt.noBrowser, "no-browser", false, "only print the page's address")
	return cmd
}

// openRun serves the page until it is told to stop.
func openRun(ctx context.Context, c *command, opt openOptions) error {
	if opt.port < 0 || opt.port > 65535 {
		return usage([]string{c.with("open")}, "--port %d is no port: they go from 1 to 65535", opt.port)
	}
	sess, seen, err := c.atURL(ctx)
	switch {
	case err != nil:
		return err
	case seen.ID == "":
		return &Problem{ID: "TODO-OPEN-01", Fix: []string{c.with("up"), c.with("status") + "   (what there is)"}}
	}
	if out, people := c.view().(*words); people && seen.State == provision.Drift {
		out.step("note", "url", "the Function URL is not as it should be, so the page may meet errors")
		out.differences(seen)
		out.step("note", "", "repair it: %s", c.with("url"))
	}
	if c.dryRun {
		c.view().Note("The page would be served on 127.0.0.1 and talk to %s.", seen.ID)
		return nil
	}
	l, err := c.listenPage(opt.port)
	if err != nil {
		return err
	}
	page, err := c.pageOf(sess, seen, l.Addr().String())
	if err != nil {
		_ = l.Close()
		return err
	}
	return c.servePage(ctx, l, page, seen, opt)
}

// listenPage opens the page's port: the one asked for, else any.
func (c *command) listenPage(port int) (net.Listener, error) {
	l, err := c.listen(fmt.Sprintf("127.0.0.1:%d", port))
	switch {
	case err != nil && port != 0:
		return nil, &Problem{ID: "TODO-OPEN-02", What: fmt.Sprintf("port %d cannot be used", port), Why: plainText(err), Fix: []string{c.with("open") + "   (on a port that is free)"}}
	case err != nil:
		return nil, fmt.Errorf("open a port on 127.0.0.1: %w", err)
	}
	return l, nil
}

// pageOf is the page of a stack, for the socket at address.
func (c *command) pageOf(sess session, url provision.Observation, address string) (*pageServer, error) {
	about := pageConfig{
		URL: url.ID, Stack: sess.cfg.Stack, Local: sess.cfg.Local, Region: sess.cfg.Region,
		Lines: map[string]string{"test": c.with("test"), "logs": c.with("logs")},
	}
	if !provision.TakesSigned(url) {
		return newPageServer(address, about, nil)
	}
	return newPageServer(address, about, c.newRelay(sess, url.ID))
}

// servePage serves until ctx ends, which is how it is meant to end.
func (c *command) servePage(ctx context.Context, l net.Listener, page *pageServer, url provision.Observation, opt openOptions) error {
	c.work.pause() // what follows is the person's time
	defer c.work.resume()
	c.view().Note("Your to-do list in a browser, for as long as this runs. Ctrl-C ends it.")
	c.view().Note("The page talks to %s%s.", url.ID, map[bool]string{true: "; todoctl signs its requests", false: ""}[page.relay != nil])
	if !opt.noBrowser && c.ErrTerminal && c.browse(page.passage()) {
		c.view().Note("It is being opened. Where no window shows up, open this address:")
	}
	if _, err := fmt.Fprintln(c.Out, page.address()); err != nil {
		_ = l.Close()
		return fmt.Errorf("print the page's address: %w", plainPathError(err))
	}
	err := local.Serve(ctx, l, page)
	page.atWork.Wait() // requests under way end with ctx
	if err == nil {
		c.afterKeys()
		c.view().Note("The page is closed; your API goes on.")
	}
	return err
}

// allowed are the methods of the API.
var allowed = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// isAllowed says whether the API has a method.
func isAllowed(method string) bool { return slices.Contains(allowed, method) }

// newRelay is one that signs with this run's keys.
func (c *command) newRelay(sess session, url string) *relay {
	signed := provision.NewSigning(sess.cfg, sess.clients.Keys, reaching{sess.clients.HTTP.Transport})
	return newRelayTo(url, signed, func(err error) string { return explain(err, c.way()).What })
}

// atURL looks at the Function URL that a command is about to use. Its ID is the
// address, "" where there is none.
func (c *command) atURL(ctx context.Context) (session, provision.Observation, error) {
	sess, err := c.connect(ctx)
	if err != nil {
		return sess, provision.Observation{}, err
	}
	pages, _ := only(provision.Steps(sess.cfg, sess.clients), "url")
	plan, err := c.look(ctx, pages, provision.Up)
	if err != nil {
		return sess, provision.Observation{}, err
	}
	seen := plan[0].Seen
	if seen.State == provision.Foreign {
		err = &provision.StepError{Step: "url", Action: "use", Err: &provision.ForeignError{Step: "url", Resource: plan[0].Step.Describe().Resource, Owner: seen.Owner}}
	}
	return sess, seen, err
}
