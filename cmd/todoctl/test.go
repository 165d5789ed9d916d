package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
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
	for limit := c.Clock.Now().Add(page.Step.Describe().Settle); seen.Pending != "" && c.Clock.Now().Before(limit) && !hopeless(ctx, sess, seen); {
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
		c.printTest(out, sess.cfg, seen, result)
	} else {
		c.view().Header(sess)
		c.view().Plan(plan, provision.Up)
	}
	return c.judge(ctx, sess, seen, result)
}

// hopeless says that waiting would not help: a statement or a right is missing, or
// the function's own code fails. What is there may still spread.
func hopeless(ctx context.Context, sess session, seen provision.Observation) bool {
	result, ok := seen.Detail.(*provision.TestResult)
	if !ok {
		return false
	}
	if result.Status == http.StatusForbidden {
		return missing(ctx, sess, "url") != ""
	}
	if result.Status < http.StatusInternalServerError {
		return false
	}
	if missing(ctx, sess, "role") != "" {
		return true
	}
	why, _ := provision.LastWords(ctx, sess.cfg, sess.clients.Logs)
	return why != provision.FailureUnknown && why != provision.FailureDenied
}

// judge is the Problem of an API that does not answer as it should, or nil.
func (c *command) judge(ctx context.Context, sess session, seen provision.Observation, result *provision.TestResult) error {
	switch {
	case seen.State == provision.Absent:
		return &Problem{ID: "TODO-TEST-02", Fix: []string{c.with("up")}, Exit: exitFailed}
	case seen.State == provision.OK || result == nil:
		return nil
	}
	p := (&Problem{ID: answerID(result), Exit: exitDiffers}).complete()
	p.What = "the test failed: " + p.What
	mend := c.with("up") + "       (repairs it)"
	if p.ID == "TODO-FN-05" && result.Own {
		mend = c.with("function") + " --source DIR   (when it is mended)"
	}
	p.Fix = []string{c.with("status") + "   (names what is missing)", mend}
	switch {
	case result.Refused:
		p.Exit, p.Fix = exitCredentials, []string{askSigned + c.again()}
	case result.Status == http.StatusForbidden:
		p.Why = cmp.Or(missing(ctx, sess, "url"), p.Why)
	case p.ID == "TODO-FN-05":
		p = c.failed(ctx, sess, p)
	}
	return p
}

// failed says of a function that fails what its log says.
func (c *command) failed(ctx context.Context, sess session, p *Problem) *Problem {
	why, line := provision.LastWords(ctx, sess.cfg, sess.clients.Logs)
	switch why {
	case provision.FailureTimeout:
		p = (&Problem{ID: "TODO-FN-07", Fix: p.Fix, Exit: p.Exit}).complete()
	case provision.FailureHandler:
		p = (&Problem{ID: "TODO-FN-08", Fix: p.Fix, Exit: p.Exit}).complete()
	case provision.FailureDenied:
		p = (&Problem{ID: "TODO-FN-09", Fix: p.Fix, Exit: p.Exit}).complete()
	}
	if line != "" {
		p.Why = "its log says: " + line
	}
	if !strings.HasPrefix(p.What, "the test failed") {
		p.What = "the test failed: " + p.What
	}
	p.Fix = slices.Insert(p.Fix, 0, c.with("logs --since 10m"))
	return p
}

// missing names what a step lacks, "" when it lacks nothing or may not be looked
// at.
func missing(ctx context.Context, sess session, step string) string {
	pages, _ := only(provision.Steps(sess.cfg, sess.clients), step)
	plan, err := provision.Plan(ctx, pages, provision.Up)
	if err != nil {
		return "" // the test's own words stand
	}
	if plan[0].Seen.State == provision.Absent {
		return plan[0].Step.Describe().Resource + " does not exist"
	}
	var lacks []string
	for _, d := range plan[0].Seen.Diffs {
		lacks = append(lacks, d.String())
	}
	return strings.Join(lacks, "; ")
}

func (c *command) printTest(out *words, cfg provision.Config, seen provision.Observation, result *provision.TestResult) {
	switch {
	case seen.State == provision.Absent:
		return
	case seen.State != provision.OK:
		out.step("no", testStep, "the API does not answer as it should")
		out.differences(seen)
		return
	}
	if result.Signed {
		out.step("ok", testStep, "the API answers signed requests only: %s", plural(result.Count, "item"))
	} else {
		out.step("ok", testStep, "the API answers: %s", plural(result.Count, "item"))
	}
	out.advice(testStep, seen)
	out.line("")
	for _, line := range c.calls(cfg, result.URL, result.Signed) {
		c.pasted(line)
	}
	fmt.Fprintln(c.Out, harmlessJSON(string(result.Listed)))
}
