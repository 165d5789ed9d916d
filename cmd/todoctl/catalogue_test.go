package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todoctl/provision"
)

var idForm = regexp.MustCompile(`^TODO-[A-Z]+-[0-9]{2}$`)

// Every id stands once in the catalogue, in the list of its area, numbered from
// 01 on without a gap: none was ever taken back.
func TestTheIDsOfTheCatalogueAreInOrder(t *testing.T) {
	for _, a := range areas {
		for i, e := range a.list {
			if want := fmt.Sprintf("TODO-%s-%02d", a.Name, i+1); e.ID != want {
				t.Errorf("%s stands where %s should", e.ID, want)
			}
		}
	}
}

// A person reads it in a terminal of 80 columns, and pastes the lines.
func TestEachEntryIsWholeAndFitsTheTerminal(t *testing.T) {
	for _, e := range catalogue() {
		if e.Title == "" || e.Why == "" || len(e.Do) == 0 || (e.Exit == 0) != e.Hint {
			t.Errorf("%s lacks something: %+v", e.ID, e)
		}
		if strings.HasSuffix(e.Title, ".") || strings.HasSuffix(e.Cause, ".") || !strings.HasSuffix(e.Why, ".") {
			t.Errorf("%s: a title and a cause end without a full stop, an explanation with one", e.ID)
		}
		if len(e.Title) > 90 {
			t.Errorf("%s has a title of %d characters", e.ID, len(e.Title))
		}
		if e.Link != "" && !strings.HasPrefix(e.Link, "https://docs.aws.amazon.com/") && !strings.HasPrefix(e.Link, "https://aws.amazon.com/") && !strings.HasPrefix(e.Link, "https://repost.aws/") {
			t.Errorf("%s points at %s, which is not AWS's", e.ID, e.Link)
		}
		for _, r := range e.Do {
			if !strings.HasSuffix(r.Say, ".") || strings.Contains(r.Type, "\n") {
				t.Errorf("%s: %+v", e.ID, r)
			}
			if len(r.Type) > 110 {
				t.Errorf("%s: a line of %d characters: %s", e.ID, len(r.Type), r.Type)
			}
		}
	}
}

// Every Problem that the program can make names its id, every id that is named
// is in the catalogue, and the catalogue has none that nobody makes. It reads
// the program's own source, so that a new Problem cannot be forgotten.
func TestEveryProblemOfTheSourceHasAnIDOfTheCatalogue(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "catalogue") {
			continue
		}
		set := gotoken.NewFileSet()
		parsed, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Problem" {
					checkLiteral(t, set, n)
				}
			case *ast.BasicLit:
				if id := strings.Trim(n.Value, `"`); n.Kind == gotoken.STRING && idForm.MatchString(id) {
					used[id] = true
					if _, ok := find(id); !ok {
						t.Errorf("%s: the catalogue has no %s", set.Position(n.Pos()), id)
					}
				}
			}
			return true
		})
	}
	for _, e := range catalogue() {
		if !e.Hint && !used[e.ID] {
			t.Errorf("nothing makes the problem %s", e.ID)
		}
	}
}

// The ids in the walkthrough's own advice are the catalogue's too.
func TestTheIDsInAdviceAreOfTheCatalogue(t *testing.T) {
	files, err := filepath.Glob("../../provision/*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range regexp.MustCompile(`TODO-[A-Z]+-[0-9]+`).FindAllString(string(text), -1) {
			named++
			if e, ok := find(id); !ok || !e.Hint {
				t.Errorf("%s names %s, which is no hint of the catalogue", name, id)
			}
		}
	}
	if named == 0 {
		t.Error("no advice names an id: this test looks in the wrong place")
	}
}

// checkLiteral wants an ID in a Problem, or no words at all: then nothing is
// printed, because what there is to say has been said.
func checkLiteral(t *testing.T, set *gotoken.FileSet, lit *ast.CompositeLit) {
	t.Helper()
	var fields []string
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields = append(fields, key.Name)
			}
		}
	}
	if !slices.Contains(fields, "ID") && slices.ContainsFunc(fields, func(f string) bool { return f != "Exit" }) {
		t.Errorf("%s: this Problem has no ID; give it one of the catalogue, or a new entry there", set.Position(lit.Pos()))
	}
}

// explaining runs `todoctl explain` in a world in which nothing else works.
func explaining(t *testing.T, args ...string) (out, errs string, exit int) {
	t.Helper()
	return explainingAt(t, 80, args...)
}

