//go:build !windows

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// spoilt are the ways in which the record of the local AWS can be no good.
var spoilt = map[string]func(path string, record []byte) error{
	"gone":                   func(path string, _ []byte) error { return os.Remove(path) },
	"empty":                  func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
	"garbage":                func(path string, _ []byte) error { return os.WriteFile(path, []byte("\x00\xff{]"), 0o600) },
	"half written":           func(path string, record []byte) error { return os.WriteFile(path, record[:len(record)/2], 0o600) },
	"of a later version":     rewritten(`"version": "`, `"schema": 9, "pids": [1, 2], "version": "99.`),
	"of another machine":     rewritten(`"address": "127.0.0.1:`, `"address": "192.0.2.1:9", "was": "`),
	"an address of nobody":   rewritten(`"address": "127.0.0.1:`, `"address": "127.0.0.1:1", "was": "`),
	"of a process that died": rewritten(`"pid": `, `"pid": 4194303, "was": `),
}

func rewritten(old, now string) func(string, []byte) error {
	return func(path string, record []byte) error {
		return os.WriteFile(path, []byte(strings.Replace(string(record), old, now, 1)), 0o600)
	}
}

// T14. Of todoctl's own files none is needed but the local AWS itself: whatever
// has become of its record, the commands end as they would have.
func TestASpoiltRecordChangesNothing(t *testing.T) {
	t.Parallel()
	cases := 0
	for i, name := range slices.Sorted(maps.Keys(spoilt)) {
		if i%sample(3) != 0 {
			continue
		}
		spoil := spoilt[name]
		t.Run(name, func(t *testing.T) {
			env := startedLocal(t)
			if _, errs, exit := run(t, env, "up", "--local", "--yes"); exit != exitDone {
				t.Fatal(errs)
			}
			path := (&App{StateDir: stateOf(t, env)}).localRecord()
			for _, step := range []struct {
				args []string
				exit int
			}{
				{[]string{"status", "--local"}, exitDone},
				{[]string{"up", "--local", "--yes"}, exitDone},
				{[]string{"down", "--local", "--yes", "--discard-data"}, exitDone},
				{[]string{"status", "--local"}, exitDiffers},
			} {
				record, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				stopLocal(env, "")
				if err := spoil(path, record); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path+".new", record[:10], 0o600); err != nil { // of a write that a kill cut off
					t.Fatal(err)
				}
				// As every command starts it, but without lags: what was made a moment
				// ago would be CREATING again.
				if _, errs, exit := run(t, env, "local", "start", "--lag", "none"); exit != exitDone {
					t.Fatalf("it does not start (exit %d):\n%s", exit, errs)
				}
				out, errs, exit := run(t, env, step.args...)
				if exit != step.exit {
					t.Errorf("%v exits %d, want %d:\n%s%s", step.args, exit, step.exit, out, errs)
				}
				if step.args[0] == "up" {
					if n := writes(t, env); n != 0 {
						t.Errorf("up made %d writes", n)
					}
				}
				cases++
			}
		})
	}
	promise(t, "T14", cases)
}

// T14. On AWS no file of todoctl's counts at all.
func TestOnAWSNoStateFolderIsNeeded(t *testing.T) {
	t.Parallel()
	cases := 0
	for name, spoil := range map[string]func(dir string) error{
		"missing":         func(string) error { return nil },
		"a file":          func(dir string) error { return os.WriteFile(dir, []byte("x"), 0o600) },
		"full of garbage": garbage,
		"with a spoilt lock": func(dir string) error {
			return spoiltLock(dir, func(path string) error { return os.WriteFile(path, []byte("\x00\xff"), 0o600) })
		},
		"with folders for locks": func(dir string) error {
			return spoiltLock(dir, func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) })
		},
		"of a later version": func(dir string) error {
			return spoiltLock(dir, func(path string) error {
				return os.WriteFile(path, []byte(`{"schema": 9, "pid": "1234", "command": ["up"], "since": 7}`), 0o600)
			})
		},
		"not for writing":  func(dir string) error { return os.Mkdir(dir, 0o500) },
		"of somebody else": func(dir string) error { return os.Mkdir(dir, 0o000) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			env := cloud(t, "TODOCTL_STATE="+dir)
			for _, step := range []struct {
				args []string
				exit int
			}{
				{[]string{"up", "--yes"}, exitDone},
				{[]string{"status"}, exitDone},
				{[]string{"down", "--yes", "--discard-data"}, exitDone},
				{[]string{"status"}, exitDiffers},
			} {
				if out, errs, exit := run(t, env, step.args...); exit != step.exit {
					t.Errorf("%v exits %d, want %d:\n%s%s", step.args, exit, step.exit, out, errs)
				}
				cases++
			}
		})
	}
	promise(t, "T14", cases)
}

// spoiltLock puts something in the place of the lock of the account's stack, and of
// what says who has it.
func spoiltLock(dir string, put func(path string) error) error {
	locks := filepath.Join(dir, "locks")
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return err
	}
	for _, end := range []string{".lock", ".json"} {
		if err := put(filepath.Join(locks, "000000000000-eu-west-1-Todo"+end)); err != nil {
			return err
		}
	}
	return nil
}

// garbage fills a folder with files of todoctl's names and no sense.
func garbage(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "local", "server.json"), 0o700); err != nil { // a folder in a file's place
		return err
	}
	for _, name := range []string{"aws.db", "server.log"} {
		if err := os.WriteFile(filepath.Join(dir, "local", name), []byte("\x00\xff"), 0o600); err != nil {
			return err
		}
	}
	return nil
}
