package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"todoctl/handler"
	"todoctl/local"
)

// A pageServer serves the page to this machine's browsers, and to nobody else.
// The page itself talks to the Function URL, which is another origin: that is
// what its CORS settings are for. Only a URL that wants signatures is reached
// through the relay, because keys have no place in a browser.
type pageServer struct {
	host   string            // 127.0.0.1:40123
	home   string            // the path below which the page lies: "/", or "/KEY/" where there is a relay
	files  map[string][]byte // by name; the page itself is ""
	csp    string
	relay  *relay // nil: the page reaches the API by itself
	once   string // the path that leads to home once; "" where anybody may know home
	used   atomic.Bool
	atWork sync.WaitGroup
}

// A pageConfig is what the page must know. It stands in the page, as JSON.
type pageConfig struct {
	URL    string            `json:"url"`
	API    string            `json:"api"` // where the page sends its requests: the URL, or the relay's path
	Stack  string            `json:"stack"`
	Local  bool              `json:"local"`
	Region string            `json:"region"`
	Lines  map[string]string `json:"lines"` // what to type, with this run's flags
}

// pageTypes are what the page is made of. Nothing is left to what the machine
// knows about file names: Windows reads that from its registry.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// configPlace is where index.html says that its pageConfig goes.
const configPlace = `<meta name="todoctl" content="{}">`

func newPageServer(host string, about pageConfig, relay *relay) (*pageServer, error) {
	p := &pageServer{host: host, home: "/", files: map[string][]byte{}, relay: relay}
	about.API = about.URL
	at, err := url.Parse(about.URL)
	if err != nil {
		return nil, fmt.Errorf("the Function URL %q is none: %w", about.URL, err)
	}
	reaches := at.Scheme + "://" + at.Host
	if relay != nil {
		// Whoever reads the page may use the relay, and so the person's keys. Another
		// user of this machine can find the port, but not this path.
		p.home, about.API, reaches = "/"+newToken()+"/", relay.path, "'self'"
		p.once = "/once/" + newToken()
	}
	p.csp = strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src " + reaches,
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
	names, err := fs.Glob(handler.Page(), "*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if p.files[name], err = fs.ReadFile(handler.Page(), name); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	filled := bytes.Replace(p.files["index.html"], []byte(configPlace), []byte(`<meta name="todoctl" content="`+html.EscapeString(string(text))+`">`), 1)
	if bytes.Equal(filled, p.files["index.html"]) {
		return nil, errors.New("the page has no place for its settings")
	}
	delete(p.files, "index.html")
	p.files[""] = filled
	return p, nil
}

// address is what a person opens.
func (p *pageServer) address() string { return "http://" + p.host + p.home }

// passage is what a browser is started with. Every user of this machine can read a
// command line, so it leads to the address once, and is good for nothing after.
func (p *pageServer) passage() string { return "http://" + p.host + cmp.Or(p.once, p.home) }

func (p *pageServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.atWork.Add(1)
	defer p.atWork.Done()
	h := w.Header()
	h.Set("Content-Security-Policy", p.csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if why := p.refuse(r); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	if p.relay != nil && strings.HasPrefix(r.URL.Path, relayPath) {
		p.relay.ServeHTTP(w, r)
		return
	}
	if p.once != "" && r.URL.Path == p.once && r.Method == http.MethodGet {
		if p.used.Swap(true) {
			http.Error(w, "this address was good for one use: take the one that todoctl has printed", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, p.home, http.StatusSeeOther)
		return
	}
	name, below := strings.CutPrefix(r.URL.EscapedPath(), p.home)
	file, known := p.files[name]
	switch {
	case !below || !known:
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "this page is only read", http.StatusMethodNotAllowed)
		return
	}
	if name == "" {
		name = "index.html"
	}
	h.Set("Content-Type", pageTypes[path.Ext(name)])
	h.Set("Content-Length", fmt.Sprint(len(file)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(file) // a browser that went away needs no answer
	}
}

// refuse keeps other machines, other names of this one and other pages out, and
// says why. A link to the page may stand anywhere.
func (p *pageServer) refuse(r *http.Request) string {
	switch {
	case !local.Hosts(p.host, r.Host):
		return "this Host is not todoctl's page"
	case !strings.HasPrefix(r.RequestURI, "/"): // CONNECT, OPTIONS *, http://...
		return "todoctl's page is no proxy"
	}
	for _, from := range r.Header.Values("Origin") {
		if from != "http://"+r.Host {
			return "requests of other pages are refused"
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return ""
	}
	if r.Method == http.MethodGet && r.URL.Path == p.home && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document" {
		return ""
	}
	return "requests of other pages are refused"
}
