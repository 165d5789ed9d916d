package local

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/traits"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
)

// A protocol is one of the wire formats of AWS.
type protocol int

const (
	protocolJSON10 protocol = iota // X-Amz-Target, JSON both ways
	protocolJSON11
	protocolREST  // methods and paths, JSON bodies (Lambda)
	protocolQuery // a form in, XML out (IAM, SNS, STS)
	protocolCBOR  // Smithy RPC v2 (CloudWatch)
)

// A response is an encoded answer.
type response struct {
	status int
	header http.Header
	body   []byte
	code   string // the error's code
}

func plainResponse(status int, text string) response {
	return response{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(text + "\n")}
}

func (p protocol) contentType() string {
	switch p {
	case protocolJSON10:
		return "application/x-amz-json-1.0"
	case protocolJSON11:
		return "application/x-amz-json-1.1"
	case protocolREST:
		return "application/json"
	case protocolQuery:
		return "text/xml"
	}
	return "application/cbor"
}

// ok wraps a body that is already in the protocol's format.
func (p protocol) ok(body []byte) response {
	res := response{status: http.StatusOK, header: http.Header{"Content-Type": {p.contentType()}}, body: body}
	if p == protocolCBOR {
		res.header.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	return res
}

// The schemas that SerializeRequest wants; only their shape matters, because
// what is written is an answer.
var (
	anyShape     = smithy.NewSchema(smithy.ShapeID{Namespace: "todoctl", Name: "Answer"}, smithy.ShapeTypeStructure, 0)
	anyService   = smithy.NewServiceSchema(smithy.NewSchema(smithy.ShapeID{Namespace: "todoctl", Name: "Local"}, smithy.ShapeTypeService, 0), "")
	anyOperation = smithy.NewOperationSchema(
		smithy.NewSchema(smithy.ShapeID{Namespace: "todoctl", Name: "Operation"}, smithy.ShapeTypeOperation, 0,
			&traits.HTTP{Method: http.MethodPost, URI: "/", Code: http.StatusOK}), anyShape, nil)
)

// An encoder writes a value in one of the SDK's own formats.
type encoder interface {
	SerializeRequest(context.Context, *smithy.OperationSchema, smithy.Serializable, *smithyhttp.Request) error
}

var encoders = map[protocol]encoder{
	protocolJSON10: awsjson.New10(anyService),
	protocolJSON11: awsjson.New11(anyService),
	protocolREST:   restjson1.New(anyService),
	protocolCBOR:   rpcv2.NewCBOR(anyService),
}

// A status is an Output that answers with another status than 200.
type status struct {
	Status int
	Output any
}

// A camel is an Output whose members begin with a small letter on the wire, and
// whose times are text there, though nothing in its Go type says so (freetier).
type camel struct{ Output any }

// encode writes an Output of the SDK. Those that can serialize themselves do,
// with the SDK's own code; the older ones are walked by reflection.
func (p protocol) encode(ctx context.Context, operation string, out any) response {
	code := http.StatusOK
	if s, ok := out.(status); ok {
		code, out = s.Status, s.Output
	}
	small := false
	if c, ok := out.(camel); ok {
		out, small = c.Output, true
	}
	var body []byte
	var err error
	switch v, ok := out.(smithy.Serializable); {
	case code == http.StatusNoContent:
	case p == protocolREST && reflect.Indirect(reflect.ValueOf(out)).NumField() <= 2:
		// Nothing but ResultMetadata and a marker. Such types have no schema,
		// and the SDK's REST serializer would follow a nil.
	case p == protocolQuery:
		body = encodeXML(operation, from(ctx).requestID, out)
	case ok:
		body, err = serialize(ctx, encoders[p], v)
	default:
		body, err = json.Marshal(plain(reflect.ValueOf(out), small))
	}
	if err != nil {
		return p.fail(ctx, err)
	}
	res := p.ok(body)
	res.status = code
	return res
}

func serialize(ctx context.Context, e encoder, v smithy.Serializable) ([]byte, error) {
	req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	ctx = middleware.WithOperationName(ctx, "Answer")
	if err := e.SerializeRequest(ctx, anyOperation, v, req); err != nil {
		return nil, err
	}
	if req.GetStream() == nil {
		return nil, nil
	}
	return io.ReadAll(req.GetStream())
}

// fail encodes an error. One that is not an apiError is a fault of this server.
func (p protocol) fail(ctx context.Context, err error) response {
	var e *apiError
	if !errors.As(err, &e) && errors.Is(err, diskFull) {
		// No fault that passes: an SDK would try again after a 500, and not after this.
		e = &apiError{Code: "InsufficientStorage", Message: "the disk under todoctl's local AWS is full", Status: http.StatusInsufficientStorage}
	}
	if e == nil {
		e = &apiError{Code: "InternalFailure", Message: "todoctl's local AWS failed: " + err.Error(), Status: http.StatusInternalServerError}
	}
	code := e.Status
	if code == 0 {
		code = http.StatusBadRequest
	}
	fault := "Sender"
	if code >= 500 {
		fault = "Receiver"
	}
	queryCode := cmp.Or(e.Query, e.Code)
	var res response
	switch p {
	case protocolQuery:
		var b bytes.Buffer
		b.WriteString("<ErrorResponse><Error><Type>" + fault + "</Type><Code>" + queryCode + "</Code><Message>")
		_ = xml.EscapeText(&b, []byte(e.Message)) // a bytes.Buffer does not fail
		b.WriteString("</Message></Error><RequestId>" + from(ctx).requestID + "</RequestId></ErrorResponse>")
		res = p.ok(b.Bytes())
	case protocolCBOR:
		body := cbor.Map{"__type": cbor.String(e.Code), "message": cbor.String(e.Message), "Message": cbor.String(e.Message)}
		for k, v := range e.Fields {
			body[k] = cbor.String(fmt.Sprint(v))
		}
		res = p.ok(cbor.Encode(body))
	default:
		// The models write this member in either way, even within a service.
		body := map[string]any{"message": e.Message, "Message": e.Message}
		if p == protocolREST {
			body["Type"] = strings.Replace(fault, "Sender", "User", 1)
		} else {
			body["__type"] = e.Code
		}
		maps.Copy(body, e.Fields)
		text, _ := json.Marshal(body) // strings and numbers always marshal
		res = p.ok(text)
		res.header.Set("X-Amzn-Errortype", e.Code)
	}
	if e.Query != "" || p == protocolCBOR {
		// For clients that knew the service when it spoke the form protocol.
		// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
		res.header.Set("X-Amzn-Query-Error", queryCode+";"+fault)
	}
	res.status, res.code = code, e.Code
	return res
}

// encodeXML writes <XResponse><XResult>...</XResult></XResponse>: members in
// the order of the struct, lists as <member>, maps as <entry>.
func encodeXML(operation, requestID string, out any) []byte {
	var b bytes.Buffer
	b.WriteString("<" + operation + "Response><" + operation + "Result>")
	if out != nil {
		writeXML(&b, reflect.ValueOf(out))
	}
	b.WriteString("</" + operation + "Result><ResponseMetadata><RequestId>" + requestID + "</RequestId></ResponseMetadata></" + operation + "Response>")
	return b.Bytes()
}

func writeXML(b *bytes.Buffer, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch {
	case v.Type() == timeType:
		b.WriteString(v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05Z"))
	case v.Kind() == reflect.Struct:
		for name, f := range members(v) {
			b.WriteString("<" + name + ">")
			writeXML(b, f)
			b.WriteString("</" + name + ">")
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			b.WriteString("<member>")
			writeXML(b, v.Index(i))
			b.WriteString("</member>")
		}
	case v.Kind() == reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		for _, k := range keys {
			b.WriteString("<entry><key>")
			_ = xml.EscapeText(b, []byte(k.String()))
			b.WriteString("</key><value>")
			writeXML(b, v.MapIndex(k))
			b.WriteString("</value></entry>")
		}
	case v.Kind() == reflect.String:
		_ = xml.EscapeText(b, []byte(v.String()))
	case v.Kind() == reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case v.CanInt():
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case v.CanFloat():
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	}
}

// members yields the set members of an SDK struct with their wire names.
func members(v reflect.Value) func(yield func(string, reflect.Value) bool) {
	return func(yield func(string, reflect.Value) bool) {
		for i := range v.NumField() {
			t := v.Type().Field(i)
			f := v.Field(i)
			if !t.IsExported() || t.Name == "ResultMetadata" {
				continue
			}
			switch f.Kind() {
			case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
				if f.IsNil() {
					continue
				}
			case reflect.String:
				if f.String() == "" {
					continue
				}
			}
			if !yield(t.Name, f) {
				return
			}
		}
	}
}

// plain turns an SDK struct into what encoding/json writes as AWS does: times
// as seconds, bytes as base64, absent members left out. small is for a camel.
func plain(v reflect.Value, small bool) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return map[string]any{}
	case v.Type() == timeType && small:
		return v.Interface().(time.Time).UTC().Format(time.RFC3339Nano)
	case v.Type() == timeType:
		return json.Number(strconv.FormatFloat(float64(v.Interface().(time.Time).UnixMilli())/1000, 'f', -1, 64))
	case v.Kind() == reflect.Struct:
		m := map[string]any{}
		for member, f := range members(v) {
			if small {
				member = strings.ToLower(member[:1]) + member[1:]
			}
			m[member] = plain(f, small)
		}
		return m
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	case v.Kind() == reflect.Slice:
		l := make([]any, v.Len())
		for i := range l {
			l[i] = plain(v.Index(i), small)
		}
		return l
	case v.Kind() == reflect.Map:
		m := map[string]any{}
		for it := v.MapRange(); it.Next(); {
			m[it.Key().String()] = plain(it.Value(), small)
		}
		return m
	}
	return v.Interface()
}
