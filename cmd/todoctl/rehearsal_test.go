package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// A rehearsal is todoctl with its local AWS in one process and in virtual time:
// no socket, no second process, and every wait is over at once. What runs is
// Main itself, with its arguments, its two outputs and its exit code.
type rehearsal struct {
	*testing.T
	cloud   *local.Server
	way     http.RoundTripper // to the cloud; made once, because that looks through the URLs
	server  *server           // its own side, which todoctl asks for its health
	dir     string
	lags    local.Lags
	env     map[string]string // of the person
	stopped atomic.Bool       // `down` has stopped the server; the next command starts it

	// goSays is how the next builds of a Go program end, where not well; builds
	// counts them.
	goSays func() (said string, err error)
	builds int
}

// buildGo is a Go that makes a program at once.
func (r *rehearsal) buildGo(context.Context, goTarget, string, fs.FS) ([]byte, string, error) {
	r.builds++
	if r.goSays != nil {
		said, err := r.goSays()
		return nil, said, err
	}
	return []byte("a program"), "", nil
}

// start is what a command does that finds no server.
func (r *rehearsal) start() {
	r.Helper()
	r.stopped.Store(false)
	if err := r.server.saveBackground(r.server.record); err != nil {
		r.Fatal(err)
	}
}

// flapped waits until all reads say the same, where they flap.
func (r *rehearsal) flapped() { time.Sleep(r.lags.Replica) } // virtual

// stop is what the server does when it is told to.
func (r *rehearsal) stop() {
	_ = r.server.saveBackground(background{Address: r.server.record.Address}) // as the server does
	r.stopped.Store(true)
}

// rehearse runs a test in a bubble with a new account.
func rehearse(t *testing.T, lags local.Lags, test func(r *rehearsal)) {
	t.Helper()
	rehearseOn(t, local.Config{Lags: lags}, test)
}

// rehearseOn does so with an account of a certain kind.
func rehearseOn(t *testing.T, account local.Config, test func(r *rehearsal)) {
	t.Helper()
	rehearseIn(t, t.TempDir(), time.Time{}, account, test)
}

// rehearseIn does so in a folder, in which there may be an account of that time.
func rehearseIn(t *testing.T, dir string, at time.Time, account local.Config, test func(r *rehearsal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(at)) // virtual: for the account, no clock is turned back
		r := &rehearsal{T: t, dir: dir, lags: account.Lags}
		account.Path, account.Now = filepath.Join(r.dir, "aws.db"), time.Now
		r.open(account, "127.0.0.1:9")
		test(r)
		r.wantNoLitter()
	})
}

// A beginning is an account in which some commands have ended: what it holds, and
// when that was. Each of many cases goes on from a copy, and need not run them.
// The zero beginning is a new account without delays.
type beginning struct {
	lags local.Lags
	dir  string // "": a new account
	at   time.Time
}

// begin makes a beginning with the commands that lead to it.
func begin(t *testing.T, lags local.Lags, commands func(r *rehearsal)) beginning {
	t.Helper()
	b := beginning{lags: lags, dir: t.TempDir()}
	rehearseIn(t, b.dir, time.Time{}, local.Config{Lags: lags}, func(r *rehearsal) {
		commands(r)
		b.at = time.Now()
	})
	return b
}

