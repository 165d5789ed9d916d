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
