package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

// newStep is the command of one step by itself: look, explain, create or repair.
func newStep(name string) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:  name,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return stepRun(cmd.Context(), this(cmd), name, &s) },
	}
	s.settingFlags(cmd, name)
	return cmd
}

func stepRun(ctx context.Context, c *command, name string, s *settings) error {
	sess, err := c.open(ctx, s)
	if err != nil {
		return err
	}
	_, needs := only(provision.Steps(sess.cfg, sess.clients), name)
	if err := c.checkNeeds(ctx, name, needs); err != nil {
		return err
	}
	err = c.raise(ctx, &sess, s, func() []provision.Page {
		page, _ := only(provision.Steps(sess.cfg, sess.clients), name)
		return page
	})
	if err != nil || !s.watch {
		return err
	}
	return c.watch(ctx, &sess, s)
}

// checkNeeds looks at what a step by itself builds on.
func (c *command) checkNeeds(ctx context.Context, name string, needs []provision.Page) error {
	there, err := c.look(ctx, needs, provision.Up)
	if err != nil {
		return err
	}
	for _, need := range there {
		if need.Seen.State == provision.Absent {
			return &provision.NeedError{Step: name, Need: need.Name()}
		}
	}
	return nil
}

// only picks one step, and what it needs.
func only(pages []provision.Page, name string) (step, needs []provision.Page) {
	for _, p := range pages {
		if p.Step.Describe().Name == name {
			step = append(step, p)
		}
	}
	for _, p := range pages {
		if slices.Contains(step[0].Needs, p.Step.Describe().Name) {
			needs = append(needs, p)
		}
	}
	return step, needs
}
