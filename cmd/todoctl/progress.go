package main

import "todoctl/provision"

// Run starts the telling of a run. Steps work at the same time and are told in
// the walkthrough's order, so that it reads as the book does.
func (v *words) Run(order []string) {
	v.order, v.later, v.pending = order, map[string][]provision.Event{}, map[string]string{}
}

// Event tells what happened, or keeps it until its step's turn has come.
func (v *words) Event(e provision.Event) {
	name := e.Change.Name()
	if len(v.order) > 0 && name != v.order[0] {
		v.later[name] = append(v.later[name], e)
		return
	}
	v.tell(e)
	if !final(e.Stage) {
		return
	}
	for len(v.order) > 1 {
		v.order = v.order[1:]
		ended := false
		for _, kept := range v.later[v.order[0]] {
			v.tell(kept)
			ended = ended || final(kept.Stage)
		}
		delete(v.later, v.order[0])
		if !ended {
			return
		}
	}
}

// Ran tells what was kept back for steps that never had their turn.
func (v *words) Ran() {
	for _, name := range v.order {
		for _, e := range v.later[name] {
			v.tell(e)
		}
	}
	v.order, v.later = nil, nil
}

func final(s provision.Stage) bool {
	return s == provision.Settled || s == provision.Kept || s == provision.Skipped || s == provision.Failed
}

// tell prints one line per change of a step, and one per new thing that AWS
// makes it wait for.
func (v *words) tell(e provision.Event) {
	d := e.Change.Step.Describe()
	switch e.Stage {
	case provision.Waiting:
		p := e.Seen.Pending
		if p == "" && len(e.Seen.Diffs) > 0 {
			p = e.Seen.Diffs[0].String()
		}
		if p != "" && v.pending[d.Name] != p {
			v.pending[d.Name] = p
			v.step("wait", d.Name, "waiting for AWS: %s", p)
		}
	case provision.Settled:
		v.step("ok", d.Name, "%s", done(e.Change, d))
		v.advice(d.Name, e.Seen)
	case provision.Kept:
		switch {
		case e.Seen.Denied != "":
			v.step("hint", d.Name, "left alone: %s", e.Seen.Denied)
			v.advice(d.Name, e.Seen)
		case e.Seen.State == provision.Foreign:
			v.step("skip", d.Name, "kept: %s", &provision.ForeignError{Resource: d.Resource, Owner: e.Seen.Owner})
		case e.Seen.State == provision.Absent:
			// Nothing was there and nothing had to be done.
		default:
			v.step("ok", d.Name, "%s", already(d))
			v.advice(d.Name, e.Seen)
		}
	case provision.Skipped:
		if e.Err != nil {
			v.step("skip", d.Name, "not started: %s", e.Err)
			return
		}
		v.step("skip", d.Name, "left out")
	case provision.Failed:
		v.step("no", d.Name, "%s", explain(e.Err, nowhere).What)
	}
}

// testStep makes nothing, so it has words of its own.
const testStep = "test"

// already says that there was nothing to do.
func already(d provision.Description) string {
	if d.Name == testStep {
		return "the API answers"
	}
	return d.Resource + " is as it should be"
}

// unfinished says that AWS is still at work on an earlier run's change, and
// that nothing else is to be done.
func unfinished(c provision.Change) bool {
	return c.Action == provision.Update && len(c.Seen.Diffs) == 0 && c.Seen.Pending != ""
}

// done says what was done to a step.
func done(c provision.Change, d provision.Description) string {
	if d.Name == testStep {
		return already(d)
	}
	if unfinished(c) {
		return d.Resource + " is ready"
	}
	if c.Seen.State == provision.Mixed {
		return "deleted what was todoctl's and kept the rest: " + c.Seen.Owner
	}
	return map[provision.Action]string{
		provision.Create: "created ",
		provision.Update: "repaired ",
		provision.Delete: "deleted ",
	}[c.Action] + d.Resource
}
