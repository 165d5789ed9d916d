package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemPath is where a function finds programs, after its language's own folder.
const systemPath = `C:\Windows\system32;C:\Windows`

// programName is the file that an OS-only runtime starts.
const programName = "bootstrap"

// programFile finds it, under a name that Windows starts.
func programFile(task string) (string, error) {
	file := filepath.Join(task, programName)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("Couldn't find valid bootstrap(s): [/var/task/%[1]s /opt/%[1]s]", programName)
	}
	return file + ".exe", os.Rename(file, file+".exe")
}

// A group is a child with all that it starts: a job object, which Windows ends
// with its last handle, however this program ends.
// https://learn.microsoft.com/windows/win32/procthread/job-objects
type group struct {
	mu  sync.Mutex
	job windows.Handle // 0 once it is closed
}

func newGroup() (*group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		return nil, errors.Join(fmt.Errorf("limit a job object: %w", err), windows.CloseHandle(job))
	}
	return &group{job: job}, nil
}

// start starts the child in the group, and keeps the terminal's Ctrl-C from it.
func (g *group) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	if err := cmd.Start(); err != nil {
		return err
	}
	err := g.take(uint32(cmd.Process.Pid))
	if err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return nil
}

func (g *group) take(pid uint32) error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return fmt.Errorf("open the process: %w", err)
	}
	defer func() { _ = windows.CloseHandle(process) }()
	if err := windows.AssignProcessToJobObject(g.job, process); err != nil {
		return fmt.Errorf("put the process into its job: %w", err)
	}
	return nil
}

// kill kills the whole group. One that is gone is no error.
func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.TerminateJobObject(g.job, 1)
	}
}

// close ends the group for good.
func (g *group) close() {
	g.kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = windows.CloseHandle(g.job)
	g.job = 0
}
