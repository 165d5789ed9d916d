package local

import (
	"slices"
	"strconv"
	"strings"
)

// A documentPath leads to a value inside an item: names lead into maps, indexes into lists.
type documentPath []step

type step struct {
	name  string
	index int // when list is set
	list  bool
}

// String is the form in DynamoDB's messages: [tags, [0], name].
func (d documentPath) String() string {
	parts := make([]string, len(d))
	for i, s := range d {
		parts[i] = s.name
		if s.list {
			parts[i] = "[" + strconv.Itoa(s.index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// from follows the path; there may be no value at its end.
func (d documentPath) from(it item) value {
	v := value{kind: kindM, item: it}
	for _, s := range d {
		switch {
		case s.list && v.kind == kindL && s.index < len(v.list):
			v = v.list[s.index]
		case !s.list && v.kind == kindM:
			v = v.item.get(s.name)
		default:
			return value{}
		}
	}
	return v
}

// path reads a document path; its first token is a word or a #name.
func (p *parser) path() (documentPath, error) {
	first, err := p.pathName()
	if err != nil {
		return nil, err
	}
	path := documentPath{first}
	for {
		switch {
		case p.mark("."):
			s, err := p.pathName()
			if err != nil {
				return nil, err
			}
			path = append(path, s)
		case p.mark("["):
			t := p.peek()
			if t.class != tokenNumber {
				return nil, errSyntax
			}
			p.at++
			index, err := strconv.Atoi(t.text)
			if err != nil || index > 1<<30 {
				index = 1 << 30 // no list is that long
			}
			if err := p.want("]"); err != nil {
				return nil, err
			}
			path = append(path, step{index: index, list: true})
		default:
			return path, nil
		}
	}
}

func (p *parser) pathName() (step, error) {
	t := p.peek()
	switch t.class {
	case tokenWord:
		p.at++
		if isReserved(t.text) {
			p.note(faultReserved, "Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		return step{name: t.text}, nil
	case tokenName:
		p.at++
		name, ok := p.with.names[t.text]
		if !ok {
			p.note(faultName, "An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		} else {
			p.with.usedNames[t.text] = true
		}
		return step{name: name}, nil
	}
	return step{}, errSyntax
}

// disjoint notes two paths of which one leads through the other, or which take
// the same value for a map and for a list.
func (p *parser) disjoint(paths []documentPath, path documentPath) {
	for _, other := range paths {
		i := 0
		for i < len(other) && i < len(path) && other[i] == path[i] {
			i++
		}
		const rewrite = "must remove or rewrite one of these paths; path one: %s, path two: %s"
		switch {
		case i == len(other) || i == len(path):
			p.note(faultOverlap, "Two document paths overlap with each other; "+rewrite, other, path)
		case other[i].list != path[i].list:
			p.note(faultConflict, "Two document paths conflict with each other; "+rewrite, other, path)
		}
	}
}

// A projection is what to keep of each item.
type projection struct {
	paths []documentPath
	tree  *branch
}

// parseProjection reads a ProjectionExpression.
func parseProjection(text string, with *placeholders) (*projection, error) {
	p := &parser{what: "ProjectionExpression", text: text, with: with}
	var paths []documentPath
	err := p.parse(func() error {
		for {
			path, err := p.path()
			if err != nil {
				return err
			}
			p.disjoint(paths, path)
			paths = append(paths, path)
			if !p.mark(",") {
				return nil
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if err := p.first(faultReserved, faultName, faultOverlap, faultConflict); err != nil {
		return nil, err
	}
	return newProjection(paths), nil
}

func newProjection(paths []documentPath) *projection {
	tree := &branch{leaf: -1}
	for i, path := range paths {
		tree.add(path, i)
	}
	return &projection{paths: paths, tree: tree}
}

// of returns what the projection keeps of the item.
func (pr *projection) of(it item) item {
	v, _ := pr.tree.pick(value{kind: kindM, item: it})
	return v.item
}

// A branch is a node of the tree that several disjoint paths make.
type branch struct {
	step     step
	leaf     int // index of the path that ends here, -1 when it goes on
	branches []*branch
}

func (b *branch) add(path documentPath, leaf int) {
	for i, s := range path {
		at := slices.IndexFunc(b.branches, func(c *branch) bool { return c.step == s })
		if at < 0 {
			b.branches = append(b.branches, &branch{step: s, leaf: -1})
			at = len(b.branches) - 1
		}
		b = b.branches[at]
		if i == len(path)-1 {
			b.leaf = leaf
		}
	}
}

// pick keeps of v what the paths lead to. List elements close up, in their order.
func (b *branch) pick(v value) (value, bool) {
	if b.leaf >= 0 {
		return v, v.exists()
	}
	out := value{kind: v.kind}
	switch v.kind {
	case kindM:
		for _, c := range b.branches {
			if c.step.list {
				continue
			}
			if kept, ok := c.pick(v.item.get(c.step.name)); ok {
				out.item = append(out.item, attribute{c.step.name, kept})
			}
		}
		return out, len(out.item) > 0
	case kindL:
		for i, e := range v.list {
			for _, c := range b.branches {
				if !c.step.list || c.step.index != i {
					continue
				}
				if kept, ok := c.pick(e); ok {
					out.list = append(out.list, kept)
				}
			}
		}
		return out, len(out.list) > 0
	}
	return value{}, false
}
