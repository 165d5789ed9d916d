//go:build !windows

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

// watching runs `function --watch` on a folder, while a person saves files and
// somebody else does what others does. It is told of changes by the test, so
// virtual time goes on only when all have settled.
func (r *rehearsal) watching(dir string, person func(saved func(text string), stop func()), plan ...local.Fault) ending {
	r.Helper()
	r.server.python = func() *local.Python { return &local.Python{Version: "3.12.0", Boto3: "1"} } // only asked for
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	changes := make(chan struct{}, 1)
	network := r.network(plan...)
	app := r.app(network, "function", "--local", "--yes", "--source", dir, "--watch")
	app.Watch = func(dir string) (watcher, error) {
		_, err := os.Stat(dir)
		return watcher{Changes: changes, Stop: func() {}}, err
	}
	r.start()
	over := make(chan struct{})
	code := filepath.Join(dir, "lambda_function.py")
	if main := filepath.Join(dir, "main.go"); app.isThere(main) {
		code = main
	}
	go func() {
		defer close(over)
		time.Sleep(time.Minute) // the first deployment
		person(func(text string) {
			if err := os.WriteFile(code, []byte(text), 0o600); err != nil {
				r.Error(err)
			}
			select {
			case changes <- struct{}{}:
			default:
			}
		}, stop)
	}()
	exit := Main(ctx, app)
	<-over
	return ending{exit: exit, out: app.Out.(interface{ String() string }).String(), err: app.Err.(interface{ String() string }).String(), calls: network.Calls(), fired: network.Fired()}
}

func answering(text string) string {
	return "def lambda_handler(event, context):\n    return " + text + "\n"
}

// ownFolder is one with a handler that answers 1.
func ownFolder(t *testing.T) string {
	t.Helper()
	return filepath.Dir(file(t, "lambda_function.py", answering("1")))
}

func TestEachSaveIsDeployedOnceAndInOneLine(t *testing.T) {
	rehearse(t, local.AWSLags, func(r *rehearsal) {
		a := r.up().account()
		dir := ownFolder(r.T)
		var hashes []string
		end := r.watching(dir, func(saved func(string), stop func()) {
			for _, text := range []string{"2", "3"} {
				saved(answering("'half'"))
				time.Sleep(10 * time.Millisecond) // an editor that writes in steps
				saved(answering(text))
				time.Sleep(time.Minute)
				hashes = append(hashes, a.runs())
			}
			saved(answering("3")) // saved again without a change
			time.Sleep(time.Minute)
			stop()
		})
		if n := len(callsOf(end.calls, "UpdateFunctionCode")); end.exit != exitDone || n != 3 || strings.Count(end.err, " deployed "+dir) != 2 {
			r.Errorf("exit %d, %d uploads: %s", end.exit, n, end.err)
		}
		if hashes[0] == hashes[1] || a.runs() != hashes[1] {
			r.Errorf("what ran was %v", hashes)
		}
	})
}

