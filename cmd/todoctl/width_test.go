package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
)

func TestALongErrorKeepsWithinTheTerminalInColourAsWithout(t *testing.T) {
	said := map[bool]string{}
	for _, colour := range []bool{true, false} {
		var b strings.Builder
		(&words{w: &b, colour: colour, width: 80}).Problem(&Problem{ID: "TODO-RUN-14", What: strings.Repeat("could not use the alarm because of its owner ", 8), Why: strings.Repeat("and so on ", 20)})
		for line := range strings.Lines(b.String()) {
			if w := lipgloss.Width(strings.TrimRight(line, "\n")); w > 80 {
				t.Errorf("%d columns: %s", w, line)
			}
		}
		said[colour] = strings.NewReplacer(red, "", reset, "").Replace(b.String())
	}
	if said[true] != said[false] {
		t.Errorf("in colour it says\n%s\nand without\n%s", said[true], said[false])
	}
}

func TestACommandAtTheEndOfALineIsNotFolded(t *testing.T) {
	const text = "nobody is told when a bill comes, be it large or small: todoctl alarm --email YOU@EXAMPLE.COM --local"
	if got := foldCommand(text, 68); !slices.Equal(got, []string{"nobody is told when a bill comes, be it large or small:", "todoctl alarm --email YOU@EXAMPLE.COM --local"}) {
		t.Errorf("it is folded into %q", got)
	}
	if got := foldCommand(text, 200); len(got) != 1 {
		t.Errorf("where there is room, it is folded into %q", got)
	}
	if got := foldCommand(text, 30); !slices.Equal(got, fold(text, 30)) {
		t.Errorf("where no line has room for it, it is folded into %q", got)
	}
}

func TestACommandIsReadAloudInOnePiece(t *testing.T) {
	var b strings.Builder
	(&words{w: &b, spoken: true, plain: true, width: 80}).step("note", "alarm", "nobody is told when a bill comes: todoctl alarm --email YOU@EXAMPLE.COM --local")
	if !strings.Contains(b.String(), "\n  todoctl alarm --email YOU@EXAMPLE.COM --local\n") {
		t.Errorf("it is said as\n%s", b.String())
	}
}

func TestALongLineToPasteGoesOnBelow(t *testing.T) {
	const line = `curl https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws/ -H 'content-type: application/json' -d '{"task": "Buy groceries"}'`
	for goos, want := range map[string]int{"linux": 2, "windows": 1} {
		var b strings.Builder
		c := &command{App: &App{Err: &b, Width: 80, GOOS: goos, Getenv: func(string) string { return "" }}, globals: &globals{}}
		c.pasted(line)
		if got := strings.ReplaceAll(b.String(), " \\\n    ", " "); got != "  "+line+"\n" {
			t.Errorf("on %s a shell reads %q", goos, got)
		}
		if n := strings.Count(b.String(), "\n"); n != want {
			t.Errorf("on %s it has %d lines:\n%s", goos, n, b.String())
		}
	}
}
