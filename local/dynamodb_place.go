package local

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A place is where a Scan or a Query reads: a table, or one of its indexes.
type place struct {
	keySchema
	id    string // of the bucket
	table *tableDoc
	index *indexDoc // nil: the table itself
}

// place finds what IndexName asks for, and refuses what an index does not have.
func (rd *tableRead) place(t *tableDoc, now time.Time, lags Lags) (*place, error) {
	if !rd.given["IndexName"] {
		return &place{keySchema: t.keySchema, id: t.ID, table: t}, nil
	}
	kept := t.kept()
	i := slices.IndexFunc(kept, func(ix *indexDoc) bool { return ix.Name == rd.index })
	if i < 0 {
		return nil, invalid("The table does not have the specified index: %s", rd.index)
	}
	ix := kept[i]
	if rd.consistent {
		return nil, invalid("Consistent reads are not supported on global secondary indexes")
	}
	if _, building := ix.status(t, now, lags); building != notBuilding {
		return nil, invalid("Cannot read from backfilling global secondary index: %s", ix.Name)
	}
	if ix.Projection != types.ProjectionTypeAll {
		if rd.choice == "ALL_ATTRIBUTES" {
			return nil, invalid("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL", ix.Name)
		}
		if lacking := ix.lacks(t, rd.keep); len(lacking) > 0 {
			return nil, invalid("One or more parameter values were invalid: Global secondary index %s does not project [%s]", ix.Name, strings.Join(lacking, ", "))
		}
	}
	return &place{keySchema: ix.keySchema, id: ix.ID, table: t, index: ix}, nil
}

// lacks names the attributes of a ProjectionExpression that are not in the index.
func (ix *indexDoc) lacks(t *tableDoc, keep *projection) []string {
	var lacking []string
	if keep != nil {
		for _, path := range keep.paths {
			if name := path[0].name; !t.isKey(name) && !ix.isKey(name) && !slices.Contains(ix.Include, name) && !slices.Contains(lacking, name) {
				lacking = append(lacking, name)
			}
		}
	}
	return lacking
}

func (p *place) cost(units float64) cost {
	if p.index == nil {
		return cost{table: units}
	}
	return cost{}.with(p.index.Name, units)
}

// startKey is the position of an ExclusiveStartKey: an index needs the table's key
// as well, because several items may have the same key in it.
func (p *place) startKey(start item) ([]byte, error) {
	if p.index == nil {
		return p.table.givenKey(start)
	}
	named := p.table.keyOf(start)
	for _, k := range p.keys() {
		if !p.table.isKey(k.Name) {
			named = append(named, attribute{k.Name, start.get(k.Name)})
		}
	}
	if len(named) != len(start) {
		return nil, invalid("The provided key element does not match the schema")
	}
	for _, s := range []*keySchema{&p.table.keySchema, &p.keySchema} {
		if err := s.matches(start); err != nil {
			return nil, err
		}
	}
	return p.index.entryKey(p.table, start)
}

// lastKey is the LastEvaluatedKey for an item.
func (p *place) lastKey(it item) item {
	key := p.table.keyOf(it)
	if p.index != nil {
		for _, a := range p.keyOf(it) {
			key = key.with(a.name, a.value)
		}
	}
	return key
}

// around is where the keys with this sort key begin, and where the next ones do;
// partition is what they start with.
func (p *place) around(partition []byte, sort value) (first, after []byte) {
	if p.index == nil {
		first = sort.appendKey(bytes.Clone(partition))
		return first, following(first)
	}
	first = append(p.beginning(partition, sort), sortEnd...)
	return first, past(first)
}

// beginning is what the keys start with whose sort key begins so.
func (p *place) beginning(partition []byte, sort value) []byte {
	if p.index == nil {
		return sort.appendKey(bytes.Clone(partition))
	}
	return appendOpen(bytes.Clone(partition), sort.appendKey(nil))
}
