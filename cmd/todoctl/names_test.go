package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestABackupGoesToNoNameThatIsTaken(t *testing.T) {
	items := notes(3, 100)
	older := newBackupOf(t, notes(2, 100))
	v := newVault(t, items...)
	write := func(name, text string) func() {
		return func() {
			if err := os.WriteFile(v.file(name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	link := func(to, name string) func() {
		return func() {
			if err := os.Symlink(to, v.file(name)); err != nil {
				t.Skip(err)
			}
		}
	}
	nothing := func() {}
	for name, c := range map[string]struct {
		arrange func()
		path    string
		says    string
		exit    int
	}{
		"a file":                     {write("a", "mine"), "a", "a exists already, and todoctl does not overwrite a backup", exitFailed},
		"an empty file":              {write("b", ""), "b", "exists already", exitFailed},
		"a backup of something else": {write("c", older), "c", "it is a backup of 2 items from TodoTable, and TodoTable holds something else now", exitFailed},
		"a backup that was changed":  {write("d", older[:len(older)-9]), "d", "exists already", exitFailed},
		"a folder":                   {func() { _ = os.Mkdir(v.file("e"), 0o700) }, "e", "exists already", exitFailed},
		"a folder with a slash":      {func() { _ = os.Mkdir(v.file("f"), 0o700) }, "f/", "exists already", exitFailed},
		"a broken link":              {link("nowhere", "g"), "g", "exists already", exitFailed},
		"a link to a file":           {link("a", "h"), "h", "exists already", exitFailed},
		"a folder that is not there": {nothing, "missing/items.jsonl", "no such file or directory", exitFailed},
		"a file as a folder":         {write("i", ""), "i/items.jsonl", "not a directory", exitFailed},
		"a device":                   {nothing, "/dev/full", "/dev/full exists already", exitFailed},
		"a name that is too long":    {nothing, strings.Repeat("x", 300), "file name too long", exitFailed},
		"stdout":                     {nothing, "-", "--backup takes a file", exitUsage},
		"a folder without room":      {nothing, "/proc/items.jsonl", "/proc/items.jsonl", exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS != "linux" && (filepath.IsAbs(c.path) || c.says != "exists already") {
				t.Skip("the words and the folders are Linux's")
			}
			c.arrange()
			before, was := v.files(), ""
			if text, err := os.ReadFile(v.file(c.path)); err == nil {
				was = string(text)
			}
			end := v.todoctl(nil, "down", "--yes", "--backup", c.path)
			v.stays(name, items, end)
			if end.exit != c.exit || !end.says(c.says) {
				t.Errorf("exit %d:\n%s", end.exit, end.err)
			}
			if text, err := os.ReadFile(v.file(c.path)); err == nil && string(text) != was {
				t.Errorf("the file was changed: %q", text)
			}
			if after := v.files(); len(after) != len(before) {
				t.Errorf("the files were %v and are %v", before, after)
			}
			counted(t, 1)
		})
	}
}

// newBackupOf is the text of a backup of these items.
func newBackupOf(t *testing.T, items []attributes) string {
	t.Helper()
	v := newVault(t, items...)
	v.goes("", v.file("x"), items, v.todoctl(nil, "down", "--yes", "--backup", "x"))
	text, err := os.ReadFile(v.file("x"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestABackupGoesToAnyOtherName(t *testing.T) {
	items := notes(2, 100)
	v, cases := newVault(t, items...), 0
	if err := os.Mkdir(v.file("a folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"with blanks.jsonl", "möbel-家具-🪑", "*", "[a]?", "a folder/items", filepath.Join(t.TempDir(), "absolute"), "-x", "%d%s", ".hidden"} {
		if runtime.GOOS == "windows" && strings.ContainsAny(name, "*?") {
			continue
		}
		end := v.todoctl(nil, "down", "--yes", "--backup="+name)
		path := name
		if !filepath.IsAbs(name) {
			path = v.file(name)
		}
		v.goes(name, path, items, end)
		v.fill()
		if end := v.todoctl(nil, "restore", "--yes", "--", name); end.exit != exitDone || !sameItems(v.items(), items) {
			t.Errorf("%s: restored %d items:\n%s", name, len(v.items()), end.err)
		}
		cases++
	}
	counted(t, cases)
	if left := v.partials(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Somebody makes a file of the name, or takes the folder away, while the backup
// is written.
func TestANameThatIsTakenInTheMeantimeStays(t *testing.T) {
	items := notes(2, 100)
	for what, c := range map[string]struct {
		disturb func(v *vault) error
		says    string
	}{
		"the name is taken":  {func(v *vault) error { return os.WriteFile(v.file("sub/items.jsonl"), []byte("mine"), 0o600) }, "has come into being meanwhile"},
		"the folder is gone": {func(v *vault) error { return os.RemoveAll(v.file("sub")) }, "no such file or directory"},
	} {
		t.Run(what, func(t *testing.T) {
			if runtime.GOOS == "windows" {
				t.Skip("an open file keeps its folder there")
			}
			v := newVault(t, items...)
			if err := os.Mkdir(v.file("sub"), 0o700); err != nil {
				t.Fatal(err)
			}
			disk := &brokenDisk{k: 2, after: func() {
				if err := c.disturb(v); err != nil {
					t.Error(err)
				}
			}}
			end := v.todoctl(onDisk(disk), "down", "--yes", "--backup", "sub/items.jsonl")
			v.stays(what, items, end)
			if !end.says(c.says) {
				t.Errorf("it says\n%s", end.err)
			}
			if text, err := os.ReadFile(v.file("sub/items.jsonl")); err == nil && string(text) != "mine" {
				t.Errorf("the file was replaced by %q", text)
			}
			counted(t, 1)
		})
	}
}

// /dev/full is the operating system's own full disk.
func TestTheSystemsOwnFullDiskKeepsTheTable(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip(err)
	}
	items := notes(2, 100)
	v := newVault(t, items...)
	end := v.todoctl(onDisk(fullDisk{}), "down", "--yes", "--backup", "items.jsonl")
	v.stays("/dev/full", items, end)
	if !end.says("no space left on device") || len(v.files()) > 0 {
		t.Errorf("left: %v\n%s", v.files(), end.err)
	}
	counted(t, 1)
}
