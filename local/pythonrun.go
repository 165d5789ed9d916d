package local

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxOutput bounds what is kept of one invocation's output, in bytes.
const maxOutput = 1 << 20

// The bootstrap's signs in the child's output.
const (
	// markSign ends a section. It comes with the section's name and before the
	// answer, so that what the function printed is complete when that arrives.
	markSign = "\x1e"

	logSign  = "\x1d" // begins a log record, perhaps in the middle of a line
	lineSign = "\x1f" // stands for a line's end inside a record
)

// listen reads what the child prints until it ends.
func (e *pythonEnvironment) listen(out io.Reader) {
	r := bufio.NewReader(out)
	var s section
	size := 0
	keep := func(line string) {
		line = strings.TrimRight(strings.ReplaceAll(line, lineSign, "\n"), "\r\n")
		size += len(line)
		switch {
		case size <= maxOutput:
			s.lines = append(s.lines, line)
		case size-len(line) <= maxOutput:
			s.lines = append(s.lines, "todoctl left out the rest: one invocation printed more than a megabyte")
		}
	}
	for {
		line, err := r.ReadString('\n')
		text, name, marked := strings.Cut(line, markSign)
		name = strings.TrimSpace(name)
		if marked && !e.awaits(name) {
			text, marked = line, false // the function's own
		}
		before, rest, split := strings.Cut(text, logSign)
		if before != "" {
			keep(before)
		}
		if split {
			keep(rest)
		}
		if marked {
			s.mark = name
			e.output <- s
			s, size = section{}, 0
		}
		if err != nil {
			break
		}
	}
	e.output <- s
}

// awaits says whether a mark of this name is due.
func (e *pythonEnvironment) awaits(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return name == "init" || name == e.mark
}

// usable says no of a child that has died since its last invocation. One that
// died in its start is usable: the invocation is who hears of it.
func (e *pythonEnvironment) usable() bool {
	select {
	case <-e.dead:
	default:
		return true
	}
	select {
	case <-e.ready:
		return false
	default:
		return true
	}
}

// isReady notes the first next.
func (e *pythonEnvironment) isReady() {
	e.first.Do(func() {
		e.mu.Lock()
		e.init = max(e.now().Sub(e.began), time.Microsecond)
		e.mu.Unlock()
		close(e.ready)
	})
}

// initError keeps what the bootstrap says about code that cannot start.
func (e *pythonEnvironment) initError(body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = body
}

// run hands the child one invocation and waits for the result.
func (e *pythonEnvironment) run(ctx context.Context, in invocation) runResult {
	var begin []string
	select {
	case <-e.ready:
	case <-e.dead:
		return e.ended(in)
	case <-ctx.Done():
		return failed("Sandbox.Shutdown", errClosed.Error())
	case <-time.After(initTimeout):
		e.close()
		out := e.ended(in)
		out.status = "timeout"
		return out
	}
	e.mu.Lock()
	started := e.init
	e.init = 0
	e.mu.Unlock()
	if started > 0 {
		begin = e.printed("init")
	}
	t := &task{invocation: in, reply: make(chan runResult, 1)}
	began := e.now()
	timeout := time.NewTimer(in.timeout)
	defer timeout.Stop()
	e.mu.Lock()
	e.current, e.mark = t, in.id
	e.mu.Unlock()
	var out runResult
	send := e.tasks
wait:
	for {
		select {
		case send <- t:
			send = nil // the child has it
			continue
		case out = <-t.reply:
			out.lines = e.printed(in.id)
		case <-e.dead:
			out = e.ended(in)
		case <-timeout.C:
			e.close()
			<-e.dead
			out = timedOut(in)
			out.lines = e.printed("")
		case <-ctx.Done():
			out = failed("Sandbox.Shutdown", errClosed.Error())
		}
		break wait
	}
	out.took, out.init, out.begin = e.now().Sub(began), started, begin
	return out
}

// printed returns the lines up to a mark; "" is the end.
func (e *pythonEnvironment) printed(mark string) []string {
	var lines []string
	for s := range e.output {
		lines = append(lines, s.lines...)
		if mark != "" && s.mark == mark {
			break
		}
	}
	return lines
}

// ended is the result when the process is gone: what init/error said, or how
// it ended.
func (e *pythonEnvironment) ended(in invocation) runResult {
	<-e.dead
	lines := e.printed("")
	e.mu.Lock()
	broken, why := e.broken, e.why
	e.mu.Unlock()
	if broken != nil {
		return runResult{payload: broken, fault: "Unhandled", status: "error", lines: lines, gone: true}
	}
	message := fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", in.id, why)
	out := failed("Runtime.ExitError", message)
	out.lines = append(lines, message, "Runtime.ExitError")
	return out
}

// close kills the child and everything it has started.
func (e *pythonEnvironment) close() {
	e.once.Do(func() {
		close(e.closing)
		e.mu.Lock()
		cmd := e.cmd
		e.mu.Unlock()
		if cmd != nil {
			killGroup(cmd)
		}
	})
}
