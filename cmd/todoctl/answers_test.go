package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// typed is a terminal's stdin in line mode: one line a read, then its end.
func typed(lines ...string) io.Reader {
	var all []io.Reader
	for _, l := range lines {
		all = append(all, strings.NewReader(l))
	}
	return io.MultiReader(all...)
}

// Only the stack's very name, typed, is a yes; whatever was chosen for the items.
func TestOnlyTheStacksNameTakesATableWithItems(t *testing.T) {
	items := notes(3, 100)
	names := []string{"todo\n", "TodoTable\n", "Todo2\n", "\n", "yes\n", "y\n", "Tod\n", "То́do\n", "Todo", ""} // the last two end without Enter
	v, cases := newVault(t, items...), 0
	for _, answer := range []string{"1\n", "2\n", "3\n", "\n", "9\n", "no\n", ""} {
		for _, name := range names {
			end := v.todoctl(func(a *App) {
				a.In, a.InTerminal, a.ErrTerminal = typed(answer, name), true, true
			}, "down")
			what := fmt.Sprintf("answers %q, %q", answer, name)
			v.stays(what, items, end)
			if end.exit != exitInterrupted && end.exit != exitUsage || len(v.files()) > 0 {
				t.Errorf("%s: exit %d, files %v:\n%s", what, end.exit, v.files(), end.err)
			}
			cases++
		}
	}
	counted(t, cases)
}

func TestTheStacksNameTypedIsAYes(t *testing.T) {
	items := notes(3, 100)
	v, cases := newVault(t, items...), 0
	for what, c := range map[string]struct {
		flags  []string
		typed  []string
		backup bool
	}{
		"saved by choice":   {nil, []string{"1\n", "Todo\n"}, true},
		"given up":          {nil, []string{"2\n", "Todo\n"}, false},
		"saved by flag":     {[]string{"--backup", "items.jsonl"}, []string{"Todo\n"}, true},
		"given up by flag":  {[]string{"--discard-data"}, []string{"Todo\n"}, false},
		"yes, saved":        {[]string{"--yes", "--backup", "items.jsonl"}, nil, true},
		"yes, and given up": {[]string{"--yes", "--discard-data"}, nil, false},
	} {
		end := v.todoctl(func(a *App) { a.In, a.InTerminal, a.ErrTerminal = typed(c.typed...), true, true }, append([]string{"down"}, c.flags...)...)
		if end.exit != exitDone || v.deletes() != 1 || (len(v.files()) == 1) != c.backup {
			t.Fatalf("%s: exit %d, %d calls to delete the table, files %v:\n%s", what, end.exit, v.deletes(), v.files(), end.err)
		}
		if c.backup {
			v.goes(what, v.file(v.files()[0]), items, end)
		}
		v.begin(items)
		cases++
	}
	counted(t, cases)
}

// Where nobody can be asked, every flag that is missing keeps the table.
func TestWithoutAnAnswerNothingGoes(t *testing.T) {
	items := notes(3, 100)
	v := newVault(t, items...)
	cases := 0
	for _, terminal := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		for _, term := range []string{"dumb", "xterm-256color", ""} {
			for flags, exit := range map[string]int{
				"":                            exitUsage,
				"--backup items.jsonl":        exitUsage,
				"--discard-data":              exitUsage,
				"--yes":                       exitUsage,
				"--no-input":                  exitUsage,
				"--yes --no-input":            exitUsage,
				"--no-input --discard-data":   exitUsage,
				"--output json":               exitUsage,
				"--output json --yes":         exitUsage,
				"--dry-run":                   exitDiffers,
				"--dry-run --discard-data":    exitDiffers,
				"--yes --dry-run --backup it": exitDiffers,
			} {
				asks := terminal[0] && terminal[1] && (flags == "" || flags == "--backup items.jsonl" || flags == "--discard-data")
				if asks && term != "dumb" {
					continue // a form for a real terminal: the tests with one have that
				}
				end := v.todoctl(func(a *App) {
					a.InTerminal, a.ErrTerminal = terminal[0], terminal[1]
					a.Getenv = func(name string) string {
						if name == "TERM" {
							return term
						}
						return os.Getenv(name)
					}
				}, append([]string{"down"}, strings.Fields(flags)...)...)
				what := fmt.Sprintf("%q, terminals %v, TERM %q", flags, terminal, term)
				if n := v.deletes(); n > 0 || !sameItems(v.items(), items) || len(v.files()) > 0 {
					t.Fatalf("%s: %d calls to delete the table, files %v:\n%s", what, n, v.files(), end.err)
				}
				if end.exit != exit {
					t.Errorf("%s: exit %d, should be %d:\n%s", what, end.exit, exit, end.err)
				}
				cases++
			}
		}
	}
	counted(t, cases)
}

// Who gives the items up does not wait until they have been read, and need not be
// allowed to.
func TestDiscardedItemsAreNotRead(t *testing.T) {
	items := notes(3, 100)
	v, cases := newVault(t, items...), 0
	for _, flags := range [][]string{{"--dry-run"}, {"--yes"}} {
		reads := 0
		v.on(func(operation string) *http.Response {
			if operation != "Scan" {
				return nil
			}
			reads++
			return &http.Response{StatusCode: http.StatusBadRequest, Body: io.NopCloser(strings.NewReader(`{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}`))}
		}, nil)
		end := v.todoctl(nil, append([]string{"down", "--discard-data"}, flags...)...)
		want := map[string]int{"--dry-run": exitDiffers, "--yes": exitDone}[flags[0]]
		if end.exit != want || reads > 0 || v.deletes() != map[string]int{"--yes": 1}[flags[0]] {
			t.Errorf("%s: exit %d, should be %d; %d readings, %d calls to delete the table:\n%s", flags, end.exit, want, reads, v.deletes(), end.err)
		}
		cases++
	}
	counted(t, cases)
}
