package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// DynamoDB's typed JSON, as its API and its exports have it: every value is an
// object with its type as the one key, {"S":"milk"}, {"N":"12"}, and binary in
// base64. Numbers stay text, so none of their 38 digits is lost. The same item
// is always the same text: attributes are sorted, and so are sets, whose order
// DynamoDB does not keep.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html

// maxDepth bounds how deep a value is read: DynamoDB takes 32 levels of lists
// and maps, and reading much deeper ones would take minutes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxDepth = 40

var errTooDeep = errors.New("it is nested deeper than DynamoDB allows")

// typed makes an item ready for encoding/json, which sorts its attributes.
func typed(item map[string]dynamodbtypes.AttributeValue) map[string]any {
	out := make(map[string]any, len(item))
	for name, v := range item {
		out[name] = typedValue(v)
	}
	return out
}

func typedValue(v dynamodbtypes.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *dynamodbtypes.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *dynamodbtypes.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *dynamodbtypes.AttributeValueMemberB:
		return map[string]any{"B": notNil(v.Value)}
	case *dynamodbtypes.AttributeValueMemberSS:
		return map[string]any{"SS": notNil(slices.Sorted(slices.Values(v.Value)))}
	case *dynamodbtypes.AttributeValueMemberNS:
		return map[string]any{"NS": notNil(slices.Sorted(slices.Values(v.Value)))}
	case *dynamodbtypes.AttributeValueMemberBS:
		set := make([][]byte, 0, len(v.Value))
		for _, b := range v.Value {
			set = append(set, notNil(b))
		}
		slices.SortFunc(set, bytes.Compare)
		return map[string]any{"BS": set}
	case *dynamodbtypes.AttributeValueMemberM:
		return map[string]any{"M": typed(v.Value)}
	case *dynamodbtypes.AttributeValueMemberL:
		list := make([]any, 0, len(v.Value))
		for _, e := range v.Value {
			list = append(list, typedValue(e))
		}
		return map[string]any{"L": list}
	case *dynamodbtypes.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *dynamodbtypes.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	}
	// A type that DynamoDB gets after this was written: no backup is better than
	// one that lacks it, and json.Marshal refuses a channel with an error.
	return map[string]any{fmt.Sprintf("%T", v): make(chan struct{})}
}

// notNil makes encoding/json write [] or "" instead of null.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// untypedItem reads one item and checks that it has its key.
func untypedItem(line []byte) (map[string]dynamodbtypes.AttributeValue, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(line, &raw); err != nil {
		return nil, errors.New("it is not an item")
	}
	item, err := untyped(raw, 0)
	if err != nil {
		return nil, err
	}
	if key, ok := item[partitionKey].(*dynamodbtypes.AttributeValueMemberS); !ok || key.Value == "" {
		return nil, fmt.Errorf("the item has no %q of type S, which is the table's key", partitionKey)
	}
	return item, nil
}

func untyped(raw map[string]json.RawMessage, depth int) (map[string]dynamodbtypes.AttributeValue, error) {
	item := make(map[string]dynamodbtypes.AttributeValue, len(raw))
	for name, text := range raw {
		v, err := untypedValue(text, depth+1)
		if errors.Is(err, errTooDeep) {
			return nil, err // the way down there would fill a page
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		item[name] = v
	}
	return item, nil
}

func untypedValue(text json.RawMessage, depth int) (dynamodbtypes.AttributeValue, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	var one map[string]json.RawMessage
	if err := json.Unmarshal(text, &one); err != nil || len(one) != 1 {
		return nil, errors.New("a value must be an object with its type as the one key")
	}
	for kind, body := range one {
		v, err := untypedKind(kind, body, depth)
		if errors.Is(err, errTooDeep) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("type %s: %w", kind, err)
		}
		return v, nil
	}
	return nil, nil // not reached: one has one key
}

func untypedKind(kind string, body json.RawMessage, depth int) (dynamodbtypes.AttributeValue, error) {
	switch kind {
	case "S":
		v, err := read[string](body)
		return &dynamodbtypes.AttributeValueMemberS{Value: v}, err
	case "N":
		v, err := read[string](body)
		return &dynamodbtypes.AttributeValueMemberN{Value: v}, err
	case "B":
		v, err := read[[]byte](body)
		return &dynamodbtypes.AttributeValueMemberB{Value: v}, err
	case "SS":
		v, err := read[[]string](body)
		return &dynamodbtypes.AttributeValueMemberSS{Value: v}, err
	case "NS":
		v, err := read[[]string](body)
		return &dynamodbtypes.AttributeValueMemberNS{Value: v}, err
	case "BS":
		v, err := read[[][]byte](body)
		return &dynamodbtypes.AttributeValueMemberBS{Value: v}, err
	case "BOOL":
		v, err := read[bool](body)
		return &dynamodbtypes.AttributeValueMemberBOOL{Value: v}, err
	case "NULL":
		v, err := read[bool](body)
		return &dynamodbtypes.AttributeValueMemberNULL{Value: v}, err
	case "M":
		raw, err := read[map[string]json.RawMessage](body)
		if err != nil {
			return nil, err
		}
		v, err := untyped(raw, depth)
		return &dynamodbtypes.AttributeValueMemberM{Value: v}, err
	case "L":
		raw, err := read[[]json.RawMessage](body)
		if err != nil {
			return nil, err
		}
		list := make([]dynamodbtypes.AttributeValue, 0, len(raw))
		for _, text := range raw {
			v, err := untypedValue(text, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return &dynamodbtypes.AttributeValueMemberL{Value: list}, nil
	}
	return nil, errors.New("DynamoDB has no such type")
}

// read decodes one value; null, which encoding/json would let pass, is refused.
func read[T any](body json.RawMessage) (T, error) {
	var v *T
	if err := json.Unmarshal(body, &v); err != nil || v == nil {
		var zero T
		return zero, errors.New("the value is not of its type")
	}
	return *v, nil
}
