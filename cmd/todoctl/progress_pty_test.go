//go:build !windows

package main

import (
	"strings"
	"testing"
)

// raw is what has come to the terminal so far, byte for byte.
func (x *terminal) raw() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.String()
}

// A table that is ready while the person still reads is told of after the answer.
func TestNoLineComesWhileAQuestionIsOpen(t *testing.T) {
	t.Parallel()
	env := home(t)
	if _, errs, exit := run(t, env, "local", "start"); exit != 0 {
		t.Fatal(errs)
	}
	x := start(t, env, "up", "--local")
	x.expect("Go through these 6 steps?")
	x.press(enter)
	x.expect("Step 1 of 6: table")
	x.expect("Quit")
	x.press(enter)
	x.expect("Step 2 of 6: role")
	x.expect("Quit")
	asked := len(x.raw())
	for {
		if _, _, exit := run(t, env, "table", "--local", "--dry-run"); exit == exitDone {
			break
		}
	}
	during := x.raw()[asked:]
	if strings.Contains(during, frameBegin) || strings.Contains(during, "table  ") {
		t.Errorf("while the question was open there came %q", during)
	}
	x.press(enter)
	for _, step := range stepNames[2:] {
		x.expect("of 6: " + step)
		if step == "alarm" {
			x.expect("Which e-mail address")
			x.press(enter)
		}
		x.expect("Quit")
		x.press(enter)
	}
	x.expect("Next: todoctl open")
	if exit := x.end(); exit != exitDone {
		t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
	}
	if text := x.text(); !strings.Contains(text[strings.Index(text, "Step 2 of 6"):], "✓ table     created TodoTable") {
		t.Errorf("the table is not told of afterwards:\n%s", text)
	}
}

// Ctrl-C while the block is drawn: it goes, and what is left says how far the run
// has come.
func TestCtrlCLeavesPlainLinesAndNoBlock(t *testing.T) {
	env := home(t, "NO_COLOR=1")
	if _, errs, exit := run(t, env, "local", "start", "--lag", "aws"); exit != 0 {
		t.Fatal(errs)
	}
	x := start(t, env, "up", "--local", "--yes")
	x.expect("IAM is copying the new role to Lambda")
	for !strings.HasSuffix(x.raw(), frameEnd) { // a terminal's Ctrl-C drops what it has not shown yet
		<-x.grown
	}
	x.press(ctrlC)
	if exit := x.end(); exit != exitInterrupted {
		t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
	}
	for range x.grown { // until all of it has been read
	}
	s := newScreen(t, 80, 24)
	if _, err := s.Write([]byte(x.raw())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n… table     not finished: DynamoDB is making the table, usually 5-10 s\n✓ role      created LambdaTodoRole\n… function  not finished: IAM",
		"\nerror: stopped\n",
	} {
		if !strings.Contains(s.last(), want) {
			t.Errorf("there does not stand %q:\n%s", want, s.last())
		}
	}
	if strings.Contains(s.last(), "waits for") || strings.Contains(s.last(), "Stopping:") {
		t.Errorf("something of the block is left:\n%s", s.last())
	}
}
