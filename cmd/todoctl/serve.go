package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"todoctl/handler"
	"todoctl/handler/twin"
	"todoctl/local"
	"todoctl/provision"
)

// idleLimit is when a local AWS that nobody calls stops by itself.
const idleLimit = 2 * time.Hour

// lags are the values of --lag.
var lags = map[string]local.Lags{"none": {}, "short": local.ShortLags, "aws": local.AWSLags}

type serveOptions struct {
	background bool
	lag        string
	latency    time.Duration
	port       int
}

// serve runs the local AWS until it is stopped, asked to stop, or idle.
func (c *command) serve(ctx context.Context, opt serveOptions) error {
	lag, err := c.lag(opt)
	if err != nil {
		return err
	}
	if err := c.makeLocalDir(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &server{command: c, stop: stop, latency: opt.latency}
	python := sync.OnceValue(func() *local.Python { return c.findPython(ctx) })
	go python() // it takes longer than everything else here
	node := sync.OnceValue(func() *local.Node { return c.findNode(ctx) })
	go node()
	twin, err := defaultTwin()
	if err != nil {
		return err
	}
	cloud, err := local.Open(local.Config{
		Path:   c.localStore(),
		Now:    c.Clock.Now,
		Lags:   lag,
		Listen: c.listen,
		Python: python,
		Node:   node,
		Twin:   twin,
		Wrap:   s.wrap,
		OnCall: s.onCall(opt.background),
		Logf:   func(format string, args ...any) { fmt.Fprintln(c.Err, harmless(fmt.Sprintf(format, args...))) },
	})
	if errors.Is(err, local.ErrLocked) {
		return &Problem{ID: "TODO-LOCAL-06", Fix: []string{"todoctl local status", "todoctl local stop"}}
	}
	if damaged := c.damagedStore(err); damaged != nil {
		return damaged
	}
	if err != nil {
		return err
	}
	l, err := c.listenAPI(opt.port)
	if err != nil {
		return errors.Join(err, cloud.Close())
	}
	s.cloud, s.python, s.node = cloud, python, node
	s.record = background{
		PID: c.pid(), Address: l.Addr().String(), Token: newToken(), Version: version,
		Lag: opt.lag, Started: c.Clock.Now().UTC(),
	}
	if err := c.saveBackground(s.record); err != nil {
		return errors.Join(err, cloud.Close())
	}
	// The record goes last: who stops the server waits for that, and may then copy
	// the store. The address stays, so that the next start has the same.
	defer func() { _ = c.saveBackground(background{Address: s.record.Address}) }()
	defer func() { _ = cloud.Close() }() // what waited is written; the process ends either way
	if !opt.background {
		c.printServing(s.record)
	}
	s.idle = c.after(idleLimit, stop)
	return cloud.Serve(ctx, l)
}

// lag finds what --lag names.
func (c *command) lag(opt serveOptions) (local.Lags, error) {
	lag, known := lags[opt.lag]
	if !known {
		return lag, usage([]string{"todoctl " + c.name + " --lag short"}, "--lag %q is not known: it is none, short or aws", opt.lag)
	}
	return lag, nil
}

// A server is the local AWS with what todoctl puts in front of it.
type server struct {
	*command
	cloud   *local.Server
	python  func() *local.Python
	node    func() *local.Node
	record  background
	stop    func()
	latency time.Duration

	mu   sync.Mutex
	idle func() bool // stops the timer that would stop the server
}

// busy starts the idle time anew.
func (s *server) busy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idle != nil {
		s.idle()
	}
	s.idle = s.after(idleLimit, s.stop)
}

// wrap answers todoctl's own calls and passes the rest on, after the latency
// that a benchmark asks for.
func (s *server) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if what, own := strings.CutPrefix(r.URL.Path, controlPath); own {
			s.answer(w, r, what)
			return
		}
		if s.latency > 0 && strings.Contains(r.Header.Get("Authorization"), "Credential=local/") {
			_ = s.Clock.Sleep(r.Context(), s.latency) // an ended request needs no answer
		}
		next.ServeHTTP(w, r)
	})
}

// callCount says how often one operation was called.
type callCount struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Write     bool   `json:"write"`
	Count     int    `json:"count"`
}

type callCounts struct {
	Reads  int         `json:"reads"`
	Writes int         `json:"writes"`
	Calls  []callCount `json:"calls"`
}

// localState says whether anything at all is stored.
type localState struct {
	Empty bool `json:"empty"`
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, what string) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.record.Token)) != 1 || r.Header.Get("Origin") != "" {
		http.Error(w, "this is for todoctl itself", http.StatusForbidden)
		return
	}
	var answer any
	switch r.Method + " " + what {
	case "GET health":
		answer = s.record
	case "GET calls":
		answer = count(s.cloud.Calls())
	case "GET runner":
		in := describeRunner(s.python(), s.node())
		in.Runtime = s.cloud.Runtime(r.URL.Query().Get("region"), r.URL.Query().Get("function"))
		answer = in
	case "GET state":
		empty, err := s.cloud.Empty()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer = localState{Empty: empty}
	case "POST stop":
		answer = s.record
		defer func() { s.after(10*time.Millisecond, s.stop) }() // after this answer
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that went away needs no answer
}

