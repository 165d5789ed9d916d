package local

import "slices"

// checkExpressions refuses placeholders without an expression that could use
// them. expressions are those that the operation has.
func (q *itemRequest) checkExpressions(expressions ...string) error {
	var nulls []string // those that may hold values, and were not given
	if q.with.names == nil && q.with.values == nil {
		return nil
	}
	some, someValue := false, false
	for _, e := range expressions {
		given := q.expression(e) != nil
		some = some || given
		if e != "ProjectionExpression" {
			someValue = someValue || given
			nulls = append(nulls, e)
		}
	}
	if q.with.names != nil && !some {
		return invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if q.with.values != nil && len(nulls) > 0 && !someValue {
		verb := "is"
		if len(nulls) > 1 {
			verb = "are"
		}
		return invalid("ExpressionAttributeValues can only be specified when using expressions: %s %s null", joinAnd(nulls), verb)
	}
	return nil
}

func (q *itemRequest) expression(name string) *string {
	switch name {
	case "UpdateExpression":
		return q.update
	case "ConditionExpression":
		return q.condition
	case "FilterExpression":
		return q.filter
	case "KeyConditionExpression":
		return q.keyCondition
	}
	return q.projection
}

func joinAnd(words []string) string {
	out := words[0]
	for _, w := range words[1:] {
		out += " and " + w
	}
	return out
}

// checkPlaceholders checks the names and values themselves.
func (q *itemRequest) checkPlaceholders() error {
	w := &q.with
	if w.names == nil && w.values == nil {
		return nil
	}
	w.usedNames, w.usedValues = map[string]bool{}, map[string]bool{}
	if q.given["ExpressionAttributeNames"] {
		if len(w.names) == 0 {
			return invalid("ExpressionAttributeNames must not be empty")
		}
		for _, name := range sortedKeys(w.names) {
			if !isPlaceholder(name, '#') {
				return invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "%s"`, name)
			}
			if n := len(w.names[name]); n == 0 || n > 65535 {
				return invalid("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", name)
			}
		}
	}
	if !q.given["ExpressionAttributeValues"] {
		return nil
	}
	if len(w.values) == 0 {
		return invalid("ExpressionAttributeValues must not be empty")
	}
	for _, name := range sortedKeys(w.values) {
		if !isPlaceholder(name, ':') {
			return invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "%s"`, name)
		}
	}
	if q.badValue != "" {
		return invalid("ExpressionAttributeValues contains invalid value: %s", q.badValue)
	}
	return nil
}

func isPlaceholder(name string, mark byte) bool {
	return len(name) > 1 && name[0] == mark && wordEnd(name, 1) == len(name)
}

func sortedKeys[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
