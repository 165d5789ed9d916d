//go:build linux || darwin

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// term has sixteen colours, whose shades are the viewer's own, so that a
// recording can be read on a light and on a dark page.
const term = "xterm"

const (
	// calm is how long nothing must have moved before an open question is answered.
	calm = 400 * time.Millisecond
	// grain is what the times of programs are rounded to, and what comes sooner
	// belongs together: a machine is never twice equally fast.
	grain = 250 * time.Millisecond
	// still is the longest time in which nothing moves; what is longer is cut.
	still = 2 * time.Second
	// patience is how long a command may say nothing before the tour gives up.
	patience = 60 * time.Second
)

// A terminal shows what programs write, and keeps it with its time.
type terminal struct {
	pace   float64
	env    []string
	dir    string
	cast   cast
	now    time.Duration // the recording's clock
	moved  time.Time     // when now was last brought forward
	screen vt10x.Terminal
	keys   switchable // of the program that runs, if any
}

// switchable is the way back to the program: the screen answers what programs
// ask of a terminal.
type switchable struct{ io.Writer }

func newTerminal(pace float64, dir string, env []string) *terminal {
	t := &terminal{pace: pace, dir: dir, env: env, moved: time.Now()}
	t.keys.Writer = io.Discard
	t.screen = vt10x.New(vt10x.WithSize(columns, rows), vt10x.WithWriter(&t.keys))
	return t
}

// lines are the rows of the screen without what is blank at their ends.
func (t *terminal) lines() []string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(t.screen.String(), " \n"), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// show puts data on the screen at the recording's present time.
func (t *terminal) show(data string) {
	_, _ = t.screen.Write([]byte(data))
	t.keep(data)
}

// keep records what is on the screen already.
func (t *terminal) keep(data string) {
	if n := len(t.cast.events); n > 0 && t.cast.events[n-1].kind == "o" && t.cast.events[n-1].at == t.now {
		t.cast.events[n-1].data += data
		return
	}
	t.cast.events = append(t.cast.events, event{t.now, "o", data})
}

// advance brings the recording's clock forward by the time that has really
// passed, without what is longer than still.
func (t *terminal) advance() {
	if gap := min(time.Since(t.moved), still).Round(grain); gap > 0 {
		t.now += gap
		t.moved = time.Now()
	}
}

// rest lets the person read or think for d of the recording. A cursor that only
// blinks meanwhile is left out.
func (t *terminal) rest(d time.Duration, shown <-chan string) {
	until := t.now + d
	limit := time.NewTimer(time.Duration(float64(d) * t.pace))
	defer limit.Stop()
	for {
		select {
		case data, open := <-shown:
			if !open {
				shown = nil // it has ended; the rest is still rested
				continue
			}
			before, at := t.screen.String(), t.screen.Cursor()
			_, _ = t.screen.Write([]byte(data))
			now, sets := t.screen.Cursor(), strings.Contains(data, "\x1b[?")
			if !sets && before == t.screen.String() && at.X == now.X && at.Y == now.Y {
				continue
			}
			t.advance()
			t.now = min(t.now, until)
			t.keep(data)
			continue
		case <-limit.C:
		}
		t.now, t.moved = until, time.Now()
		return
	}
}

// keystroke is how long a person takes for a letter.
const keystroke = 50 * time.Millisecond

// prompt types a command at the shell's prompt, which is the tour's own: a shell
// of the machine would bring its settings.
func (t *terminal) prompt(command string) {
	if t.screen.Cursor().X != 0 {
		t.show("\r\n") // curl ends without a new line
	}
	t.show("\x1b[1m$\x1b[0m ")
	t.cast.events = append(t.cast.events, event{t.now, "m", command})
	t.rest(700*time.Millisecond, nil)
	for _, letter := range command {
		t.show(string(letter))
		t.rest(keystroke, nil)
	}
	t.rest(400*time.Millisecond, nil)
	t.show("\r\n")
}

