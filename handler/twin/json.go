package twin

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// This file writes JSON exactly as the Python file's json.dumps does: a blank
// after colons and commas, keys sorted, characters as they are, whole numbers
// without a point. encoding/json differs in each of these.

// plain turns an attribute into string, bool, nil, number, []any and
// map[string]any.
func plain(v types.AttributeValue) (any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value, nil
	case *types.AttributeValueMemberBOOL:
		return v.Value, nil
	case *types.AttributeValueMemberNULL:
		return nil, nil
	case *types.AttributeValueMemberN:
		return newNumber(v.Value)
	case *types.AttributeValueMemberM:
		m := make(map[string]any, len(v.Value))
		for k, e := range v.Value {
			p, err := plain(e)
			if err != nil {
				return nil, err
			}
			m[k] = p
		}
		return m, nil
	case *types.AttributeValueMemberL:
		l := make([]any, len(v.Value))
		for i, e := range v.Value {
			p, err := plain(e)
			if err != nil {
				return nil, err
			}
			l[i] = p
		}
		return l, nil
	case *types.AttributeValueMemberB:
		return base64.StdEncoding.EncodeToString(v.Value), nil
	case *types.AttributeValueMemberBS:
		l := make([]string, len(v.Value))
		for i, b := range v.Value {
			l[i] = base64.StdEncoding.EncodeToString(b)
		}
		return plain(&types.AttributeValueMemberSS{Value: l})
	case *types.AttributeValueMemberSS:
		l := make([]any, 0, len(v.Value))
		for _, s := range slices.Sorted(slices.Values(v.Value)) {
			l = append(l, s)
		}
		return l, nil
	case *types.AttributeValueMemberNS:
		numbers := make([]number, len(v.Value))
		for i, s := range v.Value {
			n, err := newNumber(s)
			if err != nil {
				return nil, err
			}
			numbers[i] = n
		}
		slices.SortFunc(numbers, func(a, b number) int { return a.Cmp(b.Rat) })
		l := make([]any, len(numbers))
		for i, n := range numbers {
			l[i] = n
		}
		return l, nil
	}
	return nil, fmt.Errorf("%T has no form in JSON", v)
}

// A number is a decimal as DynamoDB keeps it.
type number struct{ *big.Rat }

func newNumber(text string) (number, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return number{}, fmt.Errorf("%q is not a number", text)
	}
	return number{r}, nil
}

// String is Python's: int when whole, else repr of the nearest float.
func (n number) String() string {
	if n.IsInt() {
		return n.Num().String()
	}
	f, _ := n.Float64()
	if abs := max(f, -f); abs >= 1e-4 && abs < 1e16 {
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

// dumps writes a plain value.
func dumps(v any) string {
	var b strings.Builder
	dump(&b, v)
	return b.String()
}

func dump(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case number:
		b.WriteString(v.String())
	case string:
		dumpString(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			dump(b, e)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			dumpString(b, k)
			b.WriteString(": ")
			dump(b, v[k])
		}
		b.WriteByte('}')
	}
}

func dumpString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 {
				fmt.Fprintf(b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
