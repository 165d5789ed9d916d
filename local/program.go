package local

import (
	"os/exec"
	"path/filepath"
)

// newProgram starts the program of an OS-only runtime: the file bootstrap of the
// deployment package, which speaks the Runtime API by itself.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
func newProgram() *launcher {
	return &launcher{
		words:     "its own program",
		version:   "provided:al2023",
		folder:    "/var/lang/bin",
		variables: [][2]string{{"LANG", "en_US.UTF-8"}},
		program:   true,
		prepare: func(dir string) (*exec.Cmd, error) {
			file, err := programFile(filepath.Join(dir, "task"))
			if err != nil {
				return nil, err
			}
			return exec.Command(file), nil //nolint:gosec // the function's own program
		},
	}
}
