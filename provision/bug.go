package provision

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// A BugError says that todoctl itself is wrong: something panicked. It holds the
// place and no values, because those may be anybody's secrets.
type BugError struct{ Place string } // "provision.(*table).Apply (table.go:88)"

func (e *BugError) Error() string { return "todoctl has a bug, in " + e.Place }

// Caught makes a BugError of what recover returned, or nil of nil. It is called
// in the deferred function itself, where the stack still shows the place:
//
//	defer func() {
//		if bug := provision.Caught(recover()); bug != nil { ... }
//	}()
func Caught(recovered any) error {
	if recovered == nil {
		return nil
	}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for panicking, more := false, true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		inRuntime := strings.HasPrefix(f.Function, "runtime.")
		if panicking && !inRuntime {
			return &BugError{Place: fmt.Sprintf("%s (%s:%d)", path.Base(f.Function), path.Base(f.File), f.Line)}
		}
		panicking = panicking || f.Function == "runtime.gopanic"
	}
	return &BugError{Place: "an unknown place"}
}

// Safely calls f, and makes a panic in it its error: in a goroutine of its own a
// panic would end the process, with its values on the screen.
func Safely(f func() error) (err error) {
	defer func() {
		if bug := Caught(recover()); bug != nil {
			err = bug
		}
	}()
	return f()
}
