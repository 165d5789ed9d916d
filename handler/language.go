package handler

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing/fstest"
)

// The languages that a function can be written in.
const (
	Python = "python"
	Node   = "nodejs"
	Go     = "go"
)

// LanguageOf is the language of a runtime: Python of "python3.12". Programs for
// provided.al2023 are Go as far as todoctl goes. Of another runtime it is "".
func LanguageOf(runtime string) string {
	switch {
	case strings.HasPrefix(runtime, "python"):
		return Python
	case strings.HasPrefix(runtime, "nodejs"):
		return Node
	case runtime == "go", strings.HasPrefix(runtime, "provided"):
		return Go
	}
	return ""
}

// Lambda finds the code by these names. They are what its console uses, or, of a
// program, what its runtime starts.
var entries = map[string]string{
	Python: "lambda_function.lambda_handler",
	Node:   "index.handler",
	Go:     program,
}

// program is the file that provided.al2023 starts.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
const program = "bootstrap"

//go:embed python/lambda_function.py node/index.mjs golang twin/*.go
var embedded embed.FS

// Files returns the files of todoctl's own function in a language, to be written
// out and changed.
func Files(language string) fs.FS {
	switch language {
	case Node:
		return sub("node")
	case Go:
		return goProgram()
	}
	return sub("python")
}

func sub(folder string) fs.FS {
	files, err := fs.Sub(embedded, folder)
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// goProgram is the twin as a program of its own: a module of another name, and
// without the tests, which need the rest of todoctl.
func goProgram() fs.FS {
	files := fstest.MapFS{}
	err := fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		to, inside := strings.CutPrefix(name, "golang/")
		if !inside && !strings.HasPrefix(name, "twin/") {
			return nil
		}
		text, err := fs.ReadFile(embedded, name)
		files[strings.TrimSuffix(to, ".txt")] = &fstest.MapFile{Data: bytes.ReplaceAll(text, []byte("todoctl/handler/twin"), []byte("todo/twin"))}
		return err
	})
	if err != nil {
		panic(err) // they are embedded
	}
	return files
}

// Print returns the source of todoctl's own function; of several files, one after
// the other, each under its name.
func Print(language string) []byte {
	files := Files(language)
	names, err := list(files, language)
	if err != nil {
		panic(err) // they are embedded
	}
	var all bytes.Buffer
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // it is embedded
		}
		if len(names) > 1 {
			if i > 0 {
				all.WriteByte('\n')
			}
			fmt.Fprintf(&all, "// ---- %s\n\n", name)
		}
		all.Write(text)
	}
	return all.Bytes()
}

// nodeFiles are the files where Lambda looks for the handler index.handler, in
// its order.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
var nodeFiles = []string{"index.js", "index.mjs", "index.cjs"}

// find says in which language a folder's code is; "" when there is none that
// todoctl knows.
func find(fsys fs.FS) string {
	for _, known := range []struct {
		language string
		files    []string
	}{{Python, []string{"lambda_function.py"}}, {Node, nodeFiles}, {Go, []string{"go.mod", program}}} {
		for _, name := range known.files {
			if isFile(fsys, name) {
				return known.language
			}
		}
	}
	return ""
}

func isFile(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

var (
	pythonFunction = regexp.MustCompile(`(?m)^def[ \t]+lambda_handler[ \t]*\(|^lambda_handler[ \t]*(:[^=\n]+)?=|^from[ \t].*\bimport\b(.*\blambda_handler\b|[ \t]*\([^)]*\blambda_handler\b|[ \t]*\*)`)
	nodeFunction   = regexp.MustCompile(`(?m)^[ \t]*export[ \t]+(const|let|var|(async[ \t]+)?function)[ \t]+handler\b|\bexport[ \t]*\{[^}]*\bhandler\b[^}]*\}|\bexports(\.handler|\[['"]handler['"]\])[ \t]*=|\bmodule\.exports[ \t]*=[ \t]*\{[^}]*\bhandler\b`)
	goMain         = regexp.MustCompile(`(?m)^package[ \t]+main\b`)
)

// check refuses what Lambda would only refuse at the first request, with a 502.
func check(fsys fs.FS, language string) error {
	entry := entries[language]
	switch language {
	case Node:
		for _, name := range nodeFiles {
			if isFile(fsys, name) {
				return has(fsys, name, nodeFunction, "export const handler = async (event) => ...", entry)
			}
		}
		return &MissingError{File: "index.mjs", Entry: entry}
	case Go:
		return checkGo(fsys)
	}
	return has(fsys, "lambda_function.py", pythonFunction, "def lambda_handler(event, context):", entry)
}

// A MissingError says of a folder that Lambda would not find the module of the
// handler in it.
type MissingError struct {
	File  string // that Lambda looks for
	Entry string // the handler, as the function's setting names it
	Below string // the folder in the folder that has the file; "" when none has
}

func (e *MissingError) Error() string {
	there := ""
	if e.Below != "" {
		there = fmt.Sprintf(" (there is a %s/%s)", e.Below, e.File)
	}
	return fmt.Sprintf("the folder has no %s%s: Lambda would not find the module of the handler %s", e.File, there, e.Entry)
}

// has says whether a file is there and has a function.
func has(fsys fs.FS, file string, function *regexp.Regexp, example, entry string) error {
	text, err := fs.ReadFile(fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing := &MissingError{File: file, Entry: entry}
		if below, err := fs.Glob(fsys, "*/"+file); err == nil && len(below) > 0 {
			missing.Below = path.Dir(below[0])
		}
		return missing
	case err != nil:
		return fmt.Errorf("read %s: %w", file, err)
	case !function.Match(text):
		return fmt.Errorf("%s has no line %q: Lambda would not find the function of the handler %s", file, example, entry)
	}
	return nil
}

// checkGo wants a module with a program, or a program that is built already.
func checkGo(fsys fs.FS) error {
	if isFile(fsys, program) && !isFile(fsys, "go.mod") {
		return nil
	}
	if !isFile(fsys, "go.mod") {
		return fmt.Errorf("the folder has neither a go.mod nor a program %s: Lambda would not find what provided.al2023 starts", program)
	}
	files, err := fs.Glob(fsys, "*.go")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if !strings.HasSuffix(name, "_test.go") && goMain.Match(text) {
			return nil
		}
	}
	return errors.New("no file at the top of the folder says \"package main\": there is no program to build for Lambda")
}

// junk are names that no function needs: caches, version control, virtual
// environments, what editors and desktops leave behind. Node's modules are part
// of the code in its language alone.
func junk(name string, dir bool, language string) bool {
	if dir {
		switch name {
		case "__pycache__", ".git", ".hg", ".svn", ".idea", ".vscode", ".venv", "venv", ".tox",
			".mypy_cache", ".pytest_cache", ".ruff_cache", ".aws-sam":
			return true
		case "node_modules":
			return language != Node
		}
		return false
	}
	switch name {
	case ".DS_Store", "Thumbs.db", "desktop.ini", ".gitignore", ".gitattributes", ".env":
		return true
	}
	switch path.Ext(name) {
	case ".pyc", ".pyo", ".swp", ".swo":
		return true
	}
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, ".#") || strings.HasPrefix(name, "._")
}
