//go:build !windows

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todoctl/provision"
)

// A program that asked for JSON gets it, also when the command line is wrong.
func TestAWrongCommandLineIsRefusedInJSON(t *testing.T) {
	env := home(t)
	for _, args := range [][]string{
		{"up", "--bogus", "--output", "json"}, {"up", "--output=json", "--limit", "abc"}, {"status", "-o", "json", "extra"}, {"-ojson", "bogus"}, {"up", "-o", "json"},
	} {
		out, errs, exit := run(t, env, args...)
		var d document
		if err := json.Unmarshal([]byte(out), &d); err != nil || exit != exitUsage || d.Error == nil || d.Error.What == "" || !idForm.MatchString(d.Error.ID) || d.Error.Exit != exitUsage || d.Schema != schema {
			t.Errorf("%v: exit %d, stdout %q, stderr %q: %v", args, exit, out, errs, err)
		}
	}
	if out, errs, exit := run(t, env, "up", "--bogus"); exit != exitUsage || out != "" || !strings.Contains(errs, "unknown flag") {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, out, errs)
	}
}

func TestWhatCannotBePrintedIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine has no /dev/full")
	}
	defer full.Close()
	x := newWire(t)
	x.must(0, "up", "--yes")
	for _, args := range [][]string{{"status"}, {"status", "--output", "json"}, {"local", "status"}, {"test"}, {"up", "--yes"}} {
		p := x.process(args...)
		p.cmd.Stdout = full
		if exit := p.start().end(); exit != exitFailed || !strings.Contains(p.errs.String(), "no space left") && args[len(args)-1] != "json" {
			t.Errorf("%v: exit %d:\n%s", args, exit, p.errs.String())
		}
	}
}

func TestAStateFolderThatCannotBeMadeIsNamedWithAWayOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, exit := run(t, home(t, "TODOCTL_STATE="+filepath.Join(file, "state")), "up", "--local", "--yes")
	if exit != exitFailed || !strings.Contains(errs, "try:   TODOCTL_STATE=$HOME/todoctl-state todoctl up --local --yes") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}

func TestAWrongLagIsTheRealError(t *testing.T) {
	_, errs, exit := run(t, home(t), "local", "start", "--lag", "xx")
	if exit != exitUsage || !strings.Contains(errs, `--lag "xx" is not known`) || !strings.Contains(errs, "todoctl local start --lag short") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}

func TestARegionThatNobodyKnowsIsNoFaultOfTheNetwork(t *testing.T) {
	gone := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "sts.us-moon-1.amazonaws.com", IsNotFound: true}}
	for region, id := range map[string]string{"us-moon-1": "TODO-ACCT-04", "us-east-1": "TODO-NET-01", "": "TODO-NET-01", "cn-north-1": "TODO-NET-01", "af-south-1": "TODO-NET-01", "me-west-1": "TODO-NET-01"} {
		on := nowhere
		on.region = region
		if p := explain(gone, on); p.ID != id {
			t.Errorf("%q: %+v", region, p)
		}
	}
}

// The Region that was wrong is not repeated, and the rest is.
func TestTheLineForAnotherRegionTakesThePlaceOfTheOneThatWasTyped(t *testing.T) {
	env := home(t, "AWS_ACCESS_KEY_ID=AKIACANARY", "AWS_SECRET_ACCESS_KEY=canary")
	for _, typed := range [][]string{{"--region", "us-east"}, {"--region=us-east"}} {
		_, errs, exit := run(t, env, append([]string{"up", "--yes"}, typed...)...)
		if exit == 0 || !strings.Contains(errs, "try:   todoctl up --yes --region us-east-1\n") {
			t.Errorf("%v: exit %d:\n%s", typed, exit, errs)
		}
	}
}

func TestALocalAWSThatHasEndedIsToldAsSuch(t *testing.T) {
	cut := &provision.StepError{Step: "role", Action: provision.Create, Err: fmt.Errorf("send: %w", &net.OpError{Op: "dial", Err: os.ErrClosed})}
	on := way{again: "todoctl up --local", with: todoctlLine, apart: todoctlLine, local: true}
	p := explain(cut, on)
	if !strings.Contains(p.What, "could not create the role: the local AWS does not answer any more") || !strings.Contains(p.Fix[0], "todoctl up --local") {
		t.Errorf("%+v", p)
	}
	on.local = false
	if p := explain(cut, on); !strings.Contains(p.What, "no connection to AWS") {
		t.Errorf("%+v", p)
	}
}
