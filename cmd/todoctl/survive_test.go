package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
)

// full says that every case is run, as CI does: TODOCTL_FULL=1 go test. The
// short form takes a sample of the same cases.
var full = os.Getenv("TODOCTL_FULL") != ""

// The commands whose every call is made to fail.
const (
	upLine     = "up --yes --email me@example.com"
	statusLine = "status"
	downLine   = "down --yes --discard-data"
)

// sample is every n-th case in the short form, and every one in the full form.
func sample(n int) int {
	if full {
		return 1
	}
	return n
}

// eachCall runs a case for the first call of a command, the second, and so on,
// until one in which nothing was struck because call k was never made. New
// calls are covered by themselves.
func eachCall(t *testing.T, stride int, lags local.Lags, run func(r *rehearsal, k int) (struck bool)) (cases int) {
	t.Helper()
	for k, more := 1, true; more && !t.Failed(); k += stride {
		t.Run(strconv.Itoa(k), func(t *testing.T) {
			rehearse(t, lags, func(r *rehearsal) { more = run(r, k) })
		})
		if more {
			cases++
		}
	}
	return cases
}

// promise notes how many cases of a promise a test has run.
func promise(t *testing.T, name string, cases int) {
	t.Helper()
	if cases == 0 {
		t.Error("no case was run")
	}
	t.Attr("promise", name)
	t.Attr("cases", strconv.Itoa(cases))
}

// cleanUp is what an account holds after an `up` in which nothing goes wrong.
func cleanUp(t *testing.T) (contents string) {
	t.Helper()
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(upLine), exitDone)
		contents = r.contents()
	})
	return contents
}

func (r *rehearsal) wantExit(end ending, exits ...int) {
	r.Helper()
	if !slices.Contains(exits, end.exit) {
		r.Fatalf("it exits %d, not %v:\n%s%s", end.exit, exits, end.out, end.err)
	}
}

// wantWhole checks that the account holds what a clean `up` makes, that another
// `up` writes nothing and that `status` finds nothing.
func (r *rehearsal) wantWhole(clean string) {
	r.Helper()
	if d := difference(clean, r.contents()); d != "" {
		r.Errorf("the account is not as after a clean up:\n%s", d)
	}
	if again := r.run(upLine); again.exit != exitDone || again.writes != 0 {
		r.Errorf("another up exits %d after %d writes:\n%s", again.exit, again.writes, again.err)
	}
	if seen := r.run(statusLine); seen.exit != exitDone {
		r.Errorf("status exits %d:\n%s", seen.exit, seen.out)
	}
}

// wantNothing checks that nothing at all is left.
func (r *rehearsal) wantNothing() {
	r.Helper()
	if left := r.contents(); left != "{}" {
		r.Errorf("left:\n%s", left)
	}
}

// tables speaks to the account behind todoctl's back.
func (r *rehearsal) tables() *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{
		Region: localRegion, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: &http.Client{Transport: r.cloud.Transport()},
	})
}

