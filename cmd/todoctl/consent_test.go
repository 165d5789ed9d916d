//go:build !windows

package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// Nothing happens without asking: where nobody can answer, the person gets the
// command that says yes, and no call is made at all.
func TestWithoutATerminalNothingIsChanged(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T17")
	x := newWire(t)
	x.must(0, "up", "--yes")
	cases := 0
	for _, stdin := range []string{"pipe", "yes |", "/dev/null", "closed", "terminal, stderr a file"} {
		for _, terminal := range []string{"TERM=xterm", "TERM=dumb"} {
			for _, ci := range []string{"CI=0", "CI=1"} {
				for _, command := range []string{"up", "down", "table", "restore items.jsonl"} {
					cases++
					t.Run(fmt.Sprintf("%s %s %s %s", command, stdin, terminal, ci), func(t *testing.T) {
						x.meddle(nil)
						before := x.writes()
						p := x.process(strings.Fields(command)...)
						p.cmd.Env = append(p.cmd.Env, terminal, ci)
						p.stdin(stdin)
						exit := p.start().end()
						words := p.errs.String()
						if exit != exitUsage || !strings.Contains(words, "this needs your consent") {
							t.Errorf("exit %d:\n%s", exit, words)
						}
						line := "try:   todoctl " + command + " --yes"
						if !strings.Contains(words, line) {
							t.Errorf("it does not say what to type, %q:\n%s", line, words)
						}
						x.mu.Lock()
						calls := len(x.calls)
						x.mu.Unlock()
						if calls > 0 || x.writes() != before {
							t.Errorf("%d calls were made", calls)
						}
					})
				}
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// stdin gives the process one of the ways in which nobody answers.
func (p *process) stdin(how string) {
	p.t.Helper()
	switch how {
	case "/dev/null": // what a nil Stdin is
	case "pipe":
		p.cmd.Stdin = strings.NewReader("y\nTodo\n")
	case "yes |":
		p.cmd.Stdin = strings.NewReader(strings.Repeat("y\n", 1<<15))
	case "closed":
		sh, err := exec.LookPath("sh")
		if err != nil {
			p.t.Fatal(err)
		}
		p.cmd.Args = append([]string{"sh", "-c", `exec "$0" "$@" <&-`}, append([]string{p.cmd.Path}, p.cmd.Args[1:]...)...)
		p.cmd.Path = sh
	default:
		master, slave, err := pty.Open()
		if err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() {
			master.Close()
			slave.Close()
		})
		p.cmd.Stdin = slave
	}
}

// At a terminal CI and TERM change nothing: the first question is asked, and
// without its answer nothing is written.
func TestAtATerminalTheQuestionComesFirst(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T17")
	cases := 0
	x := newWire(t)
	x.must(0, "up", "--yes")
	for _, terminal := range []string{"TERM=xterm", "TERM=dumb"} {
		for _, ci := range []string{"CI=0", "CI=1"} {
			for _, end := range []string{ctrlC, ctrlD, enter} {
				for _, command := range []string{"up", "down"} {
					cases++
					t.Run(fmt.Sprintf("%s %s %s %q", command, terminal, ci, end), func(t *testing.T) {
						args, first := []string{"up", "--stack", "Chat"}, "Go through these 6 steps?"
						if command == "down" {
							args, first = []string{"down"}, "to a file first?"
						}
						before := x.writes()
						s := start(t, append(append([]string(nil), x.env...), terminal, ci), args...)
						s.expect(first)
						switch {
						case end == enter && command == "up":
							s.press(enter)
							s.expect("Step 1 of 6: table")
							s.press(ctrlC)
						case end == enter: // saved, yes; but the name is another one
							s.press(enter)
							s.expect("Type Todo to remove all this")
							s.press("todo" + enter)
						default:
							s.press(end)
						}
						if exit := s.end(); exit == 0 {
							t.Errorf("exit 0; the screen was:\n%s", s.text())
						}
						if n := x.writes() - before; n != 0 {
							t.Errorf("%d changes were made", n)
						}
					})
				}
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}
