//go:build !windows

package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"todoctl/local"
)

func TestCurlCallsThisStacksURLAndNoOther(t *testing.T) {
	const own = "https://abc.lambda-url.eu-west-1.on.aws/"
	c := &command{App: &App{}, globals: &globals{}}
	for path, want := range map[string]string{
		"":                           own,
		"/":                          own,
		"x":                          own + "x",
		"/a%2Fb":                     own + "a%2Fb",
		"/a b":                       own + "a%20b",
		"/ü?q=ü":                     own + "%C3%BC?q=ü",
		"?limit=10":                  own + "?limit=10",
		"/?q=http://x a":             own + "?q=http://x%20a",
		"?q=http://x":                own + "?q=http://x",
		"/a#b":                       own + "a",
		"//evil.example/x":           own + "/evil.example/x",
		"/\\evil.example":            own + "%5Cevil.example",
		"@evil.example":              own + "@evil.example",
		own + "x?a=1":                own + "x?a=1",
		strings.TrimSuffix(own, "/"): own,
	} {
		got, err := c.curlTarget(own, path)
		if err != nil || got.String() != want || got.Host != "abc.lambda-url.eu-west-1.on.aws" {
			t.Errorf("%q is %v, %v; should be %s", path, got, err, want)
		}
	}
	for _, path := range []string{
		"https://evil.example/", "http://abc.lambda-url.eu-west-1.on.aws/", "https://abc.lambda-url.eu-west-1.on.aws:8443/",
		"https://abc.lambda-url.eu-west-1.on.aws.evil.example/", "https://me:x@abc.lambda-url.eu-west-1.on.aws/", "://", "/%zz", "/%2",
	} {
		if got, err := c.curlTarget(own, path); err == nil {
			t.Errorf("%q is taken as %s", path, got)
		}
	}
}

// A pipe gets every byte, and a terminal nothing that it would obey.
func TestCurlPrintsEveryByteButToATerminal(t *testing.T) {
	for _, body := range []string{"", "a\nb", "\x00\xff\x1b[31m", `{"task": "` + "\u009b" + `31m"}`, strings.Repeat("x", 6<<20)} {
		for _, terminal := range []bool{false, true} {
			var out bytes.Buffer
			c := &command{App: &App{Out: &out, Err: io.Discard, OutTerminal: terminal}, globals: &globals{}}
			res := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}
			if err := c.curlPrint(curlFlags{}, res); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); !terminal && got != body {
				t.Errorf("a pipe gets %.80q of %.80q", got, body)
			} else if terminal && strings.IndexFunc(got, obeyed) >= 0 {
				t.Errorf("a terminal gets %q", got)
			}
		}
	}
}

// Where an answer points to is shown; who asks there is the person, if at all.
func TestCurlFollowsNoRedirect(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run("up --yes --auth iam"), exitDone)
		end := r.runBetween("curl -i", func(operation string, req *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			if req.URL.Host == "evil.example" {
				r.Errorf("%s is asked, with %v", req.URL, req.Header)
			}
			res, err := pass()
			if err == nil && operation == "GET /" {
				res.StatusCode = http.StatusFound
				res.Header.Set("Location", "https://evil.example/")
			}
			return res, err
		})
		r.wantExit(end, exitDone)
		if !strings.Contains(end.err, "HTTP 302 Found") || !strings.Contains(end.err, "location: https://evil.example/") {
			r.Errorf("it says %s", end.err)
		}
	})
}