func count(calls []local.Call) callCounts {
	counts := callCounts{Calls: []callCount{}}
	at := map[string]int{}
	for _, call := range calls {
		if call.Write {
			counts.Writes++
		} else {
			counts.Reads++
		}
		key := call.Service + " " + call.Operation
		i, seen := at[key]
		if !seen {
			i = len(counts.Calls)
			at[key] = i
			counts.Calls = append(counts.Calls, callCount{Service: call.Service, Operation: call.Operation, Write: call.Write})
		}
		counts.Calls[i].Count++
	}
	return counts
}

// onCall keeps the server awake and, in front, prints each call as it arrives.
func (s *server) onCall(quiet bool) func(local.Call) {
	return func(call local.Call) {
		s.busy()
		if quiet {
			return
		}
		who := " "
		if call.Function {
			who = "λ" // the learner's function called
		}
		code := ""
		if call.Code != "" {
			code = "  " + call.Code
		}
		line := harmless(fmt.Sprintf("%s %s %-11s %-28s %d %7.1f ms%s", call.Time.Format("15:04:05.000"), who,
			call.Service, call.Operation, call.Status, float64(call.Took.Microseconds())/1000, code))
		if _, err := fmt.Fprintln(s.Out, line); err != nil {
			s.stop() // nobody reads any more: `local serve | head`
		}
	}
}

// listenAPI opens the API's port: the one asked for, else the last one, so that
// what points at it goes on working, else any.
func (c *command) listenAPI(port int) (net.Listener, error) {
	if port < 0 || port > 65535 {
		return nil, usage([]string{"todoctl local serve"}, "--port %d is no port: they go from 1 to 65535", port)
	}
	if port != 0 {
		l, err := c.listen(fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return nil, &Problem{ID: "TODO-LOCAL-07", What: fmt.Sprintf("port %d cannot be used", port), Why: plainText(err), Fix: []string{"todoctl local serve   (on a port that is free)"}}
		}
		return l, nil
	}
	if b := c.readBackground(); b != nil {
		if l, err := c.listen(b.Address); err == nil {
			return l, nil
		}
	}
	l, err := c.listen("127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port on 127.0.0.1: %w", err)
	}
	return l, nil
}

func (c *command) saveBackground(b background) error {
	data, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return c.writePrivate(c.localRecord(), append(data, '\n'))
}

func (c *command) printServing(b background) {
	fmt.Fprintf(c.Err, "The local AWS answers at %s.\n", b.endpoint())
	fmt.Fprintf(c.Err, "Other tools reach it with:\n\n%s\nEach call is printed below; Ctrl-C stops it.\n\n", exports(b, c.GOOS))
}

// exports are the environment that points any AWS tool at the local AWS.
func exports(b background, goos string) string {
	form := "  export %s=%s\n"
	if goos == "windows" {
		form = "  $env:%s='%s'\n"
	}
	var lines strings.Builder
	for _, v := range [][2]string{
		{"AWS_ENDPOINT_URL", b.endpoint()}, {"AWS_ACCESS_KEY_ID", "local"}, {"AWS_SECRET_ACCESS_KEY", "local"},
		{"AWS_REGION", localRegion}, {"AWS_DEFAULT_REGION", localRegion}, // boto3 and AWS CLI 1 read the second one only
	} {
		fmt.Fprintf(&lines, form, v[0], v[1])
	}
	return lines.String()
}

// A runner is what functions run in on this machine.
type runner struct {
	Python  bool              `json:"python"` // any code in it; else only the default handler's twin
	Node    bool              `json:"node"`
	Words   map[string]string `json:"words"`   // by language
	Runtime string            `json:"runtime"` // of the stack's function; "" when there is none
}

func describeRunner(p *local.Python, n *local.Node) runner {
	in := runner{Python: p != nil, Node: n != nil, Words: map[string]string{
		provision.Python: "the Go twin inside todoctl: no python3 with boto3 was found",
		provision.Node:   "the Go twin inside todoctl: no Node.js was found",
		provision.Go:     "a process of their own: a Go program, built on this machine",
	}}
	if p != nil {
		in.Words[provision.Python] = p.Words()
	}
	switch {
	case n == nil:
	case n.SDK == "":
		in.Words[provision.Node] = "the Go twin inside todoctl: " + n.Words() + " was found"
	default:
		in.Words[provision.Node] = n.Words()
	}
	return in
}

// of says in what the functions of a session run.
func (r runner) of(cfg provision.Config) string {
	language := provision.LanguageOf(cmp.Or(cfg.Runtime, r.Runtime))
	if cfg.OwnCode {
		language = cfg.Code.Language
	}
	return r.Words[cmp.Or(language, provision.Python)]
}

// defaultTwin is the Go version of the default handler, for machines without
// Python or Node.js.
func defaultTwin() (*local.Twin, error) {
	t := &local.Twin{New: func(env local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
		return twin.Start(twin.Environment(env))
	}}
	for _, language := range []string{handler.Python, handler.Node} {
		code, err := handler.Default(language)
		if err != nil {
			return nil, err
		}
		t.SHA256 = append(t.SHA256, code.SHA256)
	}
	return t, nil
}

func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return hex.EncodeToString(b[:])
}
