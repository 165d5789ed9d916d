package local

import (
	_ "embed" // bootstrap.mjs
	"os"
	"os/exec"
	"path/filepath"
)

// Node is how to start the machine's Node.js. The caller has found and checked
// it.
type Node struct {
	Path    string // the program itself: process.execPath
	Version string // "24.11.0"

	// SDK is the version of the AWS SDK v3 ("3.1169.0"), and Modules the folder
	// node_modules that holds it. Without one both are empty: code that brings
	// its own SDK, or needs none, runs all the same.
	SDK     string
	Modules string
}

//go:embed bootstrap.mjs
var bootstrapNode []byte

// Words say what runs a function, for people.
func (n *Node) Words() string {
	if n.SDK == "" {
		return "node " + n.Version + " without the AWS SDK"
	}
	return "node " + n.Version + " with the AWS SDK " + n.SDK
}

func (n *Node) launcher() *launcher {
	return &launcher{
		words:   n.Words(),
		version: "nodejs:" + n.Version,
		folder:  filepath.Dir(n.Path),
		variables: [][2]string{
			{"LANG", "en_US.UTF-8"}, {"TODOCTL_MODULES", n.Modules},
			{"AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true"}, // Lambda's Node.js is new enough
		},
		prepare: func(dir string) (*exec.Cmd, error) {
			file := filepath.Join(dir, "bootstrap.mjs")
			if err := os.WriteFile(file, bootstrapNode, 0o600); err != nil {
				return nil, err
			}
			return exec.Command(n.Path, file), nil //nolint:gosec // the caller's own Node.js
		},
	}
}
