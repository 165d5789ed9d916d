package local

import (
	"os/exec"
	"syscall"
)

// systemPath is where a function finds programs, after Python's own folder.
const systemPath = "/usr/local/bin:/usr/bin:/bin"

// alone puts the child in a process group of its own, so that it can be killed
// with all that it starts, and asks the kernel to kill it when this program
// dies. (Strictly, when the thread that started it dies; Go ends no threads
// that are not locked.) The bootstrap's watch sees to what the child has started.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills the child's whole group. A group that is gone is no error.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
