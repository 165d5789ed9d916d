package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Rules of asking, each learned from what the form library does on its own:
//
//   - Nothing is asked unless both stdin and stderr are terminals
//     (App.CanPrompt): without one the library hangs or takes its default.
//   - Its line mode takes the end of input for its default, past any validator,
//     and ignores the context; so lines.go asks line by line instead.
//   - A destructive question defaults to no, and what was typed is compared
//     again after the form.
//   - On SIGTERM it ends with its default and a nil error; so signals are none
//     of its business, and only a form that was completed is an answer.
//   - Its themes guess whether the background is dark, and text of theirs
//     vanishes where they guess wrong; so ours has no colours but the terminal's.

// errEndOfInput says that the terminal closed while a question was open.
var errEndOfInput = errors.New("the input ended before the question was answered")

// An option is one answer of a choice.
type option struct{ Label, Value string }

// said is the answer as the line that stays on the screen says it.
func (o option) said() string {
	if o.Value == "yes" || o.Value == "no" {
		return o.Value
	}
	return sentence(o.Label)
}

// A question is asked as a form, or in lines where a form is of no use.
type question interface {
	form() huh.Field
	help() bool // the form says which keys there are
	lines(*lines) error
	title() string
	said() string // the answer
	stays() bool  // both stay on the screen
}

// choose asks for one of several answers; the first is the default.
func (c *command) choose(ctx context.Context, title string, options ...option) (string, error) {
	q := &selection{text: harmless(title), options: options, answer: options[0].Value}
	if err := c.ask(ctx, q); err != nil {
		return "", err
	}
	return q.answer, nil
}

// confirm asks yes or no. What cannot be undone passes false as its default.
func (c *command) confirm(ctx context.Context, title string, byDefault bool) (bool, error) {
	options := []option{{"Yes", "yes"}, {"No", "no"}}
	if !byDefault {
		slices.Reverse(options)
	}
	q := &selection{text: harmless(title), options: options, answer: options[0].Value, buttons: c.colourful()} // without colours the two buttons look the same
	if err := c.ask(ctx, q); err != nil {
		return false, err
	}
	return q.answer == "yes", nil
}

// input asks for a line of text.
func (c *command) input(ctx context.Context, title, description string, check func(string) error) (string, error) {
	return c.edit(ctx, title, description, "", check)
}

// edit asks for a line of text that has a value already. Enter keeps it.
func (c *command) edit(ctx context.Context, title, description, present string, check func(string) error) (string, error) {
	q := &freeText{text: harmless(title), description: harmless(description), present: harmless(present), answer: present, check: check}
	if err := c.ask(ctx, q); err != nil {
		return "", err
	}
	return q.answer, nil
}

// ask shows one question, waits for its answer, and leaves both on the screen:
// the form itself is gone then.
func (c *command) ask(ctx context.Context, q question) error {
	if !c.CanPrompt() {
		return errNotAnswered
	}
	c.work.pause()
	defer c.work.resume()
	if out, people := c.view().(*words); people {
		out.hold()
		defer out.release()
	}
	if c.inLines() {
		return c.askLines(ctx, q)
	}
	out := c.words()
	if err := c.askForm(ctx, q); err != nil || !q.stays() {
		if errors.Is(err, context.Canceled) { // where it was stopped; the form itself is gone
			out.line("? %s", q.title())
		}
		return err
	}
	out.line("%s", strings.Join(fold("? "+withAnswer(q), out.width), "\n"))
	return nil
}

// withAnswer is a question with its answer.
func withAnswer(q question) string { return strings.TrimRight(q.title(), "?.") + ": " + q.said() }

func (c *command) askForm(ctx context.Context, q question) error {
	profile := termenv.ANSI
	if !c.colourful() {
		profile = termenv.Ascii
	}
	lipgloss.SetColorProfile(profile) // the library would look at stdout, which may be a file
	columns, _ := c.space()
	form := huh.NewForm(huh.NewGroup(q.form())).WithInput(c.In).WithOutput(c.screen).
		WithShowHelp(q.help()).WithWidth(min(columns, 80)).WithTheme(theme()).WithKeyMap(keys())
	err := c.fill(ctx, form)
	switch {
	case form.State == huh.StateAborted:
		c.interrupt()
		return context.Canceled
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), err)
	case err != nil:
		return err
	case form.State != huh.StateCompleted:
		return errNotAnswered
	}
	return nil
}

