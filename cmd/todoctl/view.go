package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"todoctl/provision"
)

// The voice of todoctl lives in this file.
//
//   - A step says one of three things: already ("is as it should be"), done
//     ("created TodoTable"), or cannot, followed by what to type.
//   - Words carry the meaning; the mark in front and its colour only repeat it.
//   - Nothing is wider than 80 columns, and nothing is drawn over a question.
//   - Data goes to stdout, talk to stderr.
//   - Before a question: what, why, what it costs. At the end: the next command.

// A view is how a run is told: in words, or as one JSON document at its end.
type view interface {
	Header(session)
	Plan([]provision.Change, provision.Goal)
	Run(order []string)    // what follows are the events of these steps
	Event(provision.Event) // one at a time
	Ran()                  // no more events
	Note(format string, args ...any)
	Problem(*Problem)
}

// words tells a run to a person, on stderr.
type words struct {
	w      io.Writer
	colour bool
	plain  bool // no symbols either
	width  int

	mu      sync.Mutex
	held    int // questions that are open or about to be: lines wait
	waiting []string

	order   []string                     // the steps of this run that are not told yet
	later   map[string][]provision.Event // events of steps whose turn has not come
	pending map[string]string            // what was last said of a step's waiting
}

// hold keeps lines back while a question is open; release prints them.
func (v *words) hold() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.held++
}

func (v *words) release() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held--; v.held > 0 {
		return
	}
	for _, line := range v.waiting {
		fmt.Fprint(v.w, line)
	}
	v.waiting = nil
}

func (v *words) line(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := harmless(fmt.Sprintf(format, args...)) + "\n"
	if v.held > 0 {
		v.waiting = append(v.waiting, s)
		return
	}
	fmt.Fprint(v.w, s)
}

const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (v *words) paint(colour, s string) string {
	if !v.colour {
		return s
	}
	return colour + s + reset
}

// marks stand in front of a step's line: the symbol, its plain form, its colour.
var marks = map[string][3]string{
	"ok":   {"✓", "ok", green},
	"no":   {"✗", "no", red},
	"wait": {"…", "..", yellow},
	"add":  {"+", "+ ", green},
	"edit": {"~", "~ ", yellow},
	"del":  {"-", "- ", red},
	"skip": {"·", "- ", ""},
	"hint": {"!", "! ", yellow},
}

func (v *words) mark(name string) string {
	m := marks[name]
	if v.plain {
		return m[1]
	}
	return v.paint(m[2], m[0])
}

// step prints a line about one step, folded under its text.
func (v *words) step(mark, name, format string, args ...any) {
	indent := strings.Repeat(" ", 12)
	lines := fold(fmt.Sprintf(format, args...), v.width-len(indent))
	v.line("%s %-9s %s", v.mark(mark), name, strings.Join(lines, "\n"+indent))
}

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
	for _, a := range seen.Advice {
		v.step("hint", name, "%s", a)
	}
}

// Run starts the telling of a run. Steps work at the same time and are told in
// the walkthrough's order, so that it reads as the book does.
func (v *words) Run(order []string) {
	v.order, v.later, v.pending = order, map[string][]provision.Event{}, map[string]string{}
}

// Event tells what happened, or keeps it until its step's turn has come.
func (v *words) Event(e provision.Event) {
	name := e.Change.Name()
	if len(v.order) > 0 && name != v.order[0] {
		v.later[name] = append(v.later[name], e)
		return
	}
	v.tell(e)
	if !final(e.Stage) {
		return
	}
	for len(v.order) > 1 {
		v.order = v.order[1:]
		ended := false
		for _, kept := range v.later[v.order[0]] {
			v.tell(kept)
			ended = ended || final(kept.Stage)
		}
		delete(v.later, v.order[0])
		if !ended {
			return
		}
	}
}

// Ran tells what was kept back for steps that never had their turn.
func (v *words) Ran() {
	for _, name := range v.order {
		for _, e := range v.later[name] {
			v.tell(e)
		}
	}
	v.order, v.later = nil, nil
}

func final(s provision.Stage) bool {
	return s == provision.Settled || s == provision.Kept || s == provision.Skipped || s == provision.Failed
}

