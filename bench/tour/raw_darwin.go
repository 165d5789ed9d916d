package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// raw says whether the program in the terminal takes single keys: a question is
// open then. Between questions the system collects whole lines.
func raw(terminal *os.File) bool {
	t, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TIOCGETA)
	return err == nil && t.Lflag&unix.ICANON == 0
}
