package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"todoctl/provision"
)

// schema is the version of every JSON object on stdout. It grows when a member
// goes away or changes its meaning; new members do not change it. Each member is
// described in docs/json.schema.json, and a test misses those that are not.
const schema = 1

// A head is how every JSON object on stdout begins.
type head struct {
	Schema int    `json:"schema"`
	Type   string `json:"type,omitempty"` // of a line of --output jsonl; a document has none
	Time   string `json:"time,omitempty"` // of a line: RFC 3339, UTC
}

func (h *head) start() *head { return h }

// A headline is how every document begins: what was run, and how it ended.
type headline struct {
	head
	Command string `json:"command"`
	Exit    int    `json:"exit"`
}

func (h *headline) top() *headline { return h }

// A conclusion is what a command prints as JSON at its end.
type conclusion interface {
	start() *head
	top() *headline
}

// A document is the conclusion of every command that looks at a stack, and of every
// command that fails.
type document struct {
	headline
	Local   bool            `json:"local"`
	Account string          `json:"account,omitempty"`
	Region  string          `json:"region,omitempty"`
	Stack   string          `json:"stack,omitempty"`
	URL     string          `json:"url,omitempty"`
	Steps   []stepDocument  `json:"steps,omitempty"`
	Meter   *meterDocument  `json:"meter,omitempty"`
	Items   *int            `json:"items,omitempty"` // in the table before down; nil: not counted
	Backup  *backupDocument `json:"backup,omitempty"`
	Restore *restored       `json:"restore,omitempty"`
	Remains []remain        `json:"remains,omitzero"`
	Error   *errorDocument  `json:"error,omitempty"`
}

type stepDocument struct {
	Name     string         `json:"name"`
	Resource string         `json:"resource"`
	State    string         `json:"state"`  // absent, ok, drift, foreign, mixed: what was seen last; unknown: AWS allows no look
	Action   string         `json:"action"` // keep, create, update, delete, refuse
	Result   string         `json:"result"` // planned, done, kept, skipped, failed
	ID       string         `json:"id,omitempty"`
	Owner    string         `json:"owner,omitempty"`
	Pending  string         `json:"pending,omitempty"`
	Diffs    []diffDocument `json:"diffs,omitempty"`
	Advice   []string       `json:"advice,omitempty"`
	Error    string         `json:"error,omitempty"`
	Cost     *stepCost      `json:"cost,omitempty"` // up and its steps
}

type stepCost struct {
	Cover          string  `json:"cover"`
	NowPerMonthUSD float64 `json:"nowPerMonthUSD"`
	WorstPerDayUSD float64 `json:"worstPerDayUSD"`
}

type diffDocument struct {
	Field string `json:"field"`
	Have  string `json:"have"`
	Want  string `json:"want"`
}

type errorDocument struct {
	ID   string   `json:"id,omitempty"` // of `todoctl explain`
	What string   `json:"what"`
	Why  string   `json:"why,omitempty"`
	Fix  []string `json:"fix,omitempty"`
	Exit int      `json:"exit"`
}

type backupDocument struct {
	File   string `json:"file"`
	Items  int    `json:"items"`
	SHA256 string `json:"sha256"`
}

// A restored is a backup whose items are put back.
type restored struct {
	File    string `json:"file"`
	From    string `json:"from"` // the table that was saved
	Table   string `json:"table"`
	Items   int    `json:"items"`
	Written int    `json:"written"` // of them those that are known to be written
}

type remain struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	ARN  string `json:"arn,omitempty"`
	Note string `json:"note,omitempty"`
}

// records collects a run for its document, and tells it line by line where that
// is wanted.
type records struct {
	mu    sync.Mutex
	doc   *document
	lines *stream // nil: only the document
}

func (v *records) Header(s session) {
	v.doc.Local, v.doc.Account, v.doc.Region, v.doc.Stack = s.cfg.Local, s.identity.Account, s.cfg.Region, s.cfg.Stack
	v.lines.session(s)
}

func (v *records) Plan(plan []provision.Change, goal provision.Goal) {
	v.mu.Lock()
	defer v.mu.Unlock()
	defer func() { v.lines.plan(goal, v.doc.Steps) }()
	v.doc.Steps = nil
	for _, c := range plan {
		result := "planned"
		if c.Action == provision.Keep {
			result = "kept"
		}
		if c.Skip {
			result = "skipped"
		}
		step := stepRecord(c, c.Seen, result)
		if c.Err != nil {
			step.Result, step.Error = "failed", explain(c.Err, nowhere).What
		}
		v.doc.Steps = append(v.doc.Steps, step)
	}
}

func stepRecord(c provision.Change, seen provision.Observation, result string) stepDocument {
	d := c.Step.Describe()
	s := stepDocument{
		Name: d.Name, Resource: d.Resource, State: seen.State.String(), Action: string(c.Action), Result: result,
		ID: seen.ID, Owner: seen.Owner, Pending: seen.Pending, Advice: seen.Advice,
	}
	for _, diff := range seen.Diffs {
		s.Diffs = append(s.Diffs, diffDocument(diff))
	}
	if c.Cost != nil {
		s.Cost = (*stepCost)(c.Cost)
	}
	return s
}

func (v *records) Event(e provision.Event) {
	v.lines.event(e)
	if !final(e.Stage) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := stepRecord(e.Change, e.Seen, stageWords[e.Stage])
	if e.Err != nil {
		s.Error = explain(e.Err, nowhere).What
	}
	for i := range v.doc.Steps {
		if v.doc.Steps[i].Name == s.Name {
			v.doc.Steps[i] = s
			return
		}
	}
	v.doc.Steps = append(v.doc.Steps, s)
}

func (v *records) Run([]provision.Change, provision.Goal) {}
func (v *records) Ran()                                   {}

// Note is for people: a document has members for all that matters.
func (v *records) Note(format string, args ...any) { v.lines.note(fmt.Sprintf(format, args...)) }

// Saved records a backup that was read back.
func (v *records) Saved(b backupDocument) {
	v.doc.Backup = &b
	v.lines.backup(b)
}

func (v *records) Problem(p *Problem) {
	if p = p.complete(); p.What == "" {
		return
	}
	v.doc.Error = &errorDocument{ID: p.ID, What: p.What, Why: p.Why, Fix: p.Fix, Exit: p.Exit}
}

// conclude prints what a run came to: the command's own, or where it has
// none or failed, the document.
func (c *command) conclude(exit int) error {
	var a conclusion = c.doc
	if c.end != nil && c.doc.Error == nil {
		a = c.end
	}
	t := a.top()
	t.Command, t.Exit = c.name, exit
	if c.output == formatLines {
		return c.lines().print("result", a)
	}
	t.Schema = schema
	return printJSON(c.Out, a, "  ")
}

// printJSON writes one object and the end of its line in one piece. Without an
// indent it has no other line ends.
func printJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	if err == nil {
		_, err = io.WriteString(w, harmlessJSON(b.String()))
	}
	if err != nil {
		return fmt.Errorf("write the JSON: %w", err)
	}
	return nil
}
