package local

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// An environment runs one invocation at a time, as Lambda's do.
type environment interface {
	about() *surroundings
	run(ctx context.Context, in invocation) runResult
	usable() bool
	close() // ends it at once; called once or more
}

// surroundings are what every environment has.
type surroundings struct {
	region    string
	function  string
	group     string // log group
	stream    string // log stream
	version   versionDoc
	accessKey string // in Lambda's place of temporary credentials
	idle      time.Time
}

func (e *surroundings) about() *surroundings { return e }

// An invocation is one event for a function.
type invocation struct {
	id      string
	event   []byte
	timeout time.Duration
}

// A runResult is what became of an invocation.
type runResult struct {
	payload []byte
	fault   string        // "" or "Unhandled", as X-Amz-Function-Error
	status  string        // in the REPORT line: "timeout", "error", or nothing
	runtime string        // what it runs in, with the version
	begin   []string      // printed while the environment started
	lines   []string      // printed by this invocation
	took    time.Duration // of the handler
	init    time.Duration // of the environment's start, once
	memory  int           // MB; 0 is unknown
	gone    bool          // the environment cannot be used again
}

// failed makes the result of an error that is not the handler's own.
func failed(kind, message string) runResult {
	return runResult{
		payload: []byte(policyJSON(map[string]string{"errorType": kind, "errorMessage": message})),
		fault:   "Unhandled", status: "error", gone: true,
	}
}

// A pool holds a function's idle environments.
type pool struct {
	idle    []environment
	busy    int
	retired bool // the function is gone
}

// idleTime is how long an unused environment stays. AWS does not promise a
// figure; minutes is what people see.
const idleTime = 5 * time.Minute

var (
	errThrottled = errors.New("the concurrency limit is reached")
	errNoRunner  = errors.New("nothing on this machine can run the function")
)

// take reserves one of the account's concurrent executions, or of those that are
// set aside for the function, and an environment for it. A nil environment with
// errNoRunner is still reserved.
func (x *lambdaService) take(d functionDoc) (environment, error) {
	now := x.cfg.Now()
	version := d.running(now, x.cfg.Lags)
	keep := []string{d.Now.id(), version.id()}

	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil, errClosed
	}
	p := x.pool(d.key())
	if d.Reserved != nil && p.busy >= int(*d.Reserved) || x.busy[d.Region] >= int(x.cfg.Account.concurrency()) {
		x.mu.Unlock()
		return nil, errThrottled
	}
	x.busy[d.Region]++
	p.busy++
	old := p.trim(now, keep)
	var e environment
	if i := slices.IndexFunc(p.idle, func(e environment) bool { return e.about().version.id() == version.id() }); i >= 0 {
		e = p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	x.mu.Unlock()
	x.end(old...)
	if e != nil {
		return e, nil
	}
	return x.start(d, version)
}

// give returns an environment to its pool, or ends it, and frees its place in
// the account's concurrency.
func (x *lambdaService) give(d functionDoc, e environment, gone bool) {
	x.mu.Lock()
	x.busy[d.Region]--
	p := x.pools[d.key()]
	if p != nil && p.busy > 0 { // not one that was made since under the same name
		p.busy--
	}
	if e != nil && !gone && !x.closed && p != nil && !p.retired {
		e.about().idle = x.cfg.Now()
		// The last one used is the first taken, so that the others grow old.
		p.idle = slices.Insert(p.idle, 0, e)
		e = nil
	}
	x.mu.Unlock()
	if e != nil {
		x.end(e)
	}
}

// pool returns the pool of a function; x.mu is held.
func (x *lambdaService) pool(key string) *pool {
	p := x.pools[key]
	if p == nil {
		p = &pool{}
		x.pools[key] = p
	}
	return p
}

// trim takes out what is too old or runs a version that nobody asks for.
func (p *pool) trim(now time.Time, keep []string) (old []environment) {
	p.idle = slices.DeleteFunc(p.idle, func(e environment) bool {
		if e.usable() && now.Sub(e.about().idle) < idleTime && slices.Contains(keep, e.about().version.id()) {
			return false
		}
		old = append(old, e)
		return true
	})
	return old
}

