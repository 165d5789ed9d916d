//go:build !windows

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"todoctl/local"
)

// elsewherePage is an empty page of another origin, as a learner's own would be.
func elsewherePage(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// An answerSeen is what a page's own code sees of an answer.
type answerSeen struct {
	Status int
	Text   string
	Link   string // "" when the page may not read it
	Failed string // what fetch throws
}

// fetches lets the page's code make a request.
func (x *tab) fetches(method, url, body string) answerSeen {
	x.Helper()
	init := fmt.Sprintf(`{ method: %q }`, method)
	if body != "" {
		init = fmt.Sprintf(`{ method: %q, body: %q, headers: { "content-type": "application/json" } }`, method, body)
	}
	return evaluated[answerSeen](x, fmt.Sprintf(`fetch(%q, %s).then(
		async (r) => ({ Status: r.status, Text: await r.text(), Link: r.headers.get("link") ?? "", Failed: "" }),
		(e) => ({ Status: 0, Text: "", Link: "", Failed: String(e) }))`, url, init))
}

// TestAPageOfAnotherOriginUsesTheAPI is what the URL's CORS settings are for. The
// function hears nothing of the browser's preflights.
func TestAPageOfAnotherOriginUsesTheAPI(t *testing.T) {
	x := newTab(t, desktop)
	twin, err := defaultTwin()
	if err != nil {
		t.Fatal(err)
	}
	var ran atomic.Int32
	start := twin.New
	twin.New = func(env local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
		handle := start(env)
		return func(ctx context.Context, event []byte) ([]byte, error) {
			ran.Add(1)
			return handle(ctx, event)
		}
	}
	var preflights atomic.Int32
	w := newWireOn(t, local.Config{Twin: twin, OnCall: func(call local.Call) {
		if call.Service == "url" && strings.HasPrefix(call.Operation, "OPTIONS ") {
			preflights.Add(1)
		}
	}})
	url := strings.TrimSpace(w.must(0, "up", "--yes", "--skip", "test,alarm").out.String())
	x.visit(elsewherePage(t))

	made := x.fetches("POST", url, `{"task": "Buy groceries"}`)
	if made.Status != http.StatusCreated {
		t.Fatalf("POST: %+v", made)
	}
	_, rest, _ := strings.Cut(made.Text, `"id": "`)
	id, _, _ := strings.Cut(rest, `"`)
	x.fetches("POST", url, `{"task": "Call Mia"}`)
	if got := x.fetches("GET", url+"?limit=1", ""); got.Status != http.StatusOK || !strings.Contains(got.Link, `rel="next"`) {
		t.Errorf("GET: %+v", got)
	}
	if got := x.fetches("PUT", url+id, `{"completed": true}`); got.Status != http.StatusOK || !strings.Contains(got.Text, `"completed": true`) {
		t.Errorf("PUT: %+v", got)
	}
	if got := x.fetches("HEAD", url, ""); got.Status != http.StatusOK || got.Text != "" {
		t.Errorf("HEAD: %+v", got)
	}
	if got := x.fetches("DELETE", url+id, ""); got.Status != http.StatusNoContent {
		t.Errorf("DELETE: %+v", got)
	}
	if got := x.fetches("GET", url+id, ""); got.Status != http.StatusNotFound || !strings.Contains(got.Text, `"error"`) {
		t.Errorf("an error is to be read too: %+v", got)
	}
	if preflights.Load() == 0 || ran.Load() != 7 {
		t.Errorf("%d preflights, and the function ran %d times for 7 requests", preflights.Load(), ran.Load())
	}
	// A method that the URL's settings do not name, no page may use.
	if got := x.fetches("PATCH", url+id, `{}`); got.Failed == "" || ran.Load() != 7 {
		t.Errorf("PATCH: %+v", got)
	}
	x.clean("404 (Not Found)", "Method PATCH is not allowed", "net::ERR_FAILED")
}

// doubled is the book's function: it sets the header that its URL sets already.
const doubled = `import json

def lambda_handler(event, context):
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "Access-Control-Allow-Origin": "*"},
        "body": json.dumps([]),
    }
`

// TestTheBooksDoubleHeaderFailsInABrowserAsOnAWS puts it back. curl sees nothing
// wrong, and a page sees nothing at all.
func TestTheBooksDoubleHeaderFailsInABrowserAsOnAWS(t *testing.T) {
	x := newTab(t, desktop)
	if err := exec.Command("python3", "-I", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 is not on this machine")
	}
	mine := t.TempDir()
	if err := os.WriteFile(filepath.Join(mine, "lambda_function.py"), []byte(doubled), 0o600); err != nil {
		t.Fatal(err)
	}
	env := startedLocal(t)
	url, errs, exit := run(t, env, "up", "--local", "--yes", "--skip", "test,alarm", "--source", mine)
	if exit != 0 {
		t.Fatal(errs)
	}
	url = strings.TrimSpace(url)
	if list := get(t, url); list != "[]" {
		t.Errorf("a program gets %s", list)
	}
	x.visit(elsewherePage(t))
	if got := x.fetches("GET", url, ""); got.Failed != "TypeError: Failed to fetch" {
		t.Errorf("a page gets %+v", got)
	}
	if !slices.ContainsFunc(x.console(), func(line string) bool {
		return strings.Contains(line, "The 'Access-Control-Allow-Origin' header contains multiple values '*, *', but only one is allowed.")
	}) {
		t.Errorf("the console says %q", x.console())
	}
	// The page of todoctl says what it can be, and the line that finds it out.
	page := servedPage(t, url, nil)
	x.visit(page.address())
	x.wait(`document.getElementById("notice").textContent.includes("or it has two") && document.getElementById("notice-type").textContent === "todoctl test --local"`)
	if _, errs, _ := run(t, env, "test", "--local"); !strings.Contains(errs, "TODO-URL-02") {
		t.Errorf("todoctl test does not say so:\n%s", errs)
	}
}

// opened starts `todoctl open` and returns the page's address.
func (x *wire) opened(args ...string) (*process, string) {
	x.t.Helper()
	p := x.process(append([]string{"open"}, args...)...)
	p.cmd.Stdout = nil
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		x.t.Fatal(err)
	}
	p.start()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = p.end()
		x.t.Fatalf("%v\n%s", err, p.errs.String())
	}
	return p, strings.TrimSpace(line)
}

