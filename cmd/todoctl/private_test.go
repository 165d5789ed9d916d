//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// stateOf is the state folder of a test's environment.
func stateOf(t *testing.T, env []string) string {
	t.Helper()
	for _, v := range env {
		if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
			return dir
		}
	}
	t.Fatal("the environment has no TODOCTL_STATE")
	return ""
}

// wide runs todoctl with a umask that takes nothing away.
func wide(t *testing.T, env []string, args ...string) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `umask 0; exec "$0" "$@"`, todoctl(t)}, args...)...)
	cmd.Env, cmd.Dir = env, t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// onlyTheOwner fails for each file and folder under dir that others may touch,
// and returns how many it has seen.
func onlyTheOwner(t *testing.T, dir string) (seen int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		seen++
		info, err := entry.Info()
		if err == nil && info.Mode()&os.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func TestWhatTheLocalAWSKeepsIsPrivate(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T25")
	env := home(t)
	dir := filepath.Join(stateOf(t, env), "local")
	wide(t, env, "local", "start", "--lag", "none")
	wide(t, env, "up", "--local", "--yes")
	seen := onlyTheOwner(t, dir)
	if run, err := os.ReadDir(filepath.Join(dir, "aws.db.run")); err == nil {
		t.Logf("%d Python environments are among it", len(run))
	}
	backup := filepath.Join(t.TempDir(), "items.json")
	wide(t, env, "down", "--local", "--yes", "--backup", backup)
	seen += onlyTheOwner(t, backup)
	t.Attr("cases", strconv.Itoa(seen))
}

// A folder that was copied, or made by hand, may be open to everybody.
func TestWhatIsTooWideIsNarrowed(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T25")
	env := home(t)
	dir := filepath.Join(stateOf(t, env), "local")
	wide(t, env, "up", "--local", "--yes")
	if _, errs, exit := run(t, env, "local", "stop"); exit != 0 {
		t.Fatal(errs)
	}
	for _, name := range []string{"server.json.new", "aws.db.run/left/file"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(path, 0o777)
		}
		return os.Chmod(path, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, exit := run(t, env, "local", "start"); exit != 0 {
		t.Fatal(errs)
	}
	t.Attr("cases", strconv.Itoa(onlyTheOwner(t, dir)))
}

func TestASymlinkedStateFolderIsFollowedWhenItIsOurs(t *testing.T) {
	t.Attr("promise", "T25")
	env := home(t)
	target := t.TempDir()
	if err := os.Symlink(target, stateOf(t, env)); err != nil {
		t.Fatal(err)
	}
	wide(t, env, "local", "start", "--lag", "none")
	t.Attr("cases", strconv.Itoa(onlyTheOwner(t, filepath.Join(target, "local"))))
}

// What another user has put where todoctl looks is neither used nor touched.
func TestAnotherUsersFilesAreNotTouched(t *testing.T) {
	t.Attr("promise", "T25")
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's file")
	}
	const nobody = 65534
	names := []string{"", "aws.db", "server.json", "server.log"}
	for _, name := range names {
		env := home(t)
		path := filepath.Join(stateOf(t, env), "local", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "" {
			if err := os.Mkdir(path, 0o777); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte("theirs"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		_, errs, exit := run(t, env, "up", "--local", "--yes")
		if exit != exitFailed || !strings.Contains(strings.Join(strings.Fields(errs), " "), "belongs to another user") || !strings.Contains(errs, "TODOCTL_STATE") {
			t.Errorf("%s: exit %d:\n%s", path, exit, errs)
		}
		after, err := os.Stat(path)
		if err != nil || after.Mode() != before.Mode() || after.Size() != before.Size() {
			t.Errorf("%s was touched: %v", path, err)
		}
	}
	t.Attr("cases", strconv.Itoa(len(names)))
}
