//go:build !windows

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writes asks the local AWS how many write calls it has seen.
func writes(t *testing.T, env []string) int {
	t.Helper()
	out, _, exit := run(t, env, "local", "status", "--output", "json")
	if exit != 0 {
		t.Fatalf("local status ended with %d", exit)
	}
	var status struct {
		Running bool
		Calls   struct{ Writes int }
	}
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(err)
	}
	if !status.Running {
		t.Fatal("the local AWS does not run")
	}
	return status.Calls.Writes
}

// local starts the local AWS with no lags, so that tests do not wait.
func startedLocal(t *testing.T, more ...string) []string {
	t.Helper()
	env := home(t, more...)
	if _, errs, exit := run(t, env, "local", "start", "--lag", "none"); exit != 0 {
		t.Fatal(errs)
	}
	return env
}

var stepNames = []string{"table", "role", "function", "url", "test", "alarm"}

func TestEnterToTheEndGivesAWorkingAPI(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"TERM=xterm-256color", "TERM=dumb", "ACCESSIBLE=1", "NO_COLOR=1"} {
		t.Run(term, func(t *testing.T) {
			env := startedLocal(t, term)
			x := start(t, env, "up", "--local")
			x.expect("Go through these 6 steps?")
			x.press(enter)
			for i, step := range stepNames {
				x.expect("Step " + string(rune('1'+i)) + " of 6: " + step)
				if step == "alarm" {
					x.expect("Which e-mail address")
					x.press(enter)
				}
				x.expect("Quit")
				x.press(enter)
			}
			if exit := x.end(); exit != 0 {
				t.Fatalf("exit %d; the screen was:\n%s", exit, x.text())
			}
			url := strings.TrimSpace(x.stdout.String())
			res, err := http.Get(url)
			if err != nil {
				t.Fatalf("stdout is %q: %v", x.stdout.String(), err)
			}
			defer res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("GET %s answers %s", url, res.Status)
			}
		})
	}
}

func TestCtrlCAtTheFirstQuestionChangesNothing(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"TERM=xterm-256color", "TERM=dumb"} {
		t.Run(term, func(t *testing.T) {
			env := startedLocal(t, term)
			x := start(t, env, "up", "--local")
			x.expect("Go through these 6 steps?")
			x.press(ctrlC)
			if term != "TERM=dumb" { // the form is gone, and where it was stopped is still to be seen
				x.expect("? Go through these 6 steps?\nerror: stopped")
			}
			x.ends(exitInterrupted)
			if n := writes(t, env); n != 0 {
				t.Errorf("%d write calls were made", n)
			}
		})
	}
}

func TestEndOfInputIsNoAnswer(t *testing.T) {
	env := startedLocal(t, "TERM=dumb")
	x := start(t, env, "up", "--local")
	x.expect("Go through these 6 steps?")
	x.press(ctrlD)
	if exit := x.end(); exit == 0 {
		t.Errorf("exit 0; the screen was:\n%s", x.text())
	}
	if n := writes(t, env); n != 0 {
		t.Errorf("%d write calls were made", n)
	}
}

func TestASkippedStepLeavesOutWhatNeedsIt(t *testing.T) {
	env := startedLocal(t)
	x := start(t, env, "up", "--local")
	x.expect("Go through these 6 steps?")
	x.press(enter)
	x.expect("Step 1 of 6: table")
	x.expect("Quit")
	x.press(enter)
	x.expect("Step 2 of 6: role")
	x.expect("Quit")
	x.press(down + down + down + enter)
	x.expect("Lambda cannot run a function that has no role.")
	x.expect("Without the role these are left out too: function, url, test. Skip them?")
	x.press(enter)
	x.expect("Step 6 of 6: alarm") // 3 to 5 need the role, so they are not asked about
	x.expect("Which e-mail address")
	x.press("me@example.com" + enter)
	x.expect("Quit")
	x.press(enter)
	if exit := x.end(); exit != 0 {
		t.Errorf("exit %d although the person chose so; the screen was:\n%s", exit, x.text())
	}
	for range x.grown { // until all of it has been read
	}
	if !strings.Contains(x.text(), "function  not started: the function needs the role") { // before or after the last question
		t.Errorf("it does not say what was left out:\n%s", x.text())
	}
	if x.stdout.Len() > 0 {
		t.Errorf("stdout has %q and there is no URL", x.stdout.String())
	}
}

