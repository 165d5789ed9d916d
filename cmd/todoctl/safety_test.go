package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// T16, the promise of `down` about data: the table is deleted if and only if the
// person has said so and either a backup was read back and is what the table
// holds, or the items were given up in so many words.

// counted makes the test's cases part of the promise's sum.
func counted(t *testing.T, cases int) {
	t.Helper()
	t.Attr("promise", "T16")
	t.Attr("cases", strconv.Itoa(cases))
}

// stays checks that the table is there with all its items, that nobody has tried
// to delete it, and that no file looks like a backup.
func (v *vault) stays(what string, items []attributes, end ending) {
	v.Helper()
	if n := v.deletes(); n > 0 || !sameItems(v.items(), items) {
		v.Fatalf("%s: %d calls to delete the table, which has %d items of %d:\n%s", what, n, len(v.items()), len(items), end.err)
	}
	if end.exit == exitDone {
		v.Fatalf("%s: exit 0, and the table is there:\n%s", what, end.err)
	}
	if !end.says("error: ") || !end.says("try: ") {
		v.Fatalf("%s: it does not say what is wrong and what to type:\n%s", what, end.err)
	}
}

// goes checks that the table was deleted and that the file holds its items.
func (v *vault) goes(what, path string, items []attributes, end ending) {
	v.Helper()
	if end.exit != exitDone || v.deletes() != 1 {
		v.Fatalf("%s: exit %d, %d calls to delete the table:\n%s", what, end.exit, v.deletes(), end.err)
	}
	if err := v.whole(path, items); err != nil {
		v.Fatalf("%s: %v", what, err)
	}
}

// partials are the files of runs that did not end.
func (v *vault) partials() []string {
	return slices.DeleteFunc(v.files(), func(f string) bool { return !strings.HasSuffix(f, partialEnd) })
}

func TestDownSavesAndRestoreBringsBackAnyNumberOfItems(t *testing.T) {
	sizes := map[string][]attributes{"none": nil, "one": notes(1, 10), "one page": pagesOf(1)[:9], "three pages": pagesOf(3)}
	for name, items := range sizes {
		t.Run(name, func(t *testing.T) {
			v := newVault(t, items...)
			end := v.todoctl(nil, "down", "--yes", "--backup", "items.jsonl")
			v.goes(name, v.file("items.jsonl"), items, end)
			if about, err := os.Stat(v.file("items.jsonl")); err != nil || runtime.GOOS != "windows" && about.Mode().Perm() != 0o600 {
				t.Errorf("the backup's permissions are %v, %v", about, err)
			}
			if files := v.files(); len(files) != 1 {
				t.Errorf("the files are %v", files)
			}
			v.fill()
			if end := v.todoctl(nil, "restore", "--yes", "items.jsonl"); end.exit != exitDone || !sameItems(v.items(), items) {
				t.Errorf("restored %d items of %d:\n%s", len(v.items()), len(items), end.err)
			}
			counted(t, 1)
		})
	}
}

// Every deed of the disk goes wrong in every way, in turn, until a run has fewer.
func TestADiskThatFailsAnywhereKeepsTheTable(t *testing.T) {
	kinds := map[string]func(k int) *brokenDisk{
		"full from then on": func(k int) *brokenDisk { return &brokenDisk{k: k, fail: syscall.ENOSPC, lasting: true} },
		"fails once":        func(k int) *brokenDisk { return &brokenDisk{k: k, fail: syscall.ENOSPC} },
		"writes half":       func(k int) *brokenDisk { return &brokenDisk{k: k, short: true} },
		"writes otherwise":  func(k int) *brokenDisk { return &brokenDisk{k: k, flip: true} },
	}
	items := notes(6, 5_000)
	if full {
		items = pagesOf(3)
	}
	for name, broken := range kinds {
		t.Run(name, func(t *testing.T) {
			v := newVault(t, items...)
			k := 1
			for ; ; k++ {
				disk := broken(k)
				end := v.todoctl(onDisk(disk), "down", "--yes", "--backup", "items.jsonl")
				if !disk.fired() {
					v.goes("a good disk", v.file("items.jsonl"), items, end)
					break
				}
				what := fmt.Sprintf("deed %d, %s", k, disk.deeds[k-1])
				if disk.short && end.exit == exitDone { // the rest was written after it
					v.goes(what, v.file("items.jsonl"), items, end)
					v.begin(items)
					continue
				}
				v.stays(what, items, end)
				if !end.says("the backup failed, so the table stays") && disk.deeds[k-1] != "create" {
					t.Errorf("%s: it says\n%s", what, end.err)
				}
				if !disk.lasting && len(v.files()) > 0 {
					t.Errorf("%s: it left %v", what, v.files())
				}
				v.goesAgain(what, items)
			}
			if k < 4 {
				t.Errorf("only %d cases", k)
			}
			counted(t, k)
		})
	}
}

// Power may fail as well: what the disk has not been told to keep is not there.
func TestABackupIsOnTheDiskBeforeItHasItsNameAndTheTableGoes(t *testing.T) {
	items := notes(2, 100)
	v := newVault(t, items...)
	disk := &brokenDisk{}
	var before []string // the table went
	v.on(func(operation string) *http.Response {
		if operation == "DeleteTable" {
			before = slices.Clone(disk.deeds)
		}
		return nil
	}, nil)
	v.goes("a good disk", v.file("items.jsonl"), items, v.todoctl(onDisk(disk), "down", "--yes", "--backup", "items.jsonl"))
	want := []string{"create", "write", "sync", "close", "name", "remove", "sync the folder"}
	if !slices.Equal(slices.Compact(before), want) { // several writes
		t.Errorf("before the table went, there was %v, should be %v", before, want)
	}
	counted(t, 1)
}

// goesAgain runs the same `down` after one that failed: it ends well, whatever
// the first left behind, and says what that is. Then all is as it was.
func (v *vault) goesAgain(what string, items []attributes) {
	v.Helper()
	if err := v.whole(v.file("items.jsonl"), items); err != nil && !os.IsNotExist(err) {
		v.Fatalf("%s: a file of the final name: %v", what, err)
	}
	left := v.partials()
	_, named := os.Stat(v.file("items.jsonl"))
	end := v.todoctl(nil, "down", "--yes", "--backup", "items.jsonl")
	v.goes(what+", and again", v.file("items.jsonl"), items, end)
	for _, f := range left {
		if _, err := os.Stat(v.file(f)); err != nil || named != nil && !end.says(f) {
			v.Errorf("%s: %s is gone, or was not named:\n%s", what, f, end.err)
		}
	}
	v.begin(items)
}

// begin makes all as it was: the table with its items, no files.
func (v *vault) begin(items []attributes) {
	v.Helper()
	for _, f := range v.files() {
		if err := os.RemoveAll(v.file(f)); err != nil {
			v.Fatal(err)
		}
	}
	v.fill(items...)
}
