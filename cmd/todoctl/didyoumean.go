package main

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"todoctl/provision"
)

// nearest are the words that somebody may have meant: those with the fewest
// differences, none when all are far. Cobra measures it, for its commands; here
// each word is one.
func nearest(typed string, known []string) []string {
	if typed == "" {
		return nil
	}
	for distance := range 3 {
		words := &cobra.Command{SuggestionsMinimumDistance: distance}
		for _, w := range known {
			// More than half of a word must be right, except that two letters may have
			// changed places, which counts as two: "pu" is up, and "xy" is not.
			if distance == 0 || 2*distance < len(typed) || letters(typed) == letters(w) {
				words.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
			}
		}
		if near := words.SuggestionsFor(typed); len(near) > 0 && len(near) <= 3 { // more is no help
			return near
		}
	}
	return nil
}

// letters are those of a word in the alphabet's order.
func letters(word string) string {
	all := []rune(strings.ToLower(word))
	slices.Sort(all)
	return string(all)
}

// calledHere are the commands that other tools have other words for.
var calledHere = map[string]string{
	"apply": "up", "create": "up", "deploy": "up", "init": "up", "launch": "up", "run": "up", "setup": "up", "start": "up",
	"clean": "down", "cleanup": "down", "delete": "down", "destroy": "down", "remove": "down", "rm": "down", "undeploy": "down", "uninstall": "down",
	"check": "status", "describe": "status", "diff": "status", "doctor": "status", "info": "status", "list": "status", "ls": "status", "plan": "status", "show": "status",
	"import": "restore", "hint": "explain", "why": "explain",
}

// retyped is the command line that was typed with a word of it replaced, be it
// an argument, a flag's name or value, or one of a list's values. A value is
// looked for behind its flag first: "" where it has none.
func (c *command) retyped(flag, wrong, right string) string {
	words := slices.Clone(c.Args)
	for _, behind := range []bool{true, false} {
		for i, w := range words {
			name, value, joined := strings.Cut(w, "=")
			if behind && name != flag && (i == 0 || words[i-1] != flag) {
				continue
			}
			switch {
			case w == wrong:
				words[i] = right
			case joined && name == wrong:
				words[i] = right + "=" + value
			case joined && strings.HasPrefix(w, "-") && slices.Contains(strings.Split(value, ","), wrong):
				words[i] = name + "=" + replaceIn(value, wrong, right)
			case !strings.HasPrefix(w, "-") && slices.Contains(strings.Split(w, ","), wrong):
				words[i] = replaceIn(w, wrong, right)
			default:
				continue
			}
			return line(words)
		}
	}
	return line(words)
}

func replaceIn(list, wrong, right string) string {
	all := strings.Split(list, ",")
	all[slices.Index(all, wrong)] = right
	return strings.Join(all, ",")
}

// line is a command line to be pasted.
func line(args []string) string {
	words := []string{"todoctl"}
	for _, a := range args {
		words = append(words, provision.Quote(a))
	}
	return strings.Join(words, " ")
}

// instead are the lines to type in place of the one that was typed: with each
// word that may have been meant, and last the help of the command.
func (c *command) instead(cmd *cobra.Command, wrong string, near []string) []string {
	var lines []string
	for _, w := range near {
		lines = append(lines, c.retyped("", wrong, w))
	}
	return append(lines, helpLine(cmd))
}

// helpLine is how to read a command's own help.
func helpLine(cmd *cobra.Command) string { return cmd.CommandPath() + " --help" }

// pathOf is a command without the program: "local start", "" for the root.
func pathOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "todoctl"), " ")
}

// kinds are what pflag's types are to a person.
var kinds = map[string]string{"bool": "true or false", "int": "a whole number", "duration": "a time such as 20ms"}

// flagRefused explains what the parser has against a flag.
func (c *command) flagRefused(cmd *cobra.Command, err error) *Problem {
	if words := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && len(words) > 0 { // the flag is of what was meant
		return c.unknownWord(cmd, words[0])
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if e.GetSpecifiedShortnames() != "" {
			return usage([]string{helpLine(cmd)}, "unknown flag: -%s", e.GetSpecifiedName()).as("TODO-USE-02")
		}
		return c.unknownFlag(cmd, e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		f := e.GetFlag()
		value := placeholder(f)
		if known := choices[f.Name]; known != nil {
			value = known[0].value // a line to paste has no room for a choice: "text|json" is a pipe to a shell
		}
		return usage([]string{line(c.Args) + " " + value, helpLine(cmd)}, "--%s needs a value", f.Name)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := e.GetFlag()
		return usage([]string{helpLine(cmd)}, "--%s %q is not %s", f.Name, e.GetValue(), cmp.Or(kinds[f.Value.Type()], "what it takes"))
	}
	p := refused(err)
	p.Fix = []string{helpLine(cmd)}
	return p
}

func (c *command) unknownFlag(cmd *cobra.Command, name string) *Problem {
	var known, others []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	for _, other := range allCommands(cmd.Root()) {
		if other.LocalNonPersistentFlags().Lookup(name) != nil && other.IsAvailableCommand() {
			others = append(others, pathOf(other))
		}
	}
	p := usage(nil, "unknown flag: --%s", name).as("TODO-USE-02")
	if len(others) > 0 {
		p.Why = "it is a flag of todoctl " + strings.Join(others, ", ")
	}
	var near []string
	for _, n := range nearest(name, known) {
		near = append(near, "--"+n)
	}
	p.Fix = c.instead(cmd, "--"+name, near)
	if other, _, err := cmd.Root().Find([]string{name}); err == nil && other.HasParent() { // `todoctl --version`
		p.Fix = []string{other.CommandPath(), helpLine(cmd)}
	}
	return p
}

var unknownCommand = regexp.MustCompile(`^unknown command "(.*)" for "(.*)"`)

// wordRefused explains what cobra has against a word: it has no type for that
// error. cmd is the command that got the word.
func (c *command) wordRefused(cmd *cobra.Command, err error) *Problem {
	p := refused(err)
	p.Fix = []string{helpLine(cmd)}
	found := unknownCommand.FindStringSubmatch(err.Error())
	if found == nil {
		return p
	}
	return c.unknownWord(cmd, found[1])
}

func (c *command) unknownWord(cmd *cobra.Command, word string) *Problem {
	if !cmd.HasAvailableSubCommands() { // `todoctl up table`
		p := usage([]string{line(c.without(word)), helpLine(cmd)}, "%s takes no word: %s", pathOf(cmd), provision.Quote(word)).as("TODO-USE-01")
		if other, _, err := cmd.Root().Find([]string{word}); err == nil && other.HasParent() {
			p.Fix[0] = line(c.without(cmd.Name()))
		}
		return p
	}
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			known = append(append(known, sub.Name()), sub.Aliases...)
		}
	}
	near := nearest(word, known)
	if here, ok := calledHere[strings.ToLower(word)]; ok && len(near) == 0 && !cmd.HasParent() {
		near = []string{here}
	}
	return usage(c.instead(cmd, word, near), "unknown command %q for %q", word, cmd.CommandPath()).as("TODO-USE-01")
}

// without is the command line without a word.
func (c *command) without(word string) []string {
	i := slices.Index(c.Args, word)
	if i < 0 {
		return c.Args
	}
	return slices.Delete(slices.Clone(c.Args), i, i+1)
}

// allCommands are a command and all below it, in their order.
func allCommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}
