package local

import (
	"crypto/rand"
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"
)

// Item writes take a shorter way to the disk than documents: they are made in a
// bbolt transaction that stays open, and become durable in the journal. Reads of
// items look into that transaction. A checkpoint commits it: before a document
// is written, when it has grown, and at close.

// checkpointWrites bounds the transaction: bbolt keeps what is not committed in
// sorted slices that it does not split.
const checkpointWrites = 4096

// bucketJournal holds the journal's epoch.
const bucketJournal = "store.journal"

// openItems opens the journal and settles what a server that was killed left in it.
func (st *store) openItems(path string) error {
	epoch, err := st.journalEpoch()
	if err != nil {
		return err
	}
	if st.journal, err = openJournal(path, epoch); err != nil {
		return err
	}
	if err := st.checkpoint(); err != nil {
		return errors.Join(err, st.journal.close())
	}
	return nil
}

// An itemTx is the transaction of an item write.
type itemTx struct {
	*bbolt.Tx
	frame []byte
}

// set puts the value under key, or deletes the key when value is nil.
func (tx *itemTx) set(bucket string, key, value []byte) error {
	if err := setItem(tx.Tx, bucket, key, value); err != nil {
		return err
	}
	tx.frame = appendEntry(tx.frame, bucket, key, value)
	return nil
}

func setItem(tx *bbolt.Tx, bucket string, key, value []byte) error {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		var err error
		if b, err = tx.CreateBucket([]byte(bucket)); err != nil {
			return err
		}
	}
	if value == nil {
		return b.Delete(key)
	}
	return b.Put(key, value)
}

// updateItems is update for items: do reads and writes through tx, and what it
// wrote with set is on disk when updateItems returns nil. The rules for do are
// those of update.
func (st *store) updateItems(do func(tx *itemTx) error) error {
	return st.enqueue(&write{items: do, done: make(chan struct{})})
}

// viewItems is view for items: it sees every updateItems that has returned.
func (st *store) viewItems(do func(*bbolt.Tx) error) error {
	st.live.Lock()
	if st.open == nil && st.journal.end == 0 {
		st.live.Unlock()
		return st.bolt.View(do)
	}
	defer st.live.Unlock()
	if st.open == nil {
		if err := st.reopen(); err != nil {
			return err
		}
	}
	return do(st.open)
}

// viewSettled is viewItems after a checkpoint, for those who read backwards: in a
// transaction that is still open, bbolt's Cursor.Prev stops at a page whose keys
// have all been deleted.
func (st *store) viewSettled(do func(*bbolt.Tx) error) error {
	if err := st.checkpoint(); err != nil {
		return err
	}
	return st.bolt.View(do)
}

// full reports whether it is time for a checkpoint.
func (st *store) full() bool {
	st.live.Lock()
	defer st.live.Unlock()
	return st.unsettled >= checkpointWrites || st.journal.end >= journalSize
}

// applyItems makes a group's item writes and writes them to the journal. The
// lock is held until they are on disk: nobody reads what might still be lost.
func (st *store) applyItems(group []*write) {
	st.live.Lock()
	defer st.live.Unlock()
	for len(group) > 0 {
		failed, err := st.tryItems(group)
		if err == nil {
			return
		}
		// What was written must not stay: begin again with what the journal holds.
		if st.open != nil {
			_ = st.open.Rollback()
			st.open = nil
		}
		if failed < 0 {
			for _, w := range group {
				w.err = err
			}
			return
		}
		group = append(group[:failed:failed], group[failed+1:]...)
	}
}

// tryItems returns which write failed, -1 when it was the journal.
func (st *store) tryItems(group []*write) (failed int, err error) {
	if st.open == nil {
		if err := st.reopen(); err != nil {
			return -1, err
		}
	}
	tx := &itemTx{Tx: st.open, frame: append(st.frame[:0], make([]byte, frameHeader)...)}
	for i, w := range group {
		if w.err = w.items(tx); w.err != nil {
			return i, w.err
		}
	}
	st.frame = tx.frame
	if len(tx.frame) == frameHeader { // nothing was written
		return -1, nil
	}
	st.unsettled += len(group)
	return -1, st.journal.append(tx.frame)
}

// reopen begins the transaction with what the journal holds.
func (st *store) reopen() error {
	tx, err := st.bolt.Begin(true)
	if err != nil {
		return err
	}
	if st.journal.end > 0 {
		var end int64
		end, err = st.journal.each(st.journal.end, func(payload []byte) error {
			return entries(payload, func(bucket string, key, value []byte) error { return setItem(tx, bucket, key, value) })
		})
		if err == nil && end != st.journal.end {
			err = &DamagedError{st.journal.path, "what was written can no longer be read"}
		}
	}
	if err != nil {
		_ = tx.Rollback()
		return err
	}
	st.open = tx
	return nil
}

// checkpoint commits the open transaction and empties the journal.
func (st *store) checkpoint() error {
	st.live.Lock()
	defer st.live.Unlock()
	if st.open == nil && st.journal.end == 0 {
		return nil
	}
	if st.open == nil {
		if err := st.reopen(); err != nil {
			return err
		}
	}
	tx := st.open
	st.open = nil
	if err := putEpoch(tx, st.journal.epoch+1); err != nil {
		_ = tx.Rollback()
		return err
	}
	if err := tx.Commit(); err != nil {
		return err // bbolt has rolled back; the journal still holds everything
	}
	st.journal.epoch++
	st.journal.end = 0
	st.unsettled = 0
	return nil
}

func putEpoch(tx *bbolt.Tx, epoch uint64) error {
	b, err := tx.CreateBucketIfNotExists([]byte(bucketJournal))
	if err != nil {
		return err
	}
	return b.Put([]byte("epoch"), binary.BigEndian.AppendUint64(nil, epoch))
}

// journalEpoch reads the epoch. A new store draws one, so that the journal of a
// store that was deleted never counts in the next.
func (st *store) journalEpoch() (epoch uint64, err error) {
	epoch, err = readEpoch(st.bolt)
	if err != nil || epoch != 0 {
		return epoch, err
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	epoch = binary.BigEndian.Uint64(b[:])>>1 | 1
	return epoch, st.bolt.Update(func(tx *bbolt.Tx) error { return putEpoch(tx, epoch) })
}

// readEpoch returns 0 when a store has no epoch yet.
func readEpoch(db *bbolt.DB) (epoch uint64, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketJournal))
		if b == nil {
			return nil
		}
		v := b.Get([]byte("epoch"))
		if len(v) != 8 {
			return &DamagedError{db.Path(), "it does not say which of its journal counts"}
		}
		epoch = binary.BigEndian.Uint64(v)
		return nil
	})
	return epoch, err
}
