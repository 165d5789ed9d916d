//go:build !windows

package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"todoctl/local"
)

// writes puts messages into the function's log, as an environment of it would.
func (a account) writes(messages ...string) {
	a.t.Helper()
	group, stream := aws.String(a.LogGroupName()), aws.String("2026/11/24/[$LATEST]0")
	_, _ = a.Logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}) // once is enough
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream}
	for _, m := range messages {
		in.LogEvents = append(in.LogEvents, logstypes.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(m)})
	}
	a.done(a.Logs.PutLogEvents(ctx, in))
}

// request are the lines of one request.
func request(id string, lines ...string) []string {
	all := append([]string{"START RequestId: " + id + " Version: $LATEST\n"}, lines...)
	return append(all, "END RequestId: "+id+"\n", "REPORT RequestId: "+id+"\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t\n")
}

// following runs `logs -f` while others go on, until they call stop.
func (r *rehearsal) following(args string, others func(stop func()), plan ...local.Fault) ending {
	r.Helper()
	ctx, stop := context.WithCancel(r.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		others(stop)
	}()
	end := r.runThrough(ctx, r.network(plan...), "logs -f "+args)
	<-over
	return end
}

func TestLogsFollowedTellWhatIsWrittenUntilCtrlC(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "jsonl"} {
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			a := r.up().account()
			a.writes(request("11111111-a", "before\n")...)
			end := r.following("--output "+format+" -n 2", func(stop func()) {
				time.Sleep(10 * time.Second)
				a.writes(request("22222222-b", "[ERROR] KeyError: 'x'\nTraceback (most recent call last):\n  File \"f\"\n")...)
				time.Sleep(10 * time.Minute)
				a.writes(request("33333333-c", "after\n")...)
				time.Sleep(time.Second)
				stop()
			})
			if end.exit != exitDone {
				r.Errorf("in %s, Ctrl-C ends it with %d: %s", format, end.exit, end.err)
			}
			inOrder(r.T, end.out, "before", "11111111", "KeyError", "File", "22222222", "after", "33333333")
			if strings.Contains(end.out, "Scan") || strings.Contains(end.out, "START") {
				r.Errorf("in %s it tells more than was asked for: %s", format, end.out)
			}
		})
	}
}

// inOrder wants these texts, one after the other and each once.
func inOrder(t *testing.T, text string, wants ...string) {
	t.Helper()
	rest := text
	for _, want := range wants {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("%q is missing behind what comes before it in\n%s", want, text)
		}
		rest = after
	}
}

// What passes while somebody follows, passes: nothing is lost, and it is said once.
func TestLogsFollowedOutliveAnOutage(t *testing.T) {
	t.Parallel()
	for _, kind := range []local.FaultKind{local.FaultThrottle, local.Fault500Before, local.FaultHTML, local.FaultStall, local.FaultNoName} {
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			a := r.up().account()
			outage := local.Fault{Kind: kind, Operation: "FilterLogEvents", Call: 3, Times: 20} // more than one call's attempts
			end := r.following("", func(stop func()) {
				time.Sleep(10 * time.Second)
				a.writes(request("11111111-a", "meanwhile\n")...)
				time.Sleep(20 * time.Minute)
				stop()
			}, outage)
			if end.exit != exitDone || end.fired != 20 || strings.Count(end.err, "Going on.") != 1 || strings.Count(end.err, "AWS answers again.") != 1 {
				r.Errorf("%s: exit %d after %d faults: %s", kind, end.exit, end.fired, end.err)
			}
			inOrder(r.T, end.out, "meanwhile", "11111111")
		})
	}
}

// An outage at the very beginning does not make all of a week new.
func TestLogsFollowedBeginWithTheNewestLines(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		for i := range 30 {
			a.writes(request(fmt.Sprintf("%08d-a", i), "old\n")...)
		}
		outage := local.Fault{Kind: local.FaultThrottle, Operation: "FilterLogEvents", Call: 1, Times: 20}
		end := r.following("-n 2 --request 000", func(stop func()) {
			time.Sleep(20 * time.Minute)
			a.writes(request("00099999-b", "new\n")...)
			time.Sleep(time.Minute)
			stop()
		}, outage)
		if end.exit != exitDone || end.fired != 20 || strings.Count(end.out, "request 000") != 2 || strings.Count(end.err, "AWS answers again.") != 1 {
			r.Errorf("exit %d after %d faults: %s%s", end.exit, end.fired, end.err, end.out)
		}
	})
}

// What does not pass ends it.
func TestLogsFollowedEndWhereAWSRefuses(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		refused := always(local.FaultDenied, "FilterLogEvents")
		refused.Call = 2
		end := r.up().following("", func(func()) {}, refused)
		if end.exit != exitCredentials || !strings.Contains(end.err, "your AWS identity may not") {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
	})
}

