package main

import (
	"fmt"
	"slices"
	"strings"
)

// A selection asks for one of its options.
type selection struct {
	text    string
	options []option
	answer  string
	buttons bool // two options side by side
	passing bool // nothing of it stays on the screen: it interrupts a text
}

func (q *selection) title() string { return q.text }
func (q *selection) help() bool    { return !q.buttons && len(q.options) > 2 }

func (q *selection) stays() bool { return !q.passing }

func (q *selection) said() string {
	i := slices.IndexFunc(q.options, func(o option) bool { return o.Value == q.answer })
	return q.options[i].said()
}

// lines lists the options with their numbers and takes a number, or yes and no
// where that is what the options are.
func (q *selection) lines(l *lines) error {
	l.say("%s", q.text)
	for i, o := range q.options {
		l.say("  %d. %s", i+1, o.Label)
	}
	for {
		typed, err := l.read(fmt.Sprintf("Type a number from 1 to %d. Enter: 1, %s. ", len(q.options), sentence(q.options[0].Label)))
		if err != nil {
			return err
		}
		if typed == "" {
			q.answer = q.options[0].Value
			l.say("%s", withAnswer(q)) // what Enter alone has said
			return nil
		}
		for i, o := range q.options {
			word := strings.ToLower(typed)
			if typed == fmt.Sprint(i+1) || (o.Value == "yes" || o.Value == "no") && (word == o.Value || word == o.Value[:1]) {
				q.answer = o.Value
				return nil
			}
		}
		l.say("%q is not a number from 1 to %d.", typed, len(q.options))
	}
}

// A freeText asks for a line of text.
type freeText struct {
	text, description string
	present           string // what Enter keeps
	answer            string
	check             func(string) error
}

func (q *freeText) title() string { return q.text }
func (q *freeText) help() bool    { return false }

func (q *freeText) stays() bool { return true }

func (q *freeText) said() string {
	if q.answer == "" {
		return "nothing"
	}
	return harmless(q.answer)
}

func (q *freeText) lines(l *lines) error {
	l.say("%s", q.text)
	if q.description != "" {
		l.say("%s", q.description)
	}
	prompt := "Type it, then Enter: "
	if q.present != "" {
		prompt = fmt.Sprintf("Type it. Enter: %s stays. ", q.present)
	}
	for {
		typed, err := l.read(prompt)
		if err != nil {
			return err
		}
		if q.answer = typed; typed == "" {
			q.answer = q.present
		}
		if q.check != nil {
			if err := q.check(q.answer); err != nil {
				l.say("%s", err)
				continue
			}
		}
		if typed == "" {
			l.say("%s", withAnswer(q))
		}
		return nil
	}
}