func TestDownWantsTheStacksNameTyped(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"TERM=xterm-256color", "TERM=dumb"} {
		t.Run(term, func(t *testing.T) {
			env := startedLocal(t, term)
			if _, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test"); exit != 0 {
				t.Fatal(errs)
			}
			before := writes(t, env)

			x := start(t, env, "down", "--local")
			x.expect("Type Todo to remove all this")
			x.press("todo" + enter)
			if exit := x.end(); exit != exitUsage {
				t.Errorf("a wrong name: exit %d, want %d", exit, exitUsage)
			}
			if n := writes(t, env); n != before {
				t.Errorf("a wrong name: %d write calls were made", n-before)
			}

			x = start(t, env, "down", "--local")
			x.expect("Type Todo to remove all this")
			x.press(ctrlD)
			if exit := x.end(); exit == 0 {
				t.Error("the end of input counted as an answer")
			}
			x = start(t, env, "down", "--local")
			x.expect("Type Todo to remove all this")
			x.press("Todo" + enter)
			x.expect("0 left")
			if exit := x.end(); exit != 0 {
				t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
			}
		})
	}
}

func TestWithoutCredentialsATerminalIsOfferedARehearsal(t *testing.T) {
	env := home(t, "AWS_REGION=us-east-1")
	x := start(t, env, "up")
	x.expect("no AWS credentials were found")
	x.expect("Rehearse on an AWS inside this program instead?")
	x.press("n")
	if exit := x.end(); exit != exitCredentials {
		t.Errorf("exit %d, want %d; the screen was:\n%s", exit, exitCredentials, x.text())
	}
}

func TestWithoutCredentialsAndTerminalTheWayInIsShown(t *testing.T) {
	for _, region := range []string{"AWS_REGION=us-east-1", "AWS_REGION="} {
		stdout, stderr, exit := run(t, home(t, region), "up", "--yes")
		if exit != exitCredentials || stdout != "" || !strings.Contains(stderr, "aws login") {
			t.Errorf("%s: exit %d, stdout %q, stderr:\n%s", region, exit, stdout, stderr)
		}
	}
}

// Nothing of AWS was ever set up on this machine. It was asked for a Region first,
// which leads to the next error and not on.
func TestOnAFreshMachineARehearsalIsOffered(t *testing.T) {
	x := start(t, startedLocal(t), "up")
	x.expect("no AWS credentials were found")
	x.expect("Rehearse on an AWS inside this program instead?")
	x.press(enter)
	x.expect("Go through these 6 steps?")
	x.press(ctrlC)
	x.expect("try:   todoctl up --local\n")
	x.ends(exitInterrupted)
}

func TestAnItemThatComesWhileDownAsksKeepsItsTable(t *testing.T) {
	t.Parallel()
	env := startedLocal(t)
	url, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test")
	if exit != 0 {
		t.Fatal(errs)
	}
	x := start(t, env, "down", "--local")
	x.expect("Type Todo to remove all this")
	res, err := http.Post(strings.TrimSpace(url), "application/json", strings.NewReader(`{"task": "late"}`))
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatal(res, err)
	}
	res.Body.Close()
	x.press("Todo" + enter)
	x.expect("the table has got 1 item in the meantime, so it stays")
	if exit := x.end(); exit != exitFailed {
		t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
	}
	if _, errs, exit := run(t, env, "down", "--local", "--yes"); exit != exitUsage || !strings.Contains(errs, "holds 1 item") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}

