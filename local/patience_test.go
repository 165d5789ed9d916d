package local

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// These tests run in a bubble, where the clock jumps: five seconds of silence
// take no time, and nobody waits.

// A pipeListener is a socket of net.Pipe.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4566} }

func (l *pipeListener) dial() net.Conn {
	here, there := net.Pipe()
	l.conns <- there
	return here
}

// inABubble runs do against a server whose handler waits as long as it is told,
// in seconds of the bubble's clock, in the header Wait.
func inABubble(t *testing.T, do func(l *pipeListener)) {
	t.Helper()
	t.Attr("promise", "T25")
	path := filepath.Join(t.TempDir(), "local.db")
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Config{Path: path, Now: time.Now, Wrap: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					http.Error(w, "the body ended", http.StatusBadRequest)
					return
				}
				wait, _ := time.ParseDuration(r.Header.Get("Wait"))
				select {
				case <-time.After(wait):
					_, _ = w.Write(body)
				case <-r.Context().Done():
				}
			})
		}})
		if err != nil {
			t.Fatal(err)
		}
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()
		do(l)
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Attr("cases", "1")
}

const bubbleHost = "Host: 127.0.0.1:4566\r\n"

// untilClosed returns how long the server keeps a connection, and its answer.
func untilClosed(t *testing.T, c net.Conn) (time.Duration, string) {
	t.Helper()
	began := time.Now()
	answer, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	return time.Since(began), string(answer)
}

func TestASlowHeadIsCutOff(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		c := l.dial()
		var sender sync.WaitGroup
		sender.Go(func() {
			for _, b := range []byte("POST / HTTP/1.1\r\n" + bubbleHost + "X: " + strings.Repeat("x", 100)) {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		if took, _ := untilClosed(t, c); took < headerTimeout || took > headerTimeout+time.Second {
			t.Errorf("a byte a second was endured for %v", took)
		}
		_ = c.Close()
		sender.Wait()
	})
}

func TestASlowBodyIsCutOff(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		c := l.dial()
		var sender sync.WaitGroup
		sender.Go(func() {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\n"+bubbleHost+"Content-Length: 1000\r\n\r\n")
			for range 1000 {
				if _, err := c.Write([]byte{'x'}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		})
		took, answer := untilClosed(t, c)
		if took < readTimeout || took > readTimeout+time.Second || !strings.Contains(answer, "the body ended") {
			t.Errorf("a byte a second was endured for %v, and answered %q", took, answer)
		}
		_ = c.Close()
		sender.Wait()
	})
}

// The time for reading must not cut off a caller who waits for an answer: a
// function may take minutes, and a child waits for its next invocation.
func TestALongAnswerIsNotCutOff(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		for _, text := range []string{
			"GET / HTTP/1.1\r\n" + bubbleHost + "Wait: 14m\r\n\r\n",
			"POST / HTTP/1.1\r\n" + bubbleHost + "Wait: 14m\r\nContent-Length: 2\r\n\r\nhi",
			"POST / HTTP/1.1\r\n" + bubbleHost + "Wait: 14m\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
		} {
			c := l.dial()
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%v, after %q", err, text)
			}
			_ = c.Close()
		}
	})
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		c := l.dial()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n"+bubbleHost+"\r\n"); err != nil {
			t.Fatal(err)
		}
		if took, answer := untilClosed(t, c); took != idleTimeout || !strings.HasPrefix(answer, "HTTP/1.1 200") {
			t.Errorf("it was kept for %v: %q", took, answer)
		}
	})
}

// Who reads nothing of a large answer does not hold a connection for ever.
func TestAnAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		c := l.dial()
		body := strings.Repeat("x", 1<<20)
		go func() {
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\n"+bubbleHost+"Content-Length: 1048576\r\n\r\n"+body)
		}()
		time.Sleep(writeTimeout + time.Second)
		if _, answer := untilClosed(t, c); len(answer) >= len(body) {
			t.Errorf("all %d bytes came", len(answer))
		}
	})
}

func TestConnectionsAreBounded(t *testing.T) {
	inABubble(t, func(l *pipeListener) {
		conns := make([]net.Conn, maxConnections)
		for i := range conns {
			conns[i] = l.dial()
		}
		accepted := make(chan struct{})
		go func() {
			_ = l.dial().Close()
			close(accepted)
		}()
		synctest.Wait()
		select {
		case <-accepted:
			t.Errorf("more than %d connections are open", maxConnections)
		default:
		}
		_ = conns[0].Close()
		<-accepted // the place is free again
		for _, c := range conns {
			_ = c.Close()
		}
	})
}
