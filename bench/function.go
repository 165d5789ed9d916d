package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// How often a function is asked. A cold request takes a local AWS that has just
// started, so there are few of them.
const (
	coldRuns    = 20
	warmRuns    = 500
	loadClients = 8
	loadTime    = 5 * time.Second
)

// function measures requests to the local Function URL in one runtime: the first
// one of an environment, later ones, and many clients at once.
func (b *bench) function(ctx context.Context, t *table, name, runtime string, env []string) error {
	s, err := b.serve(ctx, "none", 0, env)
	if err != nil {
		return err
	}
	defer func() { s.stop() }()
	out, _, err := b.command(ctx, s.state, "up", "--local", "--yes", "--runtime", runtime)
	if err != nil {
		return err
	}
	url := strings.TrimSpace(string(out))
	status, _, err := b.command(ctx, s.state, "status", "--local")
	if err != nil {
		return err
	}
	twin := strings.Contains(string(status), "the Go twin")
	if twin != (env != nil) {
		return errors.New("this machine has nothing to run it in")
	}

	var cold, warm []time.Duration
	for range coldRuns {
		s.stop()
		if s, err = b.serveOn(ctx, s.state, "none", 0, env); err != nil {
			return err
		}
		if _, _, err := b.command(ctx, s.state, "local", "status"); err != nil { // it has then found Python and Node.js
			return err
		}
		took, err := ask(ctx, url)
		if err != nil {
			return err
		}
		cold = append(cold, took)
	}
	for range warmRuns {
		took, err := ask(ctx, url)
		if err != nil {
			return err
		}
		warm = append(warm, took)
	}
	t.add(fmt.Sprintf("%s: cold request, p50 and p99 of %d", name, coldRuns), show(percentile(cold, 50))+", "+show(percentile(cold, 99)))
	t.add(fmt.Sprintf("%s: warm request, p50 and p99 of %d", name, warmRuns), show(percentile(warm, 50))+", "+show(percentile(warm, 99)))

	// The first round starts an environment for each client.
	if _, err := load(ctx, url); err != nil {
		return err
	}
	rate, err := load(ctx, url)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("%s: requests a second of %d clients", name, loadClients), fmt.Sprintf("%.0f", rate))
	return nil
}

// caller keeps a connection for each client.
var caller = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadClients}}

// ask gets the list once.
func ask(ctx context.Context, url string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	res, err := caller.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	if res.StatusCode != http.StatusOK {
		return 0, errors.New("the function answered " + res.Status)
	}
	return time.Since(began), nil
}

// load asks from several clients at once and counts the answers a second.
func load(ctx context.Context, url string) (float64, error) {
	until := time.Now().Add(loadTime)
	var answers atomic.Int64
	failed := make(chan error, loadClients)
	var all sync.WaitGroup
	for range loadClients {
		all.Go(func() {
			for time.Now().Before(until) {
				if _, err := ask(ctx, url); err != nil {
					failed <- err
					return
				}
				answers.Add(1)
			}
		})
	}
	all.Wait()
	close(failed)
	return float64(answers.Load()) / loadTime.Seconds(), <-failed
}

// percentile is the value that p in a hundred do not exceed.
func percentile(all []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, (len(sorted)*p+99)/100-1)]
}
