package local

import (
	"bytes"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// maxIndexes is how many global secondary indexes a table may have.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxIndexes = 20

// An indexDoc is a global secondary index as it is kept in its table's document.
// What it indexes lies in a bucket of its own, like a table's items, and is
// written together with them: here an index is never behind its table.
type indexDoc struct {
	Name string
	ID   string
	keySchema
	Projection types.ProjectionType
	Include    []string // of an INCLUDE
	WithTable  bool     // made by CreateTable: it becomes ACTIVE with the table
	Created    time.Time
	Units      indexUnits
	Before     *indexUnits // while Updated is young: what they were before
	Updated    time.Time
	Deleted    time.Time // zero while the index is wanted
	Increased  time.Time
	Decreases  []time.Time // those of the last day that had one
}

// indexUnits are an index's own capacity; 0 when on demand.
type indexUnits struct{ Read, Write int64 }

// status computes the state of an index; building says how far a new one is.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
func (ix *indexDoc) status(t *tableDoc, now time.Time, lags Lags) (status types.IndexStatus, building indexBuilding) {
	allocated := ix.Created.Add(lags.IndexAllocate)
	switch {
	case !ix.Deleted.IsZero():
		return types.IndexStatusDeleting, notBuilding
	case ix.WithTable && now.Before(t.Created.Add(lags.TableCreate)):
		return types.IndexStatusCreating, allocating
	case ix.WithTable:
	case now.Before(allocated):
		return types.IndexStatusCreating, allocating
	case now.Before(allocated.Add(lags.IndexBackfill)):
		return types.IndexStatusCreating, backfilling
	}
	if !ix.Updated.IsZero() && now.Before(ix.Updated.Add(lags.TableUpdate)) {
		return types.IndexStatusUpdating, notBuilding
	}
	return types.IndexStatusActive, notBuilding
}

// An indexBuilding is the phase of an index that is CREATING.
type indexBuilding int

const (
	notBuilding indexBuilding = iota
	allocating                // the table is UPDATING
	backfilling               // the table is ACTIVE again, and may not be deleted
)

// indexes are the indexes that are still shown.
func (t *tableDoc) indexes(now time.Time, lags Lags) []*indexDoc {
	var shown []*indexDoc
	for i := range t.Indexes {
		if ix := &t.Indexes[i]; ix.Deleted.IsZero() || now.Before(ix.Deleted.Add(lags.IndexDelete)) {
			shown = append(shown, ix)
		}
	}
	return shown
}

// kept are the indexes that hold something: all but those being deleted.
func (t *tableDoc) kept() []*indexDoc {
	var kept []*indexDoc
	for i := range t.Indexes {
		if t.Indexes[i].Deleted.IsZero() {
			kept = append(kept, &t.Indexes[i])
		}
	}
	return kept
}

// reindexing says that the table is UPDATING because of an index.
func (t *tableDoc) reindexing(now time.Time, lags Lags) bool {
	return slices.ContainsFunc(t.indexes(now, lags), func(ix *indexDoc) bool {
		status, building := ix.status(t, now, lags)
		return status == types.IndexStatusDeleting || building == allocating && !ix.WithTable
	})
}

// indexAtWork says that an index keeps the table from being deleted.
func (t *tableDoc) indexAtWork(now time.Time, lags Lags) bool {
	return slices.ContainsFunc(t.indexes(now, lags), func(ix *indexDoc) bool {
		status, _ := ix.status(t, now, lags)
		return status != types.IndexStatusActive
	})
}

// describe is the index as DescribeTable shows it.
func (ix *indexDoc) describe(t *tableDoc, now time.Time, lags Lags, tx *bbolt.Tx) types.GlobalSecondaryIndexDescription {
	status, building := ix.status(t, now, lags)
	units := ix.Units
	if status == types.IndexStatusUpdating && ix.Before != nil {
		units = *ix.Before
	}
	count, size := itemSizes(tx, ix.ID)
	d := types.GlobalSecondaryIndexDescription{
		IndexName:      aws.String(ix.Name),
		IndexArn:       aws.String(t.arn() + "/index/" + ix.Name),
		IndexStatus:    status,
		IndexSizeBytes: aws.Int64(size),
		ItemCount:      aws.Int64(count),
		KeySchema:      ix.elements(),
		Projection:     &types.Projection{ProjectionType: ix.Projection, NonKeyAttributes: ix.Include},
		ProvisionedThroughput: &types.ProvisionedThroughputDescription{
			ReadCapacityUnits:      aws.Int64(units.Read),
			WriteCapacityUnits:     aws.Int64(units.Write),
			NumberOfDecreasesToday: aws.Int64(today(ix.Decreases, now)),
		},
	}
	if building != notBuilding && !ix.WithTable {
		d.Backfilling = aws.Bool(building == backfilling)
		d.IndexSizeBytes, d.ItemCount = aws.Int64(0), aws.Int64(0)
	}
	if !ix.Increased.IsZero() {
		d.ProvisionedThroughput.LastIncreaseDateTime = aws.Time(ix.Increased)
	}
	if n := len(ix.Decreases); n > 0 {
		d.ProvisionedThroughput.LastDecreaseDateTime = aws.Time(ix.Decreases[n-1])
	}
	return d
}

// entry is where an item lies in the index of t, and what is kept of it. There is
// no record for an item that is not in the index: it lacks a key attribute, or
// was there before the index with one that cannot be a key.
func (ix *indexDoc) entry(t *tableDoc, it item, rec record) (key []byte, _ record) {
	if rec == nil {
		return nil, nil
	}
	for _, k := range ix.keys() {
		if v := it.get(k.Name); string(v.kind) != string(k.Type) || v.text == "" {
			return nil, nil
		}
	}
	if len(it.get(ix.Hash.Name).text) > maxHashKey || ix.Range != nil && len(it.get(ix.Range.Name).text) > maxRangeKey {
		return nil, nil
	}
	key, err := ix.entryKey(t, it)
	if err != nil {
		return nil, nil // not a key of the table: no item has that
	}
	if ix.Projection == types.ProjectionTypeAll {
		return key, rec
	}
	var kept item
	for _, a := range it {
		if t.isKey(a.name) || ix.isKey(a.name) || slices.Contains(ix.Include, a.name) {
			kept = append(kept, a)
		}
	}
	return key, newRecord(kept)
}

// entryKey lays out an entry's key: the index's partition, its sort key, and where
// the item lies in the table, because a key of an index need not be unique.
func (ix *indexDoc) entryKey(t *tableDoc, it item) ([]byte, error) {
	key := ix.partition(it.get(ix.Hash.Name))
	if ix.Range != nil {
		key = appendOpen(key, it.get(ix.Range.Name).appendKey(nil))
		key = append(key, sortEnd...)
	}
	at, err := t.storeKey(it)
	return append(key, at...), err
}

// sortEnd closes an index's sort key: something follows it, which must not count
// while the sort keys differ. A zero byte within is therefore written as 0 255.
var sortEnd = []byte{0, 1}

func appendOpen(key, sort []byte) []byte {
	return append(key, bytes.ReplaceAll(sort, []byte{0}, []byte{0, 255})...)
}

// fill indexes the items that are there. On AWS that is the backfilling.
func (t *tableDoc) fill(tx *bbolt.Tx, ix *indexDoc) error {
	to, err := tx.CreateBucketIfNotExists([]byte(bucketItems + ix.ID))
	if err != nil {
		return err
	}
	from, err := items(tx, t.ID)
	if err != nil {
		return err
	}
	count, size := int64(0), int64(0)
	err = from.ForEach(func(_, v []byte) error {
		it, err := record(v).item()
		if err != nil {
			return err
		}
		key, rec := ix.entry(t, it, v)
		if rec == nil {
			return nil
		}
		n, _ := rec.split()
		count, size = count+1, size+int64(n)
		return to.Put(key, rec)
	})
	if err != nil {
		return err
	}
	sizes, err := tx.CreateBucketIfNotExists([]byte(bucketSizes))
	if err != nil {
		return err
	}
	return sizes.Put([]byte(ix.ID), sizesValue(count, size))
}
