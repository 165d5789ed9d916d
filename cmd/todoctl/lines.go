package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// lines asks line by line, for terminals that can do no more and for screen
// readers: everything is said once and in order, the default in words.
type lines struct {
	in    io.Reader
	out   io.Writer
	width int
}

func (l *lines) say(format string, args ...any) {
	for _, line := range fold(harmless(fmt.Sprintf(format, args...)), l.width) {
		fmt.Fprintln(l.out, line)
	}
}

// read says what to type and reads it. A line without its end, because the
// terminal has closed, is no answer.
func (l *lines) read(prompt string) (string, error) {
	fmt.Fprint(l.out, harmless(prompt))
	var typed []byte
	for one := make([]byte, 1); ; { // what follows the line belongs to the next question
		n, err := l.in.Read(one)
		if n > 0 && one[0] == '\n' {
			return strings.TrimSpace(string(typed)), nil
		}
		if n > 0 {
			typed = append(typed, one[0])
		}
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprintln(l.out)
			return "", errEndOfInput
		case err != nil:
			return "", fmt.Errorf("%w: %w", errEndOfInput, err)
		}
	}
}

// askLines asks beside the context: a read from a terminal does not end with it.
func (c *command) askLines(ctx context.Context, q question) error {
	answered := make(chan error, 1)
	go func() { answered <- q.lines(&lines{in: c.In, out: c.Err, width: c.words().width}) }()
	select {
	case err := <-answered:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	case <-ctx.Done():
		fmt.Fprintln(c.Err)
		c.newLine = true
		return ctx.Err()
	}
}
