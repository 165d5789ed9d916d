package main

import (
	"context"
	"errors"
	"io"
	"slices"

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
//   - At the end of input its line mode returns the default with a nil error,
//     past any validator; so reading is watched, and an end of input is an
//     error whatever the form says.
//   - A destructive question defaults to no, and what was typed is compared
//     again after the form.
//   - Its line mode ignores the context; so a form runs beside it, and a
//     Ctrl-C does not wait for the next Enter.
//   - On SIGTERM it ends with its default and a nil error; so signals are none
//     of its business, and only a form that was completed is an answer.

// errEndOfInput says that the terminal closed while a question was open.
var errEndOfInput = errors.New("the input ended before the question was answered")

// An option is one answer of a choice.
type option struct{ Label, Value string }

// choose asks for one of several answers; the first is the default.
func (c *command) choose(ctx context.Context, title string, options ...option) (string, error) {
	answer := options[0].Value
	list := make([]huh.Option[string], len(options))
	for i, o := range options {
		list[i] = huh.NewOption(o.Label, o.Value)
	}
	err := c.ask(ctx, huh.NewSelect[string]().Title(harmless(title)).Options(list...).Value(&answer))
	return answer, err
}

// confirm asks yes or no. What cannot be undone passes false as its default.
func (c *command) confirm(ctx context.Context, title string, byDefault bool) (bool, error) {
	if !c.colourful() { // without colours the two buttons look the same
		options := []option{{"Yes", "yes"}, {"No", "no"}}
		if !byDefault {
			slices.Reverse(options)
		}
		answer, err := c.choose(ctx, title, options...)
		return answer == "yes" && err == nil, err
	}
	answer := byDefault
	err := c.ask(ctx, huh.NewConfirm().Title(harmless(title)).Affirmative("Yes").Negative("No").Value(&answer))
	return answer && err == nil, err
}

// input asks for a line of text.
func (c *command) input(ctx context.Context, title, description string, check func(string) error) (string, error) {
	var answer string
	field := huh.NewInput().Title(harmless(title)).Description(harmless(description)).Value(&answer)
	if check != nil {
		field = field.Validate(check)
	}
	if err := c.ask(ctx, field); err != nil {
		return "", err
	}
	if check != nil { // the line mode may have left the validator out
		if err := check(answer); err != nil {
			return "", err
		}
	}
	return answer, nil
}

// ask shows one field and waits for its answer.
func (c *command) ask(ctx context.Context, field huh.Field) error {
	if !c.CanPrompt() {
		return errNotAnswered
	}
	c.work.pause()
	defer c.work.resume()
	if v, people := c.view().(*words); people {
		v.hold()
		defer v.release()
	}
	in := &watched{Reader: c.In}
	accessible := c.Getenv("TERM") == "dumb" || c.Getenv("ACCESSIBLE") != ""
	form := huh.NewForm(huh.NewGroup(field)).WithOutput(c.screen).WithShowHelp(!accessible).WithAccessible(accessible).WithWidth(min(c.Width, 80))
	form = form.WithKeyMap(keys())
	if !c.colourful() {
		lipgloss.SetColorProfile(termenv.Ascii)
		form = form.WithTheme(huh.ThemeBase())
	}
	run := func() error { return c.fill(ctx, form) }
	if accessible {
		run = form.WithInput(in).Run
	}
	answered := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil { // its line mode panics at an end of input after a wrong number
				answered <- errEndOfInput
			}
		}()
		answered <- run()
	}()
	var err error
	select {
	case err = <-answered:
	case <-ctx.Done():
		if !accessible {
			err = <-answered // gives the terminal back
		}
		return errors.Join(ctx.Err(), err)
	}
	switch {
	case form.State == huh.StateAborted:
		c.interrupt()
		return context.Canceled
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case in.ended:
		return errEndOfInput
	case !accessible && form.State != huh.StateCompleted:
		return errNotAnswered
	}
	return nil
}

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
	return m
}

// watched notices the end of its reader.
type watched struct {
	io.Reader
	ended bool
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil {
		w.ended = true
	}
	return n, err
}
