// Package unasked keeps a library from asking the terminal for its colours
// before todoctl runs.
//
// bubbletea asks what the background's colour is while it is being initialised,
// whatever the command and the environment (its tea_init.go). On a terminal that
// does not answer, every command waited five seconds; on all of them it lost what
// had been typed ahead, and a screen reader or a recording got the question.
// todoctl uses no colours that depend on the answer.
//
// The library asks only where os.Stdout is a terminal. So this package takes it
// away while others are initialised, and the main package puts it back. It must
// come first for that: packages are initialised in the order of their paths, as
// soon as what they import is (https://go.dev/ref/spec#Program_initialization).
// This one imports os alone, and the library needs "unicode", whose path comes
// after this one's. TestNothingIsAskedOfTheTerminalItself fails when that ends.
package unasked

import "os"

var stdout = os.Stdout

func init() { os.Stdout = nil } // a nil File is no terminal, and every use of it is an error

// Restore puts os.Stdout back.
func Restore() { os.Stdout = stdout }
