package main

import (
	"os/exec"
	"strings"
	"testing"
)

// groff finds what a program that shows the pages would stumble over.
func TestTheManualPagesAreGoodRoff(t *testing.T) {
	groff, err := exec.LookPath("groff")
	for _, cmd := range visible() {
		page := manPage(cmd)
		for l := range strings.Lines(page) {
			if strings.HasPrefix(l, "'") || l == "\n" || strings.Contains(strings.ReplaceAll(l, `\-`, ""), "--") {
				t.Errorf("%s: roff would misread %q", cmd.CommandPath(), l)
			}
		}
		if err != nil {
			continue // only groff can see the rest
		}
		show := exec.Command(groff, "-man", "-Tutf8", "-ww", "-Kutf8")
		show.Stdin = strings.NewReader(page)
		var warned strings.Builder
		show.Stderr = &warned
		shown, failed := show.Output()
		if failed != nil || warned.String() != "" {
			t.Errorf("%s: %v %s", cmd.CommandPath(), failed, &warned)
		}
		if len(shown) == 0 {
			t.Errorf("%s: an empty page", cmd.CommandPath())
		}
	}
}
