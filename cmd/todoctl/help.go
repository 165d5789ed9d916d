package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"todoctl/provision"
)

const exitCodes = `
Exit codes:
  0 done   1 failed   2 wrong usage or an answer is missing
  3 something is not as it should be (status, --dry-run)
  4 credentials or permission   5 a resource is not todoctl's   130 interrupted`

func newRoot(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "todoctl",
		Short: "Your first serverless backend, step by step",
		Long: `todoctl builds a free serverless TODO API on AWS, one explained step at a time:
a DynamoDB table, an IAM role, a Python Lambda function, its public URL, a test
and a billing alarm. It watches what that costs, and takes it all away again.

  todoctl up --local     rehearse on an AWS inside this program: no account
  todoctl up             the same on your AWS account
  todoctl status         what exists, what differs, what it costs
  todoctl down           take everything away, and prove it`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return prepare(cmd) },
	}
	usual := root.UsageFunc() // and no template of ours: text/template would double the program
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		if err := usual(cmd); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStderr(), exitCodes)
		return err
	})
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		p := refused(err)
		p.Fix = []string{cmd.CommandPath() + " --help"}
		return p
	})
	f := root.PersistentFlags()
	f.BoolVar(&g.local, "local", false, "use the AWS inside this program: no account, no network")
	f.StringVar(&g.profile, "profile", "", "AWS profile")
	f.StringVar(&g.region, "region", "", "AWS Region")
	f.StringVar(&g.stack, "stack", provision.DefaultStack, "name that all resources start with")
	f.BoolVarP(&g.yes, "yes", "y", false, "consent, and ask nothing (data still needs its own flag)")
	f.BoolVar(&g.noInput, "no-input", false, "never ask; fail where an answer is missing")
	f.BoolVar(&g.dryRun, "dry-run", false, "only show what would be done")
	f.StringVarP(&g.output, "output", "o", "text", "text or json")
	f.BoolVar(&g.explain, "explain", false, "print every step's page, also without questions")
	f.BoolVar(&g.noColor, "no-color", false, "no colour")
	f.BoolVar(&g.debug, "debug", false, "print each AWS call")
	f.IntVar(&g.parallel, "parallel", 0, "steps at work at once; 1 makes the calls in the same order every time")
	_ = f.MarkHidden("parallel")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))

	cobra.EnableCommandSorting = false // the walkthrough has an order
	root.AddGroup(&cobra.Group{ID: "walk", Title: "The walkthrough:"}, &cobra.Group{ID: "step", Title: "One step by itself:"}, &cobra.Group{ID: "more", Title: "More:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("walk", newUp(), newStatus(), newDown())
	for _, step := range stepCommands {
		add("step", newStep(step))
	}
	add("step", newTest())
	add("more", newExplain(), newRestore(), newHandler(), newLocal(), newVersion())
	root.SetHelpCommandGroupID("more")
	root.SetCompletionCommandGroupID("more")
	return root
}
