//go:build !windows

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

// machineProvocations are of the AWS on this machine, and of runs as a whole.
var machineProvocations = []provocation{
	{"TODO-LOCAL-01", "a store that another program holds", func(t *testing.T) string {
		env := home(t)
		store := filepath.Join(stateOf(t, env), "local", "aws.db")
		if err := os.MkdirAll(filepath.Dir(store), 0o700); err != nil {
			t.Fatal(err)
		}
		held, err := local.Open(local.Config{Path: store, Now: time.Now, Logf: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		})
		return saidBy(t, env, "up", "--local", "--yes")
	}},
	{"TODO-LOCAL-12", "own code in JavaScript, and no Node.js", func(t *testing.T) string {
		env := withoutPython(t)
		dir := filepath.Dir(file(t, "index.mjs", "export const handler = async () => ({ statusCode: 204 })\n"))
		return saidBy(t, env, "up", "--local", "--yes", "--source", dir)
	}},
	{"TODO-LOCAL-02", "it ends in the middle of a run", virtual(func(r *rehearsal) ending {
		end := r.run(upLine, local.Fault{Kind: local.FaultAfter, Operation: "CreateTable", Do: r.stop})
		if refused := len(end.calls) - len(callsOf(end.calls, "CreateTable")); refused == 0 || end.took >= time.Second {
			r.Errorf("it is told after %s", end.took)
		}
		return end
	})},
	{"TODO-LOCAL-03", "a damaged store, for the second time", func(t *testing.T) string {
		env := home(t)
		dir := filepath.Join(stateOf(t, env), "local")
		for _, path := range []string{dir, dir + ".damaged"} {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "aws.db"), []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		said := saidBy(t, env, "up", "--local", "--yes")
		return hinted(t, said, "mv "+dir+" "+dir+".damaged-2")
	}},
	{"TODO-LOCAL-04", "a file where the folder should be", func(t *testing.T) string {
		return saidBy(t, home(t, "TODOCTL_STATE="+filepath.Join(file(t, "file", ""), "state")), "up", "--local", "--yes")
	}},
	{"TODO-LOCAL-05", "a folder of somebody else", func(t *testing.T) string {
		dir := "/usr" // root's on every system where a test runs as somebody
		if os.Geteuid() == 0 {
			dir = filepath.Join(t.TempDir(), "state")
			if err := os.MkdirAll(filepath.Join(dir, "local"), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(filepath.Join(dir, "local"), 12345, 12345); err != nil {
				t.Skip("this machine lets nobody give a folder away")
			}
		} else if err := os.Symlink("/usr", filepath.Join(t.TempDir(), "local")); err != nil {
			t.Fatal(err)
		}
		return saidBy(t, home(t, "TODOCTL_STATE="+dir), "up", "--local", "--yes")
	}},
	{"TODO-LOCAL-06", "a second one", func(t *testing.T) string { return saidBy(t, startedLocal(t), "local", "serve") }},
	{"TODO-LOCAL-07", "a port that is taken", func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return saidBy(t, home(t), "local", "serve", "--port", port)
	}},
	{"TODO-OPEN-02", "a page's port that is taken", func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		env := startedLocal(t)
		if _, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test,alarm"); exit != 0 {
			t.Fatal(errs)
		}
		return saidBy(t, env, "open", "--local", "--port", port)
	}},
	{"TODO-LOCAL-08", "one that does not stop", func(t *testing.T) string {
		env := home(t)
		deafened := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			_ = json.NewEncoder(w).Encode(background{PID: 4711})
		}))
		t.Cleanup(deafened.Close)
		app := &App{StateDir: stateOf(t, env)}
		if err := app.makePrivateDir(app.localDir()); err != nil {
			t.Fatal(err)
		}
		if err := (&command{App: app}).saveBackground(background{PID: 4711, Address: deafened.Listener.Addr().String(), Token: "t", Version: version}); err != nil {
			t.Fatal(err)
		}
		return saidBy(t, env, "local", "stop")
	}},
	{"TODO-LOCAL-09", "a disk without room for another table", virtual(func(r *rehearsal) ending {
		// TestAFullDiskIsNoInternalFailure in local has the other half: that a full disk is answered so.
		return r.runBetween(upLine, func(operation string, req *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			if operation != "CreateTable" {
				return pass()
			}
			return &http.Response{
				StatusCode: http.StatusInsufficientStorage, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
				Body: io.NopCloser(strings.NewReader(`{"__type":"InsufficientStorage","message":"the disk under todoctl's local AWS is full"}`)),
			}, nil
		})
	})},
	{"TODO-LOCAL-10", "an operation that it does not have", on(func(x *wire) string {
		return x.answers(501, "NotImplemented", "todoctl's local AWS does not have the operation GetCallerIdentity").fails("status")
	})},
	{"TODO-LOCAL-11", "own code and no python3 with boto3", virtual(func(r *rehearsal) ending {
		return r.run("up --yes --source " + filepath.Dir(file(r.T, "lambda_function.py", "def lambda_handler(event, context):\n    return 1\n")))
	})},

	{"TODO-RUN-01", "Ctrl-C", virtual(func(r *rehearsal) ending {
		ctx, stop := context.WithCancel(r.Context())
		return r.runThrough(ctx, r.network(local.Fault{Kind: local.FaultAfter, Operation: "CreateRole", Do: stop}), upLine+" --parallel 1")
	})},
	{"TODO-RUN-02", "Ctrl-C twice", func(t *testing.T) string {
		app := &App{Args: []string{"up", "--yes"}, Width: 80, Getenv: func(string) string { return "" }}
		var errs bytes.Buffer
		app.Err = &errs
		(&command{App: app, globals: &globals{}}).words().Problem(left(app)) // as host does; TestASecondSignalLeavesAtOnce sends the signals
		return errs.String()
	}},
	{"TODO-RUN-03", "a quarter of an hour", func(t *testing.T) string {
		_, words := inside(t, func(ctx context.Context, c *command) error { return c.Clock.Sleep(ctx, time.Hour) })
		return words
	}},
	{"TODO-RUN-04", "two at once", on(func(x *wire) string {
		first := holding(x.t, x)
		defer func() {
			_ = first.cmd.Process.Kill() // it waits for ever
			first.end()
		}()
		return x.fails("up", "--yes")
	})},
	{"TODO-RUN-05", "a mistake in the program", virtual(func(r *rehearsal) ending {
		return r.run(upLine, local.Fault{Kind: local.FaultBefore, Operation: "CreateRole", Do: func() { panic("a mistake") }})
	})},
	{"TODO-RUN-06", "a table that stays CREATING", onAccount(local.Config{Lags: local.Lags{TableCreate: time.Hour}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-RUN-07", "somebody changes the function meanwhile", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.deploy(a.otherCode())
		return r.run(upLine+" --replace-code", local.Fault{Kind: local.FaultBefore, Operation: "UpdateFunctionCode", Times: local.Always, Do: func() { a.describe() }})
	})},
	{"TODO-RUN-08", "somebody deletes the role meanwhile", virtual(func(r *rehearsal) ending {
		a := r.account()
		return r.run(upLine, local.Fault{Kind: local.FaultBefore, Operation: "PutRolePolicy", Do: a.dropRole})
	})},
	{"TODO-RUN-09", "a function that fails", virtual(func(r *rehearsal) ending {
		return r.runBetween(upLine, func(operation string, _ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			res, err := pass()
			if err != nil || !strings.HasPrefix(operation, "GET /2015-03-31/functions/TodoHandler") {
				return res, err
			}
			body, err := io.ReadAll(res.Body)
			body = bytes.Replace(body, []byte(`"State":"Active"`), []byte(`"State":"Failed","StateReason":"no memory"`), 1)
			res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			res.Header.Del("Content-Length")
			return res, err
		})
	})},
	{"TODO-RUN-10", "a function without its role", virtual(func(r *rehearsal) ending { return r.run("function --yes") })},
	{"TODO-RUN-11", "a full disk behind stdout", on(func(x *wire) string {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			x.t.Skip("this machine has no /dev/full")
		}
		defer full.Close()
		x.must(0, "up", "--yes")
		p := x.process("status")
		p.cmd.Stdout = full
		p.start().end()
		return p.errs.String()
	})},
	{"TODO-RUN-12", "something that comes back during down", virtual(func(r *rehearsal) ending {
		looks := len(callsOf(r.up().run(downLine).calls, "DescribeTable"))
		a := r.up().account()
		return r.run(downLine, local.Fault{Kind: local.FaultBefore, Operation: "DescribeTable", Call: looks, Do: func() { things[0].make(a, a.Tags()) }})
	})},
	{"TODO-RUN-13", "a refusal with a code of its own", virtual(func(r *rehearsal) ending {
		return r.runBetween(upLine, refuse("CreateTable", "ValidationException", "One or more parameter values were invalid"))
	})},
	{"TODO-RUN-14", "an identity that nobody expects", on(func(x *wire) string { return x.asked("nobody").fails("status") })},
	{"TODO-RUN-15", "a file of certificates that is not there", on(func(x *wire) string {
		return x.with("AWS_CA_BUNDLE=/nowhere/ca.pem").fails("status")
	})},
	{"TODO-RUN-16", "no to a restore", on(func(x *wire) string {
		backup := filepath.Join(x.t.TempDir(), "b.jsonl")
		x.must(0, "up", "--yes")
		x.must(0, "down", "--yes", "--backup", backup)
		x.must(0, "up", "--yes")
		s := start(x.t, append(x.env, "NO_COLOR=1"), "restore", backup)
		s.expect("Write them?")
		s.press(enter)
		s.end()
		return s.text()
	})},
}

// deploy uploads code, describe changes something small of the function, and
// dropRole deletes the role with what is in it: all behind todoctl's back.
func (a account) deploy(zip []byte) {
	a.done(a.Lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String(a.FunctionName()), ZipFile: zip}))
}

func (a account) describe() {
	a.done(a.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String(a.FunctionName()), Description: aws.String("mine")}))
}

func (a account) dropRole() {
	a.done(a.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(a.RoleName())}))
}
