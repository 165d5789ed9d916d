//go:build !windows

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"todoctl/local"
)

// A provocation makes one problem of the catalogue happen and returns all that
// todoctl says then.
type provocation struct {
	id, how string
	by      func(t *testing.T) string
}

// TestProblems makes every problem happen and wants its id at the end of what is
// said, in words that a person can use.
func TestProblems(t *testing.T) {
	for _, p := range provocations() {
		t.Run(p.id+" "+p.how, func(t *testing.T) {
			said := p.by(t)
			e, ok := find(p.id)
			if !ok {
				t.Fatalf("the catalogue has no %s", p.id)
			}
			switch {
			case e.Hint: // printed as a hint, and its words are checked where it is provoked
			case e.Exit == exitInterrupted: // who stopped it herself is not told where to read about it
				if !strings.Contains(said, "error: "+e.Title) {
					t.Errorf("it does not say %q:\n%s", e.Title, said)
				}
			case !strings.Contains(said, "more:  todoctl explain "+p.id+"\n"):
				t.Errorf("it does not name %s:\n%s", p.id, said)
			case !strings.Contains(said, "\ntry:   "):
				t.Errorf("it does not say what to type:\n%s", said)
			}
			for _, raw := range []string{"operation error", "https response error", "RequestID", "goroutine ", "smithy", "<html", "0x", "(MISSING)", "%!"} {
				if strings.Contains(said, raw) {
					t.Errorf("it shows the SDK's or Go's own words (%q):\n%s", raw, said)
				}
			}
		})
	}
}

// unprovoked are the entries that no test makes happen, each with its reason.
var unprovoked = map[string]string{}

func TestEachProblemOfTheCatalogueIsProvoked(t *testing.T) {
	by := map[string]bool{}
	for _, p := range provocations() {
		by[p.id] = true
	}
	for _, e := range catalogue() {
		if why := unprovoked[e.ID]; by[e.ID] == (why != "") {
			t.Errorf("%s: provoked is %t, and the reason why not is %q", e.ID, by[e.ID], why)
		}
	}
}

func provocations() []provocation {
	return slices.Concat(personProvocations, cloudProvocations, stackProvocations, machineProvocations)
}

// typing runs todoctl on a machine where nobody is signed in.
func typing(args ...string) func(*testing.T) string {
	return func(t *testing.T) string { return saidBy(t, home(t), args...) }
}

func saidBy(t *testing.T, env []string, args ...string) string {
	t.Helper()
	_, errs, exit := run(t, env, args...)
	if exit == exitDone {
		t.Errorf("%v ends with 0", args)
	}
	return errs
}

// on runs a test's todoctl processes on an AWS of its own.
func on(do func(x *wire) string) func(*testing.T) string {
	return func(t *testing.T) string { return do(newWire(t)) }
}

// fails runs todoctl to its end and returns what it says.
func (x *wire) fails(args ...string) string {
	x.t.Helper()
	p := x.process(args...).start()
	if exit := p.end(); exit == exitDone {
		x.t.Errorf("%v ends with 0:\n%s", args, p.errs.String())
	}
	return p.errs.String()
}

// answers makes every call of the query protocol, STS's first of all, an error.
func (x *wire) answers(status int, code, message string) *wire {
	x.meddle(func(_ int, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, code, message)
	})
	return x
}

// asked answers the question whose the credentials are.
func (x *wire) asked(arn string) *wire {
	x.meddle(func(_ int, w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		if !bytes.Contains(body, []byte("Action=GetCallerIdentity")) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		identify(w, arn, "000000000000")
	})
	return x
}

// identify is STS's answer to the question who calls.
func identify(w http.ResponseWriter, arn, account string) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>%s</Arn><UserId>U</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, arn, account)
}

// with adds settings to the environment.
func (x *wire) with(setting ...string) *wire {
	x.env = append(x.env, setting...)
	return x
}

// virtual runs todoctl in virtual time, on an account without delays.
func virtual(do func(r *rehearsal) ending) func(*testing.T) string {
	return onAccount(local.Config{}, do)
}

// onAccount does so on an account of a certain kind.
func onAccount(kind local.Config, do func(r *rehearsal) ending) func(*testing.T) string {
	return func(t *testing.T) (said string) {
		rehearseOn(t, kind, func(r *rehearsal) {
			end := do(r)
			said = end.out + end.err
		})
		return said
	}
}

// always is a fault that strikes every call of an operation.
func always(kind local.FaultKind, operation string) local.Fault {
	return local.Fault{Kind: kind, Operation: operation, Times: local.Always}
}

// A between stands between todoctl and AWS in virtual time.
type between struct {
	next   http.RoundTripper
	change func(operation string, r *http.Request, pass func() (*http.Response, error)) (*http.Response, error)
}

func (b between) RoundTrip(r *http.Request) (*http.Response, error) {
	operation := r.Header.Get("X-Amz-Target")
	operation = operation[strings.LastIndex(operation, ".")+1:]
	if operation == "" {
		operation = r.Method + " " + r.URL.Path
	}
	return b.change(operation, r, func() (*http.Response, error) { return b.next.RoundTrip(r) })
}

// runBetween runs todoctl with something between it and AWS.
func (r *rehearsal) runBetween(args string, change func(operation string, r *http.Request, pass func() (*http.Response, error)) (*http.Response, error)) ending {
	r.Helper()
	return r.runThrough(r.Context(), r.networkOver(between{r, change}), args+" --parallel 1")
}

// refuse answers DynamoDB's calls of one operation with an error.
func refuse(refused, code, message string) func(string, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(operation string, r *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		if operation != refused {
			return pass()
		}
		text := `{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":` + strconv.Quote(message) + `}`
		return &http.Response{
			StatusCode: http.StatusBadRequest, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(text)),
		}, nil
	}
}

// altered changes the answers to GET of the Function URL.
func altered(change func(http.Header)) func(string, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(operation string, _ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
		res, err := pass()
		if err == nil && operation == "GET /" {
			change(res.Header)
		}
		return res, err
	}
}

// up makes the stack first.
func (r *rehearsal) up() *rehearsal {
	r.Helper()
	r.wantExit(r.run(upLine), exitDone)
	return r
}

// backup makes a file with the stack's one item, and the stack again.
func (r *rehearsal) backup() string {
	r.Helper()
	file := filepath.Join(r.dir, "items.jsonl")
	r.up()
	r.wantExit(r.run("down --yes --backup "+file), exitDone)
	return file
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
