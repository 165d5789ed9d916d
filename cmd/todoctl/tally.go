package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"todoctl/provision"
)

// A tally is how far a run has come, for the words of one that is stopped: what
// exists by name, what is gone, and what was being done.
type tally struct {
	mu      sync.Mutex
	steps   []tallied // in the order of the work
	goal    provision.Goal
	working bool   // something was started: before that, nothing is changed
	items   string // how far a restore has come, "" when there is none
}

type tallied struct {
	name, resource string
	there          bool // it existed when it was last looked at
	partly         bool // or was there with something to repair, or something missing
	busy           bool // a call was under way
	gone           bool // this run has deleted it
}

// plan says what a run begins with. A plan made anew changes nothing.
func (y *tally) plan(plan []provision.Change, goal provision.Goal) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.goal = goal
	for _, c := range plan {
		d := c.Step.Describe()
		known := slices.ContainsFunc(y.steps, func(s tallied) bool { return s.name == d.Name })
		if d.Name == testStep || known || c.Seen.State == provision.Foreign {
			continue
		}
		y.steps = append(y.steps, tallied{name: d.Name, resource: d.Resource, there: c.Seen.State == provision.OK, partly: c.Seen.State == provision.Drift || c.Seen.State == provision.Mixed})
	}
}

// note takes in what a run tells.
func (y *tally) note(e provision.Event) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for i := range y.steps {
		s := &y.steps[i]
		if s.name != e.Change.Name() {
			continue
		}
		switch e.Stage {
		case provision.Started, provision.Waiting:
			s.busy, y.working = true, true
		case provision.Settled:
			s.busy, s.there, s.partly, s.gone = false, y.goal == provision.Up, false, y.goal == provision.Down
		case provision.Kept:
			s.busy = false
		case provision.Failed:
			s.busy = false
			if e.Seen.State != provision.Unknown { // else the look itself failed
				s.there = e.Seen.State != provision.Absent && e.Seen.State != provision.Foreign
			}
		}
	}
}

// restored says how many of a backup's items are in the table.
func (y *tally) restored(written, of int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.items = fmt.Sprintf("known to be written: %d of %s; the same command finishes it", written, plural(of, "item"))
}

// begun says whether anything was changed.
func (y *tally) begun() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.working
}

// some says whether anything was written, be it a resource or an item.
func (y *tally) some() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.working || y.items != ""
}

// words says it in one line, "" when there is nothing to say.
func (y *tally) words() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.steps) == 0 {
		return y.items
	}
	if !y.working {
		return "nothing was changed"
	}
	var there, partly, gone, busy []string
	for _, s := range y.steps {
		switch {
		case s.busy:
			busy = append(busy, s.resource)
		case s.there:
			there = append(there, s.resource)
		case s.partly:
			partly = append(partly, s.resource)
		case s.gone:
			gone = append(gone, s.resource)
		}
	}
	being := "made"
	if y.goal == provision.Down {
		being = "deleted"
	}
	var parts []string
	for _, p := range []struct {
		names []string
		verb  string
	}{{gone, "gone"}, {there, "there now"}, {partly, "there, not as it should be"}, {busy, "being " + being}} {
		if len(p.names) > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s", p.verb, strings.Join(p.names, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}
