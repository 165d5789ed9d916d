package provision

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// What Elsewhere tells, it tells of the very inputs that Apply sends. A tree is
// such an input in a form that can be written as JSON, as flags and as YAML. It
// is one of these:
//
//	string   text
//	literal  a number, true or false, and in YAML a reference
//	[]any    a list of trees
//	object   names with trees, in their order
type literal string

type object struct {
	why     string // the reason for the whole of it
	members []member
}

type member struct {
	name  string
	value any
	why   string // the reason for this one
}

// treeOf makes a tree of an SDK input or of a part of one. What is not set is
// left out, as the SDK leaves it out of the call.
func treeOf(v any) any { return treeOfValue(reflect.ValueOf(v)) }

// treeOfValue returns nil for what is not set.
func treeOfValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Pointer && v.Elem().Kind() != reflect.Struct {
			return scalar(v.Elem())
		}
		return treeOfValue(v.Elem())
	case reflect.Struct:
		o := object{}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				if field.Name == "why" {
					o.why = v.Field(i).String()
				}
				continue
			}
			if value := treeOfValue(v.Field(i)); value != nil {
				o.members = append(o.members, member{name: field.Name, value: value})
			}
		}
		return o
	case reflect.Map:
		if v.Len() == 0 {
			return nil
		}
		entries := map[string]any{}
		for k, value := range v.Seq2() {
			entries[k.String()] = elementOf(value)
		}
		o := object{}
		for _, k := range slices.Sorted(maps.Keys(entries)) {
			o.members = append(o.members, member{name: k, value: entries[k]})
		}
		return o
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 { // the zip is a file of its own
			return nil
		}
		list := []any{}
		for i := range v.Len() {
			list = append(list, elementOf(v.Index(i)))
		}
		return list
	}
	if v.IsZero() {
		return nil
	}
	return scalar(v)
}

// elementOf is the tree of an element, which is set, be it empty.
func elementOf(v reflect.Value) any {
	if v.Kind() == reflect.String {
		return v.String()
	}
	return treeOfValue(v)
}

// scalar is for what a pointer leads to as well, where zero is a value.
func scalar(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return literal(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		return literal(strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		return literal(strconv.FormatFloat(v.Float(), 'f', -1, 64))
	}
	panic(fmt.Sprintf("provision: an input has a %s, which cannot be told", v.Type()))
}

// member finds a member by its name.
func (o object) member(name string) any {
	for _, m := range o.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// without is the object without some members.
func (o object) without(names ...string) object {
	o.members = slices.DeleteFunc(slices.Clone(o.members), func(m member) bool { return slices.Contains(names, m.name) })
	return o
}

// with is the object with a member set, in its place or at the end.
func (o object) with(name string, value any) object {
	o.members = slices.Clone(o.members)
	for i := range o.members {
		if o.members[i].name == name {
			o.members[i].value = value
			return o
		}
	}
	o.members = append(o.members, member{name: name, value: value})
	return o
}

// first is the object with some members before all others.
func (o object) first(names ...string) object {
	var lead []member
	for _, name := range names {
		for _, m := range o.members {
			if m.name == name {
				lead = append(lead, m)
			}
		}
	}
	o.members = append(lead, o.without(names...).members...)
	return o
}

// last is the object with a member after all others.
func (o object) last(name string) object {
	if value := o.member(name); value != nil {
		return o.without(name).with(name, value)
	}
	return o
}

// explained is the object with a reason for a member.
func (o object) explained(name, why string) object {
	o.members = slices.Clone(o.members)
	for i := range o.members {
		if o.members[i].name == name {
			o.members[i].why = why
		}
	}
	return o
}

// paper is how wide Elsewhere's texts are, in columns. A single word may be wider.
const paper = 78

// jsonText writes a tree as JSON, on one line where it fits. from is the column
// at which it begins, indent that of its last line. Reasons become lines with //
// when commented is set.
func jsonText(tree any, from, indent int, commented bool) string {
	if line, ok := jsonLine(tree, commented); ok && from+len(line) <= paper {
		return line
	}
	in := "\n" + strings.Repeat(" ", indent+2)
	out := "\n" + strings.Repeat(" ", indent)
	var b strings.Builder
	switch t := tree.(type) {
	case object:
		b.WriteString("{")
		for i, m := range t.members {
			key := quoted(m.name) + ": "
			b.WriteString(in + key + jsonText(m.value, indent+2+len(key)+1, indent+2, commented))
			if i < len(t.members)-1 {
				b.WriteString(",")
			}
		}
		b.WriteString(out + "}")
	case []any:
		b.WriteString("[")
		for i, e := range t {
			if o, ok := e.(object); ok && commented && o.why != "" {
				for _, line := range foldWords(o.why, paper-indent-5) {
					b.WriteString(in + "// " + line)
				}
			}
			b.WriteString(in + jsonText(e, indent+2+1, indent+2, commented))
			if i < len(t)-1 {
				b.WriteString(",")
			}
		}
		b.WriteString(out + "]")
	default:
		line, _ := jsonLine(tree, false)
		return line
	}
	return b.String()
}

// jsonLine writes a tree on one line. It cannot where there is a reason to write.
func jsonLine(tree any, commented bool) (string, bool) {
	switch t := tree.(type) {
	case string:
		return quoted(t), true
	case literal:
		return string(t), true
	case object:
		var parts []string
		for _, m := range t.members {
			value, ok := jsonLine(m.value, commented)
			if !ok {
				return "", false
			}
			parts = append(parts, quoted(m.name)+": "+value)
		}
		return "{" + strings.Join(parts, ", ") + "}", t.why == "" || !commented
	case []any:
		var parts []string
		for _, e := range t {
			value, ok := jsonLine(e, commented)
			if !ok {
				return "", false
			}
			parts = append(parts, value)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	panic(fmt.Sprintf("provision: %T is no tree", tree))
}

// quoted is a JSON string.
func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic("provision: a string does not marshal: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// foldWords breaks a sentence into lines of at most width columns.
func foldWords(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
