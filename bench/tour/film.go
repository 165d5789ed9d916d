//go:build linux || darwin

package main

import (
	"slices"
	"strings"
	"time"

	"github.com/hinshun/vt10x"
)

// A run of letters stands in one row and looks the same.
type run struct {
	column int
	text   string
	look   look
}

// look is the style of a letter. A colour is one of the terminal's sixteen, or
// none: the terminal's own.
type look struct {
	ink, paper      int
	bold, underline bool
}

const none = -1

// A frame is what the screen shows from a time on.
type frame struct {
	from   time.Duration
	rows   [rows][]run
	cursor int // its place, counted along the rows; none where it is hidden
}

// blink is how long a frame must stand to be seen: what comes sooner after it
// takes its place.
const blink = 120 * time.Millisecond

// film plays a cast and returns its distinct screens.
func film(c cast) []frame {
	screen := vt10x.New(vt10x.WithSize(columns, rows))
	var frames []frame
	for _, ev := range c.events {
		if ev.kind != "o" {
			continue
		}
		_, _ = screen.Write([]byte(ev.data))
		f := snapshot(screen, ev.at)
		switch n := len(frames); {
		case n > 0 && frames[n-1].same(f):
		case n > 0 && ev.at-frames[n-1].from < blink:
			f.from = frames[n-1].from
			frames[n-1] = f
		default:
			frames = append(frames, f)
		}
	}
	return frames
}

// snapshot takes the screen as it stands.
func snapshot(screen vt10x.Terminal, at time.Duration) frame {
	f := frame{from: at, cursor: none}
	for y := range rows {
		var row []run
		for x := range columns {
			glyph := screen.Cell(x, y)
			l := lookOf(glyph)
			if n := len(row); n > 0 && row[n-1].look == l {
				row[n-1].text += string(glyph.Char)
				continue
			}
			row = append(row, run{x, string(glyph.Char), l})
		}
		f.rows[y] = slices.DeleteFunc(row, func(r run) bool {
			return r.look.paper == none && !r.look.underline && strings.Trim(r.text, " ") == ""
		})
	}
	if screen.CursorVisible() {
		at := screen.Cursor()
		f.cursor = at.Y*columns + at.X
	}
	return f
}

// The bits of a glyph's mode that show. The library keeps their names to itself.
const (
	underlined = 1 << 1
	bold       = 1 << 2
)

func lookOf(g vt10x.Glyph) look {
	l := look{ink: colour(g.FG), paper: colour(g.BG), bold: g.Mode&bold != 0, underline: g.Mode&underlined != 0}
	if g.FG == vt10x.DefaultBG { // reversed: the library has exchanged them
		l.ink = reversed
	}
	if g.BG == vt10x.DefaultFG {
		l.paper = reversed
	}
	return l
}

// reversed is the terminal's own colour where it is the other one's.
const reversed = 16

func colour(c vt10x.Color) int {
	if c.ANSI() {
		return int(c)
	}
	return none
}

func (f frame) same(other frame) bool {
	return f.cursor == other.cursor && slices.EqualFunc(f.rows[:], other.rows[:], slices.Equal[[]run])
}

// text is what a frame says, row by row.
func (f frame) text() []string {
	lines := make([]string, rows)
	for y, row := range f.rows {
		for _, r := range row {
			lines[y] += strings.Repeat(" ", max(0, r.column-len([]rune(lines[y])))) + r.text
		}
		lines[y] = strings.TrimRight(lines[y], " ")
	}
	return lines
}
