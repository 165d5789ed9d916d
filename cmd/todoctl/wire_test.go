//go:build !windows

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"todoctl/local"
)

// A wire is an AWS in the test's own process, on a port, and what the test puts
// between it and the person: todoctl is a real process on its other side.
type wire struct {
	t   *testing.T
	aws *local.Server
	env []string // of a person who is signed in to it

	mu      sync.Mutex
	calls   []string // of the person's tools, in order of arrival, from 1
	between func(k int, w http.ResponseWriter, r *http.Request, next http.Handler)
}

func newWire(t *testing.T, more ...string) *wire {
	t.Helper()
	return newWireOn(t, local.Config{}, more...)
}

// newWireOn does so with an AWS of a certain kind.
func newWireOn(t *testing.T, cloud local.Config, more ...string) *wire {
	t.Helper()
	twin, err := defaultTwin()
	if err != nil {
		t.Fatal(err)
	}
	x := &wire{t: t}
	cloud.Path, cloud.Now, cloud.Volatile, cloud.Wrap, cloud.Logf = filepath.Join(t.TempDir(), "aws.db"), time.Now, true, x.wrap, t.Logf
	cloud.Twin = cmp.Or(cloud.Twin, twin)
	cloud.Listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
	x.aws, err = local.Open(cloud)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- x.aws.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-served, x.aws.Close()); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	x.env = append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TODOCTL_STATE=" + filepath.Join(dir, "state"), "AWS_EC2_METADATA_DISABLED=true",
		"TERM=xterm-256color", "GORACE=atexit_sleep_ms=0", "AWS_ENDPOINT_URL=http://" + l.Addr().String(), "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + personKey, "AWS_SECRET_ACCESS_KEY=" + personSecret, "AWS_SESSION_TOKEN=" + personToken,
	}, more...)
	return x
}

// wrap counts the calls of persons: the functions' own are signed with others'
// credentials, and come and go as they like.
func (x *wire) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, signer, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ := strings.Cut(signer, "/")
		if !strings.Contains(key, "CANARY") {
			next.ServeHTTP(w, r)
			return
		}
		x.mu.Lock()
		x.calls = append(x.calls, key)
		k, between := len(x.calls), x.between
		x.mu.Unlock()
		if between == nil {
			next.ServeHTTP(w, r)
			return
		}
		between(k, w, r, next)
	})
}

// meddle sets what stands between, and counts from 1 again.
func (x *wire) meddle(between func(k int, w http.ResponseWriter, r *http.Request, next http.Handler)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls, x.between = nil, between
}

// writes counts the changes that a person's tools have made since the AWS was
// opened.
func (x *wire) writes() int {
	n := 0
	for _, call := range x.aws.Calls() {
		if call.Write && !call.Function {
			n++
		}
	}
	return n
}

// A process is todoctl, running without a terminal.
type process struct {
	t         *testing.T
	cmd       *exec.Cmd
	started   chan struct{}
	out, errs bytes.Buffer
}

func (x *wire) process(args ...string) *process {
	p := &process{t: x.t, cmd: exec.Command(todoctl(x.t), args...), started: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = x.env, x.t.TempDir(), &p.out, &p.errs
	return p
}

func (p *process) start() *process {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	close(p.started)
	return p
}

// signal sends a signal. Its first call may reach the server before start has
// returned, so it waits for that.
func (p *process) signal(sig os.Signal) error {
	<-p.started
	return p.cmd.Process.Signal(sig)
}

// end waits for the process and returns its exit code, -1 after a signal.
func (p *process) end() int {
	p.t.Helper()
	done := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // its exit code says it
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(40 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
		p.t.Fatalf("%v does not end; it said:\n%s", p.cmd.Args[1:], p.errs.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// must runs todoctl to its end and wants an exit code.
func (x *wire) must(exit int, args ...string) *process {
	x.t.Helper()
	p := x.process(args...).start()
	if got := p.end(); got != exit {
		x.t.Fatalf("%v ends with %d, want %d:\n%s", args, got, exit, p.errs.String())
	}
	return p
}

// silence lets a request wait until its caller gives it up, or the test is over.
func silence(t *testing.T, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-t.Context().Done():
	}
}
