package main

import (
	"fmt"
	"strings"

	"todoctl/provision"
)

// page prints a step as a page of the book: what and why, where one would click
// instead, what will be set, what it costs. With its question it fits a
// terminal of 80x24.
func (v *words) page(number, of int, sess *session, c provision.Change) {
	d := c.Step.Describe()
	v.line("")
	v.line("%s", v.paint(bold, fmt.Sprintf("Step %d of %d: %s", number, of, d.Name)))
	v.paragraph("  ", d.What+" "+d.Why)
	if console := provision.ElsewhereOf(sess.cfg, d.Name).Console; console != "" {
		v.line("  In the console: %s", console) // the terminal folds it: it is there to be opened
	}
	v.settings(d.Settings)
	if d.Cost != "" {
		v.paragraph("  ", "Cost: "+d.Cost)
	}
}

// paragraph prints a text folded and indented.
func (v *words) paragraph(indent, text string) {
	for _, l := range fold(text, v.width-len(indent)) {
		v.line("%s%s", indent, l)
	}
}

// settings prints a row per setting, its reason behind it or, where there is no
// room, below.
func (v *words) settings(settings []provision.Setting) {
	name, value := 0, 0
	for _, s := range settings {
		name, value = max(name, len([]rune(s.Name))), max(value, len([]rune(s.Value)))
	}
	for _, s := range settings {
		row := fmt.Sprintf("%-*s  %-*s  %s", name, s.Name, value, s.Value, s.Why)
		if v.plain {
			row = fmt.Sprintf("%s: %s; %s", s.Name, s.Value, s.Why) // columns are silence to a screen reader
		}
		if len([]rune(row)) <= v.width-2 {
			v.line("  %s", strings.TrimRight(row, " "))
			continue
		}
		indent := strings.Repeat(" ", 4)
		lines := fold(s.Name+": "+s.Value+"; "+s.Why, v.width-len(indent))
		v.line("  %s", strings.Join(lines, "\n"+indent))
	}
}

// reasons prints what a page has no room for: the whole reason of each setting,
// and where the book clicks.
func (v *words) reasons(sess *session, c provision.Change) {
	v.line("")
	for _, s := range c.Step.Describe().Settings {
		why := s.More
		if why == "" {
			why = sentenceCase(s.Why)
		}
		lines := fold(fmt.Sprintf("%s: %s. %s", s.Name, s.Value, why), v.width-4)
		v.line("  %s", strings.Join(lines, "\n    "))
	}
	if clicks := provision.ElsewhereOf(sess.cfg, c.Name()).Clicks; clicks != "" {
		v.line("")
		v.paragraph("  ", clicks)
	}
}

// sentenceCase makes a sentence of a few words.
func sentenceCase(s string) string {
	if s == "" {
		return ""
	}
	return sentenceStart(s) + "."
}

func sentenceStart(s string) string {
	if s == "" || strings.HasPrefix(s, "todoctl") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// wholePage prints a page with all that "explain more" has.
func (v *words) wholePage(number, of int, sess *session, c provision.Change) {
	v.page(number, of, sess, c)
	v.reasons(sess, c)
	for _, part := range partsOf(provision.ElsewhereOf(sess.cfg, c.Name())) {
		v.line("")
		v.line("%s", v.paint(bold, part.Title))
		v.verbatim(part.Text)
	}
}

// verbatim prints lines that are there to be pasted: they are never folded.
func (v *words) verbatim(text string) {
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		v.line("%s", strings.TrimRight(line, "\n"))
	}
}

// templates prints the whole walkthrough as files for CloudFormation.
func (v *words) templates(files []provision.Document) {
	for _, f := range files {
		v.line("")
		v.line("%s", v.paint(bold, "All of it as CloudFormation: "+f.Title))
		v.verbatim(f.Text)
	}
}

// assumptions prints what both figures of a cost rest on.
func (v *words) assumptions(cost provision.Cost) {
	v.line("")
	v.line("%s", v.paint(bold, "What the costs rest on"))
	for _, a := range cost.Assumptions {
		lines := fold(a, v.width-4)
		v.line("  - %s", strings.Join(lines, "\n    "))
	}
}
