//go:build !windows

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"todoctl/local"
	"todoctl/provision"
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
					if r.killedAmid(downLine, 1+draw.IntN(40), kind).fired == 0 {
						return
					}
					r.wantExit(r.runThrough(r.Context(), r.network(), downLine), exitDone)
					r.wantNothing()
					counts["T3"]++
					return
				}
				if r.killedAmid(upLine, 1+draw.IntN(50), kind).fired == 0 {
					return
				}
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
	for _, name := range []string{"T1", "T2", "T3"} {
		t.Run(name, func(t *testing.T) { promise(t, name, counts[name]) })
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
	for _, name := range []string{"T5", "T6"} {
		t.Run(name, func(t *testing.T) { promise(t, name, counts[name]) })
	}
}

// T1, T2. Where AWS does not show at once what was made, or in one look and not in the
// next, an up that comes right after a killed one ends well all the same; and a down
// does once it has waited.
func TestKilledWhereAWSShowsLateTheNextRunContinues(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	ups, downs := 0, 0
	for name, lags := range map[string]local.Lags{
		"late": {
			TableVisible: 10 * time.Second, RoleVisible: 10 * time.Second, PolicyVisible: 10 * time.Second, FunctionVisible: 10 * time.Second, URLVisible: 10 * time.Second,
			StatementVisible: 10 * time.Second, GroupVisible: 10 * time.Second, TopicVisible: 10 * time.Second, AlarmVisible: 10 * time.Second, BudgetVisible: 10 * time.Second, TableTags: 10 * time.Second,
		},
		"now and then": {Replica: 10 * time.Second},
	} {
		from := beginning{lags: lags}
		for i, kind := range killKinds {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				ups += eachCall(t, sample(131+i), from, func(r *rehearsal, k int) bool {
					end := r.killed(upLine, k, kind)
					r.wantExit(r.run(upLine), exitDone)
					settled()
					r.wantWhole(clean)
					return end.fired > 0
				})
				downs += eachCall(t, sample(131+i), from, func(r *rehearsal, k int) bool {
					end := r.killed(upLine, k, kind)
					time.Sleep(provision.Spread) // as long as down waits on AWS
					r.wantExit(r.run(downLine), exitDone)
					r.wantNothing()
					return end.fired > 0
				})
			})
		}
	}
	t.Run("T1", func(t *testing.T) { promise(t, "T1", ups) })
	t.Run("T2", func(t *testing.T) { promise(t, "T2", downs) })
}
