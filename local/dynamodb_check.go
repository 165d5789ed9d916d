package local

import (
	"slices"
	"strings"
)

// The checks of this file need no item: they compare the operands of an
// expression with what its operators and functions take, as DynamoDB does
// before it looks at the table.

const wrongOperand = "Incorrect operand type for operator or function; operator or function: %s, operand type: %s"

// settle keeps the first mistake of the condition just read.
func (p *parser) settle() {
	for _, f := range []fault{faultName, faultOperands, faultDistinct, faultType} {
		if p.faults[f] != "" {
			p.note(faultCondition, "%s", p.faults[f])
			return
		}
	}
}

// checkOperands notes literals that have no order beside an operator that asks for one.
func (p *parser) checkOperands(n *node) {
	if n.op == "=" || n.op == "<>" {
		return
	}
	for _, arg := range n.args {
		if k := arg.value.kind; k != "" && k != kindS && k != kindN && k != kindB {
			p.note(faultType, wrongOperand, n.op, k)
		}
	}
}

func (p *parser) checkBounds(low, high *node) {
	if !low.value.exists() || !high.value.exists() {
		return
	}
	const bounds = "; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s"
	if low.value.kind != high.value.kind {
		p.note(faultType, "The BETWEEN operator requires same data type for lower and upper bounds"+bounds,
			low.value.describe(), high.value.describe())
		return
	}
	if c, ok := low.value.order(high.value); ok && c > 0 {
		p.note(faultType, "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"+bounds,
			low.value.describe(), high.value.describe())
	}
}

// distinct notes a path compared with itself.
func (p *parser) distinct(n *node) {
	if len(n.args) == 2 && n.args[0].op == opPath && n.args[1].op == opPath && slices.Equal(n.args[0].path, n.args[1].path) {
		p.note(faultDistinct, "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s",
			n.op, n.args[0].path)
	}
}

// conditionFunctions are the functions of conditions and how many operands they take.
var conditionFunctions = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2,
	"begins_with": 2, "contains": 2, "size": 1,
}

var typeNames = []string{"S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"}

func (p *parser) checkFunction(n *node) {
	want, ok := conditionFunctions[n.op]
	switch {
	case !ok:
		p.note(faultFunction, "Invalid function name; function: %s", n.op)
		return
	case want != len(n.args):
		p.note(faultOperands, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
		return
	}
	p.distinct(n)
	switch n.op {
	case "attribute_exists", "attribute_not_exists":
		if n.args[0].op != opPath {
			p.note(faultType, "Operator or function requires a document path; operator or function: %s", n.op)
		}
	case "begins_with":
		for _, arg := range n.args {
			if k := arg.value.kind; k != "" && k != kindS && k != kindB {
				p.note(faultType, wrongOperand, n.op, k)
			}
		}
	case "attribute_type":
		switch t := n.args[1].value; {
		case n.args[1].op != opValue:
			p.note(faultType, wrongOperand, n.op, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
		case !t.exists(): // an undefined placeholder, already noted
		case t.kind != kindS:
			p.note(faultType, wrongOperand, n.op, t.kind)
		case !slices.Contains(typeNames, t.text):
			p.note(faultType, "Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", t.text)
		}
	case "size":
		if k := n.args[0].value.kind; k == kindN || k == kindBOOL || k == kindNULL {
			p.note(faultType, wrongOperand, n.op, k)
		}
	}
}

// longTypes are the names of types in the messages about ADD and DELETE.
var longTypes = map[kind]string{
	kindS: "STRING", kindN: "NUMBER", kindB: "BINARY", kindNULL: "NULL", kindBOOL: "BOOLEAN", kindL: "LIST", kindM: "MAP",
}

// checkUpdateFunction notes literals that an update's function or operator does not take.
func (p *parser) checkUpdateFunction(n *node) {
	switch n.op {
	case "if_not_exists", "list_append":
		if len(n.args) != 2 {
			p.note(faultType, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
			return
		}
	case "+", "-":
	default:
		p.note(faultFunction, "Invalid function name; function: %s", n.op)
		return
	}
	if n.op == "if_not_exists" {
		if n.args[0].op != opPath {
			p.note(faultType, "Operator or function requires a document path; operator or function: %s", n.op)
		}
		return
	}
	want := kindL
	if n.op != "list_append" {
		want = kindN
	}
	for _, arg := range n.args {
		if k := arg.value.kind; k != "" && k != want {
			p.note(faultType, wrongOperand, n.op, k)
		}
	}
}

// unused returns the error about placeholders that no expression used.
func (with *placeholders) unused() error {
	if left := missingFrom(with.names, with.usedNames); left != "" {
		return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", left)
	}
	if left := missingFrom(with.values, with.usedValues); left != "" {
		return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", left)
	}
	return nil
}

func missingFrom[T any](all map[string]T, used map[string]bool) string {
	if len(all) == len(used) { // every used one is defined, or there was an error before
		return ""
	}
	var left []string
	for name := range all {
		if !used[name] {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return strings.Join(left, ", ")
}
