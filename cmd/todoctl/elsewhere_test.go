//go:build !windows

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todoctl/handler"
	"todoctl/provision"
)

// pasted runs what a step says to paste, all of it in one shell and in order, as
// somebody who is signed in to this AWS. Only the sleeping is left out.
func (g *guarded) pasted(dir string, cfg provision.Config, steps ...string) string {
	g.t.Helper()
	text := "set -e\nsleep() { :; }\n"
	for _, step := range steps {
		text += strings.Join(provision.ElsewhereOf(cfg, step).Commands, "\n") + "\n"
	}
	cmd := exec.CommandContext(g.t.Context(), "bash", "-c", text)
	cmd.Dir = dir
	cmd.Env = home(g.t, "AWS_ENDPOINT_URL="+g.url, "AWS_ACCESS_KEY_ID=AKIDPERSON", "AWS_SECRET_ACCESS_KEY=x", "AWS_PAGER=",
		"no_proxy=127.0.0.1,localhost", "NO_PROXY=127.0.0.1,localhost")
	out, err := cmd.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%v\n%s\nof\n%s", err, out, text)
	}
	return string(out)
}

// resources are the steps that make something.
func resources() []string {
	return slices.DeleteFunc(provision.Names(), func(s string) bool { return s == "test" })
}

// needed skips a test on a machine that has not got what it runs.
func needed(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not on this machine", name)
		}
	}
}

// zipped is the code that the lines have made.
func zipped(t *testing.T, file string) provision.Code {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	ours, err := handler.Default("")
	if err != nil {
		t.Fatal(err)
	}
	return provision.Code{Zip: data, SHA256: base64.StdEncoding.EncodeToString(sum[:]), Handler: ours.Handler, Source: "the pasted lines"}
}

// What the lines have made is what todoctl would make: its plan keeps all of it,
// and notes the hash of the code at most.
func TestThePastedLinesMakeTheStack(t *testing.T) {
	needed(t, "aws", "bash", "zip")
	for name, choose := range map[string]func(*provision.Config){
		"as the walkthrough does by itself": func(c *provision.Config) { c.Email = "me@example.com" },
		"with other choices": func(c *provision.Config) {
			c.Stack, c.Policy, c.Auth, c.Runtime = "Chat", provision.PolicyTutorial, provision.AuthIAM, "python3.13"
			c.Guard, c.LimitUSD, c.Email = provision.GuardAlarm, 5, "o'neil@example.com"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, filepath.Join(t.TempDir(), "aws.db"), "", false)
			defer g.stop()
			cfg, clients := g.clients()
			ours, err := handler.Default("")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Code = provision.Code{Zip: ours.Zip, SHA256: ours.SHA256, Handler: ours.Handler, Source: ours.Source}
			choose(&cfg)
			dir := t.TempDir()
			g.pasted(dir, cfg, resources()...)

			cfg.Code = zipped(t, filepath.Join(dir, cfg.FunctionName()+".zip"))
			plan, err := provision.Plan(t.Context(), provision.Teardown(cfg, clients), provision.Up)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan) != len(resources()) {
				t.Errorf("the plan has %d steps", len(plan))
			}
			for _, c := range plan {
				// No line can say the hash of a zip that another line makes: up notes it.
				noted := func(d provision.Diff) bool { return c.Name() == "function" && d.Field == "tag "+provision.TagSHA256 }
				if len(c.Seen.Diffs) == 1 && noted(c.Seen.Diffs[0]) {
					continue
				}
				if c.Action != provision.Keep || c.Seen.State != provision.OK {
					t.Errorf("todoctl would %s the %s, which is %s: %v %s", c.Action, c.Name(), c.Seen.State, c.Seen.Diffs, c.Seen.Owner)
				}
			}
		})
	}
}

// The lines' zip holds the same file as todoctl's and is not the same zip, as the
// note beside them says: up puts its own in its place and notes its hash in a tag,
// and changes nothing else.
func TestUpAfterThePastedLinesChangesTheCodeAlone(t *testing.T) {
	needed(t, "aws", "bash", "zip", "curl")
	t.Parallel()
	g := guard(t, filepath.Join(t.TempDir(), "aws.db"), "", false)
	defer g.stop()
	cfg, _ := g.clients()
	cfg.Code.Handler, cfg.Guard, cfg.Email = "lambda_function.lambda_handler", provision.GuardBudget, "me@example.com"
	dir := t.TempDir()
	g.pasted(dir, cfg, resources()...)
	before := len(g.server.Calls())
	text, exit := g.todoctl("up", "--yes", "--guard", "budget", "--email", "me@example.com")
	if exit != exitDone {
		t.Fatalf("up ends with %d:\n%s", exit, text)
	}
	var writes []string
	for _, c := range g.server.Calls()[before:] {
		if c.Write {
			writes = append(writes, c.Operation)
		}
	}
	if !slices.Equal(writes, []string{"TagResource", "UpdateFunctionCode", "TagResource"}) {
		t.Errorf("up writes %v", writes)
	}
	// With todoctl's own code in place the local AWS can run it, and the curl lines work.
	if said := g.pasted(dir, cfg, "test"); strings.Count(said, provision.TestTask) < 2 {
		t.Errorf("the curl lines do not show the to-do:\n%s", said)
	}
}
