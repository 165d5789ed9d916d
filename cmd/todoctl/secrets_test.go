//go:build !windows

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"todoctl/local"
	"todoctl/provision"
)

// chatter answers with an error that tells everything, in the call's protocol.
func chatter(w http.ResponseWriter, r *http.Request, status int, code string) {
	if strings.Contains(r.Header.Get("Content-Type"), "x-www-form-urlencoded") {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
			code, strings.ReplaceAll(gossip(), "&", "&amp;"), personSecret)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", code)
	w.Header().Set("X-Amzn-Requestid", personSecret)
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":%q,"Message":%q}`, code, gossip(), gossip())
}

func TestNoSecretLeavesTodoctl(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T24")
	n, outputs := 0, 0
	all := []string{personKey, personSecret, personToken, personEmail}
	clean := func(t *testing.T, what, text string, secrets ...string) {
		t.Helper()
		outputs++
		if found := leaks(text, secrets...); len(found) > 0 {
			t.Errorf("%s shows %q:\n%s", what, found, text)
		}
	}
	for _, source := range []string{"environment", "profile", "process", "broken process"} {
		for _, fault := range []string{"none", "ValidationException", "AccessDenied", "Surprise"} {
			for _, output := range []string{"text", "json"} {
				if source == "broken process" && fault != "none" || source != "environment" && fault == "ValidationException" && output == "json" {
					continue
				}
				if n++; fault != "none" && n%sample(5) != 0 {
					continue
				}
				t.Run(source+" "+fault+" "+output, func(t *testing.T) {
					x := newWire(t)
					keys := "aws_access_key_id=" + personKey + "\naws_secret_access_key=" + personSecret + "\naws_session_token=" + personToken
					switch source {
					case "profile":
						x.profile(keys + "\n# " + personEmail)
					case "process":
						x.processCredentials(1 << 20)
					case "broken process":
						x.profile("credential_process = echo not JSON " + gossipForShell())
					}
					for _, args := range [][]string{{"up", "--yes"}, {"status"}, {"test"}, {"down", "--yes", "--discard-data"}} {
						step := 37
						if full {
							step = 7 // the next test strikes every call, with --local and with the keys from the environment
						}
						for k, more := 1, true; more; k += step {
							if fault != "none" && (args[0] == "status" && k == 1 || args[0] == "down") { // so that there is something to look at, and to take away
								x.meddle(nil)
								x.must(exitDone, "up", "--yes")
							}
							var struck atomic.Bool
							x.meddle(func(call int, w http.ResponseWriter, r *http.Request, next http.Handler) {
								if fault == "none" || call < k || strings.Contains(r.URL.Path, "/operation/") {
									next.ServeHTTP(w, r)
									return
								}
								struck.Store(true)
								chatter(w, r, http.StatusBadRequest, fault)
							})
							p := x.process(append(args, "--debug", "--output", output)...).start()
							p.end()
							clean(t, fmt.Sprint(args, k), p.out.String()+p.errs.String(), all...)
							more = struck.Load()
						}
					}
					clean(t, "the state folder", contents(t, x.state()), all...)
				})
			}
		}
	}
	t.Run("local", func(t *testing.T) {
		env := startedLocal(t, "AWS_ACCESS_KEY_ID="+personKey, "AWS_SECRET_ACCESS_KEY="+personSecret, "AWS_SESSION_TOKEN="+personToken, "EMAIL="+personEmail)
		backup := filepath.Join(t.TempDir(), "backup.jsonl")
		for _, args := range [][]string{{"up", "--local", "--yes", "--debug"}, {"status", "--local", "--debug"}, {"local", "status"}, {"down", "--local", "--yes", "--debug", "--backup", backup}} {
			out, errs, _ := run(t, env, args...)
			clean(t, fmt.Sprint(args), out+errs, all...)
		}
		for _, v := range env {
			if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
				clean(t, "the state folder", contents(t, dir), all...)
			}
		}
		clean(t, "the backup", contents(t, filepath.Dir(backup)), all...)
	})
	t.Run("another tool's calls", func(t *testing.T) {
		env := cloud(t, "AWS_ACCESS_KEY_ID="+personKey, "AWS_SECRET_ACCESS_KEY="+personSecret, "AWS_SESSION_TOKEN="+personToken)
		for _, args := range [][]string{{"up", "--yes", "--debug"}, {"status"}} {
			out, errs, _ := run(t, env, args...)
			clean(t, fmt.Sprint(args), out+errs, all...)
		}
		for _, v := range env {
			if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
				clean(t, "the state folder", contents(t, dir), personSecret, personToken, personKey)
			}
		}
	})
	t.Run("a panic", func(t *testing.T) {
		for _, where := range []string{"command", "step"} {
			exit, words := inside(t, func(ctx context.Context, c *command) error {
				if where == "command" {
					panic(gossip())
				}
				plan := []provision.Change{{Page: provision.Page{Step: panicking{}}, Seen: provision.Observation{State: provision.Absent}, Action: provision.Create}}
				return c.run(ctx, plan, provision.Options{Goal: provision.Up})
			})
			clean(t, "a panic in a "+where, words, all...)
			if exit != exitFailed || !strings.Contains(words, "todoctl made a mistake of its own; sorry") || !strings.Contains(words, "secrets_test.go") || !strings.Contains(words, "try:   todoctl work") {
				t.Errorf("a panic in a %s ends with %d and\n%s", where, exit, words)
			}
		}
	})
	t.Attr("cases", strconv.Itoa(outputs))
}

