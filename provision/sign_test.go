package provision

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A wireEnd notes what reaches it, and answers from a script.
type wireEnd struct {
	got    []*http.Request
	bodies []string
	answer []*http.Response // the last one stays
}

func (e *wireEnd) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	e.got, e.bodies = append(e.got, r), append(e.bodies, string(body))
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}
	if len(e.answer) > 0 {
		res = e.answer[0]
		if len(e.answer) > 1 {
			e.answer = e.answer[1:]
		}
	}
	res.Request = r
	return res, nil
}

func keysOf(token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: token}, nil
	})
}

func onTheWire(t *testing.T, end *wireEnd, token string, r *http.Request) *http.Request {
	t.Helper()
	cfg := Config{Region: "eu-west-1", Clock: handTurned()}
	res, err := NewSigning(cfg, keysOf(token), end).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return end.got[len(end.got)-1]
}

func request(t *testing.T, method, to, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const urlOfSigned = "https://abc.lambda-url.eu-west-1.on.aws"

func TestARequestIsSignedForLambdaInTheStacksRegion(t *testing.T) {
	end := &wireEnd{}
	r := request(t, "POST", urlOfSigned+"/", `{"task": "x"}`)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Mine", "1")
	got := onTheWire(t, end, "", r)
	// Computed once with botocore's SigV4Auth from the same figures.
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-west-1/lambda/aws4_request, " +
		"SignedHeaders=content-length;content-type;host;x-amz-date, Signature=43f67e4aa6ada83fed03eb2ae96a4f66bde8912984f51fd3f6efb36c7eedb136"
	if auth := got.Header.Get("Authorization"); auth != want {
		t.Errorf("it is\n%s, should be\n%s", auth, want)
	}
	if got.Header.Get("X-Amz-Date") != "20261123T120000Z" || got.Header.Get("X-Mine") != "1" || end.bodies[0] != `{"task": "x"}` || got.ContentLength != 13 {
		t.Errorf("what was sent is %v with %q", got.Header, end.bodies)
	}
	if r.Header.Get("Authorization") != "" {
		t.Error("the caller's own request was changed")
	}
}

func TestASessionTokenIsSentAndSigned(t *testing.T) {
	got := onTheWire(t, &wireEnd{}, "TOKEN", request(t, "GET", urlOfSigned, ""))
	if got.Header.Get("X-Amz-Security-Token") != "TOKEN" || !strings.Contains(got.Header.Get("Authorization"), "host;x-amz-date;x-amz-security-token,") {
		t.Errorf("it is %v", got.Header)
	}
	if got.URL.Path != "/" {
		t.Errorf("the path is %q", got.URL.Path)
	}
}

func TestAForeignSignatureDoesNotTravelAlong(t *testing.T) {
	r := request(t, "GET", urlOfSigned+"/", "")
	for _, h := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"} {
		r.Header.Set(h, "theirs")
	}
	got := onTheWire(t, &wireEnd{}, "", r)
	for h, v := range got.Header {
		if strings.Contains(strings.Join(v, ","), "theirs") {
			t.Errorf("%s is %v", h, v)
		}
	}
}

// A query is sent so that AWS and the signer read the same out of it.
func TestAQueryIsSentUnambiguously(t *testing.T) {
	for raw, want := range map[string]string{
		"":                "",
		"a=1&b=2":         "a=1&b=2",
		"b=2&a=1&b=1":     "b=2&a=1&b=1", // its own order
		"a":               "a=",
		"a=1+2":           "a=1%202",
		"a=1%2B2":         "a=1%2B2",
		"a=%zz":           "a=%25zz",
		"a=b;c=d":         "a=b%3Bc%3Dd",
		"a=ü":             "a=%C3%BC",
		"next=a/b~c*'()!": "next=a%2Fb~c%2A%27%28%29%21",
		"&&a=1&":          "a=1",
	} {
		got := onTheWire(t, &wireEnd{}, "", request(t, "GET", urlOfSigned+"/?"+raw, ""))
		if got.URL.RawQuery != want {
			t.Errorf("%q is sent as %q, should be %q", raw, got.URL.RawQuery, want)
		}
	}
}

