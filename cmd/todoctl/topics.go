package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// topicChoices are what `todoctl help` explains beside the commands.
var topicChoices = []choice{
	{"flags", "the flags that every command has"},
	{"environment", "the environment variables that count"},
	{"exit-codes", "what the exit codes mean"},
}

// A variable is one of the environment, and what it does.
type variable struct{ name, means string }

// environment are the variables that todoctl reads. What the AWS SDK reads
// beyond these holds as well.
// https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
var environment = []variable{
	{"AWS_PROFILE", "the profile, where --profile names none"},
	{"AWS_REGION", "the Region, where --region names none; it wins over the profile's"},
	{"AWS_ACCESS_KEY_ID", "with AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN: credentials, which win over AWS_PROFILE"},
	{"AWS_CONFIG_FILE", "the file of the profiles in place of ~/.aws/config; AWS_SHARED_CREDENTIALS_FILE in place of ~/.aws/credentials"},
	{"AWS_ENDPOINT_URL", "another AWS than AWS's own; --local does not look at any AWS_ variable"},
	{"HTTPS_PROXY", "the proxy to AWS; --local uses none"},
	{"NO_COLOR", "with any value: no colour, as --no-color"},
	{"TERM", "dumb: plain lines, no colour, no symbols, and questions with numbered answers"},
	{"ACCESSIBLE", "with any value: questions with numbered answers, for screen readers"},
	{"TODOCTL_STATE", "the folder of the local AWS and of the locks; otherwise todoctl in XDG_STATE_HOME or where the system keeps such things"},
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND | TOPIC]",
		ValidArgsFunction: narrowed(func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, noFiles
			}
			var words []choice
			for _, sub := range at.Commands() {
				if sub.IsAvailableCommand() {
					words = append(words, choice{sub.Name(), sub.Short})
				}
			}
			if len(args) == 0 {
				words = append(words, topicChoices...)
			}
			return described(words), noFiles
		}),
		RunE: func(cmd *cobra.Command, args []string) error { return helpRun(this(cmd), cmd, args) },
	}
}

func helpRun(c *command, cmd *cobra.Command, args []string) error {
	if len(args) == 1 && slices.Contains(values(topicChoices), args[0]) {
		return c.printHelp(func(p *page) { p.topic(cmd.Root(), args[0]) })
	}
	at, rest, err := cmd.Root().Find(args)
	if err == nil && len(rest) == 0 {
		return c.printHelp(func(p *page) { p.command(at) })
	}
	known := values(topicChoices)
	if len(rest) == 0 {
		rest = args
	} else if at.HasParent() {
		known = nil
	}
	for _, sub := range at.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	return usage(c.instead(cmd, rest[0], nearest(rest[0], known)), "there is no help for %q", strings.Join(args, " "))
}

// topic writes one topic.
func (p *page) topic(root *cobra.Command, name string) {
	switch name {
	case "flags":
		p.text("These flags stand before or behind any command.")
		p.heading("Flags of every command")
		p.flags(shown(root.PersistentFlags()))
	case "environment":
		p.text("What a flag says wins over the environment, and the environment over a profile. CI is not looked at: what counts is whether a person sits at a terminal.")
		p.heading("Environment")
		for _, v := range environment {
			p.term(v.name, v.means, 21)
		}
	case "exit-codes":
		p.text("A script can go by the exit code of todoctl; the words may change. Each command's --help lists those that it can end with.")
		p.exits(acting)
	}
}

// asText says that what goes to stdout is text in itself, and so in any form of
// output: help, a script, the names of files.
func (c *command) asText() { c.printed = true }

// printHelp writes a page to stdout: it was asked for, so it is data.
func (c *command) printHelp(write func(*page)) error {
	c.asText()
	p := &page{width: min(c.Width, 80)}
	write(p)
	if _, err := io.WriteString(c.Out, p.String()); err != nil {
		return fmt.Errorf("print the help: %w", plainPathError(err))
	}
	return nil
}
