package provision

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Options say how Run goes about it.
type Options struct {
	Goal     Goal
	Clock    Clock
	Parallel int // steps at work at once; 1 makes the calls in the same order every time; 0 means all

	// Ask is called for each change, in the walkthrough's order, before it
	// starts; earlier steps go on while it waits for a person. An error stops the
	// run. Nil means yes to everything.
	Ask func(ctx context.Context, c Change) (Answer, error)

	// On is told what happens, one event at a time. Nil means nobody listens.
	On func(Event)
}

// An Answer is what was decided about a change before it starts.
type Answer struct {
	Yes bool // else the step is left out

	// Anew is the whole walkthrough made of another configuration, because the
	// person has changed a setting. This step and those after it are taken from
	// it and looked at again; those that have been let go stay as they are.
	Anew []Page
}

// Stage is how far a step has come.
type Stage int

const (
	Started Stage = iota + 1
	Waiting       // AWS is at work: Wait; told again each time that it was looked
	Settled       // it is as it should be
	Kept          // there was nothing to do
	Skipped       // left out on purpose
	Failed        // Err says why
)

// An Event is a step that has come further.
type Event struct {
	Stage   Stage
	Change  Change
	Seen    Observation   // the latest look
	Wait    Wait          // while Waiting: what for
	Elapsed time.Duration // since the step started
	Err     error
}

// Run carries out a plan. Going up, it starts a step as soon as what it needs
// has settled, and stops at the first failure, after the calls that are under
// way. Going down, it works backwards, tries everything and joins the errors,
// because what is left behind costs money. A Refuse anywhere stops it before
// anything is changed.
func Run(ctx context.Context, plan []Change, opt Options) error {
	if err := refusals(plan); err != nil {
		return err
	}
	if opt.Goal == Up {
		if err := checkNeeds(plan); err != nil {
			return err
		}
	}
	if opt.Parallel == 1 {
		ctx = Serial(ctx)
	}
	r := newRun(ctx, plan, opt)
	defer r.stop()
	if err := r.askAll(); err != nil {
		r.fail(err)
	}
	r.work.Wait()
	err := errors.Join(r.errs...)
	if stopped := ctx.Err(); stopped != nil && !errors.Is(err, stopped) {
		err = errors.Join(err, stopped)
	}
	return err
}

// A run is one walk through a plan: a goroutine a step, each waiting for its
// answer and for what it needs.
type run struct {
	ctx   context.Context // for calls: a failure elsewhere does not cut one off
	going context.Context // for waits: ended with ctx, and by the first failure going up
	stop  context.CancelFunc
	opt   Options
	nodes []*node
	slots chan struct{}
	work  sync.WaitGroup

	mu   sync.Mutex
	errs []error
	tell sync.Mutex // one event at a time
}

type node struct {
	Change
	waitApplied []*node
	waitSettled []*node
	answer      chan bool     // closed without a value: the run has stopped
	applied     chan struct{} // its Apply has returned
	settled     chan struct{} // it is as it should be, or was left out
	ok          bool          // written before settled is closed
	changed     bool          // it, or something that it needs, is another one now; as ok
}

func newRun(parent context.Context, plan []Change, opt Options) *run {
	going, stop := context.WithCancel(parent)
	r := &run{ctx: parent, going: going, stop: stop, opt: opt}
	if opt.Parallel <= 0 {
		opt.Parallel = len(plan)
	}
	r.slots = make(chan struct{}, max(opt.Parallel, 1))
	byName := map[string]*node{}
	for _, c := range plan {
		n := &node{Change: c, answer: make(chan bool, 1), applied: make(chan struct{}), settled: make(chan struct{})}
		r.nodes = append(r.nodes, n)
		byName[c.Name()] = n
	}
	for _, n := range r.nodes {
		for _, name := range n.After {
			if before := byName[name]; before != nil {
				r.link(n, before, false)
			}
		}
		for _, name := range n.Needs {
			if before := byName[name]; before != nil {
				r.link(n, before, true)
			}
		}
	}
	if opt.Goal == Down {
		slices.Reverse(r.nodes)
	}
	var previous *node
	for _, n := range r.nodes {
		// One at a time means in order, and the order of goroutines is not one.
		if opt.Parallel == 1 && previous != nil {
			n.waitSettled = append(n.waitSettled, previous)
		}
		previous = n
		r.work.Go(func() {
			if bug := Safely(func() error { r.step(n); return nil }); bug != nil {
				r.failed(n, n.Seen, bug)
			}
		})
	}
	return r
}

// link makes n wait for before; going down it is the other way round.
func (r *run) link(n, before *node, settled bool) {
	if r.opt.Goal == Down {
		before.waitSettled = append(before.waitSettled, n)
		return
	}
	if settled {
		n.waitSettled = append(n.waitSettled, before)
		return
	}
	n.waitApplied = append(n.waitApplied, before)
}

