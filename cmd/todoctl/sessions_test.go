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

// pages are the texts that show terminal sessions.
func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{readme}, docs...)
}

// A session is what a transcript shows; a recipe is a script that one runs.
var sessions = regexp.MustCompile(`(?s)<!-- (session|recipe): (\S+) (\S+) -->\n.*?<!-- end -->`)

// TestSessionsAreTheTranscripts holds the terminal sessions of the README and of
// docs to what the binary really prints, and their scripts to what a transcript
// runs; -update rewrites them.
func TestSessionsAreTheTranscripts(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		want := sessions.ReplaceAllStringFunc(string(text), func(block string) string {
			found++
			m := sessions.FindStringSubmatch(block)
			language, shown := "console", ""
			if m[1] == "recipe" {
				language, shown = "sh", script(t, m[2], m[3])
			} else {
				shown = transcript(t, m[2], m[3])
			}
			return fmt.Sprintf("<!-- %s: %s %s -->\n```%s\n%s```\n<!-- end -->", m[1], m[2], m[3], language, shown)
		})
		begun := strings.Count(string(text), "<!-- session: ") + strings.Count(string(text), "<!-- recipe: ")
		if found != begun || found == 0 && page == readme {
			t.Errorf("%s begins %d sessions and ends %d: a marker is gone", page, begun, found)
		}
		if want == string(text) {
			continue
		}
		if !*update {
			t.Errorf("the sessions of %s are not what the transcripts say; run: go test ./cmd/todoctl -run 'Transcripts' -update", page)
			continue
		}
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// script is a file of an archive that the archive runs.
func script(t *testing.T, archive, name string) string {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "script", archive))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if f.Name == name && strings.Contains(string(a.Comment), "exec sh "+name+"\n") {
			return string(f.Data)
		}
	}
	t.Fatalf("%s runs no script %q", archive, name)
	return ""
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
