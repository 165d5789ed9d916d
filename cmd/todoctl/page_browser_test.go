//go:build !windows

package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestThePageInABrowser uses the page as a person does, at the width of a phone and
// of a desktop. The parts share a stack; each begins with its own items.
func TestThePageInABrowser(t *testing.T) {
	openBrowser(t)
	s := newStand(t)
	for _, part := range []struct {
		name string
		run  func(t *testing.T, s *stand, on device)
	}{
		{"adds, ticks, renames, deletes", everyday},
		{"asks before it deletes", secondPress},
		{"filters", filters},
		{"loads long lists page by page", pagesOfAList},
		{"works by the keyboard alone", keysAlone},
		{"shows what strangers typed as text", strangersText},
		{"says what went wrong", troubles},
		{"waits when it is told to, and goes on by itself", pauses},
		{"says that it is offline, and comes back", offlineAndBack},
		{"needs no network on this machine", localWithoutANetwork},
		{"says what its relay knows", relayTroubles},
		{"loses nothing that was typed", nothingLost},
		{"has a name for everything", namesForAll},
		{"fits its screen", pageFits},
	} {
		t.Run(part.name+" on a phone", func(t *testing.T) { part.run(t, s, phone) })
		t.Run(part.name+" on a desktop", func(t *testing.T) { part.run(t, s, desktop) })
	}
}

func everyday(t *testing.T, s *stand, on device) {
	s.holds()
	x := s.opens(t, on)
	x.wait(`document.getElementById("nothing").textContent.includes("Nothing to do yet")`)
	for _, task := range []string{"Buy groceries", "Call Mia"} {
		x.click(byID("new"))
		x.press(task)
		x.click(`document.querySelector("#add button")`)
		x.wait(rowOf(task))
		x.wait(`document.getElementById("new").value === ""`)
	}
	x.shown("Call Mia", "Buy groceries") // the newest first
	x.click(inRow("Buy groceries", ".tick"))
	x.wait(`document.getElementById("said").textContent === "Done: Buy groceries"`)
	x.wait(`document.getElementById("summary").textContent === "1 of 2 done"`)
	x.click(inRow("Call Mia", ".rename"))
	x.wait(inRow("Call Mia", ".name") + " === document.activeElement")
	x.press("Write to Mia\r")
	x.shown("Write to Mia", "Buy groceries")
	x.wait(`document.getElementById("said").textContent === "Renamed to Write to Mia"`)
	items := s.items()
	slices.SortFunc(items, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a["task"]), fmt.Sprint(b["task"])) })
	if len(items) != 2 || items[0]["task"] != "Buy groceries" || items[0]["completed"] != true || items[1]["task"] != "Write to Mia" || items[1]["completed"] != false {
		t.Errorf("the API has %v", items)
	}
	x.click(inRow("Buy groceries", ".remove"))
	x.click(inRow("Buy groceries", ".yes"))
	x.shown("Write to Mia")
	x.wait(`document.getElementById("said").textContent === "Deleted: Buy groceries"`)
	if items := s.items(); len(items) != 1 {
		t.Errorf("the API has %v", items)
	}
	if requests := s.requests(); len(requests) != 6 { // GET, two POSTs, two PUTs, DELETE
		t.Errorf("it made %q", requests)
	}
	x.wait(`document.getElementById("spent").textContent.startsWith("This visit: 6 requests, 1 task loaded.")`)
	x.clean()
}

// A slip must not delete: the second press of a double one finds another button.
func secondPress(t *testing.T, s *stand, on device) {
	s.holds("Keep me")
	x := s.opens(t, on)
	at := inRow("Keep me", ".remove")
	x.click(at)
	x.wait(inRow("Keep me", ".keep") + " === document.activeElement")
	x.press(kb.Enter) // a second press of the same key keeps it
	x.wait(at + " === document.activeElement")
	x.click(at)
	x.press(kb.Escape)
	x.wait(at + " === document.activeElement")
	x.shown("Keep me")
	if requests := s.requests(); len(requests) != 1 {
		t.Errorf("it made %q", requests)
	}
	x.clean()
}