// What a function answers must not choose whom the credentials speak to.
func TestWhatFollowsARedirectIsNotSigned(t *testing.T) {
	away := &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://elsewhere.example/"}}, Body: http.NoBody}
	end := &wireEnd{answer: []*http.Response{away, {StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}}}
	client := &http.Client{Transport: NewSigning(Config{Region: "eu-west-1", Clock: handTurned()}, keysOf("TOKEN"), end)}
	res, err := client.Do(request(t, "GET", urlOfSigned+"/", ""))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if len(end.got) != 2 || end.got[0].Header.Get("Authorization") == "" {
		t.Fatalf("%d requests, the first with %v", len(end.got), end.got[0].Header)
	}
	second := end.got[1]
	if second.URL.Host != "elsewhere.example" || second.Header.Get("Authorization") != "" || second.Header.Get("X-Amz-Security-Token") != "" {
		t.Errorf("%s got %v", second.URL, second.Header)
	}
}

// The SDK corrects a wrong clock for its own calls, so the learner has never
// heard of it when the signed request comes.
func TestARefusalForTheClocksSakeIsRepeatedInAWSsTime(t *testing.T) {
	refused := func(date string) *http.Response {
		return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"Date": {date}}, Body: http.NoBody}
	}
	for _, c := range []struct {
		name, date string
		times      []string
	}{
		{"an hour behind", "Mon, 23 Nov 2026 13:00:00 GMT", []string{"20261123T120000Z", "20261123T130000Z"}},
		{"an hour ahead", "Mon, 23 Nov 2026 11:00:00 GMT", []string{"20261123T120000Z", "20261123T110000Z"}},
		{"three minutes", "Mon, 23 Nov 2026 12:03:00 GMT", []string{"20261123T120000Z"}},
		{"no date", "", []string{"20261123T120000Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			end := &wireEnd{answer: []*http.Response{refused(c.date)}}
			onTheWire(t, end, "", request(t, "POST", urlOfSigned+"/", "body"))
			if len(end.got) != len(c.times) {
				t.Fatalf("%d requests", len(end.got))
			}
			for i, at := range c.times {
				if got := end.got[i].Header.Get("X-Amz-Date"); got != at || end.bodies[i] != "body" {
					t.Errorf("request %d at %s with %q", i+1, got, end.bodies[i])
				}
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// While one request is under way another finds out about the clock. Both were
// signed in the wrong time.
func TestRequestsAtTheSameTimeAreEachCorrected(t *testing.T) {
	var client http.Client
	another := true
	client.Transport = NewSigning(Config{Region: "eu-west-1", Clock: handTurned()}, keysOf("TOKEN"), roundTrip(func(r *http.Request) (*http.Response, error) {
		if another {
			another = false
			res, err := client.Do(request(t, "GET", urlOfSigned+"/", ""))
			if err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("the other one: %v, %v", res, err)
			}
		}
		res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {"Mon, 23 Nov 2026 13:00:00 GMT"}}, Body: http.NoBody}
		if r.Header.Get("X-Amz-Date") != "20261123T130000Z" {
			res.StatusCode = http.StatusForbidden
		}
		return res, nil
	}))
	if res, err := client.Do(request(t, "GET", urlOfSigned+"/", "")); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%v, %v", res, err)
	}
}

func TestWithoutCredentialsNothingIsSent(t *testing.T) {
	lost := errors.New("the session is over")
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, lost })
	end := &wireEnd{}
	_, err := NewSigning(Config{Clock: Clock{Now: time.Now}}, keys, end).RoundTrip(request(t, "GET", urlOfSigned+"/", "")) //nolint:bodyclose // there is none
	if !errors.Is(err, lost) || len(end.got) != 0 {
		t.Errorf("%v, %d requests", err, len(end.got))
	}
}
