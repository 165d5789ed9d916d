package local

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// A request is one call before its operation runs: the operation's name, and
// its input as a tree of map[string]any, []any, string, bool, json.Number,
// []byte and time.Time.
type request struct {
	protocol  protocol
	operation string
	body      []byte
	tree      func() (map[string]any, error) // decodes body, once asked
}

// decode fills the SDK's Input struct.
func (r request) decode(in reflect.Value) error {
	tree, err := r.tree()
	if err != nil {
		return err
	}
	return fill(in, tree)
}

// readRequest finds out what protocol the caller speaks and what it wants. The
// request it returns names the protocol even when there is an error, so that
// the error can be encoded.
//
// A method and a Content-Type that the protocol does not have are refused before
// the body is read: no GET changes anything, and none of what a web page may
// send without asking ("simple requests") is a call.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func readRequest(svc service, r *http.Request) (request, error) {
	req := request{protocol: svc.protocol}
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	target := r.Header.Get("X-Amz-Target")
	wanted := ""
	var labels map[string]string
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		req.protocol, wanted = protocolCBOR, "application/cbor"
		_, req.operation, _ = strings.Cut(r.URL.Path, "/operation/")
	case target != "":
		req.protocol, wanted = protocolJSON10, "application/x-amz-json-1.0"
		if contentType == "application/x-amz-json-1.1" {
			req.protocol, wanted = protocolJSON11, contentType
		}
		req.operation = target[strings.LastIndexByte(target, '.')+1:]
	case svc.protocol == protocolREST:
		if req.operation, labels = match(svc.routes, r.Method, r.URL.EscapedPath()); req.operation == "" {
			req.operation = r.Method + " " + r.URL.Path
			return req, notImplemented(req.operation)
		}
	default:
		req.protocol, wanted = protocolQuery, "application/x-www-form-urlencoded"
	}
	if wanted != "" && (r.Method != http.MethodPost || contentType != wanted) {
		req.protocol = svc.protocol
		return req, unknownOperation()
	}
	body, err := readBody(r, svc.limit(req.operation))
	if err != nil {
		return req, err
	}
	req.body = body
	switch req.protocol {
	case protocolCBOR:
		req.tree = func() (map[string]any, error) { return parseCBOR(body) }
	case protocolJSON10, protocolJSON11:
		req.tree = func() (map[string]any, error) { return parseJSON(body) }
	case protocolREST:
		req.tree = func() (map[string]any, error) { return parseREST(body, labels, r.URL.Query()) }
	case protocolQuery:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return req, &apiError{Code: "MalformedQueryString", Message: "the form could not be read"}
		}
		req.operation = form.Get("Action")
		req.tree = func() (map[string]any, error) { return parseForm(form), nil }
	}
	if req.operation == "" {
		return req, unknownOperation()
	}
	return req, nil
}

func unknownOperation() error {
	return &apiError{Code: "UnknownOperationException", Message: "the request names no operation"}
}

func parseJSON(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		return nil, fmt.Errorf("the body is not a JSON object: %w", err)
	}
	return tree, nil
}

func parseCBOR(body []byte) (map[string]any, error) {
	if len(body) == 0 {
		return nil, nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("the body is not CBOR: %w", err)
	}
	tree, ok := plainCBOR(v).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the body is not a CBOR map")
	}
	return tree, nil
}

func plainCBOR(v cbor.Value) any {
	switch v := v.(type) {
	case cbor.Map:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plainCBOR(e)
		}
		return m
	case cbor.List:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = plainCBOR(e)
		}
		return l
	case *cbor.Tag: // 1: seconds since the epoch
		if t, err := cbor.AsTime(v); err == nil {
			return t
		}
		return plainCBOR(v.Value)
	case cbor.String:
		return string(v)
	case cbor.Slice:
		return []byte(v)
	case cbor.Bool:
		return bool(v)
	case cbor.Uint:
		return json.Number(strconv.FormatUint(uint64(v), 10))
	case cbor.NegInt:
		return json.Number("-" + strconv.FormatUint(uint64(v), 10))
	case cbor.Float32:
		return json.Number(strconv.FormatFloat(float64(v), 'g', -1, 32))
	case cbor.Float64:
		return json.Number(strconv.FormatFloat(float64(v), 'g', -1, 64))
	}
	return nil
}

// parseREST joins the body with the values in path and query.
func parseREST(body []byte, labels map[string]string, query url.Values) (map[string]any, error) {
	tree, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	if tree == nil {
		tree = map[string]any{}
	}
	for k, v := range query {
		if len(v) == 1 {
			tree[k] = v[0]
			continue
		}
		all := make([]any, len(v))
		for i := range v {
			all[i] = v[i]
		}
		tree[k] = all
	}
	for k, v := range labels {
		tree[k] = v
	}
	return tree, nil
}

// parseForm turns "Tags.member.1.Key=x" into a tree. Lists are "member.N" (or
// plain "N"), maps are "entry.N.key" with "entry.N.value".
func parseForm(form url.Values) map[string]any {
	tree := map[string]any{}
	for name, values := range form {
		if name == "Action" || name == "Version" {
			continue
		}
		at := tree
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = values[0]
	}
	plain, _ := plainForm(tree).(map[string]any)
	return plain
}

