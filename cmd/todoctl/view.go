package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"todoctl/provision"
)

// The voice of todoctl lives in this file.
//
//   - A step says one of three things: already ("is as it should be"), done
//     ("created TodoTable"), or cannot, followed by what to type.
//   - Words carry the meaning; the mark in front and its colour only repeat it.
//   - Nothing is wider than 80 columns, and nothing is drawn over a question.
//   - Data goes to stdout, talk to stderr.
//   - Before a question: what, why, what it costs. At the end: the next command.

// A view is how a run is told: in words, or as one JSON document at its end.
type view interface {
	Header(session)
	Plan([]provision.Change, provision.Goal)
	Run([]provision.Change, provision.Goal) // what follows are the events of this plan
	Event(provision.Event)                  // one at a time
	Ran()                                   // no more events
	Note(format string, args ...any)
	Problem(*Problem)
}

// words tells a run to a person, on stderr.
type words struct {
	w       io.Writer
	colour  bool
	plain   bool // nothing is drawn in place, and no columns of figures
	letters bool // no symbols
	spoken  bool // no marks either: a screen reader would read them out
	width   int
	size    func() (columns, rows int) // of the terminal, now; nil: nothing is drawn in place
	quiet   time.Duration              // the longest silence of a run
	clock   provision.Clock

	mu       sync.Mutex
	held     int // questions that are open or about to be: lines wait
	waiting  []string
	rows     []*row    // what is under way
	block    block     // what is drawn of it
	blank    bool      // the last line that was printed is empty
	asked    bool      // a question was there since then
	spoke    time.Time // when the last line was printed
	stopping bool      // the run has been told to stop

	endBeat func() // nil: there is none
}

// hold keeps lines back while a question is open, and leaves the terminal to it:
// of the rows, those that have ended stay as lines. release prints what has come
// meanwhile.
func (v *words) hold() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.live() && v.held == 0 {
		v.leave(false)
	}
	v.held++
	v.blank, v.asked = false, true
}

func (v *words) release() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held--; v.held > 0 {
		return
	}
	lines := v.waiting
	v.waiting, v.spoke = nil, v.now()
	v.clear(lines...) // the block comes back with the next beat
}

func (v *words) line(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(harmless(fmt.Sprintf(format, args...)) + "\n")
}

const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

func (v *words) paint(colour, s string) string {
	if !v.colour {
		return s
	}
	return colour + s + reset
}

// marks stand in front of a step's line: the symbol, its plain form, its colour.
var marks = map[string][3]string{
	"ok":   {"✓", "ok", green},
	"no":   {"✗", "no", red},
	"wait": {"…", "..", yellow},
	"add":  {"+", "+ ", green},
	"edit": {"~", "~ ", yellow},
	"del":  {"-", "- ", red},
	"skip": {"·", "- ", ""},
	"hint": {"!", "! ", yellow},
	"note": {"!", "! ", yellow},
}

func (v *words) mark(name string) string {
	m := marks[name]
	if v.letters || v.plain {
		return m[1]
	}
	return v.paint(m[2], m[0])
}

// lead is what stands before a step's text, and by how much the lines below it are
// indented: the mark and the name in a column each, or what a person would say.
func (v *words) lead(mark, name string) (text string, columns int) {
	switch {
	case !v.spoken && (v.letters || v.plain): // these marks are two columns wide
		return fmt.Sprintf("%-2s %-9s ", v.mark(mark), name), 13
	case !v.spoken:
		return fmt.Sprintf("%s %-9s ", v.mark(mark), name), 12
	case name == "":
		return "  ", 2
	case mark == "note":
		return "note on the " + name + ": ", 2
	}
	return name + ": ", 2
}

// step prints a line about one step, folded under its text.
func (v *words) step(mark, name, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(v.stepText(mark, name, format, args...))
}

func (v *words) stepText(mark, name, format string, args ...any) string {
	lead, columns := v.lead(mark, name)
	text, indent := fmt.Sprintf(format, args...), strings.Repeat(" ", columns)
	if v.spoken && name != "" { // its lead may be of any length
		return harmless(strings.Join(foldCommand(lead+text, v.width-columns), "\n"+indent)) + "\n"
	}
	return harmless(lead+strings.Join(foldCommand(text, v.width-columns), "\n"+indent)) + "\n"
}

func (v *words) Note(format string, args ...any) { v.line(format, args...) }

// Problem prints what went wrong and what to type.
func (v *words) Problem(p *Problem) {
	if p = p.complete(); p.What == "" {
		return
	}
	v.line("%s %s", v.paint(red, "error:"), strings.Join(fold(p.What, v.width-7), "\n       "))
	if p.Why != "" {
		v.line("       %s", strings.Join(fold(p.Why, v.width-7), "\n       "))
	}
	for i, fix := range p.Fix {
		lead := "try:  "
		if i > 0 {
			lead = "  or: "
		}
		// What is to be typed stays on one line, so a remark gives way.
		if line, remark, ok := strings.Cut(fix, "   ("); ok && len([]rune(fix))+len(lead)+1 > v.width {
			fix = strings.TrimRight(line, " ") + "\n       " + strings.Join(fold("("+strings.TrimLeft(remark, " "), v.width-7), "\n       ")
		}
		v.line("%s %s", lead, fix)
	}
	if p.ID != "" && p.Exit != exitInterrupted { // who stopped it herself knows why
		v.line("more:  todoctl explain %s", p.ID)
	}
}

// foldCommand is fold, except that a command at the end of the text stays in one
// piece where it fits on a line of its own: it is there to be pasted.
func foldCommand(s string, width int) []string {
	const begins = ": todoctl "
	i := strings.LastIndex(s, begins)
	if i < 0 || len([]rune(s)) <= width || len([]rune(s[i+2:])) > width {
		return fold(s, width)
	}
	return append(fold(s[:i+1], width), s[i+2:])
}

// fold breaks a text at spaces so that no line is longer than width. A word
// that is longer stays whole: a URL or a command must be copied in one piece.
func fold(s string, width int) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			switch {
			case line == "":
				line = word
			case len([]rune(line))+1+len([]rune(word)) > width:
				lines = append(lines, line)
				line = word
			default:
				line += " " + word
			}
		}
		lines = append(lines, line)
	}
	return lines
}
