package main

import (
	"github.com/spf13/cobra"

	"todoctl/provision"
)

// The walkthrough has an order. It is cobra's own variable, and a test may run
// two programs at once: so it is set once.
func init() { cobra.EnableCommandSorting = false }

func newRoot(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:                "todoctl",
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // ours stand in the lines to type
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE:  func(cmd *cobra.Command, _ []string) error { return prepare(cmd) },
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		_ = this(cmd).printHelp(func(p *page) { p.command(cmd) }) // what cannot be printed, stdout remembers
	})
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return this(cmd).flagRefused(cmd, err) })
	globalFlags(root, g)

	root.AddGroup(&cobra.Group{ID: "walk", Title: "The walkthrough"}, &cobra.Group{ID: "step", Title: "One step by itself"}, &cobra.Group{ID: "more", Title: "More"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("walk", newUp(), newStatus(), newDown())
	for _, step := range provision.Names() {
		if step == testStep {
			add("step", newTest()) // it makes nothing
		} else {
			add("step", newStep(step))
		}
	}
	help := newHelp()
	add("more", newOpen(), newLogs(), newCurl(), newExplain(), newRestore(), newHandler(), newLocal(), newCompletion(), newMan(), newVersion(), help)
	root.SetHelpCommand(help)
	tellAll(root)
	return root
}

// globalFlags are the flags that every command has.
func globalFlags(root *cobra.Command, g *globals) {
	f := root.PersistentFlags()
	f.BoolVar(&g.local, "local", false, "use the AWS inside this program: no account, no network")
	f.StringVar(&g.profile, "profile", "", "AWS profile")
	f.StringVar(&g.region, "region", "", "AWS Region")
	f.StringVar(&g.stack, "stack", provision.DefaultStack, "name that all resources start with")
	f.BoolVarP(&g.yes, "yes", "y", false, "consent, and ask nothing (data still needs its own flag)")
	f.BoolVar(&g.noInput, "no-input", false, "never ask; fail where an answer is missing")
	f.BoolVar(&g.dryRun, "dry-run", false, "only show what would be done")
	f.StringVarP(&g.output, "output", "o", "text", "form of the result")
	f.BoolVar(&g.explain, "explain", false, "print every step's page, also without questions")
	f.BoolVar(&g.noColor, "no-color", false, "no colour")
	f.BoolVar(&g.debug, "debug", false, "print each AWS call")
	f.IntVar(&g.parallel, "parallel", 0, "steps at work at once; 1 makes the calls in the same order every time")
	_ = f.MarkHidden("parallel")
}
