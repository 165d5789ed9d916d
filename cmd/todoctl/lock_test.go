//go:build !windows

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// holding starts `up` and keeps it in its first write.
func holding(t *testing.T, x *wire) *process {
	t.Helper()
	held := make(chan struct{})
	var once sync.Once
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".CreateTable") {
			next.ServeHTTP(w, r)
			return
		}
		once.Do(func() { close(held) })
		silence(t, r)
	})
	p := x.process("up", "--yes").start()
	<-held
	return p
}

func TestASecondTodoctlIsToldWhoIsAtWork(t *testing.T) {
	x := newWire(t)
	backup := filepath.Join(t.TempDir(), "items.jsonl")
	x.must(0, "up", "--yes")
	x.must(0, "down", "--yes", "--backup", backup)
	before := x.writes()
	first := holding(t, x)
	said := regexp.MustCompile(`error: another todoctl is at work on the stack Todo \(pid ` + strconv.Itoa(first.cmd.Process.Pid) + `, todoctl\s+up,\s+since\s+\d\d:\d\d:\d\d\)`)
	for _, args := range [][]string{
		{"up", "--yes"}, {"table", "--yes"}, {"alarm", "--yes"}, {"down", "--yes", "--discard-data"}, {"restore", "--yes", backup},
	} {
		p := x.must(exitFailed, args...)
		if words := p.errs.String(); !said.MatchString(words) || !strings.Contains(words, "try:   todoctl "+strings.Join(args, " ")) {
			t.Errorf("%v says:\n%s", args, words)
		}
	}
	if n := x.writes() - before; n != 0 {
		t.Errorf("%d changes were made", n)
	}
	// What only looks is free, and so is another stack.
	x.must(exitDiffers, "up", "--dry-run")
	looked := x.must(exitDiffers, "status")
	if words := strings.Join(strings.Fields(looked.errs.String()), " "); !strings.Contains(words, "note: another todoctl is at work on the stack Todo (pid "+strconv.Itoa(first.cmd.Process.Pid)+", todoctl up, since") {
		t.Errorf("status does not say that somebody is at work:\n%s", words)
	}
	x.must(exitDone, "role", "--yes", "--stack", "Chat")
	// Killed, it leaves no lock behind.
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.end()
	x.meddle(nil)
	if words := x.must(exitDiffers, "status").errs.String(); strings.Contains(words, "at work") {
		t.Errorf("nobody is at work any more:\n%s", words)
	}
	x.must(0, "up", "--yes")
}

func TestAQuestionHoldsTheLock(t *testing.T) {
	x := newWire(t)
	asked := start(t, x.env, "up")
	asked.expect("Go through these 6 steps?")
	x.must(exitFailed, "up", "--yes")
	asked.press(ctrlC)
	if exit := asked.end(); exit != exitInterrupted {
		t.Errorf("exit %d", exit)
	}
	x.must(0, "up", "--yes")
}

func TestWithoutAPlaceForTheLockTheWorkGoesOn(t *testing.T) {
	x := newWire(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.env = append(x.env, "TODOCTL_STATE="+filepath.Join(file, "state"))
	p := x.must(0, "up", "--yes")
	if !strings.Contains(p.errs.String(), "note: start no second todoctl") {
		t.Errorf("it does not say so:\n%s", p.errs.String())
	}
}
