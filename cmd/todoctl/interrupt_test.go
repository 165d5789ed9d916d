package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// T18. Nobody waits longer than stopLimit for todoctl to stop, and after a second
// signal nobody waits at all; signals of one moment are one.
func TestASecondSignalOrAQuarterOfAMinuteEndsTheStopping(t *testing.T) {
	wishes := map[string]struct {
		signals []time.Duration // when they come
		left    time.Duration   // when the process has gone
	}{
		"one":                     {[]time.Duration{0}, stopLimit},
		"one wish":                {[]time.Duration{0, sameStop / 2, sameStop - 1}, stopLimit},
		"two":                     {[]time.Duration{0, sameStop}, sameStop},
		"one wish, and a second":  {[]time.Duration{0, sameStop / 2, 3 * time.Second}, 3 * time.Second},
		"one, and one much later": {[]time.Duration{time.Hour, time.Hour + 14*time.Second}, time.Hour + 14*time.Second},
	}
	for name, c := range wishes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &App{Clock: provision.Clock{Now: time.Now, Sleep: sleep}}
				began, signals := time.Now(), make(chan os.Signal)
				stopped, left := time.Duration(-1), make(chan time.Duration, 2)
				go app.obey(signals, func() { stopped = time.Since(began) }, func() { left <- time.Since(began) })
				for _, at := range c.signals {
					time.Sleep(at - time.Since(began)) // virtual
					signals <- syscall.SIGINT
				}
				if got := <-left; got != c.left {
					t.Errorf("it leaves after %s, not %s", got, c.left)
				}
				if stopped != c.signals[0] {
					t.Errorf("it stops after %s", stopped)
				}
				close(signals)
			})
		})
	}
	promise(t, "T18", len(wishes))
}

// ctrlCKinds are what may become of the call at which somebody presses Ctrl-C: it
// goes on, it has just been carried out, or its answer never comes.
var ctrlCKinds = []local.FaultKind{local.FaultBefore, local.FaultAfter, local.FaultStall, local.FaultStallAfter}

// stoppedAt presses Ctrl-C at call k, and says how long todoctl took to stop.
func (r *rehearsal) stoppedAt(line string, k int, kind local.FaultKind) (end ending, took time.Duration) {
	r.Helper()
	ctx, interrupt := context.WithCancel(r.Context())
	defer interrupt()
	at := time.Now()
	end = r.runThrough(ctx, r.network(local.Fault{Kind: kind, Call: k, Do: func() { at = time.Now(); interrupt() }}), line+" --parallel 1")
	if end.fired == 0 {
		return end, 0
	}
	return end, time.Since(at)
}

// interrupted does so and checks how that ends.
func (r *rehearsal) interrupted(line string, k int, kind local.FaultKind) ending {
	r.Helper()
	end, took := r.stoppedAt(line, k, kind)
	if end.fired == 0 {
		return end
	}
	r.wantExit(end, exitInterrupted, exitDone) // when nothing is left to do, it is done
	if took > stopLimit {
		r.Errorf("it took %s to stop", took)
	}
	if end.exit == exitInterrupted && !strings.Contains(end.err, "try: ") {
		r.Errorf("it does not say how to go on:\n%s", end.err)
	}
	return end
}

// eachInterrupt runs a case for each call of a command in each way in which it may end,
// or for a sample of the calls in one way each, until there is no call k.
func eachInterrupt(t *testing.T, stride int, from beginning, run func(r *rehearsal, k int, kind local.FaultKind) (struck bool)) (cases int) {
	t.Helper()
	n := spread(t.Name(), len(ctrlCKinds))
	for i, kind := range ctrlCKinds {
		switch {
		case full:
			t.Run(string(kind), func(t *testing.T) {
				cases += eachCall(t, stride, from, func(r *rehearsal, k int) bool { return run(r, k, kind) })
			})
		case i == 0:
			cases += eachCall(t, stride, from, func(r *rehearsal, k int) bool {
				n++
				return run(r, k, ctrlCKinds[n%len(ctrlCKinds)])
			})
		}
	}
	return cases
}

// T18. Ctrl-C at any call: the call under way ends, the run says what there is
// and how to go on, and going on leads to the end.
func TestInterruptedAtAnyCallItSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	cases, stopped := 0, 0
	try := func(name string, from beginning, line string, then func(r *rehearsal)) {
		t.Run(name, func(t *testing.T) {
			cases += eachInterrupt(t, sample(9), from, func(r *rehearsal, k int, kind local.FaultKind) bool {
				end := r.interrupted(line, k, kind)
				if end.exit == exitInterrupted {
					stopped++
				}
				then(r)
				return end.fired > 0
			})
		})
	}
	try("up", beginning{}, upLine, func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		r.wantWhole(clean)
	})
	try("up, then down", beginning{}, upLine, func(r *rehearsal) {
		r.wantExit(r.run(downLine), exitDone)
		r.wantNothing()
	})
	try("down", whole, downLine, func(r *rehearsal) {
		r.wantExit(r.run(downLine), exitDone)
		r.wantNothing()
	})
	try("status", whole, statusLine, func(r *rehearsal) { r.wantWhole(clean) })
	if stopped < cases*9/10 {
		t.Errorf("only %d of %d were stopped", stopped, cases)
	}
	promise(t, "T18", cases)
}

// T18. So it is with every other run.
func TestInterruptedInAnyOtherRunTheSameCommandEndsIt(t *testing.T) {
	t.Parallel()
	cases, stopped := 0, 0
	for _, x := range trials {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			cases += eachInterrupt(t, min(sample(clean.calls*3/4), clean.calls), clean.from, func(r *rehearsal, k int, kind local.FaultKind) bool {
				end := r.interrupted(x.command(r), k, kind)
				if end.exit == exitInterrupted {
					stopped++
				}
				x.neverNeither(r)
				r.wantExit(r.run(x.command(r)), exitDone)
				x.wantEnd(r, clean)
				return end.fired > 0
			})
		})
	}
	if full && stopped < cases*3/4 {
		t.Errorf("only %d of %d were stopped", stopped, cases)
	}
	promise(t, "T18", cases)
}
