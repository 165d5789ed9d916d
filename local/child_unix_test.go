//go:build unix

package local_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// lingering starts a child of its own, which holds the pipe in PIPE open as
// long as it lives, and never comes back.
const lingering = `
import os, subprocess
def lambda_handler(event, context):
    out = open(os.environ["PIPE"], "w")
    subprocess.Popen(["sleep", "1000"], stdout=out)
    print("started", file=out, flush=True)
    while event.get("wait"):
        pass
    return 1
`

// pipe makes a named pipe. Reading it to its end waits until every process that
// has it open is gone.
func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readToTheEnd(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNoProcessIsLeftAfterClose(t *testing.T) {
	path := pipe(t)
	b, stop := newPythonBench(t, strings.ReplaceAll(lingering, `os.environ["PIPE"]`, fmt.Sprintf("%q", path)), nil)
	read := make(chan string)
	go func() { read <- readToTheEnd(t, path) }()
	if payload, _ := b.invoke("{}"); payload != "1" {
		t.Fatal(payload)
	}
	stop()
	if got := <-read; got != "started\n" { // a process that is left would keep this open
		t.Errorf("read %q", got)
	}
}

// When the local AWS is killed, the function goes too with all that it has
// started, even in the middle of an invocation that never ends.
func TestNoProcessIsLeftWhenTheServerIsKilled(t *testing.T) {
	kinds := map[string]func(t *testing.T, pipe string) *lambdaBench{
		"python": func(t *testing.T, pipe string) *lambdaBench {
			b, _ := newPythonBench(t, strings.ReplaceAll(lingering, `os.environ["PIPE"]`, fmt.Sprintf("%q", pipe)), nil)
			return b
		},
		"node": func(t *testing.T, pipe string) *lambdaBench {
			return newNodeBench(t, map[string]string{"index.mjs": `import fs from 'node:fs'; import { spawn } from 'node:child_process'
export const handler = async (event) => {
  const out = fs.openSync(event.pipe, 'w');
  spawn('sleep', ['1000'], { stdio: ['ignore', out, 'ignore'] });
  fs.writeSync(out, 'started\n');
  for (;;);
}`}, "index.handler", nil)
		},
		"program": func(t *testing.T, _ string) *lambdaBench { b, _ := newProgramBench(t, nil); return b },
	}
	if victim, path, _ := strings.Cut(os.Getenv("LOCAL_TEST_VICTIM"), " "); victim != "" {
		kinds[victim](t, path).invoke(fmt.Sprintf(`{"wait": true, "pipe": %q}`, path))
		return
	}
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			switch kind {
			case "python":
				machinePython(t)
			case "node":
				machineNode(t)
			}
			path := pipe(t)
			cmd := exec.Command(os.Args[0], "-test.run=^TestNoProcessIsLeftWhenTheServerIsKilled$")
			cmd.Env = append(os.Environ(), "LOCAL_TEST_VICTIM="+kind+" "+path, "TMPDIR="+t.TempDir()) // what is killed leaves its own
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(path) // waits for the function to open it
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			started := make([]byte, len("started\n"))
			if _, err := io.ReadFull(f, started); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			if rest, err := io.ReadAll(f); err != nil || len(rest) != 0 {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}
