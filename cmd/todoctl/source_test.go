//go:build !windows

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// uploads counts the calls that send code.
func uploads(t *testing.T, env []string) (n int) {
	t.Helper()
	out, errs, exit := run(t, env, "local", "status", "--output", "json")
	if exit != 0 {
		t.Fatal(errs)
	}
	var status localDocument
	if err := json.Unmarshal([]byte(out), &status); err != nil || status.Calls == nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, call := range status.Calls.Calls {
		if call.Operation == "UpdateFunctionCode" || call.Operation == "CreateFunction" {
			n += call.Count
		}
	}
	return n
}

// A folder with the same files is the same code, whatever its times and modes.
func TestUnchangedCodeIsNotUploadedAgain(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T23")
	env := startedLocal(t)
	if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != 0 {
		t.Fatal(errs)
	}
	cases, before := 0, 0
	for _, mode := range []os.FileMode{0o400, 0o777} {
		dir := filepath.Join(t.TempDir(), "mine")
		if _, errs, exit := run(t, env, "handler", "eject", dir); exit != 0 {
			t.Fatal(errs)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, f := range files {
			path := filepath.Join(dir, f.Name())
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Unix(0, 0), time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}
		for _, args := range [][]string{{"up", "--local", "--yes"}, {"up", "--local", "--yes", "--source", dir}, {"function", "--local", "--yes", "--source", dir}} {
			cases++
			if _, errs, exit := run(t, env, args...); exit != 0 {
				t.Errorf("%v: %s", args, errs)
			}
			if n := uploads(t, env); n != 1 {
				t.Fatalf("after %v code was sent %d times", args, n)
			}
			// The first --source writes down that the code is the learner's own.
			if n := writes(t, env); cases > 2 && n != before {
				t.Errorf("%v made %d write calls", args, n-before)
			}
			before = writes(t, env)
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}
