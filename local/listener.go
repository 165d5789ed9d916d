package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// What anybody on this machine, and any web page in a browser on it, can do to
// a socket of the local AWS: the API port and the Function URLs.
const (
	headerTimeout = 5 * time.Second  // for a request's head
	readTimeout   = 30 * time.Second // for a whole request, its body included
	idleTimeout   = 2 * time.Minute  // between two requests of a connection

	// writeTimeout is longer than the 15 minutes that a function may run.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	writeTimeout = 16 * time.Minute

	// maxHeader bounds a request's head, in bytes. The longest honest part is a
	// session token, some 2 KB.
	maxHeader = 64 << 10

	// maxConnections bounds what is open at a time on one socket; the rest waits
	// in the system's queue. Ten Python environments, which is the account's
	// concurrency, need some eleven connections each.
	maxConnections = 512
)

// httpServer makes the server of one socket, with its limits. The time for
// reading ends where the body ends: net/http waits without a deadline while the
// handler works.
func httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Else "OPTIONS *" is answered by net/http, whatever its Host says.
		DisableGeneralOptionsHandler: true,
	}
}

// onlyHere refuses a socket that other machines can reach. Nobody who may reach
// the API port is asked for more than a signature that nobody checks.
func onlyHere(l net.Listener) error {
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("the local AWS listens on this machine alone (127.0.0.1), and not on %s", l.Addr())
	}
	return nil
}

// Hosts says whether a request's Host names the socket at address: its number,
// or localhost. A page of another name that has been pointed to 127.0.0.1 ("DNS
// rebinding") sends that name. 0.0.0.0, which some systems take for this
// machine, is no name of it either.
func Hosts(address, host string) bool {
	_, port, _ := net.SplitHostPort(address) // made by a listener
	names := []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port}
	if port == "80" { // the port that nobody writes
		names = append(names, "127.0.0.1", "localhost", "[::1]")
	}
	return slices.Contains(names, host)
}

// crowded lets at most n connections of a listener be open at a time. Where they
// are all taken, one that nobody uses makes room.
func crowded(l net.Listener, n int) *crowdedListener {
	return &crowdedListener{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{}), idle: map[net.Conn]bool{}}
}

type crowdedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	idle map[net.Conn]bool
}

// serveCrowd serves a listener with at most n connections at a time.
func serveCrowd(srv *http.Server, l net.Listener, n int) error {
	crowd := crowded(l, n)
	srv.ConnState = crowd.watch
	return srv.Serve(crowd)
}

// watch is the http.Server's ConnState.
func (l *crowdedListener) watch(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.idle, c)
	switch {
	case state != http.StateIdle:
	case len(l.places) == cap(l.places):
		_ = c.Close()
	default:
		l.idle[c] = true
	}
}

// makeRoom closes a connection between two of its requests.
func (l *crowdedListener) makeRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.idle {
		delete(l.idle, c)
		_ = c.Close()
		return
	}
}

// Accept waits for a place first, so that what waits is not yet ours.
func (l *crowdedListener) Accept() (net.Conn, error) {
	if len(l.places) == cap(l.places) {
		l.makeRoom()
	}
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &crowdedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *crowdedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type crowdedConn struct {
	net.Conn
	leave func()
}

func (c *crowdedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// Serve answers on l, which must be a socket of this machine alone, until ctx
// ends, with the limits that every socket here has.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	if err := onlyHere(l); err != nil {
		return err
	}
	srv := httpServer(h)
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stopped()
	if err := serveCrowd(srv, l, maxConnections); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Serve answers API calls on l, and opens the Function URLs that the store
// holds, until ctx ends. l must be a socket of this machine alone.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if err := onlyHere(l); err != nil {
		return err
	}
	s.mu.Lock()
	s.host = l.Addr().String()
	s.mu.Unlock()
	if err := s.lambda.openURLs(); err != nil {
		return err
	}
	if err := Serve(ctx, l, s); err != nil {
		return fmt.Errorf("serve the local AWS: %w", err)
	}
	return nil
}
