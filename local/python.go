package local

import (
	"archive/zip"
	"bytes"
	_ "embed" // bootstrap.py
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// Python is how to start the machine's Python. The caller has found and checked
// it.
type Python struct {
	Path    string // the interpreter itself, not a shim: sys.executable
	Version string // "3.12.1"
	Boto3   string // boto3's version, "1.43.0"

	// Site is the folder that holds boto3. It goes at the end of the module
	// path, because the function has no HOME where `pip install --user` put it.
	// Empty means that the interpreter finds boto3 by itself.
	Site string
}

//go:embed bootstrap.py
var bootstrap []byte

// A pythonEnvironment is a child process that speaks the Runtime API.
//
// Its life: live starts the process and waits for its end; run hands it one
// invocation; close kills it with all that it started.
type pythonEnvironment struct {
	surroundings
	x     *lambdaService
	now   func() time.Time
	token string
	began time.Time

	tasks   chan *task    // to the child, through next
	ready   chan struct{} // closed at the first next
	dead    chan struct{} // closed when the process and its folder are gone
	closing chan struct{} // closed by close
	output  chan section  // what the child printed

	mu      sync.Mutex
	current *task
	mark    string // that ends the output of the invocation, even once it is answered
	cmd     *exec.Cmd
	init    time.Duration // until ready; 0 once it is reported
	broken  []byte        // what init/error said
	why     string        // how the process ended
	once    sync.Once     // of close
	first   sync.Once     // of isReady
}

// A task is an invocation with the place where its result goes.
type task struct {
	invocation
	reply chan runResult
}

// A section is what the child printed up to a mark: "init", or the id of an
// invocation, or nothing at the end.
type section struct {
	mark  string
	lines []string
}

// initTimeout is Lambda's limit for an environment's start.
const initTimeout = 10 * time.Second

// runFolder holds one folder per living environment.
func (x *lambdaService) runFolder() string { return x.cfg.Path + ".run" }

// clearRunFolder removes what an earlier server left behind. The store's lock
// says that no other server is using it.
func (x *lambdaService) clearRunFolder() {
	if err := os.RemoveAll(x.runFolder()); err != nil {
		x.logf("%v", err)
	}
}

func (x *lambdaService) newPython(s surroundings) *pythonEnvironment {
	e := &pythonEnvironment{
		surroundings: s, x: x, now: x.cfg.Now, token: randomHex(32), began: x.cfg.Now(),
		tasks: make(chan *task), ready: make(chan struct{}), dead: make(chan struct{}),
		closing: make(chan struct{}), output: make(chan section, 8),
	}
	x.mu.Lock()
	x.children[e.token] = e
	x.mu.Unlock()
	return e
}

// live is the whole life of the process.
func (e *pythonEnvironment) live() {
	defer close(e.dead)
	defer close(e.output)
	defer func() {
		e.x.mu.Lock()
		delete(e.x.children, e.token)
		e.x.mu.Unlock()
	}()
	if err := e.process(); err != nil {
		e.mu.Lock()
		e.why = err.Error()
		e.mu.Unlock()
		e.x.logf("%s: %v", e.function, err)
	}
}

// process makes the private folder, runs the child in it and removes it.
func (e *pythonEnvironment) process() error {
	if err := os.MkdirAll(e.x.runFolder(), 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(e.x.runFolder(), e.function+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := e.unpack(dir); err != nil {
		return err
	}
	cmd := exec.Command(e.x.cfg.Python().Path, "-u", "-B", filepath.Join(dir, "bootstrap.py")) //nolint:gosec // the caller's own Python
	cmd.Dir = filepath.Join(dir, "task")
	cmd.Env = e.variables(dir)
	alone(cmd)
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	cmd.Stdout, cmd.Stderr = in, in
	// The child watches its standard input: when this program dies, however it
	// dies, the input ends and the child goes too.
	leash, err := cmd.StdinPipe()
	if err != nil {
		return errors.Join(err, in.Close())
	}
	e.mu.Lock()
	select {
	case <-e.closing:
		err = errClosed
	default:
		if err = cmd.Start(); err == nil {
			e.cmd = cmd
		}
	}
	e.mu.Unlock()
	_ = in.Close() // the child has its own
	if err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", e.x.cfg.Python().Path, err), leash.Close())
	}
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		e.listen(out)
	}()
	err = cmd.Wait()
	killGroup(cmd) // whatever it has started
	select {
	case <-listened:
	case <-time.After(time.Second): // a grandchild that left the group still holds the pipe
		_ = out.Close()
		<-listened
	}
	e.mu.Lock()
	e.why = "exit status 0"
	if err != nil {
		e.why = err.Error()
	}
	e.mu.Unlock()
	return nil
}

// unpack writes the bootstrap and the function's code.
func (e *pythonEnvironment) unpack(dir string) error {
	for _, sub := range []string{"task", "home", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bootstrap.py"), bootstrap, 0o600); err != nil {
		return err
	}
	var code []byte
	err := e.x.db.view(func(tx *bbolt.Tx) (err error) {
		code, _, err = get[[]byte](tx, bucketCode, e.version.CodeSHA256)
		return err
	})
	if err != nil {
		return err
	}
	r, err := zip.NewReader(bytes.NewReader(code), int64(len(code)))
	if err != nil {
		return fmt.Errorf("the code of %s: %w", e.function, err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "task")) // nothing in the zip can leave it
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	left := int64(maxUnzipped)
	for _, f := range r.File {
		if f.FileInfo().IsDir() || !f.Mode().IsRegular() {
			continue
		}
		name := filepath.FromSlash(f.Name)
		if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		n, err := unpackFile(root, name, f, left)
		if err != nil {
			return fmt.Errorf("the code of %s: %w", e.function, err)
		}
		left -= n
	}
	return nil
}

func unpackFile(root *os.Root, name string, f *zip.File, left int64) (n int64, err error) {
	src, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = src.Close() }()
	dst, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o700)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	n, err = io.Copy(dst, io.LimitReader(src, left+1))
	if err == nil && n > left {
		err = fmt.Errorf("unzipped size must be smaller than %d bytes", maxUnzipped)
	}
	return n, err
}

