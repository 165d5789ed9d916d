//go:build !linux

package local

import "os"

// syncData waits until the file's content is on disk.
func syncData(f *os.File) error { return f.Sync() }

// syncFolder does nothing: not every system can sync a folder.
func syncFolder(string) error { return nil }
