package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"todoctl/local"
)

// A pairing is two todoctls that meet, and what must come of it. DIR in a line
// is the rehearsal's folder.
type pairing struct {
	name   string
	before []string // commands that have ended before
	older  bool     // they were an earlier todoctl's
	a, b   []string
	exits  [2][]int                     // that a and b may have
	judge  func(s *stage)               // looks at what both have left; nil: nothing but the rest matters
	after  func(s *stage, clean string) // nil: another up makes it whole, another down takes it away
}

// promise is the one that a pairing is a case of.
func (p pairing) promise() string {
	if strings.HasPrefix(p.name, "up and up") {
		return "T10"
	}
	return "T11"
}

// begin is where the two meet.
func (p pairing) begin(t *testing.T, lags local.Lags) beginning {
	t.Helper()
	if p.before == nil {
		return beginning{lags: lags}
	}
	return begin(t, lags, func(r *rehearsal) {
		for _, line := range p.before {
			r.wantExit(r.run(line), exitDone)
		}
		if p.older {
			r.account().older()
		}
	})
}

// meet plays one schedule of a pairing and holds the outcome to the promise.
func (p pairing) meet(r *rehearsal, clean string, plan schedule, parallel string, whole bool) {
	r.Helper()
	ready := func(lines []string) (out []string) {
		for _, line := range lines {
			out = append(out, strings.ReplaceAll(line, "DIR", r.dir)+parallel)
		}
		return out
	}
	before := len(r.tasks())
	s := r.playTwo(plan, ready(p.a), ready(p.b))
	defer func() {
		if r.Failed() {
			r.Logf("the calls:\n%s", strings.Join(s.log, "\n"))
			for _, a := range s.actors {
				for _, end := range a.endings {
					r.Logf("%s exits %d after %s:\n%s%s", a.name, end.exit, end.took, end.out, end.err)
				}
			}
		}
	}()
	tests := 0
	for i, a := range s.actors {
		for _, end := range a.endings {
			tests += strings.Count(strings.Join(end.calls, "\n"), "POST /")
			r.wantPlain(end)
			if !slices.Contains(p.exits[i], end.exit) {
				r.Errorf("%s exits %d, not %v", a.name, end.exit, p.exits[i])
			}
		}
	}
	if tasks := r.tasks(); len(tasks) > before+tests {
		r.Errorf("there were %d items, %d were asked for, and the table holds %q", before, tests, tasks)
	}
	if p.judge != nil {
		p.judge(s)
	}
	r.flapped()
	switch {
	case r.Failed():
	case p.after != nil:
		p.after(s, clean)
	case whole:
		r.wantExit(r.run(upLine), exitDone)
		r.wantSame(clean)
	default:
		r.wantExit(r.run(downLine), exitDone)
		r.wantNothing()
	}
}

// wantPlain checks that a run tells what went wrong in words, with a way on.
func (r *rehearsal) wantPlain(end ending) {
	r.Helper()
	kept := end.exit == exitForeign && strings.Contains(end.err, "what it did not make was kept")
	if end.exit != exitDone && end.exit != exitDiffers && !kept && !strings.Contains(end.err, "try: ") {
		r.Errorf("it does not say how to go on:\n%s", end.err)
	}
	if raw := rawWords(end.err); raw != nil {
		r.Errorf("it shows the SDK's own words (%q):\n%s", raw, end.err)
	}
	if end.took > 15*time.Minute {
		r.Errorf("it took %s", end.took)
	}
}

// rawWords are those of the SDK or the runtime in what a person reads.
func rawWords(said string) (raw []string) {
	for _, word := range []string{"operation error", "https response error", "RequestID", "goroutine ", "smithy", "<html", "0x"} {
		if strings.Contains(said, word) {
			raw = append(raw, word)
		}
	}
	return raw
}

const otherRegion = " --region eu-west-1" // the same stack there is another owner

var (
	ends        = []int{exitDone}
	endsOrFails = []int{exitDone, exitFailed}
)

