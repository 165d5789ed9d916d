package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// The values of --output. What a program reads is described in docs/json.md.
const (
	formatText     = "text"
	formatDocument = "json"  // one document, at the end
	formatLines    = "jsonl" // a line for each thing as it happens; the last one is the document
)

func isJSON(format string) bool { return format == formatDocument || format == formatLines }

// inJSON says that a program reads stdout, and that nobody is asked anything.
func (c *command) inJSON() bool { return isJSON(c.output) }

// checkFormat refuses a format in which this command's data does not come.
func (c *command) checkFormat(cmd *cobra.Command) error {
	if c.inJSON() && textOnly(c.name) {
		return usage([]string{helpLine(cmd)}, "%s prints text, and has no JSON", c.name)
	}
	return nil
}

// textOnly says that what a command prints is text in itself: its help, pages for
// man, a script for a shell, an address or calls for as long as somebody watches.
func textOnly(name string) bool {
	group, _, _ := strings.Cut(name, " ")
	return name == "local" || name == "local serve" || name == "open" || group == "completion" || group == "man"
}

// typedFormat is the format that a command line asks for, also one that is wrong
// elsewhere: a program reads the answer.
func typedFormat(args []string) (format string) {
	for i, a := range args {
		if a == "--" {
			break
		}
		long, isLong := strings.CutPrefix(a, "--output")
		_, short, isShort := strings.Cut(a, "o") // -o, and -yo: flags of one letter go together
		switch {
		case isLong && strings.HasPrefix(long, "="):
			format = long[1:]
		case isLong && long == "":
			format = following(args, i)
		case !strings.HasPrefix(a, "-") || strings.HasPrefix(a, "--") || !isShort:
		case short == "":
			format = following(args, i)
		default:
			format = strings.TrimPrefix(short, "=")
		}
	}
	return format
}

func following(args []string, i int) string {
	if i+1 < len(args) {
		return args[i+1]
	}
	return ""
}
