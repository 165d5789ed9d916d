package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"todoctl/local"
)

// A stage is where two todoctls work at the same time, each on a machine of its
// own: they share an AWS account and nothing else. Every call of either is held
// until its turn comes, so that a schedule is one order of all calls, and the
// same schedule is the same order every time.
type stage struct {
	*rehearsal
	actors [2]*actor
	seen   int      // calls of the local AWS that are in the log
	log    []string // "a CreateTable", in the order in which they arrived
}

// An actor is one of the two, with the commands that it runs one after another.
type actor struct {
	name    string
	stage   *stage
	endings []ending
	writes  []string // operations of its writes

	mu      sync.Mutex
	held    []*turn
	over    bool
	stopped bool          // it has asked its local AWS to stop
	news    chan struct{} // something has come to be held, or it is over
}

// A turn is a call that waits to be let through.
type turn struct {
	text string // what is asked, to tell calls of one moment apart
	let  chan struct{}
}

// playTwo runs two todoctls to their ends, in the order that a schedule says.
func (r *rehearsal) playTwo(plan schedule, first, second []string) *stage {
	r.Helper()
	s := &stage{rehearsal: r, seen: len(r.cloud.Calls())}
	for i, lines := range [][]string{first, second} {
		s.actors[i] = s.enter(string("ab"[i]), lines)
	}
	plan(s)
	for _, a := range s.actors {
		s.toEnd(a)
	}
	synctest.Wait()
	return s
}

// enter starts one of the two. It stops at its first call.
func (s *stage) enter(name string, lines []string) *actor {
	a := &actor{name: name, stage: s, news: make(chan struct{}, 1)}
	dir := filepath.Join(s.dir, "machine "+name)
	record, err := os.ReadFile(s.app(nil).localRecord())
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Join(dir, "local"), 0o700),
			os.WriteFile(filepath.Join(dir, "local", "server.json"), record, 0o600))
	}
	if err != nil {
		s.Fatal(err)
	}
	go func() {
		for _, line := range lines {
			network := s.networkOver(a)
			app := s.app(network, append(strings.Fields(line), "--local")...)
			app.StateDir = dir
			began := time.Now()
			a.setStopped(false)
			exit := Main(s.Context(), app)
			a.endings = append(a.endings, ending{
				exit: exit, out: app.Out.(*bytes.Buffer).String(), err: app.Err.(*bytes.Buffer).String(),
				calls: network.Calls(), took: time.Since(began),
			})
		}
		a.mu.Lock()
		a.over = true
		a.mu.Unlock()
		a.tell()
	}()
	return a
}

// RoundTrip holds a call until its turn comes or its caller gives it up.
func (a *actor) RoundTrip(r *http.Request) (*http.Response, error) {
	if what, own := strings.CutPrefix(r.URL.Path, controlPath); own {
		return a.control(r, what)
	}
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body) // it is in memory
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	t := &turn{text: r.Method + r.URL.String() + r.Header.Get("X-Amz-Target") + string(body), let: make(chan struct{})}
	a.mu.Lock()
	a.held = append(a.held, t)
	a.mu.Unlock()
	a.tell()
	select {
	case <-t.let:
		return a.stage.RoundTrip(r)
	case <-r.Context().Done():
		a.mu.Lock()
		a.held = slices.DeleteFunc(a.held, func(h *turn) bool { return h == t })
		a.mu.Unlock()
		return nil, r.Context().Err()
	}
}

// control is the local AWS's own side. The two have none in common: one that is
// stopped is stopped for its own machine.
func (a *actor) control(r *http.Request, what string) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if what == "stop" {
		a.stopped = true
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	}
	return a.stage.RoundTrip(r)
}

func (a *actor) setStopped(stopped bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = stopped
}

