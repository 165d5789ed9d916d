package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Whatever a test makes todoctl print as JSON is held to docs/json.schema.json:
// by heldToTheSchema where the test runs the real binary, by the rehearsal where
// it runs Main.

// schemaPath is where the schema lies; a process of a test may run anywhere.
var schemaPath = func() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "docs", "json.schema.json")
}()

// describing compiles one of the schema's definitions.
func describing(definition string) (*jsonschema.Schema, error) {
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("json.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("json.schema.json#/$defs/" + definition)
}

var definitions = map[string]func() (*jsonschema.Schema, error){
	"document": sync.OnceValues(func() (*jsonschema.Schema, error) { return describing("document") }),
	"line":     sync.OnceValues(func() (*jsonschema.Schema, error) { return describing("line") }),
}

// describes says why an object is not what the schema's definition describes.
func describes(definition, object string) error {
	s, err := definitions[definition]()
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(object))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// A printedLine is what a test wants to know of a line of --output jsonl.
type printedLine struct{ Type, Step, Stage string }

// printedLines takes an output apart. ended is false when its result is missing,
// as it is after a kill.
func printedLines(out string) (lines []printedLine, ended bool, err error) {
	for text := range strings.Lines(out) {
		var l printedLine
		switch {
		case !strings.HasSuffix(text, "\n"):
			return lines, false, fmt.Errorf("the last line is not whole: %q", text)
		case ended:
			return lines, true, fmt.Errorf("a line follows the result: %s", text)
		case strings.IndexFunc(text, obeyed) >= 0:
			return lines, false, fmt.Errorf("a terminal would obey %q", text)
		}
		if err := errors.Join(describes("line", text), json.Unmarshal([]byte(text), &l)); err != nil {
			return lines, false, fmt.Errorf("%s: %w", text, err)
		}
		lines = append(lines, l)
		ended = l.Type == "result"
	}
	return lines, ended, nil
}

// wholeJSON says what is wrong with the output of a run that came to its end.
func wholeJSON(format, out string, exit int) error {
	last := out
	if format == formatLines {
		_, ended, err := printedLines(out)
		if err == nil && !ended {
			err = errors.New("there is no result")
		}
		if err != nil {
			return err
		}
		last = out[1+strings.LastIndex(strings.TrimSuffix(out, "\n"), "\n"):]
	} else if err := describes("document", out); err != nil {
		return err
	}
	var d document
	if err := json.Unmarshal([]byte(last), &d); err != nil {
		return err
	}
	if d.Exit != exit || d.Error != nil && d.Error.Exit != exit {
		return fmt.Errorf("it says that todoctl ended with %d, and it was %d", d.Exit, exit)
	}
	return nil
}

// exitUnfit ends a test's todoctl whose JSON does not fit.
const exitUnfit = 99

// heldToTheSchema is todoctl that looks at its own JSON and fails when the schema
// does not know it. What could not be printed whole is not looked at.
func heldToTheSchema(run func(context.Context, *App) int) func(context.Context, *App) int {
	return func(ctx context.Context, app *App) int {
		format := typedFormat(app.Args)
		if !isJSON(format) || slices.Contains(app.Args, "--help") || slices.Contains(app.Args, "-h") || slices.Contains(app.Args, "help") {
			return run(ctx, app)
		}
		out := &copying{to: app.Out}
		app.Out = out
		exit := run(ctx, app)
		if out.failed {
			return exit
		}
		if err := wholeJSON(format, out.copied.String(), exit); err != nil {
			fmt.Fprintf(app.Err, "docs/json.schema.json does not describe what was printed: %v\n", err)
			return exitUnfit
		}
		return exit
	}
}

type copying struct {
	to     io.Writer
	copied bytes.Buffer
	failed bool
}

func (c *copying) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.copied.Write(p[:n])
	c.failed = c.failed || err != nil
	return n, err
}
