//go:build !windows

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"todoctl/provision"
)

// holding starts `up` and keeps it in its first write.
func holding(t *testing.T, x *wire) *process {
	t.Helper()
	held := make(chan struct{})
	var once sync.Once
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".CreateTable") {
			next.ServeHTTP(w, r)
			return
		}
		once.Do(func() { close(held) })
		silence(t, r)
	})
	p := x.process("up", "--yes").start()
	<-held
	return p
}

func TestASecondTodoctlIsToldWhoIsAtWork(t *testing.T) {
	x := newWire(t)
	backup := filepath.Join(t.TempDir(), "items.jsonl")
	x.must(0, "up", "--yes")
	x.must(0, "down", "--yes", "--backup", backup)
	before := x.writes()
	first := holding(t, x)
	said := regexp.MustCompile(`error: another todoctl is at work on the stack Todo \(pid ` + strconv.Itoa(first.cmd.Process.Pid) + `, todoctl\s+up,\s+since\s+\d\d:\d\d:\d\d\)`)
	for _, args := range [][]string{
		{"up", "--yes"}, {"table", "--yes"}, {"alarm", "--yes"}, {"down", "--yes", "--discard-data"}, {"restore", "--yes", backup},
	} {
		p := x.must(exitFailed, args...)
		if words := p.errs.String(); !said.MatchString(words) || !strings.Contains(words, "try:   todoctl "+strings.Join(args, " ")) {
			t.Errorf("%v says:\n%s", args, words)
		}
	}
	if n := x.writes() - before; n != 0 {
		t.Errorf("%d changes were made", n)
	}
	// What only looks is free, and so is another stack.
	x.must(exitDiffers, "up", "--dry-run")
	looked := x.must(exitDiffers, "status")
	if words := strings.Join(strings.Fields(looked.errs.String()), " "); !strings.Contains(words, "note: another todoctl is at work on the stack Todo (pid "+strconv.Itoa(first.cmd.Process.Pid)+", todoctl up, since") {
		t.Errorf("status does not say that somebody is at work:\n%s", words)
	}
	x.must(exitDone, "role", "--yes", "--stack", "Chat")
	// Killed, it leaves no lock behind.
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.end()
	x.meddle(nil)
	if words := x.must(exitDiffers, "status").errs.String(); strings.Contains(words, "at work") {
		t.Errorf("nobody is at work any more:\n%s", words)
	}
	x.must(0, "up", "--yes")
}

func TestAQuestionHoldsTheLock(t *testing.T) {
	x := newWire(t)
	asked := start(t, x.env, "up")
	asked.expect("Go through these 6 steps?")
	x.must(exitFailed, "up", "--yes")
	asked.press(ctrlC)
	if exit := asked.end(); exit != exitInterrupted {
		t.Errorf("exit %d", exit)
	}
	x.must(0, "up", "--yes")
}

func TestWithoutAPlaceForTheLockTheWorkGoesOn(t *testing.T) {
	x := newWire(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.env = append(x.env, "TODOCTL_STATE="+filepath.Join(file, "state"))
	p := x.must(0, "up", "--yes")
	if !strings.Contains(p.errs.String(), "note: start no second todoctl") {
		t.Errorf("it does not say so:\n%s", p.errs.String())
	}
}

// What a killed run has made last may show only after a while. A down that comes
// right after it waits for that, and takes it away.
func TestDownWaitsForWhatAKilledRunHasMadeLast(t *testing.T) {
	for name, c := range map[string]struct {
		command string
		ago     time.Duration
		waits   bool
	}{
		"up":              {"todoctl up", time.Minute, true},
		"a step":          {"todoctl role", time.Minute, true},
		"up, long ago":    {"todoctl up", 2 * time.Hour, false},
		"down":            {"todoctl down", time.Minute, false},
		"one that ended":  {"", time.Minute, false},
		"of another time": {"todoctl up", -100 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			locks := filepath.Join(os.Getenv("TODOCTL_STATE"), "locks")
			file := filepath.Join(locks, "000000000000-eu-west-1-Todo.json")
			if _, err := os.Stat(file); err != nil { // made by the first command
				t.Fatal(err)
			}
			if c.command != "" {
				data, err := json.Marshal(holder{PID: 4194303, Command: c.command, Since: time.Now().Add(-c.ago)})
				if err == nil {
					err = os.WriteFile(file, data, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			roles := iam.NewFromConfig(aws.Config{
				Region: "eu-west-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
				Credentials: credentials.NewStaticCredentialsProvider("somebody", "else", ""), HTTPClient: &http.Client{Transport: &http.Transport{}},
			})
			waited := false
			appear := func(ctx context.Context, d time.Duration) error {
				if d != newness {
					return sleep(ctx, d)
				}
				waited = true
				_, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("LambdaTodoRole"), AssumeRolePolicyDocument: aws.String(trust), Tags: []iamtypes.Tag{
					{Key: aws.String(provision.TagStack), Value: aws.String("Todo")}, {Key: aws.String(provision.TagRegion), Value: aws.String("eu-west-1")},
				}})
				return err
			}
			end := v.todoctl(func(a *App) { a.Clock.Sleep = appear }, "down", "--yes", "--discard-data")
			if end.exit != exitDone || waited != c.waits || end.says("was cut off") != c.waits {
				t.Errorf("exit %d, waited: %v\n%s", end.exit, waited, end.err)
			}
			if _, err := roles.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("LambdaTodoRole")}); err == nil {
				t.Errorf("the role is left:\n%s", end.err)
			}
			waited = false
			if end := v.todoctl(func(a *App) { a.Clock.Sleep = appear }, "down", "--yes"); end.exit != exitDone || waited {
				t.Errorf("the next one waited: %v; exit %d\n%s", waited, end.exit, end.err)
			}
		})
	}
}
