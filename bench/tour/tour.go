//go:build linux || darwin

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// lessonStart begins the name of the folder in which the tour takes place. It is
// as long as the name that stands in the recording, and so is what it is folded to.
const lessonStart = "/tmp/tour-"

// keys that answer.
const (
	enter = "\r"
	down  = "\x1b[B"
)

// record takes the tour with program, in a home and with an AWS of its own.
func record(ctx context.Context, program string, pace float64) (c cast, err error) {
	var random [3]byte
	_, _ = rand.Read(random[:])
	lesson := lessonStart + hex.EncodeToString(random[:])
	state := filepath.Join(lesson, ".state")
	if err := os.MkdirAll(state, 0o700); err != nil {
		return c, err
	}
	defer func() { _ = os.RemoveAll(lesson) }()
	env := []string{
		"HOME=" + lesson, "TODOCTL_STATE=" + state, "TERM=" + term, "LANG=C.UTF-8",
		"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"),
		"AWS_EC2_METADATA_DISABLED=true",
	}
	defer func() { // does nothing where the tour has come to its end
		stop := exec.Command(program, "local", "stop")
		stop.Env, stop.Dir = env, lesson
		_ = stop.Run()
	}()
	t := newTerminal(pace, lesson, env)
	t.cast.title = "todoctl: a serverless backend on this machine, and away again (pauses are shortened)"

	learner := &learner{stack: "Todo"}
	said, err := t.run(ctx, "todoctl up --local", learner.answer)
	if err != nil {
		return c, err
	}
	urls := address.FindAllString(said, -1)
	if len(urls) == 0 {
		return c, errNoURL
	}
	url := urls[len(urls)-1]
	t.rest(4*time.Second, nil)
	for _, command := range []string{
		"curl " + url + " -H 'content-type: application/json' -d '{\"task\": \"Read the tutorial\"}'",
		"curl " + url,
		"todoctl status --local",
		"todoctl down --local",
	} {
		if _, err := t.run(ctx, command, learner.answer); err != nil {
			return c, err
		}
		t.rest(3*time.Second, nil)
	}
	t.show("") // the last screen stands until here
	t.cast.even()
	return t.cast, nil
}

// address is a Function URL of the local AWS.
var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// A learner reads a question and answers it. Enter is the answer to everything
// but the two that this one knows.
type learner struct {
	stack     string
	offers    int // of an explanation
	explained bool
	read      bool // a part of the explanation
}

// answer returns the keys to press on a screen with an open question.
func (l *learner) answer(lines []string) []string {
	if typed := typeName.FindStringSubmatch(strings.Join(lines, " ")); typed != nil && typed[1] == l.stack {
		return append(strings.Split(l.stack, ""), enter)
	}
	at := choice(lines, marked)
	if want := choice(lines, explain); !l.explained && at >= 0 && want > at {
		// The second offer is the role's: its policy is worth a look.
		if l.offers++; l.offers == 2 {
			l.explained = true
			return downTo(want - at)
		}
	}
	if want := choice(lines, policy); l.explained && !l.read && at >= 0 && want > at {
		l.read = true
		return downTo(want - at)
	}
	return []string{enter}
}

// downTo are the keys that choose the option so many lines below.
func downTo(lines int) []string { return append(slices.Repeat([]string{down}, lines), enter) }

var (
	typeName = regexp.MustCompile(`Type "?(\w+)"? to `)
	marked   = regexp.MustCompile(`^\W*> `)
	explain  = regexp.MustCompile(`^\W*Explain`)
	policy   = regexp.MustCompile(`^\W*The inline policy`)
)

// choice is the last line that matches, or -1.
func choice(lines []string, want *regexp.Regexp) int {
	for i := len(lines) - 1; i >= 0; i-- {
		if want.MatchString(lines[i]) {
			return i
		}
	}
	return -1
}
