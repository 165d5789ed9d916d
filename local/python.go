package local

import (
	_ "embed" // bootstrap.py
	"os"
	"os/exec"
	"path/filepath"
)

// Python is how to start the machine's Python. The caller has found and checked
// it.
type Python struct {
	Path    string // the interpreter itself, not a shim: sys.executable
	Version string // "3.12.1"
	Boto3   string // boto3's version, "1.43.0"

	// Site is the folder that holds boto3. It goes at the end of the module
	// path, because the function has no HOME where `pip install --user` put it.
	// Empty means that the interpreter finds boto3 by itself.
	Site string
}

//go:embed bootstrap.py
var bootstrapPython []byte

// Words say what runs a function, for people.
func (p *Python) Words() string { return "python3 " + p.Version + " with boto3 " + p.Boto3 }

func (p *Python) launcher() *launcher {
	return &launcher{
		words:   p.Words(),
		version: "python:" + p.Version,
		folder:  filepath.Dir(p.Path),
		variables: [][2]string{
			{"LANG", "en_US.UTF-8"}, {"PYTHONUTF8", "1"}, {"TODOCTL_SITE", p.Site},
		},
		prepare: func(dir string) (*exec.Cmd, error) {
			file := filepath.Join(dir, "bootstrap.py")
			if err := os.WriteFile(file, bootstrapPython, 0o600); err != nil {
				return nil, err
			}
			return exec.Command(p.Path, "-u", "-B", file), nil //nolint:gosec // the caller's own Python
		},
	}
}