func TestLogsFollowedWaitForAGroupThatIsNotThereYet(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.account()
		end := r.following("", func(stop func()) {
			time.Sleep(time.Minute)
			a.done(a.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(a.LogGroupName())}))
			a.writes(request("11111111-a", "at last\n")...)
			time.Sleep(time.Second)
			stop()
		})
		if end.exit != exitDone || strings.Count(end.err, "There is no log group /aws/lambda/TodoHandler yet") != 1 {
			r.Errorf("exit %d: %s", end.exit, end.err)
		}
		inOrder(r.T, end.out, "at last", "11111111")
	})
}

func TestLogsOfOneRequestAreItsOwnLines(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		a.writes(request("11111111-a", "mine\n")...)
		a.writes(request("22222222-b", "another's\n")...)
		end := r.run("logs --request 1111")
		if lines := strings.Count(end.out, "\n"); end.exit != exitDone || lines != 2 {
			r.Errorf("exit %d, %d lines: %s", end.exit, lines, end.out)
		}
		inOrder(r.T, end.out, "mine", "done", "11111111")
		if raw := r.run("logs --raw --request 1111"); strings.Count(raw.out, "\n") != 4 || strings.Contains(raw.out, "22222222") {
			r.Errorf("raw: %s", raw.out)
		}
		if none := r.run("logs --request nobody"); none.exit != exitDone || none.out != "" || !strings.Contains(none.err, "no such lines in the last 7d") {
			r.Errorf("exit %d, %q: %s", none.exit, none.out, none.err)
		}
	})
}

// -n is about what is shown: a request of many lines is not cut short by those
// that Lambda writes around it.
func TestLogsShowAsManyLinesAsWanted(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		for range 30 {
			time.Sleep(time.Second)
			a.writes(request("11111111-a", "one\n", "two\n")...)
		}
		for _, n := range []string{"1", "7", "50"} {
			end := r.run("logs -n " + n)
			if got := strings.Count(end.out, "\n"); end.exit != exitDone || n != map[int]string{1: "1", 7: "7", 50: "50"}[got] || !strings.HasSuffix(end.out, "request 11111111\n") {
				r.Errorf("-n %s prints %d lines: %s", n, got, end.out)
			}
		}
	})
}

// What the function writes is shown and never obeyed, and this run's own keys are
// not shown, even if the function had them.
func TestLogsObeyNothingAndHideOwnKeys(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up().account().writes("\x1b]0;gone\x07\x1b[2J and AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")
		for _, format := range []string{"text", "json", "jsonl"} {
			app := r.app(r.network(), "logs", "--local", "-n", "1", "--output", format)
			app.OutTerminal = true
			app.Getenv = func(name string) string {
				return map[string]string{"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "TERM": "xterm"}[name]
			}
			r.start()
			exit, out := Main(r.Context(), app), ""
			out = app.Out.(interface{ String() string }).String()
			if exit != exitDone || strings.ContainsAny(out, "\x1b\x07") || strings.Contains(out, "7MDENG") || strings.Contains(out, "AKIAIOSFODNN7EXAMPLE") || !strings.Contains(out, "gone") {
				r.Errorf("in %s, exit %d: %q", format, exit, out)
			}
		}
	})
}

// The colour says nothing that a word does not say, and only a terminal has it.
func TestLogsAreColouredOnATerminalOnly(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up().account().writes(request("11111111-a", "[ERROR] KeyError: 'x'\n", "[WARNING]\t2026-11-24T10:15:00.000Z\t11111111-a\tslow\n")...)
		show := func(terminal bool, noColor string) string {
			app := r.app(r.network(), "logs", "--local", "-n", "3")
			app.OutTerminal = terminal
			app.Getenv = func(name string) string { return map[string]string{"TERM": "xterm", "NO_COLOR": noColor}[name] }
			if exit := Main(r.Context(), app); exit != exitDone {
				r.Errorf("exit %d", exit)
			}
			return app.Out.(interface{ String() string }).String()
		}
		coloured, plain := show(true, ""), show(false, "")
		inOrder(r.T, coloured, red+"error "+reset+" [ERROR] KeyError", yellow+"warn  "+reset+" slow", red+"failed"+reset)
		if uncoloured := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(coloured, ""); uncoloured != plain || plain != show(true, "1") {
			r.Errorf("it is %q in colours, and %q without", coloured, plain)
		}
	})
}

func TestLogsRefuseWhatCannotBe(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, args := range []string{"--since 0s", "--since -1h", "--since 400d", "--since 1", "-n 0", "-f --output json"} {
			if end := r.run("logs " + args); end.exit != exitUsage || len(end.calls) > 0 {
				r.Errorf("logs %s ends with %d after %d calls: %s", args, end.exit, len(end.calls), end.err)
			}
		}
		for text, want := range map[string]time.Duration{"30s": 30 * time.Second, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour} {
			if got, err := readSpan(text); err != nil || got != want {
				r.Errorf("%s is %v, %v", text, got, err)
			}
		}
	})
}
