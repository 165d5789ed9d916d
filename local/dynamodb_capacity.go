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

// consumed counts capacity for CloudWatch; way is "Read" or "Write".
func (x *dynamodbService) consumed(region, table, way string, units float64) {
	if units > 0 {
		x.metrics.add(region, "AWS/DynamoDB", "Consumed"+way+"CapacityUnits", map[string]string{"TableName": table}, "Count", units)
	}
}

// appendCapacity writes the ConsumedCapacity member where the caller wants it.
func appendCapacity(b []byte, q *itemRequest, units float64) []byte {
	if q.capacity != "TOTAL" && q.capacity != "INDEXES" {
		return b
	}
	return appendUnits(append(member(b), `"ConsumedCapacity":`...), q.table, q.capacity, "", units)
}

// member writes the comma before a member that is not the first.
func member(b []byte) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return b
}

// appendUnits writes one ConsumedCapacity; way ("Read", "Write") is named in transactions.
func appendUnits(b []byte, table, detail, way string, units float64) []byte {
	number := func(name string) {
		b = append(append(b, '"'), name...)
		b = append(b, `CapacityUnits":`...)
		b = strconv.AppendFloat(b, units, 'f', -1, 64)
	}
	b = append(b, '{')
	number("")
	if way != "" {
		b = append(b, ',')
		number(way)
	}
	b = append(b, `,"TableName":`...)
	b = appendString(b, table)
	if detail == "INDEXES" {
		b = append(b, `,"Table":{`...)
		number("")
		if way != "" {
			b = append(b, ',')
			number(way)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}
