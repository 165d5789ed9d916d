//go:build !windows

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/term"
)

// A place is what one of the three standard files is.
type place string

const (
	tty    place = "" // the terminal
	pipe   place = "|"
	null   place = "/dev/null" // what a file is that nobody gives
	closed place = "&-"
)

// A wayOf running is where todoctl finds itself.
type wayOf struct {
	name          string
	env           []string
	flags         []string
	columns, rows uint16
	in, out, err  place
	lines         bool // questions are asked line by line
	colourless    bool
	ascii         bool // on the terminal, and nothing but
	spoken        bool
}

var ways = []wayOf{
	{name: "80x24"},
	{name: "60x20", columns: 60, rows: 20},
	{name: "40x12", columns: 40, rows: 12},
	{name: "TERM=dumb", env: []string{"TERM=dumb"}, lines: true, colourless: true, ascii: true},
	{name: "TERM unset", env: []string{"TERM="}, lines: true, colourless: true, ascii: true},
	{name: "TERM=vt100", env: []string{"TERM=vt100"}},
	{name: "NO_COLOR, CI, SSH", env: []string{"NO_COLOR=1", "CI=true", "SSH_TTY=/dev/pts/0", "SSH_CONNECTION=10.0.0.1 1 10.0.0.2 22"}, colourless: true},
	{name: "--no-color on white", env: []string{"COLORFGBG=0;15"}, flags: []string{"--no-color"}, colourless: true},
	{name: "screen reader", env: []string{"ACCESSIBLE=1", "COLORFGBG=15;0"}, lines: true, ascii: true, spoken: true},
	{name: "screen reader, narrow", env: []string{"ACCESSIBLE=1", "NO_COLOR=1"}, columns: 60, rows: 20, lines: true, ascii: true, spoken: true, colourless: true},
	{name: "LANG=C", env: []string{"LANG=C"}, lines: true, ascii: true},
	{name: "LC_ALL over LANG", env: []string{"LANG=de_DE.UTF-8", "LC_ALL=de_DE"}, lines: true, ascii: true},
	{name: "--no-input", flags: []string{"--no-input"}},
	{name: "stdin at its end", in: null},
	{name: "stdin a pipe", in: pipe},
	{name: "stdin closed", in: closed},
	{name: "stdout a pipe", out: pipe},
	{name: "stdout closed", out: closed},
	{name: "stderr a pipe, narrow", err: pipe, columns: 60, rows: 20},
	{name: "stderr thrown away", err: null},
	{name: "stderr closed", err: closed},
	{name: "no terminal", in: pipe, out: pipe, err: pipe},
	{name: "no terminal, cron", in: null, out: pipe, err: pipe, env: []string{"TERM=", "LANG=C"}, ascii: true},
}

// An errand is a command that is run in each way.
type errand struct {
	args     []string
	question string // "" when it asks nothing
	answer   string // what is pressed then
	answered int    // its exit code after that
	unasked  int    // the same where nobody can be asked
	data     bool   // it has something to print
}

