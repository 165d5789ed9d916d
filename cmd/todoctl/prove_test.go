package main

import (
	"slices"
	"strings"
	"testing"

	"todoctl/local"
)

// What could be looked at before, and cannot at the end, is not said to be gone.
func TestWithoutTheLastLookNothingIsClaimedToBeGone(t *testing.T) {
	cases := 0
	for _, look := range []string{"DescribeTable", "GetRole", "GetFunction", "DescribeLogGroups", "DescribeAlarms"} {
		t.Run(look, func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				const down = "down --yes --discard-data"
				r.run("up --yes")
				looks := 0
				for _, call := range r.run(down).calls {
					if strings.HasSuffix(call, look) {
						looks++
					}
				}
				if looks < 2 {
					t.Fatalf("down makes %d calls of %s", looks, look)
				}
				r.run("up --yes")
				end := r.run(down, local.Fault{Kind: local.FaultDenied, Operation: look, Call: looks, Times: local.Always})
				if end.fired == 0 || end.exit != exitCredentials || strings.Contains(end.err, "0 left") || !strings.Contains(end.err, "could not be proved") {
					t.Errorf("%d denied, exit %d:\n%s", end.fired, end.exit, end.err)
				}
				if !slices.Contains(strings.Split(end.err, "\n"), "✓ table     deleted TodoTable") {
					t.Errorf("the rest did not go on:\n%s", end.err)
				}
				cases++
			})
		})
	}
	counted(t, cases)
}
