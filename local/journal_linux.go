package local

import (
	"errors"
	"os"
	"syscall"
)

// syncData waits until the file's content is on disk; its times need not be.
func syncData(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}

// syncFolder waits until the names in a folder are on disk.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