// aBackup makes a backup with one item in it.
func aBackup(t *testing.T) string {
	t.Helper()
	env, file := startedLocal(t), filepath.Join(t.TempDir(), "items.jsonl")
	url, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test,alarm")
	if exit != 0 {
		t.Fatal(errs)
	}
	res, err := http.Post(strings.TrimSpace(url), "application/json", strings.NewReader(`{"task": "Buy groceries"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if _, errs, exit := run(t, env, "down", "--local", "--yes", "--backup", file); exit != 0 {
		t.Fatal(errs)
	}
	return file
}

func TestEachWayOfRunningEndsAsItShould(t *testing.T) {
	backup := aBackup(t)
	errands := []errand{
		{args: []string{"up", "--local", "--email", "me@example.com"}, question: "Go through", answer: ctrlC, answered: exitInterrupted, unasked: exitUsage},
		{args: []string{"alarm", "--local"}, question: "Go through", answer: ctrlC, answered: exitInterrupted, unasked: exitUsage},
		{args: []string{"restore", "--local", backup}, question: "Write them", answer: enter, answered: exitInterrupted, unasked: exitUsage},
		{args: []string{"down", "--local"}, question: "Type Todo to remove", answer: enter, answered: exitUsage, unasked: exitUsage},
		{args: []string{"status", "--local"}, unasked: exitDiffers, data: true},
		{args: []string{"explain", "TODO-IAM-01"}, data: true},
		{args: []string{"help", "up"}, data: true},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			env := startedLocal(t)
			if _, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test,alarm"); exit != 0 {
				t.Fatal(errs)
			}
			for _, e := range errands {
				way.try(t, env, e)
			}
		})
	}
}

// try runs one command and looks at all that it leaves behind.
func (way wayOf) try(t *testing.T, env []string, e errand) {
	t.Helper()
	args := append(slices.Clone(e.args), way.flags...)
	what := strings.Join(args, " ")
	x, errs, before := way.start(t, append(slices.Clone(env), way.env...), args)
	asked := e.question != "" && way.in == tty && way.err == tty && !slices.Contains(way.flags, "--no-input")
	want := e.unasked
	if asked {
		want = e.answered
		x.expect(e.question)
		if way.lines && e.answer == ctrlC { // it is heard to its end
			x.expect("Enter")
		}
		x.press(e.answer)
	}
	if exit := x.end(); exit != want {
		t.Errorf("%s: exit %d, want %d; it said:\n%s%s", what, exit, want, x.text(), errs)
	}
	after, err := term.GetState(int(x.pty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if *after != *before {
		t.Errorf("%s leaves other settings of the terminal behind", what)
	}
	for range x.grown { // until all of it has been read
	}
	way.look(t, what, e, asked, x, errs.String())
}

// start runs todoctl with its files as the way has them. What goes to the terminal
// is the terminal's, whichever file it came from; before are its settings.
func (way wayOf) start(t *testing.T, env, args []string) (x *terminal, errs *bytes.Buffer, before *term.State) {
	t.Helper()
	cmd := exec.Command(todoctl(t), args...)
	if redirections := way.closed(); redirections != "" {
		cmd = exec.Command("sh", append([]string{"-c", `exec "$0" "$@" ` + redirections, todoctl(t)}, args...)...)
	}
	cmd.Env, cmd.Dir = env, t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	errs = &bytes.Buffer{}
	x = onTerminalOf(t, cmp.Or(way.rows, 24), cmp.Or(way.columns, 80), cmd, func(x *terminal, slave *os.File) {
		var err error
		if before, err = term.GetState(int(slave.Fd())); err != nil {
			t.Fatal(err)
		}
		if way.in == tty {
			cmd.Stdin, cmd.SysProcAttr.Setctty = slave, true
		} else if way.in == pipe {
			cmd.Stdin = strings.NewReader("y\nyes\n1\nTodo\n")
		}
		if way.out == tty {
			cmd.Stdout = slave
		} else if way.out == pipe {
			cmd.Stdout = &x.stdout
		}
		if way.err == tty {
			cmd.Stderr = slave
		} else if way.err == pipe {
			cmd.Stderr = errs
		}
	})
	return x, errs, before
}

// closed are the redirections that close files, for a shell.
func (way wayOf) closed() string {
	var all []string
	for file, at := range map[string]place{"<": way.in, ">": way.out, "2>": way.err} {
		if at == closed {
			all = append(all, file+"&-")
		}
	}
	return strings.Join(all, " ")
}

var (
	look       = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	anew       = regexp.MustCompile(`\r|\x1b\[[0-9]*[AHJ]`) // another line begins, or this one does again
	colour     = regexp.MustCompile(`\x1b\[(?:[0-9;]*;)?[349][0-7]m`)
	toBePasted = regexp.MustCompile(`https?://|curl |todoctl |aws |/items\.jsonl`)
	questions  = regexp.MustCompile(`Go through|Type a number|Type Todo|Write them`)
)

// look looks at what one command has written.
func (way wayOf) look(t *testing.T, what string, e errand, asked bool, x *terminal, errs string) {
	t.Helper()
	raw, text, data := x.raw(), x.text(), x.stdout.String()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s %s; it wrote %q, on stdout %q and on stderr %q", what, fmt.Sprintf(format, args...), raw, data, errs)
	}

	// Escape sequences belong to a terminal that obeys them.
	if strings.Contains(data+errs, "\x1b") {
		wrong("writes escape sequences where there is no terminal")
	}
	if strings.Contains(raw, "\x1b]") || strings.Contains(raw, "\x1b[6n") {
		wrong("asks the terminal itself something")
	}
	if plainly := look.ReplaceAllString(raw, ""); way.lines && strings.Contains(plainly, "\x1b") {
		wrong("moves a cursor")
	}
	if way.colourless && colour.MatchString(raw) || way.lines && way.colourless && strings.Contains(raw, "\x1b") {
		wrong("is in colours")
	}
	if strings.LastIndex(raw, "\x1b[?25l") > strings.LastIndex(raw, "\x1b[?25h") {
		wrong("leaves the cursor hidden")
	}
	if strings.LastIndex(raw, "\x1b[?2004h") > strings.LastIndex(raw, "\x1b[?2004l") {
		wrong("leaves bracketed paste on")
	}

	said := text + data + errs
	// Below 60 columns only what is drawn in place and the forms keep to the width.
	for line := range strings.Lines(look.ReplaceAllString(anew.ReplaceAllString(raw, "\n"), "") + "\n" + data + errs) {
		line = strings.TrimRight(escapes.ReplaceAllString(line, ""), "\n ")
		if n := utf8.RuneCountInString(line); n > max(int(cmp.Or(way.columns, 80)), 60) && !toBePasted.MatchString(line) {
			wrong("has a line of %d columns: %q", n, line)
		}
	}
	if i := strings.IndexFunc(said, func(r rune) bool { return r > '~' }); way.ascii && i >= 0 {
		wrong("shows %q", said[i:min(i+20, len(said))])
	}
	if marks := regexp.MustCompile(`(?m)^(ok|no|\.\.|[+~!-]) `); way.spoken && marks.MatchString(said) {
		wrong("has marks that would be read out: %q", marks.FindString(said))
	}

	// Nobody is asked who cannot answer, and what to type instead is whole.
	heard := way.err == tty || way.err == pipe
	switch {
	case !asked && questions.MatchString(said):
		wrong("asks %q", questions.FindString(said))
	case !asked && e.question != "" && heard && !strings.Contains(said, "\ntry:   todoctl "+what+" --yes"):
		wrong("does not say what to type")
	case asked && way.lines && e.answer == ctrlC && !strings.Contains(text, "Enter: 1, yes."):
		wrong("does not say what Enter alone means")
	case asked && way.lines && strings.HasPrefix(what, "restore") && !strings.Contains(text, "Enter: 1, no."):
		wrong("does not say what Enter alone means")
	}

	switch {
	case way.out == pipe && !e.data && data != "":
		wrong("puts talk on stdout")
	case way.out == pipe && e.data && data == "":
		wrong("prints nothing")
	case e.data && way.err == pipe && way.out == tty && text == "":
		wrong("prints nothing")
	}
}

// A library that todoctl uses asks the terminal for its background, before any of
// todoctl's own lines run. On one that does not answer, each command took five
// seconds, and what was typed ahead was lost.
func TestNothingIsAskedOfTheTerminalItself(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"explain"}, {"help"}, {"up", "--no-input"}} {
		x, _, _ := wayOf{}.start(t, home(t), args)
		x.end()
		for range x.grown { // until all of it has been read
		}
		if raw := x.raw(); raw == "" || strings.Contains(raw, "\x1b]") || strings.Contains(raw, "\x1b[6n") {
			t.Errorf("%v writes %q", args, raw)
		}
	}
}
