package main

import (
	"context"
	"errors"
	"fmt"
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
	s.settingFlags(cmd, "table", "role", "function", "url", "alarm")
	cmd.Flags().StringSliceVar(&s.skip, "skip", nil, "leave out a step (again for more)")
	return cmd
}

func upRun(ctx context.Context, c *command, s *settings) error {
	sess, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	err = c.raise(ctx, &sess, s, func() []provision.Page {
		pages := provision.Steps(sess.cfg, sess.clients)
		for i := range pages {
			pages[i].Skip = slices.Contains(s.skip, pages[i].Step.Describe().Name)
		}
		return pages
	})
	if err != nil || !s.watch {
		return err
	}
	return c.watch(ctx, &sess, s)
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
	c.Args = append(c.choosing("profile", ""), "--local") // which has no profiles
	c.path = c.commandLine()
	return c.connect(ctx)
}

// raise plans, shows, asks and runs pages, the same for up and for one step.
// They are opened anew when an answer has changed what they should be.
func (c *command) raise(ctx context.Context, sess *session, s *settings, open func() []provision.Page) error {
	plan, outlook, err := c.survey(ctx, *sess, open())
	sess.outlook = outlook
	c.view().Header(*sess)
	if err != nil {
		return err
	}
	if plan, err = c.othersCode(ctx, sess, s, open, plan); err != nil {
		return err
	}
	outlook.Price(sess.cfg, plan)
	c.view().Plan(plan, provision.Up)
	c.tally.plan(plan, provision.Up)
	changes := changing(plan)
	if out, people := c.view().(*words); people && c.explain && !c.asking() {
		for i, change := range plan {
			out.wholePage(i+1, len(plan), sess, change)
		}
		out.assumptions(outlook.Price(sess.cfg, plan))
		if c.name == "up" {
			out.templates(provision.Templates(sess.cfg))
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
	if changes > 0 {
		ask, err := c.walkthrough(ctx, sess, s, open, plan)
		if err != nil {
			return err
		}
		if ask == nil { // a page begins with an empty line of its own
			c.view().Note("")
		}
		err = c.run(ctx, plan, provision.Options{Goal: provision.Up, Ask: ask, On: func(e provision.Event) {
			last[e.Change.Name()] = e.Seen
		}})
		if err != nil {
			return err
		}
	}
	return c.raised(sess, open(), last)
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

// raised prints what there is now: the URL on stdout, the rest on stderr.
func (c *command) raised(sess *session, pages []provision.Page, last map[string]provision.Observation) error {
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
	if slices.ContainsFunc(pages, func(p provision.Page) bool { return slices.Contains([]string{"url", testStep}, p.Step.Describe().Name) }) {
		c.tellCalls(sess, last["url"])
		if len(pages) > 1 {
			c.tellRest(sess, pages, last)
		}
		c.view().Note("")
	}
	c.view().Note("Next: %s     your list on a web page", c.with("open"))
	c.view().Note("      %s   what exists and what it costs", c.with("status"))
	c.view().Note("      %s     take it all away", c.with("down"))
	// Last, so that on a terminal, where both are one, it cuts no text in two.
	if _, err := fmt.Fprintln(c.Out, url); err != nil {
		return fmt.Errorf("print the URL %s: %w", url, plainPathError(err))
	}
	return nil
}

// tellCalls prints the lines to paste that call the API.
func (c *command) tellCalls(sess *session, url provision.Observation) {
	who, signed := "for everybody who has its URL", provision.TakesSigned(url)
	switch {
	case signed:
		who = "for signed requests only"
	case c.local:
		who = "on this machine"
	}
	c.view().Note("Your API, %s:", who)
	c.view().Note("")
	for _, l := range c.calls(sess.cfg, url.ID, signed) {
		c.pasted(l)
	}
}

// calls are the lines that call the API: a POST and a GET. What must be signed
// todoctl signs; with --explain there is curl's own way too.
func (c *command) calls(cfg provision.Config, url string, signed bool) []string {
	if !signed {
		post, get := provision.CurlLines(url)
		return []string{post, get}
	}
	lines := []string{c.with("curl") + ` -d '{"task": "` + provision.TestTask + `"}'`, c.with("curl")}
	if c.explain {
		lines = append(lines, provision.SignedCurlLine(cfg, url))
	}
	return lines
}

// pasted prints a line to paste. Where it is too long for the terminal, it goes on
// below its options, as sh has it; PowerShell and cmd.exe would each want another
// sign, so there it stays in one.
func (c *command) pasted(line string) {
	const indent = "  "
	width := c.words().width - len(indent)
	if c.GOOS != "windows" && len([]rune(line)) > width {
		var rows []string
		row := ""
		for i, part := range strings.Split(line, " -") {
			if i > 0 {
				part = "-" + part
			}
			switch {
			case row == "":
				row = part
			case len([]rune(row))+1+len([]rune(part))+len(" \\") > width:
				rows, row = append(rows, row), indent+part
			default:
				row += " " + part
			}
		}
		line = strings.Join(append(rows, row), " \\\n"+indent)
	}
	c.view().Note("%s%s", indent, line)
}

// tellRest says what it costs now, and what only the person can do.
func (c *command) tellRest(sess *session, pages []provision.Page, last map[string]provision.Observation) {
	standing := make([]provision.Change, len(pages))
	var orders []string
	for i, page := range pages {
		standing[i] = provision.Change{Page: page, Seen: last[page.Step.Describe().Name]}
		standing[i].Skip = standing[i].Seen.State == provision.Absent
		orders = append(orders, standing[i].Seen.ByHand...)
	}
	cost := sess.outlook.Price(sess.cfg, standing)
	c.view().Note("")
	for _, l := range fold(sentenceStart(costs(cost.NowPerMonthUSD, cost.WorstPerDayUSD)), c.words().width) {
		c.view().Note("%s", l)
	}
	for i, order := range orders {
		lead := "By hand: "
		if i > 0 {
			lead = "         "
		}
		c.view().Note("%s%s", lead, strings.Join(foldCommand(order, c.words().width-len(lead)), "\n         "))
	}
}
