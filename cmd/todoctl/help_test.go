package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"todoctl/provision"
)

// visible are the commands that a person can see, the program first.
func visible() []*cobra.Command {
	root := newRoot(&globals{})
	complete(root)
	return slices.DeleteFunc(allCommands(root), func(c *cobra.Command) bool { return c.Hidden })
}

func TestEveryCommandHasItsEntryInTheManual(t *testing.T) {
	seen := map[string]bool{}
	for _, cmd := range visible() {
		path := pathOf(cmd)
		e, ok := manual[path]
		seen[path] = true
		switch {
		case !ok:
			t.Errorf("todoctl %s has no lesson", path)
			continue
		case e.short == "" || strings.HasSuffix(e.short, ".") || utf8.RuneCountInString(e.short) > 66:
			t.Errorf("todoctl %s: the short text %q is empty, too long, or ends with a full stop", path, e.short)
		case len(paragraphs(e.long)) == 0 || len(e.examples) == 0:
			t.Errorf("todoctl %s explains nothing or shows nothing", path)
		case !slices.Contains(e.exits, exitDone) || !slices.Contains(e.exits, exitUsage):
			t.Errorf("todoctl %s can be done and can be used wrongly, and its exit codes are %v", path, e.exits)
		}
		for _, code := range e.exits {
			if !slices.ContainsFunc(exits, func(x exitCode) bool { return x.code == code }) {
				t.Errorf("todoctl %s ends with %d, which nothing explains", path, code)
			}
		}
		if cmd.HasParent() && !cmd.Parent().HasParent() && cmd.GroupID == "" {
			t.Errorf("todoctl %s is in no group", path)
		}
	}
	for path := range manual {
		if !seen[path] {
			t.Errorf("the manual explains todoctl %s, which does not exist", path)
		}
	}
}

// An example that todoctl itself would refuse teaches nothing.
// shellWord is a word of a command line, or a text in single quotes.
var shellWord = regexp.MustCompile(`'[^']*'|\S+`)

func TestEveryExampleIsACommandLineThatExists(t *testing.T) {
	for path, e := range manual {
		for _, x := range e.examples {
			if strings.HasSuffix(x.outcome, ":") || strings.HasSuffix(x.outcome, ".") {
				t.Errorf("%s: the outcome %q has a mark at its end", path, x.outcome)
			}
			command, _, _ := strings.Cut(x.command, " | ") // what reads it is not todoctl's
			words := shellWord.FindAllString(command, -1)
			if words[0] != "todoctl" {
				continue // a line for a shell: TestTheCompletionLines
			}
			cmd, rest, err := newRoot(&globals{}).Find(words[1:])
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil && cmd.Args != nil {
				err = cmd.Args(cmd, cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: %q: %v", path, x.command, err)
			}
			cmd.Flags().Visit(func(f *pflag.Flag) {
				if known := choices[f.Name]; known != nil && f.Value.Type() == "string" && !slices.Contains(values(known), f.Value.String()) {
					t.Errorf("%s: %q: --%s has no value %s", path, x.command, f.Name, f.Value)
				}
			})
		}
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	for _, width := range []int{80, 60} {
		for _, cmd := range visible() {
			p := &page{width: width}
			p.command(cmd)
			fits(t, cmd.CommandPath(), p.String(), width)
			if lines := strings.Count(p.String(), "\n"); !cmd.HasParent() && width == 80 && lines > 23 {
				t.Errorf("todoctl --help has %d lines; a terminal of 24 shows 23 above its prompt:\n%s", lines, p)
			}
		}
		for _, topic := range topicChoices {
			p := &page{width: width}
			p.topic(newRoot(&globals{}), topic.value)
			fits(t, topic.value, p.String(), width)
		}
	}
}

// fits demands lines of no more than width, except those to be pasted.
func fits(t *testing.T, name, text string, width int) {
	t.Helper()
	if strings.Count(text, "\n") < 3 {
		t.Errorf("%s says nothing: %q", name, text)
	}
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		paste := strings.HasPrefix(l, "    ") && strings.Contains(l, "todoctl")
		if n := utf8.RuneCountInString(l); n > 80 || n > width && !paste {
			t.Errorf("%s: %d columns at %d: %q", name, n, width, l)
		}
		if strings.HasSuffix(l, " ") {
			t.Errorf("%s: a space at the end of %q", name, l)
		}
	}
}

func TestTheStepsStandInTheTutorialsOrder(t *testing.T) {
	var order []string
	for _, cmd := range available(newRoot(&globals{})) {
		if cmd.GroupID == "step" {
			order = append(order, cmd.Name())
		}
	}
	if !slices.Equal(order, provision.Names()) {
		t.Errorf("help lists %v, the tutorial goes %v", order, provision.Names())
	}
}

func TestEveryFlagIsCompletedAndExplained(t *testing.T) {
	for _, cmd := range visible() {
		for _, f := range append(shown(cmd.LocalNonPersistentFlags()), shown(cmd.PersistentFlags())...) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: %q", cmd.CommandPath(), f.Name, f.Usage)
			}
			if f.Value.Type() == "bool" {
				continue
			}
			offer, ok := cmd.GetFlagCompletionFunc(f.Name)
			if !ok {
				t.Errorf("%s --%s: the shell would offer files", cmd.CommandPath(), f.Name)
				continue
			}
			if completers[f.Name] != nil {
				continue // a transcript has what they offer
			}
			var got []string
			words, _ := offer(cmd, nil, "")
			for _, w := range words {
				value, _, _ := strings.Cut(w, "\t")
				got = append(got, value)
			}
			if len(got) == 0 || !slices.Equal(got, values(choices[f.Name])) {
				t.Errorf("%s --%s completes to %v", cmd.CommandPath(), f.Name, got)
			}
		}
	}
}

