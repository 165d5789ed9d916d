// Package handler is what runs in Lambda: the embedded Python function and its
// deployment package. Package twin below it is the same function in Go.
package handler

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Package is a deployment package for Lambda.
type Package struct {
	Zip     []byte
	SHA256  string // base64, as Lambda's CodeSha256
	Handler string // "lambda_function.lambda_handler"
	Source  string // where the code comes from, in words
}

// Lambda finds the code by these names. They are what its console uses.
const (
	file     = "lambda_function.py"
	function = "lambda_handler"
	entry    = "lambda_function.lambda_handler"
)

// maxZip is what Lambda takes in one call.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxZip = 50 << 20

//go:embed python/lambda_function.py
var embedded embed.FS

// Files returns the embedded function's files, to be written out and changed.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "python")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// Print returns the embedded function's source.
func Print() []byte {
	text, err := fs.ReadFile(embedded, "python/"+file)
	if err != nil {
		panic(err) // it is embedded
	}
	return text
}

// Default returns the package of the embedded function. It is the same, byte
// for byte, on every machine and for every stack.
func Default() (Package, error) { return FromDir(Files(), "todoctl's own handler") }

// FromDir packs a folder. source says in words where it comes from. The same
// files give the same bytes on every platform: sorted names, one time, one mode,
// and no compression, because what deflate writes may change with Go's version
// and the zip's hash decides whether code is uploaded again.
func FromDir(fsys fs.FS, source string) (Package, error) {
	if err := check(fsys); err != nil {
		return Package{}, err
	}
	names, err := list(fsys)
	if err != nil {
		return Package{}, err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		if err := add(w, fsys, name); err != nil {
			return Package{}, err
		}
		if b.Len() > maxZip {
			return Package{}, fmt.Errorf("%s %w", source, ErrTooLarge)
		}
	}
	if err := w.Close(); err != nil {
		return Package{}, fmt.Errorf("pack %s: %w", source, err)
	}
	if b.Len() > maxZip {
		return Package{}, fmt.Errorf("%s %w", source, ErrTooLarge)
	}
	sum := sha256.Sum256(b.Bytes())
	return Package{
		Zip:     b.Bytes(),
		SHA256:  base64.StdEncoding.EncodeToString(sum[:]),
		Handler: entry,
		Source:  source,
	}, nil
}

// ErrTooLarge says that a folder is more than Lambda takes in one upload.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var ErrTooLarge = errors.New("is larger than the 50 MB that Lambda takes (uncompressed): leave out what the function does not need")

var definition = regexp.MustCompile(`(?m)^(async[ \t]+)?def[ \t]+` + function + `[ \t]*\(|^` + function + `[ \t]*=|^from[ \t].*\bimport\b.*\b` + function + `\b`)

// check refuses what Lambda would only refuse at the first request, with a 502.
func check(fsys fs.FS) error {
	text, err := fs.ReadFile(fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder has no %s: Lambda would not find the module of the handler %s", file, entry)
	case err != nil:
		return fmt.Errorf("read %s: %w", file, err)
	case !definition.Match(text):
		return fmt.Errorf("%s has no line \"def %s(event, context):\": Lambda would not find the function of the handler %s", file, function, entry)
	}
	return nil
}

// list returns the names of the files to pack, sorted.
func list(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		case name == ".":
			return nil
		case junk(d.Name(), d.IsDir()) && d.IsDir():
			return fs.SkipDir
		case junk(d.Name(), d.IsDir()), d.IsDir():
			return nil
		}
		// A link is packed as what it points to, when that is a file.
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if info.Mode().IsRegular() {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// junk are names that no function needs: caches, version control, virtual
// environments, what editors and desktops leave behind.
func junk(name string, dir bool) bool {
	if dir {
		switch name {
		case "__pycache__", ".git", ".hg", ".svn", ".idea", ".vscode", ".venv", "venv", ".tox",
			".mypy_cache", ".pytest_cache", ".ruff_cache", ".aws-sam", "node_modules":
			return true
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

// packed is the time of every file: the earliest that a zip can state.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func add(w *zip.Writer, fsys fs.FS, name string) error {
	src, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = src.Close() }() // it was only read
	h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: packed}
	h.SetMode(0o644) // Lambda's user must be able to read it; whose umask it was does not matter
	dst, err := w.CreateHeader(h)
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if _, err := io.Copy(dst, io.LimitReader(src, maxZip+1)); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}
