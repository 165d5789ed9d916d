//go:build !windows

package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
)

// An outdoors is the real binary as a process of its own, on a local AWS that
// is in the test's process and behind a real socket. So the test can kill
// todoctl in the middle of any call.
type outdoors struct {
	*rehearsal // its account, and what can be asked of it
	env        []string
	front      atomic.Pointer[http.Handler] // the network of the run that is under way
}

// newOutdoors puts an account behind a socket. A rehearsal's clock begins in 2000 and
// this one is the machine's: what was new in the beginning is not any more.
func newOutdoors(t *testing.T, from beginning) *outdoors {
	t.Helper()
	o := &outdoors{rehearsal: &rehearsal{T: t, dir: from.copy(t)}}
	l := o.listen()
	o.open(local.Config{
		Path: filepath.Join(o.dir, "aws.db"), Now: time.Now,
		// A Function URL has a port of its own, and what comes there passes the
		// same network as every other call.
		Listen: func(string) (net.Listener, error) {
			url := o.listen()
			return &unheard{addr: url.Addr(), closed: make(chan struct{})}, nil
		},
	}, l.Addr().String())
	o.env = []string{
		"HOME=" + o.dir, "PATH=" + os.Getenv("PATH"), "TODOCTL_STATE=" + filepath.Join(o.dir, "state"),
		"AWS_EC2_METADATA_DISABLED=true", "GORACE=atexit_sleep_ms=0",
	}
	return o
}

// listen opens a socket behind which the network of the moment answers.
func (o *outdoors) listen() net.Listener {
	o.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		o.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*o.front.Load()).ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }() // ends with Close
	o.Cleanup(func() { _ = server.Close() })
	return l
}

// unheard has the address of a socket that somebody else serves.
type unheard struct {
	addr   net.Addr
	closed chan struct{}
	once   sync.Once
}

func (u *unheard) Accept() (net.Conn, error) {
	<-u.closed
	return nil, net.ErrClosed
}

func (u *unheard) Close() error {
	u.once.Do(func() { close(u.closed) })
	return nil
}

func (u *unheard) Addr() net.Addr { return u.addr }

// killedAt runs the binary and kills it at its k-th call: before the call
// arrives, or after it was carried out and before its answer. The exit code of a
// killed process is -1.
func (o *outdoors) killedAt(args string, k int, kind local.FaultKind) ending {
	o.Helper()
	end := o.launch(args, func(kill func()) []local.Fault { return []local.Fault{{Kind: kind, Call: k, Do: kill}} })
	if end.fired > 0 && end.exit != -1 {
		o.Errorf("it was to be killed and exits %d:\n%s", end.exit, end.err)
	}
	return end
}

// process runs the binary to its end, whatever goes wrong on its way.
func (o *outdoors) process(args string, plan ...local.Fault) ending {
	o.Helper()
	return o.launch(args, func(func()) []local.Fault { return plan })
}

// launch runs the binary through a network whose faults may kill it.
func (o *outdoors) launch(args string, faults func(kill func()) []local.Fault) ending {
	o.Helper()
	o.start()
	var out, errs bytes.Buffer
	cmd := exec.Command(todoctl(o.T), append(strings.Fields(args), "--local", "--parallel", "1")...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = o.env, o.dir, &out, &errs
	running, ended := make(chan struct{}), make(chan struct{})
	kill := func() {
		<-running
		_ = cmd.Process.Signal(syscall.SIGKILL)
		<-ended
	}
	dead := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	network := o.networkOver(dying{o, dead}, faults(kill)...)
	front := network.Over()
	o.front.Store(&front)
	before := len(o.cloud.Calls())
	if err := cmd.Start(); err != nil {
		o.Fatal(err)
	}
	close(running)
	err := cmd.Wait()
	close(ended)
	end := ending{out: out.String(), err: errs.String(), calls: network.Calls(), fired: network.Fired()}
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		end.exit = exit.ExitCode()
	} else if err != nil {
		o.Fatal(err)
	}
	for _, call := range o.cloud.Calls()[before:] {
		if call.Write {
			end.writes++
		}
	}
	return end
}

var killKinds = []local.FaultKind{local.FaultBefore, local.FaultAfter}

// eachKill runs a case for each call of a command at which it can be killed,
// before and after the call, until one in which it came to its end.
func eachKill(t *testing.T, stride int, from beginning, test func(o *outdoors, k int, kind local.FaultKind) (struck bool)) (cases int) {
	t.Helper()
	for i, kind := range killKinds {
		for k, more := 1+(spread(t.Name(), stride)+i*stride/2)%stride, true; more && !t.Failed(); k += stride {
			t.Run(string(kind)+" "+strconv.Itoa(k), func(t *testing.T) { more = test(newOutdoors(t, from), k, kind) })
			if more {
				cases++
			}
		}
	}
	return cases
}

