package local

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A FaultKind is a way in which a call goes wrong. "After" means that AWS has
// carried it out and the caller does not learn of it.
type FaultKind string

// The kinds of fault. Where AWS has no single form for one, it takes that of
// the call's own protocol.
const (
	FaultThrottle    FaultKind = "throttle"      // ThrottlingException, nothing done
	FaultRetryAfter  FaultKind = "retry-after"   // the same, with x-amz-retry-after: 3 s
	Fault500Before   FaultKind = "500-before"    // InternalFailure, nothing done
	Fault500After    FaultKind = "500-after"     // InternalFailure, done all the same
	FaultResetBefore FaultKind = "reset-before"  // the connection is reset before the call arrives
	FaultResetAfter  FaultKind = "reset-after"   // and before the answer does
	FaultEOFAfter    FaultKind = "eof-after"     // the connection is closed instead of an answer
	FaultCutBody     FaultKind = "cut-body"      // half an answer, then the end
	FaultStall       FaultKind = "stall"         // no answer, ever; nothing done
	FaultStallAfter  FaultKind = "stall-after"   // no answer, ever; done
	FaultHTML        FaultKind = "html"          // a hotel's sign-in page, with 200
	FaultNoName      FaultKind = "no-name"       // no such host
	FaultExpired     FaultKind = "expired-token" // ExpiredToken
	FaultDenied      FaultKind = "access-denied" // AccessDenied
	FaultClockBehind FaultKind = "clock-behind"  // the caller's clock is 6 minutes behind, until it signs with AWS's time
	FaultClockAhead  FaultKind = "clock-ahead"   // it is 6 minutes ahead
	FaultError       FaultKind = "error"         // Fault.Code and Fault.Message, nothing done
	FaultBefore      FaultKind = "before"        // Fault.Do is called, then the call goes on
	FaultAfter       FaultKind = "after"         // the call is carried out, then Fault.Do is called, then it answers
)

// FaultKinds are all kinds that need nothing but a call.
func FaultKinds() []FaultKind {
	return []FaultKind{
		FaultThrottle, FaultRetryAfter, Fault500Before, Fault500After, FaultResetBefore, FaultResetAfter, FaultEOFAfter,
		FaultCutBody, FaultStall, FaultStallAfter, FaultHTML, FaultNoName, FaultExpired, FaultDenied, FaultClockBehind, FaultClockAhead,
	}
}

// Always, as Fault.Times, strikes every call that fits.
const Always = -1

// A Fault says which calls go wrong, and how.
type Fault struct {
	Kind      FaultKind
	Call      int    // the number of the first call that it strikes, from 1; 0 is 1
	Operation string // count only these: "CreateTable", or for a Function URL "POST /"; "" counts all calls
	Service   string // and of them only those to this service, by its signing name: several have a TagResource
	Times     int    // how many calls in a row, from that one on: 0 is one; or Always
	Attempts  int    // instead of all these: the first so many attempts of every call of the API
	Do        func() // for FaultBefore and FaultAfter; and where an answer never comes, before the wait for it
	Code      string // for FaultError
	Message   string // for FaultError; and for what else answers with words, "" being the usual ones
	Status    int    // for FaultError: 0 is the one that goes with a caller's mistake
}

// Faults is the network between a client and AWS: a RoundTripper that counts
// the calls, of the API and of Function URLs alike, and makes some go wrong. An
// attempt is a call: the SDK's retries count.
type Faults struct {
	next  http.RoundTripper
	now   func() time.Time
	own   func(*http.Request) bool // true: not a call, and not to be touched
	mu    sync.Mutex
	plan  []Fault
	seen  []int // by fault: how many calls have fitted
	calls []string
	fired int
}

// NewFaults makes a network in front of next. A request for which private says
// true passes untouched and uncounted; nil means none.
func NewFaults(next http.RoundTripper, now func() time.Time, private func(*http.Request) bool, plan ...Fault) *Faults {
	if private == nil {
		private = func(*http.Request) bool { return false }
	}
	return &Faults{next: next, now: now, own: private, plan: plan, seen: make([]int, len(plan))}
}

// Calls are the operations of the calls so far, in order of arrival.
func (f *Faults) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Fired is how many calls went wrong so far.
func (f *Faults) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// strikes counts a call and finds the fault that strikes it.
func (f *Faults) strikes(call faultCall) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call.operation)
	struck, found := Fault{}, false
	for i, fault := range f.plan {
		if fault.Operation != "" && fault.Operation != call.operation || fault.Service != "" && fault.Service != call.service {
			continue
		}
		if fault.Attempts > 0 {
			if !found && call.attempt > 0 && call.attempt <= fault.Attempts {
				struck, found = fault, true
			}
			continue
		}
		f.seen[i]++
		first := max(fault.Call, 1)
		last := first + max(fault.Times, 1) - 1
		if found || f.seen[i] < first || (fault.Times != Always && f.seen[i] > last) {
			continue
		}
		struck, found = fault, true
	}
	if found {
		f.fired++
	}
	return struck, found
}

