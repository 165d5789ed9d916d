package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"todoctl/provision"
)

// A choice is one value of a flag or a word that has few.
type choice struct{ value, means string }

// choices are the flags with few values: what is refused, completed, suggested
// and shown in the help comes from here. Where a flag names no default, the first
// value is it.
var choices = map[string][]choice{
	"output":  {{"text", "words for people"}, {"json", "one JSON document on stdout"}, {"jsonl", "a line of JSON for each thing as it happens"}},
	"index":   {{"none", "a list reads the whole table, as in the book"}, {"newest", "a list reads the newest items from an index"}},
	"policy":  {{"least", "one inline policy for this table and this log group"}, {"tutorial", "the book's two managed policies"}},
	"runtime": runtimeChoices(),
	"auth":    {{"none", "everybody who has the link"}, {"iam", "signed requests only"}},
	"guard":   {{"both", "the budget and the alarm"}, {"budget", "AWS Budgets alone"}, {"alarm", "the CloudWatch alarm alone"}},
	"lag":     {{"none", "at once"}, {"short", "long enough to be seen"}, {"aws", "as long as on AWS"}},
	"skip":    stepChoices(),
}

// runtimeChoices are the values of --runtime.
func runtimeChoices() []choice {
	var known []choice
	for i, r := range runtimes {
		means := runtimeWords(r)
		if i == 0 {
			means += ", the book's"
		}
		known = append(known, choice{r, means})
	}
	return known
}

// runtimeWords name a runtime for people.
func runtimeWords(runtime string) string {
	switch name := provision.LanguageName(provision.LanguageOf(runtime)); {
	case runtime == provision.Go:
		return name + ", built on this machine"
	default:
		return name + " " + strings.TrimSuffix(strings.TrimPrefix(runtime, provision.LanguageOf(runtime)), ".x")
	}
}

// stepChoices are the steps, in the walkthrough's order.
func stepChoices() []choice {
	var steps []choice
	for _, name := range provision.Names() {
		steps = append(steps, choice{name, stepTitles[name]})
	}
	return steps
}

// values are the choices without what they mean.
func values(of []choice) []string {
	var words []string
	for _, c := range of {
		words = append(words, c.value)
	}
	return words
}

// checkChoices refuses a value that its flag does not know.
func (c *command) checkChoices(cmd *cobra.Command) error {
	if f := cmd.Flags().Lookup("limit"); f != nil && f.Changed && f.Value.String() == "0" { // settings has 0 for "not chosen"
		return errLimit(c.retyped("--limit", "0", "1"))
	}
	var wrong error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if wrong != nil || len(choices[f.Name]) == 0 {
			return
		}
		given := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			given = list.GetSlice()
		}
		known := values(choices[f.Name])
		for _, value := range given {
			if value != "" && !slices.Contains(known, value) {
				var lines []string
				near := nearest(value, known)
				if len(near) == 0 && f.Name != "skip" {
					near = []string{cmp.Or(f.DefValue, known[0])} // always right; what is to be left out, nobody knows
				}
				for _, w := range near {
					lines = append(lines, c.retyped("--"+f.Name, value, w))
				}
				wrong = usage(append(lines, helpLine(cmd)), "--%s %q is not known: it is %s", f.Name, value, either(known))
				return
			}
		}
	})
	return wrong
}

// either joins words: "none, short or aws".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
