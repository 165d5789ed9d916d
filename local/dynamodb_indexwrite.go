package local

import "bytes"

// An entryChange is what a write does to one index.
type entryChange struct {
	index          *indexDoc
	oldKey, newKey []byte
	old, new       record
}

// entries works out what a write does to the table's indexes.
func (o *outcome) entries() []entryChange {
	var changes []entryChange
	for _, ix := range o.table.kept() {
		c := entryChange{index: ix}
		c.oldKey, c.old = ix.entry(o.table, o.oldItem, o.old)
		c.newKey, c.new = ix.entry(o.table, o.newItem, o.new)
		if !bytes.Equal(c.oldKey, c.newKey) || !bytes.Equal(c.old, c.new) {
			changes = append(changes, c)
		}
	}
	return changes
}

// units is what the change of an entry costs: a write for each entry that is put
// or deleted, and one where the entry stays in its place.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
func (c *entryChange) units() float64 {
	oldSize, _ := c.old.split()
	newSize, _ := c.new.split()
	switch {
	case c.old == nil:
		return writeUnits(newSize)
	case c.new == nil:
		return writeUnits(oldSize)
	case bytes.Equal(c.oldKey, c.newKey):
		return writeUnits(max(oldSize, newSize))
	}
	return writeUnits(oldSize) + writeUnits(newSize)
}

func (c *entryChange) write(tx *itemTx) error {
	if c.old != nil && c.new != nil && bytes.Equal(c.oldKey, c.newKey) {
		return replace(tx, c.index.ID, c.newKey, c.old, c.new)
	}
	if err := replace(tx, c.index.ID, c.oldKey, c.old, nil); err != nil {
		return err
	}
	return replace(tx, c.index.ID, c.newKey, nil, c.new)
}

// checkIndexKeys refuses values that an index's key attribute cannot have. A value
// that an update leaves as it was may be one: it was there before the index.
func (o *outcome) checkIndexKeys(operation string) error {
	for _, ix := range o.table.kept() {
		for at, k := range ix.keys() {
			v := o.newItem.get(k.Name)
			if !v.exists() || operation == "UpdateItem" && v.equal(o.oldItem.get(k.Name)) {
				continue
			}
			most, which := maxHashKey, "Size of hashkey has exceeded the maximum size limit of%d bytes"
			if at > 0 {
				most, which = maxRangeKey, "Aggregated size of all range keys has exceeded the size limit of %d bytes"
			}
			switch {
			case string(v.kind) != string(k.Type):
				return invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", k.Name, k.Type, v.kind, ix.Name)
			case v.text == "" && operation == "UpdateItem":
				return invalid("One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty %s value.", emptyName(v.kind))
			case v.text == "":
				return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", emptyName(v.kind), ix.Name, k.Name)
			case len(v.text) > most:
				return invalid("One or more parameter values were invalid: "+which, most)
			}
		}
	}
	return nil
}
