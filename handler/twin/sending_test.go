package twin

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A hasty server answers when it has the whole body, before net/http has looked
// for its end.
type hasty struct{ t *testing.T }

func (h hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.CopyN(io.Discard, r.Body, r.ContentLength); err != nil {
		h.t.Error(err)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: &late{Reader: strings.NewReader(`{"Items":[],"Count":0}`), look: func() {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				h.t.Errorf("net/http takes the end of the request's body for a failure: %v", err)
			}
		}},
	}, nil
}

// A late body has net/http look at every read.
type late struct {
	io.Reader
	look func()
}

func (l *late) Read(p []byte) (int, error) {
	l.look()
	return l.Reader.Read(p)
}

func (l *late) Close() error { return nil }

func TestAnAnswerThatComesEarlyIsReadToItsEnd(t *testing.T) {
	handle := Start(Environment{
		FunctionName: "TodoHandler", Region: "eu-central-1", Endpoint: "http://dynamodb.localhost",
		AccessKeyID: "AKIATEST", SecretAccessKey: "test", HTTP: &http.Client{Transport: hasty{t}}, Now: time.Now,
	})
	payload, err := handle(t.Context(), []byte(`{"rawPath":"/","requestContext":{"http":{"method":"GET","path":"/"}}}`))
	if err != nil || !strings.Contains(string(payload), `"statusCode":200`) {
		t.Errorf("%s, %v", payload, err)
	}
}
