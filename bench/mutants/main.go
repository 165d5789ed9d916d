// Mutants breaks todoctl on purpose, one line at a time, and runs the tests that
// should notice:
//
//	go run ./bench/mutants               all of them
//	go run ./bench/mutants 'tag check'   those whose name has these words
//
// mutants.txtar holds them: for each the file, the test to run, and the text
// before and after. The source itself is never touched: `go test -overlay`
// reads the broken file instead. A mutant that no test notices is a failure.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed mutants.txtar
var archive []byte

// atOnce is how many mutants are tried at the same time: linking takes most of
// it, and more than two are no faster on a small machine.
const atOnce = 2

// A mutant is one fault that somebody might write.
type mutant struct {
	name, file, test string // "drop the tag check", "provision/config.go", "./provision -run Foreign"
	before, after    string
}

// A verdict is what the tests said to a mutant.
type verdict struct {
	mutant
	killed bool
	err    error // it could not be tried
	took   time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string) error {
	all, err := parse(archive)
	if err != nil {
		return err
	}
	var chosen []mutant
	for _, m := range all {
		if strings.Contains(m.name, strings.Join(words, " ")) {
			chosen = append(chosen, m)
		}
	}
	if err := unbroken(ctx, chosen); err != nil {
		return err
	}
	verdicts := make([]verdict, len(chosen))
	slots := make(chan struct{}, atOnce)
	var work sync.WaitGroup
	for i, m := range chosen {
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			verdicts[i] = try(ctx, m)
			fmt.Println(verdicts[i])
		})
	}
	work.Wait()
	var errs []error
	killed := 0
	for _, v := range verdicts {
		switch {
		case v.err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", v.name, v.err))
		case v.killed:
			killed++
		default:
			errs = append(errs, fmt.Errorf("%s: no test noticed it", v.name))
		}
	}
	fmt.Printf("\n%d of %d mutants were noticed.\n", killed, len(chosen))
	return errors.Join(errs...)
}

// unbroken runs each test once without a mutant: one that fails anyway would
// notice everything.
func unbroken(ctx context.Context, mutants []mutant) error {
	tried := map[string]bool{}
	for _, m := range mutants {
		if tried[m.test] {
			continue
		}
		tried[m.test] = true
		out, err := exec.CommandContext(ctx, "go", append([]string{"test", "-timeout=5m"}, strings.Fields(m.test)...)...).CombinedOutput() //nolint:gosec // the arguments are the archive's
		if err != nil {
			return fmt.Errorf("go test %s fails without any mutant: %w\n%s", m.test, err, out)
		}
	}
	return nil
}

func (v verdict) String() string {
	said := "SURVIVED"
	switch {
	case v.err != nil:
		said = "error"
	case v.killed:
		said = "noticed"
	}
	return fmt.Sprintf("%-8s  %-60s  %4.1f s", said, v.name, v.took.Seconds())
}

// parse reads the mutants. A file of the archive is one: its name is the
// mutant's, then come "file PATH" and "test ARGUMENTS", the text before, a line
// of ==== and the text after.
func parse(data []byte) ([]mutant, error) {
	var all []mutant
	for _, f := range txtar.Parse(data).Files {
		m := mutant{name: f.Name}
		head, rest, ok := strings.Cut(string(f.Data), "\n----\n")
		before, after, changed := strings.Cut(rest, "====\n")
		if !ok || !changed {
			return nil, fmt.Errorf("%s: it has no ---- and ====", m.name)
		}
		for line := range strings.Lines(head) {
			word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch word {
			case "file":
				m.file = value
			case "test":
				m.test = value
			default:
				return nil, fmt.Errorf("%s: %q is neither file nor test", m.name, word)
			}
		}
		m.before, m.after = before, after
		all = append(all, m)
	}
	return all, nil
}

// apply makes the broken source.
func (m mutant) apply() ([]byte, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(source), m.before); n != 1 {
		return nil, fmt.Errorf("%s has its text %d times, should be once", m.file, n)
	}
	return []byte(strings.Replace(string(source), m.before, m.after, 1)), nil
}

// try runs the tests with one mutant in place of its file.
func try(ctx context.Context, m mutant) (v verdict) {
	v.mutant = m
	began := time.Now()
	defer func() { v.took = time.Since(began) }()
	broken, err := m.apply()
	if err != nil {
		v.err = err
		return v
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		v.err = err
		return v
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := overlayFile(dir, m.file, broken)
	if err != nil {
		v.err = err
		return v
	}
	args := append([]string{"test", "-overlay", overlay, "-count=1", "-timeout=5m", "-failfast"}, strings.Fields(m.test)...)
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput() //nolint:gosec // the arguments are the archive's
	switch {
	case bytes.Contains(out, []byte("[build failed]")), bytes.Contains(out, []byte("[setup failed]")):
		v.err = fmt.Errorf("it does not compile:\n%s", out)
	case bytes.Contains(out, []byte("[no tests to run]")):
		v.err = errors.New("its test does not exist")
	case ctx.Err() != nil:
		v.err = ctx.Err()
	case err != nil && !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("\npanic: ")):
		v.err = fmt.Errorf("go test: %w\n%s", err, out)
	default:
		v.killed = err != nil
	}
	return v
}

func overlayFile(dir, file string, broken []byte) (string, error) {
	source, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	instead, list := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {source: instead}})
	if err != nil {
		return "", err
	}
	return list, errors.Join(os.WriteFile(instead, broken, 0o600), os.WriteFile(list, text, 0o600))
}
