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

// Signs in the child's output. The first is this program's own, and comes with
// what the child cannot know; the others are the bootstraps'.
const (
	markSign = "\x1e" // ends a section
	logSign  = "\x1d" // begins a log record, perhaps in the middle of a line
	lineSign = "\x1f" // stands for a line's end inside a record
)

// listen reads what the child prints until it ends.
func (e *childEnvironment) listen(out io.Reader) {
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
		text, name, marked := strings.Cut(line, e.sign)
		before, rest, split := strings.Cut(text, logSign)
		if before != "" {
			keep(before)
		}
		if split {
			keep(rest)
		}
		if marked {
			s.mark = strings.TrimSuffix(name, "\n")
			e.output <- s
			s, size = section{}, 0
		}
		if err != nil {
			break
		}
	}
	e.output <- s
}

// usable says no of a child that has died since its last invocation. One that
// died in its start is usable: the invocation is who hears of it.
func (e *childEnvironment) usable() bool {
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
func (e *childEnvironment) isReady() {
	e.first.Do(func() {
		e.mu.Lock()
		e.init = max(e.now().Sub(e.began), time.Microsecond)
		e.mu.Unlock()
		e.mark("init")
		close(e.ready)
	})
}

// initError keeps what the bootstrap says about code that cannot start.
func (e *childEnvironment) initError(body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = body
}

// run hands the child one invocation and waits for the result.
func (e *childEnvironment) run(ctx context.Context, in invocation) runResult {
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
	e.current = t
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
	out.took, out.init, out.begin, out.runtime = e.now().Sub(began), started, begin, e.launcher.version
	return out
}

// printed returns the lines up to a mark; "" is the end.
func (e *childEnvironment) printed(mark string) []string {
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
func (e *childEnvironment) ended(in invocation) runResult {
	<-e.dead
	lines := e.printed("")
	e.mu.Lock()
	broken, entry, why := e.broken, e.entry, e.why
	e.mu.Unlock()
	if broken != nil {
		return runResult{payload: broken, fault: "Unhandled", status: "error", lines: lines, gone: true}
	}
	kind, cause := "Runtime.ExitError", "Runtime exited with error: "+why
	if entry != "" {
		kind, cause = "Runtime.InvalidEntrypoint", entry
	}
	message := fmt.Sprintf("RequestId: %s Error: %s", in.id, cause)
	out := failed(kind, message)
	out.lines = append(lines, message, kind)
	return out
}
