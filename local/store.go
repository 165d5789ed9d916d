package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrLocked says that another server has the store open.
var ErrLocked = errors.New("another local AWS has this store open")

// A store is the one file of the local AWS: buckets of JSON documents for the
// control plane, and one bucket of items per table. Beside it lies the journal
// of item writes (storeitems.go).
//
// Writes are grouped: callers queue, one goroutine takes all that wait and
// commits them with a single fsync, so eight writers cost hardly more than one.
type store struct {
	bolt  *bbolt.DB
	queue chan *write
	done  sync.WaitGroup
	final error // of the last checkpoint; good after done

	live      sync.Mutex // guards the rest of this block
	open      *bbolt.Tx  // item writes that are in the journal and not in bbolt; nil when there are none
	journal   *journal
	unsettled int    // how many item writes there are in it, about
	frame     []byte // room for the next frame

	mu     sync.RWMutex // held for reading while a write is queued
	closed bool

	// hasty is set where no sockets are: no group waits for its crowd then. In a
	// test's virtual time the wait would not end while somebody waits for a lock.
	hasty atomic.Bool
}

// errClosed says that a write came after close: a request that was still under
// way when the server stopped.
var errClosed = errors.New("the local AWS is stopping")

// A write is a function that writes documents (do) or items.
type write struct {
	do    func(*bbolt.Tx) error
	items func(*itemTx) error
	err   error
	done  chan struct{}
}

// groupSize bounds one commit, so that the first of a burst does not wait for all.
const groupSize = 256

func openStore(path string) (*store, error) {
	if err := examine(path); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:        lockTimeout,
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("open the local store %s: %w", path, err)
	}
	st := &store{bolt: db, queue: make(chan *write, groupSize)}
	if err := st.openItems(path + "-journal"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	st.done.Go(st.writer)
	return st, nil
}

// hurry ends the wait for the disk, before the first write.
func (st *store) hurry() { st.bolt.NoSync, st.journal.volatile = true, true }

// close finishes the writes that are queued. Closing twice is no error.
func (st *store) close() error {
	st.mu.Lock()
	if st.closed {
		st.mu.Unlock()
		return nil
	}
	st.closed = true
	st.mu.Unlock()
	close(st.queue)
	st.done.Wait()
	return errors.Join(st.final, st.journal.close(), st.bolt.Close())
}

// view runs do on a consistent snapshot.
func (st *store) view(do func(*bbolt.Tx) error) error { return st.bolt.View(do) }

// update runs do in a transaction that is on disk when update returns nil. An
// error from do undoes what do wrote, and nothing else. do may run twice, so it
// must set its results, not add to them.
func (st *store) update(do func(*bbolt.Tx) error) error {
	return st.enqueue(&write{do: do, done: make(chan struct{})})
}

func (st *store) enqueue(w *write) error {
	st.mu.RLock()
	if st.closed {
		st.mu.RUnlock()
		return errClosed
	}
	st.queue <- w
	st.mu.RUnlock()
	<-w.done
	return w.err
}

func (st *store) writer() {
	crowd := 1 // how many writers there seem to be
	for w := range st.queue {
		group := st.gather(w, crowd)
		crowd = max(len(group)+len(st.queue), crowd-1)
		st.carryOut(group)
	}
	st.final = st.checkpoint()
}

// groupWait is how long a group waits for the rest of its crowd: less than a
// disk takes.
const groupWait = 100 * time.Microsecond

// gather takes the writes that wait, and gives the rest of the crowd of the last
// groups a moment: those whose write has just been done are about to send the
// next, and would have to wait out a commit that they missed by little. A lone
// writer never waits.
func (st *store) gather(first *write, crowd int) []*write {
	group := append(make([]*write, 0, crowd), first)
	var late <-chan time.Time
	for len(group) < groupSize {
		select {
		case w, open := <-st.queue:
			if !open {
				return group
			}
			group = append(group, w)
			continue
		default:
		}
		if len(group) >= crowd || st.hasty.Load() {
			return group
		}
		if late == nil {
			late = time.After(groupWait)
		}
		select {
		case w, open := <-st.queue:
			if !open {
				return group
			}
			group = append(group, w)
		case <-late:
			return group
		}
	}
	return group
}

// carryOut makes the writes of a group and tells those who wait.
func (st *store) carryOut(group []*write) {
	var items, documents []*write
	for _, w := range group {
		if w.items != nil {
			items = append(items, w)
		} else {
			documents = append(documents, w)
		}
	}
	if len(items) > 0 {
		st.applyItems(items)
		for _, w := range items {
			close(w.done)
		}
	}
	if len(documents) > 0 || st.full() {
		err := st.checkpoint()
		for _, w := range documents {
			w.err = err
		}
		if err == nil {
			st.commit(documents)
		}
	}
	for _, w := range documents {
		close(w.done)
	}
}

// commit runs a group in one transaction. One that fails is taken out, and the
// rest run again: bbolt has no savepoints.
func (st *store) commit(group []*write) {
	for len(group) > 0 {
		failed := -1
		err := st.bolt.Update(func(tx *bbolt.Tx) error {
			for i, w := range group {
				if w.err = w.do(tx); w.err != nil {
					failed = i
					return w.err
				}
			}
			return nil
		})
		if failed < 0 {
			for _, w := range group {
				w.err = err
			}
			return
		}
		group = append(group[:failed:failed], group[failed+1:]...)
	}
}

// A bucket of control-plane documents. Keys are names, led by the Region for
// the services that have one (see key).
const (
	bucketTables    = "dynamodb.tables"
	bucketRoles     = "iam.roles"
	bucketFunctions = "lambda.functions"
	bucketCode      = "lambda.code"     // by base64 SHA-256
	bucketLostURLs  = "lambda.lostURLs" // of functions that are gone
	bucketGroups    = "logs.groups"
	bucketAlarms    = "cloudwatch.alarms"
	bucketTopics    = "sns.topics"
	bucketBudgets   = "budgets.budgets"
)

// key is the key of a regional resource.
func key(region, name string) string { return region + "/" + name }

// get reads the document under key; ok is false when there is none.
func get[T any](tx *bbolt.Tx, bucket, key string) (doc T, ok bool, err error) {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return doc, false, nil
	}
	data := b.Get([]byte(key))
	if data == nil {
		return doc, false, nil
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return doc, false, fmt.Errorf("read %s %s from the local store: %w", bucket, key, err)
	}
	return doc, true, nil
}

// put writes the document under key.
func put[T any](tx *bbolt.Tx, bucket, key string, doc T) error {
	b, err := tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	data, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return b.Put([]byte(key), data)
}

// remove deletes the document under key; one that is not there is no error.
func remove(tx *bbolt.Tx, bucket, key string) error {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	return b.Delete([]byte(key))
}

// removeAll deletes every key that starts with prefix.
func removeAll(tx *bbolt.Tx, bucket, prefix string) error {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return nil
	}
	c := b.Cursor()
	// Seek again after each: a delete leaves the cursor between two keys.
	for k, _ := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, _ = c.Seek([]byte(prefix)) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

// list returns the documents whose key starts with prefix, in key order.
func list[T any](tx *bbolt.Tx, bucket, prefix string) ([]T, error) {
	b := tx.Bucket([]byte(bucket))
	if b == nil {
		return nil, nil
	}
	var docs []T
	c := b.Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		var doc T
		if err := json.Unmarshal(v, &doc); err != nil {
			return nil, fmt.Errorf("read %s %s from the local store: %w", bucket, k, err)
		}
		docs = append(docs, doc)
	}
	return docs, nil
}
