package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"todoctl/handler"
	"todoctl/local"
	"todoctl/provision"
)

var coloured = regexp.MustCompile(`\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38|48)[;m]`)

// Under the page stands its question: the title, the answers, and an empty line
// above the keys.
func TestEachPageFitsATerminalWithItsQuestion(t *testing.T) {
	code, err := handler.Default("")
	if err != nil {
		t.Fatal(err)
	}
	base := provision.Config{Account: local.AccountID, Partition: "aws", Region: "eu-central-1", Stack: "Todo", Code: provision.Code{Zip: code.Zip, SHA256: code.SHA256, Handler: code.Handler, Source: code.Source}}
	for name, set := range map[string]func(c *provision.Config){
		"defaults": func(*provision.Config) {},
		"others": func(c *provision.Config) {
			c.Policy, c.Auth, c.Email, c.LimitUSD = provision.PolicyTutorial, provision.AuthIAM, "somebody.with.a.name@example.com", 1000
		},
		"one guard": func(c *provision.Config) { c.Guard = provision.GuardBudget },
	} {
		t.Run(name, func(t *testing.T) {
			sess := &session{cfg: base}
			set(&sess.cfg)
			for i, page := range provision.Steps(sess.cfg, provision.Clients{}) {
				var out bytes.Buffer
				v := &words{w: &out, width: 80}
				change := provision.Change{Page: page, Action: provision.Create, Seen: provision.Observation{State: provision.Absent}}
				v.page(i+1, 6, sess, change)
				question := 1 + len((&walk{}).options(change)) + 2
				page := strings.TrimPrefix(out.String(), "\n") // the empty line above may scroll away
				if rows := rowsOf(page, 80) + question; rows > 24 {
					t.Errorf("the page has %d rows:\n%s", rows, page)
				}
				for line := range strings.Lines(page) {
					if len([]rune(line)) > 81 && !strings.Contains(line, "https://") {
						t.Errorf("%d columns: %s", len([]rune(line))-1, line)
					}
				}
			}
		})
	}
}

func TestTheFirstScreenFitsATerminal(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		end := r.run("up --dry-run")
		r.wantExit(end, exitDiffers)
		screen, _, found := strings.Cut(end.err, "\n6 to do")
		const question = 1 + 3 // "Nothing has been made yet.", the title, an empty line, the answers
		if rows := rowsOf(screen, 80) + question; !found || rows > 24 {
			r.Errorf("it has %d rows:\n%s", rows, screen)
		}
		for _, want := range []string{"now a month", "worst a day", "Keeps the to-do items. Free: ", "$5.76", "$1.73", "$7.49"} {
			if !strings.Contains(screen, want) {
				r.Errorf("it does not say %q:\n%s", want, screen)
			}
		}
	})
}

func TestThePlanAsJSONHasTheCosts(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		var doc struct {
			Steps []struct {
				Name string
				Cost *struct {
					Cover                          string
					NowPerMonthUSD, WorstPerDayUSD *float64
				}
			}
		}
		if err := json.Unmarshal([]byte(r.run("up --dry-run --output json").out), &doc); err != nil {
			r.Fatal(err)
		}
		worst := 0.0
		for _, s := range doc.Steps {
			if s.Cost == nil || s.Cost.Cover == "" || s.Cost.NowPerMonthUSD == nil || s.Cost.WorstPerDayUSD == nil {
				r.Fatalf("the %s has the cost %+v", s.Name, s.Cost)
			}
			worst += *s.Cost.WorstPerDayUSD
		}
		if len(doc.Steps) != 6 || fmt.Sprintf("%.2f", worst) != "7.49" {
			r.Errorf("%d steps cost %v a day at worst", len(doc.Steps), worst)
		}
	})
}

// At 60 columns the costs are sentences, and no line is longer.
func TestANarrowTerminalGetsTheCostsAsSentences(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, width := range []int{40, 60, 75} {
			app := r.app(r.network(), "up", "--dry-run", "--local", "--parallel", "1")
			app.Width = width
			if exit := Main(r.Context(), app); exit != exitDiffers {
				r.Fatalf("exit %d", exit)
			}
			said := app.Err.(*bytes.Buffer).String()
			if flat := strings.Join(strings.Fields(said), " "); !strings.Contains(flat, "In all it costs $0.00 a month now; at worst, if someone hammers the URL, $7.49 a day.") {
				r.Errorf("at %d columns it says\n%s", width, said)
			}
			for line := range strings.Lines(said) {
				if len([]rune(line)) > width+1 && !strings.Contains(line, "http://") && !strings.Contains(line, "Functions") {
					r.Errorf("%d columns: %s", len([]rune(line))-1, line)
				}
			}
		}
	})
}

