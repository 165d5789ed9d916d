package local

import "syscall"

// diskFull is ERROR_DISK_FULL.
// https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes--0-499-
const diskFull = syscall.Errno(112)
