package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A shell is one in which todoctl can be completed.
type shell struct {
	name   string
	title  string
	line   string // what its person types once
	script func(root *cobra.Command, w io.Writer) error
}

var shells = []shell{
	{"bash", "bash", `echo 'source <(todoctl completion bash)' >> ~/.bashrc`,
		bashScript},
	{"zsh", "zsh, after its compinit", `echo 'source <(todoctl completion zsh)' >> ~/.zshrc`,
		func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", "fish", `todoctl completion fish > ~/.config/fish/completions/todoctl.fish`,
		func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", "PowerShell", `'todoctl completion powershell | Out-String | iex' >> $PROFILE`,
		func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

// bashScript writes cobra's script, which leaves some work to the package
// bash-completion. macOS and small systems have bash and not the package: there
// the words are taken as bash splits them, and files are all files.
func bashScript(root *cobra.Command, w io.Writer) error {
	var script strings.Builder
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	own := strings.NewReplacer("_get_comp_words_by_ref", "__todoctl_words", "_filedir", "__todoctl_files")
	_, err := io.WriteString(w, own.Replace(script.String())+`
__todoctl_words()
{
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref "$@"
    else
        words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    fi
}

__todoctl_files()
{
    ! declare -F _filedir >/dev/null || _filedir "$@"
}
`)
	return err
}

// completionExamples are the lines that switch completion on.
var completionExamples = func() []example {
	var list []example
	for _, s := range shells {
		list = append(list, example{"The Tab key completes in every new " + s.title, s.line})
	}
	return list
}()

func shellNames() []string {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	return names
}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		ValidArgs: shellNames(),
		RunE:      func(cmd *cobra.Command, args []string) error { return completionRun(this(cmd), cmd, args) },
	}
}

func completionRun(c *command, cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage([]string{"todoctl completion bash", helpLine(cmd)}, "completion takes one shell: %s", either(shellNames()))
	}
	i := slices.Index(shellNames(), args[0])
	if i < 0 {
		return usage(c.instead(cmd, args[0], nearest(args[0], shellNames())), "%q is not a shell that todoctl knows: it is %s", args[0], either(shellNames()))
	}
	var script strings.Builder
	if err := shells[i].script(cmd.Root(), &script); err != nil {
		return err
	}
	c.asText()
	if _, err := io.WriteString(c.Out, script.String()); err != nil {
		return errors.New("print the script: " + plainPathError(err).Error())
	}
	return nil
}
