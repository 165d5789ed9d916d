package local

import (
	"context"

	"go.etcd.io/bbolt"
)

const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchBytes = 16 << 20
)

// batchGet is BatchGetItem.
func (x *dynamodbService) batchGet(ctx context.Context, body []byte) ([]byte, error) {
	var gets []*itemRequest // one for each table
	q, err := readItemRequest("BatchGetItem", body, func(r *jsonReader, q *itemRequest, name string) bool {
		if name != "RequestItems" {
			return false
		}
		q.give(name)
		r.object("Map", func(table string) {
			get := &itemRequest{operation: "BatchGetItem", table: table}
			r.object("KeysAndAttributes", func(name string) { get.member(r, name) })
			gets = append(gets, get)
		})
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := q.require("RequestItems"); err != nil {
		return nil, err
	}
	if len(gets) == 0 {
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	keeps := make([]*projection, len(gets))
	total := 0
	for i, get := range gets {
		if get.table, err = x.tableName(ctx, get.table); err != nil {
			return nil, err
		}
		if len(get.keys) == 0 {
			return nil, invalid("1 validation error detected: Value at 'requestItems.%s.member.keys' failed to satisfy constraint: Member must have length greater than or equal to 1", get.table)
		}
		if total += len(get.keys); total > maxBatchGet {
			return nil, invalid("Too many items requested for the BatchGetItem call")
		}
		if keeps[i], err = get.prepareGet(); err != nil {
			return nil, err
		}
	}
	costs := make([]cost, len(gets))
	var answer []byte
	err = x.db.viewItems(func(tx *bbolt.Tx) error {
		answer = append(answer[:0], `{"Responses":{`...)
		bytes := 0
		var left []byte // UnprocessedKeys
		for i, get := range gets {
			t, err := x.ready(tx, from(ctx).region, get.table)
			if err != nil {
				return err
			}
			if err := distinctKeys(t, get.keys); err != nil {
				return err
			}
			answer = append(appendString(member(answer), get.table), ":["...)
			first := len(answer)
			var unread []item
			for _, key := range get.keys {
				if bytes >= maxBatchBytes {
					unread = append(unread, key)
					continue
				}
				at, err := t.givenKey(key)
				if err != nil {
					return err
				}
				comma := ""
				if len(answer) > first {
					comma = ","
				}
				var size int
				if answer, size, err = getRecord(tx, t, at, keeps[i], answer, comma); err != nil {
					return err
				}
				bytes += size
				costs[i].table += readUnits(size, get.consistent)
			}
			answer = append(answer, ']')
			left = appendUnread(left, get, unread)
		}
		answer = append(answer, `},"UnprocessedKeys":{`...)
		answer = append(append(answer, left...), '}')
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, get := range gets {
		x.consumed(from(ctx).region, get.table, "Read", costs[i])
	}
	return append(appendCapacities(answer, q, gets, costs, ""), '}'), nil
}

// appendUnread writes a table's part of UnprocessedKeys.
func appendUnread(b []byte, get *itemRequest, keys []item) []byte {
	if len(keys) == 0 {
		return b
	}
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(appendString(b, get.table), `:{"Keys":[`...)
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, key)
	}
	b = append(b, `],"ConsistentRead":`...)
	b = appendBool(b, get.consistent)
	if get.projection != nil {
		b = appendString(append(b, `,"ProjectionExpression":`...), *get.projection)
	}
	if len(get.with.names) > 0 {
		b = append(b, `,"ExpressionAttributeNames":{`...)
		for _, name := range sortedKeys(get.with.names) {
			b = append(appendString(member(b), name), ':')
			b = appendString(b, get.with.names[name])
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendCapacities writes ConsumedCapacity as a list, one for each table.
func appendCapacities(b []byte, q *itemRequest, tables []*itemRequest, costs []cost, way string) []byte {
	if q.capacity != "TOTAL" && q.capacity != "INDEXES" {
		return b
	}
	sums := map[string]cost{}
	for i, t := range tables {
		sums[t.table] = sums[t.table].plus(1, costs[i])
	}
	b = append(member(b), `"ConsumedCapacity":[`...)
	for i, table := range sortedKeys(sums) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCost(b, table, q.capacity, way, sums[table])
	}
	return append(b, ']')
}

func distinctKeys(t *tableDoc, keys []item) error {
	seen := map[string]bool{}
	for _, key := range keys {
		at, err := t.givenKey(key)
		if err != nil {
			return err
		}
		if seen[string(at)] {
			return invalid("Provided list of item keys contains duplicates")
		}
		seen[string(at)] = true
	}
	return nil
}

// batchWrite is BatchWriteItem. It is one transaction here, so nothing is ever
// left unprocessed; on AWS each write stands for itself.
func (x *dynamodbService) batchWrite(ctx context.Context, body []byte) ([]byte, error) {
	var writes []*itemRequest
	empty := ""
	q, err := readItemRequest("BatchWriteItem", body, func(r *jsonReader, q *itemRequest, name string) bool {
		if name != "RequestItems" {
			return false
		}
		q.give(name)
		r.object("Map", func(table string) {
			before := len(writes)
			r.array("List", func() { writes = append(writes, r.writeRequest(table)) })
			if len(writes) == before {
				empty = table
			}
		})
		return true
	})
	if err != nil {
		return nil, err
	}
	if err := q.require("RequestItems"); err != nil {
		return nil, err
	}
	switch {
	case len(writes) == 0 && empty == "":
		return nil, invalid("1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case empty != "":
		return nil, invalid("The batch write request list for a table cannot be null or empty: %s", empty)
	case len(writes) > maxBatchWrite:
		return nil, invalid("Too many items requested for the BatchWriteItem call")
	}
	mutations := make([]*mutation, len(writes))
	for i, w := range writes {
		if w.operation == "" {
			return nil, invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
		if w.table, err = x.tableName(ctx, w.table); err != nil {
			return nil, err
		}
		if mutations[i], err = w.prepare(); err != nil {
			return nil, err
		}
	}
	costs := make([]cost, len(writes))
	err = x.changeItems(func(tx *itemTx) error {
		outcomes, err := x.decideAll(tx.Tx, from(ctx).region, mutations, "Provided list of item keys contains duplicates")
		if err != nil {
			return err
		}
		for i := range outcomes {
			costs[i] = outcomes[i].cost
			if outcomes[i].err != nil {
				return outcomes[i].err
			}
		}
		for i := range outcomes {
			if err := outcomes[i].write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, w := range writes {
		x.consumed(from(ctx).region, w.table, "Write", costs[i])
	}
	return append(appendCapacities([]byte(`{"UnprocessedItems":{}`), q, writes, costs, ""), '}'), nil
}

// writeRequest reads one PutRequest or DeleteRequest; its operation stays empty
// when it is neither, or both.
func (r *jsonReader) writeRequest(table string) *itemRequest {
	w := &itemRequest{table: table}
	r.object("WriteRequest", func(name string) {
		before := w.operation
		switch name {
		case "PutRequest":
			w.operation = "PutItem"
			r.object("PutRequest", func(name string) { w.member(r, name) })
		case "DeleteRequest":
			w.operation = "DeleteItem"
			r.object("DeleteRequest", func(name string) { w.member(r, name) })
		default:
			r.skip(0)
			return
		}
		if before != "" {
			w.operation = ""
		}
	})
	return w
}
