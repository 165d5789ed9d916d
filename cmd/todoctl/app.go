package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/muesli/termenv"
	"golang.org/x/term"

	"todoctl/cmd/todoctl/unasked"
	"todoctl/local"
	"todoctl/provision"
)

func init() { unasked.Restore() }

// An App is the world outside: terminal, environment, files, clock, processes.
// This is the only file that touches them (a linter rule holds it), so every
// command can be run by a test that brings its own.
type App struct {
	Args []string
	In   io.Reader
	Out  io.Writer // data only: the URL, a JSON document
	Err  io.Writer // everything else, prompts too

	InTerminal  bool
	OutTerminal bool
	ErrTerminal bool
	Width       int  // columns of the terminal on Err, else of the one on Out, at the start; 80 when unknown
	Height      int  // its rows; 24 when unknown
	Plain       bool // the terminal on Err obeys no escape sequences: a Windows console before 2016

	// Size is how large the terminal on Err is now; nil when it is none, or one
	// that does not know how to move its cursor.
	Size func() (columns, rows int)

	Getenv   func(string) string
	Clock    provision.Clock
	Disk     Disk   // where backups are written; nil means the machine's
	StateDir string // where the local AWS lives: 0700
	GOOS     string

	// Watch tells of changes in a folder; nil means the machine's own folders.
	Watch func(dir string) (watcher, error)

	// Interrupt is what a person's Ctrl-C is that the terminal hands over as a
	// key, at an open question; nil means that nobody heeds it.
	Interrupt func()

	// Browser opens an address for the person to see, and says whether anything was
	// asked to; nil means the machine's own.
	Browser func(address string) bool

	python string // the one that has read code before; "" before that

	// BuildGo builds a Go program in a folder, or without a folder one that is in
	// files; nil means with the machine's own Go. What the compiler said is empty
	// when there is none.
	BuildGo func(ctx context.Context, to goTarget, folder string, files fs.FS) (program []byte, said string, err error)

	// Local reaches the local AWS, with whatever stands between; nil means
	// through its socket.
	Local http.RoundTripper
}

// CanPrompt says whether a person is there to answer: questions are written to
// Err and read from In, so both must be terminals.
func (a *App) CanPrompt() bool { return a.InTerminal && a.ErrTerminal }

// space is the room that there is for text now: a window may have been made
// smaller since todoctl began.
func (a *App) space() (columns, rows int) {
	if a.Size != nil {
		return a.Size()
	}
	return a.Width, a.Height
}

// host runs main in the real world and ends the process with its exit code.
func host(main func(context.Context, *App) int) {
	app := &App{
		Args:        os.Args[1:],
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Width:       80,
		Height:      24,
		Getenv:      os.Getenv,
		Clock:       provision.Clock{Now: time.Now, Sleep: sleep},
		GOOS:        runtime.GOOS,
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			app.Width, app.Height = w, h
		}
	}
	if app.ErrTerminal {
		// A Windows console must be asked to heed escape sequences; others do.
		if _, err := termenv.EnableVirtualTerminalProcessing(termenv.NewOutput(os.Stderr)); err == nil {
			app.Size = screenSize
		} else {
			app.Plain = true
		}
	}
	app.StateDir = stateDir(app.Getenv)
	was, _ := term.GetState(int(os.Stdin.Fd())) // nil when it is no terminal
	ctx := app.heed(context.Background(), func() {
		// A terminal that takes no text now must not keep the process.
		app.after(leaveLimit, func() { os.Exit(exitInterrupted) })
		if was != nil {
			_ = term.Restore(int(os.Stdin.Fd()), was) // it leaves either way
		}
		if app.ErrTerminal && !app.simple() {
			fmt.Fprint(app.Err, showCursor)
		}
		fmt.Fprintln(app.Err)
		(&command{App: app, globals: &globals{}}).words().Problem(left(app))
		os.Exit(exitInterrupted)
	})
	os.Exit(main(ctx, app))
}

// screenSize is what the terminal says, or the smallest that is usual.
func screenSize() (columns, rows int) {
	w, h, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

// What a form has done to the terminal is undone by showCursor and the
// terminal's old settings: a visible cursor, and paste as plain text.
const showCursor = "\x1b[?25h\x1b[?2004l\r\x1b[J"

// leaveLimit is how long the last words may take.
const leaveLimit = 200 * time.Millisecond

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stateDir is where the local AWS keeps its file: TODOCTL_STATE, or what the
// platform has for state.
func stateDir(getenv func(string) string) string {
	if dir := getenv("TODOCTL_STATE"); dir != "" {
		return dir
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "todoctl")
	}
	if home, err := os.UserHomeDir(); err == nil && runtime.GOOS == "linux" {
		return filepath.Join(home, ".local", "state", "todoctl")
	}
	if dir, err := os.UserConfigDir(); err == nil {
		return filepath.Join(dir, "todoctl")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("todoctl-%d", os.Getuid()))
}

