package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A brokenDisk is the machine's, until its k-th deed: then something happens.
type brokenDisk struct {
	machineDisk
	k       int
	fail    error  // the k-th deed's; of a write, half is done
	lasting bool   // every deed after the k-th fails too
	short   bool   // only writes count: the k-th writes half, and says how much
	flip    bool   // only writes count: the k-th writes something else, and says nothing
	before  func() // called in the place of the k-th deed; of a write, half is done
	after   func() // called when the k-th deed is done

	deeds []string
}

// fired says whether the k-th deed was reached.
func (d *brokenDisk) fired() bool { return len(d.deeds) >= d.k }

// do does one deed, or what happens instead.
func (d *brokenDisk) do(deed string, it func() error) error {
	if (d.short || d.flip) && deed != "write" {
		return it()
	}
	d.deeds = append(d.deeds, deed)
	now := len(d.deeds) == d.k || d.lasting && len(d.deeds) > d.k
	if now && d.before != nil {
		d.before()
	}
	if now && d.fail != nil {
		return d.fail
	}
	err := it()
	if now && d.after != nil {
		d.after()
	}
	return err
}

func (d *brokenDisk) Create(folder, pattern string) (file DiskFile, err error) {
	err = d.do("create", func() error {
		file, err = d.machineDisk.Create(folder, pattern)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(folder, pattern), Err: err}
	}
	return &brokenFile{DiskFile: file, disk: d}, nil
}

func (d *brokenDisk) Name(file, name string) error {
	return d.do("name", func() error { return d.machineDisk.Name(file, name) })
}

func (d *brokenDisk) Remove(file string) error {
	return d.do("remove", func() error { return d.machineDisk.Remove(file) })
}

func (d *brokenDisk) SyncFolder(folder string) error {
	return d.do("sync the folder", func() error { return d.machineDisk.SyncFolder(folder) })
}

type brokenFile struct {
	DiskFile
	disk   *brokenDisk
	closed bool
}

func (f *brokenFile) Write(p []byte) (n int, err error) {
	d := f.disk
	if len(d.deeds)+1 == d.k {
		switch {
		case d.short:
			d.deeds = append(d.deeds, "write")
			return f.DiskFile.Write(p[:len(p)/2])
		case d.flip:
			p = append([]byte{}, p...)
			p[len(p)/2] ^= 1
		case d.fail != nil || d.before != nil:
			n, _ = f.DiskFile.Write(p[:len(p)/2]) // what fits
		}
	}
	err = d.do("write", func() error { n, err = f.DiskFile.Write(p); return err })
	return n, err
}

func (f *brokenFile) Sync() error { return f.disk.do("sync", f.DiskFile.Sync) }

func (f *brokenFile) Close() error {
	if f.closed { // a second time is no deed
		return fs.ErrClosed
	}
	f.closed = true
	return errors.Join(f.disk.do("close", func() error { return nil }), f.DiskFile.Close())
}

// A fullDisk takes no byte: the operating system itself says so.
type fullDisk struct{ machineDisk }

func (fullDisk) Create(folder, pattern string) (DiskFile, error) {
	file, err := machineDisk{}.Create(folder, pattern)
	if err != nil {
		return nil, err
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &fullFile{DiskFile: file, full: full}, nil
}

type fullFile struct {
	DiskFile
	full *os.File
}

func (f *fullFile) Write(p []byte) (int, error) { return f.full.Write(p) }
func (f *fullFile) Close() error                { return errors.Join(f.full.Close(), f.DiskFile.Close()) }
