package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"strconv"

	"go.etcd.io/bbolt"
)

// maxPage is how many bytes of items one Scan or Query looks at.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html
const maxPage = 1 << 20

// A tableRead is a Scan or Query with everything worked out that needs no table.
type tableRead struct {
	*itemRequest
	filter *node
	keep   *projection
	keys   *keyCondition // of a Query
}

func (x *dynamodbService) scan(ctx context.Context, body []byte) ([]byte, error) {
	return x.read(ctx, "Scan", body)
}

func (x *dynamodbService) query(ctx context.Context, body []byte) ([]byte, error) {
	return x.read(ctx, "Query", body)
}

// read is Scan and Query.
func (x *dynamodbService) read(ctx context.Context, operation string, body []byte) ([]byte, error) {
	q, err := readItemRequest(operation, body, nil)
	if err != nil {
		return nil, err
	}
	if q.table, err = x.tableName(ctx, q.table); err != nil {
		return nil, err
	}
	rd, err := q.prepareRead()
	if err != nil {
		return nil, err
	}
	region := from(ctx).region
	var answer []byte
	var spent cost
	view := x.db.viewItems
	if q.backward && rd.keys != nil {
		view = x.db.viewSettled
	}
	err = view(func(tx *bbolt.Tx) error {
		t, err := x.ready(tx, region, q.table)
		if err != nil {
			return err
		}
		from, err := rd.place(t, x.cfg.Now(), x.cfg.Lags)
		if err != nil {
			return err
		}
		pg, err := rd.page(tx, from)
		if err != nil {
			return err
		}
		spent = from.cost(readUnits(pg.size, q.consistent))
		answer, err = rd.answer(from, pg, spent)
		return err
	})
	if err != nil {
		return nil, err
	}
	x.consumed(region, q.table, "Read", spent)
	return answer, nil
}

