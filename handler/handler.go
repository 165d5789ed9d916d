// Package handler is what runs in Lambda: the same to-do function in Python, in
// JavaScript and in Go, and its deployment packages.
package handler

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// A Package is a deployment package for Lambda.
type Package struct {
	Zip      []byte // nil for a Go program, until it is built
	SHA256   string // of Zip in base64, as Lambda's CodeSha256
	Handler  string // "lambda_function.lambda_handler"
	Source   string // where the code comes from, in words
	Language string

	// Digest stands for the files of a program that is still to be built. What a
	// compiler makes of them depends on its version, so the zip's hash cannot say
	// whether they have changed.
	Digest string

	Architecture string // of a program that is built: "arm64" or "x86_64"
}

// maxZip is what Lambda takes in one call.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxZip = 50 << 20

// Default returns the package of todoctl's own function for a runtime. It is the
// same, byte for byte, on every machine and for every stack.
func Default(runtime string) (Package, error) {
	language := LanguageOf(runtime)
	return FromDir(Files(language), "todoctl's own handler", language)
}

// FromDir packs a folder. source says in words where it comes from; without a
// language the folder's files say which it is. The same files give the same bytes
// on every platform: sorted names, one time, one mode, and no compression, because
// what deflate writes may change with Go's version and the zip's hash decides
// whether code is uploaded again.
func FromDir(fsys fs.FS, source, language string) (Package, error) {
	if language == "" {
		if language = find(fsys); language == "" {
			language = Python // whose error names the file that the book has
		}
	}
	if err := check(fsys, language); err != nil {
		return Package{}, err
	}
	names, err := list(fsys, language)
	if err != nil {
		return Package{}, err
	}
	p := Package{Handler: entries[language], Source: source, Language: language}
	if language == Go && isFile(fsys, "go.mod") {
		p.Digest, err = digest(fsys, names)
		return p, err
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		if err := add(w, fsys, name, mode(language, name)); err != nil {
			return Package{}, err
		}
		if b.Len() > maxZip {
			return Package{}, fmt.Errorf("%s %w; %s", source, ErrTooLarge, largest(fsys, names))
		}
	}
	if err := w.Close(); err != nil {
		return Package{}, fmt.Errorf("pack %s: %w", source, err)
	}
	if language == Go {
		text, err := fs.ReadFile(fsys, program)
		if err != nil {
			return Package{}, fmt.Errorf("read %s: %w", program, err)
		}
		p.Architecture = architecture(text)
	}
	return p.of(b.Bytes())
}

// Program returns the package of a Go program that has been built.
func (p Package) Program(built []byte) (Package, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := write(w, program, 0o755, bytes.NewReader(built)); err != nil {
		return Package{}, err
	}
	if err := w.Close(); err != nil {
		return Package{}, fmt.Errorf("pack %s: %w", p.Source, err)
	}
	p.Architecture = architecture(built)
	return p.of(b.Bytes())
}

// of fills in a zip, if Lambda takes it.
func (p Package) of(packed []byte) (Package, error) {
	if len(packed) > maxZip {
		return Package{}, fmt.Errorf("%s %w", p.Source, ErrTooLarge)
	}
	sum := sha256.Sum256(packed)
	p.Zip, p.SHA256 = packed, base64.StdEncoding.EncodeToString(sum[:])
	return p, nil
}

// ErrTooLarge says that a folder is more than Lambda takes in one upload.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var ErrTooLarge = errors.New("is larger than the 50 MB that Lambda takes (uncompressed): leave out what the function does not need")

// largest names the files of a folder that take most of its room.
func largest(fsys fs.FS, names []string) string {
	type file struct {
		name string
		size int64
	}
	var files []file
	for _, name := range names {
		if info, err := fs.Stat(fsys, name); err == nil {
			files = append(files, file{name, info.Size()})
		}
	}
	slices.SortStableFunc(files, func(a, b file) int { return cmp.Compare(b.size, a.size) })
	var most []string
	for _, f := range files[:min(3, len(files))] {
		most = append(most, fmt.Sprintf("%s (%.1f MB)", f.name, float64(f.size)/(1<<20)))
	}
	return "its largest files are " + strings.Join(most, ", ")
}

// architecture is what a program is for, in Lambda's words. One that is no ELF
// file is a script, or for another system altogether.
func architecture(text []byte) string {
	if f, err := elf.NewFile(bytes.NewReader(text)); err == nil && f.Machine == elf.EM_X86_64 {
		return "x86_64"
	}
	return "arm64"
}

// digest is the same for files of the same names and bytes.
func digest(fsys fs.FS, names []string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		fmt.Fprintf(h, "%q %d\n", name, len(text))
		h.Write(text)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// list returns the names of the files to pack, sorted.
func list(fsys fs.FS, language string) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		case name == ".":
			return nil
		case junk(d.Name(), d.IsDir(), language) && d.IsDir():
			return fs.SkipDir
		case junk(d.Name(), d.IsDir(), language), d.IsDir():
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

// mode is what Lambda's user may do with a file; whose umask it was does not
// matter.
func mode(language, name string) fs.FileMode {
	if language == Go && name == program {
		return 0o755
	}
	return 0o644
}

// packed is the time of every file: the earliest that a zip can state.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func add(w *zip.Writer, fsys fs.FS, name string, mode fs.FileMode) error {
	src, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = src.Close() }() // it was only read
	return write(w, name, mode, src)
}

func write(w *zip.Writer, name string, mode fs.FileMode, src io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: packed}
	h.SetMode(mode)
	dst, err := w.CreateHeader(h)
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if _, err := io.Copy(dst, io.LimitReader(src, maxZip+1)); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}