// after calls f once d has passed, unless stop is called first.
func (a *App) after(d time.Duration, f func()) (stop func() bool) { return time.AfterFunc(d, f).Stop }

// listen opens a TCP socket that only this machine can reach; addr is
// 127.0.0.1:port. A port that is in use is an error: no two share one.
func (a *App) listen(addr string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("%q is not an address of this machine alone (127.0.0.1:port)", addr)
	}
	l, err := net.Listen("tcp", addr)
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return nil, e.Err // "address already in use"
	}
	return l, err
}

// pid is this process.
func (a *App) pid() int { return os.Getpid() }

// httpClient makes a client for the local AWS: no proxy, whatever the
// environment says.
func (a *App) httpClient(timeout time.Duration) *http.Client {
	if a.Local != nil {
		return &http.Client{Timeout: timeout, Transport: a.Local}
	}
	return &http.Client{Timeout: timeout, Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     time.Minute,
	}}
}

// makePrivateDir makes a folder that only its owner may enter. One that exists
// must be this user's own, with all that lies in it, and is narrowed when others
// may enter it: a folder in /tmp may have been put there by anybody.
func (a *App) makePrivateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, plainPathError(err))
	}
	if runtime.GOOS == "windows" { // the user's folder keeps others out
		return nil
	}
	if err := narrow(dir, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the folder %s: %w", dir, plainPathError(err))
	}
	for _, f := range files {
		mode := os.FileMode(0o600)
		if f.IsDir() {
			mode = 0o700
		}
		if err := narrow(filepath.Join(dir, f.Name()), mode); err != nil {
			return err
		}
	}
	return nil
}

// isOwn says whether a file or folder is there and is this user's.
func (a *App) isOwn(path string) bool {
	info, err := os.Stat(path)
	return err == nil && owned(info)
}

// narrow takes from a file or folder what its mode has beyond mode. A link is
// looked at, and then what it points to.
func narrow(path string, mode os.FileMode) error {
	for _, look := range []func(string) (os.FileInfo, error){os.Lstat, os.Stat} {
		info, err := look(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil // a file that another command has just removed
		}
		if err != nil {
			return fmt.Errorf("look at %s: %w", path, plainPathError(err))
		}
		if !owned(info) {
			return told("TODO-LOCAL-05", path+" belongs to another user of this machine", "TODOCTL_STATE=FOLDER todoctl ...   (a folder of your own)")
		}
		if info.Mode()&os.ModeSymlink != 0 || info.Mode().Perm()&^mode == 0 {
			continue
		}
		if err := os.Chmod(path, info.Mode().Perm()&mode); err != nil {
			return fmt.Errorf("keep others out of %s: %w", path, plainPathError(err))
		}
	}
	return nil
}

// writePrivate replaces a small file in one step.
func (a *App) writePrivate(path string, data []byte) error {
	tmp := path + ".new"
	_ = os.Remove(tmp) // one that was left behind keeps its mode
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, plainPathError(err))
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, plainPathError(err))
	}
	return nil
}

func (a *App) readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// writeOver writes a file that todoctl can make again at any time, and its
// folder when needed; what was there before goes.
func (a *App) writeOver(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", filepath.Dir(path), plainPathError(err))
	}
	if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // it holds nothing secret
		return fmt.Errorf("write %s: %w", path, plainPathError(err))
	}
	return nil
}

