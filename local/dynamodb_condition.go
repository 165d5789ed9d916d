package local

import (
	"slices"
	"strconv"
	"strings"
)

// A node is a part of a condition: an operand (a path, a value or size()), or
// something true or false.
type node struct {
	op     string // "path", "value", "AND", "OR", "NOT", "=", ..., "BETWEEN", "IN", or a function's name
	args   []*node
	path   documentPath
	value  value
	call   bool // op is a function's name
	parens bool // stands in parentheses of its own
}

const (
	opPath  = "path"
	opValue = "value"
)

// operand reports whether the node stands for a value.
func (n *node) operand() bool { return n.op == opPath || n.op == opValue }

// comparators are the operators between two operands.
var comparators = []string{"=", "<>", "<", "<=", ">", ">="}

// parseCondition reads a ConditionExpression, FilterExpression or KeyConditionExpression.
func parseCondition(what, text string, with *placeholders) (*node, error) {
	p := &parser{what: what, text: text, with: with}
	var root *node
	err := p.parse(func() (err error) {
		root, err = p.truth(p.or)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := p.first(faultParens, faultFunction, faultMisuse, faultReserved, faultCondition); err != nil {
		return nil, err
	}
	return root, nil
}

// truth reads something that must be true or false.
func (p *parser) truth(read func() (*node, error)) (*node, error) {
	n, err := read()
	if err != nil {
		return nil, err
	}
	if n.operand() {
		return nil, errSyntax
	}
	if n.op == "size" {
		p.note(faultMisuse, "The function is not allowed to be used this way in an expression; function: %s", n.op)
	}
	return n, nil
}

func (p *parser) or() (*node, error)  { return p.chain("OR", p.and) }
func (p *parser) and() (*node, error) { return p.chain("AND", p.not) }

func (p *parser) chain(word string, read func() (*node, error)) (*node, error) {
	left, err := read()
	if err != nil {
		return nil, err
	}
	for p.peek().class == tokenWord && strings.EqualFold(p.peek().text, word) {
		if left.operand() {
			return nil, errSyntax
		}
		p.at++
		right, err := p.truth(read)
		if err != nil {
			return nil, err
		}
		left = &node{op: word, args: []*node{left, right}}
	}
	return left, nil
}

func (p *parser) not() (*node, error) {
	if !p.keyword("NOT") {
		return p.compare()
	}
	n, err := p.truth(p.not)
	if err != nil {
		return nil, err
	}
	return &node{op: "NOT", args: []*node{n}}, nil
}

// compare reads an operand with what is asked of it, or a function.
func (p *parser) compare() (*node, error) {
	left, err := p.primary()
	if err != nil {
		return nil, err
	}
	n := left
	switch t := p.peek(); {
	case t.class == tokenMark && slices.Contains(comparators, t.text):
		if n, err = p.after(t.text, left); err != nil {
			return nil, err
		}
		right, err := p.right()
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, right)
		p.checkOperands(n)
		p.distinct(n)
	case t.class == tokenWord && strings.EqualFold(t.text, "BETWEEN"):
		if n, err = p.after("BETWEEN", left); err != nil {
			return nil, err
		}
		low, err := p.right()
		if err != nil {
			return nil, err
		}
		if !p.keyword("AND") {
			return nil, errSyntax
		}
		high, err := p.right()
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, low, high)
		p.checkOperands(n)
		p.checkBounds(low, high)
	case t.class == tokenWord && strings.EqualFold(t.text, "IN"):
		if n, err = p.after("IN", left); err != nil {
			return nil, err
		}
		if err := p.want("("); err != nil {
			return nil, err
		}
		for {
			e, err := p.right()
			if err != nil {
				return nil, err
			}
			n.args = append(n.args, e)
			if !p.mark(",") {
				break
			}
		}
		if err := p.want(")"); err != nil {
			return nil, err
		}
	}
	if !n.operand() {
		p.settle()
	}
	return n, nil
}

// after starts a node with the operator that follows left.
func (p *parser) after(op string, left *node) (*node, error) {
	if !left.operand() && !left.call {
		return nil, errSyntax
	}
	p.at++
	p.onlySize(left)
	return &node{op: op, args: []*node{left}}, nil
}

