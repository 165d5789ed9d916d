package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"todoctl/provision"
)

// diary notes what fake steps are asked to do, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

// deeds returns what the diary says without the looks.
func (d *diary) deeds() []string {
	return slices.DeleteFunc(strings.Split(d.text(), "\n"), func(l string) bool { return l == "" || strings.HasPrefix(l, "look ") })
}

// A fake is a step whose looks are told beforehand; the last one repeats.
type fake struct {
	name     string
	diary    *diary
	before   provision.State // until it is acted on
	after    []provision.Observation
	applyErr error
	lookErr  error
	apply    func(ctx context.Context) error
	settle   time.Duration

	mu    sync.Mutex
	acted bool
	looks int
}

func (f *fake) Describe() provision.Description {
	settle := f.settle
	if settle == 0 {
		settle = time.Minute
	}
	return provision.Description{Name: f.name, Resource: "Todo-" + f.name, Settle: settle}
}

func (f *fake) Observe(context.Context) (provision.Observation, error) {
	f.diary.note("look %s", f.name)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lookErr != nil {
		return provision.Observation{}, f.lookErr
	}
	if !f.acted {
		return provision.Observation{State: f.before, Owner: "somebody"}, nil
	}
	o := f.after[min(f.looks, len(f.after)-1)]
	f.looks++
	return o, nil
}

func (f *fake) act(ctx context.Context, deed string) error {
	f.diary.note("%s %s", deed, f.name)
	if f.apply != nil {
		if err := f.apply(ctx); err != nil {
			return err
		}
	}
	if f.applyErr != nil {
		return f.applyErr
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acted = true
	return nil
}

func (f *fake) Apply(ctx context.Context, _ provision.Observation) error { return f.act(ctx, "apply") }
func (f *fake) Destroy(ctx context.Context, _ provision.Observation) error {
	return f.act(ctx, "destroy")
}

var (
	ok     = []provision.Observation{{State: provision.OK}}
	absent = []provision.Observation{{State: provision.Absent}}
)

// bubble is the clock of a synctest bubble, or the real one outside.
var bubble = provision.Clock{
	Now: time.Now,
	Sleep: func(ctx context.Context, d time.Duration) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	},
}

// walk is the walkthrough's shape with fakes: the same names, After and Needs.
func walk(d *diary, state provision.State, after []provision.Observation) (map[string]*fake, []provision.Page) {
	fakes := map[string]*fake{}
	var pages []provision.Page
	for _, page := range provision.Steps(provision.Config{Stack: "Todo"}, provision.Clients{}) {
		name := page.Step.Describe().Name
		fakes[name] = &fake{name: name, diary: d, before: state, after: after}
		page.Step = fakes[name]
		pages = append(pages, page)
	}
	return fakes, pages
}

func run(t *testing.T, pages []provision.Page, opt provision.Options) error {
	t.Helper()
	plan, err := provision.Plan(t.Context(), pages, opt.Goal)
	if err != nil {
		t.Fatal(err)
	}
	opt.Clock = bubble
	return provision.Run(t.Context(), plan, opt)
}
