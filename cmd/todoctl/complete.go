package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"todoctl/provision"
)

// What follows the Tab key must be quick and still: it never asks, never fails,
// never changes anything and never starts anything. What cannot be found is not
// offered.

// A completer offers values for what is typed so far.
type completer = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// completers are those of the flags that no table of choices lists. A flag with
// a value is in one of the two (a test demands it), because where nothing is
// said the shell offers files.
var completers = map[string]completer{
	"skip":    completeSteps,
	"profile": completeProfiles,
	"region":  func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return offered(regions) },
	"stack":   completeStacks,
	"source":  completeFolders,
	"backup":  cobra.FixedCompletions([]string{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt),
	"email":   cobra.NoFileCompletions,
	"limit":   cobra.NoFileCompletions,
	"port":    cobra.NoFileCompletions,
	"since":   cobra.NoFileCompletions,
	"lines":   cobra.NoFileCompletions,
	"request": cobra.NoFileCompletions,
	"method":  cobra.FixedCompletions([]string{"GET", "POST", "PUT", "DELETE", "HEAD"}, noFiles|cobra.ShellCompDirectiveKeepOrder),
	"data":    cobra.NoFileCompletions,
	"header":  cobra.FixedCompletions([]string{"content-type: application/json"}, noFiles),
}

// complete gives every flag and argument its completer, for a shell that asks. cobra
// keeps a flag's for ever, in a map of its own.
func complete(root *cobra.Command) {
	for _, cmd := range allCommands(root) {
		for _, set := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) {
				if offer := completers[f.Name]; offer != nil {
					_ = cmd.RegisterFlagCompletionFunc(f.Name, narrowed(offer)) // each flag once
				} else if known := choices[f.Name]; known != nil {
					_ = cmd.RegisterFlagCompletionFunc(f.Name, narrowed(cobra.FixedCompletions(described(known), noFiles|cobra.ShellCompDirectiveKeepOrder)))
				}
			})
		}
		switch pathOf(cmd) {
		case "restore":
			cmd.ValidArgsFunction = once(cobra.FixedCompletions([]string{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt))
		case "handler eject", "handler pull", "man":
			cmd.ValidArgsFunction = once(completeFolders)
		default:
			if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !cmd.HasSubCommands() {
				cmd.ValidArgsFunction = cobra.NoFileCompletions
			}
		}
	}
}

const noFiles = cobra.ShellCompDirectiveNoFileComp

// narrowed leaves of what is offered what begins as it was typed: not every
// shell does.
func narrowed(offer completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		words, directive := offer(cmd, args, typed)
		if directive&cobra.ShellCompDirectiveFilterFileExt == 0 {
			words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, typed) })
		}
		return words, directive
	}
}

// once offers something for the first argument only.
func once(offer completer) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return offer(cmd, args, typed)
	}
}

// described are values with what they mean, as shells show them.
func described(of []choice) []string {
	var words []string
	for _, c := range of {
		words = append(words, cobra.CompletionWithDesc(c.value, c.means))
	}
	return words
}

func offered(of []choice) ([]string, cobra.ShellCompDirective) {
	return described(of), noFiles
}

func completeFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeSteps offers the steps that are not named yet, also in a list with
// commas and where --skip stands more than once.
func completeSteps(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	already, _ := cmd.Flags().GetStringSlice("skip")
	before := ""
	if i := strings.LastIndex(typed, ","); i >= 0 {
		before = typed[:i+1]
		already = append(already, strings.Split(typed[:i], ",")...)
	}
	var left []choice
	for _, step := range choices["skip"] {
		if !slices.Contains(already, step.value) {
			left = append(left, choice{before + step.value, step.means})
		}
	}
	return described(left), noFiles | cobra.ShellCompDirectiveKeepOrder
}

func completeProfiles(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	c := this(cmd)
	if c.local {
		return nil, noFiles // it has none
	}
	return c.profiles(), noFiles
}

// profiles are the names of the AWS profiles, default first.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func (c *command) profiles() []string {
	var names []string
	for i, file := range c.awsFiles() {
		text, err := c.readFile(file)
		if err != nil {
			continue
		}
		for l := range strings.Lines(string(text)) {
			section, ok := strings.CutPrefix(strings.TrimSpace(l), "[")
			section, _, closed := strings.Cut(section, "]")
			if !ok || !closed {
				continue
			}
			kind, name, two := strings.Cut(strings.Join(strings.Fields(section), " "), " ")
			switch {
			case two && i == 0 && kind == "profile":
				names = append(names, name)
			case !two && (i == 1 || kind == "default"): // in the config file others have the word profile
				names = append(names, kind)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if (a == "default") != (b == "default") {
			return map[bool]int{true: -1, false: 1}[a == "default"]
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(names)
}

// tabLimit is how long a person waits for an answer to the Tab key.
const tabLimit = 2 * time.Second

// completeStacks offers the stacks that exist: with --local those on this
// machine, else those on AWS too, where the credentials are at hand.
func completeStacks(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	c := this(cmd)
	ctx, cancel := context.WithTimeout(cmd.Context(), tabLimit)
	defer cancel()
	var here, there []choice
	if b := c.findLocal(ctx); b != nil { // first: it answers at once
		here = stacksIn(ctx, c.configFor(b), "on this machine: --local")
	}
	if !c.local {
		if cfg, ok := c.quietAWS(ctx); ok {
			there = stacksIn(ctx, cfg, "on AWS in "+cfg.Region)
		}
	}
	return offered(append(there, slices.DeleteFunc(here, func(s choice) bool { return slices.Contains(values(there), s.value) })...))
}

func stacksIn(ctx context.Context, cfg aws.Config, where string) []choice {
	names, err := provision.Stacks(ctx, cfg)
	if err != nil {
		return nil
	}
	var found []choice
	for _, name := range names {
		found = append(found, choice{name, where})
	}
	return found
}

// quietAWS is what the SDK finds, without a program that hands out credentials:
// it may open a window or ask for a code.
func (c *command) quietAWS(ctx context.Context) (aws.Config, bool) {
	cfg, err := c.loadAWS(ctx)
	if err != nil || cfg.Region == "" || cfg.Credentials == nil {
		return cfg, false
	}
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			for s := &shared; s != nil; s = s.Source {
				if s.CredentialProcess != "" {
					return cfg, false
				}
			}
		}
	}
	cfg.Logger = logging.Nop{}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, false
	}
	return cfg, true
}
