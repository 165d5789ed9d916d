package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

func newUp() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:  "up",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return upRun(cmd.Context(), this(cmd), &s) },
	}
	s.settingFlags(cmd, "role", "function", "url", "alarm")
	cmd.Flags().StringSliceVar(&s.skip, "skip", nil, "leave out a step (again for more)")
	return cmd
}

func upRun(ctx context.Context, c *command, s *settings) error {
	sess, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	return c.raise(ctx, &sess, func() []provision.Page {
		pages := provision.Steps(sess.cfg, sess.clients)
		for i := range pages {
			pages[i].Skip = slices.Contains(s.skip, pages[i].Step.Describe().Name)
		}
		return pages
	})
}

// open checks the settings and the consent, before anything goes over the
// network, and makes the session in which the settings hold.
func (c *command) open(ctx context.Context, s *settings) (session, error) {
	if err := s.check(c); err != nil {
		return session{}, err
	}
	if err := c.consent(); err != nil {
		return session{}, err
	}
	sess, err := c.connectOrRehearse(ctx)
	if err != nil {
		return sess, err
	}
	if err := s.apply(c, &sess); err != nil {
		return sess, err
	}
	return sess, c.lock(sess)
}

// connectOrRehearse connects; where nobody is signed in, a person at a terminal
// is offered the local AWS instead.
func (c *command) connectOrRehearse(ctx context.Context) (session, error) {
	sess, err := c.connect(ctx)
	if err == nil || !errors.Is(err, errNoCredentials) || !c.asking() {
		return sess, err
	}
	c.view().Problem(explain(err, c.way()))
	c.view().Note("")
	yes, askErr := c.confirm(ctx, "Rehearse on an AWS inside this program instead? It needs no account.", true)
	if askErr != nil {
		return sess, askErr
	}
	if !yes {
		return sess, &Problem{Exit: exitCredentials}
	}
	c.local, c.profile = true, ""
	c.path = c.commandLine("--local")
	return c.connect(ctx)
}

// raise plans, shows, asks and runs pages, the same for up and for one step.
// They are opened anew when an answer has changed what they should be.
func (c *command) raise(ctx context.Context, sess *session, open func() []provision.Page) error {
	c.view().Header(*sess)
	plan, err := c.look(ctx, open(), provision.Up)
	if err != nil {
		return err
	}
	c.view().Plan(plan, provision.Up)
	c.tally.plan(plan, provision.Up)
	changes := changing(plan)
	if out, people := c.view().(*words); people && c.explain && !c.asking() {
		for i, change := range plan {
			out.page(i+1, len(plan), change.Step.Describe())
		}
	}
	if c.dryRun {
		c.view().Note("")
		if foreign(plan) {
			return c.run(ctx, plan, provision.Options{Goal: provision.Up}) // says which, and changes nothing
		}
		if changes > 0 {
			c.view().Note("%d to do; nothing was changed.", changes)
			return errDiffers
		}
		c.view().Note("Nothing to do.")
		return nil
	}
	last := map[string]provision.Observation{}
	for _, change := range plan {
		last[change.Name()] = change.Seen
	}
	if changes == 0 {
		return c.raised(plan, last)
	}
	ask, err := c.walkthrough(ctx, *sess, plan)
	if err != nil {
		return err
	}
	if told, err := c.askEmail(ctx, plan); err != nil {
		return err
	} else if told != "" {
		sess.cfg.Email = told
		if plan, err = c.look(ctx, open(), provision.Up); err != nil {
			return err
		}
	}
	c.view().Note("")
	err = c.run(ctx, plan, provision.Options{Goal: provision.Up, Ask: ask, On: func(e provision.Event) {
		last[e.Change.Name()] = e.Seen
	}})
	if err != nil {
		return err
	}
	return c.raised(plan, last)
}

// run runs a plan and tells it.
func (c *command) run(ctx context.Context, plan []provision.Change, opt provision.Options) error {
	out := c.view()
	out.Run(plan, opt.Goal)
	defer out.Ran()
	if v, people := out.(*words); people {
		defer context.AfterFunc(ctx, v.stop)()
	}
	note := opt.On
	opt.Clock, opt.Parallel = c.Clock, c.parallel
	opt.On = func(e provision.Event) {
		c.tally.note(e)
		if note != nil {
			note(e)
		}
		out.Event(e)
	}
	return provision.Run(ctx, plan, opt)
}

func changing(plan []provision.Change) int {
	n := 0
	for _, c := range plan {
		if c.Action != provision.Keep {
			n++
		}
	}
	return n
}

func foreign(plan []provision.Change) bool {
	return slices.ContainsFunc(plan, func(c provision.Change) bool { return c.Action == provision.Refuse })
}

