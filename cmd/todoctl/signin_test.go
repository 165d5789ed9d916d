//go:build !windows

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const otherKey = "ASIAOTHERSCANARY2345"

// profile writes a profile whose credentials come from elsewhere, and takes the
// ones out of the environment.
func (x *wire) profile(lines string) {
	x.t.Helper()
	dir := x.t.TempDir()
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte("[default]\n"+lines+"\n"), 0o600); err != nil {
		x.t.Fatal(err)
	}
	var env []string
	for _, v := range x.env {
		if !strings.HasPrefix(v, "AWS_ACCESS_KEY_ID=") && !strings.HasPrefix(v, "AWS_SECRET_ACCESS_KEY=") && !strings.HasPrefix(v, "AWS_SESSION_TOKEN=") {
			env = append(env, v)
		}
	}
	x.env = append(env, "AWS_CONFIG_FILE="+file, "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "credentials"))
}

// processCredentials makes a credential_process that gives the person's
// credentials n times, and then another account's. They expire at once, so that
// the SDK asks before every call.
func (x *wire) processCredentials(n int) {
	x.t.Helper()
	dir := x.t.TempDir()
	script := filepath.Join(dir, "login")
	answer := `{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"` + personSecret + `","SessionToken":"` + personToken + `","Expiration":"2020-01-01T00:00:00Z"}`
	text := "#!/bin/sh\necho >> " + dir + "/n\nif [ $(wc -l < " + dir + "/n) -gt " + strconv.Itoa(n) + " ]\nthen echo '" +
		fmt.Sprintf(answer, otherKey) + "'\nelse echo '" + fmt.Sprintf(answer, personKey) + "'\nfi\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		x.t.Fatal(err)
	}
	x.profile("credential_process = " + script)
}

// A signed run is one whose every call is signed, and what comes before it.
type signedRun struct {
	name   string
	before [][]string
	line   []string
}

// signedRuns are those of which each call is made with credentials that are wrong.
// FILE is a file of the person's.
var signedRuns = []signedRun{
	{"up", nil, []string{"up", "--yes", "--parallel", "1"}},
	{"status", [][]string{{"up", "--yes"}}, []string{"status"}},
	{"down", [][]string{{"up", "--yes"}}, []string{"down", "--yes", "--discard-data", "--parallel", "1"}},
	{"down with a backup", [][]string{{"up", "--yes"}}, []string{"down", "--yes", "--backup", "FILE", "--parallel", "1"}},
	{"restore", [][]string{{"up", "--yes"}, {"down", "--yes", "--backup", "FILE"}, {"table", "--yes"}}, []string{"restore", "FILE", "--yes"}},
}

// in is the run in a folder.
func (s signedRun) in(dir string) signedRun {
	here := func(line []string) (out []string) {
		for _, word := range line {
			out = append(out, strings.ReplaceAll(word, "FILE", filepath.Join(dir, "items.jsonl")))
		}
		return out
	}
	run := signedRun{name: s.name, line: here(s.line)}
	for _, line := range s.before {
		run.before = append(run.before, here(line))
	}
	return run
}

// Whenever the credentials become another account's, nothing but the question
// whose they are is signed with them.
func TestAnotherAccountsCredentialsSignNothing(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, run := range signedRuns {
		before := cases
		for k := 2; ; k += sample(16) {
			changed := false
			ok := t.Run(fmt.Sprintf("%s from %d on", run.name, k), func(t *testing.T) { changed = otherAccountFrom(t, run.in(t.TempDir()), k) })
			if !changed || !ok {
				break
			}
			cases++
		}
		if cases == before {
			t.Errorf("no case of %s was run", run.name)
		}
	}
	promise(t, "T12", cases)
}

