package local

import (
	"os/exec"
	"syscall"
)

// systemPath is where a function finds programs, after Python's own folder.
const systemPath = `C:\Windows\system32;C:\Windows`

// alone keeps Ctrl-C in the terminal from reaching the child.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup kills the child. Windows has no groups to kill; what the child has
// started may outlive it.
func killGroup(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
}
