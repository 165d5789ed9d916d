package local

import "strconv"

// writeUnits and readUnits are the capacity that one item costs: 1 KB for a
// write unit, 4 KB for a consistent read unit, half of it when eventual.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

func readUnits(size int, consistent bool) float64 {
	units := float64(max(1, (size+4095)/4096))
	if !consistent {
		units /= 2
	}
	return units
}

// A cost is the capacity that a call consumes: a table's own, and its indexes'.
type cost struct {
	table   float64
	indexes map[string]float64 // by name; nil when there are none
}

func (c cost) total() float64 {
	sum := c.table
	for _, units := range c.indexes {
		sum += units
	}
	return sum
}

// plus adds n times another cost.
func (c cost) plus(n float64, other cost) cost {
	c.table += n * other.table
	for name, units := range other.indexes {
		c = c.with(name, n*units)
	}
	return c
}

// with adds units of an index.
func (c cost) with(index string, units float64) cost {
	sums := map[string]float64{index: units}
	for name, had := range c.indexes {
		sums[name] += had
	}
	c.indexes = sums
	return c
}

// consumed counts capacity for CloudWatch; way is "Read" or "Write". An index is
// counted by itself, not with its table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (x *dynamodbService) consumed(region, table, way string, c cost) {
	count := func(units float64, dimensions map[string]string) {
		if units > 0 {
			x.metrics.add(region, "AWS/DynamoDB", "Consumed"+way+"CapacityUnits", dimensions, "Count", units)
		}
	}
	count(c.table, map[string]string{"TableName": table})
	for name, units := range c.indexes {
		count(units, map[string]string{"TableName": table, "GlobalSecondaryIndexName": name})
	}
}

// appendCapacity writes the ConsumedCapacity member where the caller wants it.
func appendCapacity(b []byte, q *itemRequest, c cost) []byte {
	if q.capacity != "TOTAL" && q.capacity != "INDEXES" {
		return b
	}
	return appendCost(append(member(b), `"ConsumedCapacity":`...), q.table, q.capacity, "", c)
}

// member writes the comma before a member that is not the first.
func member(b []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return b
}

// appendCost writes one ConsumedCapacity; way ("Read", "Write") is named in transactions.
func appendCost(b []byte, table, detail, way string, c cost) []byte {
	b = appendUnits(append(b, '{'), way, c.total())
	b = append(b, `,"TableName":`...)
	b = appendString(b, table)
	if detail == "INDEXES" {
		b = append(appendUnits(append(b, `,"Table":{`...), way, c.table), '}')
		if len(c.indexes) > 0 {
			b = append(b, `,"GlobalSecondaryIndexes":{`...)
			for _, name := range sortedKeys(c.indexes) {
				b = append(appendString(member(b), name), `:{`...)
				b = append(appendUnits(b, way, c.indexes[name]), '}')
			}
			b = append(b, '}')
		}
	}
	return append(b, '}')
}

func appendUnits(b []byte, way string, units float64) []byte {
	number := func(name string) {
		b = append(append(b, '"'), name...)
		b = append(b, `CapacityUnits":`...)
		b = strconv.AppendFloat(b, units, 'f', -1, 64)
	}
	number("")
	if way != "" {
		b = append(b, ',')
		number(way)
	}
	return b
}