func (q *selection) form() huh.Field {
	if q.buttons {
		yes := q.answer == "yes"
		return huh.NewConfirm().WithButtonAlignment(lipgloss.Left).Title(q.text).Affirmative("Yes").Negative("No").
			Accessor(accessor[bool]{get: func() bool { return yes }, set: func(v bool) {
				yes = v
				q.answer = map[bool]string{true: "yes", false: "no"}[v]
			}})
	}
	list := make([]huh.Option[string], len(q.options))
	for i, o := range q.options {
		list[i] = huh.NewOption(harmless(o.Label), o.Value)
	}
	return huh.NewSelect[string]().Title(q.text).Value(&q.answer).Options(list...) // in this order: the list begins at its value
}

func (q *freeText) form() huh.Field {
	field := huh.NewInput().Title(q.text).Description(q.description).Value(&q.answer)
	if q.check != nil {
		field = field.Validate(q.check)
	}
	return field
}

// An accessor is a value that a form field reads and writes.
type accessor[T any] struct {
	get func() T
	set func(T)
}

func (a accessor[T]) Get() T  { return a.get() }
func (a accessor[T]) Set(v T) { a.set(v) }

// fill shows a form until it is completed or given up. Whatever ends it, it is
// told to quit: the library's own ways of ending one early, by its context or
// by an interrupt, take its input away while that is still being read.
func (c *command) fill(ctx context.Context, form *huh.Form) error {
	form.SubmitCmd, form.CancelCmd = tea.Quit, tea.Quit
	program := tea.NewProgram(form, tea.WithInput(c.In), tea.WithOutput(c.screen), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, program.Quit)()
	_, err := program.Run()
	return err
}

// interrupt stops the run, the calls of its other steps too, as Ctrl-C does
// where no question is open.
func (c *command) interrupt() {
	c.newLine = true // the answer was the end of its line
	if c.Interrupt != nil {
		c.Interrupt()
	}
	if c.stop != nil {
		c.stop(context.Canceled)
	}
}

// keys are the library's without two surprises: Ctrl-D moved the choice on to
// the next answer, and "/" opened a filter that hid the question. Ctrl-D is the
// end of input, so it stops like Ctrl-C.
func keys() *huh.KeyMap {
	m := huh.NewDefaultKeyMap()
	m.Quit = key.NewBinding(key.WithKeys("ctrl+c", "ctrl+d"))
	m.Select.HalfPageDown.SetEnabled(false)
	m.Select.HalfPageUp.SetEnabled(false)
	m.Select.Filter.SetEnabled(false)
	m.Select.Submit.SetHelp("enter", "choose")
	return m
}

// theme has one look for all backgrounds: bold and reversed, and no colours.
func theme() *huh.Theme {
	plain, bold := lipgloss.NewStyle(), lipgloss.NewStyle().Bold(true)
	t := huh.ThemeBase()
	f := &t.Focused
	f.Base, f.Card = plain, plain // no bar at the left
	f.Title, f.Description = bold.SetString("?"), plain
	f.ErrorIndicator, f.ErrorMessage = plain.SetString(""), bold.SetString("!")
	f.SelectSelector, f.SelectedOption = bold.SetString("> "), bold
	f.FocusedButton, f.BlurredButton = bold.Reverse(true).Padding(0, 2).MarginRight(1), plain.Padding(0, 2).MarginRight(1)
	f.TextInput.Placeholder = plain
	t.Blurred = t.Focused
	t.Help = help.Styles{ShortKey: plain, ShortDesc: plain, ShortSeparator: plain, Ellipsis: plain, FullKey: plain, FullDesc: plain, FullSeparator: plain}
	return t
}
