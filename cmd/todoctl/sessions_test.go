package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"todoctl/provision"
)

const readme = "../../README.md"

var sessions = regexp.MustCompile(`(?s)<!-- session: (\S+) (\S+) -->\n.*?<!-- end -->`)

// TestREADMESessionsAreTheTranscripts holds the README's terminal sessions to
// what the binary really prints; -update rewrites them.
func TestREADMESessionsAreTheTranscripts(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	want := sessions.ReplaceAllStringFunc(string(text), func(block string) string {
		found++
		m := sessions.FindStringSubmatch(block)
		return fmt.Sprintf("<!-- session: %s %s -->\n```console\n%s```\n<!-- end -->", m[1], m[2], transcript(t, m[1], m[2]))
	})
	if found == 0 {
		t.Fatal("the README has no sessions: its markers are gone")
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("the README's sessions are not what the transcripts say; run: go test ./cmd/todoctl -run 'Transcripts|README' -update")
	}
	if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// transcript is a session as a person sees it: the command that was typed, what
// it wrote to stderr (the archive's file of that name) and to stdout (name.out).
func transcript(t *testing.T, archive, name string) string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "script", archive))
	if err != nil {
		t.Fatal(err)
	}
	var typed, command string
	for line := range strings.Lines(string(a.Comment)) {
		if rest, ok := strings.CutPrefix(strings.TrimPrefix(line, "! "), "exec "); ok {
			command = strings.TrimSpace(rest)
		}
		if f := strings.Fields(line); len(f) == 3 && f[0] == "cmp" && (f[2] == name || f[2] == name+".out") && typed == "" {
			typed = command
		}
	}
	if typed == "" {
		t.Fatalf("%s compares nothing with %q", archive, name)
	}
	shown := "$ " + typed + "\n"
	for _, file := range []string{name, name + ".out"} {
		for _, f := range a.Files {
			if f.Name == file {
				shown += string(f.Data)
			}
		}
	}
	return shown
}

// TestREADMEHasAHeadingPerStep keeps the README in the walkthrough's order.
func TestREADMEHasAHeadingPerStep(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, m := range regexp.MustCompile(`(?m)^### \d+\. (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		headings = append(headings, m[1])
	}
	if got, want := strings.Join(headings, " "), strings.Join(provision.Names(), " "); got != want {
		t.Errorf("the README's headings are %q, the steps are %q", got, want)
	}
}
