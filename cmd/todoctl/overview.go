package main

import (
	"fmt"
	"slices"
	"strings"

	"todoctl/provision"
)

// Header says whose account this is before anything is made there.
func (v *words) Header(s session) {
	if s.cfg.Local {
		v.line("AWS        on this machine: no account, no cost (%s)", s.endpoint)
		v.fact("Functions", "run in %s", s.runner.of(s.cfg))
	} else {
		v.fact("Account", "%s", accountWords(s))
		v.fact("You", "%s, with credentials from %s", s.identity.Name(), s.credentialsFrom)
	}
	v.line("Region     %s (%s)", s.cfg.Region, s.regionFrom)
	if s.cfg.OwnCode {
		v.line("Code       %s: %s", s.cfg.Code.Source, packageWords(s.cfg.Code))
	}
	if s.endpoint != "" && !s.cfg.Local {
		v.line("Endpoint   %s (not AWS's own)", s.endpoint)
	}
	if s.cfg.Stack != provision.DefaultStack {
		v.line("Stack      %s", s.cfg.Stack)
	}
	if s.identity.Root {
		v.step("hint", "root", "You are signed in as the account's root user; an IAM user is safer.")
	}
	v.line("")
}

// fact prints a line of the header, folded under its text.
func (v *words) fact(name, format string, args ...any) {
	indent := strings.Repeat(" ", 11)
	v.line("%-10s %s", name, strings.Join(fold(fmt.Sprintf(format, args...), v.width-len(indent)), "\n"+indent))
}

// accountWords are the account's number, its alias, and how it pays, as far as AWS
// tells.
func accountWords(s session) string {
	text := s.identity.Account
	if s.outlook.Alias != "" {
		text += " (" + s.outlook.Alias + ")"
	}
	p := s.outlook.Plan
	if p == nil {
		return text
	}
	text += fmt.Sprintf(", %s plan", strings.ToLower(p.Type))
	if p.Status != "ACTIVE" {
		text += fmt.Sprintf(" (%s)", statusWords(p))
	}
	return text + creditWords(p)
}

// statusWords is how an account's plan stands: "active", "not started".
func statusWords(p *provision.AccountPlan) string {
	return strings.ToLower(strings.ReplaceAll(p.Status, "_", " "))
}

// creditWords are what is left of an account's plan, behind its name; "" where AWS
// says nothing.
func creditWords(p *provision.AccountPlan) string {
	text := ""
	if p.HasCredits {
		text += fmt.Sprintf(", $%.2f of credits left", p.CreditsUSD)
	}
	if !p.Expires.IsZero() {
		text += ", until " + p.Expires.Format("2 January 2006")
	}
	return text
}

// Plan prints a row per step, in the order of the work: what will be done, and
// what differs.
func (v *words) Plan(plan []provision.Change, goal provision.Goal) {
	if goal == provision.Down {
		plan = slices.Clone(plan)
		slices.Reverse(plan)
	}
	t := v.table(plan, goal)
	t.heading()
	for _, c := range plan {
		d := c.Step.Describe()
		switch {
		case c.Err != nil:
			v.step("no", d.Name, "%s", explain(c.Err, nowhere).What)
		case c.Seen.Denied != "":
			v.step("hint", d.Name, "left alone: %s", c.Seen.Denied)
		case c.Skip && c.Seen.State == provision.Absent:
			v.step("skip", d.Name, "skip: %s does not exist", d.Resource)
		case c.Skip:
			v.step("skip", d.Name, "skip: %s is left as it is", d.Resource)
		case c.Action == provision.Refuse:
			v.step("no", d.Name, "refuse: %s", &provision.ForeignError{Resource: d.Resource, Owner: c.Seen.Owner})
		case c.Action == provision.Keep && c.Seen.State == provision.Foreign:
			v.step("skip", d.Name, "keep: %s", &provision.ForeignError{Resource: d.Resource, Owner: c.Seen.Owner})
		case c.Action == provision.Keep && c.Seen.State == provision.Absent:
			v.step("skip", d.Name, "%s does not exist", d.Resource)
		case c.Action == provision.Keep:
			t.row("ok", c, already(d))
		case d.Name == testStep:
			t.row("add", c, "call the API and check its answers")
		case c.Action == provision.Create:
			t.row("add", c, "create "+d.Resource)
		case c.Action == provision.Delete && c.Seen.State == provision.Mixed:
			v.step("del", d.Name, "delete what is todoctl's and keep the rest: %s", c.Seen.Owner)
		case c.Action == provision.Delete:
			v.step("del", d.Name, "delete %s", d.Resource)
		case unfinished(c):
			v.step("wait", d.Name, "wait for %s: AWS says %s", d.Resource, c.Seen.Pending)
		default:
			t.row("edit", c, "update "+d.Resource)
			v.differences(c.Seen)
		}
		if goal == provision.Up {
			v.advice(d.Name, c.Seen)
		}
	}
	t.total(plan)
}

func (v *words) differences(seen provision.Observation) {
	if seen.Pending != "" {
		v.step("skip", "", "AWS is still at work: %s", seen.Pending)
	}
	for _, diff := range seen.Diffs {
		v.step("skip", "", "%s", diff)
	}
}

func (v *words) advice(name string, seen provision.Observation) {
	for _, line := range v.adviceText(name, seen) {
		v.line("%s", strings.TrimSuffix(line, "\n"))
	}
}

func (v *words) adviceText(name string, seen provision.Observation) []string {
	var lines []string
	for _, a := range seen.Advice {
		lines = append(lines, v.stepText("note", name, "%s", a))
	}
	return lines
}