// T24. Whichever call of whichever run fails, and whatever AWS repeats of what it has
// heard: neither the words nor --debug nor a file shows it.
func TestNoSecretIsSaidOfAnyCallThatFails(t *testing.T) {
	t.Parallel()
	failing := []local.Fault{
		{Kind: local.FaultThrottle}, {Kind: local.Fault500Before}, {Kind: local.FaultExpired}, {Kind: local.FaultDenied},
		{Kind: local.FaultError, Code: "ValidationException"}, {Kind: local.FaultError, Code: "Surprise"}, {Kind: local.FaultHTML},
	}
	looks := trial{name: "status", line: statusLine, begin: func(r *rehearsal) { r.up() }}
	outputs, masked := 0, 0
	for _, x := range slices.Concat(plainTrials, []trial{looks}, trials) {
		t.Run(x.name, func(t *testing.T) {
			clean := x.clean(t)
			for i, fault := range failing {
				if raced && i%4 != 0 {
					continue
				}
				t.Run(string(fault.Kind)+fault.Code, func(t *testing.T) {
					outputs += eachCall(t, min(sample(71), clean.calls), clean.from, func(r *rehearsal, k int) bool {
						r.env = canaries
						fault.Call, fault.Times, fault.Message = k, local.Always, gossip()
						end := r.run(x.command(r)+" --debug --output "+[]string{"text", "json"}[k%2], fault)
						said := end.out + end.err
						if strings.Contains(said, "(secret)") {
							masked++
						}
						if found := leaks(said+contents(r.T, filepath.Join(r.dir, "state")), personKey, personSecret, personToken, personEmail); len(found) > 0 {
							r.Errorf("it shows %q:\n%s", found, said)
						}
						return end.fired > 0
					})
				})
			}
		})
	}
	if masked < outputs/4 {
		t.Errorf("only %d of %d outputs had something to hide", masked, outputs)
	}
	t.Logf("%d of %d outputs had something to hide", masked, outputs)
	promise(t, "T24", outputs)
}

// gossipForShell is gossip as one word of a shell.
func gossipForShell() string { return provision.Quote(gossip()) }

// A panicking step has a mistake in it.
type panicking struct{ provision.Step }

func (panicking) Describe() provision.Description {
	return provision.Description{Name: "table", Resource: "TodoTable"}
}

func (panicking) Apply(context.Context, provision.Observation) error { panic(gossip()) }

// state is the person's state folder.
func (x *wire) state() string {
	for _, v := range x.env {
		if dir, ok := strings.CutPrefix(v, "TODOCTL_STATE="); ok {
			return dir
		}
	}
	return ""
}

// contents is all that lies in a folder: names and texts.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	if err := os.MkdirAll(dir, 0o700); err != nil { // a run that ended early has made none
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all.WriteString(path + "\n")
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestOutsideWordsAreShownWithoutSecrets(t *testing.T) {
	for was, want := range map[string]string{
		"AKIAIOSFODNN7EXAMPLE is unknown":                                   "AKIA...MPLE is unknown",
		"role AROAABCDEFGHIJKLMNOPQ":                                        "role AROA...NOPQ",
		"aws_secret_access_key=" + personSecret:                             "aws_secret_access_key=(secret)",
		"it was " + url.QueryEscape(personSecret) + ".":                     "it was (secret).",
		"it was " + base64.StdEncoding.EncodeToString([]byte(personSecret)): "it was (secret)",
		"token " + personToken:                                              "token (token)",
		"mail to me@example.com bounced":                                    "mail to m...@example.com bounced",
		"arn:aws:sts::123456789012:assumed-role/Admin/me@example.com":       "arn:aws:sts::123456789012:assumed-role/Admin/m...@example.com",
		"eyJhbGciOi.eyJzdWIiOiJ.c2lnbmF0dXJl expired":                       "(token) expired",
		// And these stay as they are.
		"arn:aws:lambda:us-east-1:123456789012:function:TodoHandler": "arn:aws:lambda:us-east-1:123456789012:function:TodoHandler",
		"request 7f3c1d0e-5a4b-4c3d-8e2f-1a2b3c4d5e6f":               "request 7f3c1d0e-5a4b-4c3d-8e2f-1a2b3c4d5e6f",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709":                   "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"open the folder /Users/annabelle/Documents/2026/Serverless/Walkthrough/handler/source/python/version3/with/many/parts/in/it: no such file": "open the folder /Users/annabelle/Documents/2026/Serverless/Walkthrough/handler/source/python/version3/with/many/parts/in/it: no such file",
		"LambdaTodoRole was not made by todoctl": "LambdaTodoRole was not made by todoctl",
	} {
		if got := outside(was); got != want {
			t.Errorf("outside(%q) is %q, want %q", was, got, want)
		}
	}
}

// What a run knows to be secret is hidden wherever it comes up, whole answers
// of the API included; what is too short to be AWS's is a word like others.
func TestTheRunsOwnCredentialsAreHiddenEverywhere(t *testing.T) {
	_, words := inside(t, func(_ context.Context, c *command) error {
		c.secrets.learn(aws.Credentials{AccessKeyID: personKey, SecretAccessKey: personSecret, SessionToken: personToken})
		c.view().Note("%s", gossip())
		c.secrets.learn(aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
		c.view().Note("the test passes")
		return nil
	})
	if found := leaks(words, personKey, personSecret, personToken); len(found) > 0 {
		t.Errorf("it shows %q", found)
	}
	if !strings.Contains(words, "AKIA...2345 and") || !strings.Contains(words, "the test passes") {
		t.Errorf("it says %q", words)
	}
}
