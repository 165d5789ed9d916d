//go:build linux || darwin

// Command tour records what a learner sees: it types the commands of the tour in
// a real terminal of 80x24, reads before it answers, and writes docs/tour.cast
// (asciicast v2, for `asciinema play`) and docs/tour.svg (the same screens, for
// the README).
//
//	go run ./bench/tour
//
// The program that it drives is built from this tree, and the answers follow from
// what is on the screen: after a change of words, record again. Nothing leaves
// this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	docs := flag.String("docs", "docs", "the folder that gets tour.cast and tour.svg")
	pace := flag.Float64("pace", 1, "how long the pauses of the one who types are: 0 is none")
	from := flag.String("from", "", "record nothing: draw the SVG of this cast again")
	flag.Parse()
	if err := write(ctx, *docs, *from, *pace); err != nil {
		fmt.Fprintln(os.Stderr, "tour:", err)
		os.Exit(1)
	}
}

// write records the tour, or reads one, and writes the files.
func write(ctx context.Context, docs, from string, pace float64) error {
	var c cast
	if from != "" {
		text, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if c, err = parse(text); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	} else {
		dir, err := os.MkdirTemp("", "todoctl-tour-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		program, err := build(ctx, ".", dir)
		if err != nil {
			return err
		}
		if c, err = record(ctx, program, pace); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(docs, "tour.cast"), c.text(), 0o644); err != nil {
			return err
		}
	}
	drawing := draw(film(c))
	if err := os.WriteFile(filepath.Join(docs, "tour.svg"), drawing, 0o644); err != nil {
		return err
	}
	fmt.Printf("%d events, %.0f s, %d frames, %d KB of SVG\n", len(c.events), c.length().Seconds(), len(film(c)), len(drawing)/1000)
	return nil
}

// build makes todoctl from the tree at root and returns the program's path.
func build(ctx context.Context, root, dir string) (string, error) {
	program := filepath.Join(dir, "todoctl")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/todoctl")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build todoctl: %w\n%s", err, out)
	}
	return program, nil
}
