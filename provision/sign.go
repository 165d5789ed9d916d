package provision

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signing signs what goes to a Function URL that takes signed requests only.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type signing struct {
	cfg    Config
	keys   aws.CredentialsProvider
	next   http.RoundTripper
	signer *v4.Signer

	mu   sync.Mutex
	skew time.Duration // how far AWS's clock is ahead of this machine's
}

// NewSigning returns a transport that signs each request with keys (SigV4, for
// the service lambda in the stack's Region) and sends it with next; nil is
// http.DefaultTransport. The whole body is held in memory: the signature covers
// it, and Lambda takes 6 MB at most.
//
// What follows a redirect is sent without a signature: an answer must not choose
// whom the person's credentials speak to.
func NewSigning(cfg Config, keys aws.CredentialsProvider, next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &signing{cfg: cfg, keys: keys, next: next, signer: v4.NewSigner()}
}

// maxSkew is what the clocks may differ by before a refusal is taken for their
// fault. AWS allows five minutes; the SDK, too, corrects itself from four.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
const maxSkew = 4 * time.Minute

// RoundTrip signs and sends. A refusal whose Date is far from this machine's time
// is answered by one more attempt, in AWS's time: nothing has run for it.
func (s *signing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Response != nil {
		return s.next.RoundTrip(r)
	}
	body, err := drain(r)
	if err != nil {
		return nil, err
	}
	skew := s.ahead()
	signed, err := s.sign(r, body, skew)
	if err != nil {
		return nil, err
	}
	res, err := s.next.RoundTrip(signed)
	if err != nil || res.StatusCode != http.StatusForbidden || !s.corrected(res, skew) {
		return res, err
	}
	if signed, err = s.sign(r, body, s.ahead()); err != nil {
		return res, nil //nolint:nilerr // the refusal is the better answer
	}
	_ = res.Body.Close()
	return s.next.RoundTrip(signed)
}

// A KeysError says that there were no credentials to sign with.
type KeysError struct{ Err error }

func (e *KeysError) Error() string { return "get credentials: " + e.Err.Error() }
func (e *KeysError) Unwrap() error { return e.Err }

// drain reads a request's body; a transport must close it, whatever happens.
func drain(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the request's body: %w", err)
	}
	return body, nil
}

// sign returns a signed copy of r. It covers the method, the host, the path, the
// query, the body and its type; not the other headers, which proxies may change
// on the way.
func (s *signing) sign(r *http.Request, body []byte, skew time.Duration) (*http.Request, error) {
	keys, err := s.keys.Retrieve(r.Context())
	if err != nil {
		return nil, &KeysError{Err: err}
	}
	out := r.Clone(r.Context())
	out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, int64(len(body))
	if len(body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	if out.URL.Path == "" { // what is sent then is "/"
		out.URL.Path = "/"
	}
	out.URL.RawQuery = unambiguous(out.URL.RawQuery)

	// The signer signs every header, and sends the query in an order of its own.
	covered := out.Clone(r.Context())
	covered.Header = http.Header{}
	if kind := out.Header["Content-Type"]; kind != nil {
		covered.Header["Content-Type"] = kind
	}
	sum := sha256.Sum256(body)
	if err := s.signer.SignHTTP(r.Context(), keys, covered, hex.EncodeToString(sum[:]), "lambda", s.cfg.Region, s.cfg.Clock.Now().Add(skew)); err != nil {
		return nil, fmt.Errorf("sign the request: %w", err)
	}
	for _, h := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"} {
		out.Header.Del(h) // whatever the request came with is not this signature's
		if v := covered.Header[h]; v != nil {
			out.Header[h] = v
		}
	}
	return out, nil
}

// unambiguous writes a query in the one way that everybody reads alike, in its own
// order: a space is %20 and never +, what cannot be decoded is meant literally,
// and a name without a value has an empty one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func unambiguous(raw string) string {
	plain := func(s string) string {
		if decoded, err := url.QueryUnescape(s); err == nil {
			s = decoded
		}
		return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}
	var pairs []string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			pairs = append(pairs, plain(name)+"="+plain(value))
		}
	}
	return strings.Join(pairs, "&")
}

// ahead is by how much AWS's clock is ahead of this one, as far as is known.
func (s *signing) ahead() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skew
}

// corrected takes over AWS's time from the answer to a request that was signed with
// a skew, and says whether another one would be better. Requests at the same time
// may each find that out.
func (s *signing) corrected(res *http.Response, skew time.Duration) bool {
	theirs, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead := theirs.Sub(s.cfg.Clock.Now())
	if (ahead - skew).Abs() < maxSkew {
		return false
	}
	s.skew = ahead
	return true
}

// Signing returns the HTTP client for a URL that takes signed requests only.
func (c Clients) Signing(cfg Config) *http.Client {
	var signed http.Client
	if c.HTTP != nil {
		signed = *c.HTTP
	}
	signed.Transport = NewSigning(cfg, c.Keys, signed.Transport)
	return &signed
}
