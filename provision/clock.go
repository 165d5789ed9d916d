package provision

import (
	"context"
	"time"
)

// A Clock is the time that provision lives in.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error // returns ctx's error when that comes first
}

// Spread is how long AWS may take to show everywhere what it has accepted: tags
// of a new table, a new role's name, a new function's name.
const Spread = 30 * time.Second

// pace is the rhythm of looking: how long to wait when so much time has passed
// since the first look. Looks fall on fixed marks, so that slow answers do not
// add up; they are close together at first, because a function is ready after
// one or two seconds and a table after six, and a mark missed is time lost.
func pace(passed time.Duration) time.Duration {
	step := 5 * time.Second
	switch {
	case passed < 2*time.Second:
		step = 250 * time.Millisecond
	case passed < 10*time.Second:
		step = 500 * time.Millisecond
	case passed < 30*time.Second:
		step = time.Second
	case passed < time.Minute:
		step = 2 * time.Second
	}
	mark := passed.Truncate(step) + step
	if mark-passed < step/5 { // the last answer came just before a mark
		mark += step
	}
	return mark - passed
}

// until repeats try until it says done or fails, and tells each time what it
// waits for; the zero Wait leaves that to try. When limit has passed it returns
// the last reason that try gave for not being done.
func (c Clock) until(ctx context.Context, what Wait, limit time.Duration, try func() (done bool, reason error, err error)) error {
	wait := ctx
	if w, ok := ctx.Value(walkKey{}).(walk); ok {
		wait = w.going
	}
	for started := c.Now(); ; {
		done, reason, err := try()
		if done || err != nil {
			return err
		}
		passed := c.Now().Sub(started)
		if passed >= limit {
			return reason
		}
		waitingFor(ctx, what)
		if err := c.Sleep(wait, pace(passed)); err != nil {
			return err
		}
	}
}

// tornPatience is how long a look is repeated whose answers do not fit together,
// and tornLooks how often at least, however slow the answers are.
const (
	tornPatience = 5 * time.Second
	tornLooks    = 3
)

// whole repeats a look of several calls while it is torn: what one call has
// found was gone for the next, because somebody deletes or makes it at this
// moment. Taken as it is, it would be a resource without tags, and foreign.
func (c Clock) whole(ctx context.Context, look func() (torn bool, err error)) error {
	for started, looks := c.Now(), 1; ; looks++ {
		torn, err := look()
		passed := c.Now().Sub(started)
		if err != nil || !torn || looks >= tornLooks && passed >= tornPatience {
			return err
		}
		if err := c.Sleep(ctx, pace(passed)); err != nil {
			return err
		}
	}
}

// claimed decides about a create call that found its name taken. A lost answer
// looks exactly like somebody else's resource, so only another look tells: it
// waits for the name and its tags to show, as long as that may take, and returns
// what the step then sees, or a ForeignError. Tags that name another owner end it.
func (c Clock) claimed(ctx context.Context, step Step, limit time.Duration, conflict error) (seen Observation, err error) {
	d := step.Describe()
	err = c.until(ctx, nameTaken, limit, func() (bool, error, error) {
		if seen, err = step.Observe(ctx); err != nil {
			return false, nil, err
		}
		if u, ok := seen.Detail.(interface{ ownerUnknown() bool }); ok && u.ownerUnknown() {
			return false, &ForeignError{Step: d.Name, Resource: d.Resource, Owner: "it shows no tags"}, nil
		}
		switch seen.State {
		case Foreign, Mixed:
			foreign := &ForeignError{Step: d.Name, Resource: d.Resource, Owner: seen.Owner}
			if named(seen.Owner) {
				return false, nil, foreign
			}
			return false, foreign, nil
		case Absent:
			return false, conflict, nil
		}
		return true, nil, nil
	})
	return seen, err
}
