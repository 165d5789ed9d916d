//go:build !windows

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"todoctl/provision"
)

// A grantPolicy is docs/operator-policy.json, as far as these tests change it.
type grantPolicy struct {
	Version   string
	Statement []grantStatement
}

type grantStatement struct {
	Sid       string
	Effect    string
	Action    any
	Resource  any
	Condition any `json:",omitempty"`
}

func (s grantStatement) actions() []string {
	if one, ok := s.Action.(string); ok {
		return []string{one}
	}
	var all []string
	for _, a := range s.Action.([]any) {
		all = append(all, a.(string))
	}
	return all
}

func (s grantStatement) optional() bool { return strings.HasPrefix(s.Sid, "Optional") }

// silent says that nobody is told what lacks without it: the account's alias is
// then simply not shown. TestTheAliasIsShownWhereAWSTellsIt has it.
func (s grantStatement) silent() bool { return s.Sid == "OptionalName" }

func operatorPolicy(t *testing.T) (text string, doc grantPolicy) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "operator-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return string(data), doc
}

// without is the policy less one action. What a required statement allows, an
// optional one must not replace.
func (p grantPolicy) without(t *testing.T, sid, action string) string {
	t.Helper()
	less := grantPolicy{Version: p.Version}
	required := !strings.HasPrefix(sid, "Optional")
	for _, s := range p.Statement {
		left := s.actions()
		if s.Sid == sid || required {
			left = slices.DeleteFunc(left, func(a string) bool { return a == action })
		}
		if len(left) == 0 {
			continue
		}
		s.Action = left
		less.Statement = append(less.Statement, s)
	}
	text, err := json.Marshal(less)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOperatorPolicyIsEnoughForAStacksWholeLife(t *testing.T) {
	t.Parallel()
	text, _ := operatorPolicy(t)
	chapters := wholeLife(t)
	if said := liveOnce(t, chapters, text); strings.Contains(said, "does not allow you") {
		t.Errorf("it lacks something: %s", said)
	}
	t.Attr("promise", "T19")
	t.Attr("cases", strconv.Itoa(len(chapters)))
}

func TestWithoutTheOptionalPartOfTheOperatorPolicyTheRestGoesOn(t *testing.T) {
	t.Parallel()
	_, doc := operatorPolicy(t)
	var optional []grantStatement
	doc.Statement = slices.DeleteFunc(doc.Statement, func(s grantStatement) bool {
		if s.optional() && !s.silent() {
			optional = append(optional, s)
		}
		return s.optional()
	})
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	chapters := wholeLife(t)
	said := liveOnce(t, chapters, string(text))
	for _, s := range optional {
		if !slices.ContainsFunc(s.actions(), func(a string) bool { return strings.Contains(said, "does not allow you "+a) }) {
			t.Errorf("nothing is said about %s: %s", s.Sid, said)
		}
	}
	t.Attr("promise", "T19")
	t.Attr("cases", strconv.Itoa(len(chapters)))
}

// The README's line makes the policy of another stack. It reaches no further.
func TestOperatorPolicyOfAnotherStackIsForThatStackAlone(t *testing.T) {
	text, _ := operatorPolicy(t)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "\nsed s/Todo/Chat/g docs/operator-policy.json > chat-policy.json\n") {
		t.Error("the README has no line for it any more")
	}
	g := guard(t, filepath.Join(t.TempDir(), "aws.db"), strings.ReplaceAll(text, "Todo", "Chat"), false)
	defer g.stop()
	for _, try := range []struct {
		exit int
		args []string
	}{
		{exitDone, []string{"up", "--stack", "Chat", "--yes"}},
		{exitCredentials, []string{"up", "--yes"}},
		{exitDone, []string{"status", "--stack", "Chat"}},
		{exitDone, []string{"down", "--stack", "Chat", "--yes", "--discard-data"}},
	} {
		if said, exit := g.todoctl(try.args...); exit != try.exit {
			t.Errorf("%v ends with %d, want %d:\n%s", try.args, exit, try.exit, said)
		}
	}
}

