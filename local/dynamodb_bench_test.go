package local

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// benchServer starts a server on a loopback socket with its store on disk and
// an ACTIVE table, and returns its address.
func benchServer(b *testing.B) string {
	b.Helper()
	s, err := Open(Config{Path: filepath.Join(b.TempDir(), "local.db"), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var served sync.WaitGroup
	served.Go(func() {
		if err := s.Serve(ctx, l); err != nil {
			b.Error(err)
		}
	})
	b.Cleanup(func() {
		stop()
		served.Wait()
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	c := dial(b, l.Addr().String())
	defer c.close()
	c.do(b, c.request("CreateTable", `{"TableName":"TodoTable","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}`))
	return l.Addr().String()
}

// A wire is one kept-alive connection that sends requests built beforehand:
// what is measured is the server, not a client.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	host string
}

func dial(b *testing.B, addr string) *wire {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), host: addr}
}

func (w *wire) close() { _ = w.conn.Close() }

func (w *wire) request(operation, body string) []byte {
	return []byte("POST / HTTP/1.1\r\nHost: " + w.host + "\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810." + operation +
		"\r\nX-Amz-Date: 20261123T090000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20261123/us-east-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" +
		strings.Repeat("0", 64) + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// do sends a request and reads the whole answer, whose body's length it returns.
func (w *wire) do(b testing.TB, request []byte) int {
	if _, err := w.conn.Write(request); err != nil {
		b.Fatal(err)
	}
	length := -1
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			rest, _ := w.in.Peek(w.in.Buffered())
			b.Fatalf("%s%s", line, rest)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(line) == 2 {
			break
		}
	}
	if length < 0 {
		b.Fatal("an answer without Content-Length")
	}
	if _, err := io.CopyN(io.Discard, w.in, int64(length)); err != nil {
		b.Fatal(err)
	}
	return length
}

// BenchmarkPutItem8Clients puts items of four attributes, each with an id of
// its own, and waits until each is on disk.
func BenchmarkPutItem8Clients(b *testing.B) {
	addr := benchServer(b)
	const clients = 8
	var next atomic.Int64
	var done sync.WaitGroup
	b.ResetTimer()
	for range clients {
		w := dial(b, addr)
		done.Go(func() {
			defer w.close()
			const id = "00000000-0000-4000-8000-000000000000"
			request := w.request("PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"`+id+`"},"task":{"S":"Buy groceries"},"completed":{"BOOL":false},"n":{"N":"42"}}}`)
			at := bytes.Index(request, []byte(id))
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				copy(request[at:], fmt.Sprintf("%08x", uint32(n)*2654435761)) // as scattered as a UUID
				w.do(b, request)
			}
		})
	}
	done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkScan100 scans a table of 100 items with one client.
func BenchmarkScan100(b *testing.B) {
	addr := benchServer(b)
	w := dial(b, addr)
	defer w.close()
	for i := range 100 {
		w.do(b, w.request("PutItem", fmt.Sprintf(`{"TableName":"TodoTable","Item":{"id":{"S":"%08x-0000-4000-8000-000000000000"},"task":{"S":"Buy groceries"},"completed":{"BOOL":false}}}`, i)))
	}
	request := w.request("Scan", `{"TableName":"TodoTable"}`)
	b.ResetTimer()
	for range b.N {
		w.do(b, request)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "scans/s")
}
