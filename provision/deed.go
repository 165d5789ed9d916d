package provision

import (
	"context"
	"slices"
)

// act applies or destroys, then looks until it is true.
func (r *run) act(c Change, applied func()) (Observation, error) {
	started := r.opt.Clock.Now()
	say := func(stage Stage, seen Observation, wait Wait) {
		r.say(Event{Stage: stage, Change: c, Seen: seen, Wait: wait, Elapsed: r.opt.Clock.Now().Sub(started)})
	}
	event := func(stage Stage, seen Observation) { say(stage, seen, Wait{}) }
	waiting := func(seen Observation) { say(Waiting, seen, seen.waited(r.opt.Goal)) }
	event(Started, c.Seen)
	if c.Action != Create { // a create call finds out by itself that its name is taken
		now, err := r.lookAgain(c, waiting)
		switch {
		case err != nil:
			return now, err
		case r.opt.Goal == Up && now.State == OK:
			event(Kept, now) // somebody else has done it
			return now, nil
		case r.opt.Goal == Down && (now.State == Absent || now.State == Foreign):
			event(Settled, now) // what was ours of it is gone
			return now, nil
		}
		c.Seen = now
	}
	do := c.Step.Apply
	if c.Action == Delete {
		do = c.Step.Destroy
	}
	ctx := context.WithValue(r.ctx, walkKey{}, walk{going: r.going, waiting: func(wait Wait) {
		say(Waiting, Observation{State: c.Seen.State, ID: c.Seen.ID}, wait)
	}})
	if err := do(ctx, c.Seen); err != nil {
		return c.Seen, err
	}
	applied()
	seen, err := r.settle(c, waiting)
	if err != nil {
		return seen, err
	}
	event(Settled, seen)
	return seen, nil
}

// settle looks until the goal is reached or the step's deadline has passed.
// Going down, what is still there or there again is destroyed again: a log
// group, for one, comes back with the last lines of its function.
func (r *run) settle(c Change, waiting func(Observation)) (Observation, error) {
	d := c.Step.Describe()
	limit := d.Settle
	if r.opt.Goal == Down && d.Gone > 0 {
		limit = d.Gone
	}
	for started := r.opt.Clock.Now(); ; {
		seen, err := c.Step.Observe(r.ctx)
		if err != nil {
			return seen, err
		}
		passed := r.opt.Clock.Now().Sub(started)
		foreign := r.stranger(c, seen)
		switch {
		case r.opt.Goal == Up && seen.State == OK, r.opt.Goal == Down && seen.State == Absent:
			return seen, nil
		case r.opt.Goal == Down && seen.State == Foreign && !foreign:
			return seen, nil
		case foreign && passed >= Spread:
			// Not before: what we have just made may not show its tags yet.
			return seen, &ForeignError{Step: d.Name, Resource: d.Resource, Owner: seen.Owner}
		case r.opt.Goal == Up && seen.Denied != "": // since the look before: what was done cannot be checked
			return seen, seen.Refusal
		case r.opt.Goal == Up && seen.Failed != "" && (seen.Failed != c.Seen.Failed || passed >= Spread):
			// Not before, if it says what it said before our deed: it may be from then.
			return seen, &FailedError{Resource: d.Resource, Reason: seen.Failed}
		case passed >= limit && !foreign:
			return seen, &UnsettledError{Waited: passed, Seen: seen, Goal: r.opt.Goal}
		}
		waiting(seen)
		if err := r.opt.Clock.Sleep(r.going, pace(passed)); err != nil {
			return seen, err
		}
		if r.opt.Goal == Down && seen.Pending == "" && seen.State != Foreign {
			if err := c.Step.Destroy(r.ctx, seen); err != nil {
				return seen, err
			}
		}
	}
}

// stranger says that what was seen, or a part of it, is somebody else's and
// stands in the way. Going down only the whole does, where a part of it was ours:
// from a Mixed step, what is ours has then gone.
func (r *run) stranger(c Change, seen Observation) bool {
	if r.opt.Goal == Up {
		return seen.State == Foreign || seen.State == Mixed
	}
	return seen.State == Foreign && c.Seen.State != Mixed
}

// lookAgain looks once more at what the plan wants to change or delete: since
// then a person may have read for minutes, and another todoctl, or somebody, may
// have been at work. Going up, it waits for AWS to finish what it is at: a table
// that is UPDATING shows its old settings, and only then the new ones that are to
// be changed. Going down, what has just been seen and does not show now is looked at
// once more: one of AWS's copies may be behind, and what stays would be left.
func (r *run) lookAgain(c Change, waiting func(Observation)) (Observation, error) {
	for started, d, looks := r.opt.Clock.Now(), c.Step.Describe(), 1; ; looks++ {
		now, err := c.Step.Observe(r.ctx)
		switch {
		case err != nil:
			return now, err
		case r.stranger(c, now):
			return now, &ForeignError{Step: d.Name, Resource: d.Resource, Owner: now.Owner}
		}
		passed := r.opt.Clock.Now().Sub(started)
		missed := r.opt.Goal == Down && now.State == Absent && looks == 1
		if !missed && (r.opt.Goal == Down || now.Pending == "" || passed >= d.Settle) {
			return now, r.going.Err()
		}
		waiting(now)
		if err := r.opt.Clock.Sleep(r.going, pace(passed)); err != nil {
			return now, err
		}
	}
}

// gone tells of a step that failed because another todoctl, or somebody, has
// deleted what it works on. Lambda says of a role that is gone what it says of
// one that is too new, so the role is looked at.
func (r *run) gone(n *node, err error) error {
	if isGone(err) {
		return &GoneError{Err: err}
	}
	if !isNotYet(err) {
		return err
	}
	for _, before := range n.waitSettled {
		if !slices.Contains(n.Needs, before.Name()) {
			continue
		}
		if seen, lookErr := before.Step.Observe(r.ctx); lookErr == nil && seen.State == Absent {
			return &NeedError{Step: n.Name(), Need: before.Name()}
		}
	}
	return err
}
