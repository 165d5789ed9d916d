package local

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// A tableDoc is a table as it is kept. Its status is not in it: status says
// what it is now.
type tableDoc struct {
	Region  string
	Name    string
	ID      string
	Created time.Time
	keySchema
	Indexes    []indexDoc
	Settings   tableSettings
	Before     *tableSettings // while Updated is young: what it was before
	Updated    time.Time      // the last change that takes time; zero when there was none
	Deleted    time.Time      // zero while the table is wanted
	Protected  bool
	Increased  time.Time
	Decreases  []time.Time // those of the last day that had one
	ToOnDemand time.Time
	Tags       map[string]string
	TagsBefore map[string]string // while Tagged is young: what they were before
	Tagged     time.Time         // when Tags were last written
}

// tableSettings are what UpdateTable changes with a delay.
type tableSettings struct {
	Billing     types.BillingMode
	Read, Write int64 // 0 when on demand
	Class       types.TableClass
}

// bucketItems leads the bucket of a table's or an index's items; the rest is its
// id, so that another of the same name starts empty.
const bucketItems = "dynamodb.items/"

// bucketSizes has a table's or an index's item count and size in bytes under its id.
const bucketSizes = "dynamodb.sizes"

func (t *tableDoc) arn() string {
	return "arn:aws:dynamodb:" + t.Region + ":" + AccountID + ":table/" + t.Name
}

// status computes the state of the table; gone is true when nothing is left of it.
func (t *tableDoc) status(now time.Time, lags Lags) (status types.TableStatus, gone bool) {
	switch {
	case !t.Deleted.IsZero():
		return types.TableStatusDeleting, !now.Before(t.Deleted.Add(lags.TableDelete))
	case now.Before(t.Created.Add(lags.TableCreate)):
		return types.TableStatusCreating, false
	case t.resettling(now, lags), t.reindexing(now, lags):
		return types.TableStatusUpdating, false
	}
	return types.TableStatusActive, false
}

// resettling says that new settings are on their way.
func (t *tableDoc) resettling(now time.Time, lags Lags) bool {
	return !t.Updated.IsZero() && now.Before(t.Updated.Add(lags.TableUpdate))
}

// today counts the lowerings of capacity in the UTC day of now.
func today(decreases []time.Time, now time.Time) int64 {
	n := int64(0)
	for _, d := range decreases {
		if d.UTC().Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
			n++
		}
	}
	return n
}

// describe is the table as DescribeTable shows it. On AWS the counts and sizes
// are up to six hours old; here they are exact. A new table has no tx.
func (t *tableDoc) describe(now time.Time, lags Lags, tx *bbolt.Tx) *types.TableDescription {
	status, _ := t.status(now, lags)
	settings := t.Settings
	if t.resettling(now, lags) && t.Before != nil {
		settings = *t.Before
	}
	count, size := itemSizes(tx, t.ID)
	d := &types.TableDescription{
		TableName:                 aws.String(t.Name),
		TableArn:                  aws.String(t.arn()),
		TableId:                   aws.String(t.ID),
		TableStatus:               status,
		CreationDateTime:          aws.Time(t.Created),
		DeletionProtectionEnabled: aws.Bool(t.Protected),
		ItemCount:                 aws.Int64(count),
		TableSizeBytes:            aws.Int64(size),
		ProvisionedThroughput: &types.ProvisionedThroughputDescription{
			ReadCapacityUnits:      aws.Int64(settings.Read),
			WriteCapacityUnits:     aws.Int64(settings.Write),
			NumberOfDecreasesToday: aws.Int64(today(t.Decreases, now)),
		},
	}
	d.KeySchema, d.AttributeDefinitions = t.elements(), t.definitions(now, lags)
	for _, ix := range t.indexes(now, lags) {
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, ix.describe(t, now, lags, tx))
	}
	if !t.Increased.IsZero() {
		d.ProvisionedThroughput.LastIncreaseDateTime = aws.Time(t.Increased)
	}
	if n := len(t.Decreases); n > 0 {
		d.ProvisionedThroughput.LastDecreaseDateTime = aws.Time(t.Decreases[n-1])
	}
	// AWS leaves these two out of a table that was always provisioned, or Standard.
	if settings.Billing == types.BillingModePayPerRequest || !t.ToOnDemand.IsZero() {
		d.BillingModeSummary = &types.BillingModeSummary{BillingMode: settings.Billing}
		if !t.ToOnDemand.IsZero() {
			d.BillingModeSummary.LastUpdateToPayPerRequestDateTime = aws.Time(t.ToOnDemand)
		}
	}
	if settings.Class != "" {
		d.TableClassSummary = &types.TableClassSummary{TableClass: settings.Class}
		if !t.Updated.IsZero() && t.Before != nil && t.Before.Class != t.Settings.Class {
			d.TableClassSummary.LastUpdateDateTime = aws.Time(t.Updated)
		}
	}
	return d
}

