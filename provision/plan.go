package provision

import (
	"context"
	"errors"
	"slices"
)

// Plan looks at every step at once and changes nothing. Going down, a step that
// AWS does not let us look at is left alone and the others go on: what they
// leave behind costs money. Its Change says so in Err.
func Plan(ctx context.Context, pages []Page, goal Goal) ([]Change, error) {
	plan := make([]Change, len(pages))
	looks := make([]func(context.Context) error, len(pages))
	for i, page := range pages {
		looks[i] = func(ctx context.Context) error {
			seen, err := page.Step.Observe(ctx)
			if err != nil {
				err = &StepError{Step: page.Step.Describe().Name, Action: "look at", Err: err}
			}
			switch {
			case goal == Down && isDenied(err):
				plan[i] = Change{Page: page, Action: Keep, Err: err}
				return nil
			case err != nil:
				return err
			}
			if seen.Denied != "" {
				plan[i] = Change{Page: page, Seen: seen, Action: Keep}
				return nil
			}
			action := Decide(goal, seen.State)
			if page.Skip {
				action = Keep
			}
			plan[i] = Change{Page: page, Seen: seen, Action: action}
			return nil
		}
	}
	if err := together(ctx, looks...); err != nil {
		return nil, err
	}
	return plan, nil
}

// refusals says everything that stands in the way, so that a person does not
// find it out one run at a time.
func refusals(plan []Change) error {
	var errs []error
	for _, c := range plan {
		if c.Action == Refuse {
			d := c.Step.Describe()
			errs = append(errs, &StepError{Step: d.Name, Action: "use", Err: &ForeignError{Step: d.Name, Resource: d.Resource, Owner: c.Seen.Owner}})
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// checkNeeds refuses a plan that leaves out what does not exist and is needed.
func checkNeeds(plan []Change) error {
	for _, c := range plan {
		for _, need := range c.Needs {
			i := slices.IndexFunc(plan, func(n Change) bool { return n.Name() == need })
			if i < 0 || !plan[i].Skip || c.Skip {
				continue
			}
			switch seen := plan[i].Seen; {
			case seen.State == Absent:
				return &NeedError{Step: c.Name(), Need: need}
			case seen.State.Others() && c.Ours:
				return &ForeignError{Step: need, Resource: plan[i].Step.Describe().Resource, Owner: seen.Owner}
			}
		}
	}
	return nil
}
