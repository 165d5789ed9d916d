package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"todoctl/provision"
)

// stopLocal ends the local AWS that a test's commands have started.
func stopLocal(vars []string, _ string) {
	app := &App{
		Out: io.Discard, Err: io.Discard,
		Clock:  provision.Clock{Now: time.Now, Sleep: sleep},
		Getenv: func(string) string { return "" },
	}
	for _, v := range vars {
		if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
			app.StateDir = dir
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c := &command{App: app, globals: &globals{}, doc: &document{}}
	if b := c.findLocal(ctx); b != nil {
		_ = c.stopLocal(ctx, b) // a server that does not stop shows in the next test
	}
	_ = os.RemoveAll(filepath.Join(app.StateDir, "local", "run"))
}
