//go:build !windows

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"todoctl/handler"
	"todoctl/local"
)

// An apiFake is a Function URL that notes what reaches it.
type apiFake struct {
	*httptest.Server
	mu  sync.Mutex
	got []*http.Request
}

func newAPIFake(t *testing.T) *apiFake {
	a := &apiFake{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		a.got = append(a.got, r)
		a.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Link", `<?limit=1&next=x>; rel="next"`)
		h.Set("Retry-After", "3")
		h.Set("Set-Cookie", "a=b")
		h.Set("Access-Control-Allow-Origin", "*")
		if r.URL.Path == "/moved" {
			h.Set("Location", "http://evil.example/")
			w.WriteHeader(http.StatusFound)
			return
		}
		fmt.Fprintf(w, `{"method": %q, "path": %q, "body": %q}`, r.Method, r.URL.RequestURI(), body)
	}))
	t.Cleanup(a.Close)
	return a
}

// reached says how many requests have come so far.
func (a *apiFake) reached() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.got)
}

// aRoundTrip is a transport made of a function.
type aRoundTrip func(*http.Request) (*http.Response, error)

func (f aRoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// servedPage serves a page for an API at url; signed makes it one with a relay.
func servedPage(t *testing.T, url string, signed http.RoundTripper) *pageServer {
	t.Helper()
	return servedPageOf(t, pageConfig{URL: url, Stack: "Todo", Local: true, Region: "us-east-1", Lines: map[string]string{"test": "todoctl test --local", "logs": "todoctl logs --local"}}, signed)
}

func servedPageOf(t *testing.T, about pageConfig, signed http.RoundTripper) *pageServer {
	t.Helper()
	l, err := (&App{}).listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var x *relay
	if signed != nil {
		x = newRelayTo(about.URL, signed, func(err error) string { return err.Error() })
	}
	page, err := newPageServer(l.Addr().String(), about, x)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- local.Serve(ctx, l, page) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		page.atWork.Wait()
	})
	return page
}

// signedBy is a transport that marks what it sends, as a signature would.
func signedBy(t *testing.T) http.RoundTripper {
	next := &http.Transport{}
	t.Cleanup(next.CloseIdleConnections)
	return aRoundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "signed")
		return reaching{next}.RoundTrip(r)
	})
}

// requested sends a request with this Host and these headers ("Name: value").
func requested(t *testing.T, method, address, host string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	for _, line := range headers {
		if name, value, given := strings.Cut(line, ": "); given && value != "" {
			r.Header.Add(name, value)
		}
	}
	return sent(t, r)
}

// sent sends a request on a connection of its own.
func sent(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestThePageHasStrictHeaders(t *testing.T) {
	api := newAPIFake(t)
	for _, relay := range []bool{false, true} {
		var signed http.RoundTripper
		reaches := api.URL
		if relay {
			signed, reaches = signedBy(t), "'self'"
		}
		p := servedPage(t, api.URL+"/", signed)
		for name, want := range map[string]int{"": 200, "app.js": 200, "style.css": 200, "icon.svg": 200, "nothing": 404, "index.html": 404} {
			res, _ := requested(t, "GET", p.address()+name, p.host, nil)
			if res.StatusCode != want {
				t.Errorf("%q: %d, want %d", name, res.StatusCode, want)
			}
			for header, value := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " + reaches +
					"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Access-Control-Allow-Origin": "",
			} {
				if got := res.Header.Get(header); got != value {
					t.Errorf("%q: %s is %q, want %q", name, header, got, value)
				}
			}
		}
	}
}

// What has no place in a page under this policy, or in one that shows what strangers
// have typed.
func TestThePageHasNoInlineCodeAndWritesNoMarkup(t *testing.T) {
	bad := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|https?://(?:[^.]*\.)?(?:cdn|unpkg|google)`)
	names, err := fs.Glob(handler.Page(), "*")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(handler.Page(), name)
		if err != nil {
			t.Fatal(err)
		}
		if found := bad.Find(text); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		if pageTypes[name[strings.LastIndex(name, "."):]] == "" {
			t.Errorf("%s has no content type", name)
		}
	}
}

