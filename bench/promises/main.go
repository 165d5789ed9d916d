// Promises runs the tests that hold todoctl to its promises, in their full
// form, and prints what they ran as a table:
//
//	go run ./bench/promises            prints it
//	go run ./bench/promises -write     and puts it into docs/reliability.md
//
// A test that proves a promise says so itself, with t.Attr: "promise" is its
// number, "cases" how many cases it ran.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// promises are todoctl's, with the numbers by which the tests name them.
var promises = []struct{ number, words string }{
	{"T1", "killed at any call of `up`, before or after it took effect: another `up` makes it whole"},
	{"T2", "killed at any call of `up`: `down` leaves nothing"},
	{"T3", "killed at any call of `down`: another `down` leaves nothing, and the items are never in neither place"},
	{"T4", "killed twice, at any two calls: the third run makes it whole"},
	{"T5", "any answer lost, any call delayed: the same run goes on to the end, and nothing is there twice"},
	{"T6", "any call failing for good: a reason, a way on, and the way leads to the end"},
	{"T7", "throttled up to seven times at any call, or at all of them: only slower"},
	{"T8", "whatever AWS shows late, up to its limit: the same end"},
	{"T9", "what todoctl did not make is never changed, whenever it appears"},
	{"T10", "two `up` at once: one set of resources"},
	{"T11", "`up` against `down`, `down` against `down`: one set, or none"},
	{"T12", "credentials that expire or change: nothing is signed for another account"},
	{"T13", "each setting changed by somebody: `status` names it, `up` mends it and nothing else"},
	{"T14", "local files lost, damaged or from elsewhere: the same end"},
	{"T15", "any subset of the resources deleted by somebody: made again, or gone"},
	{"T16", "an item goes only after a yes, and only when its backup was read back"},
	{"T17", "nothing is asked, and nothing is changed, where nobody can answer"},
	{"T18", "interrupted at any call: 130, what there is and how to go on"},
	{"T19", "the operator policy is enough, and no action of it is too much"},
	{"T20", "a random life of a stack breaks no invariant"},
	{"T21", "no input, however odd, makes it panic"},
	{"T23", "the same code is the same zip everywhere"},
	{"T24", "no secret in any output"},
	{"T25", "what listens answers its own people only"},
}

// A result is what the tests of one promise came to.
type result struct {
	tests, cases, failures int
	took                   time.Duration
}

func main() {
	write := flag.Bool("write", false, "put the table into docs/reliability.md")
	short := flag.Bool("short", false, "the short form, as go test runs it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *write, *short); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, write, short bool) error {
	// Many tests wait for a process of their own most of the time, so more of them
	// are at work at once than there are CPUs. There is no time limit: the full form
	// takes hours on a small machine.
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-timeout=0", fmt.Sprintf("-parallel=%d", 2*runtime.NumCPU()),
		"./cmd/...", "./handler/...", "./local/...", "./provision/...")
	cmd.Env = os.Environ()
	if !short {
		cmd.Env = append(cmd.Env, "TODOCTL_FULL=1")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	results, err := read(out, os.Stderr)
	failure := errors.Join(err, cmd.Wait())
	table, missing := tell(results)
	form := "the full form"
	if short {
		form = "the short form, a sample"
	}
	table += fmt.Sprintf("This was %s, on %s/%s with %d CPUs.\n", form, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Print(table)
	if failure != nil {
		return failure
	}
	if len(missing) > 0 {
		return fmt.Errorf("no test ran for %s", strings.Join(missing, ", "))
	}
	if write {
		return put("docs/reliability.md", table)
	}
	return nil
}

// read collects the results from the lines of `go test -json`, and tells at once what
// a test has said that failed.
func read(r io.Reader, to io.Writer) (results map[string]*result, err error) {
	results = map[string]*result{}
	promiseOf, cases, said := map[string]string{}, map[string]int{}, map[string]string{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Action, Package, Test, Key, Value, Output string
			Elapsed                                   float64
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // a line of the toolchain's own
		}
		if e.Action == "build-output" {
			fmt.Fprint(to, e.Output)
		}
		test := e.Package + " " + e.Test
		switch e.Action {
		case "attr":
			switch e.Key {
			case "promise":
				promiseOf[test] = e.Value
			case "cases":
				if cases[test], err = strconv.Atoi(e.Value); err != nil {
					return nil, fmt.Errorf("%s: %w", test, err)
				}
			}
		case "output":
			said[test] += e.Output
		case "pass", "fail":
			if e.Action == "fail" {
				fmt.Fprintf(to, "failed: %s\n%s", test, said[test])
			}
			delete(said, test)
			number, proves := promiseOf[test]
			if !proves {
				continue
			}
			if results[number] == nil {
				results[number] = &result{}
			}
			r := results[number]
			r.tests++
			r.cases += cases[test]
			r.took += time.Duration(e.Elapsed * float64(time.Second))
			if e.Action == "fail" {
				r.failures++
			}
		}
	}
	return results, lines.Err()
}

// tell makes the table, and names the promises of which no test ran.
func tell(results map[string]*result) (table string, missing []string) {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "|\t| promise\t| tests\t| cases\t| failures\t| time\t|")
	fmt.Fprintln(w, "|--\t|--\t|--:\t|--:\t|--:\t|--:\t|")
	cases := 0
	for _, p := range promises {
		r := results[p.number]
		if r == nil {
			missing = append(missing, p.number)
			continue
		}
		cases += r.cases
		fmt.Fprintf(w, "| %s\t| %s\t| %d\t| %d\t| %d\t| %.1f s\t|\n", p.number, p.words, r.tests, r.cases, r.failures, r.took.Seconds())
	}
	_ = w.Flush() // to memory
	fmt.Fprintf(&text, "\n%d cases in all.\n", cases)
	return text.String(), missing
}

// The marks between which the table stands.
const begin, end = "<!-- go run ./bench/promises -write -->\n", "<!-- end -->\n"

func put(path, table string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no place for the table", path)
	}
	return os.WriteFile(path, []byte(before+begin+table+end+after), 0o644) //nolint:gosec // a page of the documentation
}