func filters(t *testing.T, s *stand, on device) {
	s.holds("Open one", "Done one", "Open two")
	x := s.opens(t, on)
	x.click(inRow("Done one", ".tick"))
	x.wait(`document.getElementById("count-done").textContent === "1"`)
	x.click(`document.querySelector("input[value=open]")`)
	x.shown("Open two", "Open one")
	// What is ticked now goes out of sight, and the focus on to the next one.
	x.click(inRow("Open two", ".tick"))
	x.shown("Open one")
	x.wait(inRow("Open one", ".tick") + " === document.activeElement")
	x.click(`document.querySelector("input[value=done]")`)
	x.shown("Open two", "Done one")
	x.click(inRow("Open two", ".tick"))
	x.shown("Done one")
	x.click(inRow("Done one", ".tick"))
	x.shown()
	x.wait(`document.getElementById("nothing").textContent.includes("No done task")`)
	x.click(`document.querySelector("input[value=all]")`)
	x.shown("Open two", "Done one", "Open one")
	x.clean()
}

func pagesOfAList(t *testing.T, s *stand, on device) {
	s.holds(numbered(120)...)
	x := s.opens(t, on)
	count := func(n int) string { return fmt.Sprintf(`document.querySelectorAll(".item").length === %d`, n) }
	x.wait(count(50))
	x.wait(`!document.getElementById("more").hidden`)
	x.click(byID("more"))
	x.wait(count(100))
	x.wait(`document.getElementById("said").textContent === "50 more tasks loaded."`)
	x.wait(`document.activeElement.classList.contains("tick")`)
	x.click(byID("more"))
	x.wait(count(120))
	x.wait(`document.getElementById("more").hidden`)
	if distinct := evaluated[int](x, `new Set([...document.querySelectorAll(".task")].map((t) => t.textContent)).size`); distinct != 120 {
		t.Errorf("%d different tasks are shown", distinct)
	}
	if requests := s.requests(); len(requests) != 3 || requests[0] != "GET /?limit=50" || !strings.Contains(requests[1], "next=") {
		t.Errorf("it asked %q", requests)
	}
	x.clean()
	s.holds()
}

func keysAlone(t *testing.T, s *stand, on device) {
	s.holds("First", "Second")
	x := s.opens(t, on)
	// to presses Tab until an element has the focus.
	to := func(element string) {
		t.Helper()
		for range 40 {
			x.press(kb.Tab)
			if evaluated[bool](x, "document.activeElement === "+element) {
				if !evaluated[bool](x, `(() => { const e = document.activeElement, at = e.closest(".add") ?? (e.type === "radio" ? e.nextElementSibling : e); return getComputedStyle(at).outlineStyle === "solid" })()`) {
					t.Errorf("%s has the focus, and nobody sees it", element)
				}
				return
			}
		}
		t.Fatalf("Tab never comes to %s", element)
	}
	to(`document.querySelector(".skip")`)
	to(byID("new"))
	x.press("Third\r")
	x.shown("Third", "Second", "First")
	to(`document.querySelector("input[value=all]")`)
	x.press(kb.ArrowRight)
	x.wait(`document.querySelector("input[value=open]").checked`)
	to(inRow("Third", ".tick"))
	x.press(" ")
	x.shown("Second", "First")
	to(inRow("Second", ".rename"))
	x.press(kb.Enter)
	x.press("Nobody wants this")
	x.press(kb.Escape)
	x.wait(inRow("Second", ".rename") + " === document.activeElement")
	x.press(kb.Enter)
	x.press("Second again" + kb.Enter)
	x.shown("Second again", "First")
	x.wait(inRow("Second again", ".rename") + " === document.activeElement")
	to(inRow("Second again", ".remove"))
	x.press(kb.Enter)
	x.wait(inRow("Second again", ".keep") + " === document.activeElement")
	x.do(keyWithShift(kb.Tab))
	x.wait(inRow("Second again", ".yes") + " === document.activeElement")
	x.press(kb.Enter)
	x.shown("First")
	x.wait(inRow("First", ".tick") + " === document.activeElement")
	x.clean()
}

