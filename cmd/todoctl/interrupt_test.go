package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"todoctl/local"
)

// T18. Ctrl-C at any call: the call under way ends, the run says what there is
// and how to go on, and going on leads to the end.
func TestInterruptedAtAnyCallItSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	clean, whole := cleanUp(t), finished(t)
	cases, stopped := 0, 0
	interrupted := func(r *rehearsal, line string, k int) ending {
		ctx, interrupt := context.WithCancel(r.Context())
		defer interrupt()
		var at time.Time
		kind := []local.FaultKind{local.FaultBefore, local.FaultAfter}[k%2]
		end := r.runThrough(ctx, r.network(local.Fault{Kind: kind, Call: k, Do: func() { at = time.Now(); interrupt() }}), line+" --parallel 1")
		if end.fired == 0 {
			return end
		}
		// When nothing is left to do, it is done.
		r.wantExit(end, exitInterrupted, exitDone)
		if took := time.Since(at); took > 15*time.Second {
			r.Errorf("it took %s to stop", took)
		}
		if end.exit == exitInterrupted {
			stopped++
		}
		if end.exit == exitInterrupted && !strings.Contains(end.err, "try: ") {
			r.Errorf("it does not say how to go on:\n%s", end.err)
		}
		return end
	}
	t.Run("up", func(t *testing.T) {
		cases += eachCall(t, sample(9), beginning{}, func(r *rehearsal, k int) bool {
			end := interrupted(r, upLine, k)
			r.wantExit(r.run(upLine), exitDone)
			r.wantWhole(clean)
			return end.fired > 0
		})
	})
	t.Run("up, then down", func(t *testing.T) {
		cases += eachCall(t, sample(9), beginning{}, func(r *rehearsal, k int) bool {
			end := interrupted(r, upLine, k)
			r.wantExit(r.run(downLine), exitDone)
			r.wantNothing()
			return end.fired > 0
		})
	})
	t.Run("down", func(t *testing.T) {
		cases += eachCall(t, sample(9), whole, func(r *rehearsal, k int) bool {
			end := interrupted(r, downLine, k)
			r.wantExit(r.run(downLine), exitDone)
			r.wantNothing()
			return end.fired > 0
		})
	})
	if stopped < cases*9/10 {
		t.Errorf("only %d of %d were stopped", stopped, cases)
	}
	promise(t, "T18", cases)
}
