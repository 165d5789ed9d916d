package twin

import (
	"io"
	"net/http"
)

// An attentive transport reads an answer to its end, also where it begins before
// net/http has seen the end of the request's body.
//
// The SDK closes that body as soon as an answer begins, and its WriteTo then says
// io.EOF. net/http asks that once more after the last byte, takes an error for a
// request that failed, and closes the connection in the middle of the answer. A
// function with a small part of a CPU is slow enough for that. Read says io.EOF
// too, where that is no error.
type attentive struct{ http.RoundTripper }

func (a attentive) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r = r.WithContext(r.Context()) // a copy: the caller's stays as it is
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return a.RoundTripper.RoundTrip(r)
}