const (
	maxHashKey  = 2048
	maxRangeKey = 1024
)

// itemKey is where an item lies: the checks are those of a whole item (PutItem).
func (t *tableDoc) itemKey(it item) ([]byte, error) {
	for _, k := range t.keys() {
		v := it.get(k.Name)
		if !v.exists() {
			return nil, invalid("One or more parameter values were invalid: Missing the key %s in the item", k.Name)
		}
		if string(v.kind) != string(k.Type) {
			return nil, invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", k.Name, k.Type, v.kind)
		}
		if v.text == "" {
			return nil, invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyName(v.kind), k.Name)
		}
	}
	return t.storeKey(it)
}

// givenKey is where the item of a Key parameter lies: exactly the key attributes.
func (t *tableDoc) givenKey(key item) ([]byte, error) {
	if len(key) != len(t.keys()) {
		return nil, invalid("The provided key element does not match the schema")
	}
	if err := t.matches(key); err != nil {
		return nil, err
	}
	return t.storeKey(key)
}

// matches checks that key has these key attributes, and that they can be.
func (s *keySchema) matches(key item) error {
	for _, k := range s.keys() {
		v := key.get(k.Name)
		if string(v.kind) != string(k.Type) {
			return invalid("The provided key element does not match the schema")
		}
		if v.text == "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyName(v.kind), k.Name)
		}
	}
	return nil
}

func emptyName(k kind) string {
	if k == kindB {
		return "binary"
	}
	return "string"
}

// storeKey lays out the key: eight bytes of the partition key's MD5, then its
// length, itself, and the sort key in an order-preserving form. So a scan meets
// the partitions in hash order and the items of one in the sort key's order, as
// on AWS.
func (t *tableDoc) storeKey(it item) ([]byte, error) {
	hash := it.get(t.Hash.Name)
	if len(hash.text) > maxHashKey {
		return nil, invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of%d bytes", maxHashKey)
	}
	key := t.partition(hash)
	if t.Range == nil {
		return key, nil
	}
	v := it.get(t.Range.Name)
	if len(v.text) > maxRangeKey {
		return nil, invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d bytes", maxRangeKey)
	}
	return v.appendKey(key), nil
}

// partition is what the keys of all items with this partition key start with.
func (s *keySchema) partition(hash value) []byte {
	key := make([]byte, 10, 10+len(hash.text)+32)
	key = hash.appendKey(key)
	sum := md5.Sum(key[10:])
	copy(key, sum[:8])
	binary.BigEndian.PutUint16(key[8:], uint16(len(key)-10))
	return key
}

// A cachedTable is a decoded document with the bytes that it was decoded from:
// whoever reads the same bytes in a transaction may use it.
type cachedTable struct {
	raw []byte
	doc *tableDoc
}

// load reads a table's document; nil when there is none, or nothing is left of it.
// The document is shared: change a copy.
func (x *dynamodbService) load(tx *bbolt.Tx, region, name string) (*tableDoc, error) {
	b := tx.Bucket([]byte(bucketTables))
	if b == nil {
		return nil, nil
	}
	k := key(region, name)
	raw := b.Get([]byte(k))
	if raw == nil {
		return nil, nil
	}
	var t *tableDoc
	if c, ok := x.tables.Load(k); ok && bytes.Equal(c.(*cachedTable).raw, raw) {
		t = c.(*cachedTable).doc
	} else {
		t = &tableDoc{}
		if err := json.Unmarshal(raw, t); err != nil {
			return nil, err
		}
		x.tables.Store(k, &cachedTable{bytes.Clone(raw), t})
	}
	if _, gone := t.status(x.cfg.Now(), x.cfg.Lags); gone {
		return nil, nil
	}
	return t, nil
}

// ready is load for the item operations, which need a table that can be used.
func (x *dynamodbService) ready(tx *bbolt.Tx, region, name string) (*tableDoc, error) {
	t, err := x.load(tx, region, name)
	if err != nil {
		return nil, err
	}
	if t != nil {
		status, _ := t.status(x.cfg.Now(), x.cfg.Lags)
		if status == types.TableStatusActive || status == types.TableStatusUpdating {
			return t, nil
		}
	}
	return nil, &apiError{Code: "ResourceNotFoundException", Message: "Requested resource not found"}
}
