package main

import (
	"fmt"
	"slices"
	"time"

	"todoctl/provision"
)

// How a run is told while it is under way. What is told is in this file; how it
// is drawn in place on a terminal is in live.go; the beat that keeps it from
// falling silent is in heartbeat.go.
//
//   - On a terminal the steps are a block of lines in the walkthrough's order,
//     and each line changes as its step comes further. At its end, or when a
//     question opens, what has ended is left as plain lines.
//   - Elsewhere each change is one line. Steps work at the same time and are told
//     one after the other, so that it reads as the book does.

// A row is one step of a run, or one piece of work that is no step.
type row struct {
	name   string // the step's one word; "" for work that is no step
	change provision.Change
	mark   string // of marks
	text   string // what happens there
	since  time.Time
	begun  bool // it is at work, or was
	ended  bool
	told   bool              // its last line stands
	final  provision.Event   // once it has ended
	kept   []provision.Event // lines only: what came before its turn
	waits  map[string]bool   // lines only: what it has been said to wait for
	items  int               // work on items: how many so far
	wait   string            // work that is no step: what it waits for
	blocks []string          // names of the steps that must go first
}

// Run starts the telling of a run.
func (v *words) Run(plan []provision.Change, goal provision.Goal) {
	v.mu.Lock()
	v.rows = nil
	for _, c := range plan {
		r := &row{name: c.Name(), change: c, mark: "skip", waits: map[string]bool{}}
		if goal == provision.Up {
			r.blocks = append(append(r.blocks, c.Needs...), c.After...)
			v.rows = append(v.rows, r)
			continue
		}
		v.rows = append([]*row{r}, v.rows...)
	}
	if goal == provision.Down { // what needs a step goes before it
		for _, r := range v.rows {
			for _, need := range append(append([]string{}, r.change.Needs...), r.change.After...) {
				if before := v.rowOf(need); before != nil {
					before.blocks = append(before.blocks, r.name)
				}
			}
		}
	}
	v.mu.Unlock()
	v.startBeat()
}

// rowOf finds a step's row; nil when the run does not have it.
func (v *words) rowOf(name string) *row {
	for _, r := range v.rows {
		if r.name == name {
			return r
		}
	}
	return nil
}

// Event tells what happened, or keeps it until its step's turn has come.
func (v *words) Event(e provision.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.rowOf(e.Change.Name())
	if r == nil {
		r = &row{name: e.Change.Name(), change: e.Change, waits: map[string]bool{}}
		v.rows = append(v.rows, r)
	}
	r.take(e, v.now())
	if v.live() {
		v.put()
		return
	}
	r.kept = append(r.kept, e)
	for _, r := range v.rows {
		v.tellKept(r)
		if !r.ended {
			return
		}
	}
}

// tellKept prints what is known of a row. A wait that is over by now is left out.
func (v *words) tellKept(r *row) {
	for _, e := range r.kept {
		if e.Stage != provision.Waiting || !r.ended {
			v.put(v.told(r, e)...)
		}
	}
	r.kept, r.told = nil, r.ended
}

// take brings a row to what an event says.
func (r *row) take(e provision.Event, now time.Time) {
	text, mark := deed(e.Change), "wait"
	if e.Stage == provision.Waiting && e.Wait.What != "" {
		text = e.Wait.String()
	}
	if final(e.Stage) {
		mark, text = outcomeOf(e)
		r.ended, r.final = true, e
	}
	if text != r.text {
		r.since = now
	}
	r.mark, r.text, r.change, r.begun = mark, text, e.Change, true
}

// Ran ends the telling of a run: what has not been told is told now.
func (v *words) Ran() {
	v.stopBeat()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live() {
		v.leave(true)
	}
	for _, r := range v.rows {
		v.tellKept(r)
	}
	v.rows, v.stopping = nil, false
}

