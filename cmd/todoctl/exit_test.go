//go:build !windows

package main

import "testing"

func TestExitCodesAreTheREADMEs(t *testing.T) {
	t.Parallel()
	env := startedLocal(t)
	for _, test := range []struct {
		exit int
		args []string
	}{
		{exitDone, []string{"version"}},
		{exitDone, []string{"up", "--help"}},
		{exitUsage, []string{"bogus"}},
		{exitUsage, []string{"up", "extra"}},
		{exitUsage, []string{"local", "bogus"}},
		{exitUsage, []string{"handler", "bogus"}},
		{exitUsage, []string{"up", "--local", "--limit", "abc"}},
		{exitUsage, []string{"down", "--local", "--yes", "--backup", "a", "--discard-data"}},
		{exitUsage, []string{"up", "--local"}},
		{exitDiffers, []string{"status", "--local"}},
		{exitDiffers, []string{"up", "--local", "--dry-run"}},
		{exitDone, []string{"up", "--local", "--yes"}},
		{exitDone, []string{"up", "--local", "--dry-run"}},
		{exitUsage, []string{"down", "--local", "--yes"}},
		{exitDiffers, []string{"down", "--local", "--dry-run"}},
		{exitForeign, []string{"up", "--local", "--yes", "--region", "eu-west-1"}},
		{exitDone, []string{"down", "--local", "--yes", "--discard-data"}},
	} {
		if _, errs, exit := run(t, env, test.args...); exit != test.exit {
			t.Errorf("%v ends with %d, want %d:\n%s", test.args, exit, test.exit, errs)
		}
	}
}
