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
//
// No part of it is ever held in memory but one page of the table, so the size
// of the table does not matter.

type itemAPI interface {
	Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
}

// A Summary is what a backup holds.
type Summary struct {
	Table  string // of the items: where they came from, or for Restore where they went
	Items  int
	SHA256 string // hex, of the header and the items; "" when there is no file
	Sum    string // hex, of the items in whatever order: the same items have the same
}

// Same says that two places hold the same items, each exactly as in the other.
func (s Summary) Same(t Summary) bool { return s.Items == t.Items && s.Sum == t.Sum }

const (
	backupSchema = 1

	// batchItems is as many writes as one BatchWriteItem takes.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
	batchItems = 25

	// batchBytes is as much JSON as one BatchWriteItem gets here: half of the
	// 16 MB that it takes, because 25 items of 400 KB can be more as JSON.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
	batchBytes = 8 << 20

	// maxLine bounds a line, and with it the memory that a file of somebody else
	// can take. An item has at most 400 KB, and JSON makes of the worst ones, sets
	// of numbers like 1E-130, almost seventy times as much.
	maxLine = 32 << 20

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
	Items  int    `json:"items"`
	SHA256 string `json:"sha256"`
}

// Backup writes every item of the stack's table to w, page by page, as of
// consistent reads. What is written to the table meanwhile may be missing, or
// be there in part: SumItems tells afterwards.
func Backup(ctx context.Context, cfg Config, api itemAPI, w io.Writer) (Summary, error) {
	done := Summary{Table: cfg.TableName()}
	sum := sha256.New()
	var items itemSum
	out := bufio.NewWriter(w)
	line := func(text []byte, err error) error {
		if err != nil {
			return err
		}
		sum.Write(text)
		if _, err = out.Write(text); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		return nil
	}
	if err := line(marshalLine(backupHeader{Schema: backupSchema, Table: done.Table, Key: partitionKey})); err != nil {
		return done, err
	}
	for item, err := range scan(ctx, cfg, api) {
		if err != nil {
			return done, err
		}
		text, err := marshalLine(typed(item))
		if err := line(text, err); err != nil {
			return done, err
		}
		items.add(text)
		done.Items++
	}
	done.SHA256, done.Sum = hex.EncodeToString(sum.Sum(nil)), items.String()
	if err := line(done.lastLine()); err != nil {
		return done, err
	}
	if err := out.Flush(); err != nil {
		return done, fmt.Errorf("write the backup: %w", err)
	}
	return done, nil
}

// lastLine is the one line with which a backup of this Summary ends.
func (s Summary) lastLine() ([]byte, error) {
	return marshalLine(backupTrailer{Items: s.Items, SHA256: s.SHA256})
}

// SumItems reads every item of the stack's table, as Backup does, and keeps only
// its Sum: it tells whether the table still holds what a backup does. It reads
// as many units as Backup, or as CountItems, which read every item too.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
func SumItems(ctx context.Context, cfg Config, api itemAPI) (Summary, error) {
	done := Summary{Table: cfg.TableName()}
	var items itemSum
	for item, err := range scan(ctx, cfg, api) {
		if err != nil {
			return done, err
		}
		text, err := marshalLine(typed(item))
		if err != nil {
			return done, err
		}
		items.add(text)
		done.Items++
	}
	done.Sum = items.String()
	return done, nil
}

// An itemSum adds up the SHA-256 of every item's line, as one number of 256
// bits. A sum does not depend on the order, which DynamoDB promises to nobody.
type itemSum [sha256.Size]byte

func (s *itemSum) add(line []byte) {
	carry := 0
	for i, b := range sha256.Sum256(line) {
		carry += int(s[i]) + int(b)
		s[i] = byte(carry)
		carry >>= 8
	}
}

func (s *itemSum) String() string { return hex.EncodeToString(s[:]) }

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
		for items := 0; ; {
			var out *dynamodb.ScanOutput
			err := cfg.unthrottled(ctx, func() (err error) { out, err = api.Scan(ctx, in); return })
			if isGone(err) {
				err = errors.Join(ErrNoTable, err)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			items += int(out.Count)
			cfg.progressed(items)
			if !yield(out, nil) || len(out.LastEvaluatedKey) == 0 {
				return
			}
			in.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// unthrottled calls again for as long as the table's capacity is used up.
func (c Config) unthrottled(ctx context.Context, call func() error) error {
	return c.Clock.until(ctx, capacityUsed, itemPatience, func() (bool, error, error) {
		err := call()
		switch apiCode(err) {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded":
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// ErrNoTable says that DynamoDB finds no table to read: there is none, or it is
// only being made, or is going.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
var ErrNoTable = errors.New("there is no table to read")

// CountItems counts the items of the stack's table with consistent reads.
func CountItems(ctx context.Context, cfg Config, api itemAPI) (int, error) {
	n := 0
	for page, err := range pages(ctx, cfg, api, dynamodbtypes.SelectCount) {
		if err != nil {
			return 0, err
		}
		n += int(page.Count)
	}
	return n, nil
}
