package provision_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"todoctl/provision"
)

func TestItLooksUntilAWSShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		none := provision.Observation{State: provision.Absent}
		step := &fake{name: "table", diary: &d, before: provision.Absent, after: []provision.Observation{none, none, none, {State: provision.OK, ID: "arn"}}}
		waits, id := 0, ""
		err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Up, On: func(e provision.Event) {
			switch e.Stage {
			case provision.Waiting:
				waits++
			case provision.Settled:
				id = e.Seen.ID
			}
		}})
		if err != nil || waits != 3 || id != "arn" {
			t.Errorf("error %v, %d waits, ID %q", err, waits, id)
		}
		if got := d.deeds(); len(got) != 1 {
			t.Errorf("it did %v", got)
		}
	})
}

func TestItGivesUpAtTheStepsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		step := &fake{name: "table", diary: &d, before: provision.Absent, settle: 5 * time.Minute,
			after: []provision.Observation{{State: provision.Drift, Pending: "CREATING"}}}
		begin := time.Now()
		err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Up})
		var unsettled *provision.UnsettledError
		if !errors.As(err, &unsettled) || unsettled.Seen.Pending != "CREATING" {
			t.Fatalf("the error is %v", err)
		}
		if took := time.Since(begin); took < 5*time.Minute || took > 5*time.Minute+5*time.Second {
			t.Errorf("it gave up after %s", took)
		}
	})
}

func TestItDoesNotWaitForWhatAWSGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		step := &fake{name: "function", diary: &d, before: provision.Absent,
			after: []provision.Observation{{State: provision.Drift, Failed: "out of network addresses"}}}
		begin := time.Now()
		err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Up})
		var failed *provision.FailedError
		if !errors.As(err, &failed) || failed.Reason != "out of network addresses" || time.Since(begin) > 0 {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
	})
}

// What was made a moment ago may not show its tags yet.
func TestForeignAfterOwnCreateIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		untagged := provision.Observation{State: provision.Foreign, Owner: "no tag"}
		step := &fake{name: "table", diary: &d, before: provision.Absent, after: []provision.Observation{untagged, untagged, {State: provision.OK}}}
		if err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Up}); err != nil {
			t.Fatal(err)
		}
		step = &fake{name: "table", diary: &d, before: provision.Absent, after: []provision.Observation{untagged}}
		err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Up})
		var foreign *provision.ForeignError
		if !errors.As(err, &foreign) {
			t.Errorf("what stays without tags gives %v", err)
		}
	})
}

// flapping is a step that shows this in its first looks.
type flapping struct {
	*fake
	first []provision.State
}

func (f *flapping) Observe(ctx context.Context) (provision.Observation, error) {
	seen, err := f.fake.Observe(ctx)
	if len(f.first) > 0 {
		seen.State, f.first = f.first[0], f.first[1:]
	}
	return seen, err
}

// One copy of AWS's may be behind. What both looks miss is gone.
func TestWhatOneLookMissesIsRemovedAllTheSame(t *testing.T) {
	for _, c := range []struct {
		again provision.State
		want  []string
	}{{provision.OK, []string{"destroy table"}}, {provision.Absent, nil}} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			step := &flapping{&fake{name: "table", diary: &d, after: absent}, []provision.State{provision.OK, provision.Absent, c.again}}
			if err := run(t, []provision.Page{{Step: step}}, provision.Options{Goal: provision.Down}); err != nil {
				t.Fatal(err)
			}
			if got := d.deeds(); !slices.Equal(got, c.want) {
				t.Errorf("then %s: it did %v", c.again, got)
			}
		})
	}
}

func TestStoppingEndsTheWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		fakes["table"].after = []provision.Observation{{State: provision.Drift, Pending: "CREATING"}}
		fakes["role"].after = fakes["table"].after
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, stop)
		plan, err := provision.Plan(ctx, pages, provision.Up)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err = provision.Run(ctx, plan, provision.Options{Goal: provision.Up, Clock: bubble})
		if !errors.Is(err, context.Canceled) || time.Since(begin) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		if strings.Contains(err.Error(), "table") {
			t.Errorf("stopping is told as the table's failure: %v", err)
		}
		if slices.Contains(d.deeds(), "apply function") {
			t.Error("the function was started")
		}
	})
}

func TestEventsComeOneAtATimeAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		fakes["alarm"].before = provision.OK
		stages := map[string][]provision.Stage{}
		inside := false
		err := run(t, pages, provision.Options{Goal: provision.Up, On: func(e provision.Event) {
			if inside {
				t.Error("two events at once")
			}
			inside = true
			runtime.Gosched()
			stages[e.Change.Name()] = append(stages[e.Change.Name()], e.Stage)
			inside = false
		}})
		if err != nil {
			t.Fatal(err)
		}
		for name, got := range stages {
			want := []provision.Stage{provision.Started, provision.Settled}
			if name == "alarm" {
				want = []provision.Stage{provision.Kept}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s had the stages %v", name, got)
			}
		}
	})
}
