//go:build !windows

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func keyWithShift(key string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(key, chromedp.KeyModifiers(kb.ModifierShift))
}

// heard is what a screen reader finds on the page: roles and names.
func (x *tab) heard() (heard [][2]string) {
	x.Helper()
	tree := tell(x, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		heard = append(heard, [2]string{spokenValue(x, n.Role), spokenValue(x, n.Name)})
	}
	return heard
}

func spokenValue(x *tab, v *accessibility.Value) (text string) {
	x.Helper()
	if v == nil || len(v.Value) == 0 {
		return ""
	}
	if err := json.Unmarshal(v.Value, &text); err != nil {
		x.Fatal(err)
	}
	return text
}

// namesForAll holds that each control has a name of its own, and that the page has
// headings, landmarks and a list.
func namesForAll(t *testing.T, s *stand, on device) {
	s.holds("One", "Two")
	x := s.opens(t, on)
	s.answers(1, 500, "")
	x.click(byID("reload"))
	x.wait(`!document.getElementById("notice").hidden`)
	x.click(inRow("One", ".rename"))
	x.click(inRow("Two", ".remove"))
	heard := x.heard()
	controls := []string{"button", "textbox", "checkbox", "radio", "link", "combobox"}
	seen := map[[2]string]int{}
	for _, h := range heard {
		if !slices.Contains(controls, h[0]) {
			continue
		}
		seen[h]++
		if strings.TrimSpace(h[1]) == "" {
			t.Errorf("a %s has no name", h[0])
		}
	}
	for _, want := range [][2]string{
		{"heading", "To do"}, {"heading", "Tasks"}, {"heading", "The function failed (500)"}, {"list", "Tasks"}, {"textbox", "New task"}, {"textbox", "New name of One"},
		{"button", "Add"}, {"button", "Save"}, {"button", "Delete"}, {"button", "Keep"}, {"button", "Load the list again"}, {"group", "Show"}, {"group", "Delete Two?"}, {"link", "Skip to the tasks"},
	} {
		if !slices.Contains(heard, want) {
			t.Errorf("there is no %s %q", want[0], want[1])
		}
	}
	for _, role := range []string{"main", "banner", "contentinfo", "status", "alert", "listitem"} {
		if !slices.ContainsFunc(heard, func(h [2]string) bool { return h[0] == role }) {
			t.Errorf("there is no %s", role)
		}
	}
	x.click(inRow("One", ".cancel"))
	x.click(inRow("Two", ".keep"))
	heard = x.heard()
	for _, task := range []string{"One", "Two"} {
		for _, want := range [][2]string{{"button", "Rename " + task}, {"button", "Delete " + task}} {
			if !slices.Contains(heard, want) {
				t.Errorf("there is no %s %q", want[0], want[1])
			}
		}
		if !slices.ContainsFunc(heard, func(h [2]string) bool { return h[0] == "checkbox" && strings.HasPrefix(h[1], task) }) {
			t.Errorf("the box of %s has another name", task)
		}
	}
	if lang := x.text("document.documentElement.lang"); lang != "en" {
		t.Errorf("the language is %q", lang)
	}
	x.clean("Failed to load resource")
}
