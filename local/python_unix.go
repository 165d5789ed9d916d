//go:build unix && !linux

package local

import (
	"os/exec"
	"syscall"
)

// systemPath is where a function finds programs, after Python's own folder.
const systemPath = "/usr/local/bin:/usr/bin:/bin"

// alone puts the child in a process group of its own, so that it can be killed
// with all that it starts. When this program dies, the end of standard input
// ends the child.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// killGroup kills the child's whole group. A group that is gone is no error.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
