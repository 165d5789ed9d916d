package local

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// A DamagedError says that a file of the store is not as a local AWS left it.
// Nothing was written to it.
type DamagedError struct {
	Path string
	Why  string // "it is cut off"
}

func (e *DamagedError) Error() string { return "the local store " + e.Path + " is damaged: " + e.Why }

// Examine says whether the store at path and its journal can be used, and writes
// nothing. The error is a *DamagedError, or ErrLocked when a server has them open.
// A store that is not there is no error.
func Examine(path string) error {
	if err := examine(path); err != nil {
		return err
	}
	st, err := openReadOnly(path)
	if st == nil || err != nil {
		return err
	}
	epoch, err := readEpoch(st)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	j, err := openJournal(path+"-journal", epoch)
	if err != nil {
		return err
	}
	return j.close()
}

// openReadOnly opens a store to look at it; nil when there is none.
func openReadOnly(path string) (*bbolt.DB, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		// A server that was killed in its first moment leaves this. It has no
		// journal yet: one that is there belongs to a store that was lost.
		if _, err := os.Stat(path + "-journal"); err == nil {
			return nil, &DamagedError{path, "it is empty, and its journal is not"}
		}
		return nil, nil
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, &DamagedError{path, "it was written in another format than this todoctl's"}
	case errors.As(err, new(*fs.PathError)):
		return nil, err
	case err != nil:
		return nil, &DamagedError{path, "its beginning is not that of a store"}
	}
	return db, nil
}

// lockTimeout is how long a server that is just ending may still hold the store.
const lockTimeout = 200 * time.Millisecond

// examine walks through the whole file before bbolt works with it. bbolt trusts
// what it reads: a page that is missing or says something wild ends the program,
// or leads it to write where something else lies. It also looks at each document,
// because no checksum covers them.
//
// The format: https://pkg.go.dev/go.etcd.io/bbolt#hdr-Caveats and the sources
// beside it. All of todoctl's platforms have the low byte first, as bbolt then
// writes.
func examine(path string) error {
	db, err := openReadOnly(path) // its lock keeps the file as it is
	if db == nil || err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	info, err := f.Stat()
	if err == nil {
		x := &examination{file: f, size: uint64(info.Size()), page: uint64(db.Info().PageSize), seen: map[uint64]bool{}}
		if why := x.run(); why != "" {
			err = &DamagedError{path, why}
		}
	}
	return errors.Join(err, f.Close(), db.Close())
}

// An examination is one walk; its methods return what is wrong, or nothing.
type examination struct {
	file io.ReaderAt
	size uint64 // of the file, in bytes
	page uint64 // size of a page, in bytes
	end  uint64 // the first page that does not count
	seen map[uint64]bool
}

const (
	pageHeader  = 16 // id, flags, count, overflow
	pageElement = 16
	branchPage  = 0x01
	leafPage    = 0x02
	metaBytes   = 56 // that its checksum covers
	bucketEntry = 0x01
)

// run looks at the newer of the two roots that are whole, as bbolt does.
func (x *examination) run() string {
	var root, newest uint64
	found := false
	for i := range uint64(2) {
		b := make([]byte, pageHeader+metaBytes+8)
		if _, err := x.file.ReadAt(b, int64(i*x.page)); err != nil {
			continue
		}
		b = b[pageHeader:]
		sum := fnv.New64a()
		_, _ = sum.Write(b[:metaBytes]) // never fails
		if sum.Sum64() != binary.LittleEndian.Uint64(b[metaBytes:]) {
			continue
		}
		if at := binary.LittleEndian.Uint64(b[48:]); !found || at > newest {
			found, newest = true, at
			root, x.end = binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[40:])
		}
	}
	switch {
	case !found:
		return "its beginning is not that of a store"
	case x.end > x.size/x.page:
		return "it is cut off"
	}
	return x.tree(root, nil, nil, func(k, v []byte) string { return "something that is no table lies in its root" })
}