// awsFiles are the files of the AWS profiles: config and credentials.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html
func (a *App) awsFiles() [2]string {
	home, _ := os.UserHomeDir() // without one there are no such files
	return [2]string{
		cmp.Or(a.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")),
		cmp.Or(a.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")),
	}
}

// A Disk is where backups are written. It is the machine's; a test brings one
// that fills up, breaks, or ends the process in the middle of something.
type Disk interface {
	// Create makes a new file that only its owner may read, and draws a name for
	// the * of the pattern.
	Create(folder, pattern string) (DiskFile, error)
	// Name gives a file a second name, or where the disk has no such thing its
	// new and only one. A name that is taken stays and is fs.ErrExist.
	Name(file, name string) error
	Remove(file string) error
	// SyncFolder makes the names in it survive a power cut.
	SyncFolder(folder string) error
}

// A DiskFile is a file that is being written.
type DiskFile interface {
	io.WriteCloser
	Name() string
	Sync() error // what was written survives a power cut
}

// disk is the App's Disk, or the machine's.
func (a *App) disk() Disk {
	if a.Disk != nil {
		return a.Disk
	}
	return machineDisk{}
}

type machineDisk struct{}

func (machineDisk) Create(folder, pattern string) (DiskFile, error) {
	return os.CreateTemp(folder, pattern) // 0600
}

func (machineDisk) Name(file, name string) error {
	err := os.Link(file, name) // the one call on all systems that never replaces a file
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	// FAT and some network disks have no second names. Rename would replace what
	// somebody else puts there between the look and the call.
	if _, look := os.Lstat(name); !errors.Is(look, os.ErrNotExist) {
		return cmp.Or(look, os.ErrExist)
	}
	return os.Rename(file, name)
}

func (machineDisk) Remove(file string) error { return os.Remove(file) }

func (machineDisk) SyncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be synced there
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// isThere says whether a name is taken, be it by a folder or a broken link.
func (a *App) isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// filesIn lists the names in a folder; none when it cannot be read.
func (a *App) filesIn(folder string) []string {
	dir, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // as many as there are
	slices.Sort(names)
	return names
}

// openFile opens a regular file for reading; anything else is an error, because
// a backup is read more than once, and opening a pipe could wait for ever.
func (a *App) openFile(path string) (*os.File, error) {
	about, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, plainPathError(err))
	}
	if !about.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, plainPathError(err))
	}
	return f, nil
}

// writeNew writes a file that must not exist yet, and its folder when needed.
func (a *App) writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", filepath.Dir(path), plainPathError(err))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already, and todoctl does not overwrite it", path)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", path, plainPathError(err))
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return fmt.Errorf("write %s: %w", path, plainPathError(err))
	}
	return f.Close()
}

// dirFS opens a folder for reading; it must be one.
func (a *App) dirFS(dir string) (root *os.Root, err error) {
	root, err = os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder %s: %w", dir, plainPathError(err))
	}
	return root, nil
}

// plainPathError drops the operation and the path, which the caller has said.
func plainPathError(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// startSelf starts this program in the background, in a session of its own so
// that a Ctrl-C here does not reach it, with its words going to logPath.
func (a *App) startSelf(logPath string, args ...string) (wait func() error, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find todoctl's own program: %w", err)
	}
	log, err := os.OpenFile(logPath, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", logPath, plainPathError(err))
	}
	defer log.Close()
	cmd := exec.Command(exe, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = filepath.Dir(logPath) // not the user's folder, which may be removed
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", exe, err)
	}
	return cmd.Wait, nil
}

// searchLimit is how long the search for a python3, or for Node.js, may take.
const searchLimit = 10 * time.Second

// findNode looks for Node.js and for the AWS SDK v3 that Lambda's has built in: in
// NODE_PATH, and where npm installs for everybody. Nil means that there is no
// Node.js.
func (a *App) findNode(ctx context.Context) *local.Node {
	ctx, cancel := context.WithTimeout(ctx, searchLimit)
	defer cancel()
	path, err := exec.LookPath("node")
	if err != nil {
		return nil
	}
	folders := filepath.SplitList(a.Getenv("NODE_PATH"))
	if appData := a.Getenv("APPDATA"); appData != "" {
		folders = append(folders, filepath.Join(appData, "npm", "node_modules"))
	}
	folders = append(folders, filepath.Join(filepath.Dir(path), "..", "lib", "node_modules"))
	const program = `const { dirname, join } = require("path")
const all = process.argv.slice(1).concat(join(dirname(process.execPath), "..", "lib", "node_modules"), join(dirname(process.execPath), "node_modules"))
const found = { Path: process.execPath, Version: process.versions.node }
try {
  const sdk = require.resolve("@aws-sdk/client-dynamodb/package.json", { paths: all.map((f) => dirname(f)) })
  Object.assign(found, { SDK: require(sdk).version, Modules: dirname(dirname(dirname(sdk))) })
} catch {}
console.log(JSON.stringify(found))`
	cmd := exec.CommandContext(ctx, path, append([]string{"-e", program, "--"}, folders...)...)
	cmd.Dir = a.localDir() // ours alone: a node_modules in another folder is not everybody's
	out, err := cmd.Output()
	var n *local.Node
	if err != nil || json.Unmarshal(out, &n) != nil {
		return nil
	}
	return n
}