// copy is the beginning's folder, in one of the test's own.
func (b beginning) copy(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if b.dir == "" {
		return dir
	}
	err := filepath.WalkDir(b.dir, func(path string, f fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := dir + strings.TrimPrefix(path, b.dir)
		if f.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		copyFile(t, path, to)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rehearse runs a test that goes on from there.
func (b beginning) rehearse(t *testing.T, test func(r *rehearsal)) {
	t.Helper()
	rehearseIn(t, b.copy(t), b.at, local.Config{Lags: b.lags}, test)
}

// wantNoLitter checks that no run has left a file that it had begun to write.
func (r *rehearsal) wantNoLitter() {
	r.Helper()
	err := filepath.WalkDir(r.dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".new") || strings.HasSuffix(path, partialEnd) {
			r.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		r.Error(err)
	}
}

// open opens the local AWS at an address, by which `--local` finds it.
func (r *rehearsal) open(account local.Config, address string) {
	r.Helper()
	r.server = &server{
		command: &command{App: r.app(nil), globals: &globals{}, doc: &document{}},
		python:  func() *local.Python { return nil },
		node:    func() *local.Node { return nil },
		stop:    r.stop,
	}
	r.server.record = background{PID: r.server.pid(), Address: address, Token: newToken(), Version: version}
	twin, err := defaultTwin()
	if err != nil {
		r.Fatal(err)
	}
	account.Twin, account.Wrap, account.Logf, account.Volatile = twin, r.server.wrap, r.Logf, true
	// A process that another test starts holds a lock that was given back a moment
	// ago, from its fork to its exec; and the store's own patience is virtual here.
	for range 100 {
		if r.cloud, err = local.Open(account); !errors.Is(err, local.ErrLocked) {
			break
		}
		syscall.ForkLock.RLock()   // a fork holds it until the exec
		syscall.ForkLock.RUnlock() //nolint:staticcheck // it is only waited for
	}
	if err != nil {
		r.Fatal(err)
	}
	r.server.cloud, r.way = r.cloud, r.cloud.Transport()
	r.Cleanup(func() {
		if err := r.cloud.Close(); err != nil {
			r.Error(err)
		}
	})
	if err := r.server.makePrivateDir(r.server.localDir()); err != nil {
		r.Fatal(err)
	}
	r.start()
}

// app is a todoctl with nobody at its terminal.
func (r *rehearsal) app(network http.RoundTripper, args ...string) *App {
	return &App{
		Args: args, In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, Width: 80,
		Getenv:   func(name string) string { return r.env[name] },
		Clock:    provision.Clock{Now: time.Now, Sleep: sleep},
		StateDir: filepath.Join(r.dir, "state"), GOOS: "linux",
		Local: network, BuildGo: r.buildGo,
	}
}

// An ending is what one run of todoctl came to.
type ending struct {
	exit     int
	out, err string
	calls    []string // of the API and of the Function URL, attempt by attempt
	writes   int      // of them those that the local AWS counts as writes
	targets  []string // what those are about: "DeleteRole arn:aws:iam::..."
	fired    int      // of them those that went wrong
	took     time.Duration
}

// network is what lies between one run and the local AWS: the faults.
func (r *rehearsal) network(plan ...local.Fault) *local.Faults { return r.networkOver(r, plan...) }

func (r *rehearsal) networkOver(next http.RoundTripper, plan ...local.Fault) *local.Faults {
	own := func(req *http.Request) bool { return strings.HasPrefix(req.URL.Path, controlPath) }
	return local.NewFaults(next, time.Now, own, plan...)
}

// RoundTrip reaches the local AWS while it runs.
func (r *rehearsal) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.stopped.Load() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}, Err: syscall.ECONNREFUSED}
	}
	return r.way.RoundTrip(req)
}

// run runs todoctl once, one call at a time, so that call k is the same call in
// every run.
func (r *rehearsal) run(args string, plan ...local.Fault) ending {
	r.Helper()
	return r.runThrough(r.Context(), r.network(plan...), args+" --parallel 1")
}

func (r *rehearsal) runThrough(ctx context.Context, network *local.Faults, args string) ending {
	r.Helper()
	r.start()
	app := r.app(network, append(strings.Fields(args), "--local")...)
	before, began := len(r.cloud.Calls()), time.Now()
	exit := Main(ctx, app)
	end := ending{
		exit: exit, out: app.Out.(*bytes.Buffer).String(), err: app.Err.(*bytes.Buffer).String(),
		calls: network.Calls(), fired: network.Fired(), took: time.Since(began),
	}
	for _, call := range r.cloud.Calls()[before:] {
		if call.Write {
			end.writes++
			end.targets = append(end.targets, call.Operation+" "+call.Target)
		}
	}
	if format := typedFormat(app.Args); isJSON(format) {
		if err := wholeJSON(format, end.out, exit); err != nil {
			r.Errorf("%s: docs/json.schema.json does not describe what was printed: %v", args, err)
		}
	}
	return end
}

// contents is what the account holds, as text that two accounts of the same
// contents share: what AWS draws at random and when things happened is left out.
func (r *rehearsal) contents() string {
	r.Helper()
	all, err := r.cloud.Contents()
	if err != nil {
		r.Fatal(err)
	}
	var plain func(of string, v any) any
	plain = func(of string, v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				if varies[k] && !stays[of+"."+k] {
					delete(v, k)
					continue
				}
				v[k] = plain(k, v[k])
			}
		case []any:
			if len(v) == 0 {
				return nil // a list that was emptied is one that was never filled
			}
			for i := range v {
				v[i] = plain(of, v[i])
			}
		}
		return v
	}
	for _, docs := range all {
		for name, doc := range docs {
			docs[name] = plain("", doc)
		}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

// varies are the fields of stored documents that differ between two accounts
// with the same contents.
var varies = map[string]bool{
	"ID": true, "Created": true, "Updated": true, "Modified": true, "Revision": true, "PolicyID": true, "Written": true,
	"TrustChanged": true, "Before": true, "Increased": true, "Decreases": true, "ToOnDemand": true, "Deleted": true,
	"Changed": true, "Configured": true, "StateUpdated": true, "ARN": true, "TimePeriod": true,
	"Bytes": true, "Added": true, "Token": true, "Address": true, "Tagged": true, "TagsBefore": true, "Removed": true,
}

// stays are fields of the same names that do not: a statement's id, which
// managed policy is attached, whom a budget tells.
var stays = map[string]bool{"Statements.ID": true, "Attached.ARN": true, "Subscribers.Address": true}
