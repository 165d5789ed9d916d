package local

import (
	"slices"
	"strings"
)

// An update is an UpdateExpression: actions on paths that do not overlap.
type update struct {
	actions []action
	tree    *branch
}

// An action is one part of an UpdateExpression.
type action struct {
	section string // "SET", "REMOVE", "ADD" or "DELETE"
	path    documentPath
	operand *node // SET: what to compute; ADD and DELETE: a value
}

// parseUpdate reads an UpdateExpression.
func parseUpdate(text string, with *placeholders) (*update, error) {
	p := &parser{what: "UpdateExpression", text: text, with: with}
	u := &update{}
	if err := p.parse(func() error { return p.sections(u) }); err != nil {
		return nil, err
	}
	if err := p.first(faultReserved, faultFunction, faultSection, faultName, faultValue,
		faultOverlap, faultConflict, faultOperandType, faultType); err != nil {
		return nil, err
	}
	paths := make([]documentPath, len(u.actions))
	for i, a := range u.actions {
		paths[i] = a.path
	}
	u.tree = newProjection(paths).tree
	return u, nil
}

func (p *parser) sections(u *update) error {
	seen := map[string]bool{}
	for {
		section := strings.ToUpper(p.peek().text)
		if p.peek().class != tokenWord || !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, section) {
			return errSyntax
		}
		p.at++
		if seen[section] {
			p.note(faultSection, `The "%s" section can only be used once in an update expression;`, section)
		}
		seen[section] = true
		for {
			a, err := p.action(section)
			if err != nil {
				return err
			}
			var before []documentPath
			for _, other := range u.actions {
				before = append(before, other.path)
			}
			p.disjoint(before, a.path)
			u.actions = append(u.actions, a)
			if !p.mark(",") {
				break
			}
		}
		if p.peek().class == tokenEnd {
			return nil
		}
	}
}

func (p *parser) action(section string) (action, error) {
	path, err := p.path()
	if err != nil {
		return action{}, err
	}
	a := action{section: section, path: path}
	switch section {
	case "SET":
		if err := p.want("="); err != nil {
			return a, err
		}
		a.operand, err = p.sum()
	case "ADD", "DELETE":
		if p.peek().class != tokenValue {
			return a, errSyntax
		}
		if a.operand, err = p.updateOperand(); err != nil {
			return a, err
		}
		k := a.operand.value.kind
		if long := longTypes[k]; long != "" && !(section == "ADD" && k == kindN) {
			p.note(faultOperandType, "Incorrect operand type for operator or function; operator: %s, operand type: %s", section, long)
		}
	}
	return a, err
}

// sum reads an operand, or two with + or - between.
func (p *parser) sum() (*node, error) {
	left, err := p.updateOperand()
	if err != nil {
		return nil, err
	}
	for _, op := range []string{"+", "-"} {
		if !p.mark(op) {
			continue
		}
		right, err := p.updateOperand()
		if err != nil {
			return nil, err
		}
		n := &node{op: op, args: []*node{left, right}}
		p.checkUpdateFunction(n)
		return n, nil
	}
	return left, nil
}