// leave prints the rows that have ended as lines that stay, in order: those up to
// the first one that is still at work, or all. The block goes.
func (v *words) leave(all bool) {
	var lines []string
	for _, r := range v.rows {
		if !r.ended && !all {
			break
		}
		switch {
		case r.told || r.name == "":
		case r.ended:
			lines = append(lines, v.told(r, r.final)...)
		case r.begun:
			lines = append(lines, v.stepText("wait", r.name, "not finished: %s", r.text))
		}
		r.told = true
	}
	if v.asked && len(lines) > 0 {
		lines = append([]string{"\n"}, lines...)
	}
	v.clear(lines...)
}

func final(s provision.Stage) bool {
	return s == provision.Settled || s == provision.Kept || s == provision.Skipped || s == provision.Failed
}

// told is an event in lines: one for a change of a step, one for each new thing
// that it waits for.
func (v *words) told(r *row, e provision.Event) []string {
	if e.Stage == provision.Waiting && !r.waits[e.Wait.What] {
		r.waits[e.Wait.What] = true
		return []string{v.stepText("wait", r.name, "%s", e.Wait)}
	}
	if !final(e.Stage) {
		return nil
	}
	var lines []string
	if mark, text := outcomeOf(e); text != "" {
		if v.live() && e.Stage == provision.Settled && e.Elapsed >= time.Second {
			text += " (" + span(e.Elapsed) + ")"
		}
		lines = append(lines, v.stepText(mark, r.name, "%s", text))
	}
	untouched := e.Seen.State == provision.Foreign || e.Seen.State == provision.Absent
	if e.Stage == provision.Settled || e.Stage == provision.Kept && (e.Seen.Denied != "" || !untouched) {
		lines = append(lines, v.adviceText(r.name, e.Seen)...)
	}
	return lines
}

// outcomeOf is how a step has ended, in words; "" when nothing was there and
// nothing had to be done.
func outcomeOf(e provision.Event) (mark, text string) {
	d := e.Change.Step.Describe()
	switch e.Stage {
	case provision.Settled:
		return "ok", done(e.Change, d)
	case provision.Kept:
		switch {
		case e.Seen.Denied != "":
			return "hint", "left alone: " + e.Seen.Denied
		case e.Seen.State == provision.Foreign:
			return "skip", fmt.Sprintf("kept: %s", &provision.ForeignError{Resource: d.Resource, Owner: e.Seen.Owner})
		case e.Seen.State == provision.Absent:
			return "skip", ""
		}
		return "ok", already(d)
	case provision.Skipped:
		if e.Err != nil {
			return "skip", fmt.Sprintf("not started: %s", e.Err)
		}
		return "skip", "left out"
	}
	return "no", explain(e.Err, nowhere).What
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

// deploys says that other code is all that a step wants: a person's own, say, which
// is nothing that was broken.
func deploys(c provision.Change) bool {
	others := func(d provision.Diff) bool { return d.Field != "code" && d.Field != "tag "+provision.TagCode }
	return c.Action == provision.Update && len(c.Seen.Diffs) > 0 && !slices.ContainsFunc(c.Seen.Diffs, others)
}

// done says what was done to a step.
func done(c provision.Change, d provision.Description) string {
	if d.Name == testStep {
		return already(d)
	}
	if unfinished(c) {
		return d.Resource + " is ready"
	}
	if deploys(c) {
		return "deployed the code to " + d.Resource
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

// deed says what is being done to a step.
func deed(c provision.Change) string {
	d := c.Step.Describe()
	switch {
	case d.Name == testStep:
		return "calling the API"
	case unfinished(c):
		return "waiting for " + d.Resource
	case deploys(c):
		return "deploying the code to " + d.Resource
	}
	return map[provision.Action]string{
		provision.Keep:   "looking at ",
		provision.Create: "creating ",
		provision.Update: "repairing ",
		provision.Delete: "deleting ",
	}[c.Action] + d.Resource
}

// span is a time as people say it: "4 s", "1 min 5 s".
func span(d time.Duration) string {
	s := int(d / time.Second)
	if s < 60 {
		return fmt.Sprintf("%d s", s)
	}
	return fmt.Sprintf("%d min %d s", s/60, s%60)
}
