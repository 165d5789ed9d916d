package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// watch runs todoctl with a screen as its stderr: a terminal of TERM xterm,
// unless the environment says otherwise.
func (r *rehearsal) watch(s *screen, env map[string]string, network http.RoundTripper, args string) (exit int) {
	r.Helper()
	r.start()
	app := r.app(network, append(strings.Fields(args), "--local")...)
	app.Err = s
	if env["PIPE"] == "" {
		app.ErrTerminal, app.Size = true, s.size
		app.Width, _ = s.size()
	}
	app.Getenv = func(name string) string { return env[name] }
	return Main(r.Context(), app)
}

var (
	xterm   = map[string]string{"TERM": "xterm"}
	plainly = map[string]string{"TERM": "xterm", "NO_COLOR": "1"}
	undrawn = []map[string]string{{"PIPE": "1"}, {"TERM": "dumb"}, {}, {"TERM": "xterm", "ACCESSIBLE": "1"}, {"TERM": "xterm", "CI": "true"}}
)

const awsUp = `
✓ table     created TodoTable (6 s)
✓ role      created LambdaTodoRole
✓ function  created TodoHandler (10 s)
✓ url       created the Function URL of TodoHandler
✓ test      the API answers (1 s)
✓ alarm     created TodoBillingAlarm
! alarm     local: no mail is sent and the alarm does not ring
`

func TestEachLineOfTheBlockSaysWhatItsStepWaitsFor(t *testing.T) {
	rehearse(t, local.AWSLags, func(r *rehearsal) {
		s := newScreen(r.T, 80, 24)
		if exit := r.watch(s, plainly, r, "up --yes"); exit != exitDone {
			t.Fatalf("exit %d:\n%s", exit, s.last())
		}
		for _, moment := range [][]string{
			{
				"… table     DynamoDB is making the table, usually 5-10 s: 4 s",
				"✓ role      created LambdaTodoRole",
				"… function  IAM is copying the new role to Lambda, usually 5-15 s: 4 s",
				"· url       waits for the function",
				"· test      waits for the table",
				"✓ alarm     created TodoBillingAlarm",
			},
			{
				"✓ table     created TodoTable (6 s)",
				"… function  IAM is copying the new role to Lambda, usually 5-15 s: 7 s",
				"· test      waits for the url",
			},
			{"… function  Lambda is preparing the function, usually 2-5 s: 1 s"},
			{"… test      the URL answers 403 until its policy spreads, usually 1-20 s"},
		} {
			if !s.once(moment...) {
				t.Errorf("these never stood there together:\n%s", strings.Join(moment, "\n"))
			}
		}
		if !strings.Contains(s.last(), awsUp) {
			t.Errorf("in the end there stands:\n%s", s.last())
		}
		if s.colours {
			t.Error("NO_COLOR, and it has colours")
		}
	})
}

func TestDownIsDrawnInPlaceToo(t *testing.T) {
	rehearse(t, local.AWSLags, func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		s := newScreen(r.T, 80, 24)
		if exit := r.watch(s, plainly, r, "down --yes --discard-data"); exit != exitDone {
			t.Fatalf("exit %d:\n%s", exit, s.last())
		}
		if !s.once("… table     DynamoDB is deleting the table and its items: 2 s") {
			t.Error("it never said that the table is being deleted")
		}
		const want = `
✓ alarm     deleted TodoBillingAlarm
! alarm     an e-mail subscription that nobody confirmed cannot be removed by
            hand; AWS forgets it within 48 hours
✓ url       deleted the Function URL of TodoHandler
✓ function  deleted TodoHandler
✓ role      deleted LambdaTodoRole
✓ table     deleted TodoTable (3 s)

Looked at every name and every tag: 0 left.`
		if !strings.Contains(s.last(), want) {
			t.Errorf("in the end there stands:\n%s", s.last())
		}
	})
}

