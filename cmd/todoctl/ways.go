package main

import (
	"cmp"
	"strings"
)

// What the terminal and the environment say about how to talk. A way of running is
// decided here and nowhere else:
//
//   - in lines: the terminal can do no more, or somebody listens to it;
//   - spoken: a screen reader says it, so no marks and no columns;
//   - in letters: the terminal may not have the symbols.

// inLines says that questions are asked line by line, and nothing is drawn in place.
func (a *App) inLines() bool { return a.spoken() || a.simple() || !a.unicode() }

// spoken says that a screen reader reads what todoctl writes.
func (a *App) spoken() bool { return a.Getenv("ACCESSIBLE") != "" }

// simple says that the terminal obeys no escape sequences. One that does not say
// what it is may be any.
func (a *App) simple() bool {
	term := a.Getenv("TERM")
	return term == "dumb" || a.Plain || a.ErrTerminal && term == "" && a.GOOS != "windows"
}

// unicode says that text is read as UTF-8: by the locale, in the order in which
// POSIX asks for it (https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html).
// Where nothing is said, as in a container, it is: terminals do so by now. A Windows
// console is given UTF-16, whatever its code page.
func (a *App) unicode() bool {
	locale := cmp.Or(a.Getenv("LC_ALL"), a.Getenv("LC_CTYPE"), a.Getenv("LANG"))
	charset := strings.ReplaceAll(strings.ToLower(locale), "-", "")
	return locale == "" || a.GOOS == "windows" || strings.Contains(charset, "utf8")
}

// letters says that marks are made of letters: the fonts of the Linux console and
// of the old Windows console have no ✓. The new ones say who they are.
func (a *App) letters() bool {
	if !a.unicode() || a.inLines() {
		return true
	}
	known := a.Getenv("WT_SESSION") + a.Getenv("TERM_PROGRAM") + a.Getenv("TERM")
	return a.ErrTerminal && (a.GOOS == "windows" && known == "" || a.Getenv("TERM") == "linux")
}

// colourful says whether colours are wanted.
func (c *command) colourful() bool {
	return !c.simple() && !c.noColor && c.Getenv("NO_COLOR") == ""
}