func (p *parser) updateOperand() (*node, error) {
	switch t := p.peek(); {
	case p.mark("("):
		n, err := p.sum()
		if err != nil {
			return nil, err
		}
		return n, p.want(")")
	case t.class == tokenValue:
		p.at++
		v, ok := p.with.values[t.text]
		if !ok {
			p.note(faultValue, "An expression attribute value used in expression is not defined; attribute value: %s", t.text)
		} else {
			p.with.usedValues[t.text] = true
		}
		return &node{op: opValue, value: v}, nil
	case t.class == tokenWord && p.tokens[p.at+1].text == "(":
		p.at += 2
		n := &node{op: t.text, call: true}
		for {
			arg, err := p.updateOperand()
			if err != nil {
				return nil, err
			}
			n.args = append(n.args, arg)
			if !p.mark(",") {
				break
			}
		}
		if err := p.want(")"); err != nil {
			return nil, err
		}
		p.checkUpdateFunction(n)
		return n, nil
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	return &node{op: opPath, path: path}, nil
}

// The mistakes that only the item shows.
var (
	errUpdatePath    = &apiError{Code: "ValidationException", Message: "The document path provided in the update expression is invalid for update"}
	errUpdateMissing = &apiError{Code: "ValidationException", Message: "The provided expression refers to an attribute that does not exist in the item"}
	errUpdateType    = &apiError{Code: "ValidationException", Message: "An operand in the update expression has an incorrect data type"}
)

// apply returns the item after the update. Every operand is read from the item
// as it was before.
func (u *update) apply(before item) (item, error) {
	values := make([]value, len(u.actions))
	for i, a := range u.actions {
		if a.operand == nil {
			continue
		}
		v, err := a.operand.compute(before)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	after, err := u.write(u.tree, value{kind: kindM, item: before}, values)
	return after.item, err
}

// compute is the value of a SET's right side.
func (n *node) compute(it item) (value, error) {
	switch n.op {
	case opValue:
		return n.value, nil
	case opPath:
		v := n.path.from(it)
		if !v.exists() {
			return v, errUpdateMissing
		}
		return v, nil
	case "if_not_exists":
		if v := n.args[0].path.from(it); v.exists() {
			return v, nil
		}
		return n.args[1].compute(it)
	}
	left, err := n.args[0].compute(it)
	if err != nil {
		return value{}, err
	}
	right, err := n.args[1].compute(it)
	if err != nil {
		return value{}, err
	}
	if n.op == "list_append" {
		if left.kind != kindL || right.kind != kindL {
			return value{}, errUpdateType
		}
		return value{kind: kindL, list: slices.Concat(left.list, right.list)}, nil
	}
	if left.kind != kindN || right.kind != kindN {
		return value{}, errUpdateType
	}
	addend := right.number()
	if n.op == "-" {
		addend = addend.negated()
	}
	return sumOf(left.number(), addend)
}

func sumOf(a, b decimal) (value, error) {
	sum, err := a.add(b)
	if err != nil {
		return value{}, invalid("%s", err)
	}
	return numberValue(sum), nil
}

// write carries out the actions below b on v.
func (u *update) write(b *branch, v value, values []value) (value, error) {
	if b.leaf >= 0 {
		return u.actions[b.leaf].on(v, values[b.leaf])
	}
	byIndex := b.branches[0].step.list // paths that disagree were refused when parsing
	switch {
	case v.kind == kindM && !byIndex:
		for _, c := range b.branches {
			child, err := u.write(c, v.item.get(c.step.name), values)
			if err != nil {
				return value{}, err
			}
			if child.exists() {
				v.item = v.item.with(c.step.name, child)
			} else {
				v.item = v.item.without(c.step.name)
			}
		}
		return v, nil
	case v.kind == kindL && byIndex:
		// Indexes mean the list as it was. Elements that are removed leave at
		// the end, and what lies beyond the end is appended, lowest index first.
		old := len(v.list)
		v.list = slices.Clone(v.list)
		children := slices.SortedFunc(slices.Values(b.branches), func(x, y *branch) int { return x.step.index - y.step.index })
		for _, c := range children {
			var was value
			if c.step.index < old {
				was = v.list[c.step.index]
			}
			child, err := u.write(c, was, values)
			if err != nil {
				return value{}, err
			}
			if c.step.index < old {
				v.list[c.step.index] = child
			} else {
				v.list = append(v.list, child)
			}
		}
		v.list = slices.DeleteFunc(v.list, func(e value) bool { return !e.exists() })
		return v, nil
	}
	return value{}, errUpdatePath
}

// on carries out one action on the value at its path; no value means remove.
func (a action) on(old, operand value) (value, error) {
	switch {
	case a.section == "SET":
		return operand, nil
	case a.section == "REMOVE":
		return value{}, nil
	case a.section == "ADD" && !old.exists():
		return operand, nil
	case a.section == "DELETE" && !old.exists():
		return value{}, nil
	case old.kind != operand.kind:
		return value{}, errUpdateType
	case old.kind == kindN:
		return sumOf(old.number(), operand.number())
	}
	keep := slices.DeleteFunc(slices.Clone(old.set), func(e string) bool { return slices.Contains(operand.set, e) })
	if a.section == "ADD" {
		keep = slices.Concat(old.set, slices.DeleteFunc(slices.Clone(operand.set), func(e string) bool { return slices.Contains(old.set, e) }))
	}
	if len(keep) == 0 {
		return value{}, nil // DynamoDB has no empty sets
	}
	return value{kind: old.kind, set: keep}, nil
}