// A block that is wider or higher than the terminal would leave pieces of itself
// behind, and each of its lines is there once in the end.
func TestTheBlockFitsTheTerminalWhateverItsSize(t *testing.T) {
	for name, sizes := range map[string][][2]int{
		"60 columns":      {{60, 24}},
		"40 by 8":         {{40, 8}},
		"30 by 4":         {{30, 4}},
		"smaller, larger": {{80, 24}, {50, 10}, {30, 6}, {100, 40}},
	} {
		t.Run(name, func(t *testing.T) {
			rehearse(t, local.AWSLags, func(r *rehearsal) {
				s := newScreen(r.T, sizes[0][0], sizes[0][1])
				for i, size := range sizes[1:] {
					defer time.AfterFunc(time.Duration(i+1)*2100*time.Millisecond, func() { s.resize(size[0], size[1]) }).Stop()
				}
				if exit := r.watch(s, plainly, r, "up --yes"); exit != exitDone {
					t.Fatalf("exit %d:\n%s", exit, s.last())
				}
				drawn := false
				for _, v := range s.views {
					if !strings.Contains(v.text, "… table ") {
						continue
					}
					drawn = true
					if v.wrapped {
						t.Errorf("a line of the block is too wide:\n%s", v.text)
					}
					if n := strings.Count(v.text, "… table "); n != 1 {
						t.Errorf("the table's line is there %d times:\n%s", n, v.text)
					}
				}
				if !drawn {
					t.Errorf("nothing was drawn:\n%s", s.last())
				}
				for _, step := range provision.Names() {
					if n := strings.Count(s.last(), "\n✓ "+step+" "); n != 1 {
						t.Errorf("in the end the %s is there %d times:\n%s", step, n, s.last())
					}
				}
				if strings.Contains(s.last(), "… ") {
					t.Errorf("something of the block is left:\n%s", s.last())
				}
			})
		})
	}
}

func TestWhereNothingCanBeDrawnEachChangeIsOneLine(t *testing.T) {
	for _, env := range undrawn {
		rehearse(t, local.AWSLags, func(r *rehearsal) {
			s := newScreen(r.T, 80, 24)
			if exit := r.watch(s, env, r, "up --yes"); exit != exitDone {
				t.Fatalf("exit %d:\n%s", exit, s.last())
			}
			if s.moved {
				t.Errorf("%v: it moves the cursor", env)
			}
			text := s.last()
			for _, want := range []string{
				"table DynamoDB is making the table, usually 5-10 s\n",
				"function IAM is copying the new role to Lambda, usually 5-15 s\n",
				"function Lambda is preparing the function, usually 2-5 s\n",
				"test the URL answers 403 until its policy spreads, usually 1-20 s\n",
			} {
				if n := strings.Count(rowBegins.ReplaceAllString(text, "$1 "), want); n != 1 {
					t.Errorf("%v: it says %d times %q:\n%s", env, n, want, text)
				}
			}
		})
	}
}

// rowBegins is how a step's line begins, in a column or read aloud.
var rowBegins = regexp.MustCompile(`(?m)^(?:\S+ +)??([a-z]+):? +`)

// slowly is an AWS on a bad day.
var slowly = local.Lags{TableCreate: 95 * time.Second, RoleAssume: 50 * time.Second, URLPolicy: 45 * time.Second, TableDelete: 100 * time.Second}