// variables is the child's whole environment: nothing of this program's own
// leaks in, above all no proxy, no AWS_PROFILE and no real credentials.
func (e *pythonEnvironment) variables(dir string) []string {
	endpoint := e.x.endpoint()
	vars := make([]string, 0, 32)
	for k, v := range e.version.Variables {
		vars = append(vars, k+"="+v)
	}
	for _, v := range [][2]string{
		{"PATH", filepath.Dir(e.x.cfg.Python().Path) + string(os.PathListSeparator) + systemPath},
		{"LANG", "en_US.UTF-8"},
		{"PYTHONUTF8", "1"},
		{"TZ", ":UTC"},
		{"HOME", filepath.Join(dir, "home")},
		{"USERPROFILE", filepath.Join(dir, "home")},
		{"TMPDIR", filepath.Join(dir, "tmp")},
		{"TEMP", filepath.Join(dir, "tmp")},
		{"TMP", filepath.Join(dir, "tmp")},
		{"_HANDLER", e.version.Handler},
		{"LAMBDA_TASK_ROOT", filepath.Join(dir, "task")},
		{"LAMBDA_RUNTIME_DIR", dir},
		{"AWS_LAMBDA_RUNTIME_API", strings.TrimPrefix(endpoint, "http://") + runtimePath + e.token},
		{"AWS_LAMBDA_FUNCTION_NAME", e.function},
		{"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
		{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", fmt.Sprint(e.version.Memory)},
		{"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
		{"AWS_LAMBDA_LOG_GROUP_NAME", e.group},
		{"AWS_LAMBDA_LOG_STREAM_NAME", e.stream},
		{"AWS_EXECUTION_ENV", "AWS_Lambda_" + e.version.Runtime},
		{"AWS_REGION", e.region},
		{"AWS_DEFAULT_REGION", e.region},
		{"AWS_ACCESS_KEY_ID", e.accessKey},
		{"AWS_SECRET_ACCESS_KEY", functionSecret},
		{"AWS_SESSION_TOKEN", functionSession},
		{"AWS_ENDPOINT_URL", endpoint},
		{"AWS_EC2_METADATA_DISABLED", "true"},
		{"TODOCTL_SITE", e.x.cfg.Python().Site},
	} {
		vars = append(vars, v[0]+"="+v[1]) // later ones win, so a function cannot change these
	}
	return vars
}