var pairings = []pairing{
	{name: "up and up", a: []string{upLine}, b: []string{upLine}, exits: [2][]int{ends, ends}},
	{name: "up and up of a finished stack", before: []string{upLine}, a: []string{upLine}, b: []string{upLine}, exits: [2][]int{ends, ends}},
	{
		name: "up and up with another limit", a: []string{upLine + " --limit 3"}, b: []string{upLine + " --limit 5"}, exits: [2][]int{endsOrFails, endsOrFails},
		after: func(s *stage, clean string) {
			s.wantExit(s.run(upLine+" --limit 1"), exitDone)
			s.wantSame(clean)
		},
	},
	{
		name: "up and up with another policy", before: []string{upLine}, a: []string{upLine + " --policy tutorial"}, b: []string{upLine + " --policy least"}, exits: [2][]int{endsOrFails, endsOrFails},
		after: func(s *stage, clean string) {
			s.wantExit(s.run(upLine+" --policy least"), exitDone)
			s.wantSame(clean)
		},
	},
	{
		name: "up and up with another runtime", before: []string{upLine}, a: []string{upLine + " --runtime nodejs24.x"}, b: []string{upLine + " --runtime python3.13"}, exits: [2][]int{endsOrFails, endsOrFails},
		after: func(s *stage, clean string) {
			s.wantExit(s.run(upLine+" --runtime python3.12"), exitDone)
			s.wantSame(clean)
		},
	},
	{name: "up and up of a newer todoctl", before: []string{upLine}, older: true, a: []string{upLine}, b: []string{upLine}, exits: [2][]int{ends, ends}},
	{name: "up of a newer todoctl and down", before: []string{upLine}, older: true, a: []string{upLine}, b: []string{downLine}, exits: [2][]int{endsOrFails, endsOrFails}},
	{name: "up and up in another Region", a: []string{upLine}, b: []string{upLine + otherRegion}, exits: [2][]int{{exitDone, exitForeign}, {exitDone, exitForeign}}, after: oneOwner},
	{name: "up and down", before: []string{upLine}, a: []string{upLine}, b: []string{downLine}, exits: [2][]int{endsOrFails, endsOrFails}},
	{name: "up and down of nothing", a: []string{upLine}, b: []string{downLine}, exits: [2][]int{endsOrFails, endsOrFails}},
	{
		name: "up and down with a backup", before: []string{upLine}, a: []string{upLine}, b: []string{"down --yes --backup DIR/saved.jsonl"}, exits: [2][]int{endsOrFails, endsOrFails},
		judge: func(s *stage) {
			saved, _ := os.ReadFile(filepath.Join(s.dir, "saved.jsonl"))
			if !strings.Contains(string(saved), "Buy groceries") && len(s.tasks()) == 0 {
				s.Error("the item is neither in the table nor in the backup")
			}
		},
	},
	{
		name: "up and down that may not delete items", before: []string{upLine}, a: []string{upLine}, b: []string{"down --yes"}, exits: [2][]int{ends, {exitUsage}},
		judge: func(s *stage) {
			if w := s.actors[1].writes; len(w) > 0 {
				s.Errorf("down has written: %v", w)
			}
		},
	},
	{name: "down and down", before: []string{upLine}, a: []string{downLine}, b: []string{downLine}, exits: [2][]int{ends, ends}},
	{
		name: "down, and down and up in another Region", before: []string{upLine}, a: []string{downLine}, b: []string{downLine, upLine + otherRegion},
		exits: [2][]int{{exitDone, exitFailed, exitForeign}, {exitDone, exitFailed, exitForeign}},
		after: func(s *stage, _ string) {
			if ends := s.actors[1].endings; ends[1].exit == exitDone && !overtakenInTheLook(s.log) {
				s.wantExit(s.run(statusLine+otherRegion), exitDone)
			}
		},
	},
	{name: "status and up", a: []string{statusLine}, b: []string{upLine}, exits: [2][]int{{exitDone, exitDiffers}, ends}, judge: writesNothing},
	{name: "status and down", before: []string{upLine}, a: []string{statusLine}, b: []string{downLine}, exits: [2][]int{{exitDone, exitDiffers}, ends}, judge: writesNothing},
}

// overtakenInTheLook says that all of b came between a's last look at a resource
// and a's deletion of it. AWS has no "delete if it is mine", so that this cannot
// end well is not promised against; what came before the look is.
func overtakenInTheLook(log []string) bool {
	const longestLook = 7 // calls, of the alarm
	for i := len(log) - 1; i > 0; i-- {
		if !strings.HasPrefix(log[i-1], "b ") || strings.HasPrefix(log[i], "b ") {
			continue
		}
		for _, call := range log[i:min(i+longestLook, len(log))] {
			if strings.HasPrefix(call, "a Delete") || strings.HasPrefix(call, "a Remove") {
				return true
			}
		}
	}
	return false
}

