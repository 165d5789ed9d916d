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
	"testing/synctest"
	"time"
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
	s.start()
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
