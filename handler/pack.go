package handler

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// What Lambda takes in one call, and what it makes room for.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	maxZip      = 50 << 20  // bytes of a zip
	MaxUnpacked = 250 << 20 // bytes of the files in it
)

// ErrTooLarge says that a folder is more than Lambda takes.
var ErrTooLarge = errors.New("is larger than Lambda takes")

// packFolder packs files. Nothing is compressed that fits without: what deflate
// writes may change with Go's version, and the zip's hash decides whether code is
// uploaded again.
func packFolder(fsys fs.FS, names []string, language string) (zipped []byte, err error) {
	unpacked := int64(0)
	for _, name := range names {
		info, err := fs.Stat(fsys, name)
		if err != nil {
			return nil, unpackable(err)
		}
		unpacked += info.Size()
	}
	if unpacked > MaxUnpacked {
		return nil, fmt.Errorf("%w: %.1f MB of files, where 250 are the most; %s", ErrTooLarge, megabytes(unpacked), largest(fsys, names))
	}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		if method == zip.Store && unpacked > maxZip {
			continue
		}
		if zipped, err = pack(fsys, names, language, method); err != nil || len(zipped) <= maxZip {
			return zipped, err
		}
	}
	return nil, fmt.Errorf("%w: %.1f MB packed, where 50 are the most; %s", ErrTooLarge, megabytes(int64(len(zipped))), largest(fsys, names))
}

func pack(fsys fs.FS, names []string, language string, method uint16) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		src, err := fsys.Open(name)
		if err != nil {
			return nil, unpackable(err)
		}
		err = write(w, name, mode(language, name), method, src)
		_ = src.Close() // it was only read
		if err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, unpackable(err)
	}
	return b.Bytes(), nil
}

// packProgram packs a Go program that has been built. It is compressed: what
// decides whether it is uploaded again is not its zip's hash.
func packProgram(built []byte) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if err := write(w, program, 0o755, zip.Deflate, bytes.NewReader(built)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, unpackable(err)
	}
	if b.Len() > maxZip {
		return nil, fmt.Errorf("%w: %.1f MB, where 50 are the most", ErrTooLarge, megabytes(int64(b.Len())))
	}
	return b.Bytes(), nil
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

func write(w *zip.Writer, name string, mode fs.FileMode, method uint16, src io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: method, Modified: packed}
	h.SetMode(mode)
	dst, err := w.CreateHeader(h)
	if err == nil {
		_, err = io.Copy(dst, io.LimitReader(src, MaxUnpacked+1))
	}
	if err != nil {
		return unpackable(err)
	}
	return nil
}

func unpackable(err error) error { return fmt.Errorf("cannot be packed: %w", err) }

func megabytes(size int64) float64 { return float64(size) / (1 << 20) }

// largest names the files that take most of the room.
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
		most = append(most, fmt.Sprintf("%s (%.1f MB)", f.name, megabytes(f.size)))
	}
	return "its largest files are " + strings.Join(most, ", ")
}
