package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The walkthrough's limits with requestLatency on each request. A program that
// only creates, all in parallel and without looking, needs 0.77 s; one call
// after another 1.5 s.
const (
	requestLatency = 50 * time.Millisecond
	upLimit        = 950 * time.Millisecond
	againLimit     = 300 * time.Millisecond
	walkRuns       = 5
)

// The delays of `--lag aws` that lie one after the other in a first up: Lambda
// cannot assume the role, the function is Pending, the URL's statements have
// not spread. The table is ready long before, and so is the role's policy.
// They stand in local.AWSLags; a test holds them together.
const (
	roleLag     = 8 * time.Second
	functionLag = 2 * time.Second
	urlLag      = 1 * time.Second

	criticalPath = roleLag + functionLag + urlLag
	lagRatio     = 1.05
)

// A walk is what one up, one more, and one down took.
type walk struct {
	up, again, down                time.Duration
	upCalls, againCalls, downCalls calls
	rss                            int64
}

// calls are counted by the local AWS.
type calls struct{ Reads, Writes int }

func (c calls) String() string {
	return fmt.Sprintf("%d (%d reads, %d writes)", c.Reads+c.Writes, c.Reads, c.Writes)
}

// walkthrough measures the whole first up, the re-run and down.
func (b *bench) walkthrough(ctx context.Context, t *table) error {
	var ups, repeats, downs []time.Duration
	var last walk
	for range walkRuns {
		w, err := b.walk(ctx, "none", requestLatency, nil)
		if err != nil {
			return err
		}
		last = w
		ups, repeats, downs = append(ups, w.up), append(repeats, w.again), append(downs, w.down)
	}
	t.atMost(fmt.Sprintf("first up, 50 ms a request, median of %d", walkRuns), median(ups), upLimit)
	t.atMost("up again", median(repeats), againLimit)
	t.add("down", show(median(downs)))
	t.add("requests of the first up", last.upCalls.String())
	t.check("requests of up again", last.againCalls.String(), "0 writes", last.againCalls.Writes == 0)
	t.add("requests of down", last.downCalls.String())
	if last.rss > 0 {
		t.check("memory of the local AWS after up", megabytes(last.rss), "<= 60 MB", last.rss <= serverRSS)
	}
	return nil
}

// twin measures the first up again with the Go version of the handler: what is
// left of the difference is Python's start.
func (b *bench) twin(ctx context.Context, t *table) error {
	w, err := b.walk(ctx, "none", requestLatency, []string{"PATH=" + b.dir})
	if err != nil {
		return err
	}
	t.atMost("first up, 50 ms a request, without Python", w.up, upLimit)
	return nil
}

// lags measures the first up where things take as long as on AWS.
func (b *bench) lags(ctx context.Context, t *table) error {
	w, err := b.walk(ctx, "aws", 0, nil)
	if err != nil {
		return err
	}
	ratio := w.up.Seconds() / criticalPath.Seconds()
	t.check(fmt.Sprintf("first up with AWS's delays (at least %s)", show(criticalPath)),
		fmt.Sprintf("%s, ratio %.3f", show(w.up), ratio), fmt.Sprintf("<= %.2f", lagRatio), ratio <= lagRatio)
	return nil
}

// walk goes up, up again and down against a new local AWS.
func (b *bench) walk(ctx context.Context, lag string, latency time.Duration, env []string) (walk, error) {
	var w walk
	s, err := b.serve(ctx, lag, latency, env)
	if err != nil {
		return w, err
	}
	defer s.stop()
	for _, part := range []struct {
		took  *time.Duration
		calls *calls
		args  []string
	}{
		{&w.up, &w.upCalls, []string{"up", "--local", "--yes"}},
		{&w.again, &w.againCalls, []string{"up", "--local", "--yes"}},
		{&w.down, &w.downCalls, []string{"down", "--local", "--yes", "--discard-data"}},
	} {
		if part.took == &w.down {
			if err := s.keep(ctx); err != nil {
				return w, err
			}
		}
		before, err := b.count(ctx, s)
		if err != nil {
			return w, err
		}
		if _, *part.took, err = b.command(ctx, s.state, part.args...); err != nil {
			return w, err
		}
		after, err := b.count(ctx, s)
		if err != nil {
			return w, err
		}
		*part.calls = calls{after.Reads - before.Reads, after.Writes - before.Writes}
		if part.took == &w.up {
			w.rss, _ = currentRSS(s.process.Process.Pid) // 0 where the system does not tell
		}
	}
	return w, nil
}

// count asks the local AWS what it was called for so far.
func (b *bench) count(ctx context.Context, s *server) (calls, error) {
	out, _, err := b.command(ctx, s.state, "local", "status", "--output", "json")
	if err != nil {
		return calls{}, err
	}
	var status struct {
		Running bool
		Calls   calls
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return calls{}, fmt.Errorf("read the document of todoctl local status: %w", err)
	}
	if !status.Running {
		return calls{}, fmt.Errorf("the local AWS has ended: %s", s.lastWords())
	}
	return status.Calls, nil
}

// newState makes an empty state folder.
func (b *bench) newState() (string, error) {
	dir, err := os.MkdirTemp(b.dir, "state-")
	return filepath.Clean(dir), err
}
