package provision

import "slices"

// Between the plan and the deed, and while a step is at work, another todoctl
// or a person may be at work as well.

// lookAgain looks once more at what the plan wants to change or delete: since
// then a person may have read for minutes, and another todoctl may have taken
// it away and somebody else made theirs of the same name. Going up, it waits
// for AWS to finish what it is at: a table that is UPDATING shows its old
// settings, and only then the new ones that are to be changed.
func (r *run) lookAgain(c Change, waiting func(Observation)) (Observation, error) {
	for started, d := r.opt.Clock.Now(), c.Step.Describe(); ; {
		now, err := c.Step.Observe(r.ctx)
		switch {
		case err != nil:
			return now, err
		case now.State == Foreign:
			return now, &ForeignError{Step: d.Name, Resource: d.Resource, Owner: now.Owner}
		}
		passed := r.opt.Clock.Now().Sub(started)
		if r.opt.Goal == Down || now.Pending == "" || passed >= d.Settle {
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
		if seen, lookErr := before.Step.Observe(r.ctx); slices.Contains(n.Needs, before.Name()) && lookErr == nil && seen.State == Absent {
			return &NeedError{Step: n.Name(), Need: before.Name()}
		}
	}
	return err
}
