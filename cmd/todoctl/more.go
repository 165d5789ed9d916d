package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"todoctl/provision"
)

// partsOf are the texts of "explain more", each to be shown by itself.
func partsOf(e provision.Elsewhere) []provision.Document {
	var parts []provision.Document
	if lines := slices.Clone(e.Commands); len(lines) > 0 {
		for _, note := range e.Notes {
			lines = append(lines, strings.Join(fold(note, columnsWidth), "\n"))
		}
		parts = append(parts, provision.Document{Title: "The same as aws lines", Text: strings.Join(lines, "\n\n")})
	}
	for _, p := range e.Policies {
		parts = append(parts, provision.Document{Title: sentenceStart(p.Title), Text: p.Text})
	}
	if e.Template != "" {
		parts = append(parts, provision.Document{Title: "The same as CloudFormation", Text: e.Template})
	}
	return parts
}

// explainMore gives the whole reasons of a page, and then the same step as it is
// done elsewhere, one text at a time, until the person goes back to the page's
// question.
func (w *walk) explainMore(ctx context.Context, c provision.Change) error {
	out := w.aside()
	out.reasons(w.sess, c)
	if c.Name() == "function" || c.Name() == "url" { // what the worst case stands beside
		out.assumptions(w.sess.outlook.Price(w.sess.cfg, []provision.Change{c}))
	}
	parts := partsOf(provision.ElsewhereOf(w.sess.cfg, c.Name()))
	if len(parts) == 0 {
		return nil
	}
	const back = "back"
	options := []option{{"Back to the question", back}}
	for i, p := range parts {
		options = append(options, option{p.Title, strconv.Itoa(i)})
	}
	for {
		answer, err := w.choose(ctx, "Read more?", options...)
		if err != nil || answer == back {
			return err
		}
		i, err := strconv.Atoi(answer)
		if err != nil {
			return err
		}
		if err := w.show(ctx, parts[i]); err != nil {
			return err
		}
	}
}

// show prints a text, as much of it at a time as the terminal has rows. In lines
// it prints all: a screen reader goes through it by itself.
func (w *walk) show(ctx context.Context, part provision.Document) error {
	out := w.aside()
	out.line("")
	out.line("%s", out.paint(bold, part.Title))
	lines := strings.Split(strings.TrimRight(part.Text, "\n"), "\n")
	for len(lines) > 0 {
		columns, height := w.space()
		room := max(height-6, 5) // the question below it
		n, rows := 0, 0
		for n < len(lines) && (w.inLines() || n == 0 || rows+rowsOf(lines[n], columns) <= room) {
			rows += rowsOf(lines[n], columns)
			n++
		}
		for _, line := range lines[:n] {
			out.line("%s", line)
		}
		if lines = lines[n:]; len(lines) == 0 {
			return nil
		}
		// Its lines are there to be pasted, so no answer stays between them.
		q := &selection{text: fmt.Sprintf("%s more. Go on reading?", plural(len(lines), "line")), options: []option{{"Yes", "yes"}, {"No", "no"}}, answer: "yes", buttons: w.colourful(), passing: true}
		if err := w.command.ask(ctx, q); err != nil || q.answer == "no" {
			return err
		}
	}
	return nil
}

// rowsOf is how many rows of a terminal a text takes that is not folded.
func rowsOf(text string, columns int) int {
	n := 0
	for line := range strings.Lines(text) {
		n += 1 + max(len([]rune(strings.TrimRight(line, "\n")))-1, 0)/max(columns, 1)
	}
	return max(n, 1)
}
