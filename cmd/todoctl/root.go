package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"todoctl/provision"
)

// globals are the flags that every command has.
type globals struct {
	local   bool
	profile string
	region  string
	stack   string
	yes     bool
	noInput bool
	dryRun  bool
	output  string
	explain bool
	noColor bool
	debug   bool

	parallel int // steps at work at once; 0 is all
}

// Main runs todoctl once and returns its exit code.
func Main(ctx context.Context, app *App) int {
	g := &globals{}
	return execute(ctx, app, g, newRoot(g))
}

func execute(ctx context.Context, world *App, g *globals, root *cobra.Command) (exit int) {
	app := *world
	c := &command{App: &app, globals: g, doc: &document{}, screen: world.Err}
	c.secrets.learn(aws.Credentials{
		AccessKeyID: app.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: app.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: app.Getenv("AWS_SESSION_TOKEN"),
	})
	app.Out = &discreet{to: world.Out, secrets: &c.secrets, failed: &c.unprinted}
	app.Err = &discreet{to: world.Err, secrets: &c.secrets}
	defer func() {
		if bug := provision.Caught(recover()); bug != nil {
			exit = c.finish(bug)
		}
	}()
	if slices.Contains(app.Args, cobra.ShellCompRequestCmd) || slices.Contains(app.Args, cobra.ShellCompNoDescRequestCmd) {
		complete(root)
	}
	root.SetArgs(withValues(root, app.Args))
	root.SetIn(app.In)
	root.SetOut(app.Out)
	root.SetErr(app.Err)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c.stop = stop
	c.work = workTime{app: &app, end: func() { stop(errWorkLimit) }}
	defer c.work.finish()
	defer c.unlock()
	cmd, err := root.ExecuteContextC(context.WithValue(ctx, commandKey{}, c))
	if _, told := errors.AsType[*Problem](err); err != nil && !told && (c.name == "" || strings.Contains(err.Error(), "flags in the group")) {
		err = c.wordRefused(cmd, err)
	}
	if _, other := errors.AsType[*provision.AccountError](context.Cause(ctx)); ctx.Err() != nil && (err != nil || other) {
		err = context.Cause(ctx) // interrupted: whatever else failed, failed for that
		c.afterKeys()
	}
	if format := cmp.Or(typedFormat(app.Args), c.output); err != nil && c.name == "" && isJSON(format) { // refused before its flags were read
		c.output, c.name = format, strings.TrimPrefix(cmd.CommandPath(), "todoctl ")
	}
	exit = c.finish(err)
	c.settled(exit == exitDone)
	return exit
}

// withValues gives a flag that may stand alone the word behind it: pflag takes a
// value for such a flag only after "=", and people type a space.
func withValues(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil {
		return args
	}
	var joined []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(joined, args[i:]...)
		}
		name, long := strings.CutPrefix(args[i], "--")
		f := cmd.Flags().Lookup(name)
		if long && f != nil && f.NoOptDefVal != "" && f.Value.Type() == "string" && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return joined
}

// afterKeys begins a new line where the terminal has echoed the Ctrl-C itself, or
// takes the echo away, as a block that is drawn in place does.
func (c *command) afterKeys() {
	switch v := c.words(); {
	case !c.ErrTerminal || c.inJSON():
	case v.live():
		fmt.Fprint(c.Err, "\r"+toTheRight)
	case !c.newLine:
		fmt.Fprintln(c.Err)
	}
}

// A command is one run: the world, the flags, and what there is to print.
type command struct {
	*App
	*globals
	doc     *document
	name    string     // "up"
	path    string     // "todoctl up --local": how to run it again
	end     conclusion // the command's own; nil: doc
	printed bool       // text was asked for, and is on stdout: there is no document
	out     view
	stop    func(cause error) // ends the run
	stream  *stream           // of --output jsonl

	unprinted error // what was the matter with stdout
	work      workTime
	tally     tally
	talk      sync.Mutex // one question at a time while steps are at work
	secrets   secrets
	screen    io.Writer       // Err itself, for forms: they must see that it is a terminal
	held      func()          // gives the lock back; nil: none is held
	settle    func(well bool) // notes how a run ended that may have made something; nil: it may not
	newLine   bool            // what stopped the run has left no half line on the screen

	askedRegion string // the Region of AWS that was asked, "" before that
}

type commandKey struct{}

// this returns the command that cobra is running.
func this(cmd *cobra.Command) *command {
	c := cmd.Context().Value(commandKey{}).(*command)
	return c
}

// view returns where this run is told: in words on stderr, or into the document.
func (c *command) view() view {
	if c.out == nil {
		if c.inJSON() {
			c.out = &records{doc: c.doc, lines: c.lines()}
		} else {
			c.out = c.words()
		}
	}
	return c.out
}

func (c *command) words() *words {
	columns, _ := c.space()
	v := &words{w: c.Err, colour: c.ErrTerminal && c.colourful(), plain: c.inLines(), letters: c.letters(), spoken: c.spoken(), width: min(columns, 80), quiet: quietElsewhere, clock: c.Clock}
	if c.ErrTerminal && c.Getenv("CI") == "" {
		v.quiet = quietTerminal
		if !v.plain && !c.debug { // what is read aloud must not change, and a trace is to be kept
			v.size = c.Size
		}
	}
	return v
}

