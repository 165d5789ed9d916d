package local

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// runtimePath begins the paths of the Lambda Runtime API, which lives on the
// API port: runtimePath + the environment's token + Lambda's own path. Whoever
// knows a token can answer in a function's name, so it cannot be guessed.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const runtimePath = "/_lambda/"

// runtimeAPI is the version in the Runtime API's paths.
const runtimeAPI = "2018-06-01/runtime/"

// codePath begins the paths of deployment packages, which GetFunction links to.
const codePath = runtimePath + "code/"

// codeLocation is where a function's zip can be fetched. On AWS it is a
// presigned S3 link.
func (x *lambdaService) codeLocation(d functionDoc) string {
	sha, _ := base64.StdEncoding.DecodeString(d.Now.CodeSHA256) // made by checkZip
	return x.endpoint() + codePath + base64.RawURLEncoding.EncodeToString(sha)
}

// serveRuntime answers the children, and hands out code.
func (x *lambdaService) serveRuntime(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, codePath); ok {
		x.serveCode(w, r, name)
		return
	}
	token, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, runtimePath), "/")
	x.mu.Lock()
	e := x.children[token]
	x.mu.Unlock()
	path, ok := strings.CutPrefix(path, runtimeAPI)
	if e == nil || !ok {
		http.Error(w, "no such environment", http.StatusForbidden)
		return
	}
	id, what, _ := strings.Cut(strings.TrimPrefix(path, "invocation/"), "/")
	switch {
	case r.Method == http.MethodGet && path == "invocation/next":
		e.next(w, r)
	case r.Method == http.MethodPost && path == "init/error":
		e.initError(read(r))
		accepted(w)
	case r.Method == http.MethodPost && what == "response":
		e.answer(w, id, r, "")
	case r.Method == http.MethodPost && what == "error":
		e.answer(w, id, r, "Unhandled")
	default:
		http.Error(w, "not in the Runtime API", http.StatusNotFound)
	}
}

func (x *lambdaService) serveCode(w http.ResponseWriter, r *http.Request, name string) {
	sha, err := base64.RawURLEncoding.DecodeString(name)
	var zip []byte
	found := false
	if err == nil {
		err = x.db.view(func(tx *bbolt.Tx) error {
			zip, found, err = get[[]byte](tx, bucketCode, base64.StdEncoding.EncodeToString(sha))
			return err
		})
	}
	if err != nil || !found || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(zip)
}

// next gives the child its next invocation, and waits for one as long as it
// takes. The first call says that the child is ready.
func (e *childEnvironment) next(w http.ResponseWriter, r *http.Request) {
	e.isReady()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the next invocation may be days away
	var t *task
	select {
	case t = <-e.tasks:
	case <-r.Context().Done():
		return
	case <-e.closing:
		http.Error(w, "the environment is shutting down", http.StatusGone)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", t.id)
	h.Set("Lambda-Runtime-Invoked-Function-Arn", functionDoc{Region: e.region, Name: e.function}.arn())
	h.Set("Lambda-Runtime-Trace-Id", "Root="+traceID(e.now()))
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.now().Add(t.timeout).UnixMilli(), 10))
	_, _ = w.Write(t.event)
}

// answer takes the child's answer to the invocation that it has.
func (e *childEnvironment) answer(w http.ResponseWriter, id string, r *http.Request, fault string) {
	body := read(r)
	memory, _ := strconv.Atoi(r.Header.Get("Todoctl-Max-Memory-Mb"))
	e.mu.Lock()
	t := e.current
	pid := e.pid
	if t != nil && t.id == id {
		e.current = nil
	} else {
		t = nil
	}
	e.mu.Unlock()
	if t == nil {
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
		return
	}
	if memory == 0 {
		memory = peakMemory(pid)
	}
	e.mark(id)
	out := runResult{payload: body, fault: fault, memory: memory, gone: r.Header.Get("Todoctl-Ends") != ""}
	if fault != "" {
		out.status = "error"
	}
	t.reply <- out
	accepted(w)
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// read returns a body, cut one byte after the limit so that invoke sees that it
// was too large.
func read(r *http.Request) []byte {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxPayload+1)) // a child that dies while it writes is seen as dead
	return body
}

func traceID(now interface{ Unix() int64 }) string {
	return fmt.Sprintf("1-%08x-%s", now.Unix(), randomHex(12))
}
