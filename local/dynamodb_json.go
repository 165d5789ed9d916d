package local

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonReader reads a request body of the item operations. encoding/json would
// do; this is several times faster, and it keeps DynamoDB's own messages for
// values of the wrong type. The first error sticks and everything after it
// reads as nothing.
type jsonReader struct {
	data []byte
	at   int
	err  error
}

// maxNesting bounds the depth of a body: DynamoDB takes 32 levels, and what is
// passed over must not fill the stack.
const maxNesting = 200

func serializationError(format string, args ...any) error {
	return &apiError{Code: "SerializationException", Message: fmt.Sprintf(format, args...)}
}

func (r *jsonReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = serializationError(format, args...)
		r.at = len(r.data)
	}
}

// next returns the first byte of the next token without taking it, 0 at the end.
func (r *jsonReader) next() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take reads the byte c if it is next.
func (r *jsonReader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// null reads a null if one is next: to AWS, a member that is null is absent.
func (r *jsonReader) null() bool {
	if r.next() == 'n' && r.at+4 <= len(r.data) && string(r.data[r.at:r.at+4]) == "null" {
		r.at += 4
		return true
	}
	return false
}

// object reads an object and calls member after each name; member reads the value.
func (r *jsonReader) object(what string, member func(name string)) {
	if !r.take('{') {
		r.mismatch(what)
		return
	}
	if r.take('}') {
		return
	}
	for r.err == nil {
		if r.next() != '"' {
			r.fail("the body is not JSON: a name was expected")
			return
		}
		name := r.str()
		if !r.take(':') {
			r.fail("the body is not JSON: a colon was expected")
			return
		}
		if !r.null() {
			member(name)
		}
		if r.take(',') {
			continue
		}
		if !r.take('}') {
			r.fail("the body is not JSON: the end of an object was expected")
		}
		return
	}
}

// array reads an array and calls element before each element, to read it.
func (r *jsonReader) array(what string, element func()) {
	if !r.take('[') {
		r.mismatch(what)
		return
	}
	if r.take(']') {
		return
	}
	for r.err == nil {
		element()
		if r.take(',') {
			continue
		}
		if !r.take(']') {
			r.fail("the body is not JSON: the end of an array was expected")
		}
		return
	}
}

// mismatch fails in DynamoDB's words for a value of the wrong JSON type.
func (r *jsonReader) mismatch(want string) {
	switch c := r.next(); {
	case c == '"':
		r.fail("STRING_VALUE cannot be converted to %s", want)
	case c == 't':
		r.fail("TRUE_VALUE cannot be converted to %s", want)
	case c == 'f':
		r.fail("FALSE_VALUE cannot be converted to %s", want)
	case c == '-' || c >= '0' && c <= '9':
		r.fail("NUMBER_VALUE cannot be converted to %s", want)
	case c == '{':
		r.fail("Start of structure or map found where not expected")
	case c == '[':
		r.fail("Unrecognized collection type class java.lang.%s", want)
	default:
		r.fail("the body is not JSON")
	}
}

func (r *jsonReader) bool() bool {
	switch c := r.next(); {
	case c == 't' && r.word("true"):
		return true
	case c == 'f' && r.word("false"):
		return false
	}
	r.mismatch("Boolean")
	return false
}

func (r *jsonReader) word(w string) bool {
	if len(r.data)-r.at < len(w) || string(r.data[r.at:r.at+len(w)]) != w {
		return false
	}
	r.at += len(w)
	return true
}

func (r *jsonReader) int() int {
	c := r.next()
	if c != '-' && (c < '0' || c > '9') {
		r.mismatch("Integer")
		return 0
	}
	text := r.number()
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < -1<<31 || f > 1<<31 {
		r.fail("NUMBER_VALUE cannot be converted to Integer")
	}
	return int(f) // AWS cuts fractions off
}

func (r *jsonReader) number() string {
	start := r.at
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			r.at++
			continue
		}
		break
	}
	return string(r.data[start:r.at])
}

func (r *jsonReader) str() string {
	if r.next() != '"' {
		r.mismatch("String")
		return ""
	}
	start := r.at + 1
	for i := start; i < len(r.data); i++ {
		switch c := r.data[i]; {
		case c == '"':
			text := r.data[start:i]
			r.at = i + 1
			if !utf8.Valid(text) {
				r.fail("the body is not UTF-8")
				return ""
			}
			return string(text)
		case c == '\\':
			return r.escaped(start, i)
		case c < ' ':
			r.fail("the body is not JSON: a control character in a string")
			return ""
		}
	}
	r.fail("the body is not JSON: a string does not end")
	return ""
}

// escaped reads the rest of a string from its first backslash on.
func (r *jsonReader) escaped(start, i int) string {
	out := slices.Clone(r.data[start:i])
	for i < len(r.data) {
		c := r.data[i]
		i++
		switch {
		case c == '"':
			r.at = i
			if !utf8.Valid(out) {
				r.fail("the body is not UTF-8")
				return ""
			}
			return string(out)
		case c < ' ':
			r.fail("the body is not JSON: a control character in a string")
			return ""
		case c != '\\':
			out = append(out, c)
			continue
		}
		if i == len(r.data) {
			break
		}
		c = r.data[i]
		i++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			c1, ok := r.hex(i)
			if !ok {
				r.fail("the body is not JSON: a bad escape in a string")
				return ""
			}
			i += 4
			if utf16.IsSurrogate(c1) && i+6 <= len(r.data) && r.data[i] == '\\' && r.data[i+1] == 'u' {
				if c2, ok := r.hex(i + 2); ok {
					if both := utf16.DecodeRune(c1, c2); both != utf8.RuneError {
						c1 = both
						i += 6
					}
				}
			}
			out = utf8.AppendRune(out, c1) // half a pair becomes U+FFFD
		default:
			r.fail("the body is not JSON: a bad escape in a string")
			return ""
		}
	}
	r.fail("the body is not JSON: a string does not end")
	return ""
}

func (r *jsonReader) hex(at int) (rune, bool) {
	if at+4 > len(r.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.data[at:at+4]), 16, 32)
	return rune(n), err == nil
}

// skip passes over a value of any type.
func (r *jsonReader) skip(depth int) {
	if depth > maxNesting {
		r.fail("the body is nested too deeply")
		return
	}
	switch c := r.next(); {
	case c == '{':
		r.object("", func(string) { r.skip(depth + 1) })
	case c == '[':
		r.array("", func() { r.skip(depth + 1) })
	case c == '"':
		r.str()
	case c == 't' && r.word("true"), c == 'f' && r.word("false"), c == 'n' && r.word("null"):
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	default:
		r.fail("the body is not JSON")
	}
}

// end fails when something follows the body's value.
func (r *jsonReader) end() {
	if r.err == nil && r.next() != 0 {
		r.fail("the body is not JSON: something follows its end")
	}
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string.
func appendString[T string | kind](b []byte, s T) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

func appendBool(b []byte, yes bool) []byte {
	return strconv.AppendBool(b, yes)
}

// appendScalar writes the text of an S, N or B.
func appendScalar(b []byte, k kind, text string) []byte {
	if k != kindB {
		return appendString(b, text)
	}
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, []byte(text))
	return append(b, '"')
}
