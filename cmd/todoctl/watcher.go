package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// A watcher tells when something in a folder was changed. Folders are watched and
// not files: editors write a new file and rename it over the old one, and what
// watched the old one would hear nothing any more.
type watcher struct {
	// Changes gets a value after a change; those that come before it is read are
	// told together.
	Changes <-chan struct{}
	Stop    func()
	folders func() []string // that are watched
}

// watchFolder watches a folder with all that is in it.
func watchFolder(dir string) (watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return watcher{}, err
	}
	folder, err := filepath.EvalSymlinks(dir) // a link is no folder to WalkDir
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err == nil {
		err = watchBelow(w, folder)
	}
	// Its own folder tells when another one takes its place: what watches the old one
	// hears nothing of that.
	parent := filepath.Dir(folder)
	if err == nil && parent != folder {
		_ = w.Add(parent) // where that may not be read, less is told
	}
	if err != nil {
		return watcher{}, errors.Join(err, w.Close())
	}
	changes, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case e, more := <-w.Events:
				if !more {
					return
				}
				if e.Op == fsnotify.Chmod { // virus scanners and indexers do so
					continue
				}
				if filepath.Dir(e.Name) == parent && e.Name != folder { // a neighbour
					continue
				}
				if e.Has(fsnotify.Create) && (e.Name == folder || !unwatched(filepath.Base(e.Name))) {
					_ = watchBelow(w, e.Name) // a file, or gone again: nothing to watch
				}
			case _, more := <-w.Errors: // events were lost, so there were some
				if !more {
					return
				}
			}
			select {
			case changes <- struct{}{}:
			default: // one is waiting
			}
		}
	}()
	return watcher{changes, sync.OnceFunc(func() {
		_ = w.Close()
		<-done
	}), w.WatchList}, nil
}

// unwatched are folders that hold no code of a person's own: they would only use up
// what the system has of watches.
func unwatched(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__pycache__" || name == "node_modules" || name == "venv"
}

// watchBelow adds a folder and those in it that are worth watching.
func watchBelow(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil: // gone meanwhile
			return nil
		case !d.IsDir():
			return nil
		case path != dir && unwatched(filepath.Base(path)):
			return fs.SkipDir
		}
		return w.Add(path)
	})
}
