//go:build !windows

package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A line is there when what it tells happens: AWS answers nothing that changes
// anything before the plan has been read, and nothing after that before the start
// of a step has.
func TestALineIsReadableBeforeTheNextThingHappens(t *testing.T) {
	x := newWire(t)
	p := x.process("up", "--yes", "--output", "jsonl")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p.cmd.Stdout = w
	planned, started := make(chan struct{}), make(chan struct{})
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".CreateTable") {
			for what, read := range map[string]chan struct{}{"the plan": planned, "the table's start": started} {
				select {
				case <-read:
				case <-time.After(20 * time.Second):
					t.Errorf("the table is being made, and %s cannot be read", what)
				}
			}
		}
		next.ServeHTTP(w, r)
	})
	p.start()
	w.Close()
	var all strings.Builder
	for scanner := bufio.NewScanner(r); scanner.Scan(); {
		all.WriteString(scanner.Text() + "\n")
		switch line := scanner.Text(); {
		case strings.Contains(line, `"type":"plan"`):
			close(planned)
		case strings.Contains(line, `"step":"table"`) && strings.Contains(line, `"stage":"started"`):
			close(started)
		}
	}
	if exit := p.end(); exit != exitDone {
		t.Errorf("exit %d:\n%s\n%s", exit, all.String(), p.errs.String())
	}
}

// A kill at any call leaves whole lines, and no result.
func TestAKilledStreamHasWholeLinesAndNoResult(t *testing.T) {
	for k := 2; ; k += sample(9) {
		x := newWire(t)
		p := x.process("up", "--yes", "--output", "jsonl")
		x.meddle(func(call int, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if call == k {
				_ = p.signal(syscall.SIGKILL)
				silence(t, r)
				return
			}
			next.ServeHTTP(w, r)
		})
		exit := p.start().end()
		lines, ended, err := printedLines(p.out.String())
		if err != nil || ended != (exit == exitDone) || len(lines) == 0 && k > 30 { // nothing is told before all looks are made
			t.Errorf("killed at call %d, exit %d, ended %v: %v\n%s", k, exit, ended, err, p.out.String())
		}
		if exit == exitDone {
			if k < 20 {
				t.Errorf("up makes only %d calls", k)
			}
			return
		}
	}
}

// An interrupt has a result, and it says how to go on.
func TestAnInterruptedStreamEndsWithItsResult(t *testing.T) {
	x := newWire(t)
	p := x.process("up", "--yes", "--output", "jsonl")
	var once sync.Once
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".CreateTable") {
			once.Do(func() { _ = p.signal(syscall.SIGINT) })
		}
		next.ServeHTTP(w, r)
	})
	exit := p.start().end()
	_, ended, err := printedLines(p.out.String())
	if exit != exitInterrupted || err != nil || !ended || !strings.Contains(p.out.String(), `"todoctl up --yes --output jsonl   (continues)"`) {
		t.Errorf("exit %d: %v\n%s", exit, err, p.out.String())
	}
}

// A reader that goes away, at once or after a line, does not stop the run in the
// middle.
func TestAReaderThatLeavesDoesNotStopTheStreamsRun(t *testing.T) {
	for _, reads := range []int{0, 1, 3} {
		x := newWire(t)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := x.process("up", "--yes", "--output", "jsonl")
		p.cmd.Stdout = w
		p.start()
		w.Close()
		reader := bufio.NewReaderSize(io.LimitReader(r, 1<<16), 16)
		for range reads {
			if _, err := reader.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
		if exit := p.end(); exit != exitFailed {
			t.Errorf("after %d lines: exit %d:\n%s", reads, exit, p.errs.String())
		}
		x.must(exitDone, "up", "--dry-run")
	}
}

func TestAStreamHoldsNoSecret(t *testing.T) {
	for k := 1; k <= 40; k += sample(13) {
		x := newWire(t)
		x.meddle(func(call int, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if call < k || strings.Contains(r.URL.Path, "/operation/") {
				next.ServeHTTP(w, r)
				return
			}
			chatter(w, r, http.StatusBadRequest, "Surprise")
		})
		p := x.process("up", "--yes", "--output", "jsonl").start()
		exit := p.end()
		if found := leaks(p.out.String()+p.errs.String(), personKey, personSecret, personToken, personEmail); len(found) > 0 || exit != exitFailed {
			t.Errorf("from call %d on: exit %d, shows %q:\n%s", k, exit, found, p.out.String())
		}
	}
}
