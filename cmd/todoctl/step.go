package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

// A stepCommand is the command of one step: look, explain, create or repair.
type stepCommand struct{ name, short string }

// stepCommands are the steps that exist by themselves; `test` has a command of
// its own, because it makes nothing.
var stepCommands = []stepCommand{
	{"table", "Step 1: the DynamoDB table"},
	{"role", "Step 2: the IAM role"},
	{"function", "Step 3: the Lambda function and its log group"},
	{"url", "Step 4: the public Function URL"},
	{"alarm", "Step 6: the billing alarm and the budget"},
}

func newStep(step stepCommand) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:     step.name,
		Short:   step.short,
		Long:    step.short + ": looks, explains, and creates or repairs what is not as it should be.",
		Example: "  todoctl " + step.name + " --local --yes\n  todoctl " + step.name + " --dry-run",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return stepRun(cmd.Context(), this(cmd), step.name, &s) },
	}
	s.settingFlags(cmd, step.name)
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
	return c.raise(ctx, &sess, s, func() []provision.Page {
		page, _ := only(provision.Steps(sess.cfg, sess.clients), name)
		return page
	})
}

// checkNeeds looks at what a step by itself builds on.
func (c *command) checkNeeds(ctx context.Context, name string, needs []provision.Page) error {
	there, err := provision.Plan(ctx, needs, provision.Up)
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
