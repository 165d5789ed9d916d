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

// items is the bucket of the items of a table or an index, by its id.
func items(tx *bbolt.Tx, id string) (*bbolt.Bucket, error) {
	b := tx.Bucket([]byte(bucketItems + id))
	if b == nil {
		return nil, fmt.Errorf("the local store has no items under %s", id)
	}
	return b, nil
}

// itemSizes is the item count and the size in bytes of a table or an index, by its id.
func itemSizes(tx *bbolt.Tx, id string) (count, size int64) {
	if tx == nil {
		return 0, 0
	}
	b := tx.Bucket([]byte(bucketSizes))
	if b == nil {
		return 0, 0
	}
	return readSizes(b.Get([]byte(id)))
}

func readSizes(v []byte) (count, size int64) {
	if len(v) != 16 {
		return 0, 0
	}
	return int64(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:]))
}

// replace puts the record under key, or deletes what is there when it is nil,
// and keeps the size of the table or index with that id. old is what is there now.
func replace(tx *itemTx, id string, key []byte, old, rec record) error {
	if old == nil && rec == nil {
		return nil
	}
	count, size := itemSizes(tx.Tx, id)
	if old != nil {
		n, _ := old.split()
		count, size = count-1, size-int64(n)
	}
	if rec != nil {
		n, _ := rec.split()
		count, size = count+1, size+int64(n)
	}
	if err := tx.set(bucketItems+id, key, rec); err != nil {
		return err
	}
	return tx.set(bucketSizes, []byte(id), sizesValue(count, size))
}

func sizesValue(count, size int64) []byte {
	v := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(count))
	return binary.BigEndian.AppendUint64(v, uint64(size))
}

// dropItems removes all items of a table or an index.
func dropItems(tx *bbolt.Tx, id string) error {
	if err := tx.DeleteBucket([]byte(bucketItems + id)); err != nil {
		return err
	}
	return remove(tx, bucketSizes, id)
}
