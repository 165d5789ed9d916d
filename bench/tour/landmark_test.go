//go:build linux || darwin

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todoctl/provision"
)

// landmarks are the places by which a recording is told from an outdated one: the
// rows of the plan and of what was done, the pages' headings, the questions, the
// addresses and the proof of absence. What depends on how fast a machine is, as
// what AWS makes one wait for, is none.
var landmarks = []*regexp.Regexp{
	regexp.MustCompile(`^[+✓-] +(` + strings.Join(provision.Names(), "|") + `) .*`),
	regexp.MustCompile(`^Step \d of \d.*`),
	regexp.MustCompile(`^\? .*\?$`),
	regexp.MustCompile(`^\? Type .*`),
	regexp.MustCompile(`^ *(curl )?http://127\.0\.0\.1:\d+/.*`),
	regexp.MustCompile(`.*\d left\b.*`),
	regexp.MustCompile(`^Next: .*`),
}

// took is what a step that was slow says of its time; one that was quick says
// nothing, and which is which depends on the machine.
var took = regexp.MustCompile(` \([0-9.]+ s\)`)

// figures are what may differ: times, versions, ports, what was used so far.
var figures = regexp.MustCompile(`[0-9.]+ s\b|\d+`)

// landmarksOf are the distinct landmarks of a recording, sorted: what steps say
// side by side comes in another order every time.
func landmarksOf(t *testing.T, c cast) []string {
	t.Helper()
	var found []string
	for _, mark := range landmarks {
		before := len(found)
		for line := range strings.Lines(plain(c.said())) {
			if s := mark.FindString(strings.TrimRight(line, " \n")); s != "" {
				found = append(found, strings.TrimSpace(figures.ReplaceAllString(took.ReplaceAllString(s, ""), "N")))
			}
		}
		if len(found) == before {
			t.Errorf("nothing in the recording is like %s: either it is not the whole tour, or todoctl says it in other words now", mark)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// recorded is the recording of the repository.
func recorded(t *testing.T) cast {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "tour.cast"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const again = "record again: make tour"

// TestTheRecordingSaysWhatTodoctlSaysNow takes the tour once more, with today's
// program and without pauses.
func TestTheRecordingSaysWhatTodoctlSaysNow(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the tour uses curl")
	}
	program, err := build(t.Context(), "../..", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now, err := record(t.Context(), program, 0)
	if err != nil {
		t.Fatal(err)
	}
	is, was := landmarksOf(t, now), landmarksOf(t, recorded(t))
	for _, line := range was {
		if !slices.Contains(is, line) {
			t.Errorf("the recording says, and todoctl no longer does (%s): %s", again, line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			t.Errorf("todoctl says, and the recording does not (%s): %s", again, line)
		}
	}
	said := plain(recorded(t).said())
	for _, name := range provision.Names() {
		if !regexp.MustCompile(`(?m)^\S+ +` + name + ` `).MatchString(said) {
			t.Errorf("the recording has no row of the step %s", name)
		}
	}
	if !strings.Contains(said, ": 0 left") {
		t.Error("the recording does not end with the proof that nothing is left")
	}
}
