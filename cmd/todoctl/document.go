package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"todoctl/provision"
)

// schema is the version of every JSON document on stdout. It grows when a
// member goes away or changes its meaning; new members do not change it.
const schema = 1

// A document is what --output json prints: one object at the end of a command.
type document struct {
	Schema  int             `json:"schema"`
	Command string          `json:"command"`
	Local   bool            `json:"local"`
	Account string          `json:"account,omitempty"`
	Region  string          `json:"region,omitempty"`
	Stack   string          `json:"stack,omitempty"`
	URL     string          `json:"url,omitempty"`
	Steps   []stepDocument  `json:"steps,omitempty"`
	Meter   *meterDocument  `json:"meter,omitempty"`
	Backup  *backupDocument `json:"backup,omitempty"`
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

type remain struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	ARN  string `json:"arn,omitempty"`
	Note string `json:"note,omitempty"`
}

// records collects a run for its document.
type records struct {
	mu  sync.Mutex
	doc *document
}

func (v *records) Header(s session) {
	v.doc.Local, v.doc.Account, v.doc.Region, v.doc.Stack = s.cfg.Local, s.identity.Account, s.cfg.Region, s.cfg.Stack
}

func (v *records) Plan(plan []provision.Change, _ provision.Goal) {
	v.mu.Lock()
	defer v.mu.Unlock()
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
	result := map[provision.Stage]string{
		provision.Settled: "done", provision.Kept: "kept", provision.Skipped: "skipped", provision.Failed: "failed",
	}[e.Stage]
	if result == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s := stepRecord(e.Change, e.Seen, result)
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

func (v *records) Run([]string) {}
func (v *records) Ran()         {}

func (v *records) Note(string, ...any) {}

func (v *records) Problem(p *Problem) {
	if p.What == "" {
		return
	}
	v.doc.Error = &errorDocument{What: p.What, Why: p.Why, Fix: p.Fix, Exit: p.Exit}
}

// print writes the document to stdout.
func (d *document) print(w io.Writer) error {
	d.Schema = schema
	return printJSON(w, d)
}

func printJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	if err == nil {
		_, err = io.WriteString(w, harmlessJSON(b.String()))
	}
	if err != nil {
		return fmt.Errorf("write the JSON document: %w", err)
	}
	return nil
}