// prepare starts the first environment of a new version before anybody calls
// it, as Lambda does, so that the first request finds it warm.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
func (x *lambdaService) prepare(d functionDoc) {
	if x.launcher(d.Now) == nil {
		return // a twin starts in no time
	}
	e, err := x.start(d, d.Now)
	if err != nil {
		return // the first invocation meets the same error and reports it
	}
	x.mu.Lock()
	p := x.pool(d.key())
	keep := []string{d.Now.id(), d.running(x.cfg.Now(), x.cfg.Lags).id()}
	old := p.trim(x.cfg.Now(), keep)
	if x.closed {
		old = append(old, e)
	} else {
		p.idle = append(p.idle, e)
	}
	x.mu.Unlock()
	x.end(old...)
}

// retire ends the environments of a function that is gone. Those that are busy
// end when they are given back.
func (x *lambdaService) retire(key string) {
	x.mu.Lock()
	p := x.pools[key]
	delete(x.pools, key)
	var idle []environment
	if p != nil {
		p.retired = true
		idle, p.idle = p.idle, nil
	}
	x.mu.Unlock()
	x.end(idle...)
}

// end closes environments and makes their keys worthless.
func (x *lambdaService) end(gone ...environment) {
	for _, e := range gone {
		e.close()
		x.mu.Lock()
		delete(x.environments, e.about().accessKey)
		x.mu.Unlock()
	}
}

// launcher is how to start a child for a version, or nil where this machine has
// nothing that could run it. It needs a socket, because a child process cannot
// use Transport. A Node.js without the AWS SDK leaves the default handler, which
// needs that, to the twin.
func (x *lambdaService) launcher(v versionDoc) *launcher {
	x.Server.mu.Lock()
	listening := x.host != ""
	x.Server.mu.Unlock()
	if !listening {
		return nil
	}
	switch language(v.Runtime) {
	case "python":
		if p := x.cfg.Python(); p != nil {
			return p.launcher()
		}
	case "nodejs":
		if n := x.cfg.Node(); n != nil && (n.SDK != "" || !x.cfg.Twin.runs(v)) {
			return n.launcher()
		}
	case "provided":
		return newProgram()
	}
	return nil
}

// language is a runtime without its version: "python" of "python3.12".
func language(runtime string) string {
	return strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(runtime, ".x"), ".al2023"), ".0123456789")
}

// start makes an environment for a version.
func (x *lambdaService) start(d functionDoc, v versionDoc) (environment, error) {
	now := x.cfg.Now()
	s := surroundings{
		region: d.Region, function: d.Name, version: v, idle: now, group: d.Logging.Group,
		stream:    now.UTC().Format("2006/01/02") + "/[$LATEST]" + randomHex(16),
		accessKey: newFunctionKey(),
	}
	var e environment
	l := x.launcher(v)
	switch {
	case l != nil:
		child := x.newChild(s, l)
		if !x.background(child.live) {
			return nil, errClosed
		}
		e = child
	case x.cfg.Twin.runs(v):
		e = x.newTwin(s)
	default:
		return nil, errNoRunner
	}
	x.mu.Lock()
	x.environments[s.accessKey] = e
	x.mu.Unlock()
	return e, nil
}

// background runs f until it returns; close waits for it. It reports false when
// the server is closing.
func (x *lambdaService) background(f func()) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return false
	}
	x.work.Go(f)
	return true
}

// Runner says in words what runs a function's code on this machine.
func (s *Server) Runner(region, function string) string {
	d, err := s.lambda.lookup(resource{region: region, name: function})
	if err != nil {
		return ""
	}
	if l := s.lambda.launcher(d.Now); l != nil {
		return l.words
	}
	if s.cfg.Twin.runs(d.Now) {
		return "the built-in Go twin"
	}
	return "nothing: " + noRunner(d.Now)
}

// Runtime is the runtime of a function; "" when there is no such function.
func (s *Server) Runtime(region, function string) string {
	d, err := s.lambda.lookup(resource{region: region, name: function})
	if err != nil {
		return ""
	}
	return d.Now.Runtime
}

// noRunner is the cause of errNoRunner, in a sentence.
func noRunner(v versionDoc) string {
	switch language(v.Runtime) {
	case "python":
		return "this function's own code needs python3 with boto3, which was not found on this machine"
	case "nodejs":
		return "this function's own code needs Node.js, which was not found on this machine"
	}
	return "this function's program speaks to the local AWS over a socket, and there is none"
}

// newFunctionKey makes an access key of the length of AWS's.
func newFunctionKey() string { return functionKeyPrefix + hexUpper(6)[:11] }
