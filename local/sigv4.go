package local

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How a Function URL with AuthType AWS_IAM verifies who signed a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

// personSecret is the secret access key of every person's access key, as
// functionSecret is that of every function's.
const personSecret = "local"

// A sigV4 is what a request says about its signing, in its headers or, of a
// presigned URL, in its query.
type sigV4 struct {
	accessKey string
	day       string // of the scope: 20261123
	region    string
	service   string
	stamp     string   // 20261123T120000Z
	headers   []string // those that it covers, in small letters
	value     string   // in hex
	token     string
	presigned bool
	expires   time.Duration // presigned
}

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigTime      = "20060102T150405Z"
	sigWindow    = 5 * time.Minute    // that clocks may differ by
	sigLongest   = 7 * 24 * time.Hour // that a presigned URL may be good for
)

var credential = regexp.MustCompile(`^([^/\s]+)/(\d{8})/([^/]*)/([^/]*)/aws4_request$`)

// readSignature finds the signature of a request; nil when it has none.
func readSignature(r *http.Request) (*sigV4, error) {
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), sigAlgorithm); ok {
		return readSignedHeader(r, text)
	}
	if q := r.URL.Query(); q.Get("X-Amz-Algorithm") == sigAlgorithm {
		return readPresigned(q)
	}
	return nil, nil
}

func readSignedHeader(r *http.Request, text string) (*sigV4, error) {
	fields := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			return nil, incompleteSignature("Authorization header requires '" + name + "' parameter. Authorization=" + sigAlgorithm)
		}
	}
	s := &sigV4{value: fields["Signature"], headers: strings.Split(fields["SignedHeaders"], ";"), token: r.Header.Get("X-Amz-Security-Token")}
	switch date := r.Header.Get("Date"); {
	case r.Header.Get("X-Amz-Date") != "":
		s.stamp = r.Header.Get("X-Amz-Date")
	case date != "":
		if t, err := http.ParseTime(date); err == nil {
			s.stamp = t.UTC().Format(sigTime)
		}
	}
	if s.stamp == "" {
		return nil, incompleteSignature("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=" + sigAlgorithm)
	}
	return s, s.readCredential(fields["Credential"])
}

func readPresigned(q url.Values) (*sigV4, error) {
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature", "X-Amz-SignedHeaders"} {
		if q.Get(name) == "" {
			return nil, incompleteSignature("AWS query-string parameters must include '" + name + "'.")
		}
	}
	s := &sigV4{
		value: q.Get("X-Amz-Signature"), headers: strings.Split(q.Get("X-Amz-SignedHeaders"), ";"), token: q.Get("X-Amz-Security-Token"),
		stamp: q.Get("X-Amz-Date"), presigned: true,
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if s.expires = time.Duration(seconds) * time.Second; err != nil || seconds < 1 || s.expires > sigLongest {
		return nil, incompleteSignature("'X-Amz-Expires' must be a number of seconds between 1 and 604800.")
	}
	return s, s.readCredential(q.Get("X-Amz-Credential"))
}