// tasks are the to-dos in the table, by their text.
func (r *rehearsal) tasks() []string {
	r.Helper()
	out, err := r.tables().Scan(r.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
	if err != nil {
		r.Fatal(err)
	}
	var tasks []string
	for _, item := range out.Items {
		if task, ok := item["task"].(*types.AttributeValueMemberS); ok {
			tasks = append(tasks, task.Value)
		}
	}
	slices.Sort(tasks)
	return tasks
}

// difference shows two texts' lines that the other one does not have.
func difference(want, got string) string {
	wanted, found := strings.Split(want, "\n"), strings.Split(got, "\n")
	var lines []string
	for _, line := range found {
		if !slices.Contains(wanted, line) {
			lines = append(lines, "+"+line)
		}
	}
	for _, line := range wanted {
		if !slices.Contains(found, line) {
			lines = append(lines, "-"+line)
		}
	}
	if lines == nil && want != got {
		return "the same lines in another order or number"
	}
	return strings.Join(lines, "\n")
}

// The kinds of fault by what becomes of the call.
var (
	lostAnswers = []local.FaultKind{local.Fault500After, local.FaultResetAfter, local.FaultEOFAfter, local.FaultCutBody, local.FaultStallAfter}
	passing     = []local.FaultKind{local.FaultThrottle, local.FaultRetryAfter, local.Fault500Before, local.FaultResetBefore, local.FaultStall, local.FaultNoName, local.FaultSkew}
	lasting     = []local.FaultKind{local.FaultThrottle, local.Fault500Before, local.FaultResetBefore, local.FaultStall, local.FaultHTML, local.FaultNoName, local.FaultExpired, local.FaultDenied}
)

// T5. Whatever answer is lost, the same run goes on to the end, and nothing is
// there twice.
func TestEveryLostAnswerIsRepairedInTheSameRun(t *testing.T) {
	clean := cleanUp(t)
	cases := 0
	for i, kind := range slices.Concat(lostAnswers, passing) {
		t.Run(string(kind), func(t *testing.T) {
			t.Run("up", func(t *testing.T) {
				cases += eachCall(t, sample(23+i%3), local.Lags{}, func(r *rehearsal, k int) bool {
					end := r.run(upLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					r.wantWhole(clean)
					if tasks := r.tasks(); !slices.Equal(tasks, []string{"Buy groceries"}) {
						r.Errorf("the table holds %q", tasks)
					}
					return end.fired > 0
				})
			})
			t.Run("down", func(t *testing.T) {
				cases += eachCall(t, sample(31+i%3), local.Lags{}, func(r *rehearsal, k int) bool {
					r.wantExit(r.run(upLine), exitDone)
					end := r.run(downLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					r.wantNothing()
					return end.fired > 0
				})
			})
			t.Run("status", func(t *testing.T) {
				cases += eachCall(t, sample(16+i%3), local.Lags{}, func(r *rehearsal, k int) bool {
					r.wantExit(r.run(upLine), exitDone)
					end := r.run(statusLine, local.Fault{Kind: kind, Call: k})
					r.wantExit(end, exitDone)
					return end.fired > 0
				})
			})
		})
	}
	promise(t, "T5", cases)
}

// T6. When a call fails for good, the run ends with a reason and a way on, and
// once the reason has gone the way leads to the end.
func TestALastingFaultEndsWithAReasonAndAWayOn(t *testing.T) {
	clean := cleanUp(t)
	cases, slowest := 0, time.Duration(0)
	for i, kind := range lasting {
		t.Run(string(kind), func(t *testing.T) {
			t.Run("up", func(t *testing.T) {
				cases += eachCall(t, sample(23+i%3), local.Lags{}, func(r *rehearsal, k int) bool {
					end := r.run(upLine, local.Fault{Kind: kind, Call: k, Times: local.Always})
					if end.fired == 0 {
						return false
					}
					slowest = max(slowest, end.took)
					r.wantReason(end, kind)
					r.wantExit(r.run(upLine), exitDone)
					r.wantWhole(clean)
					return true
				})
			})
			t.Run("down", func(t *testing.T) {
				cases += eachCall(t, sample(31+i%3), local.Lags{}, func(r *rehearsal, k int) bool {
					r.wantExit(r.run(upLine), exitDone)
					end := r.run(downLine, local.Fault{Kind: kind, Call: k, Times: local.Always})
					if end.fired == 0 {
						return false
					}
					slowest = max(slowest, end.took)
					r.wantReason(end, kind)
					r.wantExit(r.run(downLine), exitDone)
					r.wantNothing()
					return true
				})
			})
		})
	}
	t.Logf("the slowest of %d took %s", cases, slowest)
	promise(t, "T6", cases)
}

// wantReason checks how a run ends that something has stopped for good.
func (r *rehearsal) wantReason(end ending, kind local.FaultKind) {
	r.Helper()
	want := exitFailed
	if struck := end.calls[len(end.calls)-end.fired]; !strings.HasSuffix(struck, " /") && (kind == local.FaultExpired || kind == local.FaultDenied) {
		want = exitCredentials
	}
	r.wantExit(end, want)
	if !strings.Contains(end.err, "try: ") {
		r.Errorf("it does not say how to go on:\n%s", end.err)
	}
	for _, raw := range []string{"operation error", "https response error", "RequestID", "goroutine ", "smithy", "<html", "0x"} {
		if strings.Contains(end.err, raw) {
			r.Errorf("it shows the SDK's own words (%q):\n%s", raw, end.err)
		}
	}
	if end.took > 15*time.Minute {
		r.Errorf("it took %s", end.took)
	}
}

// T7. Throttled up to seven times at any call, or at all of them, a run is only
// slower.
func TestThrottlingIsWaitedOut(t *testing.T) {
	clean := cleanUp(t)
	cases := 0
	for m := 1; m <= 7; m++ {
		t.Run(fmt.Sprintf("%d times at one call", m), func(t *testing.T) {
			cases += eachCall(t, sample(29+m), local.Lags{}, func(r *rehearsal, k int) bool {
				end := r.run(upLine, local.Fault{Kind: local.FaultThrottle, Call: k, Times: m})
				r.wantExit(end, exitDone)
				r.wantWhole(clean)
				return end.fired > 0
			})
		})
		t.Run(fmt.Sprintf("%d times at every call", m), func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				var plan []local.Fault
				for i := range 400 {
					plan = append(plan, local.Fault{Kind: local.FaultThrottle, Call: 1 + i*(m+1), Times: m})
				}
				r.wantExit(r.run(upLine, plan...), exitDone)
				r.wantWhole(clean)
				r.wantExit(r.run(downLine, plan...), exitDone)
				r.wantNothing()
			})
			cases++
		})
	}
	t.Run("8 times", func(t *testing.T) {
		cases += eachCall(t, sample(29), local.Lags{}, func(r *rehearsal, k int) bool {
			end := r.run(upLine, local.Fault{Kind: local.FaultThrottle, Call: k, Times: 8})
			r.wantExit(end, exitFailed, exitDone) // some calls are asked again by their step
			r.wantExit(r.run(upLine), exitDone)
			r.wantWhole(clean)
			return end.fired > 0
		})
	})
	promise(t, "T7", cases)
}

