//go:build !windows

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A stand is a stack in the test's own AWS, its page, and a front between the two
// that can answer in the API's place.
type stand struct {
	*wire
	url   string // of the function
	front *httptest.Server
	page  *pageServer

	mu      sync.Mutex
	instead []http.HandlerFunc // what answers the next requests that are no preflights
	asked   []string           // "GET /?limit=50", of all but preflights
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{wire: newWire(t)}
	s.url = strings.TrimSpace(s.must(0, "up", "--yes", "--skip", "test,alarm").out.String())
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	behind := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }, Transport: &http.Transport{}}
	s.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := s.answering(r); answer != nil {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.Header().Set("Access-Control-Expose-Headers", "link, retry-after")
			answer(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.front.Close()
		behind.Transport.(*http.Transport).CloseIdleConnections()
	})
	s.page = servedPage(t, s.front.URL+"/", nil)
	return s
}

// answering notes a request and returns what answers it in the API's place, if
// anything does.
func (s *stand) answering(r *http.Request) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodOptions {
		return nil
	}
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	if len(s.instead) == 0 {
		return nil
	}
	answer := s.instead[0]
	s.instead = s.instead[1:]
	return answer
}

// answers lets the next n requests be answered so.
func (s *stand) answers(n, status int, body string, headers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.instead = append(s.instead, func(w http.ResponseWriter, _ *http.Request) {
			for _, line := range headers {
				name, value, _ := strings.Cut(line, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, body)
		})
	}
}

// requests are those that the page has made since it was asked last.
func (s *stand) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// call calls the API as curl would, and returns its answer.
func (s *stand) call(method, path, body string) (status int, answer []byte) {
	s.t.Helper()
	r, err := http.NewRequest(method, strings.TrimSuffix(s.url, "/")+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, text := sent(s.t, r)
	return res.StatusCode, []byte(text)
}

// items are what the API lists.
func (s *stand) items() (items []map[string]any) {
	s.t.Helper()
	_, answer := s.call("GET", "/", "")
	if err := json.Unmarshal(answer, &items); err != nil {
		s.t.Fatalf("%v: %s", err, answer)
	}
	return items
}

// holds makes these tasks all that there is.
func (s *stand) holds(tasks ...string) {
	s.t.Helper()
	for _, item := range s.items() {
		s.call("DELETE", "/"+fmt.Sprint(item["id"]), "")
	}
	for _, task := range tasks {
		body, _ := json.Marshal(map[string]string{"task": task})
		if status, answer := s.call("POST", "/", string(body)); status != http.StatusCreated {
			s.t.Fatalf("POST answers %d: %s", status, answer)
		}
		for made := time.Now().UnixMilli(); time.Now().UnixMilli() == made; { // those of one millisecond have no order
			runtime.Gosched()
		}
	}
	s.requests()
}

// numbered are n tasks.
func numbered(n int) (tasks []string) {
	for i := range n {
		tasks = append(tasks, fmt.Sprintf("Task %d", i+1))
	}
	return tasks
}

// opens opens the page in a tab and waits until it has loaded.
func (s *stand) opens(t *testing.T, on device) *tab {
	t.Helper()
	x := newTab(t, on)
	x.visit(s.page.address())
	x.wait(`document.getElementById("summary").textContent !== ""`)
	return x
}

// rowOf is an expression for the row of a task.
func rowOf(task string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".item")].find((i) => i.querySelector(".task").textContent === %q)`, task)
}

// inRow is an expression for what a selector finds in the row of a task.
func inRow(task, selector string) string {
	return fmt.Sprintf("%s.querySelector(%q)", rowOf(task), selector)
}

// byID is an expression for an element.
func byID(id string) string { return fmt.Sprintf("document.getElementById(%q)", id) }

// shown waits until these are the tasks on the page, in this order.
func (x *tab) shown(tasks ...string) {
	x.Helper()
	want, _ := json.Marshal(tasks)
	if len(tasks) == 0 {
		want = []byte("[]")
	}
	x.wait(`JSON.stringify([...document.querySelectorAll(".item .task")].map((t) => t.textContent)) === ` + fmt.Sprintf("%q", want))
}
