package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"go.etcd.io/bbolt"
)

// A urlFront is what stands at a function's URL: it checks who may call, turns
// the request into an event, and the function's answer into a response.
//
// On AWS such a URL is public, and so is this one for every page in this
// machine's browsers: the CORS that its owner configured, "*" too, is kept to
// the letter. What is refused is a Host that is not the URL's own. On AWS the
// name decides which function is meant, and there is no other; here a page whose
// name has been pointed to 127.0.0.1 ("DNS rebinding") would be of the same
// origin as the URL, and the owner's CORS would count for nothing.
type urlFront struct {
	x       *lambdaService
	id      string
	fn      resource
	address string // host:port; empty without a socket
	server  *http.Server
}

// openFront opens a Function URL, on a socket when the server has sockets.
func (x *lambdaService) openFront(fn resource, id, address string) (*urlFront, error) {
	f := &urlFront{x: x, id: id, fn: fn}
	var l net.Listener
	if x.cfg.Listen != nil {
		var err error
		if l, err = x.cfg.Listen(address); err != nil {
			return nil, fmt.Errorf("open a socket for the Function URL: %w", err)
		}
		if err := onlyHere(l); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		f.address = l.Addr().String()
		f.server = httpServer(f)
	}
	x.mu.Lock()
	x.fronts[id] = f
	if f.address != "" {
		x.byAddress[f.address] = f
	}
	x.mu.Unlock()
	if l == nil {
		return f, nil
	}
	serve := func() {
		if err := serveCrowd(f.server, l, maxConnections); err != nil && !errors.Is(err, http.ErrServerClosed) {
			x.logf("the Function URL of %s: %v", fn.name, err)
		}
	}
	if !x.background(serve) {
		return nil, errors.Join(errClosed, l.Close())
	}
	return f, nil
}

