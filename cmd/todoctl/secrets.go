package main

import (
	"encoding/base64"
	"io"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// What nobody may read over a shoulder or find in a log that was sent along:
//
//   - The credentials of this run are known, so they are taken out of all that
//     todoctl prints, in whatever form they come: hide stands before stdout and
//     stderr.
//   - What AWS, the SDK and the network say may hold others'. Their words go
//     through outside, by their looks: explain sends them there, and trace.
//
// An e-mail address is the person's own where she gave it (the plan, `status`:
// whom the alarm writes to) and is shown there. In AWS's words it may be
// anybody's, so only its first letter and its domain stay.

// secrets are those of this run.
type secrets struct {
	mu    sync.RWMutex
	known []string // pairs: what is hidden, what stands there instead
	clear *strings.Replacer
}

// shortest is the least length of what is hidden: AWS's access key ids have 16
// characters or more. The "test" that people give a pretended AWS is none.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
const shortest = 16

// learn hides these credentials from now on.
func (s *secrets) learn(c aws.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range [][2]string{{c.AccessKeyID, shortKey(c.AccessKeyID)}, {c.SecretAccessKey, "(secret)"}, {c.SessionToken, "(token)"}} {
		if len(v[0]) < shortest {
			continue
		}
		for _, form := range []string{
			v[0], url.QueryEscape(v[0]), url.PathEscape(v[0]), lowEscapes(url.QueryEscape(v[0])), lowEscapes(url.PathEscape(v[0])),
			base64.StdEncoding.EncodeToString([]byte(v[0])), base64.URLEncoding.EncodeToString([]byte(v[0])),
			base64.RawStdEncoding.EncodeToString([]byte(v[0])), base64.RawURLEncoding.EncodeToString([]byte(v[0])),
		} {
			s.known = append(s.known, form, v[1])
		}
	}
	s.clear = strings.NewReplacer(s.known...)
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// lowEscapes writes %2F as %2f, as some programs do. The rest keeps its case.
func lowEscapes(text string) string { return percent.ReplaceAllStringFunc(text, strings.ToLower) }

// hide takes them out of a text.
func (s *secrets) hide(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.clear == nil {
		return text
	}
	return s.clear.Replace(text)
}

// A discreet writer hides secrets from what passes. Each line comes in one
// write, and with --debug several calls may write at once.
type discreet struct {
	mu      sync.Mutex
	to      io.Writer
	secrets *secrets
	failed  *error // gets the first error; nil: nobody wants it
}

func (d *discreet) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := io.WriteString(d.to, d.secrets.hide(string(p))); err != nil {
		if d.failed != nil && *d.failed == nil {
			*d.failed = plainPathError(err)
		}
		return 0, err
	}
	return len(p), nil
}

// shortKey leaves of an access key id what tells it from another one.
func shortKey(id string) string {
	if len(id) < shortest {
		return id
	}
	return id[:4] + "..." + id[len(id)-4:]
}

var (
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
	keyID = regexp.MustCompile(`\b(?:ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,}\b`)
	email = regexp.MustCompile(`[A-Za-z0-9._%+-]*[A-Za-z0-9](?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+`)
	coded = regexp.MustCompile(`(?:[A-Za-z0-9/+]|%2[BbFf])+(?:=|%3[Dd]){0,2}`)
	token = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+`) // a sign-in's
)

// outside makes text that was written elsewhere fit to be shown.
func outside(text string) string {
	text = token.ReplaceAllString(text, "(token)")
	text = keyID.ReplaceAllStringFunc(text, shortKey)
	text = coded.ReplaceAllStringFunc(text, func(run string) string {
		plain, err := url.PathUnescape(run)
		switch {
		case err != nil || len(plain) < shortest:
			return run
		case len(plain) >= 100 && mixed(plain) && strings.Count(plain, "/") < len(plain)/20: // more is a path
			return "(token)"
		case len(plain) == 40 && mixed(plain):
			return "(secret)"
		}
		inner, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
		if err == nil && printable(inner) && outside(string(inner)) != string(inner) {
			return "(secret)"
		}
		return run
	})
	return email.ReplaceAllStringFunc(text, func(address string) string {
		at := strings.IndexAny(address, "@%")
		return address[:1] + "..." + address[at:]
	})
}

// mixed says that a word has small and great letters and digits, as secrets have
// and paths and checksums mostly have not.
func mixed(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