// listener is a person at a terminal that reads aloud, and what they type.
func (r *rehearsal) listener(typed io.Reader, args ...string) (app *App, said func() string) {
	app = r.app(r.network(), append(args, "--local", "--parallel", "1")...)
	app.In, app.InTerminal, app.ErrTerminal = typed, true, true
	app.Getenv = func(name string) string { return map[string]string{"ACCESSIBLE": "1", "TERM": "xterm"}[name] }
	return app, func() string { return app.Err.(*bytes.Buffer).String() }
}

// enters is Enter, so many times.
func enters(n int) io.Reader { return typed(strings.Split(strings.Repeat("\n", n), "")...) }

// 1 for the first question, one a page, and one for the e-mail.
const allQuestions = 1 + 6 + 1

func TestReadAloudEveryQuestionSaysItsDefault(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		app, said := r.listener(enters(allQuestions), "up")
		if exit := Main(r.Context(), app); exit != exitDone {
			r.Fatalf("exit %d:\n%s", exit, said())
		}
		text := said()
		if n := strings.Count(text, "Enter: 1, "); n != allQuestions-1 {
			r.Errorf("%d questions say what Enter does, should be %d:\n%s", n, allQuestions-1, text)
		}
		for _, want := range []string{"Type a number from 1 to 5. Enter: 1, create it.", "Create TodoTable: yes", "1. Create it\n2. Explain more\n"} {
			if !strings.Contains(text, want) {
				r.Errorf("it does not say %q:\n%s", want, text)
			}
		}
		for _, noise := range []string{"✓", "…", "•", "> "} { // a terminal's drawing, or spoken as words
			if strings.Contains(strings.ReplaceAll(text, "Charges > ", ""), noise) {
				r.Errorf("it says %q:\n%s", noise, text)
			}
		}
	})
}

// Wherever the input ends, that is no answer: the run stops there, and says how
// to go on.
func TestTheEndOfInputAtAnyQuestionIsNoAnswer(t *testing.T) {
	for n := range allQuestions {
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			app, said := r.listener(enters(n), "up")
			exit := Main(r.Context(), app)
			if exit != exitUsage || !strings.Contains(said(), "the input ended before the question was answered") || !strings.Contains(said(), "try:   todoctl up --local --parallel 1") {
				r.Errorf("after %d answers: exit %d:\n%s", n, exit, said())
			}
			if n == 0 && len(r.cloud.Calls()) > 0 {
				for _, call := range r.cloud.Calls() {
					if call.Write {
						r.Errorf("it called %+v", call)
					}
				}
			}
		})
	}
}

func TestAChosenFlagTakesThePlaceOfTheOneThatWasTyped(t *testing.T) {
	for _, c := range []struct{ typed, flag, value, want string }{
		{"up --local", "policy", "tutorial", "todoctl up --local --policy tutorial"},
		{"up --auth none --local", "auth", "iam", "todoctl up --local --auth iam"},
		{"up --limit=5 --email me@example.com", "limit", "7", "todoctl up --email me@example.com --limit 7"},
		{"function --source mine", "source", "", "todoctl function"},
		{"up", "source", "my own", "todoctl up --source 'my own'"},
	} {
		command := &command{App: &App{Args: strings.Fields(c.typed)}}
		command.chose(c.flag, c.value)
		if command.path != c.want {
			t.Errorf("%q and --%s %s is %q, should be %q", c.typed, c.flag, c.value, command.path, c.want)
		}
	}
}

// Each setting that a page offers has a flag of the same name with the same
// values, so that every answer can be given beforehand.
func TestEverySettingOfAPageIsAFlag(t *testing.T) {
	root := newRoot(&globals{})
	for _, p := range preferences() {
		for _, name := range []string{"up", p.step} {
			cmd, _, err := root.Find([]string{name})
			if err != nil || cmd.Flags().Lookup(p.flag) == nil {
				t.Errorf("%s has no --%s: %v", name, p.flag, err)
			}
		}
		var offered []string
		for _, o := range p.options {
			offered = append(offered, o.Value)
		}
		if known := values(choices[p.flag]); !slices.Equal(offered, known) {
			t.Errorf("--%s takes %q, and the page offers %q", p.flag, known, offered)
		}
	}
	if got := fmt.Sprint(len(preferencesOf("table")), len(preferencesOf(testStep))); got != "1 0" {
		t.Errorf("the table and the test have %s settings to change", got)
	}
}

func TestExplainEndsWithTheWholeAsCloudFormation(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		end := r.run("up --dry-run --explain --region eu-west-1")
		for _, file := range []string{"todo.yaml", "todo-billing.yaml"} {
			_, text, found := strings.Cut(end.err, "All of it as CloudFormation: "+file+"\n")
			if !found || !strings.Contains(text, "aws cloudformation deploy") || !strings.Contains(text, "\nResources:\n") {
				t.Errorf("%s is not there:\n%s", file, end.err)
			}
		}
		if end := r.run("table --dry-run --explain"); strings.Contains(end.err, "All of it") {
			t.Errorf("one step shows all of it:\n%s", end.err)
		}
	})
}
