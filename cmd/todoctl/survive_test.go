package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// The kinds of fault by what becomes of the call.
var (
	lostAnswers = []local.FaultKind{local.Fault500After, local.FaultResetAfter, local.FaultEOFAfter, local.FaultCutBody, local.FaultStallAfter}
	passing     = []local.FaultKind{local.FaultThrottle, local.FaultRetryAfter, local.Fault500Before, local.FaultResetBefore, local.FaultStall, local.FaultNoName, local.FaultClockBehind, local.FaultClockAhead}
	lasting     = []local.FaultKind{local.FaultThrottle, local.Fault500Before, local.FaultResetBefore, local.FaultStall, local.FaultHTML, local.FaultNoName, local.FaultExpired, local.FaultDenied}
)

// T5. Whatever answer is lost, the same run goes on to the end, and nothing is
// there twice.
func TestEveryLostAnswerIsRepairedInTheSameRun(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	cases := 0
	for i, kind := range slices.Concat(lostAnswers, passing) {
		t.Run(string(kind), func(t *testing.T) {
			t.Run("up", func(t *testing.T) {
				cases += eachCall(t, sample(61+i%3), beginning{}, func(r *rehearsal, k int) bool {
					end := r.run(upLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					r.wantWhole(clean)
					if tasks := r.tasks(); !slices.Equal(tasks, []string{"Buy groceries"}) {
						r.Errorf("the table holds %q", tasks)
					}
					return end.fired > 0
				})
			})
			t.Run("down", func(t *testing.T) {
				cases += eachCall(t, sample(53+i%3), whole, func(r *rehearsal, k int) bool {
					end := r.run(downLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					r.wantNothing()
					return end.fired > 0
				})
			})
			t.Run("status", func(t *testing.T) {
				cases += eachCall(t, sample(29+i%3), whole, func(r *rehearsal, k int) bool {
					end := r.run(statusLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					return end.fired > 0
				})
			})
		})
	}
	promise(t, "T5", cases)
}

// patience is how long each command tries, in virtual time, where a call fails for
// good: most give up within a minute and a half. An up waits two minutes for its URL;
// a down tries each of its steps, and a call that nobody answers takes a minute.
var patience = map[string]time.Duration{"up": 5 * time.Minute, "status": 2 * time.Minute, "down": 9 * time.Minute}

// T6. When a call fails for good, the run ends with a reason and a way on, and
// once the reason has gone the way leads to the end.
func TestALastingFaultEndsWithAReasonAndAWayOn(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	cases, within, slowest := 0, map[string]int{}, map[string]time.Duration{}
	soon := func(r *rehearsal, command string, end ending) {
		slowest[command] = max(slowest[command], end.took)
		if end.took <= 90*time.Second {
			within[command]++
		}
		if end.took > patience[command] {
			r.Errorf("%s gives up after %s:\n%s", command, end.took, end.err)
		}
	}
	for i, kind := range lasting {
		t.Run(string(kind), func(t *testing.T) {
			t.Run("up", func(t *testing.T) {
				cases += eachCall(t, sample(37+i%3), beginning{}, func(r *rehearsal, k int) bool {
					end := r.run(upLine, local.Fault{Kind: kind, Call: k, Times: local.Always})
					if end.fired == 0 {
						return false
					}
					soon(r, "up", end)
					r.wantReason(end, kind)
					r.wantExit(r.run(upLine), exitDone)
					r.wantWhole(clean)
					return true
				})
			})
			t.Run("down", func(t *testing.T) {
				cases += eachCall(t, sample(53+i%3), whole, func(r *rehearsal, k int) bool {
					end := r.run(downLine, local.Fault{Kind: kind, Call: k, Times: local.Always})
					if end.fired == 0 {
						return false
					}
					soon(r, "down", end)
					r.wantReason(end, kind)
					r.wantExit(r.run(downLine), exitDone)
					r.wantNothing()
					return true
				})
			})
		})
	}
	for i, kind := range lasting {
		t.Run(string(kind)+" status", func(t *testing.T) {
			cases += eachCall(t, sample(37+i%3), whole, func(r *rehearsal, k int) bool {
				end := r.run(statusLine, local.Fault{Kind: kind, Call: k, Times: local.Always})
				if end.fired == 0 {
					return false
				}
				soon(r, "status", end)
				r.wantNoClaim(end)
				r.wantExit(r.run(statusLine), exitDone)
				return true
			})
		})
	}
	t.Logf("%d cases; within 90 s: %v; the slowest: %v", cases, within, slowest)
	promise(t, "T6", cases)
}

// wantReason checks how a run ends that something has stopped for good.
func (r *rehearsal) wantReason(end ending, kind local.FaultKind) {
	r.Helper()
	want := []int{exitFailed}
	if kind == local.FaultExpired || kind == local.FaultDenied { // to which a Function URL's answer says less
		struck := end.calls[len(end.calls)-end.fired:]
		if slices.ContainsFunc(struck, func(call string) bool { return !strings.HasSuffix(call, " /") }) {
			want = append(want, exitCredentials)
		}
		if !strings.HasSuffix(struck[0], " /") {
			want = []int{exitCredentials}
		}
	}
	if noted := strings.Contains(strings.Join(strings.Fields(end.out+end.err), " "), "does not allow you "); kind == local.FaultDenied && end.exit == exitDone && noted {
		return // what may go without: a look at the alarm, the search by tag
	}
	needed := func(call string) bool { return call != "DescribeBudget" } // with --guard alarm nobody asks for it
	if kind == local.FaultDenied && end.exit == exitDone && !slices.ContainsFunc(end.calls[len(end.calls)-end.fired:], needed) {
		return
	}
	r.wantExit(end, want...)
	r.wantPlain(end)
	said := strings.Join(strings.Fields(end.err), " ")
	places := []string{"what is left", "items"} // beside the steps
	for _, step := range provision.Names() {
		places = append(places, "the "+step, "✗ "+step)
	}
	named := func(place string) bool { return strings.Contains(said, place) }
	if first := end.calls[len(end.calls)-end.fired]; first != "GetCallerIdentity" && !slices.ContainsFunc(places, named) {
		r.Errorf("%s failed, and it does not say at what:\n%s", first, end.err)
	}
}

// wantNoClaim checks that a status which could not look at everything says so,
// and of nothing that it has not seen that it is not there.
func (r *rehearsal) wantNoClaim(end ending) {
	r.Helper()
	r.wantExit(end, exitDone, exitDiffers, exitFailed, exitCredentials)
	if end.exit == exitDone && !strings.Contains(end.out+end.err, "does not allow you ") && !strings.Contains(end.out+end.err, "could not ") {
		r.Errorf("it does not say what it has not seen:\n%s%s", end.out, end.err)
	}
	if strings.Contains(end.out+end.err, " does not exist") {
		r.Errorf("it takes what it has not seen for missing:\n%s%s", end.out, end.err)
	}
	if end.writes > 0 {
		r.Errorf("it makes %d writes", end.writes)
	}
	r.wantPlain(end)
}

// T7. Throttled up to seven times at any call, or at all of them, a run is only
// slower.
func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	cases := 0
	for m := 1; m <= 7; m++ {
		t.Run(fmt.Sprintf("%d times at one call", m), func(t *testing.T) {
			cases += eachCall(t, sample(47+m), beginning{}, func(r *rehearsal, k int) bool {
				end := r.run(upLine, local.Fault{Kind: local.FaultThrottle, Call: k, Times: m})
				r.wantExit(end, exitDone)
				r.wantWhole(clean)
				return end.fired > 0
			})
		})
		t.Run(fmt.Sprintf("%d times at every call", m), func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				throttled := local.Fault{Kind: local.FaultThrottle, Attempts: m}
				r.patiently(upLine, throttled)
				r.wantWhole(clean)
				r.patiently(downLine, throttled)
				r.wantNothing()
			})
			cases++
		})
	}
	t.Run("8 times", func(t *testing.T) {
		cases += eachCall(t, sample(47), beginning{}, func(r *rehearsal, k int) bool {
			end := r.run(upLine, local.Fault{Kind: local.FaultThrottle, Call: k, Times: 8})
			r.wantExit(end, exitFailed, exitDone) // some calls are asked again by their step
			if end.exit == exitFailed {           // at the eighth refusal; but a guard that fails does not keep the others from being made
				rest := slices.DeleteFunc(slices.Clone(end.calls[k+7:]), func(call string) bool {
					return slices.Contains([]string{"DescribeAlarms", "ListTagsForResource", "PutMetricAlarm", "CreateBudget"}, call)
				})
				if end.fired != 8 || len(slices.Compact(slices.Clone(end.calls[k-1:k+7]))) != 1 || len(rest) > 0 {
					r.Errorf("it does not end with the eighth refusal: %q", end.calls)
				}
			}
			r.wantExit(r.run(upLine), exitDone)
			r.wantWhole(clean)
			return end.fired > 0
		})
	})
	promise(t, "T7", cases)
}

