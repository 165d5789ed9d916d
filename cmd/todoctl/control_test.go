package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// controlled is a local AWS with todoctl's own side in front, on a socket.
func controlled(t *testing.T) (s *server, stopped *bool) {
	t.Helper()
	app := &App{
		Out: io.Discard, Err: io.Discard, StateDir: t.TempDir(),
		Clock: provision.Clock{Now: time.Now, Sleep: sleep},
	}
	stopped = new(bool)
	s = &server{command: &command{App: app, globals: &globals{}, doc: &document{}}, stop: func() { *stopped = true }}
	s.python, s.node = func() *local.Python { return nil }, func() *local.Node { return nil }
	twin, err := defaultTwin()
	if err != nil {
		t.Fatal(err)
	}
	cloud, err := local.Open(local.Config{Path: filepath.Join(app.StateDir, "aws.db"), Now: time.Now, Wrap: s.wrap, Twin: twin})
	if err != nil {
		t.Fatal(err)
	}
	l, err := app.listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.cloud, s.record = cloud, background{PID: 1, Address: l.Addr().String(), Token: newToken()}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- cloud.Serve(ctx, l) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, stopped
}

func TestTheControlPathIsForTheHolderOfTheTokenAlone(t *testing.T) {
	t.Attr("promise", "T25")
	s, stopped := controlled(t)
	_, port, _ := net.SplitHostPort(s.record.Address)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	send := func(method, host, origin, token, what string) (int, string) {
		r, err := http.NewRequest(method, "http://"+s.record.Address+controlPath+what, strings.NewReader(strings.Repeat("x", 1000)))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if token != "" {
			r.Header.Set("Authorization", token)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	right := "Bearer " + s.record.Token
	cases := 0
	for h, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port,
		"127.0.0.1", "localhost", "0.0.0.0:" + port, "evil.example:" + port, "127.0.0.1.evil.example:" + port} {
		for o, origin := range []string{"", "http://" + host, "http://evil.example", "null"} {
			for k, token := range []string{right, "", "Bearer ", "Bearer x", right[:len(right)-1], right + "0", "Basic " + s.record.Token} {
				for m, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"} {
					for w, what := range []string{"health", "calls", "state", "runner", "stop", "", "../stop", "nothing"} {
						if what == "stop" && method == "POST" && h < 3 && o == 0 && k == 0 {
							continue // below
						}
						cases++
						status, body := send(method, host, origin, token, what)
						passes := h < 3 && o == 0 && k == 0
						switch {
						case passes && m == 0 && w < 4:
							if status != http.StatusOK {
								t.Errorf("%s %s: %d %s", method, what, status, body)
							}
						case status != http.StatusForbidden && (!passes || status != http.StatusNotFound):
							t.Errorf("%s %s, Host %s, Origin %q, token %d: %d %s", method, what, host, origin, k, status, body)
						case strings.Contains(body, s.record.Token):
							t.Errorf("%s %s tells the token", method, what)
						}
					}
				}
			}
		}
	}
	if *stopped {
		t.Error("it was stopped")
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func TestOnlyThisMachineIsListenedTo(t *testing.T) {
	t.Attr("promise", "T25")
	app := &App{}
	refused := []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "evil.example:0", "localhost:0", "", "127.0.0.1", "127.0.0.1:http"}
	for _, address := range refused {
		if l, err := app.listen(address); err == nil {
			_ = l.Close()
			t.Errorf("%q is listened to", address)
		}
	}
	l, err := app.listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	t.Attr("cases", strconv.Itoa(len(refused)+1))
}

func TestATakenPortIsSaid(t *testing.T) {
	t.Attr("promise", "T25")
	thief, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	_, text, _ := net.SplitHostPort(thief.Addr().String())
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	c := &command{App: &App{StateDir: t.TempDir()}, globals: &globals{}}
	for _, p := range []int{port, -1, 65536} {
		_, err = c.listenAPI(p)
		problem := explain(err, nowhere)
		if err == nil || !strings.Contains(problem.What, strconv.Itoa(p)) || len(problem.Fix) == 0 {
			t.Errorf("port %d: %v", p, err)
			continue
		}
		if strings.Contains(problem.Why, "listen tcp") || strings.Contains(problem.Why, "bind:") {
			t.Errorf("port %d: these are Go's words: %s", p, problem.Why)
		}
	}
	t.Attr("cases", "3")
}
