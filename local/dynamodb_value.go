package local

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
)

// A kind is the type of an attribute value, by its name on the wire.
type kind string

const (
	kindS    kind = "S"
	kindN    kind = "N"
	kindB    kind = "B"
	kindBOOL kind = "BOOL"
	kindNULL kind = "NULL"
	kindSS   kind = "SS"
	kindNS   kind = "NS"
	kindBS   kind = "BS"
	kindL    kind = "L"
	kindM    kind = "M"
)

// element is the kind of what a set holds.
func (k kind) element() kind { return k[:1] }

// A value is one attribute value. The zero value is no value.
type value struct {
	kind kind
	text string   // S as it is, N in decimal's form, B as raw bytes
	yes  bool     // BOOL
	set  []string // SS, NS, BS, each like text
	list []value  // L
	item item     // M
}

// An attribute is a name with its value.
type attribute struct {
	name  string
	value value
}

// An item holds attributes in the order they came in; also a value of kind M.
type item []attribute

// get returns the attribute's value, or no value.
func (it item) get(name string) value {
	for i := range it {
		if it[i].name == name {
			return it[i].value
		}
	}
	return value{}
}

// with returns the item with the attribute set, without changing the receiver.
func (it item) with(name string, v value) item {
	for i := range it {
		if it[i].name == name {
			out := slices.Clone(it)
			out[i].value = v
			return out
		}
	}
	return append(slices.Clip(it), attribute{name, v})
}

// without returns the item without the attribute, without changing the receiver.
func (it item) without(name string) item {
	i := slices.IndexFunc(it, func(a attribute) bool { return a.name == name })
	if i < 0 {
		return it
	}
	return append(slices.Clone(it[:i]), it[i+1:]...)
}

func (v value) exists() bool { return v.kind != "" }

func (v value) number() decimal {
	d, _ := parseDecimal(v.text) // every N was checked when it came in
	return d
}

func numberValue(d decimal) value { return value{kind: kindN, text: d.String()} }

// size is what the item counts: towards the 400 KB limit, pages and capacity.
// Names and texts count their UTF-8 bytes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (it item) size() int {
	n := 0
	for i := range it {
		n += len(it[i].name) + it[i].value.size()
	}
	return n
}

func (v value) size() int {
	switch v.kind {
	case kindS, kindB:
		return len(v.text)
	case kindN:
		return v.number().size()
	case kindBOOL, kindNULL:
		return 1
	case kindNS:
		n := 0
		for _, e := range v.set {
			n += value{kind: kindN, text: e}.size()
		}
		return n
	case kindSS, kindBS:
		n := 0
		for _, e := range v.set {
			n += len(e)
		}
		return n
	case kindL: // 3 bytes, and 1 for each element
		n := 3
		for i := range v.list {
			n += 1 + v.list[i].size()
		}
		return n
	case kindM:
		return 3 + len(v.item) + v.item.size()
	}
	return 0
}

// equal compares as "=" does: same kind and same content, sets in any order.
// A number has only one form, so its text tells.
func (v value) equal(w value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case kindSS, kindNS, kindBS:
		return len(v.set) == len(w.set) && !slices.ContainsFunc(v.set, func(e string) bool { return !slices.Contains(w.set, e) })
	case kindL:
		return slices.EqualFunc(v.list, w.list, value.equal)
	case kindM:
		return len(v.item) == len(w.item) &&
			!slices.ContainsFunc(v.item, func(a attribute) bool { return !a.value.equal(w.item.get(a.name)) })
	}
	return v.text == w.text && v.yes == w.yes
}

// order compares as "<" does. Only two texts, two numbers or two binaries have
// an order; for anything else ok is false.
func (v value) order(w value) (c int, ok bool) {
	if v.kind != w.kind {
		return 0, false
	}
	switch v.kind {
	case kindN:
		return v.number().compare(w.number()), true
	case kindS, kindB:
		return cmp.Compare(v.text, w.text), true
	}
	return 0, false
}

// contains is the function of that name: part of a text, or member of a set or list.
func (v value) contains(w value) bool {
	switch v.kind {
	case kindS, kindB:
		return w.kind == v.kind && strings.Contains(v.text, w.text)
	case kindSS, kindNS, kindBS:
		return w.kind == v.kind.element() && slices.Contains(v.set, w.text)
	case kindL:
		return slices.ContainsFunc(v.list, w.equal)
	}
	return false
}

// length is the function size(); ok is false where it has no meaning.
func (v value) length() (n int, ok bool) {
	switch v.kind {
	case kindS, kindB:
		return len(v.text), true
	case kindSS, kindNS, kindBS:
		return len(v.set), true
	case kindL:
		return len(v.list), true
	case kindM:
		return len(v.item), true
	}
	return 0, false
}

// appendItem writes an item as JSON, the form of the wire and of the store.
func appendItem(b []byte, it item) []byte {
	b = append(b, '{')
	for i := range it {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, it[i].name)
		b = append(b, ':')
		b = appendValue(b, it[i].value)
	}
	return append(b, '}')
}

func appendValue(b []byte, v value) []byte {
	b = append(b, '{', '"')
	b = append(b, v.kind...)
	b = append(b, '"', ':')
	switch v.kind {
	case kindS, kindN, kindB:
		b = appendScalar(b, v.kind, v.text)
	case kindNULL:
		b = append(b, "true"...)
	case kindBOOL:
		b = appendBool(b, v.yes)
	case kindSS, kindNS, kindBS:
		b = append(b, '[')
		for i, e := range v.set {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendScalar(b, v.kind.element(), e)
		}
		b = append(b, ']')
	case kindL:
		b = append(b, '[')
		for i := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v.list[i])
		}
		b = append(b, ']')
	case kindM:
		b = appendItem(b, v.item)
	}
	return append(b, '}')
}

// appendKey writes a key attribute's value so that the bytes sort as DynamoDB
// sorts: texts by their UTF-8 bytes, numbers by size.
func (v value) appendKey(key []byte) []byte {
	if v.kind == kindN {
		return v.number().appendKey(key)
	}
	return append(key, v.text...)
}

// describe is how DynamoDB names a value in its messages: {N:5}.
func (v value) describe() string {
	text := v.text
	switch v.kind {
	case kindBOOL:
		text = "false"
		if v.yes {
			text = "true"
		}
	case kindNULL:
		text = "true"
	case kindB:
		text = base64.StdEncoding.EncodeToString([]byte(v.text))
	case kindSS, kindNS, kindBS:
		text = "[" + strings.Join(v.set, ", ") + "]"
	}
	return "{" + string(v.kind) + ":" + text + "}"
}