func (s *sigV4) readCredential(text string) error {
	m := credential.FindStringSubmatch(text)
	if m == nil {
		return incompleteSignature("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + text + "'")
	}
	s.accessKey, s.day, s.region, s.service = m[1], m[2], m[3], m[4]
	return nil
}

// verify checks a signature for a service in a Region, in AWS's order: what it is
// for, when it was made, whose it is, and then the signature itself.
func (s *sigV4) verify(r *http.Request, body []byte, region, service, secret string, now time.Time) error {
	at, err := time.Parse(sigTime, s.stamp)
	switch {
	case err != nil:
		return incompleteSignature("Date must be in ISO-8601 'basic format'. Got '" + s.stamp + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	case s.region != region:
		return invalidSignature("Credential should be scoped to a valid region.")
	case s.service != service:
		return invalidSignature("Credential should be scoped to correct service: '%s'.", service)
	case !strings.HasPrefix(s.stamp, s.day+"T"):
		return invalidSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", s.day, s.stamp[:8], s.stamp)
	case !slices.Contains(s.headers, "host"):
		return invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	oldest := now.Add(-sigWindow)
	if s.presigned {
		oldest = now.Add(-s.expires)
	}
	stamp := func(t time.Time) string { return t.UTC().Format(sigTime) }
	switch {
	case at.Before(oldest):
		return invalidSignature("Signature expired: %s is now earlier than %s (%s - %d min.)", s.stamp, stamp(oldest), stamp(now), int(now.Sub(oldest).Minutes()))
	case at.After(now.Add(sigWindow)):
		return invalidSignature("Signature not yet current: %s is still later than %s (%s + 5 min.)", s.stamp, stamp(now.Add(sigWindow)), stamp(now))
	}
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	// Lambda takes no unsigned payload, so a hash that is told must be the body's.
	// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
	if told := r.Header.Get("X-Amz-Content-Sha256"); told == "" || told == payload {
		for _, p := range canonicalPaths(r) {
			if hmac.Equal([]byte(s.value), []byte(s.compute(secret, s.canonical(r, p, payload)))) {
				return nil
			}
		}
	}
	return invalidSignature("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
}

// canonical is the request in the form that is signed.
func (s *sigV4) canonical(r *http.Request, path, payload string) string {
	var headers strings.Builder
	for _, name := range s.headers {
		headers.WriteString(name + ":" + signedHeader(r, name) + "\n")
	}
	return strings.Join([]string{r.Method, path, canonicalQuery(r.URL.RawQuery), headers.String(), strings.Join(s.headers, ";"), payload}, "\n")
}

// compute derives the day's key from the secret, and signs.
func (s *sigV4) compute(secret, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{s.day, s.region, s.service, "aws4_request"}, "/")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.day, s.region, s.service, "aws4_request", strings.Join([]string{sigAlgorithm, s.stamp, scope, hex.EncodeToString(sum[:])}, "\n")} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// signedHeader is a header's value as it is signed: without spaces around it, with
// one where there are more, several values joined by commas. Some headers are not
// among the others once net/http has read them.
func signedHeader(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host":
		values = []string{r.Host}
	case name == "content-length" && r.ContentLength >= 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case name == "transfer-encoding":
		values = r.TransferEncoding
	}
	var clean []string
	for _, v := range values {
		clean = append(clean, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(clean, ",")
}

// canonicalPaths are the path as it is signed: encoded once more on top of what
// was sent, as every service but S3 has it. The documentation wants it normalized
// first, without // and /../; of AWS's own signers botocore does that, and the SDK
// for Go does not. Both are taken.
func canonicalPaths(r *http.Request) []string {
	sent := r.URL.EscapedPath()
	if sent == "" {
		sent = "/"
	}
	normal := path.Clean(sent)
	if normal != "/" && strings.HasSuffix(sent, "/") {
		normal += "/"
	}
	return slices.Compact([]string{encodeURI(sent, true), encodeURI(normal, true)})
}

// canonicalQuery decodes a query and encodes it in the one way that is signed,
// sorted by names and values. A presigned URL's own signature is no part of it.
func canonicalQuery(raw string) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" || name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, [2]string{encodeURI(unescaped(name), false), encodeURI(unescaped(value), false)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var text []string
	for _, p := range pairs {
		text = append(text, p[0]+"="+p[1])
	}
	return strings.Join(text, "&")
}

// encodeURI writes every byte but RFC 3986's unreserved ones as %XX, and with
// slashes those too stay.
func encodeURI(s string, slashes bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || slashes && c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// invalidSignature and incompleteSignature are what AWS's services share.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func invalidSignature(format string, args ...any) error {
	return &apiError{Code: "InvalidSignatureException", Status: http.StatusForbidden, Message: fmt.Sprintf(format, args...)}
}

func incompleteSignature(message string) error {
	return &apiError{Code: "IncompleteSignatureException", Status: http.StatusForbidden, Message: message}
}
