package main

import (
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"todoctl/provision"
)

// With --output jsonl a run is told as it goes: an object a line on stdout, in
// the order in which things happen. Steps work at the same time, so their lines
// come mixed. Each line is one write, and nothing is kept back. The last one has
// the type "result": it is the document that --output json prints.

// A stream prints lines. On none nothing is printed.
type stream struct {
	w     io.Writer
	clock provision.Clock

	mu      sync.Mutex
	failed  error                // of the first line that could not be printed
	started map[string]time.Time // when a step went to work, by its name
}

// lines returns the stream of this run, nil when none is wanted.
func (c *command) lines() *stream {
	if c.output == formatLines && c.stream == nil {
		c.stream = &stream{w: c.Out, clock: c.Clock, started: map[string]time.Time{}}
	}
	return c.stream
}

// print prints one line. After one that failed there are no more: its beginning
// may be there, and the next would only lengthen it.
func (s *stream) print(kind string, line interface{ start() *head }) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		*line.start() = head{Schema: schema, Type: kind, Time: s.clock.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")}
		s.failed = printJSON(s.w, line, "")
	}
	return s.failed
}

// tell prints a line on the way. A reader that has gone away does not stop the
// run in the middle: finish says at the end that something was not printed.
func (s *stream) tell(kind string, line interface{ start() *head }) { _ = s.print(kind, line) }

type sessionLine struct {
	head
	Version string `json:"version"`
	Local   bool   `json:"local"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Stack   string `json:"stack"`
}

func (s *stream) session(sess session) {
	s.tell("session", &sessionLine{Version: version, Local: sess.cfg.Local, Account: sess.identity.Account, Region: sess.cfg.Region, Stack: sess.cfg.Stack})
}

type planLine struct {
	head
	Goal  string         `json:"goal"` // up, down
	Steps []stepDocument `json:"steps"`
}

func (s *stream) plan(goal provision.Goal, steps []stepDocument) {
	name := "up"
	if goal == provision.Down {
		name = "down"
	}
	s.tell("plan", &planLine{Goal: name, Steps: steps})
}

// stageWords are the stages of a step; the final ones are the results of a row.
var stageWords = map[provision.Stage]string{
	provision.Started: "started", provision.Waiting: "waiting",
	provision.Settled: "done", provision.Kept: "kept", provision.Skipped: "skipped", provision.Failed: "failed",
}

type eventLine struct {
	head
	Step       string   `json:"step"`
	Resource   string   `json:"resource"`
	Action     string   `json:"action"`
	Stage      string   `json:"stage"`
	State      string   `json:"state"`
	Seconds    *float64 `json:"seconds,omitempty"` // since the step went to work; nil: it did not
	WaitingFor string   `json:"waitingFor,omitempty"`
	Usually    string   `json:"usually,omitempty"` // how long that takes, in words
	ID         string   `json:"id,omitempty"`
	Error      string   `json:"error,omitempty"`
}

// event tells of every look at a step that AWS makes wait, so that a long wait
// is not silent.
func (s *stream) event(e provision.Event) {
	stage := stageWords[e.Stage]
	if s == nil || stage == "" {
		return
	}
	d := e.Change.Step.Describe()
	line := &eventLine{Step: d.Name, Resource: d.Resource, Action: string(e.Change.Action), Stage: stage, State: e.Seen.State.String(), ID: e.Seen.ID}
	line.WaitingFor, line.Usually = e.Wait.What, e.Wait.Usual
	if e.Err != nil {
		line.Error = explain(e.Err, nowhere).What
	}
	line.Seconds = s.since(e)
	s.tell("event", line)
}

// since is how long a step has been at work, by the run's own clock: not every
// event says it.
func (s *stream) since(e provision.Event) *float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Stage == provision.Started {
		s.started[e.Change.Name()] = s.clock.Now()
	}
	started, working := s.started[e.Change.Name()]
	if !working {
		return nil
	}
	seconds := math.Round(s.clock.Now().Sub(started).Seconds()*1000) / 1000
	return &seconds
}

type noteLine struct {
	head
	Text string `json:"text"`
}

// note tells what a person would read beside the steps.
func (s *stream) note(text string) {
	if text = strings.TrimSpace(text); text != "" {
		s.tell("note", &noteLine{Text: text})
	}
}

type backupLine struct {
	head
	backupDocument
}

func (s *stream) backup(b backupDocument) { s.tell("backup", &backupLine{backupDocument: b}) }
