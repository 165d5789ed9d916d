//go:build !windows

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

var stopping = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}

// A signal may come when any call is under way: a look is dropped, a write is
// finished, the person learns what exists, and the next run ends as if nothing
// had happened.
func TestASignalAtAnyCallStopsAndTheNextRunContinues(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T18")
	cases := 0
	for _, command := range [][]string{{"up", "--yes", "--parallel", "1"}, {"down", "--yes", "--discard-data", "--parallel", "1"}} {
		for n, sig := range stopping {
			for k := 1 + n; ; k += sample(23) {
				fired := false
				name := fmt.Sprintf("%s %s at call %d", command[0], sig, k)
				t.Run(name, func(t *testing.T) { fired = stoppedAt(t, command, sig, k) })
				if !fired || t.Failed() {
					break
				}
				cases++
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < len(stopping) {
		t.Errorf("only %d signals were sent", cases)
	}
}

// stoppedAt sends a signal at call k. False means that the run had fewer calls.
func stoppedAt(t *testing.T, command []string, sig syscall.Signal, k int) (fired bool) {
	x := newWire(t)
	if command[0] == "down" {
		x.must(0, "up", "--yes")
	}
	p := x.process(command...)
	var sent, silenced atomic.Bool
	x.meddle(func(call int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if call != k {
			next.ServeHTTP(w, r)
			return
		}
		sent.Store(true)
		if err := p.signal(sig); err != nil {
			t.Error(err)
		}
		if reads(r) {
			silenced.Store(true)
			silence(t, r) // no answer: the signal alone must end it
			return
		}
		next.ServeHTTP(w, r)
	})
	exit := p.start().end()
	words := p.errs.String()
	x.meddle(nil)
	if !sent.Load() {
		return false
	}
	// A write is finished, and the last one may find the work done. A look that
	// gets no answer can only end by the signal.
	if exit != exitInterrupted && (exit != exitDone || silenced.Load()) {
		t.Errorf("exit %d:\n%s", exit, words)
	}
	if exit == exitInterrupted {
		for _, want := range []string{"error: stopped", "try:   todoctl " + strings.Join(command, " ")} {
			if !strings.Contains(words, want) {
				t.Errorf("it does not say %q:\n%s", want, words)
			}
		}
		if nothing := strings.Contains(words, "nothing was changed"); nothing && strings.Contains(words, "(continues)") {
			t.Errorf("there is nothing to be continued:\n%s", words)
		}
		if x.writes() > 0 && command[0] == "up" && !strings.Contains(words, "TodoTable") {
			t.Errorf("it does not say what exists:\n%s", words)
		}
	}
	x.must(0, command...)
	if command[0] == "up" {
		x.must(0, "up", "--dry-run") // as it should be: nothing to do
	}
	x.must(0, "down", "--yes", "--discard-data")
	if empty, err := x.aws.Empty(); err != nil || !empty {
		t.Errorf("something is left: %v", err)
	}
	return true
}

// reads says whether a request only looks, by what its protocol shows of its
// operation: the target header, the query's Action, or the method.
func reads(r *http.Request) bool {
	operation := r.Header.Get("X-Amz-Target")
	if i := strings.LastIndex(operation, "."); i >= 0 {
		operation = operation[i+1:]
	}
	if strings.Contains(r.URL.Path, "/operation/") {
		operation = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, _ := io.ReadAll(r.Body) // what is cut off the server refuses
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		operation = form.Get("Action")
	}
	for _, look := range []string{"Get", "List", "Describe", "Scan", "Query"} {
		if strings.HasPrefix(operation, look) {
			return true
		}
	}
	return operation == "" && r.Method == http.MethodGet
}

// Whichever write it is that gets no answer, the second signal does not wait for it.
func TestASecondSignalLeavesAtOnce(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T18")
	cases := 0
	for n, sig := range stopping {
		for k, more := 1+n, true; more && !t.Failed(); k += sample(9) {
			t.Run(fmt.Sprintf("%s at write %d", sig, k), func(t *testing.T) { more = leftAt(t, sig, k) })
			if more {
				cases++
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
	if cases < len(stopping) {
		t.Errorf("only %d runs were left", cases)
	}
}

// leftAt sends a signal again and again while write k gets no answer. False
// means that the run had fewer writes.
func leftAt(t *testing.T, sig syscall.Signal, k int) (held bool) {
	x := newWire(t)
	reached := make(chan struct{})
	var writes atomic.Int32
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if reads(r) || writes.Add(1) != int32(k) {
			next.ServeHTTP(w, r)
			return
		}
		close(reached)
		silence(t, r)
	})
	p := x.process("up", "--yes", "--parallel", "1").start()
	ended := make(chan struct{})
	go func() {
		for again := time.NewTicker(2 * sameStop); ; { // until it has gone, as an impatient person does
			select {
			case <-reached:
				if p.signal(sig) != nil {
					return
				}
			case <-ended:
				return
			}
			<-again.C
		}
	}()
	exit := p.end()
	close(ended)
	select {
	case <-reached:
	default:
		if exit != exitDone {
			t.Errorf("exit %d:\n%s", exit, p.errs.String())
		}
		return false
	}
	if exit != exitInterrupted {
		t.Errorf("exit %d:\n%s", exit, p.errs.String())
	}
	if !strings.Contains(p.errs.String(), "stopped at once") || !strings.Contains(p.errs.String(), "todoctl up --yes --parallel 1   (continues)") {
		t.Errorf("its last words:\n%s", p.errs.String())
	}
	x.meddle(nil)
	x.must(0, "up", "--yes")
	return true
}

// `timeout` and closing terminals send one signal twice.
func TestTheSameSignalTwiceIsOneWish(t *testing.T) {
	x := newWire(t)
	p := x.process("up", "--yes", "--parallel", "1")
	x.meddle(func(k int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if k == 9 {
			for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
				_ = p.signal(sig)
			}
		}
		next.ServeHTTP(w, r)
	})
	if exit := p.start().end(); exit != exitInterrupted || strings.Contains(p.errs.String(), "at once") {
		t.Errorf("exit %d:\n%s", exit, p.errs.String())
	}
}

// nohup and scripts start programs with signals that they shall not hear.
func TestAnIgnoredSignalStaysIgnored(t *testing.T) {
	x := newWire(t)
	p := x.process()
	p.cmd.Path, p.cmd.Args = "/bin/sh", []string{"sh", "-c", "trap '' HUP INT; exec " + todoctl(t) + " up --yes"}
	x.meddle(func(k int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if k == 9 {
			_ = p.signal(syscall.SIGHUP)
			_ = p.signal(syscall.SIGINT)
		}
		next.ServeHTTP(w, r)
	})
	if exit := p.start().end(); exit != 0 {
		t.Errorf("exit %d:\n%s", exit, p.errs.String())
	}
}

// A reader that goes away, as `| head -1` does, is no reason to stop in the
// middle: what is under way is finished.
func TestAClosedPipeLosesNothing(t *testing.T) {
	t.Attr("promise", "T18")
	for _, closed := range []string{"stdout", "stderr", "both"} {
		t.Run(closed, func(t *testing.T) {
			x := newWire(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			defer w.Close()
			p := x.process("up", "--yes")
			if closed != "stderr" {
				p.cmd.Stdout = w
			}
			if closed != "stdout" {
				p.cmd.Stderr = w
			}
			want := exitDone
			if closed != "stderr" {
				want = exitFailed // the URL could not be printed
			}
			if exit := p.start().end(); exit != want {
				t.Errorf("exit %d, want %d:\n%s", exit, want, p.errs.String())
			}
			x.must(0, "up", "--dry-run")
		})
	}
	t.Attr("cases", "3")
}

// A form changes how the terminal works; whatever ends it, the terminal is as
// it was.
func TestTheTerminalIsLeftSane(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T18")
	n, cases := 0, 0
	for _, how := range []string{"TERM=xterm-256color", "TERM=dumb", "ACCESSIBLE=1", "NO_COLOR=1"} {
		for _, sig := range stopping {
			for _, times := range []int{1, 2} {
				if n++; n%sample(5) != 0 {
					continue
				}
				cases++
				t.Run(fmt.Sprintf("%s %s x%d", how, sig, times), func(t *testing.T) {
					env := startedLocal(t, how)
					x, settings := startWatched(t, env, "up", "--local")
					x.expect("Go through these 6 steps?")
					for range times {
						if err := x.cmd.Process.Signal(sig); err != nil && times == 1 {
							t.Fatal(err)
						}
					}
					if exit := x.end(); exit != exitInterrupted {
						t.Errorf("exit %d; the screen was:\n%s", exit, x.text())
					}
					if now := settings(); now != settingsBefore(t) {
						t.Errorf("the terminal's settings are\n%s, were\n%s", now, settingsBefore(t))
					}
					for range x.grown { // until all of it has been read
					}
					x.mu.Lock()
					raw := x.screen.String()
					x.mu.Unlock()
					if strings.LastIndex(raw, "\x1b[?25l") > strings.LastIndex(raw, "\x1b[?25h") {
						t.Errorf("the cursor is hidden: %q", raw)
					}
					if strings.LastIndex(raw, "\x1b[?2004h") > strings.LastIndex(raw, "\x1b[?2004l") {
						t.Errorf("pasting is bracketed: %q", raw)
					}
					if n := writes(t, env); n != 0 {
						t.Errorf("%d write calls were made", n)
					}
				})
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// startWatched starts todoctl on a terminal whose settings can be read.
func startWatched(t *testing.T, env []string, args ...string) (*terminal, func() string) {
	t.Helper()
	x := start(t, env, args...)
	return x, func() string { return stty(t, x.pty) }
}

// settingsBefore are the settings of a terminal that nothing has used.
func settingsBefore(t *testing.T) string {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	return stty(t, master)
}

func stty(t *testing.T, f *os.File) string {
	t.Helper()
	s, err := term.GetState(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", *s)
}
