package local

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// An itemRequest is the input of an item operation, of one table in a
// BatchGetItem, or of one part of a transaction. They share their members.
type itemRequest struct {
	operation string
	table     string
	item      item
	key       item
	keys      []item // BatchGetItem
	start     item
	given     map[string]bool // members that hold an attribute map, a list or a bool

	condition, filter, projection, keyCondition, update *string

	with          placeholders
	badAttribute  string // what is wrong with Item or Key
	badStart      string // ... with ExclusiveStartKey
	badValue      string // ... with ExpressionAttributeValues
	returnValues  string
	returnOnFail  string
	capacity      string
	choice        string // Select
	index         string
	token         string // ClientRequestToken
	consistent    bool
	backward      bool // ScanIndexForward is false
	limit         *int
	segment       *int
	totalSegments *int

	constraints []string // members outside their model's bounds
}

// legacy are the parameters from before expressions.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
var legacy = []string{"Expected", "AttributeUpdates", "AttributesToGet", "ConditionalOperator", "ScanFilter", "QueryFilter", "KeyConditions"}

// readItemRequest decodes a body; extra takes members that itemRequest does not
// have, and says whether it did.
func readItemRequest(operation string, body []byte, extra func(r *jsonReader, q *itemRequest, name string) bool) (*itemRequest, error) {
	q := &itemRequest{operation: operation}
	r := &jsonReader{data: body}
	r.object("structure", func(name string) {
		if extra == nil || !extra(r, q, name) {
			q.member(r, name)
		}
	})
	r.end()
	if r.err != nil {
		return nil, r.err
	}
	return q, q.bounds()
}