func otherAccountFrom(t *testing.T, run signedRun, k int) (changed bool) {
	x := newWire(t)
	for _, line := range run.before {
		x.must(0, line...)
	}
	x.processCredentials(k)
	var mu sync.Mutex
	asked, signed := 0, []string{}
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.Header.Get("Authorization"), otherKey) {
			next.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		if !bytes.Contains(body, []byte("Action=GetCallerIdentity")) {
			signed = append(signed, r.Header.Get("X-Amz-Target")+" "+r.URL.Path+" "+string(body))
			http.Error(w, "", http.StatusForbidden)
			return
		}
		asked++
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::222222222222:user/other</Arn><UserId>AIDAOTHER</UserId><Account>222222222222</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	})
	p := x.process(run.line...).start()
	exit := p.end()
	words := p.errs.String()
	mu.Lock() // a call whose caller has gone may still be under way
	defer mu.Unlock()
	if len(signed) > 0 {
		t.Errorf("%d calls were signed by the other account: %q", len(signed), signed)
	}
	if asked == 0 {
		return false
	}
	if exit != exitCredentials || !strings.Contains(words, "222222222222") || !strings.Contains(words, "000000000000") {
		t.Errorf("exit %d:\n%s", exit, words)
	}
	x.meddle(nil)
	x.processCredentials(1 << 20)
	x.must(0, run.line...)
	return true
}

// A refresh gives a new access key, which is no other account.
func TestARefreshedKeyOfTheSameAccountGoesOn(t *testing.T) {
	x := newWire(t)
	x.processCredentials(9)
	x.must(0, "up", "--yes")
}