// patiently runs a command that is so slow that its 15 minutes may not be enough,
// until it has ended well. Each run goes on where the one before was stopped.
func (r *rehearsal) patiently(line string, plan ...local.Fault) {
	r.Helper()
	for again := 1; ; again++ {
		end := r.runThrough(r.Context(), r.network(plan...), line)
		if end.exit == exitDone {
			return
		}
		if again == 3 || !strings.Contains(end.err, "stopped after 15 minutes of work") {
			r.Fatalf("run %d exits %d after %s:\n%s", again, end.exit, end.took, end.err)
		}
	}
}

// dying is a network that is gone from a moment on: what a killed program sends
// no more.
type dying struct {
	http.RoundTripper
	dead func() bool
}

func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.dead() && !strings.HasPrefix(r.URL.Path, controlPath) {
		return nil, io.ErrClosedPipe
	}
	return d.RoundTripper.RoundTrip(r)
}

// killed runs todoctl until its k-th call, which still arrives or does not, and
// nothing of it after that.
func (r *rehearsal) killed(args string, k int, kind local.FaultKind) ending {
	r.Helper()
	return r.killedAmid(args+" --parallel 1", k, kind)
}

// killedAmid does so while many calls may be under way.
func (r *rehearsal) killedAmid(args string, k int, kind local.FaultKind) ending {
	r.Helper()
	ctx, kill := context.WithCancel(r.Context())
	defer kill()
	network := r.network(local.Fault{Kind: kind, Call: k, Do: kill})
	if kind == local.FaultBefore {
		network = r.networkOver(dying{r, func() bool { return ctx.Err() != nil }}, local.Fault{Kind: kind, Call: k, Do: kill})
	}
	return r.runThrough(ctx, network, args)
}

// T4. Killed twice, at any two calls, the third run makes it whole.
func TestKilledTwiceTheThirdRunContinues(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	cases := 0
	for first := 1; ; first += sample(41) {
		more := false
		t.Run(strconv.Itoa(first), func(t *testing.T) {
			kinds := []local.FaultKind{local.FaultBefore, local.FaultAfter}
			once := begin(t, local.Lags{}, func(r *rehearsal) { more = r.killed(upLine, first, kinds[first%2]).fired > 0 })
			cases += eachCall(t, sample(41), once, func(r *rehearsal, k int) bool {
				end := r.killed(upLine, k, kinds[k%2])
				r.wantExit(r.run(upLine), exitDone)
				r.wantWhole(clean)
				return end.fired > 0
			})
		})
		if !more || t.Failed() {
			break
		}
	}
	promise(t, "T4", cases)
}