// openURLs opens the Function URLs that the store holds. A URL keeps its port;
// when something else has taken it, the URL gets a new one and that is said.
func (x *lambdaService) openURLs() error {
	x.opening.Lock()
	defer x.opening.Unlock()
	var docs []functionDoc
	err := x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[functionDoc](tx, bucketFunctions, "")
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range docs {
		if d.URL == nil || x.isOpen(d.URL.ID) {
			continue
		}
		r := resource{region: d.Region, name: d.Name}
		f, err := x.openFront(r, d.URL.ID, d.URL.Address)
		if err != nil {
			if f, err = x.openFront(r, d.URL.ID, "127.0.0.1:0"); err != nil {
				return err
			}
			x.logf("the Function URL of %s has moved from %s to %s, because the old port is in use", d.Name, d.URL.Address, f.address)
		}
		if f.address == d.URL.Address {
			continue
		}
		if _, err := x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
			if d.URL != nil {
				d.URL.Address = f.address
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (x *lambdaService) isOpen(id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.fronts[id] != nil
}

// closeFront ends a Function URL; requests that are running are cut off.
func (x *lambdaService) closeFront(id string) {
	x.mu.Lock()
	f := x.fronts[id]
	delete(x.fronts, id)
	if f != nil {
		delete(x.byAddress, f.address)
	}
	x.mu.Unlock()
	if f != nil {
		f.close()
	}
}

func (f *urlFront) close() {
	if f.server != nil {
		_ = f.server.Close() // its listener is the only thing that can fail, and it is going
	}
}

// ServeHTTP answers one request to the Function URL, and counts it.
func (f *urlFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := f.x
	if !f.isFor(r) {
		urlMessage(http.StatusForbidden, "Forbidden: this Host is not the Function URL").write(w)
		return
	}
	started := x.cfg.Now()
	d, err := x.lookup(f.fn)
	var a urlAnswer
	switch {
	case err != nil || d.URL == nil || d.URL.ID != f.id:
		a = urlMessage(http.StatusNotFound, "Not Found")
	default:
		a = f.answer(d, r)
	}
	took := x.cfg.Now().Sub(started)
	x.record(Call{
		Time: started, Service: "url", Operation: r.Method + " " + r.URL.Path, Region: f.fn.region,
		Write:  r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions,
		Status: a.status, Code: a.code, Took: took,
	})
	if err == nil && !a.preflight {
		x.count(d, "UrlRequestCount", "Count", 1)
		x.count(d, "Url4xxCount", "Count", oneIf(a.status >= 400 && a.status < 500))
		x.count(d, "Url5xxCount", "Count", oneIf(a.status >= 500))
		x.count(d, "UrlRequestLatency", "Milliseconds", milliseconds(took))
	}
	a.write(w)
}

// isFor says whether a request names this URL: by its socket, or by its own
// name, which begins with its id.
func (f *urlFront) isFor(r *http.Request) bool {
	if f.address != "" && !strings.HasPrefix(r.RequestURI, "/") { // CONNECT, OPTIONS *, http://...
		return false
	}
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		name = r.Host
	}
	return name == f.id+".lambda-url."+f.fn.region+".localhost" || f.address != "" && Hosts(f.address, r.Host)
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// answer is the whole way of a request, in AWS's order: preflight, permission,
// size, concurrency, the function.
func (f *urlFront) answer(d functionDoc, r *http.Request) urlAnswer {
	x := f.x
	cors := d.URL.CORS
	if cors.configured() && isPreflight(r) {
		return urlAnswer{status: http.StatusOK, header: cors.preflight(r), preflight: true}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1)) // which a signature covers
	if err != nil {
		return urlMessage(http.StatusBadRequest, "Bad Request")
	}
	signer, err := f.admit(d, r, body)
	if err != nil {
		return refused(err)
	}
	if len(body) > maxPayload {
		return urlMessage(http.StatusRequestEntityTooLarge, fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", maxPayload))
	}
	id := newRequestID()
	event, err := json.Marshal(f.event(r, body, id, signer))
	if err != nil {
		return urlMessage(http.StatusBadRequest, "Bad Request")
	}
	out, err := x.invoke(d, event)
	switch {
	case errors.Is(err, errThrottled):
		// AWS documents the status and not the body.
		a := urlMessage(http.StatusTooManyRequests, "Rate Exceeded.")
		a.code = "TooManyRequestsException"
		return a
	case err != nil:
		return urlMessage(http.StatusServiceUnavailable, "Service Unavailable")
	case out.fault != "":
		return broken(out)
	}
	a, err := readAnswer(out.payload)
	if err != nil {
		x.logf("%s answered something that a Function URL cannot pass on: %v", d.Name, err)
		return broken(out)
	}
	a.header.Set("X-Amzn-Requestid", id)
	for k, v := range cors.actual(r) {
		// The function's own header is not taken away: two of them is what AWS
		// sends, and what browsers refuse.
		// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
		a.header[k] = append(a.header[k], v...)
	}
	return a
}

// forbidden is AWS's answer to a request that no policy allows, word for word.
var forbidden = urlAnswer{
	status: http.StatusForbidden,
	code:   "AccessDeniedException",
	header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {"AccessDeniedException"}},
	body:   []byte(`{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`),
}

// broken is what a caller sees of a crash, a timeout or a bad answer: nothing.
// The cause is in the log.
func broken(out runResult) urlAnswer {
	a := urlAnswer{status: http.StatusBadGateway, code: "FunctionError", body: []byte("Internal Server Error")}
	a.header = http.Header{"Content-Type": {"application/json"}}
	if out.status == "timeout" {
		a.code = "Timeout"
	}
	return a
}

func urlMessage(status int, message string) urlAnswer {
	text, _ := json.Marshal(map[string]string{"Message": message}) // a string always marshals
	return urlAnswer{status: status, code: http.StatusText(status), body: text, header: http.Header{"Content-Type": {"application/json"}}}
}

// admit decides who may call. With AuthType NONE that is everybody, once both
// statements stand. With AWS_IAM it is whoever signs, and is allowed both actions:
// in one's own account the caller's policies are enough.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (f *urlFront) admit(d functionDoc, r *http.Request, body []byte) (*caller, error) {
	now := f.x.cfg.Now()
	if d.URL.AuthType == "NONE" {
		if !d.allows(now, f.x.cfg.Lags) {
			return nil, errForbidden
		}
		return nil, nil
	}
	s, err := readSignature(r)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		f.x.logf("%s %s was refused: the URL of %s has AuthType AWS_IAM, so requests must be signed (SigV4, service lambda, Region %s)",
			r.Method, r.URL.Path, d.Name, d.Region)
		return nil, errForbidden
	}
	secret := personSecret
	if f.x.isFunctionKey(s.accessKey) {
		secret = functionSecret
	}
	if err := s.verify(r, body, d.Region, "lambda", secret, now); err != nil {
		return nil, err
	}
	who, err := f.x.identity(s.accessKey)
	if err != nil || f.x.isFunctionKey(s.accessKey) && s.token != functionSession {
		return nil, &apiError{Code: "UnrecognizedClientException", Status: http.StatusForbidden, Message: "The security token included in the request is invalid."}
	}
	err = f.x.authorize(origin{region: d.Region, accessKey: s.accessKey}, "lambda:InvokeFunctionUrl", "lambda", request{
		protocol: protocolREST, operation: "InvokeFunctionUrl",
		tree: func() (map[string]any, error) { return map[string]any{"FunctionName": d.Name}, nil },
	})
	if err != nil {
		f.x.logf("%s %s was refused: %v", r.Method, r.URL.Path, err)
		return nil, errForbidden
	}
	return &who, nil
}

// errForbidden says that nobody and nothing allows a request.
var errForbidden = errors.New("forbidden")

// refused is the answer to a request that is not admitted. What AWS answers to an
// unsigned one is known word for word; what it says of a signature are the words
// that all of its services have.
func refused(err error) urlAnswer {
	var e *apiError
	if !errors.As(err, &e) {
		return forbidden
	}
	text, _ := json.Marshal(map[string]string{"message": e.Message}) // a string always marshals
	return urlAnswer{status: e.Status, code: e.Code, body: text,
		header: http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {e.Code}}}
}