// TestOpenServesThePageUntilCtrlC goes the whole way: the real program, the real
// page, a URL of either kind.
func TestOpenServesThePageUntilCtrlC(t *testing.T) {
	for _, auth := range []string{"none", "iam"} {
		t.Run(auth, func(t *testing.T) {
			x := newTab(t, phone)
			w := newWire(t, "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=") // of everybody who signs for a local URL
			url := strings.TrimSpace(w.must(0, "up", "--yes", "--skip", "test,alarm", "--auth", auth).out.String())
			p, address := w.opened()
			x.visit(address)
			x.wait(`document.getElementById("nothing").textContent.includes("Nothing to do yet")`)
			x.click(byID("new"))
			x.press("Buy groceries\r")
			x.wait(rowOf("Buy groceries"))
			x.click(inRow("Buy groceries", ".tick"))
			x.wait(`document.getElementById("said").textContent === "Done: Buy groceries"`)
			x.click(inRow("Buy groceries", ".remove"))
			x.click(inRow("Buy groceries", ".yes"))
			x.shown()
			config := x.text(`document.querySelector("meta[name=todoctl]").content`)
			straight := strings.Contains(config, `"api":"`+url+`"`)
			if straight != (auth == "none") || strings.Contains(config, personKey) || strings.Contains(config, personSecret) {
				t.Errorf("the page is told %s", config)
			}
			x.clean()
			if auth == "iam" {
				closedToOthers(t, x, address)
			}
			if err := p.signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			if exit := p.end(); exit != exitDone {
				t.Errorf("Ctrl-C ends it with %d", exit)
			}
			if _, token, found := strings.Cut(config, relayPath); found && strings.Contains(p.errs.String(), token[:64]) {
				t.Errorf("the token is printed:\n%s", p.errs.String())
			}
		})
	}
}

// closedToOthers tries what a page of another origin may do with the relay: nothing,
// even where somebody has told it the token.
func closedToOthers(t *testing.T, x *tab, address string) {
	t.Helper()
	api := x.text(`new URL(JSON.parse(document.querySelector("meta[name=todoctl]").content).api, location.href)`)
	stranger := newTab(t, desktop)
	stranger.visit(elsewherePage(t))
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		body := map[bool]string{true: `{"task": "theirs"}`}[method == "POST" || method == "PUT"]
		if got := stranger.fetches(method, api, body); got.Failed == "" {
			t.Errorf("another page may %s: %+v", method, got)
		}
	}
	// What needs no preflight is sent, and turned away.
	if sent := evaluated[string](stranger, fmt.Sprintf(`fetch(%q, { method: "POST", mode: "no-cors", body: '{"task": "theirs"}' }).then((r) => r.type, (e) => "failed")`, api)); sent == "basic" {
		t.Errorf("another page's form reaches the relay: %s", sent)
	}
	if framed := evaluated[bool](stranger, fmt.Sprintf(`new Promise((done) => {
		const frame = document.createElement("iframe");
		frame.onload = () => { try { done(frame.contentDocument !== null && frame.contentDocument.title !== "") } catch { done(false) } };
		frame.src = %q;
		document.body.append(frame);
	})`, address)); framed {
		t.Error("another page may show it in a frame")
	}
	x.click(byID("reload"))
	x.wait(`document.getElementById("said").textContent === "0 tasks loaded."`)
}
