package local

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// inGroup makes a process part of a group. The kernel kills it when this program
// dies, without the shell's help. (Strictly, when the thread that started it
// dies; Go ends no threads that are not locked.)
func inGroup(group int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: group, Pdeathsig: syscall.SIGKILL}
}

// peakMemory is the most memory that a process has used, in MB; 0 is unknown.
// https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
func peakMemory(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, line, _ := bytes.Cut(text, []byte("VmHWM:"))
	kilobytes := 0
	_, _ = fmt.Sscanf(string(line), "%d", &kilobytes) // 0 where the line is missing
	return kilobytes >> 10
}
