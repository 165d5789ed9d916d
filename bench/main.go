// Command bench measures what todoctl promises about speed and size, and prints
// one table: `make bench`. It is for people: a figure that misses its target
// says so and fails nothing.
//
// It uses the standard library alone. The operating system counts the memory of
// a process that starts another as the other's own, so a small bench measures
// best.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, strings.Join(os.Args[1:], " "), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures one part after the other, or those that have a word in their name,
// and prints the table. Only a todoctl
// that cannot be built is an error: every other fault is a line of the table.
func run(ctx context.Context, only string, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "todoctl-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{dir: dir}
	fmt.Fprintln(progress, "building todoctl")
	if err := b.build(ctx); err != nil {
		return err
	}
	var t table
	for _, part := range []struct {
		name    string
		measure func(context.Context, *table) error
	}{
		{"the program", b.program},
		{"the walkthrough, 50 ms a request", b.walkthrough},
		{"the walkthrough, without Python", b.twin},
		{"the walkthrough, AWS's own delays", b.lags},
		{"the local AWS", b.server},
		{"the function, without Python", func(ctx context.Context, t *table) error {
			return b.function(ctx, t, "the Go twin", "python3.12", []string{"PATH=" + b.dir})
		}},
		{"the function in Python", func(ctx context.Context, t *table) error { return b.function(ctx, t, "Python", "python3.12", nil) }},
		{"the function in Node.js", func(ctx context.Context, t *table) error { return b.function(ctx, t, "Node.js", "nodejs24.x", nil) }},
		{"the local DynamoDB", b.items},
	} {
		if !strings.Contains(part.name, only) {
			continue
		}
		fmt.Fprintln(progress, "measuring", part.name)
		if err := part.measure(ctx, &t); err != nil {
			t.add(part.name, "not measured: "+err.Error())
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(out, "todoctl on %s/%s, %d CPUs, %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	t.print(out)
	return nil
}

// A bench is one run of this program.
type bench struct {
	dir     string // for everything it makes
	todoctl string // the built program
}

// A table is what the run prints.
type table struct{ rows [][4]string }

// add makes a line that has no target.
func (t *table) add(what, measured string) {
	t.rows = append(t.rows, [4]string{what, measured, "", ""})
}

// check makes a line that says whether its target is met.
func (t *table) check(what, measured, target string, met bool) {
	verdict := "no"
	if met {
		verdict = "yes"
	}
	t.rows = append(t.rows, [4]string{what, measured, target, verdict})
}

// atMost checks a duration against its limit.
func (t *table) atMost(what string, measured, limit time.Duration) {
	t.check(what, show(measured), "<= "+show(limit), measured <= limit)
}

// print writes the table in Markdown, aligned to be read as it stands.
func (t *table) print(w io.Writer) {
	rows := append([][4]string{{"what", "measured", "target", "met"}}, t.rows...)
	var width [4]int
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(w, "| %-*s ", width[i], cell)
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, columns := range width {
				fmt.Fprint(w, "|", strings.Repeat("-", columns+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

// show writes a duration as people compare it: milliseconds below a second.
func show(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// megabytes are 10^6 bytes.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
