package local

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// A record is an item in the store: its size as DynamoDB counts it, then its
// JSON, so that a scan can be answered without decoding anything.
type record []byte

func newRecord(it item) record {
	size := it.size()
	b := binary.AppendUvarint(make([]byte, 0, size+16*len(it)+16), uint64(size))
	return appendItem(b, it)
}

// split gives the item's size and JSON; no record is size 0 and no JSON.
func (rec record) split() (size int, json []byte) {
	n, w := binary.Uvarint(rec)
	return int(n), rec[max(w, 0):]
}

// item decodes the record; a missing one is an empty item.
func (rec record) item() (item, error) {
	if rec == nil {
		return nil, nil
	}
	_, json := rec.split()
	r := &jsonReader{data: json}
	bad := ""
	it := r.item(&bad)
	if bad != "" {
		r.fail("%s", bad)
	}
	if r.err != nil {
		return nil, fmt.Errorf("an item in the local store cannot be read: %w", r.err)
	}
	return it, nil
}

// items is the bucket of the table's items.
func items(tx *bbolt.Tx, t *tableDoc) (*bbolt.Bucket, error) {
	b := tx.Bucket([]byte(bucketItems + t.ID))
	if b == nil {
		return nil, fmt.Errorf("the local store has no items of table %s", t.Name)
	}
	return b, nil
}

// tableSize is the table's item count and size in bytes.
func tableSize(tx *bbolt.Tx, t *tableDoc) (count, size int64) {
	b := tx.Bucket([]byte(bucketSizes))
	if b == nil {
		return 0, 0
	}
	return readSizes(b.Get([]byte(t.ID)))
}

func readSizes(v []byte) (count, size int64) {
	if len(v) != 16 {
		return 0, 0
	}
	return int64(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:]))
}

// replace puts the record under key, or deletes what is there when it is nil,
// and keeps the table's size. old is what is there now.
func replace(tx *itemTx, t *tableDoc, key []byte, old, rec record) error {
	if old == nil && rec == nil {
		return nil
	}
	count, size := tableSize(tx.Tx, t)
	if old != nil {
		n, _ := old.split()
		count, size = count-1, size-int64(n)
	}
	if rec != nil {
		n, _ := rec.split()
		count, size = count+1, size+int64(n)
	}
	if err := tx.set(bucketItems+t.ID, key, rec); err != nil {
		return err
	}
	v := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(count))
	return tx.set(bucketSizes, []byte(t.ID), binary.BigEndian.AppendUint64(v, uint64(size)))
}

// dropItems removes all items of a table.
func dropItems(tx *bbolt.Tx, t *tableDoc) error {
	if err := tx.DeleteBucket([]byte(bucketItems + t.ID)); err != nil {
		return err
	}
	return remove(tx, bucketSizes, t.ID)
}
