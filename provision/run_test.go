package provision_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"todoctl/provision"
)

// A meeting is a step that looks only when all the others do, too.
type meeting struct {
	fake
	all *sync.WaitGroup
}

func (m *meeting) Observe(context.Context) (provision.Observation, error) {
	m.all.Done()
	m.all.Wait()
	return provision.Observation{State: provision.OK}, nil
}

func TestPlanLooksAtEverythingAtOnce(t *testing.T) {
	var all sync.WaitGroup
	var pages []provision.Page
	for i := range 6 {
		all.Add(1)
		pages = append(pages, provision.Page{Step: &meeting{fake: fake{name: fmt.Sprint(i)}, all: &all}})
	}
	plan, err := provision.Plan(t.Context(), pages, provision.Up) // one at a time would wait for ever
	if err != nil || len(plan) != 6 {
		t.Fatalf("%d changes, error %v", len(plan), err)
	}
	for i, c := range plan {
		if c.Name() != fmt.Sprint(i) || c.Action != provision.Keep {
			t.Errorf("change %d is %s of %s", i, c.Action, c.Name())
		}
	}
}

func TestPlanChangesNothing(t *testing.T) {
	var d diary
	_, pages := walk(&d, provision.Absent, ok)
	if _, err := provision.Plan(t.Context(), pages, provision.Up); err != nil {
		t.Fatal(err)
	}
	if deeds := d.deeds(); len(deeds) > 0 {
		t.Errorf("a plan did %v", deeds)
	}
}

func TestPlanSaysWhichStepCouldNotBeLookedAt(t *testing.T) {
	var d diary
	fakes, pages := walk(&d, provision.Absent, ok)
	no := errors.New("no permission")
	fakes["role"].lookErr = no
	_, err := provision.Plan(t.Context(), pages, provision.Up)
	var step *provision.StepError
	if !errors.As(err, &step) || step.Step != "role" || !errors.Is(err, no) {
		t.Errorf("the error is %v", err)
	}
}

func TestSerialPlanLooksInOrder(t *testing.T) {
	var d diary
	_, pages := walk(&d, provision.OK, ok)
	if _, err := provision.Plan(provision.Serial(t.Context()), pages, provision.Up); err != nil {
		t.Fatal(err)
	}
	if want := "look table\nlook role\nlook function\nlook url\nlook test\nlook alarm"; d.text() != want {
		t.Errorf("it looked:\n%s", d.text())
	}
}

func TestUpMakesEverythingAndDownTakesItAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		_, pages := walk(&d, provision.Absent, ok)
		if err := run(t, pages, provision.Options{Goal: provision.Up, Parallel: 1}); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(d.deeds(), ", "), "apply table, apply role, apply function, apply url, apply test, apply alarm"; got != want {
			t.Errorf("up did %s", got)
		}
		var back diary
		_, pages = walk(&back, provision.OK, absent)
		if err := run(t, pages, provision.Options{Goal: provision.Down, Parallel: 1}); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(back.deeds(), ", "), "destroy alarm, destroy test, destroy url, destroy function, destroy role, destroy table"; got != want {
			t.Errorf("down did %s", got)
		}
	})
}

func TestOneAtATimeIsTheSameOrderEveryTime(t *testing.T) {
	first := ""
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			fakes, pages := walk(&d, provision.Absent, ok)
			fakes["table"].after = []provision.Observation{{State: provision.Drift, Pending: "CREATING"}, {State: provision.OK}}
			if err := run(t, pages[:0:0], provision.Options{Goal: provision.Up}); err != nil {
				t.Fatal(err)
			}
			plan, err := provision.Plan(provision.Serial(t.Context()), pages, provision.Up)
			if err != nil {
				t.Fatal(err)
			}
			if err := provision.Run(t.Context(), plan, provision.Options{Goal: provision.Up, Clock: bubble, Parallel: 1}); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = d.text()
			} else if d.text() != first {
				t.Fatalf("once:\n%s\nand then:\n%s", first, d.text())
			}
		})
	}
}

