package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"todoctl/local"
	"todoctl/provision"
)

// late is an AWS that shows a role only once somebody has waited for it.
type late struct {
	*vault
	roles  *iam.Client
	waited time.Duration // of the last command
	breaks bool          // the wait is interrupted
}

func newLate(t *testing.T) *late {
	t.Helper()
	v := newVault(t)
	return &late{vault: v, roles: iam.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider("somebody", "else", ""), HTTPClient: &http.Client{Transport: &http.Transport{}},
	})}
}

// file is what says how the last run ended; nil when nothing says so.
func (l *late) file() (last *unsettled) {
	data, err := os.ReadFile(l.path())
	if err == nil {
		err = json.Unmarshal(data, &last)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		l.Fatal(err)
	}
	if last != nil && last.Command == "" {
		return nil
	}
	return last
}

func (l *late) path() string {
	return filepath.Join(os.Getenv("TODOCTL_STATE"), "locks", "000000000000-eu-west-1-Todo.unsettled")
}

// write makes the file say this.
func (l *late) write(last unsettled) {
	l.Helper()
	data, err := json.Marshal(last)
	if err == nil {
		err = os.WriteFile(l.path(), data, 0o600)
	}
	if err != nil {
		l.Fatal(err)
	}
}

func (l *late) run(args ...string) ending {
	l.Helper()
	l.waited = 0
	return l.todoctl(func(a *App) {
		a.Clock.Sleep = func(ctx context.Context, d time.Duration) error {
			if d <= 5*time.Second { // a pause between two looks
				return sleep(ctx, d)
			}
			if l.waited += d; l.breaks {
				return context.Canceled
			}
			_, err := l.roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("LambdaTodoRole"), AssumeRolePolicyDocument: aws.String(trust), Tags: []iamtypes.Tag{
				{Key: aws.String(provision.TagStack), Value: aws.String("Todo")}, {Key: aws.String(provision.TagRegion), Value: aws.String("eu-west-1")},
			}})
			return err
		}
	}, args...)
}

func (l *late) hasRole() bool {
	_, err := l.roles.GetRole(l.Context(), &iam.GetRoleInput{RoleName: aws.String("LambdaTodoRole")})
	return err == nil
}

// What a run has made last that was killed, stopped or failed may show only after a
// while. A down that comes right after it waits for that, and takes it away.
func TestDownWaitsForWhatAnUnsettledRunHasMadeLast(t *testing.T) {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	for name, c := range map[string]struct {
		last        *unsettled
		atLeast, to time.Duration
	}{
		"killed":                       {&unsettled{Command: "todoctl up", Since: ago(time.Minute)}, provision.Spread, provision.Spread},
		"killed long ago":              {&unsettled{Command: "todoctl up", Since: ago(time.Hour)}, 0, 0},
		"stopped":                      {&unsettled{Command: "todoctl role", Since: ago(time.Hour), Ended: ago(10 * time.Second)}, provision.Spread - 15*time.Second, provision.Spread - 10*time.Second},
		"stopped long ago":             {&unsettled{Command: "todoctl up", Since: ago(time.Hour), Ended: ago(time.Minute)}, 0, 0},
		"on a clock that was put back": {&unsettled{Command: "todoctl up", Since: ago(-time.Hour), Ended: ago(-time.Hour)}, 0, 0},
		"ended well":                   {nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLate(t)
			if l.file() != nil {
				t.Fatal("a run that ended well says that it did not")
			}
			if c.last != nil {
				l.write(*c.last)
			}
			end := l.run("down", "--yes", "--discard-data")
			if end.exit != exitDone || l.waited < c.atLeast || l.waited > c.to || end.says("did not come to its end") != (c.to > 0) {
				t.Errorf("exit %d, waited %s:\n%s", end.exit, l.waited, end.err)
			}
			if l.hasRole() {
				t.Errorf("the role is left:\n%s", end.err)
			}
			if end := l.run("down", "--yes"); end.exit != exitDone || l.waited != 0 {
				t.Errorf("the next one waited %s; exit %d\n%s", l.waited, end.exit, end.err)
			}
		})
	}
}

// A wait that was interrupted is made good by the next down.
func TestAnInterruptedWaitIsNotForgotten(t *testing.T) {
	l := newLate(t)
	l.write(unsettled{Command: "todoctl up", Since: time.Now()})
	l.breaks = true
	if end := l.run("down", "--yes", "--discard-data"); end.exit == exitDone || l.file() == nil {
		t.Errorf("exit %d; the file is there: %v\n%s", end.exit, l.file() != nil, end.err)
	}
	l.breaks = false
	if end := l.run("down", "--dry-run"); end.exit != exitDiffers || l.waited != provision.Spread || !l.hasRole() {
		t.Errorf("exit %d, waited %s:\n%s", end.exit, l.waited, end.err)
	}
}

// Whatever makes something says so until it has ended well.
func TestARunIsUnsettledUntilItHasEndedWell(t *testing.T) {
	l := newLate(t)
	if l.run("down", "--yes", "--discard-data"); l.file() != nil {
		t.Error("down makes nothing")
	}
	refused := true
	l.on(func(operation string) *http.Response {
		if operation != "CreateTable" {
			return nil
		}
		if last := l.file(); last == nil || last.Command != "todoctl table" || !last.Ended.IsZero() {
			t.Errorf("in its middle the file says %+v", last)
		}
		if refused {
			return answer(http.StatusBadRequest, `{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}`)
		}
		return nil
	}, nil)
	if end := l.run("table", "--yes"); end.exit != exitFailed || l.file() == nil || l.file().Ended.IsZero() {
		t.Errorf("exit %d, and then it says %+v:\n%s", end.exit, l.file(), end.err)
	}
	refused = false
	if end := l.run("table", "--yes"); end.exit != exitDone || l.file() != nil {
		t.Errorf("exit %d, and then it says %+v:\n%s", end.exit, l.file(), end.err)
	}
}

// A run that ends before it has made anything leaves what was said of the one before.
func TestARunThatMadeNothingSaysNothing(t *testing.T) {
	for name, last := range map[string]unsettled{"after a good end": {}, "after a kill": {Command: "todoctl up", Since: time.Now().UTC().Truncate(time.Second)}} {
		t.Run(name, func(t *testing.T) {
			l := newLate(t)
			l.write(last)
			l.on(func(operation string) *http.Response {
				if operation != "DescribeTable" {
					return nil
				}
				return answer(http.StatusBadRequest, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}`)
			}, nil)
			if end := l.run("table", "--yes"); end.exit != exitCredentials {
				t.Errorf("exit %d:\n%s", end.exit, end.err)
			}
			if got := l.file(); (got == nil) != (last.Command == "") || got != nil && *got != last {
				t.Errorf("it says %+v, not %+v", got, last)
			}
		})
	}
}

// The rehearsal shows at once what it has: nobody waits there.
func TestARehearsalIsNeverUnsettled(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(upLine, local.Fault{Kind: local.Fault500Before, Operation: "CreateFunction", Times: local.Always}), exitFailed)
		if files, err := filepath.Glob(filepath.Join(r.dir, "state", "locks", "*.unsettled")); err != nil || len(files) > 0 {
			t.Errorf("there are %v, %v", files, err)
		}
		if end := r.run(downLine); end.exit != exitDone || end.took >= provision.Spread {
			t.Errorf("exit %d after %s:\n%s", end.exit, end.took, end.err)
		}
	})
}