// Anybody may send anything to the API: the page shows it and runs none of it.
func strangersText(t *testing.T, s *stand, on device) {
	tasks := []string{`<img src=x onerror="document.title='caught'">`, `"><script>document.title='caught'</script>`, "javascript:alert(1)", "\u202egnp.exe", strings.Repeat("long", 60)}
	s.holds(tasks...)
	x := s.opens(t, on)
	x.wait(`document.querySelectorAll(".item").length === 5`)
	for _, task := range tasks {
		x.wait(rowOf(task))
	}
	x.click(inRow(tasks[0], ".rename"))
	x.wait(inRow(tasks[0], ".name") + fmt.Sprintf(".value === %q", tasks[0]))
	x.press(kb.Escape)
	if made := evaluated[int](x, `document.querySelectorAll(".item img, .item script, .item a").length`); made != 0 {
		t.Errorf("%d elements were made of it", made)
	}
	if title := x.text("document.title"); title != "To do (5)" {
		t.Errorf("the title is %q", title)
	}
	// The policy itself: what a page may not do, whatever gets into it.
	if refused := evaluated[bool](x, `new Promise((done) => {
		addEventListener("securitypolicyviolation", (e) => done(e.effectiveDirective === "connect-src"));
		fetch("http://127.0.0.1:1/").catch(() => {});
	})`); !refused {
		t.Error("the page may talk to others")
	}
	if refused := evaluated[bool](x, `(() => { try { document.body.innerHTML = "<p>"; return false } catch { return true } })()`); !refused {
		t.Error("the page may write markup")
	}
	x.clean("Content Security Policy", "violates the document", "requires 'TrustedHTML'")
}

func troubles(t *testing.T, s *stand, on device) {
	s.holds("One")
	x := s.opens(t, on)
	notice := func(kind, title, text string) {
		t.Helper()
		x.wait(fmt.Sprintf(`(() => { const n = document.getElementById("notice"); return !n.hidden && n.dataset.kind === %q && n.textContent.includes(%q) && n.textContent.includes(%q) })()`, kind, title, text))
	}
	gone := `document.getElementById("notice").hidden && !document.body.classList.contains("loading")`
	for _, c := range []struct {
		status            int
		body              string
		kind, title, text string
	}{
		{403, `{"Message":"Forbidden"}`, "forbidden", "The API lets nobody in (403)", "todoctl test --local"},
		{500, `{"error":"Internal server error"}`, "broken", "The function failed (500)", "It says: Internal server error."},
		{502, `Internal Server Error`, "broken", "The function failed (502)", "todoctl logs --local"},
		{200, `{"no": "list"}`, "strange", "The function answers something else", "GET must answer a JSON array"},
	} {
		s.answers(1, c.status, c.body)
		x.click(byID("reload"))
		notice(c.kind, c.title, c.text)
		x.shown("One") // what was loaded stays
		x.click(byID("notice-again"))
		x.wait(gone)
	}
	// A change that was refused leaves the task as it was, and can be made again.
	s.answers(1, 403, `{"Message":"Forbidden"}`)
	x.click(inRow("One", ".tick"))
	notice("forbidden", "The API lets nobody in (403)", "The task is as it was.")
	x.wait("!" + inRow("One", ".tick") + ".checked")
	x.click(byID("notice-again"))
	x.wait(inRow("One", ".tick") + `.checked && document.getElementById("said").textContent === "Done: One"`)
	// Of one that failed nobody knows what it did: the list says.
	s.answers(1, 500, `{"error":"Internal server error"}`)
	x.click(inRow("One", ".tick"))
	notice("broken", "The function failed (500)", "Whether the task was changed is not known.")
	s.answers(1, 502, `Internal Server Error`)
	x.click(inRow("One", ".remove"))
	x.wait(inRow("One", ".keep") + " === document.activeElement")
	x.click(inRow("One", ".yes"))
	notice("broken", "The function failed (502)", "Whether the task was deleted is not known.")
	s.requests()
	for _, c := range []struct {
		status     int
		body, kind string
	}{
		{504, `{"message":"Endpoint request timed out"}`, "broken"},
		{201, `{"done": true}`, "strange"},
	} {
		s.answers(1, c.status, c.body)
		x.click(byID("new"))
		x.press("Twice\r")
		notice(c.kind, "function", "Whether the task was added is not known; it still stands in the field.")
		x.wait(`document.getElementById("notice-again").textContent === "Load the list"`)
		x.click(byID("notice-again"))
		x.wait(gone)
		x.click(byID("new"))
		x.press(strings.Repeat(kb.Backspace, len("Twice")))
	}
	if requests := s.requests(); !slices.Equal(requests, []string{"POST /", "GET /?limit=50", "POST /", "GET /?limit=50"}) {
		t.Errorf("it made %q", requests)
	}
	// Somebody else has deleted it meanwhile.
	for _, item := range s.items() {
		s.call("DELETE", "/"+fmt.Sprint(item["id"]), "")
	}
	x.click(inRow("One", ".tick"))
	notice("gone", "It is not there any more (404)", "“One” is no longer in the list.")
	x.wait(`document.getElementById("notice-again").hidden`)
	x.shown()
	// The API's own sentence about a task.
	s.answers(1, 400, `{"error":"The task is too long"}`)
	x.click(byID("new"))
	x.press("Too long\r")
	x.wait(`document.getElementById("refused").textContent === "The task is too long" && document.getElementById("new").value === "Too long"`)
	x.clean("Failed to load resource")
}

