package provision

import "slices"

// Between the plan and the deed, and while a step is at work, another todoctl
// or a person may be at work as well.

// lookAgain looks once more at what the plan wants to change or delete: since
// then a person may have read for minutes, and another todoctl may have taken
// it away and somebody else made theirs of the same name.
func (r *run) lookAgain(c Change) (Observation, error) {
	now, err := c.Step.Observe(r.ctx)
	switch d := c.Step.Describe(); {
	case err != nil:
		return now, err
	case now.State == Foreign:
		return now, &ForeignError{Step: d.Name, Resource: d.Resource, Owner: now.Owner}
	}
	return now, r.going.Err()
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
