package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

func newStatus() *cobra.Command {
	return &cobra.Command{
		Use:  "status",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return statusRun(cmd.Context(), this(cmd)) },
	}
}

func statusRun(ctx context.Context, c *command) error {
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	type looked struct {
		meter provision.Meter
		err   error
	}
	meters := make(chan looked, 1)
	at, end := c.working(ctx, "looking at what exists, what is used, and what it costs")
	defer end()
	go func() {
		var l looked
		l.err = provision.Safely(func() (err error) {
			l.meter, err = provision.ReadMeter(at, sess.cfg, sess.clients)
			return err
		})
		meters <- l
	}()
	plan, err := c.look(at, provision.Steps(sess.cfg, sess.clients), provision.Up)
	if err != nil {
		return err
	}
	read := <-meters
	end()
	if read.err != nil {
		return read.err
	}
	meter := read.meter
	out := c.view()
	if text, people := out.(*words); people {
		text.w = c.Out // the report is what was asked for, so it is data
		text.colour = false
		out.Header(sess)
		printStatus(text, plan)
		printMeter(text, meter)
		text.w = c.Err
	} else {
		out.Header(sess)
		out.Plan(plan, provision.Up)
		c.doc.Meter = meterRecord(meter)
	}
	for _, change := range plan {
		if change.Name() == "url" && change.Seen.State != provision.Absent {
			c.doc.URL = change.Seen.ID
		}
	}
	if changing(plan) == 0 {
		return nil
	}
	c.tellOther(sess)
	if foreign(plan) {
		return errDiffers
	}
	if text, people := out.(*words); people {
		text.line("Next: %s", c.with("up"))
	}
	return errDiffers
}

// printStatus prints a line per step: what is there, not what would be done.
func printStatus(v *words, plan []provision.Change) {
	for _, change := range plan {
		d := change.Step.Describe()
		if change.Seen.Denied != "" {
			v.step("hint", d.Name, "%s", change.Seen.Denied)
			v.advice(d.Name, change.Seen)
			continue
		}
		switch change.Seen.State {
		case provision.OK:
			v.step("ok", d.Name, "%s", already(d))
		case provision.Absent:
			if d.Name == testStep {
				v.step("skip", d.Name, "there is no URL to test")
			} else {
				v.step("skip", d.Name, "%s does not exist", d.Resource)
			}
		case provision.Foreign, provision.Mixed:
			v.step("no", d.Name, "%s", &provision.ForeignError{Resource: d.Resource, Owner: change.Seen.Owner})
		default:
			v.step("no", d.Name, "%s is not as it should be", d.Resource)
			v.differences(change.Seen)
		}
		if d.Name == "url" && strings.HasPrefix(change.Seen.ID, "http") {
			v.step("skip", "", "%s", change.Seen.ID)
		}
		v.advice(d.Name, change.Seen)
	}
	v.line("")
}

func printMeter(v *words, m provision.Meter) {
	v.line("Free tier, this month so far")
	for _, g := range m.Gauges {
		v.gauge(g)
	}
	if m.Plan != nil {
		v.line("Account plan: %s, %s%s", strings.ToLower(m.Plan.Type), statusWords(m.Plan), creditWords(m.Plan))
	}
	for _, name := range m.Unread {
		v.line("  could not be read: %s", name)
	}
	v.line("")
	v.line("%s", strings.Join(fold(fmt.Sprintf("Costs now: $%.2f a month. At worst, if someone hammers the URL: $%.2f a day.", m.Cost.NowPerMonthUSD, m.Cost.WorstPerDayUSD), v.width), "\n"))
	for _, a := range m.Cost.Assumptions {
		for i, l := range fold(a, v.width-4) {
			v.line("  %s %s", map[bool]string{true: "-", false: " "}[i == 0], l)
		}
	}
	for _, f := range m.Findings {
		v.step("hint", f.Level, "%s", f.Text)
		if f.Fix != "" {
			v.step("skip", "", "%s", f.Fix)
		}
	}
	v.line("")
}

// gauge prints one line of the meter, and its note below where there is no room.
func (v *words) gauge(g provision.Gauge) {
	text := fmt.Sprintf("  %-17s %9s", g.Name, amount(g.Used))
	if g.Limit > 0 {
		text += " of " + amount(g.Limit)
	}
	text = strings.TrimRight(text+" "+g.Unit, " ")
	const column = 46
	if room := v.width - column; len([]rune(text)) < column && len([]rune(g.Note)) <= room {
		v.line("%s", strings.TrimRight(fmt.Sprintf("%-*s%s", column, text, g.Note), " "))
		return
	}
	v.line("%s", text)
	for _, l := range fold(g.Note, v.width-20) {
		v.line("                    %s", l)
	}
}

// amount prints a figure without digits that say nothing.
func amount(f float64) string {
	switch {
	case f == float64(int64(f)):
		return thousands(int64(f))
	case f < 0.01:
		return "< 0.01"
	case f < 100:
		return fmt.Sprintf("%.2f", f)
	}
	return thousands(int64(f + 0.5))
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

type meterDocument struct {
	Gauges   []gaugeDocument `json:"gauges"`
	Plan     *planDocument   `json:"plan,omitempty"`
	Cost     costDocument    `json:"cost"`
	Findings []findDocument  `json:"findings,omitempty"`
	Unread   []string        `json:"unread,omitempty"`
}

type gaugeDocument struct {
	Name  string  `json:"name"`
	Used  float64 `json:"used"`
	Limit float64 `json:"limit"`
	Unit  string  `json:"unit"`
	Note  string  `json:"note,omitempty"`
}

type planDocument struct {
	Type       string   `json:"type"`
	Status     string   `json:"status"`
	CreditsUSD *float64 `json:"creditsUSD,omitempty"`
	Expires    string   `json:"expires,omitempty"`
}

type costDocument struct {
	NowPerMonthUSD float64  `json:"nowPerMonthUSD"`
	WorstPerDayUSD float64  `json:"worstPerDayUSD"`
	Assumptions    []string `json:"assumptions"`
}

type findDocument struct {
	Level string `json:"level"`
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

func meterRecord(m provision.Meter) *meterDocument {
	d := &meterDocument{Gauges: []gaugeDocument{}, Cost: costDocument(m.Cost), Unread: m.Unread}
	for _, g := range m.Gauges {
		d.Gauges = append(d.Gauges, gaugeDocument(g))
	}
	for _, f := range m.Findings {
		d.Findings = append(d.Findings, findDocument(f))
	}
	if m.Plan != nil {
		d.Plan = &planDocument{Type: m.Plan.Type, Status: m.Plan.Status}
		if m.Plan.HasCredits {
			d.Plan.CreditsUSD = &m.Plan.CreditsUSD
		}
		if !m.Plan.Expires.IsZero() {
			d.Plan.Expires = m.Plan.Expires.Format("2006-01-02")
		}
	}
	return d
}