func explainingAt(t *testing.T, width int, args ...string) (out, errs string, exit int) {
	t.Helper()
	var o, e bytes.Buffer
	app := &App{
		Args: append([]string{"explain"}, args...), In: strings.NewReader(""), Out: &o, Err: &e, Width: width,
		Getenv: func(name string) string {
			if strings.HasPrefix(name, "AWS_") && !strings.Contains(name, "KEY") && name != "AWS_SESSION_TOKEN" {
				t.Errorf("it reads %s", name)
			}
			return ""
		},
		StateDir: "/nowhere", GOOS: "linux", Clock: provision.Clock{},
	}
	exit = Main(t.Context(), app)
	return o.String(), e.String(), exit
}

func TestExplainListsEveryProblemInEightyColumns(t *testing.T) {
	for _, width := range []int{60, 80, 200} {
		out, errs, exit := explainingAt(t, width)
		if exit != 0 || errs != "" {
			t.Fatalf("exit %d: %s", exit, errs)
		}
		for _, e := range catalogue() {
			if !strings.Contains(out, "\n  "+e.ID+" ") {
				t.Errorf("it does not list %s", e.ID)
			}
		}
		for line := range strings.Lines(out) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > min(width, 80) {
				t.Errorf("a line of %d columns at %d: %s", n, width, line)
			}
		}
	}
}

func TestExplainTellsOneProblemWholeHoweverItsIDIsWritten(t *testing.T) {
	for _, e := range catalogue() {
		out, errs, exit := explaining(t, e.ID)
		if exit != 0 || errs != "" || !strings.HasPrefix(out, e.ID+"\n") {
			t.Fatalf("%s: exit %d, %s%s", e.ID, exit, out, errs)
		}
		words := strings.Join(strings.Fields(out), " ")
		for _, want := range []string{e.Why, e.Link} {
			if !strings.Contains(words, strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s does not say %q:\n%s", e.ID, want, out)
			}
		}
		for _, r := range e.Do {
			if r.Type != "" && !strings.Contains(out, "\n    "+r.Type+"\n") {
				t.Errorf("%s does not show the line %q:\n%s", e.ID, r.Type, out)
			}
		}
		short := strings.TrimPrefix(strings.ToLower(e.ID), "todo-")
		for _, written := range []string{strings.ToLower(e.ID), short, strings.ReplaceAll(short, "-", ""), e.ID + "."} {
			if again, _, exit := explaining(t, written); exit != 0 || again != out {
				t.Errorf("%s is not understood: exit %d", written, exit)
			}
		}
	}
}

func TestExplainOffersTheNearestIDs(t *testing.T) {
	for typed, want := range map[string]string{
		"TODO-CERD-02": "TODO-CRED-02", "TODO-IAM-99": "TODO-IAM-01", "TODO-TABEL-03": "TODO-TABLE-03", "iam": "TODO-IAM-01", "TODO-BACKUPS-2": "TODO-BACKUP-02",
	} {
		out, errs, exit := explaining(t, typed)
		if exit != exitUsage || out != "" || !strings.Contains(errs, "try:   todoctl explain "+want+"   (did you mean this?)") {
			t.Errorf("%s: exit %d\n%s%s", typed, exit, out, errs)
		}
	}
	for _, typed := range []string{"", "bogus", "-", "TODO--01", "TODO-%d-01"} {
		if _, errs, exit := explaining(t, "--", typed); exit != exitUsage || !strings.Contains(errs, "try:   todoctl explain\n") {
			t.Errorf("%q: exit %d\n%s", typed, exit, errs)
		}
	}
}

// Who has only the word that a browser or AWS shows finds the way from there.
func TestExplainFindsAProblemByAWordOfIts(t *testing.T) {
	for typed, want := range map[string]string{"403": "TODO-URL-01", "expired": "TODO-CRED-02", "throttled": "TODO-FN-07", "CORS": "TODO-URL-02"} {
		_, errs, exit := explaining(t, typed)
		if exit != exitUsage || !strings.Contains(errs, "todoctl explain "+want) {
			t.Errorf("%s: exit %d\n%s", typed, exit, errs)
		}
	}
}

