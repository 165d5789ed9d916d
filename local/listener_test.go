package local

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// The matrix of T25: what may stand in Host, in Origin, as the method and as the
// Content-Type of a request from anywhere. PORT is the socket's own, OWN the
// origin that the Host makes.
var (
	matrixHosts = []string{
		"127.0.0.1:PORT", "localhost:PORT", "[::1]:PORT", // the allow-list
		"127.0.0.1", "localhost", "127.0.0.1:1", "0.0.0.0:PORT", "evil.example:PORT", "127.0.0.1.evil.example:PORT",
		"localhost.evil.example:PORT", "[::ffff:127.0.0.1]:PORT", "",
	}
	matrixOrigins = []string{
		"", "OWN", // the allow-list
		"null", "http://evil.example", "https://OWN", "http://localhost:1", "OWN.evil.example", "file://",
	}
	matrixMethods = []string{"POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}
	matrixTypes   = []string{"application/x-amz-json-1.1", "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}
)

// A rawLine is one raw connection, opened again when the server closes it.
type rawLine struct {
	t       *testing.T
	address string
	conn    net.Conn
	in      *bufio.Reader
}

func (c *rawLine) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// send writes a request as it stands and returns the answer's status and body.
func (c *rawLine) send(method, text string) (int, string) {
	c.t.Helper()
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			c.t.Fatal(err)
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("%v, after\n%s", err, text)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil && !res.Close { // what was sent after the refusal may reset the connection
		c.t.Fatal(err)
	}
	if res.Close {
		c.close()
	}
	return res.StatusCode, string(body)
}

// head is a request's first lines; Origin and Host may be missing.
func head(method, path, host, origin string, more ...string) string {
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + host}, more...)
	if origin != "" {
		lines = append(lines, "Origin: "+origin)
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

const signature = "Authorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20261123/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=0"

// dump is everything that the store holds.
func (a *account) dump(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := a.server.db.viewItems(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			return bucket.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(&b, "%s %q %q\n", name, k, v)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOnlyTheAllowListPassesTheAPIPort(t *testing.T) {
	t.Attr("promise", "T25")
	a := newAccount(t, Lags{})
	a.group(t, "before", nil)
	address := a.listening(t)
	_, port, _ := net.SplitHostPort(address)
	c := &rawLine{t: t, address: address}
	defer c.close()
	before, calls := a.dump(t), len(a.server.Calls())
	cases, passed := 0, 0
	for h, host := range matrixHosts {
		host := strings.ReplaceAll(host, "PORT", port)
		for o, origin := range matrixOrigins {
			origin := strings.ReplaceAll(origin, "https://OWN", "https://"+host)
			origin = strings.ReplaceAll(origin, "OWN", "http://"+host)
			for _, method := range matrixMethods {
				for _, kind := range matrixTypes {
					cases++
					body := fmt.Sprintf(`{"logGroupName":"made-%d"}`, cases)
					status, answer := c.send(method, head(method, "/", host, origin, signature,
						"X-Amz-Target: Logs_20140328.CreateLogGroup", "Content-Type: "+kind, "Content-Length: "+strconv.Itoa(len(body)))+"\r\n"+body)
					what := fmt.Sprintf("%s, Host %q, Origin %q, %s", method, host, origin, kind)
					switch {
					case h < 3 && o < 2 && method == "POST" && kind == "application/x-amz-json-1.1":
						passed++
						if now := a.dump(t); status != 200 || now == before {
							t.Errorf("%s: %d %s", what, status, answer)
						} else {
							before = now
						}
					case status < 400 || status > 499:
						t.Errorf("%s: %d %s", what, status, answer)
					case (h >= 3 || o >= 2) && status != 403:
						t.Errorf("%s: %d %s, want 403", what, status, answer)
					}
				}
			}
			if a.dump(t) != before {
				t.Fatalf("Host %q, Origin %q: the state is another", host, origin)
			}
		}
	}
	if passed != 6 {
		t.Errorf("%d of the allow-list were tried", passed)
	}
	for _, call := range a.server.Calls()[calls:] {
		if call.Status == 200 && call.Operation != "CreateLogGroup" {
			t.Errorf("call %+v", call)
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func TestRequestsOfOtherFormsAreRefused(t *testing.T) {
	t.Attr("promise", "T25")
	a := newAccount(t, Lags{})
	address := a.listening(t)
	_, port, _ := net.SplitHostPort(address)
	const body = `{"logGroupName":"g"}`
	rest := signature + "\r\nX-Amz-Target: Logs_20140328.CreateLogGroup\r\nContent-Type: application/x-amz-json-1.1\r\n"
	length := "Content-Length: 20\r\n\r\n"
	host := "Host: " + address + "\r\n"
	forms := map[string]struct {
		want int
		text string
	}{
		"another Host, absolute":   {403, "POST http://evil.example/ HTTP/1.1\r\n" + host + rest + length + body},
		"its own Host, absolute":   {403, "POST http://" + address + "/ HTTP/1.1\r\nHost: evil.example\r\n" + rest + length + body},
		"CONNECT":                  {403, "CONNECT " + address + " HTTP/1.1\r\n" + host + rest + "\r\n"},
		"CONNECT elsewhere":        {403, "CONNECT evil.example:443 HTTP/1.1\r\n" + host + rest + "\r\n"},
		"OPTIONS *":                {403, "OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
		"OPTIONS *, its own Host":  {403, "OPTIONS * HTTP/1.1\r\n" + host + "\r\n"},
		"HTTP/1.0 without Host":    {403, "POST / HTTP/1.0\r\n" + rest + length + body},
		"HTTP/1.1 without Host":    {400, "POST / HTTP/1.1\r\n" + rest + length + body},
		"two Hosts":                {400, "POST / HTTP/1.1\r\n" + host + "Host: evil.example\r\n" + rest + length + body},
		"a Host in two lines":      {400, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n :" + port + "\r\n" + rest + length + body},
		"a blank before the colon": {400, "POST / HTTP/1.1\r\nHost : " + address + "\r\n" + rest + length + body},
		"two lengths":              {400, "POST / HTTP/1.1\r\n" + host + rest + "Content-Length: 3\r\n" + length + body},
		"a length with a sign":     {400, "POST / HTTP/1.1\r\n" + host + rest + "Content-Length: +20\r\n\r\n" + body},
		"another coding":           {501, "POST / HTTP/1.1\r\n" + host + rest + "Transfer-Encoding: gzip, chunked\r\n" + length + body},
		"a chunk of no size":       {400, "POST / HTTP/1.1\r\n" + host + rest + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"},
		"HTTP/2 without TLS":       {403, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		"HTTP/9.9":                 {505, "GET / HTTP/9.9\r\n" + host + "\r\n"},
		"no HTTP at all":           {400, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"},
		"a head without end":       {431, "POST / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", maxHeader+8<<10) + "\r\n\r\n"},
		"two Origins":              {403, "POST / HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\nOrigin: http://" + address + "\r\n" + rest + length + body},
		"a page's navigation":      {403, "GET / HTTP/1.1\r\n" + host + "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n\r\n"},
		"a page's form":            {403, "POST / HTTP/1.1\r\n" + host + "Sec-Fetch-Site: cross-site\r\n" + rest + length + body},
		"0.0.0.0":                  {403, "POST / HTTP/1.1\r\nHost: 0.0.0.0:" + port + "\r\n" + rest + length + body},
	}
	for _, path := range []string{"/../_lambda/x", "/%2e%2e/_lambda/x", "/_lambda/../../etc/passwd", "/_lambda%2fx", "//_lambda//", "/_lambda/code/../x", "/_todoctl/stop"} {
		forms["the path "+path] = struct {
			want int
			text string
		}{403, "GET " + path + " HTTP/1.1\r\n" + host + "\r\n"}
	}
	forms["the path /_lambda/code/../x"] = struct {
		want int
		text string
	}{404, "GET /_lambda/code/../x HTTP/1.1\r\n" + host + "\r\n"}
	for name, form := range forms {
		c := &rawLine{t: t, address: address}
		method, _, _ := strings.Cut(form.text, " ")
		if status, answer := c.send(method, form.text); status != form.want {
			t.Errorf("%s: %d %s, want %d", name, status, answer, form.want)
		}
		c.close()
	}
	if empty, err := a.server.Empty(); !empty || err != nil {
		t.Errorf("something was made, %v", err)
	}
	t.Attr("cases", strconv.Itoa(len(forms)))
}

// Whoever has an environment's token may answer in its name, but not from a page.
func TestTheRuntimePathWantsItsToken(t *testing.T) {
	t.Attr("promise", "T25")
	a := newAccount(t, Lags{})
	address := a.listening(t)
	e := a.server.lambda.newChild(surroundings{function: "F"}, newProgram())
	_, port, _ := net.SplitHostPort(address)
	c := &rawLine{t: t, address: address}
	defer c.close()
	cases := 0
	for h, host := range matrixHosts {
		host := strings.ReplaceAll(host, "PORT", port)
		for o, origin := range []string{"", "http://" + host, "http://evil.example", "null"} {
			for i, token := range []string{e.token, "", "x", e.token[:63], e.token + "0", strings.ToUpper(e.token) + "A", "code"} {
				cases++
				body := `{"errorMessage":"` + strconv.Itoa(cases) + `"}`
				status, answer := c.send("POST", head("POST", runtimePath+token+"/"+runtimeAPI+"init/error", host, origin, "Content-Length: "+strconv.Itoa(len(body)))+"\r\n"+body)
				e.mu.Lock()
				got := string(e.broken)
				e.mu.Unlock()
				if passes := h < 3 && o < 2 && i == 0; passes != (status == 202) || passes != (got == body) || status < 400 && !passes {
					t.Errorf("Host %q, Origin %q, token %d: %d %s", host, origin, i, status, answer)
				}
			}
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

func TestNothingListensToOtherMachines(t *testing.T) {
	t.Attr("promise", "T25")
	a := newAccount(t, Lags{}, func(c *Config) {
		c.Listen = func(string) (net.Listener, error) { return net.Listen("tcp", "0.0.0.0:0") }
	})
	for _, address := range []string{"0.0.0.0:0", ":0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.server.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "this machine alone") {
			t.Errorf("%s: %v", address, err)
		}
		_ = l.Close()
	}
	if _, err := a.server.lambda.openFront(resource{region: "us-east-1", name: "F"}, "id", "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "this machine alone") {
		t.Errorf("a Function URL: %v", err)
	}
	t.Attr("cases", "3")
}

// Clients that keep their connections must not keep others out.
func TestAnIdleConnectionMakesRoom(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httpServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	served := make(chan error, 1)
	go func() { served <- serveCrowd(srv, l, 2) }()
	for range 7 {
		client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
		defer client.CloseIdleConnections()
		res, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
