package main

import "github.com/rogpeppe/go-internal/testscript"

// atTerminal is for lines that begin with [unix]: Windows has no pseudo-terminal
// that a test could open.
func atTerminal(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("there is no terminal here: begin the line with [unix]")
}