// walkthrough asks whether to go on at all, and returns what asks before each
// step: a page and a choice. Without questions it returns nil.
func (c *command) walkthrough(ctx context.Context, sess session, plan []provision.Change) (func(context.Context, provision.Change) (bool, error), error) {
	out, people := c.view().(*words)
	if !people || !c.asking() || foreign(plan) {
		return nil, nil
	}
	if err := c.warnCapacity(ctx, sess, plan); err != nil {
		return nil, err
	}
	out.line("")
	yes, err := c.confirm(ctx, fmt.Sprintf("Go through %s? Nothing has been changed yet.", map[bool]string{true: "this step", false: fmt.Sprintf("these %d steps", changing(plan))}[changing(plan) == 1]), true)
	if err != nil {
		return nil, err
	}
	if !yes {
		return nil, context.Canceled
	}
	return func(ctx context.Context, change provision.Change) (bool, error) {
		c.talk.Lock()
		defer c.talk.Unlock()
		out.hold()
		defer out.release()
		return c.askStep(ctx, out, plan, change)
	}, nil
}

// askEmail asks who is told about the bill, where an alarm is about to be made
// and nobody was named. Enter means nobody.
func (c *command) askEmail(ctx context.Context, plan []provision.Change) (string, error) {
	i := slices.IndexFunc(plan, func(p provision.Change) bool { return p.Name() == "alarm" })
	if !c.asking() || foreign(plan) || i < 0 || plan[i].Action != provision.Create || c.email != "" {
		return "", nil
	}
	return c.input(ctx, "Which e-mail address is told when the bill grows?", "Enter: nobody for now; todoctl alarm --email does it later.", func(s string) error {
		if s == "" || isEmail(s) {
			return nil
		}
		return fmt.Errorf("%q is not an e-mail address", s)
	})
}

// askStep shows one page and asks what to do with it. Enter makes it.
func (c *command) askStep(ctx context.Context, out *words, plan []provision.Change, change provision.Change) (bool, error) {
	d := change.Step.Describe()
	number := 1 + slices.IndexFunc(plan, func(p provision.Change) bool { return p.Name() == change.Name() })
	shown := &words{w: out.w, colour: out.colour, plain: out.plain, width: out.width}
	shown.page(number, len(plan), d)
	verb := "Create it"
	switch {
	case change.Action == provision.Update:
		verb = "Change it"
		shown.differences(change.Seen)
	case d.Name == testStep:
		verb = "Test it"
	}
	answer, err := c.choose(ctx, fmt.Sprintf("%s?", d.Resource),
		option{"Yes: " + strings.ToLower(verb), "yes"}, option{"Skip this step", "skip"}, option{"Stop here", "stop"})
	if err != nil {
		return false, err
	}
	if answer == "stop" {
		c.interrupt()
		return false, context.Canceled
	}
	return answer == "yes", nil
}

// warnCapacity says when this table would leave the free 25/25 of the Region.
func (c *command) warnCapacity(ctx context.Context, sess session, plan []provision.Change) error {
	if plan[0].Name() != "table" || plan[0].Action != provision.Create {
		return nil
	}
	rcu, wcu, tables, err := provision.CapacityBefore(ctx, sess.cfg, sess.clients.DynamoDB)
	if err != nil || (rcu+5 <= 25 && wcu+5 <= 25) {
		return nil // not being allowed to look is no reason to stop
	}
	c.view().Note("")
	c.view().Note("! %d other tables of this Region already use %d read and %d write units of the", tables, rcu, wcu)
	c.view().Note("  free 25. This table would cost about $2.85 a month.")
	yes, err := c.confirm(ctx, "Go on all the same?", false)
	if err != nil {
		return err
	}
	if !yes {
		return &Problem{ID: "TODO-TABLE-07", Fix: []string{c.with("up") + " --region eu-west-1   (each Region has its own 25)"}}
	}
	return nil
}

// raised prints what there is now: the URL on stdout, the rest on stderr.
func (c *command) raised(plan []provision.Change, last map[string]provision.Observation) error {
	url := last["url"].ID
	if !strings.HasPrefix(url, "http") {
		url = ""
	}
	c.doc.URL = url
	if c.inJSON() {
		return nil
	}
	c.view().Note("")
	if url == "" {
		c.view().Note("Next: %s", c.with("status"))
		return nil
	}
	if slices.ContainsFunc(plan, func(p provision.Change) bool { return p.Name() == "test" || p.Name() == "url" }) {
		post, get := provision.CurlLines(url)
		if result, ok := last[testStep].Detail.(*provision.TestResult); ok && result.Status == http.StatusForbidden {
			c.view().Note("Your API takes signed requests only; the test's advice above has a line for it.")
		} else {
			c.view().Note("Your API, on everybody's terminal:")
			c.view().Note("")
			c.view().Note("  %s", post)
			c.view().Note("  %s", get)
		}
		c.view().Note("")
		if _, err := fmt.Fprintln(c.Out, url); err != nil {
			return fmt.Errorf("print the URL %s: %w", url, plainPathError(err))
		}
	}
	c.view().Note("Next: %s   what exists and what it costs", c.with("status"))
	c.view().Note("      %s     take it all away", c.with("down"))
	return nil
}
