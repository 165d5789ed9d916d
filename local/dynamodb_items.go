package local

import (
	"bytes"
	"context"
	"encoding/json"

	"go.etcd.io/bbolt"
)

// maxItem is the size of an item in bytes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxItem = 400 << 10

// A mutation is a PutItem, UpdateItem or DeleteItem, or a part of a transaction,
// with everything worked out that needs no table.
type mutation struct {
	*itemRequest
	condition *node
	update    *update
	record    record // of a put
}

// prepare makes the checks that need no table, in DynamoDB's order.
func (q *itemRequest) prepare() (*mutation, error) {
	m := &mutation{itemRequest: q}
	var expressions []string
	if q.operation == "UpdateItem" {
		expressions = append(expressions, "UpdateExpression")
	}
	if err := q.checkExpressions(append(expressions, "ConditionExpression")...); err != nil {
		return nil, err
	}
	if q.badAttribute != "" {
		return nil, invalid("%s", q.badAttribute)
	}
	if q.operation != "UpdateItem" && q.returnValues != "" && q.returnValues != "ALL_OLD" && q.returnValues != "NONE" {
		return nil, invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	if q.operation == "PutItem" {
		m.record = newRecord(q.item)
		if n, _ := m.record.split(); n > maxItem {
			return nil, invalid("Item size has exceeded the maximum allowed size")
		}
	}
	if err := q.checkPlaceholders(); err != nil {
		return nil, err
	}
	var err error
	if q.update != nil && q.operation == "UpdateItem" {
		if m.update, err = parseUpdate(*q.update, &q.with); err != nil {
			return nil, err
		}
	}
	if q.condition != nil {
		if m.condition, err = parseCondition("ConditionExpression", *q.condition, &q.with); err != nil {
			return nil, err
		}
	}
	return m, q.with.unused()
}

// An outcome is what a mutation will do, decided in a transaction.
type outcome struct {
	table     *tableDoc
	key       []byte
	old, new  record // nil: no item. old is only good in its transaction
	oldItem   item   // decoded where it was needed
	newItem   item   // of a put or an update
	failed    bool   // the condition does not hold
	unchanged bool   // a ConditionCheck writes nothing
	changes   []entryChange
	cost      cost
}

// decide looks at the table and the item and works out what to do; it writes nothing.
func (x *dynamodbService) decide(tx *bbolt.Tx, region string, m *mutation) (o outcome, err error) {
	if o.table, err = x.ready(tx, region, m.table); err != nil {
		return o, err
	}
	if m.operation == "PutItem" {
		o.key, err = o.table.itemKey(m.item)
	} else {
		o.key, err = o.table.givenKey(m.key)
	}
	if err != nil {
		return o, err
	}
	if err := m.checkKeys(o.table); err != nil {
		return o, err
	}
	b, err := items(tx, o.table.ID)
	if err != nil {
		return o, err
	}
	o.old = b.Get(o.key)
	if m.condition != nil || m.operation == "UpdateItem" || len(o.table.Indexes) > 0 {
		if o.oldItem, err = o.old.item(); err != nil {
			return o, err
		}
	}
	if m.condition != nil && !m.condition.holds(o.oldItem) {
		o.failed = true
	}
	switch m.operation {
	case "PutItem":
		o.new, o.newItem = m.record, m.item
	case "ConditionCheck":
		o.new, o.unchanged = o.old, true
	case "UpdateItem":
		if o.failed {
			break
		}
		o.newItem = o.oldItem
		if o.old == nil {
			o.newItem = m.key
		}
		if m.update != nil {
			if o.newItem, err = m.update.apply(o.newItem); err != nil {
				return o, err
			}
		}
		o.new = newRecord(o.newItem)
		if n, _ := o.new.split(); n > maxItem {
			return o, invalid("Item size to update has exceeded the maximum allowed size")
		}
	}
	oldSize, _ := o.old.split()
	newSize, _ := o.new.split()
	if o.failed {
		newSize = 0 // a failed condition costs what is there
	}
	o.cost.table = writeUnits(max(oldSize, newSize))
	if len(o.table.Indexes) == 0 || o.failed || o.unchanged {
		return o, nil
	}
	if err := o.checkIndexKeys(m.operation); err != nil {
		return o, err
	}
	o.changes = o.entries()
	for _, c := range o.changes {
		o.cost = o.cost.with(c.index.Name, c.units())
	}
	return o, nil
}

// checkKeys refuses paths that change a key attribute or lead into one.
func (m *mutation) checkKeys(t *tableDoc) error {
	if m.update == nil {
		return nil
	}
	for _, a := range m.update.actions {
		if t.isKey(a.path[0].name) {
			return invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", a.path[0].name)
		}
	}
	return nil
}

// write carries the outcome out.
func (o *outcome) write(tx *itemTx) error {
	if o.failed || o.unchanged {
		return nil
	}
	for _, c := range o.changes {
		if err := c.write(tx); err != nil {
			return err
		}
	}
	return replace(tx, o.table.ID, o.key, o.old, o.new)
}

// writeItem is PutItem, UpdateItem and DeleteItem.
func (x *dynamodbService) writeItem(ctx context.Context, operation string, body []byte) ([]byte, error) {
	q, err := readItemRequest(operation, body, nil)
	if err != nil {
		return nil, err
	}
	if q.table, err = x.tableName(ctx, q.table); err != nil {
		return nil, err
	}
	subject := "Key"
	if operation == "PutItem" {
		subject = "Item"
	}
	if err := q.require(subject); err != nil {
		return nil, err
	}
	m, err := q.prepare()
	if err != nil {
		return nil, err
	}
	region := from(ctx).region
	var answer []byte
	var spent cost
	err = x.changeItems(func(tx *itemTx) error {
		o, err := x.decide(tx.Tx, region, m)
		if err != nil {
			return err
		}
		spent = o.cost
		if o.failed {
			return conditionFailed(&o, m.returnOnFail)
		}
		answer = m.answer(&o) // before write: o.old is then no longer good
		return o.write(tx)
	})
	x.consumed(region, q.table, "Write", spent)
	return answer, err
}

// conditionFailed is the error of a condition that does not hold.
func conditionFailed(o *outcome, returnOnFail string) error {
	e := &apiError{Code: "ConditionalCheckFailedException", Message: "The conditional request failed"}
	if returnOnFail == "ALL_OLD" && o.old != nil {
		_, old := o.old.split()
		e.Fields = map[string]any{"Item": json.RawMessage(bytes.Clone(old))}
	}
	return e
}

// answer writes the response.
func (m *mutation) answer(o *outcome) []byte {
	b := []byte{'{'}
	attributes := func(json []byte) {
		b = append(b, `"Attributes":`...)
		b = append(b, json...)
	}
	_, old := o.old.split()
	switch {
	case m.returnValues == "ALL_OLD" && o.old != nil:
		attributes(old)
	case m.returnValues == "ALL_NEW":
		_, now := o.new.split()
		attributes(now)
	case (m.returnValues == "UPDATED_OLD" || m.returnValues == "UPDATED_NEW") && m.update != nil:
		it := o.newItem
		if m.returnValues == "UPDATED_OLD" {
			it = o.oldItem
		}
		if kept, ok := m.update.tree.pick(value{kind: kindM, item: it}); ok {
			attributes(appendItem(nil, kept.item))
		}
	}
	return append(appendCapacity(b, m.itemRequest, o.cost), '}')
}

// getItem is GetItem.
func (x *dynamodbService) getItem(ctx context.Context, body []byte) ([]byte, error) {
	q, err := readItemRequest("GetItem", body, nil)
	if err != nil {
		return nil, err
	}
	if q.table, err = x.tableName(ctx, q.table); err != nil {
		return nil, err
	}
	if err := q.require("Key"); err != nil {
		return nil, err
	}
	keep, err := q.prepareGet()
	if err != nil {
		return nil, err
	}
	answer := []byte{'{'}
	var spent cost
	err = x.db.viewItems(func(tx *bbolt.Tx) error {
		t, err := x.ready(tx, from(ctx).region, q.table)
		if err != nil {
			return err
		}
		key, err := t.givenKey(q.key)
		if err != nil {
			return err
		}
		var size int
		answer, size, err = getRecord(tx, t, key, keep, answer, `"Item":`)
		spent.table = readUnits(size, q.consistent)
		return err
	})
	if err != nil {
		return nil, err
	}
	x.consumed(from(ctx).region, q.table, "Read", spent)
	return append(appendCapacity(answer, q, spent), '}'), nil
}

// prepareGet makes the checks of a GetItem that need no table.
func (q *itemRequest) prepareGet() (*projection, error) {
	if err := q.checkExpressions("ProjectionExpression"); err != nil {
		return nil, err
	}
	if q.badAttribute != "" {
		return nil, invalid("%s", q.badAttribute)
	}
	if err := q.checkPlaceholders(); err != nil {
		return nil, err
	}
	var keep *projection
	if q.projection != nil {
		var err error
		if keep, err = parseProjection(*q.projection, &q.with); err != nil {
			return nil, err
		}
	}
	return keep, q.with.unused()
}

// getRecord appends label and the item to b, or nothing when there is none.
func getRecord(tx *bbolt.Tx, t *tableDoc, key []byte, keep *projection, b []byte, label string) ([]byte, int, error) {
	if err := keep.checkKeys(&t.keySchema); err != nil {
		return b, 0, err
	}
	bucket, err := items(tx, t.ID)
	if err != nil {
		return b, 0, err
	}
	rec := record(bucket.Get(key))
	if rec == nil {
		return b, 0, nil
	}
	size, json := rec.split()
	b = append(b, label...)
	if keep == nil {
		return append(b, json...), size, nil
	}
	it, err := rec.item()
	return appendItem(b, keep.of(it)), size, err
}

// checkKeys refuses paths that lead into a key attribute.
func (pr *projection) checkKeys(s *keySchema) error {
	if pr == nil {
		return nil
	}
	for _, path := range pr.paths {
		if err := notIntoKey(s, path); err != nil {
			return err
		}
	}
	return nil
}

func notIntoKey(s *keySchema, path documentPath) error {
	if len(path) > 1 && s.isKey(path[0].name) {
		return invalid("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: %s", path[0].name)
	}
	return nil
}
