//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The terminal of the tour: what a learner's has at least.
const (
	columns = 80
	rows    = 24
)

// A cast is a recording in the form of asciicast v2: a line with its header, then
// a line per event. https://docs.asciinema.org/manual/asciicast/v2/
type cast struct {
	title  string
	events []event
}

// An event is something that was shown ("o"), typed ("i"), or the beginning of a
// command ("m", with the command).
type event struct {
	at   time.Duration // since the beginning
	kind string
	data string
}

// header is the first line. There is no timestamp in it: two recordings of the
// same program should differ as little as the program allows.
type header struct {
	Version int               `json:"version"`
	Width   int               `json:"width"`
	Height  int               `json:"height"`
	Title   string            `json:"title"`
	Env     map[string]string `json:"env"`
}

// text is the file.
func (c cast) text() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(header{Version: 2, Width: columns, Height: rows, Title: c.title, Env: map[string]string{"TERM": term}})
	for _, ev := range c.events {
		_ = e.Encode([]any{json.Number(fmt.Sprintf("%.2f", ev.at.Seconds())), ev.kind, ev.data})
	}
	return b.Bytes()
}

// parse reads a cast and refuses what a player would stumble over.
func parse(text []byte) (cast, error) {
	if !utf8.Valid(text) {
		return cast{}, errors.New("the file is not UTF-8")
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	var h header
	if err := json.Unmarshal(first, &h); err != nil {
		return cast{}, fmt.Errorf("read the header: %w", err)
	}
	if h.Version != 2 || h.Width != columns || h.Height != rows {
		return cast{}, fmt.Errorf("the header says version %d of %dx%d, want version 2 of %dx%d", h.Version, h.Width, h.Height, columns, rows)
	}
	c := cast{title: h.Title}
	for line := range strings.Lines(string(rest)) {
		var fields []json.RawMessage
		var seconds float64
		var ev event
		if err := json.Unmarshal([]byte(line), &fields); err != nil || len(fields) != 3 {
			return c, fmt.Errorf("not an event: %q", line)
		}
		if err := errors.Join(json.Unmarshal(fields[0], &seconds), json.Unmarshal(fields[1], &ev.kind), json.Unmarshal(fields[2], &ev.data)); err != nil {
			return c, fmt.Errorf("not an event: %q: %w", line, err)
		}
		ev.at = time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
		if !slices.Contains([]string{"o", "i", "m"}, ev.kind) {
			return c, fmt.Errorf("the kind of event %q is not known", ev.kind)
		}
		if n := len(c.events); n > 0 && ev.at < c.events[n-1].at {
			return c, fmt.Errorf("time runs backwards at %q", line)
		}
		c.events = append(c.events, ev)
	}
	return c, nil
}

// length is the time of the last event.
func (c cast) length() time.Duration {
	if len(c.events) == 0 {
		return 0
	}
	return c.events[len(c.events)-1].at
}

// said is everything that was shown.
func (c cast) said() string {
	var b strings.Builder
	for _, ev := range c.events {
		if ev.kind == "o" {
			b.WriteString(ev.data)
		}
	}
	return b.String()
}
