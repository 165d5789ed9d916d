//go:build !windows

package main

import (
	"strings"
	"testing"
)

// cloud is the environment of a person who is signed in to AWS, where AWS is the
// local one behind AWS_ENDPOINT_URL.
func cloud(t *testing.T, more ...string) []string {
	t.Helper()
	env := startedLocal(t)
	app := &App{}
	for _, v := range env {
		if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
			app.StateDir = dir
		}
	}
	b := app.readBackground()
	if b == nil {
		t.Fatal("the local AWS does not run")
	}
	env = append(env, "AWS_ENDPOINT_URL="+b.endpoint(), "AWS_ACCESS_KEY_ID=AKIDCANARY", "AWS_SECRET_ACCESS_KEY=SECRETCANARY", "AWS_SESSION_TOKEN=TOKENCANARY", "AWS_REGION=eu-west-1")
	return append(env, more...)
}

func TestTheSDKsSettingsWorkAsUsersExpect(t *testing.T) {
	t.Parallel()
	env := cloud(t)
	out, errs, exit := run(t, env, "up", "--yes")
	if exit != 0 || !strings.HasPrefix(out, "http://127.0.0.1:") {
		t.Fatalf("exit %d, stdout %q:\n%s", exit, out, errs)
	}
	for _, want := range []string{
		"Account    000000000000, paid plan",
		"You        user/local, with credentials from environment variables",
		"Region     eu-west-1 (from AWS_REGION)",
		"(not AWS's own)",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("the header does not say %q:\n%s", want, errs)
		}
	}
	if strings.Contains(errs, "local:") {
		t.Errorf("it speaks of the local AWS:\n%s", errs)
	}
	if _, errs, exit := run(t, env, "up", "--yes", "--region", "us-west-2", "--stack", "Chat"); exit != 0 || !strings.Contains(errs, "us-west-2 (from --region)") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
	// The role is the account's: the same stack elsewhere would take it over.
	if _, errs, exit := run(t, env, "up", "--yes", "--region", "us-west-2"); exit != exitForeign || !strings.Contains(errs, "in eu-west-1") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	env := cloud(t)
	for _, args := range [][]string{
		{"up", "--yes", "--debug"}, {"status", "--debug"}, {"status", "--output", "json"}, {"down", "--yes", "--discard-data", "--debug"},
	} {
		out, errs, _ := run(t, env, args...)
		for _, canary := range []string{"SECRETCANARY", "TOKENCANARY", "Signature="} {
			if strings.Contains(out+errs, canary) {
				t.Errorf("%v prints %s", args, canary)
			}
		}
		if args[len(args)-1] == "--debug" && !strings.Contains(errs, "debug: STS") {
			t.Errorf("%v does not print its calls:\n%s", args, errs)
		}
	}
}

func TestWithoutARegionTheWayToOneIsShown(t *testing.T) {
	env := home(t, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=y")
	_, errs, exit := run(t, env, "status")
	if exit != exitUsage || !strings.Contains(errs, "no AWS Region is chosen") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}

func TestAProfileThatDoesNotExistIsNamed(t *testing.T) {
	env := home(t, "AWS_REGION=eu-west-1")
	_, errs, exit := run(t, env, "status", "--profile", "nobody")
	if exit != exitCredentials || !strings.Contains(errs, "profile") || strings.Contains(errs, "shared config") {
		t.Errorf("exit %d:\n%s", exit, errs)
	}
}
