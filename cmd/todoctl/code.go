package main

import (
	"context"
	"fmt"

	"todoctl/provision"
)

// othersCode is about code that somebody has put into the function since the last
// upload. It stays, and the plan says so. A person is asked whether it should; a
// run that brings other code refuses to go on without the flag that says so.
func (c *command) othersCode(ctx context.Context, sess *session, s *settings, open func() []provision.Page, plan []provision.Change) ([]provision.Change, error) {
	changed := false
	for _, change := range plan {
		changed = changed || change.Seen.CodeChanged && !change.Skip
	}
	if !changed || s.replace || foreign(plan) {
		return plan, nil
	}
	name := sess.cfg.FunctionName()
	if c.asking() {
		c.view().Note("The code of %s was changed outside todoctl, perhaps in the console.", name)
		c.view().Note("To have a copy of it first: %s", c.with("handler pull")+" DIR")
		yes, err := c.confirm(ctx, fmt.Sprintf("Put %s in its place?", sess.cfg.Code.Source), false)
		if err != nil {
			return nil, err
		}
		if yes {
			s.replace = true
			c.chose("replace-code", "")
			c.Args = append(c.Args, "--replace-code")
			c.path = c.commandLine()
			if err := s.apply(c, sess); err != nil {
				return nil, err
			}
			return c.look(ctx, open(), provision.Up)
		}
	}
	if !sess.cfg.OwnCode {
		return plan, nil
	}
	return nil, c.refuseOthersCode(sess.cfg)
}

func (c *command) refuseOthersCode(cfg provision.Config) error {
	return told("TODO-FN-10", fmt.Sprintf("the code of %s was changed outside todoctl since the last upload", cfg.FunctionName()),
		c.with("handler pull")+" DIR   (a copy of what runs now)", c.commandLine("--replace-code")+"   (puts yours in its place)")
}
