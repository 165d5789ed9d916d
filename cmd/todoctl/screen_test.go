package main

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A screen is a terminal as far as todoctl's own lines use one: it knows what
// stands where, also above its upper edge, after each write.
type screen struct {
	t             *testing.T
	columns, rows int

	mu      sync.Mutex
	lines   [][]rune // from the first that was ever written
	top     int      // the first line that is on the screen
	row     int      // of the cursor, as an index of lines
	column  int
	hidden  bool // the cursor
	wrapped bool // a line was longer than the screen is wide, since the last look
	colours bool // a colour was asked for
	moved   bool // the cursor was moved up, or something was cleared

	views []glance
}

// A glance is what was seen after one write.
type glance struct {
	at      time.Time
	text    string
	wrapped bool
}

func newScreen(t *testing.T, columns, rows int) *screen {
	return &screen{t: t, columns: columns, rows: rows, lines: [][]rune{nil}}
}

func (s *screen) size() (columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.columns, s.rows
}

func (s *screen) resize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.columns, s.rows = columns, rows
	s.top = max(s.top, s.row-rows+1)
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := []rune(string(p))
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case r == '\r':
			s.column = 0
		case r == '\n': // as a terminal's settings make it
			s.column = 0
			s.down()
		case r == '\x1b' && i+1 < len(text) && text[i+1] == '[':
			end := i + 2
			for end < len(text) && !(text[end] >= '@' && text[end] <= '~') {
				end++
			}
			s.obey(string(text[i+2:end]), text[end])
			i = end
		case r < ' ':
			s.t.Errorf("a control character that this screen does not know: %q", r)
		default:
			s.show(r)
		}
	}
	if s.hidden {
		s.t.Error("a write leaves the cursor hidden")
	}
	s.views = append(s.views, glance{at: time.Now(), text: s.text(), wrapped: s.wrapped})
	s.wrapped = false
	return len(p), nil
}

func (s *screen) down() {
	if s.row++; s.row == len(s.lines) {
		s.lines = append(s.lines, nil)
	}
	s.top = max(s.top, s.row-s.rows+1)
}

func (s *screen) show(r rune) {
	if s.column == s.columns {
		s.wrapped, s.column = true, 0
		s.down()
	}
	line := s.lines[s.row]
	for len(line) <= s.column {
		line = append(line, ' ')
	}
	line[s.column] = r
	s.lines[s.row] = line
	s.column++
}

func (s *screen) obey(arguments string, command rune) {
	n, _ := strconv.Atoi(arguments) // an empty one stands for the default
	switch {
	case command == 'm':
		s.colours = true
	case command == 'A':
		s.moved = true
		s.row = max(s.row-max(n, 1), s.top)
	case command == 'K' && n == 0:
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
	case command == 'J' && n == 0:
		s.moved = true
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
		s.lines = s.lines[:s.row+1]
	case arguments == "?25" && (command == 'l' || command == 'h'):
		s.hidden = command == 'l'
	case arguments == "?2004" && command == 'l': // paste as plain text
	case arguments == "?2026" && (command == 'l' || command == 'h'):
	default:
		s.t.Errorf("a sequence that this screen does not know: %q %q", arguments, command)
	}
}

// text is all that was ever shown and is not cleared, with what has left the
// screen above it.
func (s *screen) text() string {
	var all []string
	for _, line := range s.lines {
		all = append(all, strings.TrimRight(string(line), " "))
	}
	return strings.TrimRight(strings.Join(all, "\n"), "\n")
}

// last is what stands there in the end.
func (s *screen) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text()
}

// once says whether all these lines stood there at one moment.
func (s *screen) once(lines ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		all := true
		for _, line := range lines {
			all = all && strings.Contains("\n"+v.text+"\n", "\n"+line+"\n")
		}
		if all {
			return true
		}
	}
	return false
}

// silence is the longest time between two writes.
func (s *screen) silence(from, to time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := time.Duration(0)
	for _, v := range s.views {
		if v.at.After(from) {
			longest, from = max(longest, v.at.Sub(from)), v.at
		}
	}
	return max(longest, to.Sub(from))
}
