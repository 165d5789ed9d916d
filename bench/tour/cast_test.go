//go:build linux || darwin

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// No test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheCastIsReadAsItWasWritten(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "docs", "tour.cast"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.text(), file) {
		t.Error("the cast is not what its events make: it was changed by hand")
	}
	if c.length() < 20*time.Second || c.length() > 3*time.Minute {
		t.Errorf("the tour takes %v: nobody can read along, or nobody stays", c.length())
	}
	for i, ev := range c.events {
		if i > 0 && ev.at-c.events[i-1].at > 6*time.Second {
			t.Errorf("nothing moves for %v at %v", ev.at-c.events[i-1].at, ev.at)
		}
	}
}

func TestABrokenCastIsRefused(t *testing.T) {
	const head = `{"version":2,"width":80,"height":24}` + "\n"
	for name, text := range map[string]string{
		"empty":               "",
		"another version":     `{"version":3,"width":80,"height":24}` + "\n",
		"another size":        `{"version":2,"width":100,"height":24}` + "\n",
		"time runs backwards": head + `[2.00,"o","a"]` + "\n" + `[1.00,"o","b"]` + "\n",
		"not an event":        head + `[2.00,"o"]` + "\n",
		"no time":             head + `["now","o","a"]` + "\n",
		"an unknown kind":     head + `[2.00,"x","a"]` + "\n",
		"not UTF-8":           head + "[2.00,\"o\",\"\xff\"]\n",
	} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	if c, err := parse([]byte(head + `[1.00,"o","a"]` + "\n")); err != nil || c.said() != "a" {
		t.Errorf("a good one was read as %q, %v", c.said(), err)
	}
}

// What varies is replaced also where two events share it, and keeps its length.
func TestWhatVariesIsMadeEven(t *testing.T) {
	c := cast{events: []event{
		{0, "o", "http://127.0.0.1:51234 and http://127.0."},
		{1, "i", "x"},
		{2, "o", "0.1:51999/ and\x1b]11;?\x1b\\\x1b[6n again"},
		{3, "m", "curl http://127.0.0.1:51999/"},
		{4, "o", " http://127.0.0.1:51234 " + lessonStart + "0a1b2c/TodoTable-20261124-021503.jsonl"},
		{5, "o", " 0b6f7a52-91c0-4d1e-8a55-0242ac120002 0b6f7a52-91c0-4d1e-8a55-0242ac120002"},
	}}
	c.even()
	var got []string
	for _, ev := range c.events {
		got = append(got, ev.data)
	}
	want := []string{
		"http://127.0.0.1:40000 and http://127.0.0.1:40001",
		"x",
		"/ and again",
		"curl http://127.0.0.1:40001/",
		" http://127.0.0.1:40000 /home/ada/lesson/TodoTable-20261201-093000.jsonl",
		" a0000001-0000-4000-8000-000000000001 a0000001-0000-4000-8000-000000000001",
	}
	if !slices.Equal(got, want) {
		t.Errorf("made even:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(lessonStart+"0a1b2c") != len("/home/ada/lesson") {
		t.Error("the folder's name changes its length, and with it where lines are broken")
	}
}

// The recording of the repository has nothing of the machine that it was made on.
func TestTheRecordingKnowsNothingOfItsMachine(t *testing.T) {
	c := recorded(t)
	text := string(c.text())
	c.even()
	if string(c.text()) != text {
		t.Error("there is something left to be made even; " + again)
	}
	if host, err := os.Hostname(); err == nil && len(host) > 6 && strings.Contains(text, host) {
		t.Errorf("it names the machine %s", host)
	}
	if strings.Contains(text, "/tmp/") || strings.Contains(text, "/root") {
		t.Error("it names a folder of the machine")
	}
}
