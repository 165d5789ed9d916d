package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// A tester is what a terminal and an account tell of their failures: a test, or
// a transcript.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(func())
}

// A scripted is a transcript as a tester.
type scripted struct{ *testscript.TestScript }

func (s scripted) Helper()                           {}
func (s scripted) Fatal(args ...any)                 { s.Fatalf("%s", fmt.Sprint(args...)) }
func (s scripted) Errorf(format string, args ...any) { s.Fatalf(format, args...) }
func (s scripted) Cleanup(f func())                  { s.Defer(f) }

// A move is one line of a conversation: what the person does.
type move struct{ verb, what string }

// keysOf are the keys that a conversation presses, by their names.
var keysOf = map[string]string{"enter": "\r", "down": "\x1b[B", "ctrl-c": "\x03", "ctrl-d": "\x04"}

// conversation reads a file of an archive that says what happens at a terminal:
//
//	sees TEXT      waits until todoctl has said it, after what was seen before
//	types TEXT     types it, then Enter
//	presses KEY    presses one of keysOf
//	saves FILE     writes a line to the end of it, in an editor beside the terminal
//	called         waits until todoctl has called a server that falls silent
func conversation(text string) ([]move, error) {
	var moves []move
	for line := range strings.Lines(text) {
		verb, what, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		_, isKey := keysOf[what]
		switch {
		case verb == "sees" && what != "", verb == "types", verb == "saves" && what != "", verb == "called" && what == "":
		case verb == "presses" && isKey:
		default:
			return nil, fmt.Errorf("%q is no line of a conversation", strings.TrimSpace(line))
		}
		moves = append(moves, move{verb, what})
	}
	return moves, nil
}

// surroundings are the environment of a script's commands, as far as todoctl looks
// at it.
func surroundings(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"HOME", "PATH", "TMPDIR", "TODOCTL_STATE", endedFile, "AWS_EC2_METADATA_DISABLED", "AWS_REGION", "TERM", "DISPLAY", "ACCESSIBLE", "NO_COLOR", "GORACE"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// A silent is a server that takes calls and never answers: what a local AWS is
// to the next command when its process hangs.
type silent struct{ called chan struct{} }

type silentKey struct{}

// takeOver makes it the local AWS that the record names. The real one must have
// stopped.
func (s *silent) takeOver(ts *testscript.TestScript, app *App, b background) error {
	if b.PID != 0 {
		return fmt.Errorf("the local AWS (pid %d) still runs", b.PID)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.called = make(chan struct{}, 8)
	ended := make(chan struct{})
	ts.Defer(func() {
		ts.Check(l.Close())
		<-ended
	})
	go func() {
		defer close(ended)
		var open []net.Conn // until the script ends
		for {
			conn, err := l.Accept()
			if err != nil {
				break
			}
			open = append(open, conn)
			s.called <- struct{}{}
		}
		for _, conn := range open {
			_ = conn.Close() // the other end has gone
		}
	}()
	c := &command{App: app, globals: &globals{}, doc: &document{}}
	return c.saveBackground(background{PID: os.Getpid(), Address: l.Addr().String(), Token: newToken(), Version: version, Started: time.Now()})
}

// wait returns when a call has come.
func (s *silent) wait(t tester) {
	select {
	case <-s.called:
	case <-time.After(30 * time.Second):
		t.Fatal("todoctl made no call")
	}
}

// say gives a script what a command said, as exec does.
func say(ts *testscript.TestScript, stdout, stderr string) {
	_, err := io.WriteString(ts.Stdout(), stdout)
	ts.Check(err)
	_, err = io.WriteString(ts.Stderr(), stderr)
	ts.Check(err)
}
