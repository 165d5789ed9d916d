package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"todoctl/provision"
)

// How a backup comes to its name:
//
//   - It is written beside it, under a name that ends in ".partial". No file of
//     the final name is ever less than a whole backup, whatever happens.
//   - It gets its name when it is on the disk, has been read back, and the table,
//     read again, holds exactly its items.
//   - A name that is taken is refused, except by a backup that holds exactly what
//     the table does: an interrupted `down` can be run again as it was typed.
//   - What an interrupted run left is named, and never deleted: it could be of a
//     run that is still at work.

const partialEnd = ".partial"

// A backupFile is a backup on its way.
type backupFile struct {
	path string   // its name in the end, absolute
	part DiskFile // nil when path is there already, with exactly the table's items
	done bool     // path is ours and whole
}

// newBackup makes the file, before anything is removed: a folder that is not
// there or not ours must not be found out at the end.
func (c *command) newBackup(ctx context.Context, sess session, path string) (*backupFile, error) {
	if path == "-" {
		return nil, usage([]string{c.downInto("items.jsonl")}, "--backup takes a file: what went to stdout could not be read back")
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, plainPathError(err))
	}
	b := &backupFile{path: full}
	if c.isThere(full) {
		return b, c.sameAsThere(ctx, sess, full)
	}
	folder, name := filepath.Split(full)
	c.tellPartials(folder, name, sess.cfg.TableName())
	if b.part, err = c.disk().Create(folder, name+".*"+partialEnd); err != nil {
		return nil, &Problem{What: "the backup cannot be written, so nothing was changed", Why: fmt.Sprintf("create %s: %v", full, plainPathError(err)), Fix: []string{c.downInto(otherFile)}, Exit: exitFailed}
	}
	return b, nil
}

// otherFile is where a backup goes when the first place would not do.
const otherFile = "another-file.jsonl"

// downInto is this `down` with another file.
func (c *command) downInto(file string) string {
	line := c.with("down")
	if c.yes {
		line += " --yes"
	}
	return line + " --backup " + file
}

// sameAsThere accepts a name that is taken if it is by a backup of the very
// items that the table holds now.
func (c *command) sameAsThere(ctx context.Context, sess session, path string) error {
	taken := &Problem{What: path + " exists already, and todoctl does not overwrite a backup", Fix: []string{c.downInto(otherFile)}, Exit: exitFailed}
	file, err := c.openFile(path)
	if err != nil {
		return taken
	}
	defer file.Close()
	there, err := provision.CheckBackup(file)
	if err != nil {
		return taken
	}
	at, end := c.working(ctx, "comparing the items with the file")
	now, err := provision.SumItems(at, sess.cfg, sess.clients.DynamoDB)
	end()
	if err != nil {
		return err
	}
	if there.Table != now.Table || !there.Same(now) {
		taken.Why = fmt.Sprintf("it is a backup of %s from %s, and %s holds something else now", plural(there.Items, "item"), there.Table, now.Table)
		return taken
	}
	return nil
}

// tellPartials names what earlier runs left in the folder.
func (c *command) tellPartials(folder, name, table string) {
	for _, file := range c.filesIn(folder) {
		ours := strings.HasPrefix(file, name+".") || strings.HasPrefix(file, table+"-")
		if ours && strings.HasSuffix(file, partialEnd) {
			c.view().Note("note: %s is a backup that was", filepath.Join(folder, file))
			c.view().Note("      never finished. Nothing needs it; delete it if no todoctl is at work.")
		}
	}
}

// save fills the file from the table and gives it its name. When it returns nil,
// path holds exactly what the table does. When it fails, no file is left.
func (b *backupFile) save(ctx context.Context, c *command, sess session) (provision.Summary, error) {
	if b.part == nil {
		return b.verify(ctx, c, sess, b.path)
	}
	written, err := provision.Backup(ctx, sess.cfg, sess.clients.DynamoDB, b.part)
	if err != nil {
		return written, err
	}
	part := b.part.Name()
	if err := errors.Join(b.part.Sync(), b.part.Close()); err != nil {
		return written, fmt.Errorf("write %s: %w", part, plainPathError(err))
	}
	read, err := b.verify(ctx, c, sess, part)
	if err != nil {
		return read, err
	}
	if read != written {
		return read, fmt.Errorf("%s does not hold what was written to it", part)
	}
	return read, b.name(c)
}

// name gives the file its final name, and makes that survive a power cut.
func (b *backupFile) name(c *command) error {
	err := c.disk().Name(b.part.Name(), b.path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has come into being meanwhile, and todoctl does not overwrite a backup", b.path)
	}
	if err != nil {
		return fmt.Errorf("give the backup the name %s: %w", b.path, plainPathError(err))
	}
	b.done = true
	if err := c.disk().Remove(b.part.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s, which has its final name now: %w", b.part.Name(), plainPathError(err))
	}
	if err := c.disk().SyncFolder(filepath.Dir(b.path)); err != nil {
		return fmt.Errorf("write the folder %s: %w", filepath.Dir(b.path), plainPathError(err))
	}
	return nil
}

// verify reads a backup from the disk, and the table once more. A count alone
// would not show an item that was changed after it had been saved.
func (b *backupFile) verify(ctx context.Context, c *command, sess session, path string) (provision.Summary, error) {
	file, err := c.openFile(path)
	if err != nil {
		return provision.Summary{}, err
	}
	defer file.Close()
	read, err := provision.CheckBackup(file)
	if err != nil {
		return read, fmt.Errorf("read %s back: %w", path, err)
	}
	now, err := provision.SumItems(ctx, sess.cfg, sess.clients.DynamoDB)
	switch {
	case err != nil:
		return read, err
	case now.Items != read.Items:
		return read, &changedError{fmt.Sprintf("the table changed while it was saved: it holds %s, the backup %d", plural(now.Items, "item"), read.Items)}
	case !now.Same(read):
		return read, &changedError{"the table changed while it was saved: somebody has written to its items"}
	}
	return read, nil
}

// A changedError says that somebody wrote to the table during the backup.
type changedError struct{ text string }

func (e *changedError) Error() string { return e.text }

// discard removes what this run has made.
func (b *backupFile) discard(c *command) {
	if b.part == nil {
		return
	}
	_ = b.part.Close()
	_ = c.disk().Remove(b.part.Name()) // else the next run names it
	if b.done {
		_ = c.disk().Remove(b.path)
	}
}