// tell prints one line per change of a step, and one per new thing that AWS
// makes it wait for.
func (v *words) tell(e provision.Event) {
	d := e.Change.Step.Describe()
	switch e.Stage {
	case provision.Waiting:
		p := e.Seen.Pending
		if p == "" && len(e.Seen.Diffs) > 0 {
			p = e.Seen.Diffs[0].String()
		}
		if p != "" && v.pending[d.Name] != p {
			v.pending[d.Name] = p
			v.step("wait", d.Name, "waiting for AWS: %s", p)
		}
	case provision.Settled:
		v.step("ok", d.Name, "%s", done(e.Change, d))
		v.advice(d.Name, e.Seen)
	case provision.Kept:
		switch {
		case e.Seen.Denied != "":
			v.step("hint", d.Name, "left alone: %s", e.Seen.Denied)
			v.advice(d.Name, e.Seen)
		case e.Seen.State == provision.Foreign:
			v.step("skip", d.Name, "kept: %s", &provision.ForeignError{Resource: d.Resource, Owner: e.Seen.Owner})
		case e.Seen.State == provision.Absent:
			// Nothing was there and nothing had to be done.
		default:
			v.step("ok", d.Name, "%s", already(d))
			v.advice(d.Name, e.Seen)
		}
	case provision.Skipped:
		if e.Err != nil {
			v.step("skip", d.Name, "not started: %s", e.Err)
			return
		}
		v.step("skip", d.Name, "left out")
	case provision.Failed:
		v.step("no", d.Name, "%s", explain(e.Err, nowhere).What)
	}
}

// testStep makes nothing, so it has words of its own.
const testStep = "test"

// already says that there was nothing to do.
func already(d provision.Description) string {
	if d.Name == testStep {
		return "the API answers"
	}
	return d.Resource + " is as it should be"
}

// unfinished says that AWS is still at work on an earlier run's change, and
// that nothing else is to be done.
func unfinished(c provision.Change) bool {
	return c.Action == provision.Update && len(c.Seen.Diffs) == 0 && c.Seen.Pending != ""
}

// done says what was done to a step.
func done(c provision.Change, d provision.Description) string {
	if d.Name == testStep {
		return already(d)
	}
	if unfinished(c) {
		return d.Resource + " is ready"
	}
	if c.Seen.State == provision.Mixed {
		return "deleted what was todoctl's and kept the rest: " + c.Seen.Owner
	}
	return map[provision.Action]string{
		provision.Create: "created ",
		provision.Update: "repaired ",
		provision.Delete: "deleted ",
	}[c.Action] + d.Resource
}

func (v *words) Note(format string, args ...any) { v.line(format, args...) }

// Problem prints what went wrong and what to type.
func (v *words) Problem(p *Problem) {
	if p.What == "" {
		return
	}
	v.line("%s", strings.Join(fold(v.paint(red, "error:")+" "+p.What, v.width), "\n       "))
	if p.Why != "" {
		v.line("       %s", strings.Join(fold(p.Why, v.width-7), "\n       "))
	}
	for i, fix := range p.Fix {
		lead := "try:  "
		if i > 0 {
			lead = "  or: "
		}
		v.line("%s %s", lead, fix)
	}
}

// page prints a step as a page of the book: what, why, what will be set, what
// it costs.
func (v *words) page(number, of int, d provision.Description) {
	v.line("")
	v.line("%s", v.paint(bold, fmt.Sprintf("Step %d of %d: %s", number, of, d.Name)))
	for _, s := range []string{d.What, d.Why} {
		for _, l := range fold(s, v.width-2) {
			v.line("  %s", l)
		}
	}
	for _, s := range d.Settings {
		indent := strings.Repeat(" ", 20)
		v.line("  %-17s %s", s.Name, strings.Join(fold(s.Value+settingWhy(s), v.width-len(indent)), "\n"+indent))
	}
	if d.Cost != "" {
		for i, l := range fold("Cost: "+d.Cost, v.width-2) {
			if i == 0 {
				v.line("  %s", l)
				continue
			}
			v.line("        %s", l)
		}
	}
}

func settingWhy(s provision.Setting) string {
	if s.Why == "" {
		return ""
	}
	return " (" + s.Why + ")"
}

// fold breaks a text at spaces so that no line is longer than width. A word
// that is longer stays whole: a URL or a command must be copied in one piece.
func fold(s string, width int) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case len([]rune(line))+1+len([]rune(word)) > width:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
