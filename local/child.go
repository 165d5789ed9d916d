package local

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// A launcher knows how to start one kind of child: the machine's Python or
// Node.js with a bootstrap of this package, or the function's own program.
type launcher struct {
	words     string      // what runs the function, for people
	version   string      // of the runtime, in the INIT_START line
	folder    string      // where its programs are; the first one in PATH
	variables [][2]string // what only this kind needs
	program   bool        // a start that fails is the function's own fault

	// prepare puts what it needs into the environment's folder, beside the
	// function's code in "task".
	prepare func(dir string) (*exec.Cmd, error)
}

// A childEnvironment is a child process that speaks the Runtime API.
//
// Its life: live starts the process and waits for its end; run hands it one
// invocation; close kills it with all that it started.
type childEnvironment struct {
	surroundings
	launcher *launcher
	x        *lambdaService
	now      func() time.Time
	token    string
	sign     string // begins a mark in the output; the child does not know it
	began    time.Time

	tasks   chan *task    // to the child, through next
	ready   chan struct{} // closed at the first next
	dead    chan struct{} // closed when the process and its folder are gone
	closing chan struct{} // closed by close
	output  chan section  // what the child printed

	sinkMu sync.Mutex
	sink   *os.File // this program's end of the pipe that the child prints into

	mu      sync.Mutex
	current *task
	procs   *group        // nil before the start
	pid     int           // of the child
	init    time.Duration // until ready; 0 once it is reported
	broken  []byte        // what init/error said
	entry   string        // why the function's own program did not start
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

func (x *lambdaService) newChild(s surroundings, l *launcher) *childEnvironment {
	e := &childEnvironment{
		surroundings: s, launcher: l, x: x, now: x.cfg.Now, token: randomHex(32), sign: markSign + randomHex(8), began: x.cfg.Now(),
		tasks: make(chan *task), ready: make(chan struct{}), dead: make(chan struct{}),
		closing: make(chan struct{}), output: make(chan section, 8),
	}
	x.mu.Lock()
	x.children[e.token] = e
	x.mu.Unlock()
	return e
}

// live is the whole life of the process.
func (e *childEnvironment) live() {
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
func (e *childEnvironment) process() error {
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
	cmd, err := e.launcher.prepare(dir)
	if err != nil {
		return e.unstarted(err)
	}
	cmd.Dir = filepath.Join(dir, "task")
	cmd.Env = e.environ(dir)
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	e.setSink(in)
	defer e.setSink(nil)
	cmd.Stdout, cmd.Stderr = in, in
	g, err := newGroup()
	if err != nil {
		return err
	}
	defer g.close()
	if err := e.start(g, cmd); err != nil {
		if errors.Is(err, errClosed) {
			return nil
		}
		return e.unstarted(err)
	}
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		e.listen(out)
	}()
	err = cmd.Wait()
	g.kill()       // whatever it has started
	e.setSink(nil) // so that the output ends
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

// start starts the child in its group, unless the environment is closing.
func (e *childEnvironment) start(g *group, cmd *exec.Cmd) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.closing:
		return errClosed
	default:
	}
	if err := g.start(cmd); err != nil {
		return err
	}
	e.procs, e.pid = g, cmd.Process.Pid
	return nil
}

// unstarted keeps why the function's own program did not start, which is the
// function's fault. What else fails is this machine's.
func (e *childEnvironment) unstarted(err error) error {
	if !e.launcher.program {
		return fmt.Errorf("start %s: %w", e.launcher.words, err)
	}
	if p, ok := errors.AsType[*os.PathError](err); ok {
		err = fmt.Errorf("fork/exec /var/task/%s: %w", programName, p.Err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.entry = err.Error()
	return nil
}

// setSink replaces this program's end of the output pipe, and closes the old one.
func (e *childEnvironment) setSink(f *os.File) {
	e.sinkMu.Lock()
	defer e.sinkMu.Unlock()
	if e.sink != nil {
		_ = e.sink.Close()
	}
	e.sink = f
}

// mark ends a section of the output. It goes into the same pipe as what the
// child prints, so that whatever was printed before comes before it.
func (e *childEnvironment) mark(name string) {
	e.sinkMu.Lock()
	defer e.sinkMu.Unlock()
	if e.sink != nil {
		_, _ = e.sink.WriteString(e.sign + name + "\n") // a pipe that nobody reads belongs to an environment that ends
	}
}

// close kills the child and everything it has started.
func (e *childEnvironment) close() {
	e.once.Do(func() {
		close(e.closing)
		e.mu.Lock()
		g := e.procs
		e.mu.Unlock()
		if g != nil {
			g.kill()
		}
	})
}
