package provision_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"todoctl/provision"
)

// The table of the package's documentation, cell by cell.
func TestDecide(t *testing.T) {
	for _, cell := range []struct {
		goal  provision.Goal
		state provision.State
		want  provision.Action
	}{
		{provision.Up, provision.Absent, provision.Create},
		{provision.Up, provision.OK, provision.Keep},
		{provision.Up, provision.Drift, provision.Update},
		{provision.Up, provision.Foreign, provision.Refuse},
		{provision.Up, provision.Mixed, provision.Refuse},
		{provision.Down, provision.Absent, provision.Keep},
		{provision.Down, provision.OK, provision.Delete},
		{provision.Down, provision.Drift, provision.Delete},
		{provision.Down, provision.Foreign, provision.Keep},
		{provision.Down, provision.Mixed, provision.Delete},
	} {
		t.Run(fmt.Sprintf("%d/%s", cell.goal, cell.state), func(t *testing.T) {
			if got := provision.Decide(cell.goal, cell.state); got != cell.want {
				t.Errorf("Decide = %s, want %s", got, cell.want)
			}
		})
	}
}

func TestDecidePanicsRatherThanGuess(t *testing.T) {
	for name, decide := range map[string]func(){
		"up with a forgotten state":   func() { provision.Decide(provision.Up, provision.Unknown) },
		"down with a forgotten state": func() { provision.Decide(provision.Down, provision.Unknown) },
		"a forgotten goal":            func() { provision.Decide(0, provision.Absent) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it decided")
				}
			}()
			decide()
		})
	}
}

func TestErrorsAreSentences(t *testing.T) {
	seen := func(o provision.Observation) error {
		return &provision.UnsettledError{Waited: 61 * time.Second, Seen: o, Goal: provision.Up}
	}
	for want, err := range map[string]error{
		"TodoTable was not made by todoctl (it has no tag todoctl:stack)": &provision.ForeignError{Step: "table", Resource: "TodoTable", Owner: "it has no tag todoctl:stack"},
		"TodoTable was not made by todoctl":                               &provision.ForeignError{Step: "table", Resource: "TodoTable"},
		"create the table: no luck":                                       &provision.StepError{Step: "table", Action: provision.Create, Err: errors.New("no luck")},
		"AWS still says CREATING after 1m1s":                              seen(provision.Observation{State: provision.Drift, Pending: "CREATING"}),
		"timeout is 3 s, should be 5 s, after 1m1s":                       seen(provision.Observation{State: provision.Drift, Diffs: []provision.Diff{{Field: "timeout", Have: "3 s", Want: "5 s"}}}),
		"it was created and AWS does not show it after 1m1s":              seen(provision.Observation{State: provision.Absent}),
		"it is still there after 2s":                                      &provision.UnsettledError{Waited: 2 * time.Second, Goal: provision.Down, Seen: provision.Observation{State: provision.OK}},
		"the url needs the function, which does not exist": &provision.NeedError{
			Step: "url", Need: "function"},
		"AWS gave up on TodoHandler: no memory": &provision.FailedError{Resource: "TodoHandler", Reason: "no memory"},
	} {
		if err.Error() != want {
			t.Errorf("%T says %q, want %q", err, err, want)
		}
	}
}

func TestStackNames(t *testing.T) {
	for _, good := range []string{"Todo", "a", "Chat2", strings.Repeat("x", 32)} {
		if err := provision.CheckStack(good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for _, bad := range []string{"", "2Do", "to-do", "to do", "Tödo", "a/b", strings.Repeat("x", 33)} {
		if provision.CheckStack(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