// RoundTrip passes a call on, or lets it go wrong.
func (f *Faults) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.own(r) {
		return f.next.RoundTrip(r)
	}
	call, err := readCall(r)
	if err != nil {
		return nil, err
	}
	fault, struck := f.strikes(call)
	if !struck {
		return f.next.RoundTrip(call.again(r))
	}
	done := func() (*http.Response, error) { return f.next.RoundTrip(call.again(r)) }
	message := func(usual string) string { return cmp.Or(fault.Message, usual) }
	broken := func() *http.Response {
		return call.broken(r, message("We encountered an internal error. Please try again."))
	}
	switch fault.Kind {
	case FaultThrottle, FaultRetryAfter:
		res := call.fail(r, &apiError{Code: call.throttle(), Message: message("Rate exceeded"), Status: call.throttled()})
		if fault.Kind == FaultRetryAfter {
			res.Header.Set("X-Amz-Retry-After", strconv.Itoa(int((3 * time.Second).Milliseconds())))
		}
		return res, nil
	case Fault500Before:
		return broken(), nil
	case Fault500After:
		return lost(done, broken(), nil)
	case FaultResetBefore:
		return nil, reset("write")
	case FaultResetAfter:
		return lost(done, nil, reset("read"))
	case FaultEOFAfter:
		return lost(done, nil, io.ErrUnexpectedEOF)
	case FaultCutBody:
		return cut(done())
	case FaultStall:
		return stalled(r, fault.Do)
	case FaultStallAfter:
		if _, err := lost(done, nil, nil); err != nil {
			return nil, err
		}
		return stalled(r, fault.Do)
	case FaultHTML:
		return signInPage(r, message("Room number")), nil
	case FaultNoName:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
	case FaultExpired:
		return call.fail(r, &apiError{Code: call.expired(), Message: message("The security token included in the request is expired"), Status: http.StatusForbidden}), nil
	case FaultDenied:
		return call.fail(r, &apiError{Code: call.denied(), Message: message("User: arn:aws:iam::" + AccountID + ":user/local is not authorized to perform: " + call.action() + " on resource: * because no identity-based policy allows the " + call.action() + " action"), Status: http.StatusForbidden}), nil
	case FaultClockBehind:
		return f.skewed(r, call, 6*time.Minute, done)
	case FaultClockAhead:
		return f.skewed(r, call, -6*time.Minute, done)
	case FaultError:
		return call.fail(r, &apiError{Code: fault.Code, Message: fault.Message, Status: fault.Status}), nil
	case FaultBefore:
		fault.Do()
		return done()
	case FaultAfter:
		res, err := done()
		fault.Do()
		return res, err
	}
	return nil, errors.New("local: no such fault: " + string(fault.Kind))
}

// lost carries a call out and answers something else.
func lost(done func() (*http.Response, error), res *http.Response, instead error) (*http.Response, error) {
	out, err := done()
	if err != nil {
		return nil, err
	}
	_, _ = io.Copy(io.Discard, out.Body) // the effect is what counts
	_ = out.Body.Close()
	return res, instead
}

// stalled waits until the caller gives up.
func stalled(r *http.Request, do func()) (*http.Response, error) {
	if do != nil {
		do()
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// cut is an answer whose second half never comes.
func cut(res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, io.ErrUnexpectedEOF // there is no half of nothing
	}
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), cutOff{}))
	return res, nil
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func reset(op string) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443}, Err: syscall.ECONNRESET}
}

// signInPage is what a captive portal answers to everything.
func signInPage(r *http.Request, label string) *http.Response {
	return answerTo(r, response{
		status: http.StatusOK, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		body: []byte("<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>" + label + " <input name=room></form></body></html>\n"),
	})
}

// skewed answers as AWS does to a signature whose time is not AWS's, within
// the five minutes that SigV4 allows. ahead is how far AWS's clock is ahead of the
// caller's, negative where it is behind; the client sees it in Date.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
func (f *Faults) skewed(r *http.Request, call faultCall, ahead time.Duration, done func() (*http.Response, error)) (*http.Response, error) {
	const allowed, form = 5 * time.Minute, "20060102T150405Z"
	awsNow := f.now().Add(ahead).UTC()
	signed, err := time.Parse(form, r.Header.Get("X-Amz-Date"))
	if err != nil || awsNow.Sub(signed).Abs() < allowed { // a Function URL's caller signs nothing
		return done()
	}
	message := "Signature expired: " + signed.Format(form) + " is now earlier than " + awsNow.Add(-allowed).Format(form)
	if signed.After(awsNow) {
		message = "Signature not yet current: " + signed.Format(form) + " is still later than " + awsNow.Add(allowed).Format(form)
	}
	res := call.fail(r, &apiError{Code: call.skewed(), Message: message, Status: http.StatusForbidden})
	res.Header.Set("Date", awsNow.Format(http.TimeFormat))
	return res, nil
}

// Over puts a network behind a socket: what f answers goes out as HTTP, and
// where f breaks the connection, it is broken. It is for clients in other
// processes. A name that cannot be found looks to them like a reset.
func (f *Faults) Over() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host = "http", r.Host
		out.RequestURI = ""
		res, err := f.RoundTrip(out)
		if err != nil {
			breakConnection(w, err)
			return
		}
		defer func() { _ = res.Body.Close() }()
		for name, values := range res.Header {
			if !strings.EqualFold(name, "Content-Length") {
				w.Header()[name] = values
			}
		}
		body, err := io.ReadAll(res.Body)
		if err != nil { // more is announced than will come
			w.Header().Set("Content-Length", strconv.Itoa(2*len(body)+1))
		}
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(body)
		if err != nil {
			_ = http.NewResponseController(w).Flush() // the half that comes
			panic(http.ErrAbortHandler)
		}
	})
}

// breakConnection ends a connection as err says: with a reset, or else in peace.
func breakConnection(w http.ResponseWriter, err error) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, hijackErr := hijacker.Hijack()
	if hijackErr != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