func TestDownOffersABackupFirst(t *testing.T) {
	t.Parallel()
	for answer, choose := range map[string]string{"backup": "", "discard": down, "stop": down + down} {
		t.Run(answer, func(t *testing.T) {
			env := startedLocal(t)
			if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
				t.Fatal(errs)
			}
			x := start(t, env, "down", "--local")
			x.expect("Save the 1 item to a file first?")
			x.expect("Stop here")
			x.press(choose + enter)
			if answer == "stop" {
				if exit := x.end(); exit != exitInterrupted {
					t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
				}
				if out, _, _ := run(t, env, "test", "--local"); !strings.Contains(out, "Buy groceries") {
					t.Errorf("the list is %s", out)
				}
				return
			}
			x.expect("Type Todo to remove all this")
			x.press("Todo" + enter)
			if answer == "backup" {
				x.expect("Saved and read back: 1 item")
			}
			x.expect("0 left")
			if exit := x.end(); exit != 0 {
				t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
			}
			saved, err := filepath.Glob(filepath.Join(x.cmd.Dir, "TodoTable-*.jsonl"))
			if err != nil || len(saved) != map[string]int{"backup": 1}[answer] {
				t.Errorf("the files are %v, %v", saved, err)
			}
		})
	}
}

// Three wrong names in a row, on a real terminal, are three times no.
func TestAWrongNameKeepsTheItemsEveryTime(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"TERM=xterm-256color", "TERM=dumb"} {
		t.Run(term, func(t *testing.T) {
			env := startedLocal(t, term)
			if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
				t.Fatal(errs)
			}
			before, cases := writes(t, env), 0
			for _, wrong := range []string{"todo" + enter, "TodoTable" + enter, enter, ctrlD} {
				for _, choose := range []string{enter, down + enter} { // save them, give them up
					if term == "TERM=dumb" {
						choose = map[string]string{enter: "1" + enter, down + enter: "2" + enter}[choose]
					}
					x := start(t, env, "down", "--local")
					x.expect("Save the 1 item to a file first?")
					x.expect("Stop here")
					x.press(choose)
					x.expect("Type Todo to remove all this")
					x.press(wrong)
					if exit := x.end(); exit != exitInterrupted && exit != exitUsage {
						t.Errorf("%q, %q: exit %d; the screen was:\n%s", choose, wrong, exit, x.text())
					}
					if left, err := os.ReadDir(x.cmd.Dir); err != nil || len(left) > 0 {
						t.Errorf("%q, %q: it left %v, %v", choose, wrong, left, err)
					}
					cases++
				}
			}
			if n := writes(t, env); n != before {
				t.Errorf("%d write calls were made", n-before)
			}
			counted(t, cases)
		})
	}
}

func TestTheRehearsalGoesOnWithLocal(t *testing.T) {
	env := startedLocal(t, "AWS_REGION=us-east-1")
	x := start(t, env, "up")
	x.expect("Rehearse on an AWS inside this program instead?")
	x.press("y")
	x.expect("Go through these 6 steps?")
	x.press(ctrlC)
	x.expect("try:   todoctl up --local\n")
	if exit := x.end(); exit != exitInterrupted {
		t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
	}
}

func TestCtrlDAtAChoiceChoosesNothing(t *testing.T) {
	t.Parallel()
	for _, term := range []string{"TERM=xterm-256color", "ACCESSIBLE=1"} {
		t.Run(term, func(t *testing.T) {
			env := startedLocal(t, term)
			if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
				t.Fatal(errs)
			}
			before := writes(t, env)
			x := start(t, env, "down", "--local")
			x.expect("Save the 1 item to a file first?")
			x.expect("Stop here")
			if term == "ACCESSIBLE=1" {
				x.press("9" + enter) // not among the three
				x.expect("is not a number from 1 to 3")
			}
			x.press(ctrlD)
			if exit := x.end(); exit != exitInterrupted && exit != exitUsage {
				t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
			}
			if strings.Contains(x.text(), "goroutine") {
				t.Errorf("it panicked:\n%s", x.text())
			}
			if n := writes(t, env); n != before {
				t.Errorf("%d write calls were made", n-before)
			}
		})
	}
}
