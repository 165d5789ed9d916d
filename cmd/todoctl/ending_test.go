package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/tools/txtar"

	"todoctl/local"
)

// endings are the ways in which a command can end, and the exit codes of each. A
// transcript says after a command which one it has shown: `ending foreign`.
var endings = map[string][]int{
	"done":        {exitDone},
	"already":     {exitDone, exitFailed},       // nothing was left to do; what would overwrite refuses
	"drift":       {exitDiffers, exitDone},      // named, or repaired
	"foreign":     {exitForeign},                // somebody else's
	"declined":    {exitInterrupted, exitUsage}, // a person's no; a wrong name typed
	"interrupted": {exitInterrupted},            // Ctrl-C
	"no-terminal": {exitUsage},                  // nobody to ask
}

// endedFile names a file in the environment, in which a script's todoctl notes
// how it has ended: a script itself knows only of success and failure.
const endedFile = "TODOCTL_TEST_ENDED"

// noted is todoctl that does so.
func noted(run func(context.Context, *App) int) func(context.Context, *App) int {
	return func(ctx context.Context, app *App) int {
		file := os.Getenv(endedFile)
		if file == "" || slices.Contains(app.Args, "--background") { // the local AWS itself outlives the command
			return run(ctx, app)
		}
		_ = os.Remove(file) // who leaves at once notes nothing
		exit := run(ctx, app)
		if err := os.WriteFile(file, fmt.Appendln(nil, exit), 0o600); err != nil {
			fmt.Fprintln(app.Err, err)
			return exitUnfit
		}
		return exit
	}
}

// atEnding holds the exit code of the command before to what the script says that
// its ending is.
func atEnding(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || endings[args[0]] == nil {
		ts.Fatalf("usage: ending %s", strings.Join(slices.Sorted(maps.Keys(endings)), "|"))
	}
	noted := ts.MkAbs(ts.Getenv(endedFile))
	var exit int
	_, err := fmt.Sscan(ts.ReadFile(noted), &exit)
	ts.Check(err)
	ts.Check(os.Remove(noted)) // each is of a command of its own
	if !slices.Contains(endings[args[0]], exit) {
		ts.Fatalf("it ended with exit code %d, and %q is %v", exit, args[0], endings[args[0]])
	}
}

// rerun are the commands that a person runs again and that then find their work
// done, beside those that ask.
var rerun = []string{"handler eject", "local start", "local stop", "local serve", "man"}

// TestEveryCommandHasATranscriptOfEachEnding says which are missing. What a
// command can end with follows from its exit codes in the manual, and from
// whether it asks.
func TestEveryCommandHasATranscriptOfEachEnding(t *testing.T) {
	shown := shownEndings(t)
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		for _, cmd := range allCommands(newRoot(&globals{})) {
			path := pathOf(cmd)
			if path == "" { // prints the help, and has its parts' exit codes
				continue
			}
			want := []string{"done"}
			for ending, code := range map[string]int{"drift": exitDiffers, "foreign": exitForeign, "interrupted": exitInterrupted} {
				if slices.Contains(manual[path].exits, code) {
					want = append(want, ending)
				}
			}
			asks := !manual[path].alone && r.asks(path, strings.Contains(cmd.Use, " "))
			if asks {
				want = append(want, "already", "declined", "no-terminal")
			}
			if slices.Contains(rerun, path) {
				want = append(want, "already")
			}
			for _, ending := range want {
				if shown[path][ending] == nil {
					r.Errorf("no transcript shows the ending %q of `todoctl %s`", ending, path)
				}
			}
			for _, ending := range slices.Sorted(maps.Keys(shown[path])) {
				t.Logf("%-15s %-12s %s", path, ending, strings.Join(shown[path][ending], " "))
			}
		}
	})
}

// asks says whether a command demands consent.
func (r *rehearsal) asks(path string, takesOne bool) bool {
	if takesOne {
		path += " one.jsonl"
	}
	end := r.run(path)
	return end.exit == exitUsage && strings.Contains(end.err, "this needs your consent")
}

var scriptLine = regexp.MustCompile(`^(?:\[\S+\] )?(?:! )?(?:exec|terminal \S+) todoctl ?(.*)`)

// shownEndings are the archives by the command and the ending that they show.
func shownEndings(t *testing.T) map[string]map[string][]string {
	t.Helper()
	var paths []string
	for _, cmd := range allCommands(newRoot(&globals{})) {
		paths = append(paths, pathOf(cmd))
	}
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) }) // the longest that fits
	archives, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]map[string][]string{}
	for _, archive := range archives {
		a, err := txtar.ParseFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(a.Comment), "# ") {
			t.Errorf("%s does not begin with what it shows", archive)
		}
		typed := ""
		for line := range strings.Lines(string(a.Comment)) {
			if m := scriptLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				typed = m[1] + " "
			}
			fields := strings.Fields(line)
			i := slices.Index(fields, "ending")
			if i < 0 || fields[0] == "#" || i+1 == len(fields) {
				continue
			}
			path := paths[slices.IndexFunc(paths, func(p string) bool { return p == "" || strings.HasPrefix(typed, p+" ") })]
			if shown[path] == nil {
				shown[path] = map[string][]string{}
			}
			ending, name := fields[i+1], filepath.Base(archive)
			if !slices.Contains(shown[path][ending], name) {
				shown[path][ending] = append(shown[path][ending], name)
			}
		}
	}
	return shown
}
