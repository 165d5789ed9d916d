//go:build !windows

package local

import "syscall"

// diskFull is what the operating system says when there is no more room.
const diskFull = syscall.ENOSPC
