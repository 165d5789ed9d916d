package twin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A network answers the n-th request after a while, in parts.
type network struct {
	requests int
	answer   func(n int) (first, rest time.Duration)
}

func (w *network) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests++
	first, rest := w.answer(w.requests)
	select {
	case <-time.After(first):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(&drip{ctx: r.Context(), pause: rest, left: `{"Items":[],"Count":0}`}),
	}, nil
}

// A drip is a body that comes a byte at a time.
type drip struct {
	ctx   context.Context
	pause time.Duration
	left  string
}

func (d *drip) Read(p []byte) (int, error) {
	if d.left == "" {
		return 0, io.EOF
	}
	select {
	case <-time.After(d.pause):
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	p[0], d.left = d.left[0], d.left[1:]
	return 1, nil
}

func TestSilenceEndsAnAttemptAndSlownessDoesNot(t *testing.T) {
	never := time.Hour
	for name, x := range map[string]struct {
		answer           func(n int) (first, rest time.Duration)
		status, requests int
		within           time.Duration
	}{
		"nothing comes":                {func(int) (time.Duration, time.Duration) { return never, 0 }, 500, 2, 2*maxSilence + maxBackoff},
		"the first answer is lost":     {func(n int) (time.Duration, time.Duration) { return map[int]time.Duration{1: never}[n], 0 }, 200, 2, 2*maxSilence + maxBackoff},
		"an answer breaks off":         {func(int) (time.Duration, time.Duration) { return 0, never }, 500, 2, 2*maxSilence + maxBackoff},
		"an answer comes byte by byte": {func(int) (time.Duration, time.Duration) { return maxSilence / 2, maxSilence / 2 }, 200, 1, never},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := &network{answer: x.answer}
				handle := Start(Environment{
					FunctionName: "TodoHandler", Region: "eu-central-1", Endpoint: "http://dynamodb.localhost",
					AccessKeyID: "AKIATEST", SecretAccessKey: "test", HTTP: &http.Client{Transport: net}, Now: time.Now,
				})
				began := time.Now()
				payload, err := handle(t.Context(), []byte(`{"rawPath":"/","requestContext":{"http":{"method":"GET","path":"/"}}}`))
				var out struct{ StatusCode int }
				if json.Unmarshal(payload, &out) != nil || out.StatusCode != x.status || net.requests != x.requests {
					t.Errorf("%s (%v) after %d requests", payload, err, net.requests)
				}
				if x.status != 200 && !strings.Contains(fmt.Sprint(err), "Read timeout when calling the") {
					t.Errorf("the log says %v", err)
				}
				if took := time.Since(began); took > x.within {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