// prepareRead makes the checks that need no table, in DynamoDB's order.
func (q *itemRequest) prepareRead() (*tableRead, error) {
	rd := &tableRead{itemRequest: q}
	expressions := []string{"ProjectionExpression", "FilterExpression"}
	if q.operation == "Query" {
		expressions = append(expressions, "KeyConditionExpression")
	}
	if err := q.checkExpressions(expressions...); err != nil {
		return nil, err
	}
	if q.badStart != "" {
		return nil, invalid("The provided starting key is invalid: %s", q.badStart)
	}
	if q.operation == "Scan" {
		if err := q.checkSegments(); err != nil {
			return nil, err
		}
	} else if q.keyCondition == nil {
		return nil, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	if err := q.checkChoice(); err != nil {
		return nil, err
	}
	if err := q.checkPlaceholders(); err != nil {
		return nil, err
	}
	var err error
	if q.operation == "Query" {
		if rd.keys, err = parseKeyCondition(*q.keyCondition, &q.with); err != nil {
			return nil, err
		}
	}
	if q.filter != nil {
		if rd.filter, err = parseCondition("FilterExpression", *q.filter, &q.with); err != nil {
			return nil, err
		}
	}
	if q.projection != nil {
		if rd.keep, err = parseProjection(*q.projection, &q.with); err != nil {
			return nil, err
		}
	}
	return rd, q.with.unused()
}

func (q *itemRequest) checkSegments() error {
	switch {
	case q.segment != nil && q.totalSegments == nil:
		return invalid("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case q.segment == nil && q.totalSegments != nil:
		return invalid("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case q.segment != nil && *q.segment >= *q.totalSegments:
		return invalid("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d",
			*q.segment, *q.totalSegments)
	}
	return nil
}

// checkChoice checks Select against the other parameters.
func (q *itemRequest) checkChoice() error {
	switch {
	case q.choice == "ALL_PROJECTED_ATTRIBUTES" && !q.given["IndexName"]:
		return invalid("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
	case q.choice == "SPECIFIC_ATTRIBUTES" && q.projection == nil:
		return invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
	case q.choice == "ALL_ATTRIBUTES" && q.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES")
	case q.choice == "COUNT" && q.projection != nil:
		return invalid("Cannot specify the ProjectionExpression when choosing to get only the Count")
	}
	return nil
}

// A span is a stretch of the table's keys, in the order in which it is read.
type span struct {
	low, high []byte // low <= key < high; nil is no bound
	backward  bool
	after     []byte // where the page before stopped
}

// start puts the cursor on the first record of the span.
func (s *span) start(c *bbolt.Cursor) (k, v []byte) {
	if !s.backward {
		from := s.low
		if s.after != nil && bytes.Compare(s.after, from) >= 0 {
			from = s.after
		}
		k, v = c.Seek(from)
		if s.after != nil && bytes.Equal(k, s.after) {
			k, v = c.Next()
		}
		return k, v
	}
	to := s.high
	if s.after != nil && (to == nil || bytes.Compare(s.after, to) < 0) {
		to = s.after
	}
	if to == nil {
		return c.Last()
	}
	if k, _ = c.Seek(to); k == nil {
		return c.Last()
	}
	return c.Prev()
}

func (s *span) step(c *bbolt.Cursor) (k, v []byte) {
	if s.backward {
		return c.Prev()
	}
	return c.Next()
}

// holds reports whether the cursor is still inside.
func (s *span) holds(k []byte) bool {
	if k == nil {
		return false
	}
	if s.backward {
		return bytes.Compare(k, s.low) >= 0
	}
	return s.high == nil || bytes.Compare(k, s.high) < 0
}

// A scanPage is what one request found.
type scanPage struct {
	items   []byte // JSON, with commas between
	count   int    // items that the filter let through
	scanned int
	size    int    // bytes looked at
	last    record // where to go on; nil at the end
}

// page reads up to 1 MB or the limit.
func (rd *tableRead) page(tx *bbolt.Tx, from *place) (scanPage, error) {
	pg := scanPage{}
	s, err := rd.span(from)
	if err != nil {
		return pg, err
	}
	if err := rd.checkPaths(from); err != nil {
		return pg, err
	}
	b, err := items(tx, from.id)
	if err != nil {
		return pg, err
	}
	pg.items = make([]byte, 0, 16<<10)
	limit := math.MaxInt
	if rd.limit != nil {
		limit = *rd.limit
	}
	c := b.Cursor()
	for k, v := s.start(c); s.holds(k); k, v = s.step(c) {
		if err := rd.take(&pg, v); err != nil {
			return pg, err
		}
		if pg.scanned == limit || pg.size >= maxPage {
			pg.last = v
			break
		}
	}
	return pg, nil
}

// take looks at one item.
func (rd *tableRead) take(pg *scanPage, rec record) error {
	size, json := rec.split()
	pg.scanned++
	pg.size += size
	if rd.filter == nil && rd.keep == nil {
		pg.count++
		if rd.choice != "COUNT" {
			pg.separate()
			pg.items = append(pg.items, json...)
		}
		return nil
	}
	it, err := rec.item()
	if err != nil {
		return err
	}
	if rd.filter != nil && !rd.filter.holds(it) {
		return nil
	}
	pg.count++
	switch {
	case rd.choice == "COUNT":
	case rd.keep != nil:
		pg.separate()
		pg.items = appendItem(pg.items, rd.keep.of(it))
	default:
		pg.separate()
		pg.items = append(pg.items, json...)
	}
	return nil
}

func (pg *scanPage) separate() {
	if pg.count > 1 {
		pg.items = append(pg.items, ',')
	}
}

// span works out which keys to read.
func (rd *tableRead) span(from *place) (*span, error) {
	s := &span{backward: rd.backward && rd.keys != nil}
	if rd.keys != nil {
		var err error
		if s.low, s.high, err = rd.keys.bounds(from); err != nil {
			return nil, err
		}
	} else if rd.totalSegments != nil && *rd.totalSegments > 1 {
		// Segments cut the range of the hashes into equal parts.
		width := math.MaxUint64/uint64(*rd.totalSegments) + 1
		s.low = binary.BigEndian.AppendUint64(nil, uint64(*rd.segment)*width)
		if *rd.segment < *rd.totalSegments-1 {
			s.high = binary.BigEndian.AppendUint64(nil, uint64(*rd.segment+1)*width)
		}
	}
	if !rd.given["ExclusiveStartKey"] {
		return s, nil
	}
	after, err := from.startKey(rd.start)
	if err != nil {
		return nil, invalid("The provided starting key is invalid: %s", err.(*apiError).Message)
	}
	if bytes.Compare(after, s.low) < 0 || s.high != nil && bytes.Compare(after, s.high) >= 0 {
		if rd.keys != nil {
			return nil, invalid("The provided starting key is outside query boundaries based on provided conditions")
		}
		return nil, invalid("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d",
			*rd.totalSegments, *rd.segment)
	}
	s.after = after
	return s, nil
}

// checkPaths refuses expressions that lead into key attributes, and a Query's
// filter on them: that is what the key condition is for.
func (rd *tableRead) checkPaths(from *place) error {
	if err := rd.keep.checkKeys(&from.keySchema); err != nil || rd.filter == nil {
		return err
	}
	var err error
	rd.filter.paths(func(path documentPath) {
		switch {
		case err != nil:
		case rd.keys != nil && from.isKey(path[0].name):
			err = invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", path[0].name)
		default:
			err = notIntoKey(&from.keySchema, path)
		}
	})
	return err
}

// answer writes the response.
func (rd *tableRead) answer(from *place, pg scanPage, spent cost) ([]byte, error) {
	b := make([]byte, 0, len(pg.items)+512)
	b = append(b, `{"Count":`...)
	b = strconv.AppendInt(b, int64(pg.count), 10)
	b = append(b, `,"ScannedCount":`...)
	b = strconv.AppendInt(b, int64(pg.scanned), 10)
	if rd.choice != "COUNT" {
		b = append(b, `,"Items":[`...)
		b = append(b, pg.items...)
		b = append(b, ']')
	}
	if pg.last != nil {
		it, err := pg.last.item()
		if err != nil {
			return nil, err
		}
		b = append(b, `,"LastEvaluatedKey":`...)
		b = appendItem(b, from.lastKey(it))
	}
	return append(appendCapacity(b, rd.itemRequest, spent), '}'), nil
}
