package main

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"
)

// detached gives a child no console and a process group of its own.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// owned is for systems where a folder can be everybody's; on Windows the user's
// profile keeps others out.
func owned(fs.FileInfo) bool { return true }

// noListener is WSAECONNREFUSED, the error of a connection to a port where nobody
// listens.
// https://learn.microsoft.com/en-us/windows/win32/winsock/windows-sockets-error-codes-2
const noListener = syscall.Errno(10061)
