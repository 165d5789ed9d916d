package provision

import (
	"regexp"
	"strings"
)

// bare is what no shell takes for anything but itself.
var bare = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Quote makes one word of text, for sh and for PowerShell, in a line to paste.
func Quote(text string) string {
	if bare.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