// Code that Lambda could not run is said, and what ran before goes on.
func TestWatchingNeverDeploysBrokenCode(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		end := r.watching(ownFolder(r.T), func(saved func(string), stop func()) {
			first := a.runs()
			for _, broken := range []string{"def other(event, context):\n    return 1\n", ""} {
				saved(broken)
				time.Sleep(time.Minute)
				if a.runs() != first {
					r.Errorf("%q was deployed", broken)
				}
			}
			saved(answering("1")) // as it was: nothing is to be deployed, and the mistake is gone
			time.Sleep(time.Minute)
			saved(answering("2"))
			time.Sleep(time.Minute)
			stop()
		})
		if end.exit != exitDone || strings.Count(end.err, "not deployed") != 2 || strings.Count(end.err, " deployed /") != 1 || strings.Count(strings.Join(strings.Fields(end.err), " "), "is what runs already.") != 1 {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

// Who mistypes a line of Go hears what the compiler says, and is not sent elsewhere.
func TestWatchingRepeatsWhatTheCompilerSays(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		dir := filepath.Dir(file(r.T, "main.go", "package main\n\nfunc main() {}\n"))
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module mine\n"), 0o600); err != nil {
			r.Fatal(err)
		}
		r.wantExit(r.run("up --yes --skip test,alarm --source "+dir), exitDone)
		end := r.watching(dir, func(saved func(string), stop func()) {
			r.goSays = func() (string, error) {
				return "# mine\n./main.go:3:15: undefined: lamda\n", errors.New("exit status 1")
			}
			saved("package main\n\nfunc main() { lamda() }\n")
			time.Sleep(time.Minute)
			stop()
		})
		said := strings.Join(strings.Fields(end.err), " ")
		if end.exit != exitDone || strings.Count(said, "not deployed") != 1 || !strings.Contains(said, "./main.go:3:15: undefined: lamda") {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

// What goes wrong with one deployment is said, and the next save tries again.
func TestWatchingOutlivesARefusedUpload(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up()
		outage := local.Fault{Kind: local.FaultThrottle, Operation: "UpdateFunctionCode", Call: 2, Times: 8}
		end := r.watching(ownFolder(r.T), func(saved func(string), stop func()) {
			saved(answering("2"))
			time.Sleep(10 * time.Minute)
			saved(answering("3"))
			time.Sleep(time.Minute)
			stop()
		}, outage)
		if end.exit != exitDone || end.fired != 8 || strings.Count(end.err, "not deployed") != 1 || strings.Count(end.err, " deployed /") != 1 {
			r.Errorf("exit %d after %d faults: %s", end.exit, end.fired, end.err)
		}
	})
}

// Between two saves somebody changes the code in the console: it is not
// overwritten, and the person hears of it.
func TestWatchingStopsWhereSomebodyElseChangedTheCode(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		var theirs string
		end := r.watching(ownFolder(r.T), func(saved func(string), _ func()) {
			a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode()})
			theirs = a.runs()
			saved(answering("2"))
		})
		if end.exit != exitFailed || !strings.Contains(end.err, "TODO-FN-10") || a.runs() != theirs {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

// Between two saves somebody takes the function away: it is not made again.
func TestWatchingEndsWhereTheFunctionIsGone(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		end := r.watching(ownFolder(r.T), func(saved func(string), _ func()) {
			a.done(a.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String(a.FunctionName())}))
			saved(answering("2"))
		})
		if end.exit != exitFailed || !strings.Contains(end.err, "TODO-FN-11") || len(callsOf(end.calls, "CreateFunction")) > 0 {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

// A folder that is away for a while, as when it is renamed and renamed back.
func TestWatchingWaitsForItsFolder(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		dir := ownFolder(r.T)
		var first, last string
		end := r.watching(dir, func(saved func(string), stop func()) {
			first = a.runs()
			saved(answering("2"))
			if err := os.Rename(dir, dir+"2"); err != nil {
				r.Error(err)
			}
			time.Sleep(time.Minute)
			if err := os.Rename(dir+"2", dir); err != nil {
				r.Error(err)
			}
			time.Sleep(time.Minute)
			last = a.runs()
			stop()
		})
		if end.exit != exitDone || strings.Count(end.err, "Waiting for it.") != 1 || last == first {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

func TestWatchingRefusesWhatItCannotGoWith(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, args := range []string{"--watch --yes", "--watch --source x --dry-run", "--watch --source x --yes --output json", "--watch --source x"} {
			if end := r.run("function " + args); end.exit != exitUsage || len(end.calls) > 0 {
				r.Errorf("function %s ends with %d: %s", args, end.exit, end.err)
			}
		}
	})
}

// The machine's own folders: editors write a file over, or a new one beside it that
// takes its name; folders come and go.
func TestAFolderTellsOfEachWayOfSaving(t *testing.T) {
	dir, link := ownFolder(t), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	w, err := watchFolder(link) // a folder itself is watched in the transcript of --source
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	name := filepath.Join(dir, "lambda_function.py")
	write := func(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
	for _, way := range []struct {
		name string
		do   func() error
	}{
		{"written over", func() error { return write(name, answering("2")) }},
		{"renamed over", func() error { return errors.Join(write(name+".new", answering("3")), os.Rename(name+".new", name)) }},
		{"and once more", func() error { return errors.Join(write(name+".new", answering("4")), os.Rename(name+".new", name)) }},
		{"a folder", func() error { return os.Mkdir(filepath.Join(dir, "lib"), 0o700) }},
		{"a file in it", func() error { return write(filepath.Join(dir, "lib", "a.py"), "") }},
		{"the folder goes", func() error { return os.RemoveAll(filepath.Join(dir, "lib")) }},
		{"and comes back", func() error { return os.MkdirAll(filepath.Join(dir, "lib", "deep"), 0o700) }},
		{"with a file", func() error { return write(filepath.Join(dir, "lib", "deep", "b.py"), "") }},
		{"a folder of no code comes", func() error { return os.MkdirAll(filepath.Join(dir, "node_modules", "a"), 0o700) }},
		{"a file goes", func() error { return os.Remove(filepath.Join(dir, "lib", "deep", "b.py")) }},
		{"another folder takes its place", func() error { return errors.Join(os.Rename(dir, dir+".old"), os.Mkdir(dir, 0o700)) }},
		{"a file in that one", func() error { return write(name, answering("5")) }},
		{"it is removed and made again", func() error { return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)) }},
		{"and a file in it", func() error { return write(name, answering("6")) }},
	} {
		if err := way.do(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-w.Changes:
		case <-ctx.Done():
			t.Fatalf("nothing was told of %s", way.name)
		}
		for told := true; told; { // the rest of it
			select {
			case <-w.Changes:
			case <-time.After(100 * time.Millisecond):
				told = false
			}
		}
	}
	for _, watched := range w.folders() {
		if strings.Contains(watched, "node_modules") {
			t.Errorf("it watches %s", watched)
		}
	}
}
