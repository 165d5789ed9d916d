//go:build unix

package local

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// systemPath is where a function finds programs, after its language's own folder.
const systemPath = "/usr/local/bin:/usr/bin:/bin"

// programName is the file that an OS-only runtime starts.
const programName = "bootstrap"

// programFile finds it. What Lambda says where there is none stands in its
// runtime emulator: https://github.com/aws/aws-lambda-runtime-interface-emulator
func programFile(task string) (string, error) {
	file := filepath.Join(task, programName)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("Couldn't find valid bootstrap(s): [/var/task/%[1]s /opt/%[1]s]", programName) //nolint:staticcheck // Lambda's words
	}
	return file, nil
}

// A group is a child with all that it starts, in a process group of their own.
//
// The group's first process is a shell that only waits for the end of its input.
// This program holds the other end, so that comes when this program ends, be it
// killed: then the shell kills the group. A watch inside the child could not do
// that while the function is busy, and the function's own program has none.
type group struct {
	watch *exec.Cmd
	leash io.Closer

	mu   sync.Mutex
	over bool // its number may belong to others now
}

func newGroup() (*group, error) {
	watch := exec.Command("/bin/sh", "-c", "read -r nothing; kill -KILL 0")
	watch.Env = []string{}
	watch.Dir = "/"
	watch.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	leash, err := watch.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := watch.Start(); err != nil {
		return nil, err
	}
	return &group{watch: watch, leash: leash}, nil
}

// start starts the child in the group.
func (g *group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = inGroup(g.watch.Process.Pid)
	return cmd.Start()
}

// kill kills the whole group. One that is gone is no error.
func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.over {
		_ = syscall.Kill(-g.watch.Process.Pid, syscall.SIGKILL)
	}
}

// close ends the group for good.
func (g *group) close() {
	g.kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	_ = g.leash.Close()
	_ = g.watch.Wait() // it was killed
}