func pauses(t *testing.T, s *stand, on device) {
	s.holds("One")
	x := s.opens(t, on)
	s.requests()
	// 503 with a time: it counts down, and goes on by itself.
	s.answers(1, http.StatusServiceUnavailable, `{"error":"Too many requests"}`, "Retry-After: 1")
	x.click(inRow("One", ".tick"))
	x.wait(`document.getElementById("notice").textContent.includes("Trying again in 1 second")`)
	x.wait(`document.getElementById("said").textContent === "Done: One" && document.getElementById("notice").hidden`)
	if requests := s.requests(); len(requests) != 2 {
		t.Errorf("it made %q", requests)
	}
	// 429 with a long time: a person can cut it short.
	s.answers(1, http.StatusTooManyRequests, `{"Message":"Rate Exceeded."}`, "Retry-After: 50")
	x.click(byID("new"))
	x.press("Two\r")
	x.wait(`document.getElementById("notice").textContent.includes("Too much at once (429)")`)
	x.click(byID("notice-again"))
	x.shown("Two", "One")
	// Without a time a POST may have been done: it is not made again by itself.
	s.requests()
	s.answers(1, http.StatusServiceUnavailable, `Service Unavailable`)
	x.click(byID("new"))
	x.press("Three\r")
	x.wait(`document.getElementById("notice").dataset.kind === "broken" && document.getElementById("new").value === "Three"`)
	if requests := s.requests(); len(requests) != 1 {
		t.Errorf("it made %q", requests)
	}
	x.clean("Failed to load resource")
}

func offlineAndBack(t *testing.T, s *stand, on device) {
	s.holds("One")
	x := newTab(t, on)
	x.visit(servedPageOf(t, pageConfig{URL: s.front.URL + "/", Stack: "Todo", Region: "us-east-1", Lines: map[string]string{}}, nil).address())
	x.shown("One")
	x.wait(`document.getElementById("spent").textContent.includes("That is 0.0001 % of the 1,000,000 requests that are free each month")`)
	x.offline(true)
	x.wait(`document.getElementById("notice").textContent.includes("You are offline")`)
	x.click(byID("new"))
	x.press("Two\r")
	x.wait(`document.getElementById("notice").textContent.includes("The task was not added; it still stands in the field.")`)
	x.shown("One")
	x.offline(false)
	x.wait(`document.getElementById("notice").hidden`)
	x.press(kb.Enter)
	x.shown("Two", "One")
	// A server that is gone looks like a network that is: the page says both.
	lost := servedPage(t, "http://127.0.0.1:1/", nil)
	x.visit(lost.address())
	x.wait(`document.getElementById("notice").textContent.includes("No answer that this page may read")`)
	x.wait(`document.getElementById("nothing").textContent.includes("The list was not loaded.")`)
	x.clean("Failed to load resource", "ERR_INTERNET_DISCONNECTED")
}