func TestOperatorPolicyFitsAManagedPolicy(t *testing.T) {
	text, doc := operatorPolicy(t)
	// White space does not count.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	const limit = 6144
	size := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			size++
		}
	}
	if size > limit {
		t.Errorf("it has %d characters, and IAM takes %d", size, limit)
	}
	// IAM takes letters and digits for a Sid; its first word is a step, or Optional.
	word := regexp.MustCompile(`^(?:` + strings.Join(title(provision.Names()), "|") + `|Optional)[A-Za-z0-9]*$`)
	for _, s := range doc.Statement {
		if !word.MatchString(s.Sid) || s.Effect != "Allow" {
			t.Errorf("the statement %q has Effect %q", s.Sid, s.Effect)
		}
		for _, a := range s.actions() {
			if strings.Contains(a, "*") {
				t.Errorf("%s allows %s, which is more than one action", s.Sid, a)
			}
		}
	}
	t.Logf("%d characters of %d", size, limit)
}

func title(words []string) []string {
	var all []string
	for _, w := range words {
		all = append(all, strings.ToUpper(w[:1])+w[1:])
	}
	return all
}

// An outcome is what becomes of a run that lacks one action.
type outcome struct {
	chapter string
	refused bool // exit 4, and the action named; else a note names it
	changed bool // something had been changed by then
}

// lack lives until the missing action shows, and returns where.
func lack(t *testing.T, chapters []*chapter, store, policy, action string) *outcome {
	t.Helper()
	for _, c := range chapters {
		_ = os.Remove(store) // a chapter may begin with nothing
		if _, err := os.Stat(c.snapshot); err == nil {
			copyFile(t, c.snapshot, store)
		}
		if i := slices.Index(c.args, "--backup"); i >= 0 {
			_ = os.Remove(c.args[i+1]) // of the run before
		}
		g := guard(t, store, policy, c.conflict)
		text, exit := g.todoctl(c.args...)
		changed := g.changed()
		g.stop()
		flat := strings.Join(strings.Fields(text), " ")
		noted := strings.Contains(flat, "does not allow you "+action)
		switch {
		case noted && exit == exitDone:
			return &outcome{c.name, false, changed}
		case exit == exitCredentials:
			named := regexp.MustCompile(`error: [^:]*:? ?your AWS identity may not ` + action + ` on (?:arn:aws:\S+|role LambdaTodoRole)`)
			if strings.HasPrefix(action, "lambda:InvokeFunction") { // the URL does not say which of the two
				named = regexp.MustCompile(`your identity may not call the URL: that takes lambda:InvokeFunctionUrl and lambda:InvokeFunction`)
			}
			if !named.MatchString(flat) || !strings.Contains(flat, "docs/operator-policy.json") {
				t.Errorf("%s does not name what it lacks:\n%s", c.name, text)
			}
			return &outcome{c.name, true, changed}
		case exit != exitDone:
			t.Errorf("%s ends with %d:\n%s", c.name, exit, text)
			return nil
		case strings.Contains(flat, "does not allow you"):
			t.Errorf("%s names another action:\n%s", c.name, text)
			return nil
		}
	}
	t.Error("nothing needs it: it is superfluous")
	return nil
}

// converges allows everything again and wants one up to end in a whole stack.
func converges(t *testing.T, store, policy string) {
	t.Helper()
	g := guard(t, store, policy, false)
	defer g.stop()
	// The chapter of what somebody has changed may have been left with her code in it.
	if text, exit := g.todoctl("up", "--yes", "--replace-code"); exit != exitDone {
		t.Errorf("allowed again, up ends with %d:\n%s", exit, text)
	}
	if text, exit := g.todoctl("up", "--dry-run"); exit != exitDone {
		t.Errorf("after that, something is left to do:\n%s", text)
	}
}

