package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// A watched is a writer that tells when a text has been written to it.
type watched struct {
	written string
	text    string
	seen    func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.written += string(p)
	if strings.Contains(w.written, w.text) {
		w.seen()
	}
	return len(p), nil
}

// TestTheBrowserIsAskedInATerminalOnly runs open to its end, which is a Ctrl-C after
// the page's address.
func TestTheBrowserIsAskedInATerminalOnly(t *testing.T) {
	s, _ := controlled(t)
	s.record.Version = version // else it would be replaced by one of this version
	if err := s.makePrivateDir(s.localDir()); err != nil {
		t.Fatal(err)
	}
	if err := s.saveBackground(s.record); err != nil {
		t.Fatal(err)
	}
	app := func(args ...string) *App {
		world := *s.App
		world.Args, world.In, world.Width, world.GOOS = append(args, "--local"), strings.NewReader(""), 80, "linux"
		world.Getenv = func(string) string { return "" }
		return &world
	}
	var said bytes.Buffer
	up := app("up", "--yes", "--skip", "test,alarm")
	up.Err = &said
	if exit := Main(t.Context(), up); exit != exitDone {
		t.Fatalf("up ends with %d:\n%s", exit, said.String())
	}
	for _, c := range []struct {
		name     string
		args     []string
		terminal bool
		works    bool
		asked    bool
		says     string
	}{
		{"in a terminal", []string{"open"}, true, true, true, "It is being opened."},
		{"where there is none to ask", []string{"open"}, true, false, true, ""},
		{"told not to", []string{"open", "--no-browser"}, true, true, false, ""},
		{"without a terminal", []string{"open"}, false, true, false, ""},
	} {
		ctx, stop := context.WithCancel(t.Context())
		out := &watched{text: "/\n", seen: stop}
		var errs bytes.Buffer
		asked := ""
		world := app(c.args...)
		world.Out, world.Err, world.ErrTerminal = out, &errs, c.terminal
		world.Browser = func(address string) bool { asked = address; return c.works }
		if exit := Main(ctx, world); exit != exitDone {
			t.Errorf("%s: it ends with %d:\n%s", c.name, exit, errs.String())
		}
		address := strings.TrimSpace(out.written)
		if (asked != "") != c.asked || c.asked && asked != address || !strings.HasPrefix(address, "http://127.0.0.1:") {
			t.Errorf("%s: the browser was asked for %q, and the address is %q", c.name, asked, address)
		}
		if opened := strings.Contains(errs.String(), "It is being opened."); opened != (c.says != "") {
			t.Errorf("%s: it says\n%s", c.name, errs.String())
		}
		stop()
	}
}