func (a *actor) tell() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// take picks one of the calls that wait. What waits at the same moment came in
// no order, so it is put into one.
func (a *actor) take(pick func(n int) int) (t *turn, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.held) == 0 {
		return nil, a.over
	}
	slices.SortFunc(a.held, func(x, y *turn) int { return strings.Compare(x.text, y.text) })
	i := pick(len(a.held))
	t = a.held[i]
	a.held = slices.Delete(a.held, i, i+1)
	return t, false
}

// let lets one call of a through, or waits until there is one. False means that
// a is over.
func (s *stage) let(a *actor, pick func(n int) int) bool {
	for {
		synctest.Wait()
		t, over := a.take(pick)
		if over {
			return false
		}
		if t == nil {
			<-a.news
			continue
		}
		close(t.let)
		synctest.Wait()
		calls := s.cloud.Calls()[s.seen:]
		s.seen += len(calls)
		for _, call := range calls {
			s.log = append(s.log, strings.TrimRight(fmt.Sprint(a.name, " ", call.Operation, " ", call.Code), " "))
			if call.Write {
				a.writes = append(a.writes, call.Operation)
			}
		}
		return true
	}
}

func inOrderOfText(int) int { return 0 }

func (s *stage) toEnd(a *actor) {
	for s.let(a, inOrderOfText) {
	}
}

// A schedule lets calls through. What it leaves undone runs to its end after it.
type schedule func(s *stage)

// oneSwitch is: k calls of one, then the other to its end. It notes in reached
// whether the first had so many calls.
func oneSwitch(first, k int, reached *bool) schedule {
	return func(s *stage) {
		for range k {
			if !s.let(s.actors[first], inOrderOfText) {
				return
			}
		}
		*reached = true
		s.toEnd(s.actors[1-first])
	}
}

// twoSwitches is: k calls of one, l of the other, and the first to its end.
func twoSwitches(first, k, l int, reached *bool) schedule {
	return func(s *stage) {
		for i, n := range []int{k, l} {
			for range n {
				if !s.let(s.actors[(first+i)%2], inOrderOfText) {
					return
				}
			}
		}
		*reached = true
		s.toEnd(s.actors[first])
	}
}

// seeded is a schedule drawn from a seed: spells of some calls of either.
func seeded(seed uint64) schedule {
	return func(s *stage) {
		draw := rand.New(rand.NewPCG(seed, 0))
		longest := 1 << draw.IntN(6)
		for {
			who := draw.IntN(2)
			for range 1 + draw.IntN(longest) {
				if !s.let(s.actors[who], draw.IntN) {
					return
				}
			}
		}
	}
}

// A pairing is two todoctls that meet, and what must come of it. DIR in a line
// is the rehearsal's folder.
type pairing struct {
	name   string
	before []string // commands that have ended before
	a, b   []string
	exits  [2][]int                     // that a and b may have
	judge  func(s *stage)               // looks at what both have left; nil: nothing but the rest matters
	after  func(s *stage, clean string) // nil: another up makes it whole, another down takes it away
}

