package local

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestBodiesHaveTheLimitOfTheirService(t *testing.T) {
	t.Attr("promise", "T25")
	a, address, ran := public(t, nil)
	api := a.listening(t)
	post := func(to, service string, size int, header ...string) int {
		t.Helper()
		r, err := http.NewRequest("POST", "http://"+to, io.LimitReader(blanks{}, int64(size)))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = int64(size)
		r.Header.Set("Authorization", strings.Replace(strings.TrimPrefix(signature, "Authorization: "), "/logs/", "/"+service+"/", 1))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode
	}
	json := []string{"Content-Type", "application/x-amz-json-1.0", "X-Amz-Target", "X.Nothing"}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	cases := 0
	for _, c := range []struct {
		name, to, service string
		limit             int
		header            []string
	}{
		{"items", api + "/", "dynamodb", maxItems, json},
		{"events", api + "/", "logs", maxBatch, json},
		{"metrics", api + "/", "monitoring", maxBatch, json},
		{"a budget", api + "/", "budgets", maxBody, json},
		{"a role", api + "/", "iam", maxBody, form},
		{"a message", api + "/", "sns", maxBody, form},
		{"who am I", api + "/", "sts", maxBody, form},
		{"a function's tags", api + "/2017-03-31/tags/arn", "lambda", maxBody, nil},
		{"a function", api + "/2015-03-31/functions", "lambda", maxUpload, nil},
		{"an event", api + "/2015-03-31/functions/F/invocations", "lambda", maxPayload, nil},
		{"a request to the URL", address + "/", "", maxPayload, []string{"Content-Type", "text/plain"}},
	} {
		cases += 2
		if status := post(c.to, c.service, c.limit, c.header...); status == http.StatusRequestEntityTooLarge {
			t.Errorf("%s of %d bytes: %d", c.name, c.limit, status)
		}
		ran.Store(0)
		if status := post(c.to, c.service, c.limit+1, c.header...); status != http.StatusRequestEntityTooLarge || ran.Load() != 0 {
			t.Errorf("%s of %d bytes: %d", c.name, c.limit+1, status)
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// blanks reads as blanks without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// What counts is what a compressed body says, and no more of it is kept.
func TestAGzipBombIsTooLarge(t *testing.T) {
	t.Attr("promise", "T25")
	a := newAccount(t, Lags{})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, blanks{}, 64<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := signed("POST", "http://local.localhost/", "monitoring", bomb.String())
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "X.PutMetricData")
	r.Header.Set("Content-Encoding", "gzip")
	if status, answer := a.answer(r); status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d bytes that say 64 MB: %d %s", bomb.Len(), status, answer)
	}
	t.Attr("cases", "1")
}
