package provision

import (
	"os/exec"
	"testing"
)

func TestAQuotedWordIsOneWordOfAShell(t *testing.T) {
	for text, want := range map[string]string{
		"alarm,url":             "alarm,url",
		"--source=a/b_c-1.0":    "--source=a/b_c-1.0",
		"a b":                   "'a b'",
		"it's":                  `'it'\''s'`,
		"":                      "''",
		"a^b":                   "'a^b'", // a pattern or a substitution to some shells
		"a\rb":                  "'a\rb'",
		"~/x":                   "'~/x'",
		"$(rm x);`y`\\*?[]{}#!": "'$(rm x);`y`\\*?[]{}#!'",
	} {
		if got := Quote(text); got != want {
			t.Errorf("%q becomes %q, should be %q", text, got, want)
		}
		sh, err := exec.LookPath("sh")
		if err != nil {
			continue
		}
		if out, err := exec.Command(sh, "-c", "printf %s "+Quote(text)).Output(); err != nil || string(out) != text {
			t.Errorf("a shell passes %q on for %q (%v)", out, text, err)
		}
	}
}