// member decodes one member. Those that no item operation has are passed over, as AWS does.
func (q *itemRequest) member(r *jsonReader, name string) {
	switch name {
	case "TableName":
		q.table = r.str()
	case "Item":
		q.item = r.item(&q.badAttribute)
		q.give(name)
	case "Key":
		q.key = r.item(&q.badAttribute)
		q.give(name)
	case "Keys":
		q.give(name)
		r.array("List", func() { q.keys = append(q.keys, r.item(&q.badAttribute)) })
	case "ExclusiveStartKey":
		q.start = r.item(&q.badStart)
		q.give(name)
	case "ConditionExpression":
		q.condition = r.text()
	case "FilterExpression":
		q.filter = r.text()
	case "ProjectionExpression":
		q.projection = r.text()
	case "KeyConditionExpression":
		q.keyCondition = r.text()
	case "UpdateExpression":
		q.update = r.text()
	case "ExpressionAttributeNames":
		q.give(name)
		q.with.names = map[string]string{}
		r.object("Map", func(key string) { q.with.names[key] = r.str() })
	case "ExpressionAttributeValues":
		q.give(name)
		q.with.values = map[string]value{}
		r.object("Map", func(key string) {
			bad := ""
			q.with.values[key] = r.value(1, &bad)
			if bad != "" && q.badValue == "" {
				q.badValue = bad + " for key " + key
			}
		})
	case "ReturnValues":
		q.returnValues = q.choose(r, name, "ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
	case "ReturnValuesOnConditionCheckFailure":
		q.returnOnFail = q.choose(r, name, "ALL_OLD", "NONE")
	case "ReturnConsumedCapacity":
		q.capacity = q.choose(r, name, "INDEXES", "TOTAL", "NONE")
	case "ReturnItemCollectionMetrics": // tables without local indexes have none
		q.choose(r, name, "SIZE", "NONE")
	case "Select":
		q.choice = q.choose(r, name, "SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
	case "IndexName":
		q.index = r.str()
		q.give(name)
	case "ClientRequestToken":
		q.token = r.str()
	case "ConsistentRead":
		q.consistent = r.bool()
	case "ScanIndexForward":
		q.backward = !r.bool()
	case "Limit":
		q.limit = q.whole(r, name, 1, 1<<31-1)
	case "Segment":
		q.segment = q.whole(r, name, 0, 999999)
	case "TotalSegments":
		q.totalSegments = q.whole(r, name, 1, 1000000)
	default:
		if slices.Contains(legacy, name) && r.err == nil {
			r.err = lacks(q.operation, name)
		}
		r.skip(0)
	}
}

func (q *itemRequest) give(name string) {
	if q.given == nil {
		q.given = map[string]bool{}
	}
	q.given[name] = true
}

func (q *itemRequest) choose(r *jsonReader, name string, from ...string) string {
	s := r.str()
	if r.err == nil && !slices.Contains(from, s) {
		q.constraint(name, "'"+s+"'", "Member must satisfy enum value set: ["+strings.Join(from, ", ")+"]")
	}
	return s
}

func (q *itemRequest) whole(r *jsonReader, name string, low, high int) *int {
	n := r.int()
	switch {
	case n < low:
		q.constraint(name, fmt.Sprintf("'%d'", n), fmt.Sprintf("Member must have value greater than or equal to %d", low))
	case n > high:
		q.constraint(name, fmt.Sprintf("'%d'", n), fmt.Sprintf("Member must have value less than or equal to %d", high))
	}
	return &n
}

func (q *itemRequest) constraint(member, value, rule string) {
	q.constraints = append(q.constraints, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, lowerFirst(member), rule))
}

// require notes members that must be there.
func (q *itemRequest) require(names ...string) error {
	for _, name := range names {
		if !q.given[name] {
			q.constraint(name, "null", "Member must not be null")
		}
	}
	return q.bounds()
}

// bounds is the error about members outside their model's bounds.
func (q *itemRequest) bounds() error {
	return outOfBounds(q.constraints)
}

func outOfBounds(constraints []string) error {
	switch n := len(constraints); n {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: %s", constraints[0])
	default:
		return invalid("%d validation errors detected: %s", n, strings.Join(constraints, "; "))
	}
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// lacks is the 501 for a parameter that the local DynamoDB does not have.
func lacks(operation, parameter string) error {
	return &apiError{
		Code:    "NotImplemented",
		Message: fmt.Sprintf("todoctl's local AWS does not have the parameter %s of %s", parameter, operation),
		Status:  501,
	}
}

// text reads a string that may be absent.
func (r *jsonReader) text() *string {
	s := r.str()
	return &s
}

// item reads a map of attribute values. What is wrong with a value goes to bad:
// it is an error of its own, later than those of the JSON.
func (r *jsonReader) item(bad *string) item {
	return r.attributes(1, bad)
}

func (r *jsonReader) attributes(depth int, bad *string) item {
	it := make(item, 0, 4)
	var seen map[string]int // only large maps: searching small ones is quicker
	r.object("Map", func(name string) {
		v := r.value(depth, bad)
		at := -1
		if seen == nil {
			at = slices.IndexFunc(it, func(a attribute) bool { return a.name == name })
		} else if i, ok := seen[name]; ok {
			at = i
		}
		if at >= 0 { // a name given twice: the last one counts
			it[at].value = v
			return
		}
		it = append(it, attribute{name, v})
		if len(it) == 16 {
			seen = map[string]int{}
			for i := range it {
				seen[it[i].name] = i
			}
		} else if seen != nil {
			seen[name] = len(it) - 1
		}
	})
	return it
}

// maxDepth is how deep lists and maps may be nested.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxDepth = 32

// value reads one attribute value.
func (r *jsonReader) value(depth int, bad *string) (v value) {
	wrong := func(message string) {
		if *bad == "" {
			*bad = message
		}
	}
	if depth > maxDepth+1 {
		wrong("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
		r.skip(depth)
		return v
	}
	types := 0
	r.object("AttributeValue", func(name string) {
		w := value{kind: kind(name)}
		switch w.kind {
		case kindS:
			w.text = r.str()
		case kindN:
			w.text = r.decimal(wrong)
		case kindB:
			w.text = r.binary()
		case kindBOOL:
			w.yes = r.bool()
		case kindNULL:
			if !r.bool() {
				wrong("One or more parameter values were invalid: Null attribute value types must have the value of true")
			}
		case kindSS, kindNS, kindBS:
			w.set = r.set(w.kind, wrong)
		case kindL:
			w.list = []value{}
			r.array("List", func() { w.list = append(w.list, r.value(depth+1, bad)) })
		case kindM:
			w.item = r.attributes(depth+1, bad)
		default:
			r.skip(depth)
			return
		}
		types++
		v = w
	})
	switch {
	case types == 0:
		wrong("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	case types > 1:
		wrong("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
	}
	return v
}

func (r *jsonReader) decimal(wrong func(string)) string {
	text := r.str()
	if r.err != nil {
		return ""
	}
	if smallInteger(text) {
		return text
	}
	d, err := parseDecimal(text)
	if err != nil {
		wrong(err.Error())
	}
	return d.String()
}

// smallInteger spots the numbers that need no work: digits alone, in the form
// that DynamoDB returns.
func smallInteger(text string) bool {
	if len(text) == 0 || len(text) > maxDigits || text[0] == '0' && len(text) > 1 {
		return false
	}
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

func (r *jsonReader) binary() string {
	text := r.str()
	if r.err != nil {
		return ""
	}
	if len(text)%4 != 0 {
		r.fail("Base64 encoded length is expected a multiple of 4 bytes but found: %d", len(text))
		return ""
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		r.fail("Invalid last non-pad Base64 character dectected") // AWS's own spelling
	}
	return string(raw)
}

func (r *jsonReader) set(k kind, wrong func(string)) []string {
	var set []string
	r.array("List", func() {
		switch k {
		case kindNS:
			set = append(set, r.decimal(wrong))
		case kindBS:
			set = append(set, r.binary())
		default:
			set = append(set, r.str())
		}
	})
	if len(set) == 0 {
		switch k {
		case kindSS:
			wrong("One or more parameter values were invalid: An string set  may not be empty")
		case kindNS:
			wrong("One or more parameter values were invalid: An number set  may not be empty")
		default:
			wrong("One or more parameter values were invalid: Binary sets should not be empty")
		}
		return nil
	}
	sorted := slices.Sorted(slices.Values(set))
	if len(slices.Compact(sorted)) < len(set) {
		switch k {
		case kindSS:
			wrong("One or more parameter values were invalid: Input collection [" + strings.Join(set, ", ") + "] contains duplicates.")
		case kindNS:
			wrong("Input collection contains duplicates")
		default:
			texts := make([]string, len(set))
			for i, e := range set {
				texts[i] = base64.StdEncoding.EncodeToString([]byte(e))
			}
			wrong("One or more parameter values were invalid: Input collection [" + strings.Join(texts, ", ") + "]of type BS contains duplicates.")
		}
	}
	return set
}
