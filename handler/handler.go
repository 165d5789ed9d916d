// Package handler is what runs in Lambda: the same to-do function in Python, in
// JavaScript and in Go, and its deployment packages.
package handler

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"fmt"
	"io/fs"
	"slices"
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

// Default returns the package of todoctl's own function for a runtime. It is the
// same, byte for byte, on every machine and for every stack.
func Default(runtime string) (Package, error) {
	language := LanguageOf(runtime)
	return FromDir(Files(language), "todoctl's own handler", language)
}

// FromDir packs a folder. source says in words where it comes from; without a
// language the folder's files say which it is. The same files give the same bytes
// on every platform: sorted names, one time, one mode.
func FromDir(fsys fs.FS, source, language string) (Package, error) {
	if language == "" {
		if language = find(fsys); language == "" {
			language = Python // whose error names the file that the book has
		}
	}
	names, err := list(fsys, language)
	if err == nil {
		err = check(fsys, language)
	}
	if err != nil {
		return Package{}, err
	}
	p := Package{Handler: entries[language], Source: source, Language: language}
	if language == Go && isFile(fsys, "go.mod") {
		p.Digest, err = digest(fsys, names)
		return p, err
	}
	zipped, err := packFolder(fsys, names, language)
	if err != nil {
		return Package{}, fmt.Errorf("%s %w", source, err)
	}
	if language == Go {
		text, err := fs.ReadFile(fsys, program)
		if err != nil {
			return Package{}, fmt.Errorf("read %s: %w", program, err)
		}
		p.Architecture = architecture(text)
	}
	return p.of(zipped), nil
}

// Program returns the package of a Go program that has been built.
func (p Package) Program(built []byte) (Package, error) {
	zipped, err := packProgram(built)
	if err != nil {
		return Package{}, fmt.Errorf("%s %w", p.Source, err)
	}
	p.Architecture = architecture(built)
	return p.of(zipped), nil
}

// of fills in the zip.
func (p Package) of(zipped []byte) Package {
	sum := sha256.Sum256(zipped)
	p.Zip, p.SHA256 = zipped, base64.StdEncoding.EncodeToString(sum[:])
	return p
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
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		linked := d.Type()&fs.ModeSymlink != 0 // to a file or a folder; both may be junk
		switch {
		case name == ".":
			return nil
		case d.IsDir() && junk(d.Name(), true, language):
			return fs.SkipDir
		case d.IsDir(), junk(d.Name(), false, language), linked && junk(d.Name(), true, language):
			return nil
		}
		info, err := fs.Stat(fsys, name)
		switch {
		case err != nil && linked:
			return fmt.Errorf("%s is a link that leads out of the folder, or to nothing: put the file itself in its place", name)
		case err != nil:
			return fmt.Errorf("read %s: %w", name, err)
		case linked && info.IsDir():
			return fmt.Errorf("%s is a link to a folder, which is not followed: put the folder itself in its place", name)
		case info.Mode().IsRegular(): // or a link to one, which is packed as the file
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}