// run types a command, runs it, and lets answer press keys whenever a question
// is open. It returns what the command said, without control codes.
func (t *terminal) run(ctx context.Context, command string, answer func(lines []string) []string) (string, error) {
	t.prompt(command)
	began := len(t.cast.events)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "exec "+command)
	cmd.Env, cmd.Dir = t.env, t.dir
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return "", fmt.Errorf("start %s: %w", command, err)
	}
	defer file.Close()
	t.keys.Writer = file
	defer func() { t.keys.Writer = io.Discard }()
	shown := make(chan string, 64)
	go read(file, func(data string) {
		select {
		case shown <- data:
		case <-ctx.Done():
		}
	}, func() { close(shown) })

	answered := 0
	silent := time.NewTimer(calm)
	defer silent.Stop()
	for lastWord := time.Now(); ; {
		silent.Reset(calm)
		select {
		case data, open := <-shown:
			if !open {
				return t.ended(cmd, command, began)
			}
			t.advance()
			t.show(data)
			lastWord = time.Now()
			continue
		case <-silent.C:
		}
		switch {
		case raw(file) && answer != nil && answered < 60:
			answered++
			if err := t.press(file, shown, answer(t.lines())); err != nil {
				return "", err
			}
			lastWord = time.Now()
		case time.Since(lastWord) > patience || raw(file):
			cancel()
			return "", fmt.Errorf("%s does not go on; the screen says:\n%s", command, strings.Join(t.lines(), "\n"))
		}
	}
}

// press reads what is on the screen, for as long as there is to read, and then
// presses the keys one after the other.
func (t *terminal) press(file io.Writer, shown <-chan string, keys []string) error {
	read := time.Duration(len(t.lines())) * 150 * time.Millisecond
	t.rest(max(min(read, 3500*time.Millisecond), time.Second), shown)
	for _, key := range keys {
		t.cast.events = append(t.cast.events, event{t.now, "i", key})
		if _, err := io.WriteString(file, key); err != nil {
			return err
		}
		if len(key) == 1 && key != enter {
			t.rest(3*keystroke, shown)
		} else {
			t.rest(500*time.Millisecond, shown)
		}
	}
	return nil
}

// ended takes a command's exit and what it said.
func (t *terminal) ended(cmd *exec.Cmd, command string, began int) (string, error) {
	err := cmd.Wait()
	said := plain(cast{events: t.cast.events[began:]}.said())
	if err != nil {
		return said, fmt.Errorf("%s: %w; it said:\n%s", command, err, said)
	}
	return said, nil
}

// read hands on what the program shows, in whole letters, until it has ended.
func read(file io.Reader, show func(string), ended func()) {
	defer ended()
	var rest []byte
	buf := make([]byte, 32*1024)
	for {
		n, err := file.Read(buf)
		rest = append(rest, buf[:n]...)
		whole := len(rest)
		for cut := 1; cut < utf8.UTFMax && cut <= len(rest); cut++ {
			if at := len(rest) - cut; utf8.RuneStart(rest[at]) {
				if !utf8.FullRune(rest[at:]) {
					whole = at
				}
				break
			}
		}
		if whole > 0 {
			show(string(rest[:whole]))
			rest = append([]byte(nil), rest[whole:]...)
		}
		if err != nil { // EIO on Linux, EOF on macOS: nobody holds the other end
			return
		}
	}
}

var (
	moves  = regexp.MustCompile(`\x1b\[[0-9;?]*[ABEFGHJKST]|\r`)
	codes  = regexp.MustCompile(`\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-B0-2]|[=>78])`)
	blanks = regexp.MustCompile(`\n{2,}`)
)

// plain is what was shown, in lines, in the order in which it was written.
func plain(said string) string {
	said = moves.ReplaceAllString(said, "\n")
	return blanks.ReplaceAllString(codes.ReplaceAllString(said, ""), "\n")
}

var errNoURL = errors.New("up has printed no URL")
