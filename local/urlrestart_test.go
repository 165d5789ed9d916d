package local_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

// A restart finds the URL where it was; when the port is taken meanwhile, the
// URL moves and the server says so.
func TestRestartKeepsTheURL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aws.db")
	start := func() (*lambdaBench, func()) {
		b := newLambdaBench(t, func(c *local.Config) {
			c.Path = path
			c.Listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
		})
		return b, b.serve()
	}
	b, stop := start()
	b.function()
	url := b.url(nil)
	if res, body := b.send("GET", url, ""); res.StatusCode != 200 || body != "hello" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	stop()
	if _, err := b.http.Get(url); err == nil {
		t.Error("the URL answers after the end")
	}

	b, stop = start()
	if res, body := b.send("GET", url, ""); res.StatusCode != 200 || body != "hello" {
		t.Errorf("after the restart: %d %s", res.StatusCode, body)
	}
	stop()

	thief, err := net.Listen("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = thief.Close() }()
	b, stop = start()
	defer stop()
	got, err := b.lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("F")})
	if err != nil || *got.FunctionUrl == url {
		t.Fatalf("%v, the URL is %s", err, *got.FunctionUrl)
	}
	if res, _ := b.send("GET", *got.FunctionUrl, ""); res.StatusCode != 200 {
		t.Errorf("at the new port: %d", res.StatusCode)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.ContainsFunc(b.said, func(s string) bool { return strings.Contains(s, "has moved from") }) {
		t.Error("the server did not say that the URL has moved")
	}
}

// serve puts the server on a socket. The function that it returns stops it.
func (b *lambdaBench) serve() (stop func()) {
	b.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	server := b.server
	go func() { served <- server.Serve(ctx, l) }()
	transport := &http.Transport{}
	b.use(b.server, transport, "http://"+l.Addr().String())
	// Serve opens the Function URLs before it answers, so an answer means that
	// they are open.
	b.send("GET", "http://"+l.Addr().String()+"/", "")
	return func() {
		cancel()
		if err := <-served; err != nil {
			b.t.Error(err)
		}
		transport.CloseIdleConnections()
		if err := b.server.Close(); err != nil {
			b.t.Error(err)
		}
	}
}

// Without sockets the URL is found again too.
func TestTransportFindsTheURLsOfTheStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aws.db")
	same := func(c *local.Config) { c.Path = path }
	b := newLambdaBench(t, same)
	b.function()
	url := b.url(nil)
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	b = newLambdaBench(t, same)
	if res, body := b.send("GET", url, ""); res.StatusCode != 200 || body != "hello" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