// tree walks the pages below id. Its keys lie from low to before high, where
// those are not nil; each is told for every value that is no bucket.
func (x *examination) tree(id uint64, low, high []byte, each func(k, v []byte) string) string {
	if id < 2 || id >= x.end {
		return fmt.Sprintf("page %d is not in it", id)
	}
	header := make([]byte, pageHeader)
	if _, err := x.file.ReadAt(header, int64(id*x.page)); err != nil {
		return fmt.Sprintf("page %d cannot be read", id)
	}
	more := uint64(binary.LittleEndian.Uint32(header[12:]))
	if binary.LittleEndian.Uint64(header) != id || id+more >= x.end {
		return fmt.Sprintf("page %d is garbage", id)
	}
	for i := range more + 1 {
		if x.seen[id+i] {
			return fmt.Sprintf("page %d is there twice", id+i)
		}
		x.seen[id+i] = true
	}
	data := make([]byte, (more+1)*x.page)
	if _, err := x.file.ReadAt(data, int64(id*x.page)); err != nil {
		return fmt.Sprintf("page %d cannot be read", id)
	}
	return x.content(fmt.Sprintf("page %d is garbage", id), data, low, high, each)
}

// content looks at one page's elements.
func (x *examination) content(garbage string, data, low, high []byte, each func(k, v []byte) string) string {
	kind, count := binary.LittleEndian.Uint16(data[8:]), int(binary.LittleEndian.Uint16(data[10:]))
	if kind != branchPage && kind != leafPage || pageHeader+count*pageElement > len(data) || kind == branchPage && count == 0 {
		return garbage
	}
	part := func(from, length uint64) ([]byte, bool) {
		if from+length > uint64(len(data)) {
			return nil, false
		}
		return data[from : from+length : from+length], true
	}
	type entry struct {
		flags uint32
		k, v  []byte
		page  uint64
	}
	entries := make([]entry, count)
	for i := range entries {
		at := uint64(pageHeader + i*pageElement)
		b := data[at : at+pageElement]
		word := func(n int) uint64 { return uint64(binary.LittleEndian.Uint32(b[4*n:])) }
		e := &entries[i]
		var ok bool
		if kind == branchPage {
			e.page = binary.LittleEndian.Uint64(b[8:])
			e.k, ok = part(at+word(0), word(1))
		} else {
			e.flags = uint32(word(0))
			if e.k, ok = part(at+word(1), word(2)); ok {
				e.v, ok = part(at+word(1)+word(2), word(3))
			}
		}
		if !ok || low != nil && bytes.Compare(e.k, low) < 0 || high != nil && bytes.Compare(e.k, high) >= 0 ||
			i > 0 && bytes.Compare(e.k, entries[i-1].k) <= 0 || e.flags&^bucketEntry != 0 {
			return garbage
		}
	}
	for i, e := range entries {
		why := ""
		switch {
		case kind == branchPage:
			next := high
			if i+1 < count {
				next = entries[i+1].k
			}
			why = x.tree(e.page, e.k, next, each)
		case e.flags == bucketEntry:
			why = x.bucket(garbage, string(e.k), e.v)
		default:
			why = each(e.k, e.v)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

// bucket walks one bucket: its root, or the page within v when it is small.
func (x *examination) bucket(garbage, name string, v []byte) string {
	if len(v) < pageHeader {
		return garbage
	}
	each := func(k, v []byte) string {
		if !readable(name, v) {
			return fmt.Sprintf("%q in %s cannot be read", k, name)
		}
		return ""
	}
	if root := binary.LittleEndian.Uint64(v); root != 0 {
		return x.tree(root, nil, nil, each)
	}
	if len(v) < 2*pageHeader || binary.LittleEndian.Uint16(v[pageHeader+8:]) != leafPage {
		return garbage
	}
	return x.content(garbage, v[pageHeader:], nil, nil, each)
}

// readable says whether a value is of the form that its bucket has.
func readable(bucket string, v []byte) bool {
	switch {
	case strings.HasPrefix(bucket, bucketItems):
		_, err := record(v).item()
		return err == nil
	case bucket == bucketSizes:
		return len(v) == 16
	case bucket == bucketJournal:
		return len(v) == 8
	case strings.Contains(bucket, "."):
		return json.Valid(v)
	}
	return true
}