// In full, each action is taken away in turn; in short, every fifth.
func TestEveryActionOfTheOperatorPolicyIsNeededAndNamedWhenItLacks(t *testing.T) {
	t.Parallel()
	text, doc := operatorPolicy(t)
	chapters := wholeLife(t)
	liveOnce(t, chapters, text)
	step := 5
	if os.Getenv("TODOCTL_FULL") != "" {
		step = 1
	}
	n, cases, required, inTime, noted := 0, 0, 0, 0, 0
	for _, s := range doc.Statement {
		for _, action := range s.actions() {
			if s.silent() {
				continue
			}
			if n++; n%step != 0 {
				continue
			}
			cases++
			t.Run(s.Sid+" "+action, func(t *testing.T) {
				store := filepath.Join(t.TempDir(), "aws.db")
				found := lack(t, chapters, store, doc.without(t, s.Sid, action), action)
				if found == nil {
					return
				}
				t.Logf("found by %s; refused: %v; changed by then: %v", found.chapter, found.refused, found.changed)
				if !s.optional() {
					required++
					if !found.changed {
						inTime++
					}
				}
				if !found.refused {
					noted++
					if !s.optional() && !strings.HasPrefix(s.Sid, "Alarm") {
						t.Errorf("%s goes on without it", found.chapter)
					}
				}
				converges(t, store, text)
			})
		}
	}
	t.Attr("preflight", fmt.Sprintf("%d/%d", inTime, required))
	t.Logf("%d actions tried; %d are required, of which %d are found before anything is changed; %d are noted, and the run goes on", cases, required, inTime, noted)
	t.Attr("promise", "T19")
	t.Attr("cases", strconv.Itoa(cases))
}

func TestDownTakesAwayWhatItMaySee(t *testing.T) {
	text, doc := operatorPolicy(t)
	store := filepath.Join(t.TempDir(), "aws.db")
	try := func(policy string, want int, args ...string) string {
		t.Helper()
		g := guard(t, store, policy, false)
		defer g.stop()
		said, exit := g.todoctl(args...)
		if exit != want {
			t.Fatalf("%v ends with %d, want %d:\n%s", args, exit, want, said)
		}
		return strings.Join(strings.Fields(said), " ")
	}
	try(text, exitDone, "up", "--yes")
	blind := doc.without(t, "Role", "iam:GetRole")
	const named = "could not look at the role: your AWS identity may not iam:GetRole on role LambdaTodoRole"
	if said := try(blind, exitCredentials, "down", "--dry-run"); !strings.Contains(said, named) || !strings.Contains(said, "delete TodoTable") {
		t.Errorf("the plan is: %s", said)
	}
	for _, args := range [][]string{{"down", "--dry-run", "--output", "json"}, {"down", "--yes", "--discard-data", "--output", "json"}} {
		said := try(blind, exitCredentials, args...)
		for _, want := range []string{named, `"name": "role", "resource": "LambdaTodoRole", "state": "unknown", "action": "keep", "result": "failed"`, `"exit": 4`} {
			if !strings.Contains(said, want) {
				t.Errorf("the document of %v does not say %s: %s", args, want, said)
			}
		}
	}
	if said := try(blind, exitCredentials, "down", "--yes"); !strings.Contains(said, named) || !strings.Contains(said, "error: "+named) {
		t.Errorf("with only the role left: %s", said)
	}
	// Now it may look, but not search by tag: everything goes, and that is said.
	if said := try(doc.without(t, "OptionalProof", "tag:GetResources"), exitDone, "down", "--yes"); !strings.Contains(said, "deleted LambdaTodoRole") || !strings.Contains(said, "AWS does not allow you tag:GetResources") {
		t.Errorf("the rest: %s", said)
	}
	if said := try(text, exitDone, "down", "--yes"); !strings.Contains(said, "Looked at every name and every tag: 0 left.") {
		t.Errorf("the end: %s", said)
	}
}

func TestARefusedAlarmDoesNotStandInTheWay(t *testing.T) {
	_, doc := operatorPolicy(t)
	g := guard(t, filepath.Join(t.TempDir(), "aws.db"), doc.without(t, "Alarm", "sns:CreateTopic"), false)
	defer g.stop()
	said, exit := g.todoctl("up", "--yes")
	if exit != exitCredentials || !strings.Contains(said, "todoctl up --skip alarm") {
		t.Fatalf("exit %d:\n%s", exit, said)
	}
	if said, exit := g.todoctl("up", "--yes", "--skip", "alarm"); exit != exitDone {
		t.Errorf("without it, exit %d:\n%s", exit, said)
	}
}
