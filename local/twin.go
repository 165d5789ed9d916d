package local

import (
	"context"
	"fmt"
	"net/http"
	"runtime/metrics"
	"slices"
	"time"
)

// Twin is the Go version of the default handler. It stands in when this machine
// has no Python or Node.js that can run the function, for exactly the code whose
// zip has one of these hashes: any other code is somebody's own, and pretending
// to run it would be a lie.
type Twin struct {
	SHA256 []string // base64, as Lambda's CodeSha256

	// New makes the handler of one environment. What it returns answers one
	// event at a time; with an answer and an error, the error goes into the log.
	New func(env TwinEnvironment) func(ctx context.Context, event []byte) ([]byte, error)
}

// runs says whether the twin is a version's code in Go.
func (t *Twin) runs(v versionDoc) bool { return t != nil && slices.Contains(t.SHA256, v.CodeSHA256) }

// TwinEnvironment is what a function finds in its environment variables.
type TwinEnvironment struct {
	FunctionName string
	Region       string

	Endpoint        string // of every AWS service
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	HTTP            *http.Client // reaches Endpoint, with or without a socket
	Now             func() time.Time

	Variables map[string]string // the function's own
}

// A twinEnvironment runs the Go twin inside this program.
type twinEnvironment struct {
	surroundings
	init   time.Duration // of its start; 0 once it is reported
	now    func() time.Time
	handle func(ctx context.Context, event []byte) ([]byte, error)
	stop   context.CancelFunc
	ctx    context.Context
}

func (x *lambdaService) newTwin(s surroundings) *twinEnvironment {
	began := x.cfg.Now()
	e := &twinEnvironment{surroundings: s, now: x.cfg.Now}
	e.ctx, e.stop = context.WithCancel(x.ctx)
	e.handle = x.cfg.Twin.New(TwinEnvironment{
		FunctionName: s.function, Region: s.region, Endpoint: x.endpoint(),
		AccessKeyID: s.accessKey, SecretAccessKey: functionSecret, SessionToken: functionSession,
		HTTP: &http.Client{Transport: x.inProcess()}, Now: x.cfg.Now, Variables: s.version.Variables,
	})
	e.init = max(x.cfg.Now().Sub(began), time.Microsecond)
	return e
}

// The secrets of a function's key: the same for all, because a key itself is
// random and lives as long as its environment.
const (
	functionSecret  = "local"
	functionSession = "local"
)

func (e *twinEnvironment) close() { e.stop() }

func (e *twinEnvironment) usable() bool { return true }

// run answers one event. A handler that ignores its context is left behind at
// the timeout, as a Go function on Lambda would be frozen.
func (e *twinEnvironment) run(_ context.Context, in invocation) runResult {
	ctx, cancel := context.WithTimeout(e.ctx, in.timeout)
	defer cancel()
	began := e.now()
	done := make(chan runResult, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- failed("Runtime.Panic", fmt.Sprint(p))
			}
		}()
		payload, err := e.handle(ctx, in.event)
		out := runResult{payload: payload}
		if err != nil && payload == nil {
			out = failed("Error", err.Error())
			out.gone = false
		}
		if err != nil {
			out.lines = []string{"[ERROR] " + err.Error()}
		}
		done <- out
	}()
	var out runResult
	select {
	case out = <-done:
	case <-ctx.Done():
		out = timedOut(in)
	}
	out.took, out.memory = e.now().Sub(began), usedMemory()
	out.init, out.runtime, e.init = e.init, "todoctl:twin", 0
	return out
}

// usedMemory is what this whole program has from the system, in MB: the twin
// has no memory of its own.
func usedMemory() int {
	total := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(total)
	return int(total[0].Value.Uint64() >> 20)
}

// timedOut is the result of an invocation that took too long.
func timedOut(in invocation) runResult {
	out := failed("Sandbox.Timedout", fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", in.id, in.timeout.Seconds()))
	out.status = "timeout"
	return out
}