func TestExplainInJSON(t *testing.T) {
	var all, one explainDocument
	out, _, exit := explaining(t, "--output", "json")
	if err := json.Unmarshal([]byte(out), &all); err != nil || exit != 0 || all.Schema != schema || len(all.Problems) != len(catalogue()) {
		t.Fatalf("exit %d, %v:\n%s", exit, err, out)
	}
	out, _, exit = explaining(t, "todo-iam-01", "--output", "json")
	if err := json.Unmarshal([]byte(out), &one); err != nil || exit != 0 || len(one.Problems) != 1 || one.Problems[0].ID != "TODO-IAM-01" || one.Problems[0].Area != "IAM" || one.Problems[0].Exit != exitCredentials {
		t.Errorf("exit %d, %v:\n%s", exit, err, out)
	}
	var d document
	out, _, exit = explaining(t, "bogus", "--output", "json")
	if err := json.Unmarshal([]byte(out), &d); err != nil || exit != exitUsage || d.Error == nil || d.Error.ID != "TODO-USE-10" {
		t.Errorf("exit %d, %v:\n%s", exit, err, out)
	}
}

func TestAShellIsOfferedTheIDs(t *testing.T) {
	var out, errs bytes.Buffer
	app := &App{Args: []string{"__complete", "explain", "todo-ro"}, In: strings.NewReader(""), Out: &out, Err: &errs, Width: 80, Getenv: func(string) string { return "" }}
	if exit := Main(t.Context(), app); exit != 0 || !strings.HasPrefix(out.String(), "TODO-ROLE-01\tthe role was not made by todoctl\nTODO-ROLE-02\t") || strings.Contains(out.String(), "TODO-RUN") {
		t.Errorf("exit %d:\n%s%s", exit, out.String(), errs.String())
	}
}

// On a narrow terminal a remark goes to the next line, and what is typed stays
// whole.
func TestARemarkGivesWayToTheLineToPaste(t *testing.T) {
	var b bytes.Buffer
	long := "todoctl restore --yes backups/TodoTable-20261123-101500.jsonl"
	(&words{w: &b, width: 60}).Problem(&Problem{ID: "TODO-RUN-14", What: "something", Fix: []string{long + "   (writes them all, those that are there too)", "aws login            (short)"}})
	want := "error: something\ntry:   " + long + "\n       (writes them all, those that are there too)\n  or:  aws login            (short)\nmore:  todoctl explain TODO-RUN-14\n"
	if b.String() != want {
		t.Errorf("it prints:\n%s", b.String())
	}
}

const problemsPage = "../../docs/problems.md"

// The page is the catalogue; -update writes it.
func TestTheProblemsPageIsTheCatalogue(t *testing.T) {
	want := problemsText()
	if *update {
		if err := os.WriteFile(problemsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(problemsPage)
	if err != nil || string(have) != want {
		t.Errorf("docs/problems.md is not the catalogue (%v); run: go test ./cmd/todoctl -run ProblemsPage -update", err)
	}
}

// quoted is a line to paste, or an address to open.
func quoted(line string) string {
	if line == "" || strings.HasPrefix(line, "http") {
		return line
	}
	return "`" + line + "`"
}

func problemsText() string {
	var b strings.Builder
	b.WriteString(`# Problems

Every error of todoctl ends with an id. ` + "`todoctl explain ID`" + ` tells the same as this page, without a network.
An id never changes its meaning. This page is written by a test from the program's own catalogue.

`)
	for _, a := range areas {
		fmt.Fprintf(&b, "- [%s](#%s)\n", a.Title, strings.ToLower(a.Name))
	}
	for _, a := range areas {
		fmt.Fprintf(&b, "\n<a id=\"%s\"></a>\n\n## %s\n", strings.ToLower(a.Name), a.Title)
		for _, e := range a.list {
			fmt.Fprintf(&b, "\n### %s\n\n**%s** %s\n", e.ID, sentenceCase(e.Title), e.Why)
			for _, r := range e.Do {
				b.WriteString(strings.TrimRight(fmt.Sprintf("\n- %s %s", r.Say, quoted(r.Type)), " "))
			}
			b.WriteString("\n")
			end := fmt.Sprintf("Exit code %d.", e.Exit)
			if e.Hint {
				end = "This is no error: no run ends with it."
			}
			if e.Link != "" {
				end += fmt.Sprintf(" [AWS says more](%s).", e.Link)
			}
			fmt.Fprintf(&b, "\n%s\n", end)
		}
	}
	return b.String()
}
