package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The local AWS's limits: nobody should notice that it starts, or that it is
// there.
const (
	answerLimit = 50 * time.Millisecond
	serverRSS   = 60_000_000
	startRuns   = 5
	startLimit  = 15 * time.Second
)

// A server is a local AWS that bench started.
type server struct {
	process *exec.Cmd
	state   string
	address string
	words   *bytes.Buffer // read after its end only
	answer  time.Duration // from the start of the process to its first answer
}

// serve starts a local AWS with an empty store and waits for its first answer.
func (b *bench) serve(ctx context.Context, lag string, latency time.Duration, env []string) (*server, error) {
	state, err := b.newState()
	if err != nil {
		return nil, err
	}
	return b.serveOn(ctx, state, lag, latency, env)
}

// serveOn does so with a store that is there already.
func (b *bench) serveOn(ctx context.Context, state, lag string, latency time.Duration, env []string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &server{state: state, address: "127.0.0.1:" + strconv.Itoa(port), words: &bytes.Buffer{}}
	s.process = exec.CommandContext(ctx, b.todoctl, "local", "serve", "--background",
		"--lag", lag, "--latency", latency.String(), "--port", strconv.Itoa(port))
	s.process.Env = append(append(os.Environ(), "TODOCTL_STATE="+state), env...)
	s.process.Stdout, s.process.Stderr = s.words, s.words
	began := time.Now()
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < startLimit {
		if s.answers(ctx) {
			s.answer = time.Since(began)
			return s, nil
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("the local AWS did not answer in %s: %s", startLimit, s.lastWords())
}

// answers asks for the list of tables.
func (s *server) answers(ctx context.Context) bool {
	return s.call(ctx, "dynamodb", "DynamoDB_20120810.ListTables", "{}") == nil
}

// keep makes a log group that todoctl does not know. With it the store is not
// empty after down, so the local AWS goes on and can be asked for its count.
func (s *server) keep(ctx context.Context) error {
	return s.call(ctx, "logs", "Logs_20140328.CreateLogGroup", `{"logGroupName":"bench"}`)
}

// call makes one call of the API by hand. The local AWS reads the service from
// the credential scope, as AWS does, and checks no signature.
func (s *server) call(ctx context.Context, service, target, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", target)
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body) // to its end, so that the connection is used again
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", target, res.Status, answer)
	}
	return nil
}

// stop ends the server. What it stored goes with bench's folder.
func (s *server) stop() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Signal(os.Interrupt) // Windows knows no signals; Kill follows
		killed := time.AfterFunc(5*time.Second, func() { _ = s.process.Process.Kill() })
		_ = s.process.Wait() // ended by a signal is as good as any
		killed.Stop()
	}
}

// lastWords is the last line that an ended server said.
func (s *server) lastWords() string {
	s.stop()
	lines := strings.Split(strings.TrimSpace(s.words.String()), "\n")
	return lines[len(lines)-1]
}

// server measures how soon the local AWS is there.
func (b *bench) server(ctx context.Context, t *table) error {
	var answers []time.Duration
	for range startRuns {
		s, err := b.serve(ctx, "none", 0, nil)
		if err != nil {
			return err
		}
		s.stop()
		answers = append(answers, s.answer)
	}
	t.atMost(fmt.Sprintf("first answer after start, median of %d", startRuns), median(answers), answerLimit)
	return nil
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