func plainForm(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for _, wrapper := range []string{"member", "entry"} {
		inner, ok := m[wrapper].(map[string]any)
		if !ok || len(m) != 1 {
			continue
		}
		list := make([]any, 0, len(inner))
		for i := 1; inner[strconv.Itoa(i)] != nil; i++ {
			list = append(list, plainForm(inner[strconv.Itoa(i)]))
		}
		if wrapper == "member" {
			return list
		}
		entries := map[string]any{}
		for _, e := range list {
			if e, ok := e.(map[string]any); ok {
				if k, ok := e["key"].(string); ok {
					entries[k] = e["value"]
				}
			}
		}
		return entries
	}
	for k, e := range m {
		m[k] = plainForm(e)
	}
	return m
}

// A route is one operation of a REST service.
type route struct {
	method    string
	path      []string // segments; "{FunctionName}" is a label
	operation string
}

// match finds the operation of a path and the values of its labels.
func match(routes []route, method, path string) (operation string, labels map[string]string) {
	segments := strings.Split(strings.Trim(path, "/"), "/")
next:
	for _, r := range routes {
		if r.method != method || len(r.path) != len(segments) {
			continue
		}
		labels = map[string]string{}
		for i, want := range r.path {
			if strings.HasPrefix(want, "{") {
				value, err := url.PathUnescape(segments[i])
				if err != nil {
					continue next
				}
				labels[strings.Trim(want, "{}")] = value
			} else if want != segments[i] {
				continue next
			}
		}
		return r.operation, labels
	}
	return "", nil
}

var timeType = reflect.TypeFor[time.Time]()

// fill sets dst, a struct of the SDK, from a tree. Member names are compared
// with the first letter's case ignored: the wire says "logGroupName" where Go
// says LogGroupName. Members that the struct lacks are passed over, as AWS does.
func fill(dst reflect.Value, v any) error {
	if v == nil {
		return nil
	}
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		if err := fill(p.Elem(), v); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	if dst.Type() == timeType {
		t, err := asTime(v)
		if err != nil {
			return err
		}
		dst.Set(reflect.ValueOf(t))
		return nil
	}
	switch dst.Kind() {
	case reflect.Struct:
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s wants a structure", dst.Type().Name())
		}
		for k, e := range m {
			if k == "" {
				continue
			}
			f := dst.FieldByName(strings.ToUpper(k[:1]) + k[1:])
			if !f.IsValid() || !f.CanSet() {
				continue
			}
			if err := fill(f, e); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
	case reflect.Slice:
		if dst.Type().Elem().Kind() == reflect.Uint8 {
			return fillBytes(dst, v)
		}
		l, ok := v.([]any)
		switch {
		case !ok && v == "": // an empty list, as forms write it
		case !ok:
			l = []any{v} // one value of a repeated query parameter
		}
		s := reflect.MakeSlice(dst.Type(), len(l), len(l))
		for i, e := range l {
			if err := fill(s.Index(i), e); err != nil {
				return err
			}
		}
		dst.Set(s)
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok && v != "" { // an empty map, as forms write it
			return fmt.Errorf("wants a map")
		}
		out := reflect.MakeMapWithSize(dst.Type(), len(m))
		for k, e := range m {
			value := reflect.New(dst.Type().Elem()).Elem()
			if err := fill(value, e); err != nil {
				return err
			}
			out.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), value)
		}
		dst.Set(out)
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("wants a string")
		}
		dst.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(fmt.Sprint(v))
		if err != nil {
			return fmt.Errorf("wants true or false")
		}
		dst.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
		if f, ferr := strconv.ParseFloat(fmt.Sprint(v), 64); err != nil && ferr == nil && f == float64(int64(f)) {
			n, err = int64(f), nil // 3.0 or 1e3
		}
		if err != nil || dst.OverflowInt(n) {
			return fmt.Errorf("wants a whole number")
		}
		dst.SetInt(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if err != nil {
			return fmt.Errorf("wants a number")
		}
		dst.SetFloat(f)
	default:
		return fmt.Errorf("todoctl's local AWS does not take a %s here", dst.Type())
	}
	return nil
}

func fillBytes(dst reflect.Value, v any) error {
	switch v := v.(type) {
	case []byte:
		dst.SetBytes(v)
	case string:
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return fmt.Errorf("wants base64")
		}
		dst.SetBytes(b)
	default:
		return fmt.Errorf("wants base64")
	}
	return nil
}

func asTime(v any) (time.Time, error) {
	switch v := v.(type) {
	case time.Time:
		return v, nil
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return time.Time{}, fmt.Errorf("wants a time")
		}
		return time.UnixMilli(int64(f * 1000)).UTC(), nil
	case string:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return time.Time{}, fmt.Errorf("wants a time")
		}
		return t, nil
	}
	return time.Time{}, fmt.Errorf("wants a time")
}
