package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"todoctl/provision"
)

// The block of lines at the bottom of a terminal, drawn in place.
//
// It is drawn by hand and not by bubbletea, which would have to be a second
// program on the terminal of the form that asks: stopped before each question and
// started after it, with a renderer that puts its lines where it believes the
// cursor to be. Here the block shares one lock with every other line, so nothing
// comes between, and nothing has to be undone when the process is stopped:
//
//   - The cursor rests on the empty line above the block and stays visible. The
//     terminal carries it along when it is resized and folds its lines anew, so
//     the block is always what lies below the cursor.
//   - A frame is one write, in which the cursor is hidden, so that it is not seen
//     to wander. Terminals that know mode 2026 show a frame as a whole.
//   - A frame that shows nothing new is not written.
const (
	frameBegin = "\x1b[?2026h\x1b[?25l"
	frameEnd   = "\x1b[?25h\x1b[?2026l"
	toTheRight = "\x1b[K" // clears the rest of the line
	below      = "\x1b[J" // clears the rest of the screen
	lineUp     = "\x1b[A"
)

// A block is what stands on the screen.
type block struct {
	frame string // what was written last; "" when nothing is drawn
	size  [2]int // of the terminal then: another one has folded the lines anew
	ours  bool   // the empty line above it goes with it
}

// live says whether rows are drawn in place.
func (v *words) live() bool { return v.size != nil }

// put prints lines that stay, and below them the block as it is now.
func (v *words) put(lines ...string) {
	if v.held > 0 {
		v.waiting = append(v.waiting, lines...)
		return
	}
	v.write(strings.Join(lines, ""), v.rowLines())
}

// clear prints lines that stay, and takes the block away.
func (v *words) clear(lines ...string) {
	if v.held > 0 {
		v.waiting = append(v.waiting, lines...)
		lines = nil
	}
	v.write(strings.Join(lines, ""), nil)
}

// write brings the screen to lines that stay and the rows of a block below them,
// in one write.
func (v *words) write(lines string, rows []string) {
	frame := strings.Join(rows, "\n")
	var size [2]int
	if frame != "" {
		size[0], size[1] = v.size()
	}
	if lines == "" && frame == v.block.frame && size == v.block.size {
		return
	}
	var out strings.Builder
	if lines != "" || frame == "" {
		if v.block.frame != "" {
			out.WriteString("\r" + below)
			if !v.block.ours {
				out.WriteString("\n")
			}
		}
		out.WriteString(lines)
		v.block = block{}
	}
	if lines != "" {
		v.blank = lines == "\n" || strings.HasSuffix(lines, "\n\n")
		v.asked, v.spoke = false, v.now()
	}
	if frame != "" {
		if v.block.frame == "" {
			v.block.ours = !v.blank
			if v.blank {
				out.WriteString(lineUp)
			}
		}
		fmt.Fprintf(&out, "%s\r", frameBegin)
		for i, row := range rows {
			end := toTheRight
			if i == len(rows)-1 {
				end = below
			}
			out.WriteString("\r\n" + row + end)
		}
		fmt.Fprintf(&out, "\r\x1b[%dA%s", len(rows), frameEnd)
		v.block.frame, v.block.size = frame, size
	}
	fmt.Fprint(v.w, out.String())
}

// quickWork is how long work that is no step goes on before it is shown: most of
// it is over before anybody could read what it was.
const quickWork = 500 * time.Millisecond

// rowLines are the rows of the block, fitted to the terminal as it is now.
func (v *words) rowLines() []string {
	if !v.live() {
		return nil
	}
	columns, height := v.size()
	var rows []string
	var spare []int // the places of those that may be left out
	for _, r := range v.rows {
		text := r.text
		switch {
		case r.told, r.ended && text == "":
			continue
		case r.name == "":
			if v.now().Sub(r.since) < quickWork {
				continue
			}
			text = r.workText()
		case !r.begun:
			text = v.blockers(r)
		}
		tail := ""
		switch passed := v.now().Sub(r.since); {
		case r.ended && r.final.Stage == provision.Settled && r.final.Elapsed >= time.Second:
			tail = " (" + span(r.final.Elapsed) + ")"
		case !r.ended && r.begun && passed >= time.Second:
			tail = ": " + span(passed)
		}
		head := " "
		if r.name != "" {
			head = fmt.Sprintf(" %-9s ", r.name)
		}
		room := max(columns, 16) - 1 - 1 - lipgloss.Width(head+tail)
		if r.ended || !r.begun {
			spare = append(spare, len(rows))
		}
		rows = append(rows, v.mark(r.mark)+head+cut(harmless(strings.Join(strings.Fields(text), " ")), room)+tail)
	}
	if v.stopping {
		rows = append(rows, cut("Stopping: calls under way are finished first. Ctrl-C again ends at once.", max(columns, 16)-1))
	}
	for i := len(spare) - 1; i >= 0 && len(rows) > max(height-2, 1); i-- {
		rows = append(rows[:spare[i]], rows[spare[i]+1:]...)
	}
	return rows[:min(len(rows), max(height-2, 1))]
}

// blockers says what a step that has not begun waits for.
func (v *words) blockers(r *row) string {
	for _, name := range r.blocks {
		if before := v.rowOf(name); before != nil && !before.ended {
			return "waits for the " + name
		}
	}
	return "not started yet"
}

// cut shortens a text to so many columns.
func cut(s string, columns int) string {
	if lipgloss.Width(s) <= columns {
		return s
	}
	short := ""
	for _, c := range s {
		if lipgloss.Width(short)+lipgloss.Width(string(c))+1 > columns {
			break
		}
		short += string(c)
	}
	return short + "…"
}
