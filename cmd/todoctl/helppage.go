package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A page is a text of the help, folded to the terminal's width. It is written
// by hand: text/template, which cobra offers for it, would double the program.
type page struct {
	strings.Builder
	width int
}

// command writes the help of a command: what it is, examples with their outcome
// first, what it does, and then what to look up.
func (p *page) command(cmd *cobra.Command) {
	if !cmd.HasParent() {
		p.root(cmd)
		return
	}
	e := manual[pathOf(cmd)]
	p.text(cmd.Short)
	p.examples(e.examples)
	for _, paragraph := range paragraphs(cmd.Long) {
		p.WriteString("\n")
		p.text(paragraph)
	}
	p.heading("Usage")
	if cmd.Runnable() {
		p.code(cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		p.code(cmd.CommandPath() + " COMMAND")
		p.heading("Commands")
		p.commands(available(cmd))
	}
	if len(cmd.Aliases) > 0 {
		p.heading("Other name")
		p.code(cmd.Parent().CommandPath() + " " + strings.Join(cmd.Aliases, ", "))
	}
	if own := shown(cmd.LocalFlags()); len(own) > 0 {
		p.heading("Flags")
		p.flags(own)
	}
	if !e.alone {
		p.heading("Flags of every command")
		p.flags(shown(cmd.Root().PersistentFlags()))
	}
	p.exits(e.exits)
	if e.alone {
		p.WriteString("\n")
		p.text("todoctl help flags lists what every command has.")
	}
}

// root writes the help of the program itself, which fits into 80 by 24.
func (p *page) root(root *cobra.Command) {
	e := manual[""]
	p.text(e.short + ".")
	p.examples(e.examples[:1])
	for _, group := range root.Groups() {
		var of []*cobra.Command
		for _, cmd := range available(root) {
			if cmd.GroupID == group.ID {
				of = append(of, cmd)
			}
		}
		if len(of) == 0 {
			continue
		}
		p.heading(group.Title)
		if group.ID != "more" {
			p.commands(of)
			continue
		}
		var names []string
		for _, cmd := range of {
			names = append(names, cmd.Name())
		}
		p.indented(strings.Join(names, ", "), 2)
	}
	p.WriteString("\n")
	p.text("todoctl help COMMAND explains one; todoctl help " + strings.Join(values(topicChoices), ", ") + " explain what all have in common.")
}

func available(cmd *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			list = append(list, sub)
		}
	}
	return list
}

func (p *page) heading(title string) {
	fmt.Fprintf(&p.Builder, "\n%s:\n", strings.TrimSuffix(title, ":"))
}

func (p *page) text(text string) { p.indented(text, 0) }

func (p *page) indented(text string, by int) {
	for _, l := range fold(text, p.width-by) {
		p.WriteString(strings.Repeat(" ", by) + l + "\n")
	}
}

// code is a line to be pasted, which is never folded.
func (p *page) code(line string) { p.WriteString("  " + line + "\n") }

func (p *page) examples(list []example) {
	if len(list) > 0 {
		p.WriteString("\n")
	}
	for _, e := range list {
		p.indented(e.outcome+":", 2)
		p.code("  " + e.command)
	}
}

func (p *page) commands(list []*cobra.Command) {
	for _, cmd := range list {
		p.term(cmd.Name(), cmd.Short, 11)
	}
}

// term writes a word and what it means, in two columns; a word that is too long
// for the first has a line of its own.
func (p *page) term(word, means string, column int) {
	column += 3
	first := "  " + word
	lines := fold(means, max(p.width-column, 20)) // narrower than this only the terminal can break
	if utf8.RuneCountInString(first) >= column {
		p.WriteString(first + "\n")
		first = ""
	}
	for _, l := range lines {
		fmt.Fprintf(&p.Builder, "%-*s%s\n", column, first, l)
		first = ""
	}
}

func (p *page) exits(codes []int) {
	p.heading("Exit codes")
	for _, e := range exits {
		for _, code := range codes {
			if code == e.code {
				p.term(fmt.Sprintf("%3d", e.code), e.means, 4)
			}
		}
	}
}

// shown are the flags of a set that a person needs, in their own order.
func shown(set *pflag.FlagSet) []*pflag.Flag {
	var list []*pflag.Flag
	set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			list = append(list, f)
		}
	})
	return list
}

func (p *page) flags(list []*pflag.Flag) {
	for _, f := range list {
		p.term(flagWords(f), flagMeans(f), 25)
	}
}

// flagWords is how a flag is written: "-o, --output text|json".
func flagWords(f *pflag.Flag) string {
	words := "    --" + f.Name
	if f.Shorthand != "" {
		words = "-" + f.Shorthand + ", --" + f.Name
	}
	if value := placeholder(f); value != "" {
		words += " " + value
	}
	return words
}

// flagMeans is what a flag does, with the default that its text does not say.
func flagMeans(f *pflag.Flag) string {
	means := f.Usage
	switch f.DefValue {
	case "", "false", "0", "[]":
	default:
		means += " (default " + f.DefValue + ")"
	}
	return means
}

// placeholders are the words that stand for a flag's value.
var placeholders = map[string]string{
	"profile": "NAME", "region": "REGION", "stack": "NAME", "skip": "STEP", "runtime": "VERSION", "source": "DIR",
	"email": "ADDRESS", "limit": "DOLLARS", "backup": "FILE", "port": "PORT",
	"since": "TIME", "lines": "N", "request": "ID",
	"method": "METHOD", "data": "DATA", "header": "LINE",
}

// placeholder is the word for a flag's value, or its few values themselves; ""
// when it takes none.
func placeholder(f *pflag.Flag) string {
	if f.Value.Type() == "bool" {
		return ""
	}
	if word := placeholders[f.Name]; word != "" {
		return word
	}
	if known := choices[f.Name]; known != nil {
		return strings.Join(values(known), "|")
	}
	return strings.ToUpper(f.Value.Type())
}

// paragraphs takes a text's line breaks away, which are for its writer.
func paragraphs(text string) []string {
	var list []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if words := strings.Fields(paragraph); len(words) > 0 {
			list = append(list, strings.Join(words, " "))
		}
	}
	return list
}