// right reads the operand behind an operator.
func (p *parser) right() (*node, error) {
	n, err := p.primary()
	if err != nil {
		return nil, err
	}
	if !n.operand() && !n.call {
		return nil, errSyntax
	}
	p.onlySize(n)
	return n, nil
}

// onlySize notes a function other than size() where a value must stand.
func (p *parser) onlySize(n *node) {
	if n.call && n.op != "size" {
		p.note(faultMisuse, "The function is not allowed to be used this way in an expression; function: %s", n.op)
	}
}

// primary reads a path, a value, a function or something in parentheses.
func (p *parser) primary() (*node, error) {
	switch t := p.peek(); {
	case p.mark("("):
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if err := p.want(")"); err != nil {
			return nil, err
		}
		if n.parens {
			p.note(faultParens, "The expression has redundant parentheses;")
		}
		inner := *n
		inner.parens = true
		return &inner, nil
	case t.class == tokenValue:
		p.at++
		v, ok := p.with.values[t.text]
		if !ok {
			p.note(faultName, "An expression attribute value used in expression is not defined; attribute value: %s", t.text)
		} else {
			p.with.usedValues[t.text] = true
		}
		return &node{op: opValue, value: v}, nil
	case t.class == tokenWord && p.tokens[p.at+1].text == "(":
		return p.function()
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	return &node{op: opPath, path: path}, nil
}

// function reads a call such as begins_with(path, :value). Names of functions
// are in small letters.
func (p *parser) function() (*node, error) {
	n := &node{op: p.next().text, call: true}
	if err := p.want("("); err != nil {
		return nil, err
	}
	for {
		arg, err := p.right()
		if err != nil {
			return nil, err
		}
		if arg.call { // size() is no argument either
			p.note(faultMisuse, "The function is not allowed to be used this way in an expression; function: %s", arg.op)
		}
		n.args = append(n.args, arg)
		if !p.mark(",") {
			break
		}
	}
	if err := p.want(")"); err != nil {
		return nil, err
	}
	p.checkFunction(n)
	return n, nil
}

// holds reports whether the condition is true of the item; a missing item is an
// item without attributes.
func (n *node) holds(it item) bool {
	switch n.op {
	case "AND":
		return n.args[0].holds(it) && n.args[1].holds(it)
	case "OR":
		return n.args[0].holds(it) || n.args[1].holds(it)
	case "NOT":
		return !n.args[0].holds(it)
	}
	first := n.args[0].of(it)
	switch n.op {
	case "attribute_exists":
		return first.exists()
	case "attribute_not_exists":
		return !first.exists()
	case "=", "<>":
		second := n.args[1].of(it)
		equal := first.exists() && second.exists() && first.equal(second)
		return equal == (n.op == "=")
	case "IN":
		return first.exists() && slices.ContainsFunc(n.args[1:], func(e *node) bool { return first.equal(e.of(it)) })
	case "BETWEEN":
		low, ok1 := first.order(n.args[1].of(it))
		high, ok2 := first.order(n.args[2].of(it))
		return ok1 && ok2 && low >= 0 && high <= 0
	}
	second := n.args[1].of(it)
	switch n.op {
	case "attribute_type":
		return first.exists() && string(first.kind) == second.text
	case "begins_with":
		return first.kind == second.kind && (first.kind == kindS || first.kind == kindB) && strings.HasPrefix(first.text, second.text)
	case "contains":
		return first.contains(second)
	}
	c, ok := first.order(second)
	switch n.op {
	case "<":
		return ok && c < 0
	case "<=":
		return ok && c <= 0
	case ">":
		return ok && c > 0
	}
	return ok && c >= 0 // ">="
}

// of is the value of an operand in the item; there may be none.
func (n *node) of(it item) value {
	switch n.op {
	case opValue:
		return n.value
	case opPath:
		return n.path.from(it)
	}
	if length, ok := n.args[0].of(it).length(); ok { // size()
		d, _ := parseDecimal(strconv.Itoa(length))
		return numberValue(d)
	}
	return value{}
}

// paths calls yield with every document path in the condition.
func (n *node) paths(yield func(documentPath)) {
	if n.op == opPath {
		yield(n.path)
	}
	for _, arg := range n.args {
		arg.paths(yield)
	}
}
