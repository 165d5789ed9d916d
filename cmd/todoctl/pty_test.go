//go:build !windows

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A terminal is a real pseudo-terminal with todoctl in it.
type terminal struct {
	t      tester
	cmd    *exec.Cmd
	pty    *os.File
	stdout bytes.Buffer

	mu     sync.Mutex
	screen bytes.Buffer
	grown  chan struct{}
	seen   int // up to where expect has read

	ended   chan error    // of the process
	drained chan struct{} // all that it said has been read
}

// lastWord is what the test itself says on the terminal when todoctl has ended. A
// terminal that is closed may lose what was not read by then.
const lastWord = "\x00the end\x00"

// todoctl is the test binary under the name that makes it be todoctl.
func todoctl(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("todoctl")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// home makes the environment of a learner who has nothing: no AWS settings, a
// state folder of its own, and a local AWS that ends with the test.
func home(t *testing.T, more ...string) []string {
	t.Helper()
	dir := t.TempDir()
	env := append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TODOCTL_STATE=" + filepath.Join(dir, "state"),
		"AWS_EC2_METADATA_DISABLED=true", "TERM=xterm-256color", "GORACE=atexit_sleep_ms=0",
	}, more...)
	t.Cleanup(func() { stopLocal(env, dir) })
	return env
}

// start runs todoctl with stdin and stderr on a terminal of 80x24.
func start(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(todoctl(t), args...)
	cmd.Env, cmd.Dir = env, t.TempDir()
	return onTerminal(t, cmd)
}

// onTerminal starts a command there.
func onTerminal(t tester, cmd *exec.Cmd) *terminal {
	t.Helper()
	return onTerminalOf(t, 24, 80, cmd, func(x *terminal, slave *os.File) {
		cmd.Stdin, cmd.Stderr, cmd.Stdout = slave, slave, &x.stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	})
}

// onTerminalOf starts a command beside a terminal of some size; connect gives it
// its files.
func onTerminalOf(t tester, rows, columns uint16, cmd *exec.Cmd, connect func(x *terminal, slave *os.File)) *terminal {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, cmd: cmd, pty: master, grown: make(chan struct{}, 1), ended: make(chan error, 1), drained: make(chan struct{})}
	connect(x, slave)
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.read()
	go func() {
		err := x.cmd.Wait()
		if _, failed := io.WriteString(slave, lastWord); failed == nil {
			select {
			case <-x.drained:
			case <-time.After(10 * time.Second): // it was read up to a hang-up
			}
		}
		slave.Close()
		x.ended <- err
	}()
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill() // it has ended in a test that passes
		master.Close()
	})
	return x
}

func (x *terminal) read() {
	defer close(x.grown)
	defer close(x.drained)
	buf := make([]byte, 4096)
	for {
		n, err := x.pty.Read(buf)
		x.mu.Lock()
		x.screen.Write(buf[:n])
		all := bytes.HasSuffix(x.screen.Bytes(), []byte(lastWord))
		if all {
			x.screen.Truncate(x.screen.Len() - len(lastWord))
		}
		x.mu.Unlock()
		select {
		case x.grown <- struct{}{}:
		default:
		}
		if all || err != nil {
			return
		}
	}
}

var escapes = regexp.MustCompile(`\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07|[()][A-B0-2]|[=>78])|\r`)

// text is what has been shown so far, without the terminal's control codes.
func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return escapes.ReplaceAllString(x.screen.String(), "")
}

// expect waits until want is shown after what was expected before.
func (x *terminal) expect(want string) {
	x.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		text := x.text()
		if i := strings.Index(text[min(x.seen, len(text)):], want); i >= 0 {
			x.seen += i + len(want)
			return
		}
		select {
		case _, open := <-x.grown:
			if !open && !strings.Contains(x.text()[min(x.seen, len(x.text())):], want) {
				x.t.Fatalf("todoctl ended and never said %q; it said:\n%s", want, x.text())
			}
		case <-limit:
			x.t.Fatalf("waited for %q and saw:\n%s", want, x.text())
		}
	}
}

// keys.
const (
	enter = "\r"
	down  = "\x1b[B"
	ctrlC = "\x03"
	ctrlD = "\x04"
)

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.pty, keys); err != nil {
		x.t.Fatal(err)
	}
}

// end waits for todoctl and returns its exit code.
func (x *terminal) end() int {
	x.t.Helper()
	select {
	case err := <-x.ended:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		if err != nil {
			x.t.Fatal(err)
		}
		return 0
	case <-time.After(30 * time.Second):
		x.t.Fatalf("todoctl does not end; it said:\n%s", x.text())
		return -1
	}
}

// run runs todoctl without a terminal and returns stdout, stderr and exit code.
func run(t *testing.T, env []string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := exec.Command(todoctl(t), args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, t.TempDir(), &out, &errs
	err := cmd.Run()
	endsAsItsHelpSays(t, args, cmd.ProcessState)
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return out.String(), errs.String(), failed.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), 0
}
