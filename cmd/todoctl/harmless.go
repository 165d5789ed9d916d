package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// own are the only escapes that todoctl writes outside its questions.
var own = []string{green, yellow, red, bold, reset}

// harmless makes a line safe for a terminal. AWS's messages, tags, requests to a
// Function URL and what the learner's function answers were written by others,
// and an escape in them could hide a line, rename the window or type for the
// reader. What cannot be seen is shown as Go writes it: \x1b.
func harmless(s string) string {
	if strings.IndexFunc(s, obeyed) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
text:
	for len(s) > 0 {
		for _, escape := range own {
			if strings.HasPrefix(s, escape) {
				b.WriteString(escape)
				s = s[len(escape):]
				continue text
			}
		}
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !obeyed(r):
			b.WriteString(s[:n])
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// harmlessJSON does the same for JSON, where an escape in a string is the same
// string, and JSON's own rules keep the rest out.
func harmlessJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\r': // between two values; in a string it is written \r
			b.WriteByte(' ')
		case obeyed(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// obeyed are the characters that a terminal obeys instead of showing them: the
// controls, the eight-bit ones too, and those that turn the direction of text
// (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters).
func obeyed(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}