// finish prints the end of a run and returns its exit code.
func (c *command) finish(err error) int {
	if v, people := c.out.(*words); people {
		v.Ran() // after a bug it may be under way
	}
	exit := exitDone
	if c.unprinted != nil && (err == nil || errors.Is(err, errDiffers)) {
		err = told("TODO-RUN-11", "the result could not be printed: "+c.unprinted.Error(), c.again())
	}
	if err != nil {
		p := explain(err, c.way())
		c.view().Problem(p)
		exit = p.Exit
	}
	if c.inJSON() && c.name != "" && !c.printed {
		if err := c.conclude(exit); err != nil && exit == exitDone {
			exit = exitFailed
		}
	}
	return exit
}

func (c *command) way() way {
	on := way{again: c.again(), with: c.with, apart: c.apart, inRegion: c.inRegion, down: c.name == "down", far: c.tally.words(), begun: c.tally.begun(), some: c.tally.some(), local: c.local, region: c.askedRegion}
	if c.local || c.profile != "" || !c.keysInEnvironment() {
		return on // --profile wins over the environment
	}
	on.unset = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
	if c.GOOS == "windows" {
		on.unset = "Remove-Item Env:AWS_ACCESS_KEY_ID, Env:AWS_SECRET_ACCESS_KEY"
	}
	if c.Getenv("AWS_PROFILE") != "" {
		on.shadowed = c.profileName()
	}
	return on
}

// again is the command line that continues this one.
func (c *command) again() string {
	if c.path != "" {
		return c.path
	}
	return "todoctl up"
}

// commandLine rebuilds the command that was typed, with more flags if wanted.
func (c *command) commandLine(more ...string) string {
	words := slices.Clone(c.Args)
	for _, m := range more {
		if !slices.Contains(words, m) {
			words = append(words, m)
		}
	}
	return line(words)
}

// with repeats this run's own flags on another command: `todoctl down --local`.
func (c *command) with(command string) string {
	line := c.bare(command)
	if c.stack != "" && c.stack != provision.DefaultStack {
		line += " --stack " + provision.Quote(c.stack)
	}
	return line
}

// apart does the same for another stack, one of other names.
func (c *command) apart(command string) string {
	if strings.EqualFold(c.stack, "Mine") { // IAM's names are the same in either case
		return c.bare(command) + " --stack Mine2"
	}
	return c.bare(command) + " --stack Mine"
}

// bare does the same without the stack.
func (c *command) bare(command string) string {
	line := "todoctl " + command
	if c.local {
		line += " --local"
	}
	if !c.local && c.profile != "" {
		line += " --profile " + provision.Quote(c.profile)
	}
	if c.region != "" {
		line += " --region " + provision.Quote(c.region)
	}
	return line
}

// refused explains what the command line's own checks found, before any command
// ran: an unknown command, a word too much, two flags that exclude each other.
func refused(err error) *Problem {
	text, _, _ := strings.Cut(err.Error(), "\n")
	id := "TODO-USE-01"
	if strings.Contains(text, "if any flags in the group") {
		id, text = "TODO-USE-04", "these flags exclude each other: "+strings.Trim(text[strings.Index(text, "["):strings.Index(text, "]")], "[]")
	}
	return told(id, sentence(text), "todoctl --help")
}

// prepare checks the flags that every command shares, before it does anything.
func prepare(cmd *cobra.Command) error {
	c := this(cmd)
	c.name = strings.TrimPrefix(cmd.CommandPath(), "todoctl ")
	c.path = c.commandLine()
	if c.parallel == 1 {
		cmd.SetContext(provision.Serial(cmd.Context()))
	}
	c.doc.Local = c.local
	if err := c.checkChoices(cmd); err != nil {
		if !isJSON(c.output) {
			c.output = formatText
		}
		return err
	}
	if err := c.checkFormat(cmd); err != nil {
		return err
	}
	if err := provision.CheckStack(c.stack); err != nil {
		return usage([]string{c.bare(c.name) + " --stack Chat"}, "%s", err).as("TODO-USE-06")
	}
	if c.local && c.profile != "" {
		return usage([]string{c.bare(c.name)}, "--local has no profiles: leave out --profile").as("TODO-USE-04")
	}
	return nil
}

// consent says whether a command that changes something may go on: yes by
// --yes, or a person who can be asked. It is checked before any network call.
func (c *command) consent() error {
	if c.yes || c.dryRun || (c.CanPrompt() && !c.noInput && !c.inJSON()) {
		return nil
	}
	why := "there is no terminal to ask in"
	switch {
	case c.noInput:
		why = "--no-input forbids asking"
	case c.inJSON() && c.CanPrompt():
		why = "--output " + c.output + " asks nothing"
	}
	return told("TODO-USE-05", "this needs your consent, and "+why, c.commandLine("--yes"))
}

// asking says whether questions are asked in this run.
func (c *command) asking() bool {
	return !c.yes && !c.dryRun && !c.noInput && !c.inJSON() && c.CanPrompt()
}

var errNotAnswered = errors.New("the question was not answered")
