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

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// CheckBackup reads a backup through and says what is in it. It fails when the
// file is not a backup, is cut off, was changed, or has an item without its key.
func CheckBackup(r io.Reader) (Summary, error) {
	return readBackup(r, func(map[string]dynamodbtypes.AttributeValue, int) error { return nil })
}

// Restore puts the items of a backup into the stack's table; an item with the
// same id is replaced. It reads the whole file before it writes anything, and
// when it is stopped half-way, the same again ends it. The Summary of an error has
// the items that are known to be written.
func Restore(ctx context.Context, cfg Config, api itemAPI, r io.ReadSeeker) (Summary, error) {
	checked, err := CheckBackup(r)
	if err != nil {
		return Summary{}, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Summary{}, fmt.Errorf("read the backup again: %w", err)
	}
	b := batch{cfg: cfg, api: api, keys: map[string]bool{}}
	done, err := readBackup(r, func(item map[string]dynamodbtypes.AttributeValue, size int) error { return b.put(ctx, item, size) })
	if err == nil {
		err = b.flush(ctx)
	}
	if err == nil && done != checked {
		err = errors.New("the backup was changed while it was read")
	}
	if err != nil {
		done.Items = b.written
	}
	done.Table = cfg.TableName()
	return done, err
}

// readBackup calls each for every item, with the length of its line in bytes,
// and checks the file to its end. The line after which nothing comes is the last
// one: an item may look like it.
func readBackup(r io.Reader, each func(item map[string]dynamodbtypes.AttributeValue, size int) error) (Summary, error) {
	var done Summary
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	lines.Split(wholeLines)
	sum := sha256.New()
	var items itemSum
	var line []byte // the latest, not judged yet
	n := 0          // lines before it
	for ; lines.Scan(); n++ {
		switch {
		case n == 1:
			var err error
			if done.Table, err = readHeader(line); err != nil {
				return done, err
			}
		case n > 1:
			item, err := untypedItem(line)
			if err != nil {
				return done, fmt.Errorf("line %d of the backup: %w", n, err)
			}
			done.Items++
			items.add(line)
			if err := each(item, len(line)); err != nil {
				return done, err
			}
		}
		sum.Write(line)
		line = append(line[:0], lines.Bytes()...)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return done, fmt.Errorf("this is not a backup of todoctl: line %d is longer than any item", n+1)
	case err != nil:
		return done, fmt.Errorf("read the backup: %w", err)
	case n < 2:
		return done, errors.New("this is not a backup of todoctl, or only its beginning")
	}
	return finished(done, hex.EncodeToString(sum.Sum(nil)), items, line)
}

// readHeader reads the first line and returns the name of the table.
func readHeader(line []byte) (table string, err error) {
	var header backupHeader
	switch err := json.Unmarshal(line, &header); {
	case err != nil || header.Schema == 0 || header.Table == "":
		return "", errors.New("this is not a backup of todoctl: its first line is no header")
	case header.Schema != backupSchema:
		return "", fmt.Errorf("the backup has schema %d, and this todoctl reads schema %d: a newer todoctl made it", header.Schema, backupSchema)
	case header.Key != partitionKey:
		return "", fmt.Errorf("the backup's table has the key %q, should be %q", header.Key, partitionKey)
	}
	return header.Table, nil
}

// finished judges the last line. It must be, byte for byte, what Backup writes:
// encoding/json alone would let "ITEMS" pass for "items".
func finished(done Summary, sum string, items itemSum, line []byte) (Summary, error) {
	done.SHA256, done.Sum = sum, items.String()
	var trailer backupTrailer
	switch err := json.Unmarshal(line, &trailer); {
	case err != nil || trailer.SHA256 == "" || !bytes.HasSuffix(line, []byte("\n")):
		return done, errors.New("the backup is cut off: its last line is missing")
	case trailer.Items != done.Items:
		return done, fmt.Errorf("the backup has %d items, and its last line says %d", done.Items, trailer.Items)
	case trailer.SHA256 != sum:
		return done, errors.New("the backup was changed: its contents do not have the SHA-256 of its last line")
	}
	if want, err := done.lastLine(); err != nil || !bytes.Equal(line, want) {
		return done, errors.New("the backup was changed: its last line is not as todoctl writes it")
	}
	return done, nil
}

// wholeLines splits into lines and keeps their ends, so that every byte counts.
func wholeLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	end := bytes.IndexByte(data, '\n') + 1
	if end == 0 && atEOF {
		end = len(data)
	}
	if end == 0 {
		return 0, nil, nil
	}
	return end, data[:end], nil
}

// A batch collects items for BatchWriteItem.
type batch struct {
	cfg   Config
	api   itemAPI
	items []dynamodbtypes.WriteRequest
	size  int             // of items, as JSON, in bytes
	keys  map[string]bool // of items: one call must not name a key twice

	written int // items, of all batches
}

func (b *batch) put(ctx context.Context, item map[string]dynamodbtypes.AttributeValue, size int) error {
	key := item[partitionKey].(*dynamodbtypes.AttributeValueMemberS).Value // untypedItem checked it
	if b.keys[key] || len(b.items) == batchItems || b.size > 0 && b.size+size > batchBytes {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	b.keys[key] = true
	b.size += size
	b.items = append(b.items, dynamodbtypes.WriteRequest{PutRequest: &dynamodbtypes.PutRequest{Item: item}})
	return nil
}

// flush writes what is collected. DynamoDB gives back what its capacity had no
// room for, without an error.
func (b *batch) flush(ctx context.Context) error {
	table := b.cfg.TableName()
	for len(b.items) > 0 {
		before := len(b.items)
		err := b.cfg.Clock.until(ctx, capacityUsed, itemPatience, func() (bool, error, error) {
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
		b.written += before - len(b.items)
		b.cfg.progressed(b.written)
	}
	clear(b.keys)
	b.size = 0
	return nil
}
