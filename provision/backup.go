package provision

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A backup is a text file of JSON lines: a header, one line an item in
// DynamoDB's own typed JSON, and a last line with the count of the items and
// the SHA-256 of everything before it. A file that was cut off has no last
// line, and one that was changed has another sum.

type itemAPI interface {
	Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
}

// A Summary is what a backup holds.
type Summary struct {
	Table  string // of the items: where they came from, or for Restore where they went
	Items  int
	SHA256 string // hex, of the header and the items
}

const (
	backupSchema = 1

	// batchItems is as many writes as one BatchWriteItem takes.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
	batchItems = 25

	// maxLine bounds a line: an item has at most 400 KB, and JSON makes of a
	// nested one about seven times as much.
	maxLine = 16 << 20

	// itemPatience is how long to go on when the table's 5 and 5 units are used
	// up: a page of a large table may take a minute's worth of them.
	itemPatience = 10 * time.Minute
)

type backupHeader struct {
	Schema int    `json:"schema"`
	Table  string `json:"table"`
	Key    string `json:"key"`
}

type backupTrailer struct {
	Items  *int   `json:"items"`
	SHA256 string `json:"sha256"`
}

// Backup writes every item of the stack's table to w, page by page, as of
// consistent reads. Items that are written meanwhile may be missing.
func Backup(ctx context.Context, cfg Config, api itemAPI, w io.Writer) (Summary, error) {
	done := Summary{Table: cfg.TableName()}
	sum := sha256.New()
	out := bufio.NewWriter(w)
	line := func(v any) error {
		text, err := marshalLine(v)
		if err != nil {
			return err
		}
		sum.Write(text)
		_, err = out.Write(text)
		return err
	}
	if err := line(backupHeader{Schema: backupSchema, Table: done.Table, Key: partitionKey}); err != nil {
		return done, err
	}
	for item, err := range scan(ctx, cfg, api) {
		if err != nil {
			return done, err
		}
		if err := line(typed(item)); err != nil {
			return done, fmt.Errorf("write the backup: %w", err)
		}
		done.Items++
	}
	done.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err := line(backupTrailer{Items: &done.Items, SHA256: done.SHA256}); err != nil {
		return done, fmt.Errorf("write the backup: %w", err)
	}
	if err := out.Flush(); err != nil {
		return done, fmt.Errorf("write the backup: %w", err)
	}
	return done, nil
}

// marshalLine makes one line of JSON, without the escapes that are for HTML.
func marshalLine(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return text.Bytes(), err
}