func TestNoRunIsSilentForLong(t *testing.T) {
	for _, place := range []struct {
		env     map[string]string
		longest time.Duration
		beats   []string
	}{
		{xterm, 2 * time.Second, nil}, // its seconds count
		{map[string]string{"TERM": "dumb"}, quietTerminal, []string{"10 s", "20 s", "1 min 30 s"}},
		{map[string]string{"TERM": "xterm", "ACCESSIBLE": "1"}, quietTerminal, []string{"10 s", "1 min 30 s"}},
		{map[string]string{"PIPE": "1"}, quietElsewhere, []string{"30 s", "1 min 0 s", "1 min 30 s"}},
		{map[string]string{"TERM": "xterm", "CI": "true"}, quietElsewhere, []string{"30 s", "1 min 0 s", "1 min 30 s"}},
	} {
		rehearse(t, slowly, func(r *rehearsal) {
			for _, line := range []string{"up --yes", "down --yes --discard-data"} {
				s, begin := newScreen(r.T, 80, 24), time.Now()
				if exit := r.watch(s, place.env, r, line); exit != exitDone {
					t.Fatalf("exit %d:\n%s", exit, s.last())
				}
				if got := s.silence(begin, time.Now()); got > place.longest {
					t.Errorf("%v: %s was silent for %s:\n%s", place.env, line, got, s.last())
				}
				if line != "up --yes" {
					continue
				}
				for _, beat := range place.beats {
					want := "table still at work: DynamoDB is making the table, usually 5-10 s (" + beat + ")"
					if said := strings.Join(strings.Fields(rowBegins.ReplaceAllString(s.last(), "$1 ")), " "); strings.Count(said, want) != 1 {
						t.Errorf("%v: it does not say once %q:\n%s", place.env, want, s.last())
					}
				}
			}
		})
	}
}

// A call that gets no answer is work too, before there is any step to tell of.
func TestALookThatTakesLongIsTold(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		s := newScreen(r.T, 80, 24)
		if exit := r.watch(s, plainly, slowNetwork{r, 3 * time.Second}, "status"); exit != exitDone {
			t.Fatalf("exit %d:\n%s", exit, s.last())
		}
		if !s.once("… asking AWS who you are: 2 s") && !s.once("… starting the local AWS: 2 s") {
			t.Error("it is silent while it connects")
		}
		if !s.once("… looking at what exists, what is used, and what it costs: 2 s") {
			t.Error("it is silent while it looks")
		}
		if s.last() != "" {
			t.Errorf("something of it is left:\n%s", s.last())
		}
	})
}

// A slowNetwork takes its time for every answer.
type slowNetwork struct {
	next http.RoundTripper
	lag  time.Duration
}

func (n slowNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := sleep(r.Context(), n.lag); err != nil {
		return nil, err
	}
	return n.next.RoundTrip(r)
}

func TestABackupAndARestoreCountTheirItems(t *testing.T) {
	t.Parallel()
	items := notes(160, 20_000) // four pages, seven batches
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run("table --yes"), exitDone)
		r.fill(items)
		file := filepath.Join(r.dir, "items.jsonl")
		s := newScreen(r.T, 100, 24)
		if exit := r.watch(s, plainly, &crowded{RoundTripper: r, every: 3 * time.Minute}, "down --yes --backup "+file); exit != exitDone {
			t.Fatalf("exit %d:\n%s", exit, s.last())
		}
		if !s.someLine("… counting the items, ", " so far", "used up its 5 reads or 5 writes a second") || !s.someLine("… saving the items, and reading them back, ", " so far") {
			t.Errorf("it does not say how far it has come; in the end there stands:\n%s", s.last())
		}
		r.wantExit(r.run("table --yes"), exitDone)
		s = newScreen(r.T, 80, 24)
		if exit := r.watch(s, map[string]string{"PIPE": "1"}, &crowded{RoundTripper: r, every: 40 * time.Second}, "restore --yes "+file); exit != exitDone {
			t.Fatalf("exit %d:\n%s", exit, s.last())
		}
		if !s.someLine(".. still at work: writing 160 items, ", " so far") && !s.someLine("… still at work: writing 160 items, ", " so far") {
			t.Errorf("it does not say how far it has come:\n%s", s.last())
		}
	})
}

// someLine says whether there was ever a line with all these parts, in order.
func (s *screen) someLine(parts ...string) bool {
	for _, v := range s.views {
	lines:
		for _, line := range strings.Split(v.text, "\n") {
			for _, part := range parts {
				_, after, is := strings.Cut(line, part)
				if !is {
					continue lines
				}
				line = after
			}
			return true
		}
	}
	return false
}