func writesNothing(s *stage) {
	if w := s.actors[0].writes; len(w) > 0 {
		s.Errorf("status has written: %v", w)
	}
}

// oneOwner checks that one of two owners has won, that it has everything, and
// that the other one can take its own away.
func oneOwner(s *stage, clean string) {
	won, lost := 0, 1
	if s.actors[0].endings[0].exit != exitDone {
		won, lost = 1, 0
	}
	lines := [2]string{"", otherRegion}
	if s.actors[won].endings[0].exit != exitDone || s.actors[lost].endings[0].exit != exitForeign {
		s.Error("not exactly one has won")
		return
	}
	s.wantExit(s.run(statusLine+lines[won]), exitDone)
	s.wantExit(s.run(downLine+lines[lost]), exitForeign)
	s.wantExit(s.run(statusLine+lines[won]), exitDone)
	if won == 0 {
		s.wantSame(clean)
	}
	s.wantExit(s.run(downLine+lines[won]), exitDone)
	s.wantNothing()
}

// T10, T11. Whoever comes when, one set of resources is there afterwards, or
// none: with one switch between the two, at every call of either.
func TestTwoAtOnceWithOneSwitch(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			cases, from := 0, p.begin(t, local.Lags{})
			for first := range 2 {
				step := sample(97)
				for k, more := spread(fmt.Sprint(t.Name(), first), min(step, 35)), true; more; k += step { // no run has fewer calls
					more = false
					t.Run(fmt.Sprintf("%d calls of %c", k, "ab"[first]), func(t *testing.T) {
						from.rehearse(t, func(r *rehearsal) {
							p.meet(r, clean, oneSwitch(first, k, &more), " --parallel 1", k%2 == 0)
						})
					})
					if more {
						cases++
					}
				}
			}
			promise(t, p.promise(), cases)
		})
	}
}

// Two switches: some calls of one, some of the other, and the first to its end
// before the second goes on.
func TestTwoAtOnceWithTwoSwitches(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	step := 131 // of both numbers: all pairs of calls are some 5,000 of each pairing
	switch {
	case pairs:
		step = 1
	case full:
		step = 13
	case raced:
		step = 211
	}
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			cases, from := 0, p.begin(t, local.Lags{})
			for first := range 2 {
				for k, more := 1+spread(fmt.Sprint(t.Name(), first), min(step, 30)), true; more; k += step {
					more = false
					for l, further := 1+spread(fmt.Sprint(t.Name(), first, k), min(step, 12)), true; further; l += step {
						further = false
						t.Run(fmt.Sprintf("%d calls of %c and %d", k, "ab"[first], l), func(t *testing.T) {
							from.rehearse(t, func(r *rehearsal) {
								p.meet(r, clean, twoSwitches(first, k, l, &further), " --parallel 1", (k+l)%2 == 0)
							})
						})
						if further {
							more = true
							cases++
						}
					}
				}
			}
			promise(t, p.promise(), cases)
		})
	}
}

// Any order at all, drawn from seeds, with steps at work at once, with the waits of
// a real day, and with reads that flap. To play one again: -run 'AnyOrder/.*seed_17'.
func TestTwoAtOnceInAnyOrder(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	for i, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			flapping := local.ShortLags
			flapping.Replica = 5 * time.Second
			cases, from := 0, []beginning{p.begin(t, local.Lags{}), p.begin(t, local.ShortLags), p.begin(t, flapping)}
			for seed := uint64(i); seed < seeds(); seed += uint64(len(pairings)) {
				round := seed/uint64(len(pairings)) + uint64(i) // what differs from one seed of a pairing to the next
				parallel := [2]string{"", " --parallel 1"}[round%2]
				t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
					from[round/2%3].rehearse(t, func(r *rehearsal) {
						p.meet(r, clean, seeded(seed), parallel, round/6%2 == 0)
					})
				})
				cases++
			}
			promise(t, p.promise(), cases)
		})
	}
}

// seeds is how many there are: one for each pairing at least.
func seeds() uint64 {
	each := uint64(2)
	switch {
	case pairs:
		each = 625 // 10,000 in all
	case full:
		each = 80
	case raced:
		each = 1
	}
	return each * uint64(len(pairings))
}