// The API on this machine needs no network: a laptop in a train goes on.
func localWithoutANetwork(t *testing.T, s *stand, on device) {
	s.holds("One")
	x := s.opens(t, on)
	x.wait(`(Object.defineProperty(navigator, "onLine", { get: () => false }), dispatchEvent(new Event("offline")), !navigator.onLine)`)
	x.click(byID("new"))
	x.press("Two\r")
	x.shown("Two", "One")
	x.wait(`document.getElementById("notice").hidden`)
	x.clean()
}

// Behind the relay a page says what it knows: that nothing was sent, or that nobody
// knows whether it was.
func relayTroubles(t *testing.T, s *stand, on device) {
	s.holds("One")
	way, failing := signedBy(t), error(nil)
	var mu sync.Mutex
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failing = err
	}
	page := servedPage(t, s.front.URL, aRoundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		err := failing
		mu.Unlock()
		if err != nil && strings.HasPrefix(err.Error(), "nobody") {
			return nil, err
		}
		res, sendErr := way.RoundTrip(r)
		if err != nil && sendErr == nil {
			return nil, errors.Join(err, res.Body.Close())
		}
		return res, sendErr
	}))
	x := newTab(t, on)
	x.visit(page.address())
	x.shown("One")
	for _, c := range []struct{ err, title, text string }{
		{"nobody is signed in", "todoctl could not send it", "The task was not added; it still stands in the field. It says: nobody is signed in."},
		{"the line is cut", "todoctl got no answer", "Whether the task was added is not known; it still stands in the field. It says: the line is cut."},
	} {
		fail(errors.New(c.err))
		x.click(byID("new"))
		x.press("Two\r")
		x.wait(fmt.Sprintf(`(() => { const n = document.getElementById("notice"); return !n.hidden && n.textContent.includes(%q) && n.textContent.includes(%q) })()`, c.title, c.text))
		fail(nil)
		x.click(byID("new"))
		x.press(strings.Repeat(kb.Backspace, len("Two")))
	}
	x.click(byID("notice-again")) // the second one had arrived
	x.shown("Two", "One")
	x.clean("Failed to load resource")
}

func nothingLost(t *testing.T, s *stand, on device) {
	s.holds("One")
	x := s.opens(t, on)
	x.click(inRow("One", ".rename"))
	x.press("Another name")
	s.answers(1, 500, `{"error":"Internal server error"}`)
	x.press(kb.Enter)
	x.wait(inRow("One", ".edit .refused") + `.textContent === "Perhaps not saved."`)
	x.wait(inRow("One", ".name") + `.value === "Another name" && ` + inRow("One", ".name") + ` === document.activeElement`)
	x.click(byID("reload")) // loading the list leaves what is being typed
	x.wait(`document.getElementById("said").textContent === "1 task loaded."`)
	x.wait(inRow("One", ".name") + `.value === "Another name"`)
	x.click(inRow("One", ".edit .primary"))
	x.shown("Another name")
	x.clean("Failed to load resource")
}

func pageFits(t *testing.T, s *stand, on device) {
	s.holds(strings.Repeat("Donaudampfschifffahrt", 8), "https://example.com/"+strings.Repeat("a", 100), "Short")
	x := s.opens(t, on)
	x.click(inRow("Short", ".remove"))
	x.click(`document.querySelectorAll(".rename")[1]`)
	if wide := evaluated[int](x, `document.documentElement.scrollWidth`); wide > int(on.width) {
		t.Errorf("the page is %d wide on a screen of %d", wide, on.width)
	}
	small := evaluated[[]string](x, `[...document.querySelectorAll("button, .item .line, .filter label")].filter((e) => e.offsetParent).filter((e) => { const r = e.getBoundingClientRect(); return r.width < 24 || r.height < 24 }).map((e) => e.className + " " + e.textContent)`)
	if len(small) > 0 { // https://www.w3.org/TR/WCAG22/#target-size-minimum
		t.Errorf("too small to be hit: %q", small)
	}
	x.clean()
}
