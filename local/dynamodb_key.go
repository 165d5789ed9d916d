package local

import (
	"bytes"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// A keyCondition is what a KeyConditionExpression asks of the key attributes.
type keyCondition struct {
	terms []keyTerm
}

type keyTerm struct {
	name   string
	op     string // "=", "<", "<=", ">", ">=", "BETWEEN" or "begins_with"
	values []value
}

// parseKeyCondition reads a KeyConditionExpression: one or two terms with AND.
func parseKeyCondition(text string, with *placeholders) (*keyCondition, error) {
	root, err := parseCondition("KeyConditionExpression", text, with)
	if err != nil {
		return nil, err
	}
	kc := &keyCondition{}
	if err := kc.add(root); err != nil {
		return nil, err
	}
	if n := len(kc.terms); n != 1 && n != 2 {
		return nil, invalid("Conditions can be of length 1 or 2 only")
	}
	return kc, nil
}

// swapped are the operators for a term with the value before the path.
var swapped = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (kc *keyCondition) add(n *node) error {
	switch {
	case n.op == "AND":
		if err := kc.add(n.args[0]); err != nil {
			return err
		}
		return kc.add(n.args[1])
	case n.op == "OR" || n.op == "NOT" || n.op == "IN" || n.op == "<>":
		return invalid("Invalid operator used in KeyConditionExpression: %s", n.op)
	case n.call && n.op != "begins_with":
		return invalid("Invalid operator used in KeyConditionExpression: %s", n.op)
	case (n.op == "BETWEEN" || n.call) && n.args[0].op != opPath:
		return invalid("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", n.op)
	}
	term := keyTerm{op: n.op}
	for i, arg := range n.args {
		switch {
		case arg.op == opValue:
			term.values = append(term.values, arg.value)
		case arg.op != opPath:
			return invalid("KeyConditionExpressions cannot contain nested operations")
		case term.name != "":
			return invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		case len(arg.path) > 1:
			return invalid("KeyConditionExpressions cannot have conditions on nested attributes")
		default:
			term.name = arg.path[0].name
			if i > 0 {
				term.op = swapped[n.op]
			}
		}
	}
	if term.name == "" {
		return invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	if slices.ContainsFunc(kc.terms, func(other keyTerm) bool { return other.name == term.name }) {
		return invalid("KeyConditionExpressions must only contain one condition per key")
	}
	kc.terms = append(kc.terms, term)
	return nil
}

// bounds is the stretch of keys that the condition names: low <= key < high.
func (kc *keyCondition) bounds(from *place) (low, high []byte, err error) {
	var hash, sort *keyTerm
	for i := range kc.terms {
		term := &kc.terms[i]
		switch {
		case term.name == from.Hash.Name:
			hash = term
			err = term.check(from.Hash)
		case from.Range != nil && term.name == from.Range.Name:
			sort = term
			err = term.check(*from.Range)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	switch {
	case hash == nil:
		return nil, nil, invalid("Query condition missed key schema element: %s", from.Hash.Name)
	case sort == nil && len(kc.terms) > 1 && from.Range != nil:
		return nil, nil, invalid("Query condition missed key schema element: %s", from.Range.Name)
	case hash.op != "=" || sort == nil && len(kc.terms) > 1:
		return nil, nil, invalid("Query key condition not supported")
	}
	low = from.partition(hash.values[0])
	if from.Range == nil && from.index == nil {
		return low, following(low), nil // nothing is longer than the key itself
	}
	high = past(low)
	if sort == nil {
		return low, high, nil
	}
	first, after := from.around(low, sort.values[0])
	switch sort.op {
	case "=":
		return first, after, nil
	case "<":
		return low, first, nil
	case "<=":
		return low, after, nil
	case ">":
		return after, high, nil
	case ">=":
		return first, high, nil
	case "BETWEEN":
		_, after = from.around(low, sort.values[1])
		return first, after, nil
	}
	first = from.beginning(low, sort.values[0])
	return first, past(first), nil // begins_with
}

// check refuses values of another type than the key's, and empty ones.
func (term *keyTerm) check(k keyAttribute) error {
	for _, v := range term.values {
		if string(v.kind) != string(k.Type) {
			return invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
		}
		if v.text == "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", emptyName(v.kind), k.Name)
		}
	}
	if term.op == "begins_with" && k.Type == types.ScalarAttributeTypeN {
		return invalid("One or more parameter values were invalid: ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type")
	}
	return nil
}

// following is the first key after k.
func following(k []byte) []byte { return append(bytes.Clone(k), 0) }

// past is the first key after all those that start with k; nil when there is none.
func past(k []byte) []byte {
	out := bytes.Clone(k)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil
}
