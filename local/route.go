package local

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// A service is one AWS service. Its operations are methods that look like the
// SDK client's:
//
//	func (x *iamService) CreateRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error)
//
// so the SDK's types are the wire format, and what operations.go does not list
// is a 501.
type service struct {
	protocol protocol
	impl     implementation
	routes   []route              // restJSON only: which path is which operation
	table    map[string]operation // impl's operations by name
	access   string               // prefix of its actions in IAM policies ("dynamodb")
	most     int                  // bytes of a body, where that is more than maxBody
	camel    bool                 // members have small first letters on the wire, and the SDK's types do not say so
}

// An implementation has the operations of one service.
type implementation interface {
	operations() map[string]operation
}

// A rawService answers some operations from the bytes of the body, where
// decoding into the SDK's types would be too slow or too strict.
type rawService interface {
	raw(operation string) func(ctx context.Context, body []byte) ([]byte, error)
}

// A directService answers some operations from the HTTP request itself: the
// body of Lambda's Invoke is the event, and its options are headers.
type directService interface {
	direct(operation string) func(ctx context.Context, r *http.Request, body []byte) (response, error)
}

// scope finds service and Region in a SigV4 Authorization header:
// Credential=AKID/20261123/us-east-1/dynamodb/aws4_request.
var scope = regexp.MustCompile(`Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request`)

// origin is who made a call and where it goes; it travels in the context.
type origin struct {
	region    string
	accessKey string
	requestID string
}

type originKey struct{}

// from returns the origin of the call in ctx.
func from(ctx context.Context) origin {
	o, _ := ctx.Value(originKey{}).(origin)
	return o
}

// ServeHTTP answers one request to the API port.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if reason := s.refuse(r); reason != "" {
		http.Error(w, reason, http.StatusForbidden)
		return
	}
	s.api.ServeHTTP(w, r)
}

// serveAPI answers one API call.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	started := s.cfg.Now()
	if strings.HasPrefix(r.URL.Path, runtimePath) {
		s.lambda.serveRuntime(w, r)
		return
	}
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		http.Error(w, "this is the API port of todoctl's local AWS; calls must be signed (SigV4)", http.StatusForbidden)
		return
	}
	o := origin{accessKey: m[1], region: m[2], requestID: newRequestID()}
	call := Call{Time: started, Service: m[3], Region: o.region, Function: s.lambda.isFunctionKey(o.accessKey)}

	defer s.lambda.races.end(o.requestID)
	res := s.answer(context.WithValue(r.Context(), originKey{}, o), &call, r)
	call.Status, call.Code, call.Took = res.status, res.code, s.cfg.Now().Sub(started)
	s.record(call) // before the answer, so that a caller who counts sees its own call
	for k, v := range res.header {
		w.Header()[k] = v
	}
	w.Header().Set("X-Amzn-Requestid", o.requestID)
	if call.Service == "dynamodb" { // its SDKs check it
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(res.body)), 10))
	}
	if len(res.body) > 0 { // as AWS does; net/http would send what is over 2 KB in chunks
		w.Header().Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body)
}

// refuse keeps web pages and other machines away from the API port, and says
// why. A browser tells a page's origin in every request that could do harm, and
// the name by which it came in Host; a program tells its own.
func (s *Server) refuse(r *http.Request) string {
	s.mu.Lock()
	own := s.host
	s.mu.Unlock()
	if own != "" {
		if !Hosts(own, r.Host) {
			return "this Host is not the local AWS"
		}
		if !strings.HasPrefix(r.RequestURI, "/") { // CONNECT, OPTIONS *, http://...
			return "the local AWS is no proxy"
		}
	}
	if from := r.Header.Get("Origin"); from != "" && from != "http://"+r.Host {
		return "calls from web pages are refused"
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return "calls from web pages are refused"
	}
	return ""
}

