//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestEveryLineOfTheTutorialIsTried looks for what a learner is told to type. What
// works on this machine stands in a transcript; what needs an account is at least
// a command with flags that exist.
func TestEveryLineOfTheTutorialIsTried(t *testing.T) {
	text, err := os.ReadFile(tutorial)
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("testdata/script/tutorial*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var tried string
	for _, archive := range archives {
		a, err := txtar.ParseFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		tried += string(a.Comment)
	}
	found := 0
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(m[1]) {
			line, _, _ = strings.Cut(line, "   #")
			line = strings.TrimSpace(line)
			found++
			if strings.Contains(tried, line+"\n") || strings.Contains(tried, "'"+line+" &&") {
				continue
			}
			words, mine := strings.CutPrefix(line, "todoctl ")
			if !mine || strings.Contains(line, "--local") {
				t.Errorf("no transcript of the tutorial tries %q", line)
				continue
			}
			if _, said, exit := run(t, home(t), append(strings.Fields(words), "--help")...); exit != exitDone {
				t.Errorf("%q is not understood: %s", line, said)
			}
		}
	}
	if found == 0 {
		t.Error("the tutorial tells nobody to type anything")
	}
}
