//go:build !windows

package main

import (
	"errors"
	"os"
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// atTerminal runs todoctl at a real terminal of 80x24, with a person in front of
// it who follows a file: `terminal CONVERSATION todoctl up --local`. What was on
// the screen, the typing too, is the script's stderr.
func atTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || args[1] != "todoctl" {
		ts.Fatalf("usage: terminal CONVERSATION todoctl ARGS...")
	}
	moves, err := conversation(ts.ReadFile(args[0]))
	ts.Check(err)
	path, err := exec.LookPath("todoctl")
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Env, cmd.Dir = surroundings(ts), ts.MkAbs(".")
	x := onTerminal(scripted{ts}, cmd)
	for _, m := range moves {
		switch m.verb {
		case "sees":
			x.expect(m.what)
		case "types":
			x.press(m.what + enter)
		case "presses":
			x.press(keysOf[m.what])
		case "saves":
			f, err := os.OpenFile(ts.MkAbs(m.what), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
			ts.Check(err)
			_, err = f.WriteString("# saved\n")
			ts.Check(errors.Join(err, f.Close()))
		case "called":
			ts.Value(silentKey{}).(*silent).wait(scripted{ts})
		}
	}
	exit := x.end()
	for range x.grown { // until all of it has been read
	}
	say(ts, x.stdout.String(), x.text())
	if (exit != exitDone) != neg {
		ts.Fatalf("todoctl ends with %d", exit)
	}
}
