package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

// inside runs one command of a test's own, as Main runs todoctl's, in a bubble
// where time costs nothing.
func inside(t *testing.T, run func(ctx context.Context, c *command) error) (exit int, words string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		app := &App{
			Args: []string{"work"}, In: strings.NewReader(""), Out: io.Discard, Err: &errs, Width: 80,
			Getenv: func(string) string { return "" }, Clock: provision.Clock{Now: time.Now, Sleep: sleep}, StateDir: t.TempDir(),
		}
		g := &globals{}
		root := newRoot(g)
		root.AddCommand(&cobra.Command{Use: "work", RunE: func(cmd *cobra.Command, _ []string) error {
			c := this(cmd)
			c.work.start()
			return run(cmd.Context(), c)
		}})
		exit = execute(t.Context(), app, g, root)
		words = errs.String()
	})
	return exit, words
}

func TestAfterAQuarterOfAnHourOfWorkTodoctlStopsItself(t *testing.T) {
	var took time.Duration
	exit, words := inside(t, func(ctx context.Context, c *command) error {
		started := c.Clock.Now()
		err := c.Clock.Sleep(ctx, time.Hour)
		took = c.Clock.Now().Sub(started)
		return err
	})
	if exit != exitFailed || took != 15*time.Minute {
		t.Errorf("exit %d after %s", exit, took)
	}
	for _, want := range []string{"error: stopped after 15 minutes of work", "try:   todoctl work\n", "todoctl status"} {
		if !strings.Contains(words, want) {
			t.Errorf("it does not say %q:\n%s", want, words)
		}
	}
}

func TestThePersonsOwnTimeIsNoWork(t *testing.T) {
	exit, words := inside(t, func(ctx context.Context, c *command) error {
		for range 4 {
			if err := c.Clock.Sleep(ctx, 3*time.Minute); err != nil {
				return err
			}
			c.work.pause()
			if err := c.Clock.Sleep(ctx, 3*time.Hour); err != nil {
				return err
			}
			c.work.resume()
		}
		return nil
	})
	if exit != exitDone {
		t.Errorf("12 minutes of work end with %d:\n%s", exit, words)
	}
	exit, _ = inside(t, func(ctx context.Context, c *command) error {
		for range 4 {
			if err := c.Clock.Sleep(ctx, 4*time.Minute); err != nil {
				return err
			}
			c.work.pause()
			c.work.resume()
		}
		return nil
	})
	if exit != exitFailed {
		t.Errorf("16 minutes of work in four parts end with %d", exit)
	}
}

// What comes further has its full time again, and what hangs after that is
// stopped all the same.
func TestProgressGivesWorkItsFullTimeAgain(t *testing.T) {
	var took time.Duration
	exit, words := inside(t, func(ctx context.Context, c *command) error {
		started := c.Clock.Now()
		for range 4 {
			if err := c.Clock.Sleep(ctx, 14*time.Minute); err != nil {
				return err
			}
			c.work.renew()
		}
		c.work.pause()
		c.work.renew() // while the person thinks
		if err := c.Clock.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		c.work.resume()
		err := c.Clock.Sleep(ctx, time.Hour)
		took = c.Clock.Now().Sub(started)
		return err
	})
	if want := 56*time.Minute + time.Hour + 15*time.Minute; exit != exitFailed || took != want {
		t.Errorf("exit %d after %s, should be %s:\n%s", exit, took, want, words)
	}
}