// scan yields every item of the table, page by page.
func scan(ctx context.Context, cfg Config, api itemAPI) func(yield func(map[string]dynamodbtypes.AttributeValue, error) bool) {
	return func(yield func(map[string]dynamodbtypes.AttributeValue, error) bool) {
		for page, err := range pages(ctx, cfg, api, "") {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// pages yields every page of a consistent scan.
func pages(ctx context.Context, cfg Config, api itemAPI, sel dynamodbtypes.Select) func(yield func(*dynamodb.ScanOutput, error) bool) {
	return func(yield func(*dynamodb.ScanOutput, error) bool) {
		in := &dynamodb.ScanInput{TableName: aws.String(cfg.TableName()), ConsistentRead: aws.Bool(true), Select: sel}
		for {
			var out *dynamodb.ScanOutput
			err := cfg.unthrottled(ctx, func() (err error) { out, err = api.Scan(ctx, in); return })
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(out, nil) || len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// unthrottled calls again for as long as the table's capacity is used up.
func (c Config) unthrottled(ctx context.Context, call func() error) error {
	return c.Clock.until(ctx, itemPatience, func() (bool, error, error) {
		err := call()
		switch apiCode(err) {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// CountItems counts the items of the stack's table with consistent reads. A
// table that does not exist has none.
func CountItems(ctx context.Context, cfg Config, api itemAPI) (int, error) {
	n := 0
	for page, err := range pages(ctx, cfg, api, dynamodbtypes.SelectCount) {
		if isGone(err) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		n += int(page.Count)
	}
	return n, nil
}

// CheckBackup reads a backup through and says what is in it. It fails when the
// file is not a backup, is cut off, was changed, or has an item without its key.
func CheckBackup(r io.Reader) (Summary, error) {
	return readBackup(r, func(map[string]dynamodbtypes.AttributeValue) error { return nil })
}

// Restore puts the items of a backup into the stack's table; an item with the
// same id is replaced. It reads the whole file before it writes anything.
func Restore(ctx context.Context, cfg Config, api itemAPI, r io.ReadSeeker) (Summary, error) {
	if _, err := CheckBackup(r); err != nil {
		return Summary{}, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Summary{}, fmt.Errorf("read the backup again: %w", err)
	}
	b := batch{cfg: cfg, api: api, keys: map[string]bool{}}
	done, err := readBackup(r, func(item map[string]dynamodbtypes.AttributeValue) error { return b.put(ctx, item) })
	if err == nil {
		err = b.flush(ctx)
	}
	done.Table = cfg.TableName()
	return done, err
}

// readBackup calls each for every item and checks the file to its end. The line
// after which nothing comes is the last one: an item may look like it.
func readBackup(r io.Reader, each func(map[string]dynamodbtypes.AttributeValue) error) (Summary, error) {
	var done Summary
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	sum := sha256.New()
	var line []byte // the latest, not judged yet
	for n := 0; lines.Scan(); n++ {
		switch {
		case n == 1:
			var header backupHeader
			if err := json.Unmarshal(line, &header); err != nil || header.Schema == 0 {
				return done, errors.New("this is not a backup of todoctl: its first line is no header")
			}
			if header.Schema != backupSchema {
				return done, fmt.Errorf("the backup has schema %d, and this todoctl reads schema %d: a newer todoctl made it", header.Schema, backupSchema)
			}
			if header.Key != partitionKey {
				return done, fmt.Errorf("the backup's table has the key %q, should be %q", header.Key, partitionKey)
			}
			done.Table = header.Table
		case n > 1:
			item, err := untypedItem(line)
			if err != nil {
				return done, fmt.Errorf("line %d of the backup: %w", n, err)
			}
			done.Items++
			if err := each(item); err != nil {
				return done, err
			}
		}
		if n > 0 {
			addLine(sum, line)
		}
		line = append(line[:0], lines.Bytes()...)
	}
	if err := lines.Err(); err != nil {
		return done, fmt.Errorf("read the backup: %w", err)
	}
	if done.Table == "" {
		return done, errors.New("this is not a backup of todoctl, or only its beginning")
	}
	var trailer backupTrailer
	if err := json.Unmarshal(line, &trailer); err != nil || trailer.Items == nil || trailer.SHA256 == "" {
		return done, errors.New("the backup is cut off: its last line is missing")
	}
	done.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if *trailer.Items != done.Items {
		return done, fmt.Errorf("the backup has %d items, and its last line says %d", done.Items, *trailer.Items)
	}
	if trailer.SHA256 != done.SHA256 {
		return done, errors.New("the backup was changed: its contents do not have the SHA-256 of its last line")
	}
	return done, nil
}

func addLine(sum hash.Hash, line []byte) {
	sum.Write(line)
	sum.Write([]byte{'\n'})
}

// A batch collects items for BatchWriteItem.
type batch struct {
	cfg   Config
	api   itemAPI
	items []dynamodbtypes.WriteRequest
	keys  map[string]bool // of items: one call must not name a key twice
}

func (b *batch) put(ctx context.Context, item map[string]dynamodbtypes.AttributeValue) error {
	key := item[partitionKey].(*dynamodbtypes.AttributeValueMemberS).Value // untypedItem checked it
	if b.keys[key] || len(b.items) == batchItems {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.keys[key] = true
	b.items = append(b.items, dynamodbtypes.WriteRequest{PutRequest: &dynamodbtypes.PutRequest{Item: item}})
	return nil
}

// flush writes what is collected. DynamoDB gives back what its capacity had no
// room for, without an error.
func (b *batch) flush(ctx context.Context) error {
	table := b.cfg.TableName()
	for len(b.items) > 0 {
		before := len(b.items)
		err := b.cfg.Clock.until(ctx, itemPatience, func() (bool, error, error) {
			var out *dynamodb.BatchWriteItemOutput
			err := b.cfg.unthrottled(ctx, func() (err error) {
				out, err = b.api.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
					RequestItems: map[string][]dynamodbtypes.WriteRequest{table: b.items},
				})
				return
			})
			if isGone(err) {
				return false, nil, fmt.Errorf("the table %s does not exist: %w", table, err)
			}
			if err != nil {
				return false, nil, err
			}
			b.items = out.UnprocessedItems[table]
			return len(b.items) < before, fmt.Errorf("the table %s took none of %d items: its write capacity is used up", table, before), nil
		})
		if err != nil {
			return err
		}
	}
	clear(b.keys)
	return nil
}
