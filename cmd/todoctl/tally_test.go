package main

import (
	"testing"

	"todoctl/provision"
)

// A named step only says what it is about.
type named struct{ provision.Step }

func (named) Describe() provision.Description {
	return provision.Description{Name: "table", Resource: "TodoTable"}
}

// A run that is stopped names as under way only what is under way.
func TestWhatHasFailedOrWasKeptIsNotUnderWay(t *testing.T) {
	thing := func(seen provision.State) provision.Change {
		return provision.Change{Page: provision.Page{Step: named{}}, Seen: provision.Observation{State: seen}}
	}
	for what, c := range map[string]struct {
		goal   provision.Goal
		before provision.State
		end    provision.Stage
		seen   provision.State
		want   string
	}{
		"an up that waits":                {provision.Up, provision.Absent, provision.Waiting, provision.Drift, "being made: TodoTable"},
		"what could not be made":          {provision.Up, provision.Absent, provision.Failed, provision.Absent, ""},
		"what was made and never settled": {provision.Up, provision.Absent, provision.Failed, provision.Drift, "there now: TodoTable"},
		"what a stranger has made":        {provision.Up, provision.Absent, provision.Failed, provision.Foreign, ""},
		"what could not be looked at":     {provision.Up, provision.OK, provision.Failed, provision.Unknown, "there now: TodoTable"},
		"what settled with its need":      {provision.Up, provision.OK, provision.Kept, provision.OK, "there now: TodoTable"},
		"what was made":                   {provision.Up, provision.Absent, provision.Settled, provision.OK, "there now: TodoTable"},
		"what could not be deleted":       {provision.Down, provision.OK, provision.Failed, provision.OK, "there now: TodoTable"},
		"what was deleted":                {provision.Down, provision.OK, provision.Settled, provision.Absent, "gone: TodoTable"},
	} {
		y, change := &tally{}, thing(c.before)
		y.plan([]provision.Change{change}, c.goal)
		y.note(provision.Event{Stage: provision.Started, Change: change, Seen: change.Seen})
		y.note(provision.Event{Stage: c.end, Change: change, Seen: provision.Observation{State: c.seen}})
		if got := y.words(); got != c.want {
			t.Errorf("%s: it says %q, should be %q", what, got, c.want)
		}
	}
}