// askAll asks for each change in order and lets the yeses go. Steps that were
// let go are at work while the next question is open. What cannot be done,
// because a step that it needs was declined, is not asked about.
func (r *run) askAll() error {
	lacking := map[string]bool{}
	var anew []Page
	for i, n := range r.nodes {
		yes := true
		missing := r.opt.Goal == Up && slices.ContainsFunc(n.Needs, func(need string) bool { return lacking[need] })
		err := r.replace(n, anew)
		if err == nil && r.opt.Ask != nil && n.Action != Keep && !missing {
			var answer Answer
			answer, err = r.opt.Ask(r.going, n.Change)
			yes = answer.Yes
			if err == nil && answer.Anew != nil {
				anew = answer.Anew
				err = r.replace(n, anew)
			}
		}
		if err != nil {
			for _, rest := range r.nodes[i:] {
				close(rest.answer)
			}
			if r.going.Err() != nil && r.ctx.Err() == nil {
				return nil // cut off by a step's failure, which is told by itself
			}
			return err
		}
		lacking[n.Name()] = n.Action == Create && (!yes || missing)
		n.answer <- yes
	}
	return nil
}

// replace takes a step that has not been let go from pages of another
// configuration, and looks at it as those describe it. Its place in the
// walkthrough stays.
func (r *run) replace(n *node, pages []Page) error {
	i := slices.IndexFunc(pages, func(p Page) bool { return p.Step.Describe().Name == n.Name() })
	if i < 0 {
		return nil
	}
	n.Step = pages[i].Step
	if n.Skip {
		return nil
	}
	if err := r.decideAnew(n); err != nil {
		return &StepError{Step: n.Name(), Action: "look at", Err: err}
	}
	return nil
}

func (r *run) fail(err error) {
	r.mu.Lock()
	r.errs = append(r.errs, err)
	r.mu.Unlock()
	if r.opt.Goal == Up {
		r.stop()
	}
}

func (r *run) say(e Event) {
	if r.opt.On != nil {
		r.tell.Lock()
		defer r.tell.Unlock()
		r.opt.On(e)
	}
}

// step takes one step from its answer to its end.
func (r *run) step(n *node) {
	defer close(n.settled)
	applied := sync.OnceFunc(func() { close(n.applied) })
	defer applied()
	yes, asked := <-n.answer
	if !asked || !r.ready(n) {
		return
	}
	if !yes || n.Skip {
		n.ok = r.opt.Goal == Down || n.Seen.State != Absent
		r.say(Event{Stage: Skipped, Change: n.Change, Seen: n.Seen})
		return
	}
	if n.Err != nil {
		r.say(Event{Stage: Failed, Change: n.Change, Seen: n.Seen, Err: n.Err})
		r.fail(n.Err)
		return
	}
	if n.Action == Keep && r.opt.Goal == Up && n.Seen.State == OK && n.shaken() {
		n.changed = true
		if err := r.decideAnew(n); err != nil {
			r.failed(n, n.Seen, err)
			return
		}
	}
	if n.Action == Keep {
		n.ok = true
		r.say(Event{Stage: Kept, Change: n.Change, Seen: n.Seen})
		return
	}
	r.slots <- struct{}{}
	defer func() { <-r.slots }()
	if r.going.Err() != nil {
		return
	}
	n.changed = true
	seen, err := r.act(n.Change, applied)
	if err != nil {
		r.failed(n, seen, err)
		return
	}
	n.ok = true
}

// decideAnew looks at a step again and decides what to do with it now.
func (r *run) decideAnew(n *node) (err error) {
	if n.Seen, err = n.Step.Observe(r.ctx); err != nil {
		return err
	}
	if n.Seen.Denied != "" {
		n.Action = Keep
		return nil
	}
	if n.Action = Decide(r.opt.Goal, n.Seen.State); n.Action == Refuse {
		d := n.Step.Describe()
		return &ForeignError{Step: d.Name, Resource: d.Resource, Owner: n.Seen.Owner}
	}
	return nil
}

// shaken says that something which n needs is another one now, so that what was
// seen of n before says nothing any more.
func (n *node) shaken() bool {
	return slices.ContainsFunc(n.waitSettled, func(before *node) bool {
		return before.changed && slices.Contains(n.Needs, before.Name())
	})
}

// failed tells of a step that did not get there.
func (r *run) failed(n *node, seen Observation, err error) {
	if errors.Is(err, context.Canceled) && r.going.Err() != nil {
		return // another step failed, or the person stopped it; the cause is told there
	}
	err = &StepError{Step: n.Name(), Action: n.Action, Err: r.gone(n, err)}
	r.say(Event{Stage: Failed, Change: n.Change, Seen: seen, Err: err})
	r.fail(err)
}

// ready waits for what n needs. False means that it must not start: the run has
// stopped, or going up something that it needs is not there.
func (r *run) ready(n *node) bool {
	for _, before := range n.waitApplied {
		select {
		case <-before.applied:
		case <-r.going.Done():
			return false
		}
	}
	for _, before := range n.waitSettled {
		select {
		case <-before.settled:
		case <-r.going.Done():
			return false
		}
		if r.opt.Goal == Up && !before.ok && slices.Contains(n.Needs, before.Name()) {
			r.say(Event{Stage: Skipped, Change: n.Change, Seen: n.Seen, Err: &NeedError{Step: n.Name(), Need: before.Name()}})
			return false
		}
	}
	return r.going.Err() == nil
}