func TestRoleStartsWhileTheTableIsBeingMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		creating := provision.Observation{State: provision.Drift, Pending: "CREATING"}
		fakes["table"].after = []provision.Observation{creating, creating, creating, {State: provision.OK}}
		settled := map[string]time.Duration{}
		started := map[string]time.Duration{}
		begin := time.Now()
		err := run(t, pages, provision.Options{Goal: provision.Up, On: func(e provision.Event) {
			switch e.Stage {
			case provision.Started:
				started[e.Change.Name()] = time.Since(begin)
			case provision.Settled:
				settled[e.Change.Name()] = time.Since(begin)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if started["role"] >= settled["table"] || started["url"] >= settled["table"] {
			t.Errorf("role started at %s and url at %s; the table settled at %s", started["role"], started["url"], settled["table"])
		}
		if started["test"] < settled["table"] {
			t.Errorf("the test started at %s, before the table settled at %s", started["test"], settled["table"])
		}
	})
}

func TestNothingStartsBeforeTheTableIsClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		taken := errors.New("the name is taken")
		fakes["table"].apply = func(ctx context.Context) error { return errors.Join(bubble.Sleep(ctx, 5*time.Second), taken) }
		if err := run(t, pages, provision.Options{Goal: provision.Up}); !errors.Is(err, taken) {
			t.Fatalf("the error is %v", err)
		}
		if got := d.deeds(); !slices.Equal(got, []string{"apply table"}) {
			t.Errorf("it did %v", got)
		}
	})
}

func TestUpStopsAtTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		no := errors.New("no")
		fakes["function"].applyErr = no
		err := run(t, pages, provision.Options{Goal: provision.Up, Parallel: 1})
		var step *provision.StepError
		if !errors.As(err, &step) || step.Step != "function" || step.Action != provision.Create || !errors.Is(err, no) {
			t.Errorf("the error is %v", err)
		}
		if got := d.deeds(); !slices.Equal(got, []string{"apply table", "apply role", "apply function"}) {
			t.Errorf("it did %v", got)
		}
	})
}

func TestAFailureLetsTheCallUnderWayFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		finished := false
		fakes["alarm"].apply = func(ctx context.Context) error {
			err := bubble.Sleep(ctx, 10*time.Second)
			finished = err == nil
			return err
		}
		fakes["function"].apply = func(ctx context.Context) error {
			return errors.Join(bubble.Sleep(ctx, time.Second), errors.New("no"))
		}
		if err := run(t, pages, provision.Options{Goal: provision.Up}); err == nil || strings.Contains(err.Error(), "alarm") {
			t.Errorf("the error is %v", err)
		}
		if !finished {
			t.Error("the alarm's call was cut off")
		}
		if slices.Contains(d.deeds(), "apply url") {
			t.Error("the URL was started after the failure")
		}
	})
}

func TestDownTriesEverythingAndJoinsTheErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.OK, absent)
		one, two := errors.New("one"), errors.New("two")
		fakes["url"].applyErr, fakes["alarm"].applyErr = one, two
		err := run(t, pages, provision.Options{Goal: provision.Down})
		if !errors.Is(err, one) || !errors.Is(err, two) {
			t.Errorf("the error is %v", err)
		}
		deeds := d.deeds()
		if len(deeds) != 6 {
			t.Errorf("it did %v", deeds)
		}
		if deeds[len(deeds)-1] != "destroy table" {
			t.Errorf("the table, which is the stack's claim, was not the last: %v", deeds)
		}
		if slices.Index(deeds, "destroy url") > slices.Index(deeds, "destroy function") {
			t.Errorf("the function went before its URL: %v", deeds)
		}
	})
}

func TestDownDestroysAgainWhatCameBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		fakes["function"].before = provision.OK
		fakes["function"].after = []provision.Observation{{State: provision.Drift}, {State: provision.Absent}}
		if err := run(t, pages, provision.Options{Goal: provision.Down}); err != nil {
			t.Fatal(err)
		}
		if got := d.deeds(); !slices.Equal(got, []string{"destroy function", "destroy function"}) {
			t.Errorf("it did %v", got)
		}
	})
}

func TestForeignStopsBeforeAnyChange(t *testing.T) {
	var d diary
	fakes, pages := walk(&d, provision.Absent, ok)
	fakes["url"].before, fakes["alarm"].before = provision.Foreign, provision.Foreign
	err := run(t, pages, provision.Options{Goal: provision.Up})
	var foreign *provision.ForeignError
	if !errors.As(err, &foreign) || foreign.Step != "url" || foreign.Resource != "Todo-url" || foreign.Owner != "somebody" {
		t.Errorf("the error is %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "Todo-alarm") {
		t.Errorf("the second one is not named: %v", err)
	}
	if got := d.deeds(); len(got) > 0 {
		t.Errorf("it did %v", got)
	}
}

func TestDownKeepsWhatIsForeign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.OK, absent)
		fakes["role"].before = provision.Foreign
		kept := ""
		err := run(t, pages, provision.Options{Goal: provision.Down, On: func(e provision.Event) {
			if e.Stage == provision.Kept {
				kept = e.Change.Name() + " " + e.Seen.Owner
			}
		}})
		if err != nil || kept != "role somebody" || slices.Contains(d.deeds(), "destroy role") {
			t.Errorf("error %v, kept %q, did %v", err, kept, d.deeds())
		}
	})
}

func TestADeclinedStepTakesAlongWhatNeedsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		_, pages := walk(&d, provision.Absent, ok)
		var asked, skipped []string
		err := run(t, pages, provision.Options{
			Goal: provision.Up,
			Ask: func(_ context.Context, c provision.Change) (provision.Answer, error) {
				asked = append(asked, c.Name())
				return provision.Answer{Yes: c.Name() != "role"}, nil
			},
			On: func(e provision.Event) {
				if e.Stage != provision.Skipped {
					return
				}
				line := e.Change.Name()
				var need *provision.NeedError
				if errors.As(e.Err, &need) {
					line += " for " + need.Need
				}
				skipped = append(skipped, line)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(asked, " "); got != "table role alarm" {
			t.Errorf("it asked about %s", got)
		}
		slices.Sort(skipped)
		if got := strings.Join(skipped, ", "); got != "function for role, role, test for url, url for function" {
			t.Errorf("it skipped %s", got)
		}
		deeds := d.deeds()
		slices.Sort(deeds)
		if !slices.Equal(deeds, []string{"apply alarm", "apply table"}) {
			t.Errorf("it did %v", deeds)
		}
	})
}

