package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan() *cobra.Command {
	return &cobra.Command{
		Use: "man DIR",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage([]string{"todoctl man ~/.local/share/man/man1", helpLine(cmd)}, "man takes one folder").as("TODO-USE-08")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return manRun(this(cmd), cmd.Root(), args[0]) },
	}
}

func manRun(c *command, root *cobra.Command, dir string) error {
	for _, cmd := range allCommands(root) {
		if !cmd.IsAvailableCommand() && cmd.HasParent() {
			continue
		}
		path := filepath.Join(dir, manName(cmd)+".1")
		if c.dryRun {
			c.view().Note("would write %s", path)
			continue
		}
		if err := c.writeOver(path, []byte(manPage(cmd))); err != nil {
			return told("TODO-RUN-15", err.Error(), "todoctl man another-folder")
		}
		fmt.Fprintln(c.Out, path)
	}
	c.asText()
	return nil
}

// manName is a command as man knows it: todoctl-up.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// A roff is a manual page in the language of man(7). Cobra's generator would put
// a parser of Markdown and one of YAML into the program, 340 KB of them, sort the
// flags and know nothing of exit codes.
type roff struct{ strings.Builder }

// manPage writes a command's page, with the same parts as its help.
func manPage(cmd *cobra.Command) string {
	var r roff
	e := manual[pathOf(cmd)]
	fmt.Fprintf(&r, ".TH %q 1 \"\" \"todoctl\" \"todoctl\"\n", strings.ToUpper(manName(cmd)))
	r.section("NAME")
	r.line(manName(cmd) + " - " + e.short)
	r.section("SYNOPSIS")
	if cmd.Runnable() {
		r.bold(cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		r.bold(cmd.CommandPath() + " COMMAND [flags]")
	}
	r.section("EXAMPLES")
	for _, x := range e.examples {
		r.term(x.command, x.outcome)
	}
	r.section("DESCRIPTION")
	for i, p := range paragraphs(e.long) {
		if i > 0 {
			r.WriteString(".PP\n")
		}
		r.line(p)
	}
	if subs := available(cmd); len(subs) > 0 {
		r.section("COMMANDS")
		for _, sub := range subs {
			r.term(sub.CommandPath(), sub.Short)
		}
	}
	if own := shown(cmd.LocalFlags()); len(own) > 0 {
		r.section("FLAGS")
		r.flags(own)
	}
	if !e.alone && cmd.HasParent() {
		r.section("FLAGS OF EVERY COMMAND")
		r.flags(shown(cmd.Root().PersistentFlags()))
	}
	r.section("EXIT STATUS")
	for _, x := range exits {
		for _, code := range e.exits {
			if code == x.code {
				r.term(fmt.Sprint(code), x.means)
			}
		}
	}
	if !cmd.HasParent() {
		r.section("ENVIRONMENT")
		for _, v := range environment {
			r.term(v.name, v.means)
		}
	}
	r.section("SEE ALSO")
	var others []string
	for _, other := range append([]*cobra.Command{cmd.Root()}, available(cmd.Root())...) {
		if other != cmd {
			others = append(others, manName(other)+"(1)")
		}
	}
	r.line(strings.Join(others, ", "))
	return r.String()
}

func (r *roff) section(title string) { fmt.Fprintf(r, ".SH %q\n", title) }

// line writes text. A point or an apostrophe at its beginning would be a command
// to roff, and a bare hyphen a character that no shell takes.
func (r *roff) line(text string) {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	r.WriteString(text + "\n")
}

// bold writes a line of a terminal.
func (r *roff) bold(text string) {
	r.WriteString(".PP\n.B ")
	r.line(text)
}

// term writes what is looked up, and what it means below it.
func (r *roff) term(word, means string) {
	r.WriteString(".TP\n.B ")
	r.line(word)
	r.line(means)
}

func (r *roff) flags(list []*pflag.Flag) {
	for _, f := range list {
		r.term(strings.TrimSpace(flagWords(f)), flagMeans(f))
	}
}
