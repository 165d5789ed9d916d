package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"todoctl/local"
)

// The page on reliability says how many calls there are to fail.
func TestThePageSaysHowManyCallsThereAre(t *testing.T) {
	page, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, run := range []struct{ name, line string }{
			{"`up` (N)", upLine}, {"`up` again", upLine}, {"`status` (S)", statusLine}, {"`down` (D)", downLine},
		} {
			end := r.run(run.line)
			r.wantExit(end, exitDone)
			row := fmt.Sprintf("| %s | %d | %d |", run.name, len(end.calls), end.writes)
			if !strings.Contains(string(page), row) {
				t.Errorf("docs/reliability.md has not the line %s", row)
			}
		}
	})
}
