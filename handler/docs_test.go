package handler_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	httpBlock = regexp.MustCompile("(?s)```http\n(.*?)```")
	plainUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
)

// docs/api.md is a sequence of requests with their answers: each is sent.
func TestExamplesOfTheDocsAreAnsweredSo(t *testing.T) {
	page, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	sent, ids := 0, map[string]string{} // of the page, and here
	d := runtimes[0].deploy(t, timeout)
	for _, block := range httpBlock.FindAllStringSubmatch(string(page), -1) {
		for example := range strings.SplitSeq(strings.TrimSpace(block[1]), "\n\n") {
			asked, answered, _ := strings.Cut(example, "\n")
			for there, here := range ids {
				asked, answered = strings.ReplaceAll(asked, there, here), strings.ReplaceAll(answered, there, here)
			}
			method, rest, _ := strings.Cut(asked, " ")
			path, body, _ := strings.Cut(rest, " ")
			got := d.send(t, apiStep{Method: method, Path: path, Body: body}, nil)
			if id, here := plainUUID.FindString(answered), plainUUID.FindString(got.body); method == "POST" && id != "" && here != "" {
				ids[id] = here
				answered = strings.ReplaceAll(answered, id, here)
			}
			have := strings.TrimSpace(strconv.Itoa(got.status) + " " + got.body)
			if have != answered {
				t.Errorf("%s\nis answered\n%s\nand not\n%s", asked, have, answered)
			}
			sent++
		}
	}
	if sent < 12 {
		t.Errorf("only %d examples were found", sent)
	}
}