// browse shows an address in the person's browser, and says whether one was asked
// to: that it does, nobody tells.
func (a *App) browse(address string) bool {
	if a.Browser != nil {
		return a.Browser(address)
	}
	line := []string{"xdg-open", address}
	switch {
	case a.GOOS == "darwin":
		line[0] = "open"
	case a.GOOS == "windows":
		line = []string{"rundll32", "url.dll,FileProtocolHandler", address}
	case a.Getenv("DISPLAY") == "" && a.Getenv("WAYLAND_DISPLAY") == "":
		return false // it would start a browser for terminals, in this one
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.SysProcAttr = detached() // a Ctrl-C here is not meant for the browser
	if cmd.Start() != nil {
		return false
	}
	_ = cmd.Process.Release() // it may live as long as the browser
	return true
}

// pythonSyntax lets this machine's Python read some files, and returns which place
// of them it cannot read, "" where it can. For a function on AWS only a Python
// counts that is as new as the oldest of its runtimes: an older one refuses what is
// right there.
func (a *App) pythonSyntax(ctx context.Context, files [][2]string, local bool) string {
	const read = `import ast, json, sys
print(sys.executable)
if sys.argv[1] == "aws" and sys.version_info < (3, 12):
    sys.exit()
for name, text in json.load(sys.stdin):
    try:
        ast.parse(text, name)
    except (SyntaxError, ValueError) as e:
        print("%s, line %s: %s" % (name, getattr(e, "lineno", 1), getattr(e, "msg", e)))
        break`
	if a.python == "" { // what is on the PATH may be a slow script that looks for the real one
		path, err := exec.LookPath("python3")
		if err != nil {
			return ""
		}
		a.python = path
	}
	in, err := json.Marshal(files)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.python, "-I", "-S", "-c", read, map[bool]string{true: "local", false: "aws"}[local])
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		return "" // it says nothing, so nobody knows better
	}
	executable, wrong, _ := strings.Cut(strings.ReplaceAll(string(out), "\r", ""), "\n")
	a.python = cmp.Or(executable, a.python)
	return strings.TrimSpace(wrong)
}

// thisMachine is what a Go program is built for that runs here.
func (a *App) thisMachine() goTarget { return goTarget{runtime.GOOS, runtime.GOARCH} }

// buildGo builds the Go program in a folder with the user's own Go; without a
// folder, one that is in files. Its bytes depend on nothing but the files, the
// target and the version of Go. What the compiler said is empty when there is no
// Go.
func (a *App) buildGo(ctx context.Context, to goTarget, folder string, files fs.FS) (program []byte, said string, err error) {
	if a.BuildGo != nil {
		return a.BuildGo(ctx, to, folder, files)
	}
	compiler, err := exec.LookPath("go")
	if err != nil {
		return nil, "", err
	}
	tmp, err := os.MkdirTemp("", "todoctl-go-")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // what stays is in the system's own folder for such
	if folder == "" {
		folder = filepath.Join(tmp, "source")
		if err := os.CopyFS(folder, files); err != nil {
			return nil, "", err
		}
	}
	out := filepath.Join(tmp, "bootstrap")
	cmd := exec.CommandContext(ctx, compiler, "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOOS="+to.os, "GOARCH="+to.arch, "CGO_ENABLED=0", "GOWORK=off")
	text, err := cmd.CombinedOutput()
	if err != nil {
		return nil, cmp.Or(string(text), err.Error()), err
	}
	program, err = os.ReadFile(out)
	return program, "", err
}

// findPython looks for a python3 that has boto3, which a learner's own function
// needs. Nil means that there is none.
func (a *App) findPython(ctx context.Context) *local.Python {
	ctx, cancel := context.WithTimeout(ctx, searchLimit)
	defer cancel()
	for _, name := range []string{"python3", "python"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		const ask = `import os, sys, boto3
print(sys.executable, sys.version.split()[0], boto3.__version__, os.path.dirname(os.path.dirname(boto3.__file__)), sep="\n")`
		cmd := exec.CommandContext(ctx, path, "-c", ask)
		cmd.Dir = a.localDir() // ours alone: a boto3.py in another folder is not boto3
		out, err := cmd.Output()
		if err != nil {
			continue
		}
		lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(out)), "\r", ""), "\n")
		if len(lines) == 4 && strings.HasPrefix(lines[1], "3.") {
			return &local.Python{Path: lines[0], Version: lines[1], Boto3: lines[2], Site: lines[3]}
		}
	}
	return nil
}
