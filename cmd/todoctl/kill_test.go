package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// killed is todoctl that ends itself at one deed of the disk, with the signal
// that no process can catch: TODOCTL_TEST_KILL="3 before", or "3 after".
func killed(ctx context.Context, app *App) int {
	disk := &brokenDisk{}
	var when string
	if _, err := fmt.Sscan(app.Getenv("TODOCTL_TEST_KILL"), &disk.k, &when); err != nil {
		return exitUsage
	}
	end := func() {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {} // until it comes
	}
	if when == "after" {
		disk.after = end
	} else {
		disk.before = end
	}
	app.Disk = disk
	return Main(ctx, app)
}

// exec runs a program of this test in a process of its own; ended is false when
// it was killed.
func (v *vault) exec(env, program string, args ...string) (end ending, ended bool) {
	v.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		v.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = v.dir, &out, &errs, append(os.Environ(), env)
	err = cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		end.exit = failed.ExitCode()
		ended = failed.Exited()
	} else if err != nil {
		v.Fatal(err)
	} else {
		ended = true
	}
	end.out, end.err = out.String(), errs.String()
	return end, ended
}

// The real program is killed before, in the middle of and after each deed of
// the disk. Whatever it leaves, the table is there with all its items, no file
// that is less than a backup has a backup's name, and the same command again
// ends well.
func TestAKillAtAnyWriteKeepsTheTable(t *testing.T) {
	items := notes(3, 9_000)
	if full {
		items = pagesOf(3)
	}
	v := newVault(t, items...)
	cases := 0
	for _, when := range []string{"before", "after"} {
		for k := 1; ; k++ {
			end, ended := v.exec(fmt.Sprintf("TODOCTL_TEST_KILL=%d %s", k, when), "todoctl-killed", "down", "--yes", "--backup", "items.jsonl")
			what := fmt.Sprintf("killed %s deed %d", when, k)
			if ended {
				v.goes("not killed", v.file("items.jsonl"), items, end)
				v.begin(items)
				if k < 8 {
					t.Errorf("only %d deeds", k-1)
				}
				break
			}
			if n := v.deletes(); n > 0 || !sameItems(v.items(), items) {
				t.Fatalf("%s: %d calls to delete the table, which has %d items of %d", what, n, len(v.items()), len(items))
			}
			v.goesAgain(what, items)
			cases++
		}
	}
	counted(t, cases)
}
