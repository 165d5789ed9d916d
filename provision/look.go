package provision

import (
	"context"
	"github.com/aws/aws-sdk-go-v2/aws"

	"golang.org/x/sync/errgroup"
)

type serialKey struct{}

// Serial makes everything under ctx look with one call at a time, so that the
// order of calls is the same every time. Run with Parallel 1 implies it.
func Serial(ctx context.Context) context.Context { return context.WithValue(ctx, serialKey{}, true) }

// together makes calls at once, or one after another under Serial, and returns
// the first error.
func together(ctx context.Context, calls ...func(context.Context) error) error {
	if serial, _ := ctx.Value(serialKey{}).(bool); serial {
		for _, call := range calls {
			if err := call(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, call := range calls {
		g.Go(func() error { return Safely(func() error { return call(ctx) }) })
	}
	return g.Wait()
}

// tagMap makes a map of a service's own kind of tags.
func tagMap[Tag any](tags []Tag, pair func(Tag) (key, value *string)) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		key, value := pair(t)
		m[aws.ToString(key)] = aws.ToString(value)
	}
	return m
}

// unlessGone drops the error that says that there is nothing.
func unlessGone(err error) error {
	if isGone(err) {
		return nil
	}
	return err
}
