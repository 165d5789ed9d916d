//go:build linux || darwin

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// varying is what differs between two recordings though the program is the same.
// A replacement is as long as what it replaces, because programs move the cursor
// by what they have written: only the folder's is made so by its name's length.
var varying = []struct {
	was *regexp.Regexp
	now func(nth int, was string) string
}{
	// The system hands out ports from 32768 (Linux) or 49152 (macOS) on.
	{regexp.MustCompile(`127\.0\.0\.1:\d{5}\b`), func(nth int, _ string) string { return fmt.Sprintf("127.0.0.1:%d", 40000+nth) }},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), func(nth int, _ string) string {
		return fmt.Sprintf("%08x-0000-4000-8000-%012x", 0xa0000001+nth, nth+1)
	}},
	{regexp.MustCompile(regexp.QuoteMeta(lessonStart) + `[0-9a-f]{6}`), func(int, string) string { return "/home/ada/lesson" }},
	{regexp.MustCompile(`TodoTable-\d{8}-\d{6}`), func(int, string) string { return "TodoTable-20261201-093000" }},
	// A terminal's answers are its own: a player has none of these to ask.
	{regexp.MustCompile(`\x1b\]1[01];\?(\x07|\x1b\\)|\x1b\[6n`), func(int, string) string { return "" }},
}

// even replaces what varies. What is cut in two by the events belongs to the
// first of them, and events of which nothing is left go, but for the last.
func (c *cast) even() {
	for _, v := range varying {
		var all strings.Builder
		var ends []int // of each event's data in all
		for _, ev := range c.events {
			if ev.kind == "o" {
				all.WriteString(ev.data)
			}
			ends = append(ends, all.Len())
		}
		text, names := all.String(), map[string]string{}
		found := v.was.FindAllStringIndex(text, -1)
		from := 0
		for i := range c.events {
			if c.events[i].kind != "o" {
				c.events[i].data = renamed(v.was, c.events[i].data, names, v.now)
				continue
			}
			var b strings.Builder
			for len(found) > 0 && found[0][0] < ends[i] {
				b.WriteString(text[min(from, found[0][0]):found[0][0]])
				b.WriteString(renamed(v.was, text[found[0][0]:found[0][1]], names, v.now))
				from, found = found[0][1], found[1:]
			}
			if from < ends[i] {
				b.WriteString(text[from:ends[i]])
				from = ends[i]
			}
			c.events[i].data = b.String()
		}
	}
	for i := len(c.events) - 2; i >= 0; i-- {
		if c.events[i].data == "" {
			c.events = slices.Delete(c.events, i, i+1)
		}
	}
}

// renamed gives every distinct match its number, in the order of appearance.
func renamed(was *regexp.Regexp, text string, names map[string]string, now func(int, string) string) string {
	return was.ReplaceAllStringFunc(text, func(s string) string {
		if _, known := names[s]; !known {
			names[s] = now(len(names), s)
		}
		return names[s]
	})
}
