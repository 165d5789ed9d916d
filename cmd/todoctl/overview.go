package main

import (
	"slices"
	"strings"

	"todoctl/provision"
)

// Header says whose account this is before anything is made there.
func (v *words) Header(s session) {
	if s.cfg.Local {
		v.line("AWS        on this machine: no account, no cost (%s)", s.endpoint)
		v.line("Functions  run in %s", s.runner.Words)
	} else {
		v.line("Account    %s as %s", s.identity.Account, s.identity.ARN)
		v.line("           credentials from %s", s.credentialsFrom)
	}
	v.line("Region     %s (%s)", s.cfg.Region, s.regionFrom)
	if s.endpoint != "" && !s.cfg.Local {
		v.line("Endpoint   %s (not AWS's own)", s.endpoint)
	}
	if s.cfg.Stack != provision.DefaultStack {
		v.line("Stack      %s", s.cfg.Stack)
	}
	if s.identity.Root {
		v.step("hint", "root", "You are signed in as the account's root user. It works, but an IAM identity with fewer rights is safer.")
	}
	v.line("")
}

// Plan prints a row per step, in the order of the work: what will be done, and
// what differs.
func (v *words) Plan(plan []provision.Change, goal provision.Goal) {
	if goal == provision.Down {
		plan = slices.Clone(plan)
		slices.Reverse(plan)
	}
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
			v.step("ok", d.Name, "%s", already(d))
		case d.Name == testStep:
			v.step("add", d.Name, "call the API and check its answers")
		case c.Action == provision.Create:
			v.step("add", d.Name, "create %s", d.Resource)
		case c.Action == provision.Delete && c.Seen.State == provision.Mixed:
			v.step("del", d.Name, "delete what is todoctl's and keep the rest: %s", c.Seen.Owner)
		case c.Action == provision.Delete:
			v.step("del", d.Name, "delete %s", d.Resource)
		case unfinished(c):
			v.step("wait", d.Name, "wait for %s: AWS says %s", d.Resource, c.Seen.Pending)
		default:
			v.step("edit", d.Name, "update %s", d.Resource)
			v.differences(c.Seen)
		}
		if goal == provision.Up {
			v.advice(d.Name, c.Seen)
		}
	}
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
		lines = append(lines, v.stepText("hint", name, "%s", a))
	}
	return lines
}