// expiredAnswer is AWS's answer to a token that is too old, in the protocol of
// the call. False: it has none here.
func expiredAnswer(w http.ResponseWriter, r *http.Request) bool {
	if strings.Contains(r.URL.Path, "/operation/") {
		return false // CBOR
	}
	if strings.Contains(r.Header.Get("Content-Type"), "x-www-form-urlencoded") {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
		return true
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`)
	return true
}

func TestCredentialsThatExpireAtAnyCallEndWithTheWayOn(t *testing.T) {
	t.Parallel()
	cases := 0
	for _, run := range signedRuns {
		before := cases
		for k := 1; ; k += sample(11) {
			expired := false
			ok := t.Run(fmt.Sprintf("%s from %d on", run.name, k), func(t *testing.T) { expired = expiredFrom(t, run.in(t.TempDir()), k) })
			if !expired || !ok {
				break
			}
			cases++
		}
		if cases == before {
			t.Errorf("no case of %s was run", run.name)
		}
	}
	promise(t, "T12", cases)
}

func expiredFrom(t *testing.T, run signedRun, k int) bool {
	x := newWire(t)
	for _, line := range run.before {
		x.must(0, line...)
	}
	var expired atomic.Bool
	x.meddle(func(call int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if call >= k && expiredAnswer(w, r) {
			expired.Store(true)
			return
		}
		next.ServeHTTP(w, r)
	})
	p := x.process(run.line...).start()
	exit := p.end()
	x.meddle(nil)
	if !expired.Load() {
		return false
	}
	words := strings.Join(strings.Fields(p.errs.String()), " ")
	if run.name == "status" && exit == exitDone { // what is used up need not be known
		if unread := strings.Join(strings.Fields(p.out.String()), " "); !strings.Contains(unread, "your AWS sign-in has expired") {
			t.Errorf("it does not say why it knows less:\n%s", p.out.String())
		}
		return true
	}
	if exit != exitCredentials || !strings.Contains(words, "your AWS sign-in has expired") || !strings.Contains(words, "todoctl "+strings.Join(run.line, " ")) || !strings.Contains(words, "aws login") ||
		strings.Contains(words, "nothing was changed") && strings.Contains(words, "(continues)") {
		t.Errorf("exit %d:\n%s%s", exit, p.out.String(), p.errs.String())
	}
	if empty := regexp.MustCompile(`(?m)^ +(try|or): *$|then: *$`); empty.MatchString(p.errs.String()) {
		t.Errorf("a way on without words:\n%s", p.errs.String())
	}
	x.must(0, run.line...)
	return true
}

// signedIn gives the person credentials that a new login replaces, and returns
// that login.
func (x *wire) signedIn() (signIn func(key string)) {
	x.t.Helper()
	x.profile("")
	x.env = append(x.env, "NO_COLOR=1")
	var credentials string
	for _, v := range x.env {
		if file, ok := strings.CutPrefix(v, "AWS_SHARED_CREDENTIALS_FILE="); ok {
			credentials = file
		}
	}
	signIn = func(key string) {
		if err := os.WriteFile(credentials, []byte("[default]\naws_access_key_id="+key+"\naws_secret_access_key="+personSecret+"\n"), 0o600); err != nil {
			x.t.Fatal(err)
		}
	}
	signIn(personKey)
	return signIn
}

// At a terminal the run waits for the login and goes on at the same call.
func TestASignInThatExpiresIsWaitedFor(t *testing.T) {
	t.Attr("promise", "T12")
	t.Attr("cases", "3")
	for _, answer := range []string{enter, down + enter, ctrlC} {
		x := newWire(t)
		signIn := x.signedIn()
		x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
			if x.writes() == 0 || !strings.Contains(r.Header.Get("Authorization"), personKey) || !expiredAnswer(w, r) {
				next.ServeHTTP(w, r)
			}
		})
		s := start(t, x.env, "up")
		s.expect("Go through these 6 steps?")
		s.press(enter)
		answerAll(s, func() string {
			signIn(otherKey)
			return answer
		})
		exit := s.end()
		if answer == enter && exit != 0 {
			t.Errorf("exit %d:\n%s", exit, s.text())
		}
		if answer != enter && (exit != exitCredentials && exit != exitInterrupted || !strings.Contains(s.text(), "(continues)")) {
			t.Errorf("exit %d:\n%s", exit, s.text())
		}
	}
}

// A changed setting makes its page look at AWS again, in the middle of the
// question: a sign-in that has expired by then is asked about first.
func TestASignInThatExpiresOnAPageIsWaitedFor(t *testing.T) {
	x := newWire(t)
	signIn := x.signedIn()
	var expired atomic.Bool
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !expired.Load() || !strings.Contains(r.Header.Get("Authorization"), personKey) || !expiredAnswer(w, r) {
			next.ServeHTTP(w, r)
		}
	})
	s := start(t, x.env, "up")
	s.toPage("role")
	for tries := 0; x.writes() == 0; tries++ { // a look at the account is not short
		if tries == 100 {
			t.Fatal("the table waits for the second answer")
		}
		x.must(exitDiffers, "status")
	}
	expired.Store(true)
	s.press(down + down + enter)
	s.expect("What may the function do?")
	s.expect("What the book attaches")
	s.press(down + enter)
	s.expect("Signed in again?")
	signIn(otherKey)
	s.press(enter)
	s.expect("Step 2 of 6: role")
	s.expect("AWSLambdaBasicExecutionRole")
	s.expect("Quit")
	s.press(ctrlC)
	s.ends(exitInterrupted)
}

// answerAll says yes to each step of the walkthrough, and answers the question
// about the login once it comes, until todoctl has ended.
func answerAll(s *terminal, login func() string) {
	s.t.Helper()
	steps, logins, mails := 0, 0, 0
	for {
		text := s.text()
		if n := strings.Count(text, "Signed in again?"); n > logins && logins == 0 {
			logins = n
			s.press(login())
		} else if strings.Contains(text, "Which e-mail address") && mails == 0 {
			mails++
			s.press(enter)
		} else if n := strings.Count(text, " of 6: "); n > steps && strings.Contains(text[strings.LastIndex(text, " of 6: "):], "Quit") {
			steps = n
			s.press(enter)
		}
		if _, open := <-s.grown; !open {
			break
		}
	}
	if logins == 0 {
		s.t.Errorf("it never asked about the login:\n%s", s.text())
	}
}