// meet plays one schedule of a pairing and holds the outcome to the promise.
func (p pairing) meet(r *rehearsal, clean string, plan schedule, parallel string, whole bool) {
	r.Helper()
	for _, line := range p.before {
		r.wantExit(r.run(line), exitDone)
	}
	ready := func(lines []string) (out []string) {
		for _, line := range lines {
			out = append(out, strings.ReplaceAll(line, "DIR", r.dir)+parallel)
		}
		return out
	}
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
	for i, a := range s.actors {
		for _, end := range a.endings {
			r.wantPlain(end)
			if !slices.Contains(p.exits[i], end.exit) {
				r.Errorf("%s exits %d, not %v", a.name, end.exit, p.exits[i])
			}
		}
	}
	if p.judge != nil {
		p.judge(s)
	}
	switch {
	case r.Failed():
	case p.after != nil:
		p.after(s, clean)
	case whole:
		r.wantExit(r.run(upLine), exitDone)
		r.wantWhole(clean)
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
	for _, raw := range []string{"operation error", "https response error", "RequestID", "goroutine ", "smithy", "<html", "0x"} {
		if strings.Contains(end.err, raw) {
			r.Errorf("it shows the SDK's own words (%q):\n%s", raw, end.err)
		}
	}
	if end.took > 15*time.Minute {
		r.Errorf("it took %s", end.took)
	}
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
			s.wantWhole(clean)
		},
	},
	{
		name: "up and up with another policy", before: []string{upLine}, a: []string{upLine + " --policy tutorial"}, b: []string{upLine + " --policy least"}, exits: [2][]int{endsOrFails, endsOrFails},
		after: func(s *stage, clean string) {
			s.wantExit(s.run(upLine+" --policy least"), exitDone)
			s.wantWhole(clean)
		},
	},
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
			if ends := s.actors[1].endings; ends[1].exit == exitDone {
				s.wantExit(s.run(statusLine+otherRegion), exitDone)
			}
		},
	},
	{name: "status and up", a: []string{statusLine}, b: []string{upLine}, exits: [2][]int{{exitDone, exitDiffers}, ends}, judge: writesNothing},
	{name: "status and down", before: []string{upLine}, a: []string{statusLine}, b: []string{downLine}, exits: [2][]int{{exitDone, exitDiffers}, ends}, judge: writesNothing},
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
		s.wantWhole(clean)
	}
	s.wantExit(s.run(downLine+lines[won]), exitDone)
	s.wantNothing()
}

// T10, T11. Whoever comes when, one set of resources is there afterwards, or
// none: with one switch between the two, at every call of either.
func TestTwoAtOnceWithOneSwitch(t *testing.T) {
	clean, cases := cleanUp(t), 0
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			for first := range 2 {
				for k, more := first, true; more; k += sample(23) {
					more = false
					t.Run(fmt.Sprintf("%d calls of %c", k, "ab"[first]), func(t *testing.T) {
						rehearse(t, local.Lags{}, func(r *rehearsal) {
							p.meet(r, clean, oneSwitch(first, k, &more), " --parallel 1", k%2 == 0)
						})
					})
					if more {
						cases++
					}
				}
			}
		})
	}
	promise(t, "T10", cases)
}

// Two switches: some calls of one, some of the other, and the first to its end
// before the second goes on.
func TestTwoAtOnceWithTwoSwitches(t *testing.T) {
	clean, cases := cleanUp(t), 0
	step := 53 // of both numbers: all pairs of calls would be some 5,000 of each pairing
	if full {
		step = 13
	}
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			for first := range 2 {
				for k, more := 1+first, true; more; k += step {
					more = false
					for l, further := 1+k%step, true; further; l += step {
						further = false
						t.Run(fmt.Sprintf("%d calls of %c and %d", k, "ab"[first], l), func(t *testing.T) {
							rehearse(t, local.Lags{}, func(r *rehearsal) {
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
		})
	}
	promise(t, "T10", cases)
}

// Any order at all, drawn from seeds, with steps at work at once, and with the
// waits of a real day. To play one again: -run 'AnyOrder/.*seed_17'.
func TestTwoAtOnceInAnyOrder(t *testing.T) {
	clean, cases := cleanUp(t), 0
	for seed := range uint64(seeds()) {
		p := pairings[seed%uint64(len(pairings))]
		parallel := [2]string{"", " --parallel 1"}[seed/2%2]
		lags := [2]local.Lags{{}, local.ShortLags}[seed/4%2]
		t.Run(fmt.Sprintf("%s/seed %d", p.name, seed), func(t *testing.T) {
			rehearse(t, lags, func(r *rehearsal) {
				p.meet(r, clean, seeded(seed), parallel, seed%3 == 0)
			})
		})
		cases++
	}
	promise(t, "T11", cases)
}

func seeds() int {
	if full {
		return 1200
	}
	return 40
}
