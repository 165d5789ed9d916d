package main

import (
	"context"
	"encoding/json"
	"time"

	"todoctl/provision"
)

// longest is how long a run that was killed may have been at work before that: its
// quarter of an hour, and some thinking.
const longest = 20 * time.Minute

// An unsettled stack is one in which a run may have made something and has not seen
// all of it settle. A file says so from that run's beginning to its good end. It only
// spares a down too early a look: nothing is lost without it.
type unsettled struct {
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
	Ended   time.Time `json:"ended,omitzero"` // not there: it is at work, or was killed
}

// unsettle notes that this run may make something. The rehearsal shows at once what
// it has, and what takes or restores makes nothing.
func (c *command) unsettle(s session) {
	if s.cfg.Local || c.name == "down" || c.name == "restore" {
		return
	}
	file := c.lockPath(s) + ".unsettled"
	before, run := c.unsettledBy(file), unsettled{Command: "todoctl " + c.name, Since: c.Clock.Now()}
	c.tellNext(file, run)
	c.settle = func(well bool) {
		switch {
		case well:
			run = unsettled{}
		case c.tally.begun():
			run.Ended = c.Clock.Now()
		default:
			run = before
		}
		c.tellNext(file, run)
	}
}

// unsettledBy reads which run it was; the zero one means none.
func (c *command) unsettledBy(file string) (run unsettled) {
	if data, err := c.readFile(file); err != nil || json.Unmarshal(data, &run) != nil {
		return unsettled{}
	}
	return run
}

func (c *command) tellNext(file string, run unsettled) {
	if data, err := json.Marshal(run); err == nil {
		_ = c.writePrivate(file, append(data, '\n')) // a folder that takes nothing was told of with the lock
	}
}

// settled says how the run has ended so far.
func (c *command) settled(well bool) {
	if c.settle != nil {
		c.settle(well)
		c.settle = nil
	}
}

// letAppear waits where the last run did not come to a good end: AWS may not show
// yet what that one made last, and a down that does not see it would leave it, and
// call that nothing.
func (c *command) letAppear(ctx context.Context, s session) error {
	file := c.lockPath(s) + ".unsettled"
	last := c.unsettledBy(file)
	if last.Command == "" {
		return nil
	}
	wait := provision.Spread - c.Clock.Now().Sub(last.Ended).Abs()
	if last.Ended.IsZero() && c.Clock.Now().Sub(last.Since).Abs() <= longest {
		wait = provision.Spread
	}
	if wait > 0 {
		c.view().Note("The last run (%s, since %s) did not come to its end.", last.Command, clockTime(last.Since))
		c.view().Note("AWS may not show yet all that it made. This one looks in %d s.", (wait+time.Second-1)/time.Second)
		at, end := c.working(ctx, "waiting for AWS to show what was made last")
		err := c.Clock.Sleep(at, wait)
		end()
		if err != nil {
			return err
		}
	}
	c.tellNext(file, unsettled{})
	return nil
}