// The matrix of T25 for the page and its relay: Host, Origin, what a browser says
// about where a request comes from, and the method.
func TestOnlyThePageItselfPassesItsPort(t *testing.T) {
	t.Parallel()
	t.Attr("promise", "T25")
	api := newAPIFake(t)
	n, cases := 0, 0
	for _, relay := range []bool{false, true} {
		var signed http.RoundTripper
		if relay {
			signed = signedBy(t)
		}
		p := servedPage(t, api.URL, signed)
		_, port, _ := net.SplitHostPort(p.host)
		paths := []string{p.home, p.home + "app.js"}
		if relay {
			paths = append(paths, p.relay.path, p.relay.path+"an-id")
		}
		for h, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port,
			"127.0.0.1", "localhost", "127.0.0.1:1", "0.0.0.0:" + port, "evil.example:" + port, "127.0.0.1.evil.example:" + port} {
			for o, origin := range []string{"", "http://" + host, "null", "http://evil.example", "https://" + host, "http://localhost:1"} {
				for _, site := range []string{"", "none", "same-origin", "same-site", "cross-site"} {
					for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
						for i, path := range paths {
							if n++; n%sample(3) != 0 { // each path and each method comes in every third place
								continue
							}
							cases++
							before := api.reached()
							res, body := requested(t, method, "http://"+p.host+path, host, nil, "Origin: "+origin, "Sec-Fetch-Site: "+site, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")
							read, ours := method == "GET" || method == "HEAD", h < 3 && o < 2 && site != "same-site" && site != "cross-site"
							want := map[bool]int{true: 200, false: 405}[read]
							if i >= 2 {
								want = map[bool]int{true: 200, false: 405}[isAllowed(method)]
								if o == 0 && (!read || site != "same-origin") {
									want = 403
								}
							}
							if !ours {
								want = 403
							}
							what := fmt.Sprintf("%s %s, Host %q, Origin %q, from %q", method, path, host, origin, site)
							if res.StatusCode != want {
								t.Errorf("%s: %d %s, want %d", what, res.StatusCode, body, want)
							}
							if passed := api.reached() > before; passed != (i >= 2 && want == 200) {
								t.Errorf("%s: passed on: %v", what, passed)
							}
							if relay && (!ours || i > 0) && strings.Contains(body, strings.Trim(p.relay.path, "/")) {
								t.Errorf("%s tells the token", what)
							}
						}
					}
				}
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func TestTheRelayWantsItsToken(t *testing.T) {
	t.Attr("promise", "T25")
	api := newAPIFake(t)
	p := servedPage(t, api.URL, signedBy(t))
	own := []string{"Origin: http://" + p.host}
	right := p.relay.path
	wrong := []string{
		"/relay/", "/relay//", "/relay/x/", right[:len(right)-2] + "/", strings.ToUpper(right), strings.TrimSuffix(right, "/"), right[:len(right)-1] + "0/",
		"/relay/" + p.home, p.home + "relay/", "/relay" + p.home + "/", "/Relay/" + strings.TrimPrefix(right, "/relay/"), "/%72elay/" + strings.TrimPrefix(right, "/relay/"),
		right + "a/b", right + "..", right + ".", right + "../", right + "//evil.example/",
	}
	for _, path := range wrong {
		if res, _ := requested(t, "GET", "http://"+p.host+path, p.host, nil, own...); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	for _, path := range []string{"/", "/app.js", "/index.html"} { // the page itself lies where only its reader knows
		if res, _ := requested(t, "GET", "http://"+p.host+path, p.host, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	if api.reached() != 0 {
		t.Errorf("%d were passed on", api.reached())
	}
	t.Attr("cases", strconv.Itoa(len(wrong)+3))
}

func TestTheRelayPassesTheAPIsOwnAlone(t *testing.T) {
	api := newAPIFake(t)
	p := servedPage(t, api.URL, signedBy(t))
	at := "http://" + p.host + p.relay.path
	res, body := requested(t, "PUT", at+"a%2Fb%20c?limit=1&next=a%3D", p.host, strings.NewReader(`{"task":"ä"}`),
		"Origin: http://"+p.host, "Content-Type: application/json", "Cookie: a=b", "Authorization: mine", "X-Amz-Date: x", "X-Forwarded-For: 192.0.2.1", "Accept-Language: de")
	if want := `{"method": "PUT", "path": "/a%2Fb%20c?limit=1&next=a%3D", "body": "{\"task\":\"ä\"}"}`; res.StatusCode != 200 || body != want {
		t.Errorf("%s %s", res.Status, body)
	}
	for header, want := range map[string]string{"Content-Type": "application/json", "Link": `<?limit=1&next=x>; rel="next"`, "Retry-After": "3", "Set-Cookie": "", "Access-Control-Allow-Origin": ""} {
		if got := res.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	got := api.got[0]
	for header := range got.Header {
		if !slices.Contains([]string{"Authorization", "Content-Type", "Content-Length", "User-Agent", "Accept-Encoding"}, header) {
			t.Errorf("%s: %s was passed on", header, got.Header.Get(header))
		}
	}
	if got.Header.Get("Authorization") != "signed" {
		t.Errorf("the signature is %q", got.Header.Get("Authorization"))
	}
	res, _ = requested(t, "GET", at+"moved", p.host, nil, "Origin: http://"+p.host)
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "" || api.reached() != 2 {
		t.Errorf("a redirect: %s to %q, %d requests", res.Status, res.Header.Get("Location"), api.reached())
	}
}

func TestTheRelaySaysWhatItCannotSend(t *testing.T) {
	api := newAPIFake(t)
	p := servedPage(t, api.URL, aRoundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody is signed in") }))
	at := "http://" + p.host + p.relay.path
	for _, c := range []struct {
		body io.Reader
		want int
		says string
	}{
		{nil, http.StatusBadGateway, `{"error":"nobody is signed in"}`},
		{strings.NewReader(strings.Repeat("x", relayed+1)), http.StatusRequestEntityTooLarge, `{"error":"this is more than an item can hold"}`},
	} {
		res, body := requested(t, "POST", at, p.host, c.body, "Origin: http://"+p.host)
		if res.StatusCode != c.want || strings.TrimSpace(body) != c.says || res.Header.Get(relayFailed) != unsent {
			t.Errorf("%s, %q: %s", res.Status, res.Header.Get(relayFailed), body)
		}
	}
}

// From the connection on nobody knows whether the API did what it was asked: a page
// that took this for "not sent" would send it twice.
func TestTheRelayTellsUnansweredFromUnsent(t *testing.T) {
	breaks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			panic(http.ErrAbortHandler)
		case "/half":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"id": "a`)
		}
	}))
	t.Cleanup(breaks.Close)
	p := servedPage(t, breaks.URL, signedBy(t))
	res, _ := requested(t, "POST", "http://"+p.host+p.relay.path+"none", p.host, nil, "Origin: http://"+p.host)
	if res.StatusCode != http.StatusBadGateway || res.Header.Get(relayFailed) != unanswered {
		t.Errorf("no answer: %s, %q", res.Status, res.Header.Get(relayFailed))
	}
	half, err := http.NewRequest("POST", "http://"+p.host+p.relay.path+"half", nil)
	if err != nil {
		t.Fatal(err)
	}
	half.Header.Set("Origin", "http://"+p.host)
	res, err = (&http.Transport{DisableKeepAlives: true}).RoundTrip(half)
	if err == nil {
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
	}
	if err == nil {
		t.Error("half an answer was passed on as a whole one")
	}
	// Keys that are asked for elsewhere, and refused: the API has heard of nothing.
	elsewhere := &http.Transport{DisableKeepAlives: true}
	p = servedPage(t, breaks.URL, aRoundTrip(func(r *http.Request) (*http.Response, error) {
		ask, err := http.NewRequestWithContext(r.Context(), "GET", breaks.URL+"/keys", nil)
		if err != nil {
			return nil, err
		}
		res, err := elsewhere.RoundTrip(ask)
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(errors.New("no keys"), res.Body.Close())
	}))
	if res, _ := requested(t, "POST", "http://"+p.host+p.relay.path, p.host, nil, "Origin: http://"+p.host); res.Header.Get(relayFailed) != unsent {
		t.Errorf("no keys: %s, %q", res.Status, res.Header.Get(relayFailed))
	}
	breaks.Close()
	p = servedPage(t, breaks.URL, signedBy(t))
	res, _ = requested(t, "POST", "http://"+p.host+p.relay.path, p.host, nil, "Origin: http://"+p.host)
	if res.StatusCode != http.StatusBadGateway || res.Header.Get(relayFailed) != unsent {
		t.Errorf("nobody there: %s, %q", res.Status, res.Header.Get(relayFailed))
	}
}

// Requests that no browser sends, and such as are meant to hold a server up.
func TestThePageIsNoProxyAndTakesNoOddRequests(t *testing.T) {
	t.Attr("promise", "T25")
	api := newAPIFake(t)
	p := servedPage(t, api.URL, nil)
	host := "Host: " + p.host + "\r\n"
	forms := map[string]struct {
		want int
		text string
	}{
		"another Host, absolute": {403, "GET http://evil.example/ HTTP/1.1\r\n" + host + "\r\n"},
		"its own Host, absolute": {403, "GET http://" + p.host + "/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
		"CONNECT":                {403, "CONNECT " + p.host + " HTTP/1.1\r\n" + host + "\r\n"},
		"OPTIONS *":              {403, "OPTIONS * HTTP/1.1\r\n" + host + "\r\n"},
		"without Host":           {400, "GET / HTTP/1.1\r\n\r\n"},
		"two Origins":            {403, "GET / HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\nOrigin: http://" + p.host + "\r\n\r\n"},
		"a head without end":     {431, "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 80<<10) + "\r\n\r\n"},
		"up a folder":            {404, "GET /../app.js HTTP/1.1\r\n" + host + "\r\n"},
		"another file":           {404, "GET /..%2f..%2fgo.mod HTTP/1.1\r\n" + host + "\r\n"},
		"a link from elsewhere":  {200, "GET / HTTP/1.1\r\n" + host + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"},
		"a frame elsewhere":      {403, "GET / HTTP/1.1\r\n" + host + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n\r\n"},
		"a script elsewhere":     {403, "GET /app.js HTTP/1.1\r\n" + host + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: script\r\n\r\n"},
	}
	for name, form := range forms {
		conn, err := net.Dial("tcp", p.host)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, form.text) // what is too long is answered before its end
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if res.StatusCode != form.want {
			t.Errorf("%s: %s, want %d", name, res.Status, form.want)
		}
		_ = conn.Close()
	}
	t.Attr("cases", strconv.Itoa(len(forms)))
}

func TestThePageIsServedToThisMachineAlone(t *testing.T) {
	t.Attr("promise", "T25")
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := local.Serve(t.Context(), l, http.NotFoundHandler()); err == nil || !strings.Contains(err.Error(), "this machine alone") {
		t.Error(err)
	}
	t.Attr("cases", "1")
}

// A browser's command line can be read by every user of the machine. Where there is
// a relay it has an address that leads to the page once.
func TestWhatABrowserIsStartedWithIsGoodForOneUse(t *testing.T) {
	api := newAPIFake(t)
	if p := servedPage(t, api.URL, nil); p.passage() != p.address() {
		t.Errorf("a page without secrets is opened at %s, and not at %s", p.passage(), p.address())
	}
	p := servedPage(t, api.URL, signedBy(t))
	if strings.Contains(p.passage(), strings.Trim(p.home, "/")) {
		t.Errorf("%s tells where the page lies", p.passage())
	}
	for _, c := range []struct {
		method, from string
		want         int
	}{
		{"HEAD", "", 404}, {"POST", "", 404}, {"GET", "cross-site", 403}, // these use nothing up
		{"GET", "none", 303}, {"GET", "none", 403}, {"GET", "", 403},
	} {
		res, body := requested(t, c.method, p.passage(), p.host, nil, "Sec-Fetch-Site: "+c.from)
		if res.StatusCode != c.want || (res.Header.Get("Location") == p.home) != (c.want == 303) {
			t.Errorf("%s from %q: %d %v %s, want %d", c.method, c.from, res.StatusCode, res.Header, body, c.want)
		}
	}
	if res, _ := requested(t, "GET", p.address(), p.host, nil); res.StatusCode != 200 {
		t.Errorf("the page itself answers %d", res.StatusCode)
	}
}
