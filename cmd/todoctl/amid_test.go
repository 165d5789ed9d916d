//go:build !windows

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"todoctl/local"
)

// T1, T2, T3. The same with as many steps at once as a person's run has: what is
// under way at the moment of the kill differs from run to run.
func TestManyAtOnceAreKilledToo(t *testing.T) {
	clean, whole := cleanUp(t), finished(t)
	seeds := 12
	if full {
		seeds = 200
	}
	counts := map[string]int{}
	for seed := range seeds {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			from := beginning{}
			if seed%3 == 2 {
				from = whole
			}
			from.rehearse(t, func(r *rehearsal) {
				draw := rand.New(rand.NewPCG(uint64(seed), 3))
				kind := killKinds[draw.IntN(len(killKinds))]
				if seed%3 == 2 {
					r.killedAmid(downLine, 1+draw.IntN(40), kind)
					r.wantExit(r.runThrough(r.Context(), r.network(), downLine), exitDone)
					r.wantNothing()
					counts["T3"]++
					return
				}
				r.killedAmid(upLine, 1+draw.IntN(50), kind)
				if seed%3 == 1 {
					r.wantExit(r.runThrough(r.Context(), r.network(), downLine), exitDone)
					r.wantNothing()
					counts["T2"]++
					return
				}
				r.wantExit(r.runThrough(r.Context(), r.network(), upLine), exitDone)
				r.wantWhole(clean)
				counts["T1"]++
			})
		})
	}
	for name, n := range counts {
		t.Run(name, func(t *testing.T) { promise(t, name, n) })
	}
}

// T5, T6. And whatever goes wrong with a call while others are under way: what is
// lost or passes is repaired in the same run, and what lasts has a way on.
func TestWhateverGoesWrongAmidManySteps(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	kinds := slices.Concat(lostAnswers, passing, lasting)
	rounds := 1
	if full {
		rounds = 20
	}
	counts := map[string]int{}
	for seed := range rounds * len(kinds) {
		kind := kinds[seed%len(kinds)]
		lasts := seed%len(kinds) >= len(lostAnswers)+len(passing)
		draw := rand.New(rand.NewPCG(uint64(seed), 5))
		line, from, k := upLine, beginning{}, 1+draw.IntN(50)
		if draw.IntN(3) == 0 {
			line, from = downLine, whole
		}
		fault := local.Fault{Kind: kind, Call: k}
		if lasts {
			fault.Times = local.Always
		}
		t.Run(fmt.Sprintf("%d %s", seed, kind), func(t *testing.T) {
			from.rehearse(t, func(r *rehearsal) {
				end := r.runThrough(r.Context(), r.network(fault), line)
				if end.fired == 0 {
					return
				}
				if lasts {
					r.wantExit(end, exitFailed, exitCredentials, exitDone) // done where it is a look that may be refused
					r.wantPlain(end)
					end = r.runThrough(r.Context(), r.network(), line)
				}
				r.wantExit(end, exitDone)
				if line == upLine {
					r.wantWhole(clean)
				} else {
					r.wantNothing()
				}
				counts[map[bool]string{true: "T6", false: "T5"}[lasts]]++
			})
		})
	}
	for name, n := range counts {
		t.Run(name, func(t *testing.T) { promise(t, name, n) })
	}
}

// T1, T2. Where AWS does not show at once what was made, a run that comes right after
// a killed one cannot see all of it. It ends well all the same, and so does a down;
// what that one could not see yet, the next one takes.
func TestKilledWhereAWSShowsLateTheNextRunContinues(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	late := beginning{lags: local.Lags{
		TableVisible: 10 * time.Second, RoleVisible: 10 * time.Second, PolicyVisible: 10 * time.Second, FunctionVisible: 10 * time.Second, URLVisible: 10 * time.Second,
		StatementVisible: 10 * time.Second, GroupVisible: 10 * time.Second, TopicVisible: 10 * time.Second, AlarmVisible: 10 * time.Second, BudgetVisible: 10 * time.Second, TableTags: 10 * time.Second,
	}}
	counts, unseen := map[string]int{}, 0
	for i, kind := range killKinds {
		t.Run(string(kind), func(t *testing.T) {
			counts["T1"] += eachCall(t, sample(131+i), late, func(r *rehearsal, k int) bool {
				end := r.killed(upLine, k, kind)
				r.wantExit(r.run(upLine), exitDone)
				settled()
				r.wantWhole(clean)
				return end.fired > 0
			})
			counts["T2"] += eachCall(t, sample(131+i), late, func(r *rehearsal, k int) bool {
				end := r.killed(upLine, k, kind)
				first := r.run(downLine)
				if first.exit != exitDone && !strings.Contains(first.err, "still there") { // it showed by the time of the last look
					r.wantExit(first, exitDone)
				}
				if settled(); first.exit == exitDone && r.contents() != "{}" {
					unseen++
				}
				r.wantExit(r.run(downLine), exitDone)
				r.wantNothing()
				return end.fired > 0
			})
		})
	}
	t.Logf("in %d cases of %d the first down could not see all of it", unseen, counts["T2"])
	for name, n := range counts {
		t.Run(name, func(t *testing.T) { promise(t, name, n) })
	}
}
