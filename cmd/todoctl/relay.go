package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// A relay signs the page's requests to a Function URL that takes signed ones only.
// It is for this one URL, the API's methods and headers, and the page itself.
type relay struct {
	url    string            // of the function, with a / at its end
	path   string            // below which it answers; it holds the token, which is never printed
	signed http.RoundTripper // signs and sends
	why    func(error) string
}

const (
	relayPath = "/relay/"

	// relayed is the most that a request's body may have. An item has at most 400 KB.
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
	relayed = 1 << 20

	// relayAnswer is a little more than the 6 MB that Lambda lets a function answer.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	relayAnswer = 7 << 20

	// relayPatience is for one request; the function has 5 s.
	relayPatience = 15 * time.Second
)

func newRelayTo(url string, signed http.RoundTripper, why func(error) string) *relay {
	return &relay{url: strings.TrimSuffix(url, "/") + "/", path: relayPath + newToken() + "/", signed: signed, why: why}
}

// ServeHTTP passes one request on. Its Host has been checked.
func (x *relay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if len(path) < len(x.path) || subtle.ConstantTimeCompare([]byte(path[:len(x.path)]), []byte(x.path)) != 1 {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	if !fromPage(r) {
		http.Error(w, "the relay is for todoctl's page alone", http.StatusForbidden)
		return
	}
	id := path[len(x.path):]
	switch {
	case !isAllowed(r.Method):
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		x.fail(w, unsent, http.StatusMethodNotAllowed, "the API does not have this method")
		return
	case strings.Contains(id, "/"), id == ".", id == "..":
		x.fail(w, unsent, http.StatusNotFound, "the API does not have this path")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, relayed))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		x.fail(w, unsent, http.StatusRequestEntityTooLarge, "this is more than an item can hold")
		return
	}
	if err != nil {
		x.fail(w, unsent, http.StatusBadRequest, "the request broke off")
		return
	}
	x.pass(w, r, id, body)
}

// fromPage says whether a request is of the page itself. A browser says the origin
// in all but a page's GET to itself, and marks that one so that no page can.
func fromPage(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin == "http://"+r.Host
	}
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	return read && r.Header.Get("Sec-Fetch-Site") == "same-origin"
}

// pass sends the request to the Function URL, with a signature, and its answer back.
func (x *relay) pass(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	ctx, end := context.WithTimeout(r.Context(), relayPatience)
	defer end()
	target := x.url + id
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	var reached atomic.Bool
	ctx = context.WithValue(ctx, reachedKey{}, &reached)
	out, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(body))
	if err != nil {
		x.fail(w, unsent, http.StatusBadRequest, "this is no request to the API")
		return
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		out.Header.Set("Content-Type", kind)
	}
	answer, err := x.signed.RoundTrip(out) // which follows no redirect: it may lead elsewhere
	if err != nil {
		failure := unsent
		if reached.Load() {
			failure = unanswered
		}
		x.fail(w, failure, http.StatusBadGateway, x.why(err))
		return
	}
	defer answer.Body.Close()
	for _, name := range []string{"Content-Type", "Link", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(w, io.LimitReader(answer.Body, relayAnswer)); err != nil {
		panic(http.ErrAbortHandler) // else half an answer would look like a whole one
	}
}

// reaching is the way to the API itself. It notes when there is a connection: from
// then on the API may have the request, whatever comes back. What is asked elsewhere
// for keys does not go this way.
type reaching struct{ next http.RoundTripper } // nil is http.DefaultTransport

type reachedKey struct{} // of a context: the *atomic.Bool to set

func (x reaching) RoundTrip(r *http.Request) (*http.Response, error) {
	if reached, ok := r.Context().Value(reachedKey{}).(*atomic.Bool); ok {
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }}))
	}
	if x.next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return x.next.RoundTrip(r)
}

// relayFailed marks an answer that is the relay's own. It says whether the API can
// have the request.
const (
	relayFailed = "Todoctl-Relay"
	unsent      = "unsent"
	unanswered  = "unanswered"
)

// fail says that the request was not passed on, or that nothing came back, as the
// API says what is wrong.
func (x *relay) fail(w http.ResponseWriter, failure string, status int, why string) {
	w.Header().Set(relayFailed, failure)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // a page that went away needs no answer
}