// answer decodes, checks and carries out a call.
func (s *Server) answer(ctx context.Context, call *Call, r *http.Request) response {
	svc, known := s.services[call.Service]
	if !known {
		call.Operation = "?"
		return plainResponse(http.StatusNotImplemented,
			fmt.Sprintf("todoctl's local AWS does not have the service %q", call.Service))
	}
	req, err := readRequest(svc, r)
	call.Operation = req.operation
	if err != nil {
		return req.protocol.fail(ctx, err)
	}
	call.Write = writes(req.operation)
	s.logs.deliver()
	if err := s.billing(call.Service, req.operation); err != nil {
		return req.protocol.fail(ctx, err)
	}
	action := svc.access + ":" + req.operation
	if err := s.authorize(from(ctx), action, call.Service, req); err != nil {
		return req.protocol.fail(ctx, err)
	}
	if _, listed := svc.table[req.operation]; listed && call.Write && !call.Function {
		call.Target = s.target(from(ctx), action, call.Service, req)
	}
	return s.replica.through(s, call, r, req.body, from(ctx).requestID, func() response { return s.carryOut(ctx, svc, r, req) })
}

// carryOut calls the operation and encodes what it returns.
func (s *Server) carryOut(ctx context.Context, svc service, r *http.Request, req request) response {
	if direct, ok := svc.impl.(directService); ok {
		if do := direct.direct(req.operation); do != nil {
			res, err := do(ctx, r, req.body)
			if err != nil {
				return req.protocol.fail(ctx, err)
			}
			return res
		}
	}
	if raw, ok := svc.impl.(rawService); ok {
		if do := raw.raw(req.operation); do != nil {
			body, err := do(ctx, req.body)
			if err != nil {
				return req.protocol.fail(ctx, err)
			}
			return req.protocol.ok(body)
		}
	}
	out, err := svc.invoke(ctx, req)
	if err != nil {
		return req.protocol.fail(ctx, err)
	}
	if svc.camel {
		out = camel{out}
	}
	return req.protocol.encode(ctx, req.operation, out)
}

// invoke runs the operation on its decoded input.
func (svc service) invoke(ctx context.Context, req request) (any, error) {
	operation, known := svc.table[req.operation]
	if !known {
		return nil, notImplemented(req.operation)
	}
	in := reflect.New(operation.input)
	if err := req.decode(in.Elem()); err != nil {
		return nil, &apiError{Code: "SerializationException", Message: err.Error()}
	}
	return operation.do(ctx, in.Interface())
}

// reads are the prefixes of operations that change nothing.
var reads = []string{"Get", "List", "Describe", "Scan", "Query", "BatchGet", "Filter", "TransactGet", "Simulate"}

func writes(operation string) bool {
	for _, prefix := range reads {
		if strings.HasPrefix(operation, prefix) {
			return false
		}
	}
	return true
}

// An apiError is an error as AWS's services state it. The zero Status is 400.
type apiError struct {
	Code    string // the name of the error's shape
	Query   string // its code in the form protocol, where that is another (CloudWatch)
	Message string
	Status  int
	Fields  map[string]any // further members of the error's body
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

func notImplemented(operation string) error {
	return &apiError{
		Code:    "NotImplemented",
		Message: "todoctl's local AWS does not have the operation " + operation,
		Status:  http.StatusNotImplemented,
	}
}

// newRequestID returns a random id in AWS's form.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// What a request's body may have, in bytes.
const (
	// maxUpload is Lambda's 50 MB of zipped code in base64.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxUpload = 70 << 20

	// maxItems is what BatchWriteItem and TransactWriteItems take at most.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
	maxItems = 16 << 20

	// maxBatch is for PutLogEvents and PutMetricData: 1 MB of events, and more
	// where JSON escapes them.
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
	maxBatch = 4 << 20

	// maxBody is for everything else. Its largest is an SNS message: 256 KB,
	// three times that in a form.
	maxBody = 1 << 20
)

// limit is how many bytes the body of a call may have. operation is known
// before the body for REST services alone.
func (svc service) limit(operation string) int {
	switch {
	case operation == "CreateFunction", operation == "UpdateFunctionCode":
		return maxUpload
	case operation == "Invoke":
		return maxPayload + 1 // Invoke itself says that an event is too large
	case svc.most > 0:
		return svc.most
	}
	return maxBody
}

// readBody reads a body of at most limit bytes. PutMetricData comes compressed
// when it is large; the limit is for what it says then.
func readBody(r *http.Request, limit int) ([]byte, error) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, &apiError{Code: "SerializationException", Message: "the request's body is not gzip"}
		}
		from = z
	}
	body, err := io.ReadAll(io.LimitReader(from, int64(limit)+1))
	if err != nil {
		return nil, &apiError{Code: "SerializationException", Message: "the request's body could not be read"}
	}
	if len(body) > limit {
		return nil, &apiError{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("the request is larger than %d bytes", limit)}
	}
	return body, nil
}
