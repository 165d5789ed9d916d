//go:build unix && !linux

package local

import "syscall"

// inGroup makes a process part of a group.
func inGroup(group int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: group}
}