// What is completed is accepted, and what is refused is not completed.
func TestTheSettingsTakeWhatIsOffered(t *testing.T) {
	for _, flag := range []string{"policy", "runtime", "auth", "guard"} {
		for _, value := range append(values(choices[flag]), "all") {
			want := "this needs your consent"
			if value == "all" {
				want = "--" + flag + ` "all" is not known`
			}
			var errs strings.Builder
			app := &App{Args: []string{"up", "--" + flag, value}, In: strings.NewReader(""), Out: io.Discard, Err: &errs, Width: 80, Getenv: func(string) string { return "" }}
			if exit := Main(t.Context(), app); exit != exitUsage || !strings.Contains(errs.String(), want) {
				t.Errorf("--%s %s: exit %d\n%s", flag, value, exit, &errs)
			}
		}
	}
	for _, lag := range choices["lag"] {
		if _, ok := lags[lag.value]; !ok {
			t.Errorf("--lag %s is offered and does not exist", lag.value)
		}
	}
	if len(choices["lag"]) != len(lags) {
		t.Errorf("--lag has %d values, %d are offered", len(lags), len(choices["lag"]))
	}
}

func TestDidYouMean(t *testing.T) {
	commands := []string{"up", "status", "down", "teardown", "table", "role", "function", "url", "test", "alarm", "restore", "handler", "local"}
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"pu", []string{"up"}}, {"stat", []string{"status"}}, {"Status", []string{"status"}}, {"tabel", []string{"table"}}, {"functoin", []string{"function"}},
		{"lcoal", []string{"local"}}, {"alram", []string{"alarm"}}, {"tear", []string{"teardown"}}, {"restor", []string{"restore"}}, {"te", []string{"teardown", "test"}},
		{"", nil}, {"xy", nil}, {"x", nil}, {"deploy", nil}, {"destroy", nil}, {"créer", nil}, {"ap-southeast-1", nil},
	} {
		if got := nearest(c.typed, commands); !slices.Equal(got, c.want) {
			t.Errorf("nearest(%q) is %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestTheLineToPasteChangesOneWord(t *testing.T) {
	for _, c := range []struct{ typed, flag, wrong, right, want string }{
		{"pu --local", "", "pu", "up", "todoctl up --local"},
		{"up --outptu json", "", "--outptu", "--output", "todoctl up --output json"},
		{"up --outptu=json", "", "--outptu", "--output", "todoctl up --output=json"},
		{"up --skip=url,rle --yes", "--skip", "rle", "role", "todoctl up --skip=url,role --yes"},
		{"up --skip url,rle", "--skip", "rle", "role", "todoctl up --skip url,role"},
		{"up --stack tabel --skip tabel", "--skip", "tabel", "table", "todoctl up --stack tabel --skip table"},
	} {
		x := &command{App: &App{Args: strings.Fields(c.typed)}}
		if got := x.retyped(c.flag, c.wrong, c.right); got != c.want {
			t.Errorf("%s: %s", c.typed, got)
		}
	}
	if got := (&command{App: &App{Args: []string{"-ojsn", "status"}}}).retyped("--output", "jsn", "json"); got != "todoctl -ojsn status" {
		t.Errorf("what is not found stays: %s", got)
	}
	x := &command{App: &App{Args: []string{"up", "--source", "my folder", "--outptu", "json"}}}
	if got, want := fmt.Sprint(x.retyped("", "--outptu", "--output")), "todoctl up --source 'my folder' --output json"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhoseStackHasTheSuggestedNameIsSentToAnother(t *testing.T) {
	for stack, want := range map[string]string{"Todo": "todoctl up --local --stack Mine", "Mine": "todoctl up --local --stack Mine2", "mine": "todoctl up --local --stack Mine2"} {
		c := &command{App: &App{}, globals: &globals{local: true, stack: stack}}
		foreign := &provision.ForeignError{Step: "role", Resource: "LambdaMineRole"}
		if p := explain(foreign, c.way()); p.Fix[0] != want+"   (the same walkthrough under other names)" {
			t.Errorf("in the stack %s it says %q", stack, p.Fix[0])
		}
	}
}

// endsAsItsHelpSays holds every command that a test runs to the exit codes of
// its help.
func endsAsItsHelpSays(t *testing.T, args []string, ended *os.ProcessState) {
	t.Helper()
	if ended == nil || !ended.Exited() {
		return // it did not start, or was killed
	}
	cmd, _, _ := newRoot(&globals{}).Find(args) // the program itself when there is no such command
	if e, ok := manual[pathOf(cmd)]; ok && !slices.Contains(e.exits, ended.ExitCode()) {
		t.Errorf("todoctl %s exits with %d, and its help says that it ends with %v", strings.Join(args, " "), ended.ExitCode(), e.exits)
	}
}