// T1. The program may be killed at any call of up: the next up makes it whole,
// and the one after has nothing to do.
func TestUpGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()
	clean := newOutdoors(t, beginning{})
	clean.wantExit(clean.process(upLine), exitDone)
	want := clean.contents()
	cases := eachKill(t, sample(34), beginning{}, func(o *outdoors, k int, kind local.FaultKind) bool {
		end := o.killedAt(upLine, k, kind)
		o.wantExit(o.process(upLine), exitDone)
		if again := o.process(upLine); again.exit != exitDone || again.writes != 0 {
			o.Errorf("another up exits %d after %d writes:\n%s", again.exit, again.writes, again.err)
		}
		o.wantWhole(want)
		return end.fired > 0
	})
	promise(t, "T1", cases)
}

// T2. Killed at any call of up, what there is by then can be taken away.
func TestDownTakesAwayWhatAKilledUpHasLeft(t *testing.T) {
	t.Parallel()
	promise(t, "T2", eachKill(t, sample(34), beginning{}, func(o *outdoors, k int, kind local.FaultKind) bool {
		end := o.killedAt(upLine, k, kind)
		o.wantExit(o.process(downLine), exitDone)
		o.wantNothing()
		return end.fired > 0
	}))
}

// T3. Killed at any call of down, the items are in the table or in a backup that
// is good, unless they were given up; and the next down takes the rest.
func TestDownGoesOnWhereItWasKilledAndLosesNoItem(t *testing.T) {
	t.Parallel()
	cases, whole := 0, finished(t)
	t.Run("backup", func(t *testing.T) {
		cases += eachKill(t, sample(46), whole, func(o *outdoors, k int, kind local.FaultKind) bool {
			first, second := filepath.Join(o.dir, "first.jsonl"), filepath.Join(o.dir, "second.jsonl")
			end := o.killedAt("down --yes --backup "+first, k, kind)
			if !o.hasTable() && backedUp(first) != 1 {
				o.Errorf("neither the table nor a good backup is there")
			}
			o.wantExit(o.process("down --yes --backup "+second), exitDone)
			o.wantNothing()
			if backedUp(first) != 1 && backedUp(second) != 1 {
				o.Errorf("the item is in no backup")
			}
			return end.fired > 0
		})
	})
	t.Run("discard", func(t *testing.T) {
		cases += eachKill(t, sample(46), whole, func(o *outdoors, k int, kind local.FaultKind) bool {
			end := o.killedAt(downLine, k, kind)
			o.wantExit(o.process(downLine), exitDone)
			o.wantNothing()
			return end.fired > 0
		})
	})
	promise(t, "T3", cases)
}

// T1, T3, T16. So it is with every other run: what the real program has begun when
// it is killed, the same command ends.
func TestWhatTheKilledProgramHasBegunIsEndedByTheSameCommand(t *testing.T) {
	t.Parallel()
	for _, x := range trials {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			promise(t, x.promise, eachKill(t, min(sample(clean.calls), clean.calls), clean.from, func(o *outdoors, k int, kind local.FaultKind) bool {
				end := o.killedAt(x.command(o.rehearsal), k, kind)
				x.neverNeither(o.rehearsal)
				o.wantExit(o.process(x.command(o.rehearsal)), exitDone)
				x.wantEnd(o.rehearsal, clean)
				return end.fired > 0
			}))
		})
	}
}

// T5. What breaks a real connection, or cuts off its answer, is repaired in the same
// run as well.
func TestTheProgramOutlivesBrokenConnections(t *testing.T) {
	t.Parallel()
	want, cases := cleanUp(t), 0
	for i, kind := range []local.FaultKind{local.FaultResetBefore, local.FaultResetAfter, local.FaultEOFAfter, local.FaultCutBody, local.Fault500After} {
		for k, more := 1+7*i, true; more && !t.Failed(); k += sample(61) {
			t.Run(string(kind)+" "+strconv.Itoa(k), func(t *testing.T) {
				o := newOutdoors(t, beginning{})
				end := o.process(upLine, local.Fault{Kind: kind, Call: k})
				more = end.fired > 0
				o.wantExit(end, exitDone)
				o.wantWhole(want)
			})
			if more {
				cases++
			}
		}
	}
	promise(t, "T5", cases)
}

// hasTable says whether the table is there, with its item. One that is being
// deleted, or has been and nobody has looked since, is not.
func (r *rehearsal) hasTable() bool {
	r.Helper()
	_, err := r.tables().DescribeTable(r.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	if _, gone := errors.AsType[*types.ResourceNotFoundException](err); gone {
		return false
	}
	if err != nil {
		r.Fatal(err)
	}
	return slices.Equal(r.tasks(), []string{"Buy groceries"})
}
