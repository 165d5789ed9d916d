package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

func newTest() *cobra.Command {
	var post bool
	cmd := &cobra.Command{
		Use:  "test",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return testRun(cmd.Context(), this(cmd), post) },
	}
	cmd.Flags().BoolVar(&post, "post", false, "add an item before reading the list")
	return cmd
}

func testRun(ctx context.Context, c *command, post bool) error {
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	post = post && !c.dryRun
	sess.cfg.Fresh = post
	ctx, end := c.working(ctx, "calling the API")
	defer end()
	pages, _ := only(provision.Steps(sess.cfg, sess.clients), testStep)
	page := pages[0]
	plan, err := c.look(ctx, pages, provision.Up)
	if err != nil {
		return err
	}
	seen := plan[0].Seen
	if seen.State == provision.Foreign {
		d := page.Step.Describe()
		return &provision.ForeignError{Step: "function", Resource: d.Resource, Owner: seen.Owner}
	}
	if post && seen.ID != "" {
		if err := page.Step.Apply(ctx, seen); err != nil {
			return &provision.StepError{Step: testStep, Action: "run", Err: err}
		}
		if seen, err = page.Step.Observe(ctx); err != nil {
			return err
		}
		plan[0].Seen, plan[0].Action = seen, provision.Decide(provision.Up, seen.State)
	}
	// A new URL answers 403 until its statements have spread.
	for limit := c.Clock.Now().Add(page.Step.Describe().Settle); seen.Pending != "" && c.Clock.Now().Before(limit); {
		c.waits(seen.Wait)
		if err := c.Clock.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if seen, err = page.Step.Observe(ctx); err != nil {
			return err
		}
		plan[0].Seen, plan[0].Action = seen, provision.Decide(provision.Up, seen.State)
	}
	end()
	result, _ := seen.Detail.(*provision.TestResult)
	if result != nil {
		c.doc.URL = result.URL
	}
	if out, people := c.view().(*words); people {
		return c.printTest(out, seen, result)
	}
	c.view().Header(sess)
	c.view().Plan(plan, provision.Up)
	if seen.State != provision.OK {
		return errDiffers
	}
	return nil
}

func (c *command) printTest(out *words, seen provision.Observation, result *provision.TestResult) error {
	switch {
	case seen.State == provision.Absent:
		return &Problem{What: "there is no Function URL to test yet", Fix: []string{c.with("up")}, Exit: exitFailed}
	case seen.State != provision.OK:
		out.step("no", testStep, "the API does not answer as it should")
		out.differences(seen)
		return &Problem{What: "the test failed", Fix: []string{c.with("status") + "   (names what is missing)", c.with("up") + "       (repairs it)"}, Exit: exitDiffers}
	}
	out.step("ok", testStep, "the API answers: %s", plural(result.Count, "item"))
	out.advice(testStep, seen)
	post, get := provision.CurlLines(result.URL)
	out.line("")
	out.line("  %s", post)
	out.line("  %s", get)
	fmt.Fprintln(c.Out, harmlessJSON(string(result.Listed)))
	return nil
}