func TestTheTableIsMadeWhileTheNextPageIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		_, pages := walk(&d, provision.Absent, ok)
		err := run(t, pages, provision.Options{Goal: provision.Up, Ask: func(ctx context.Context, c provision.Change) (provision.Answer, error) {
			if c.Name() == "role" {
				if err := bubble.Sleep(ctx, time.Hour); err != nil {
					return provision.Answer{}, err
				}
				if !slices.Contains(d.deeds(), "apply table") {
					t.Error("the table waits for the role's answer")
				}
			}
			return provision.Answer{Yes: true}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A setting that is changed on the URL's page makes the URL anew and what comes
// after it. What was let go before stays as it was asked about.
func TestAChangedSettingReplacesTheStepAndThoseAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var before, after diary
		_, pages := walk(&before, provision.Absent, ok)
		others, anew := walk(&after, provision.Absent, ok)
		others["test"].before = provision.OK // with the new setting, nothing is left to do there
		var asked []string
		err := run(t, pages, provision.Options{Goal: provision.Up, Parallel: 1, Ask: func(_ context.Context, c provision.Change) (provision.Answer, error) {
			asked = append(asked, c.Name())
			if c.Name() == "url" {
				return provision.Answer{Yes: true, Anew: anew}, nil
			}
			return provision.Answer{Yes: true}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(asked, " "); got != "table role function url alarm" {
			t.Errorf("it asked about %s", got)
		}
		if got := before.deeds(); !slices.Equal(got, []string{"apply table", "apply role", "apply function"}) {
			t.Errorf("of the first pages it did %v", got)
		}
		if got := after.deeds(); !slices.Equal(got, []string{"apply url", "apply alarm"}) {
			t.Errorf("of the new pages it did %v", got)
		}
		if lines := after.text(); !strings.Contains(lines, "look alarm\n") || strings.Index(lines, "look alarm") > strings.Index(lines, "apply alarm") {
			t.Errorf("a new page is asked about before it was looked at:\n%s", lines)
		}
	})
}

func TestWhatTheNewSettingFindsForeignStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var before, after diary
		_, pages := walk(&before, provision.Absent, ok)
		others, anew := walk(&after, provision.Absent, ok)
		others["alarm"].before = provision.Foreign
		err := run(t, pages, provision.Options{Goal: provision.Up, Parallel: 1, Ask: func(_ context.Context, c provision.Change) (provision.Answer, error) {
			if c.Name() == "function" {
				return provision.Answer{Yes: true, Anew: anew}, nil
			}
			return provision.Answer{Yes: true}, nil
		}})
		if foreign, is := errors.AsType[*provision.ForeignError](err); !is || foreign.Step != "alarm" {
			t.Errorf("error %v", err)
		}
		if slices.Contains(after.deeds(), "apply alarm") {
			t.Errorf("it did %v", after.deeds())
		}
	})
}

func TestAnErrorOfAskStopsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		_, pages := walk(&d, provision.Absent, ok)
		closed := errors.New("the terminal is gone")
		err := run(t, pages, provision.Options{Goal: provision.Up, Ask: func(_ context.Context, c provision.Change) (provision.Answer, error) {
			if c.Name() == "table" {
				return provision.Answer{Yes: true}, nil
			}
			return provision.Answer{}, closed
		}})
		if !errors.Is(err, closed) || slices.Contains(d.deeds(), "apply role") {
			t.Errorf("error %v after %v", err, d.deeds())
		}
	})
}

func TestSkipLeavesAStepAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.Absent, ok)
		pages[1].Skip = true // role
		err := run(t, pages, provision.Options{Goal: provision.Up})
		var need *provision.NeedError
		if !errors.As(err, &need) || need.Step != "function" || need.Need != "role" {
			t.Errorf("without its role the function gives %v", err)
		}
		if got := d.deeds(); len(got) > 0 {
			t.Errorf("before it said so, it did %v", got)
		}
		fakes["role"].before = provision.Foreign // somebody's own: good enough to be used
		if err := run(t, pages, provision.Options{Goal: provision.Up}); err != nil {
			t.Fatal(err)
		}
		if got := d.deeds(); slices.Contains(got, "apply role") || !slices.Contains(got, "apply url") {
			t.Errorf("it did %v", got)
		}
	})
}

// The URL answered before its function was changed, which proves nothing after.
func TestWhatWasFineIsLookedAtAgainWhenWhatItNeedsHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		fakes, pages := walk(&d, provision.OK, ok)
		fakes["function"].before = provision.Drift
		if err := run(t, pages, provision.Options{Goal: provision.Up, Parallel: 1}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(d.deeds(), ", "); got != "apply function" {
			t.Errorf("up did %s", got)
		}
		looks := strings.Count(d.text(), "look test")
		if looks != 2 || strings.Count(d.text(), "look role") != 1 {
			t.Errorf("it looked:\n%s", d.text())
		}
	})
}