// dying is a network that is gone from a moment on: what a killed program sends
// no more.
type dying struct {
	http.RoundTripper
	dead func() bool
}

func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.dead() && !strings.HasPrefix(r.URL.Path, controlPath) {
		return nil, io.ErrClosedPipe
	}
	return d.RoundTripper.RoundTrip(r)
}

// killed runs todoctl until its k-th call, which still arrives or does not, and
// nothing of it after that.
func (r *rehearsal) killed(args string, k int, kind local.FaultKind) ending {
	r.Helper()
	ctx, kill := context.WithCancel(r.Context())
	defer kill()
	network := r.network(local.Fault{Kind: kind, Call: k, Do: kill})
	if kind == local.FaultBefore {
		network = r.networkOver(dying{r, func() bool { return ctx.Err() != nil }}, local.Fault{Kind: kind, Call: k, Do: kill})
	}
	return r.runThrough(ctx, network, args+" --parallel 1")
}

// T4. Killed twice, at any two calls, the third run makes it whole.
func TestKilledTwiceTheThirdRunContinues(t *testing.T) {
	clean := cleanUp(t)
	cases := 0
	for first := 1; ; first += sample(24) {
		more := false
		t.Run(strconv.Itoa(first), func(t *testing.T) {
			cases += eachCall(t, sample(24), local.Lags{}, func(r *rehearsal, k int) bool {
				kinds := []local.FaultKind{local.FaultBefore, local.FaultAfter}
				if r.killed(upLine, first, kinds[first%2]).fired > 0 {
					more = true
				}
				end := r.killed(upLine, k, kinds[k%2])
				r.wantExit(r.run(upLine), exitDone)
				r.wantWhole(clean)
				return end.fired > 0
			})
		})
		if !more || t.Failed() {
			break
		}
	}
	promise(t, "T4", cases)
}
