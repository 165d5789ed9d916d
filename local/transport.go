package local

import (
	"net/http"
	"net/http/httptest"
	"strings"
)

// Transport serves the API and all Function URLs in process, with no socket:
// requests to a Function URL's host go to its front, everything else to the
// API. Like Serve, it opens the URLs that the store holds.
func (s *Server) Transport() http.RoundTripper {
	if err := s.lambda.openURLs(); err != nil {
		s.logf("%v", err)
	}
	return s.inProcess()
}

func (s *Server) inProcess() *transport {
	return &transport{lambda: s.lambda, api: s}
}

type transport struct {
	lambda *lambdaService
	api    *Server
}

// RoundTrip answers like a server would, and gives up when the request's
// context ends.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	in := r.Clone(r.Context())
	in.Body = body
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.RequestURI = r.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = "127.0.0.1:0"
	var handler http.Handler = t.api
	if front := t.lambda.frontOf(in.Host); front != nil {
		handler = front
	}

	answer := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, in)
		res := w.Result()
		res.Request = r
		answer <- res
	}()
	defer func() { _ = body.Close() }()
	select {
	case res := <-answer:
		return res, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// frontOf finds the Function URL with this host.
func (x *lambdaService) frontOf(host string) *urlFront {
	id, rest, _ := strings.Cut(host, ".")
	x.mu.Lock()
	defer x.mu.Unlock()
	front := x.fronts[id]
	if front == nil || !strings.HasPrefix(rest, "lambda-url.") {
		return x.byAddress[host]
	}
	return front
}