// While a question is open the terminal is its own, and afterwards the lines are
// up to date.
func TestNothingIsDrawnWhileAQuestionIsOpen(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		s, v, tell := onScreen(r.T)
		tell(0, provision.Started, 0)
		tell(0, provision.Waiting, 0)
		time.Sleep(1600 * time.Millisecond) // virtual, as all that follow
		if !s.once("… table     AWS is at work: 1 s", "· role      waits for the table") {
			t.Errorf("before the question there stands:\n%s", s.last())
		}
		v.hold()
		if text := s.last(); text != "" {
			t.Errorf("the question finds on the screen:\n%s", text)
		}
		before := len(s.views)
		tell(1, provision.Started, 0)
		tell(0, provision.Settled, 6*time.Second)
		v.line("a line that waits")
		time.Sleep(time.Minute)
		if n := len(s.views) - before; n != 0 {
			t.Errorf("%d times something was drawn while a question was open", n)
		}
		v.release()
		time.Sleep(1600 * time.Millisecond)
		if want := []string{"a line that waits", "✓ table     created TodoTable (6 s)", "… role      creating LambdaTodoRole: 1 min 1 s"}; !s.once(want...) {
			t.Errorf("after the question there stands:\n%s", s.last())
		}
		v.hold()
		if want := "✓ table     created TodoTable (6 s)"; !strings.HasSuffix(s.last(), want) {
			t.Errorf("the next question finds on the screen:\n%s", s.last())
		}
		v.release()
		v.Ran()
		if want := "✓ table     created TodoTable (6 s)\n\n… role      not finished: creating LambdaTodoRole"; !strings.HasSuffix(s.last(), want) {
			t.Errorf("in the end there stands:\n%s", s.last())
		}
	})
}

// onScreen begins a run of all six steps on a screen; tell is its events.
func onScreen(t *testing.T) (s *screen, v *words, tell func(step int, stage provision.Stage, elapsed time.Duration)) {
	s = newScreen(t, 80, 24)
	v = &words{w: s, width: 80, size: s.size, clock: provision.Clock{Now: time.Now, Sleep: sleep}}
	var plan []provision.Change
	for _, page := range provision.Steps(provision.Config{Stack: "Todo"}, provision.Clients{}) {
		plan = append(plan, provision.Change{Page: page, Action: provision.Create})
	}
	v.Run(plan, provision.Up)
	return s, v, func(step int, stage provision.Stage, elapsed time.Duration) {
		v.Event(provision.Event{Stage: stage, Change: plan[step], Elapsed: elapsed, Wait: provision.Wait{What: "AWS is at work"}})
	}
}

// A run that is told to stop says so, and then leaves the screen alone: the next
// Ctrl-C may clear it at any moment.
func TestAStoppedRunDrawsNothingByItself(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		s, v, tell := onScreen(r.T)
		v.line("above it")
		tell(0, provision.Started, 0)
		v.stop()
		if want := "Stopping: calls under way are finished first. Ctrl-C again ends at once."; !s.once("… table     creating TodoTable", want) {
			t.Errorf("there stands:\n%s", s.last())
		}
		before := len(s.views)
		time.Sleep(15 * time.Second) // virtual
		if n := len(s.views) - before; n != 0 {
			t.Errorf("it has drawn %d times", n)
		}
		if _, err := s.Write([]byte(showCursor)); err != nil {
			t.Fatal(err)
		}
		if s.last() != "above it" {
			t.Errorf("leaving at once leaves:\n%s", s.last())
		}
		v.Ran()
	})
}

// The context's end is heard beside the run, and may be heard after it.
func TestAStopThatIsHeardLateDrawsNothing(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		s, v, tell := onScreen(r.T)
		tell(0, provision.Started, 0)
		v.Ran()
		v.stop()
		v.line("error: stopped")
		if !strings.HasSuffix(s.last(), "error: stopped") {
			t.Errorf("there stands:\n%s", s.last())
		}
	})
}
