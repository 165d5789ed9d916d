//go:build !windows

package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// get asks a Function URL for its list.
func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(strings.TrimSpace(url))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s answers %s, %v: %s", url, res.Status, err, body)
	}
	return string(body)
}

// withoutPython is an environment in which no python3 can be found.
func withoutPython(t *testing.T) []string {
	t.Helper()
	env := home(t, "PATH="+t.TempDir())
	if _, errs, exit := run(t, env, "local", "start", "--lag", "none"); exit != 0 {
		t.Fatal(errs)
	}
	return env
}

func TestWithoutPythonTheTwinAnswers(t *testing.T) {
	env := withoutPython(t)
	url, errs, exit := run(t, env, "up", "--local", "--yes")
	if exit != 0 || !strings.Contains(errs, "the Go twin inside todoctl") {
		t.Fatalf("exit %d:\n%s", exit, errs)
	}
	if list := get(t, url); !strings.Contains(list, "Buy groceries") {
		t.Errorf("the list is %s", list)
	}
	if out, _, _ := run(t, env, "status", "--local"); !strings.Contains(out, "the Go twin inside todoctl") {
		t.Errorf("status does not say what the function runs in:\n%s", out)
	}
}

func TestOwnCodeWithoutPythonIsRefusedBeforeAnythingIsMade(t *testing.T) {
	env := withoutPython(t)
	mine := t.TempDir()
	if err := os.WriteFile(filepath.Join(mine, "lambda_function.py"), []byte("def lambda_handler(event, context):\n    return {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, exit := run(t, env, "up", "--local", "--yes", "--source", mine)
	if exit != exitFailed || !strings.Contains(errs, "your own code needs python3 with boto3") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
	if n := writes(t, env); n != 0 {
		t.Errorf("%d write calls were made", n)
	}
}

func TestAKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	env := startedLocal(t)
	url, errs, exit := run(t, env, "up", "--local", "--yes")
	if exit != 0 {
		t.Fatal(errs)
	}
	before := get(t, url)

	app := &App{}
	for _, v := range env {
		if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
			app.StateDir = dir
		}
	}
	b := app.readBackground()
	if b == nil || b.PID == 0 {
		t.Fatal("the local AWS does not run")
	}
	if err := syscall.Kill(b.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	again, errs, exit := run(t, env, "up", "--local", "--yes")
	if exit != 0 || again != url {
		t.Fatalf("exit %d, the URL was %s and is %s:\n%s", exit, url, again, errs)
	}
	if n := writes(t, env); n != 0 {
		t.Errorf("the second up made %d write calls", n)
	}
	if after := get(t, again); after != before {
		t.Errorf("the list was %s and is %s", before, after)
	}
}

func TestTheCurlLinesWorkAsPrinted(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err == nil {
		_, err = exec.LookPath("curl")
	}
	if err != nil {
		t.Skip("sh and curl are not on this machine")
	}
	env := startedLocal(t)
	_, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test")
	if exit != 0 {
		t.Fatal(errs)
	}
	var answers []string
	for line := range strings.Lines(strings.ReplaceAll(errs, "\\\n", "")) {
		if curl := strings.TrimSpace(line); strings.HasPrefix(curl, "curl ") {
			out, err := exec.Command(sh, "-c", strings.Replace(curl, "curl ", "curl -sS ", 1)).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v: %s", curl, err, out)
			}
			answers = append(answers, string(out))
		}
	}
	if len(answers) != 2 || !strings.Contains(answers[0], `"task": "Buy groceries"`) || !strings.HasPrefix(answers[1], "[{") {
		t.Errorf("the two lines answered %q", answers)
	}
}
