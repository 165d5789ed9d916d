package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"todoctl/local"
)

// A hoard is a table of so many pages of 1 MB, which nobody keeps anywhere: a page
// is made when it is asked for, and what is written is only counted.
type hoard struct {
	http.RoundTripper
	pages   int
	written int
	calls   int
	most    uint64 // bytes of the heap that were in use at a call
}

// perPage items of perItem bytes fill a page of a scan.
const perPage, perItem = 10, 104_000

func (h *hoard) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation != "Scan" && operation != "BatchWriteItem" {
		return h.RoundTripper.RoundTrip(r)
	}
	if h.calls++; h.calls%10 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		h.most = max(h.most, m.HeapAlloc)
	}
	var in struct {
		Select            string
		ExclusiveStartKey struct{ ID struct{ S string } }
		RequestItems      map[string][]json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	body := "{}"
	if operation == "Scan" {
		body = h.page(in.ExclusiveStartKey.ID.S, in.Select == "COUNT")
	}
	for _, writes := range in.RequestItems {
		h.written += len(writes)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// page is what a scan answers that goes on after a page.
func (h *hoard) page(after string, countOnly bool) string {
	n := 0
	if after != "" {
		last, _ := strconv.Atoi(after) // the number of a page, as below
		n = last + 1
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"Count":%d,"ScannedCount":%d`, perPage, perPage)
	if !countOnly {
		b.WriteString(`,"Items":[`)
		for i := range perPage {
			fmt.Fprintf(&b, `%s{"id":{"S":"%d-%d"},"text":{"S":"%s"}}`, map[bool]string{true: ","}[i > 0], n, i, filler)
		}
		b.WriteString("]")
	}
	if n < h.pages-1 {
		fmt.Fprintf(&b, `,"LastEvaluatedKey":{"id":{"S":"%d"}}`, n)
	}
	b.WriteString("}")
	return b.String()
}

var filler = strings.Repeat("x", perItem)

// T16. A table may be larger than the memory: what is at hand of it is a page or a
// batch, whether it is counted, saved, compared or written back.
func TestATableLargerThanTheMemoryIsSavedAndRestored(t *testing.T) {
	pages := 10
	if full {
		pages = 1000 // a gigabyte
	}
	const room = 100 << 20
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run("table --yes"), exitDone)
		file := filepath.Join(r.dir, "items.jsonl")
		h := &hoard{RoundTripper: r, pages: pages}
		end := r.runThrough(r.Context(), r.networkOver(h), "down --yes --backup "+file)
		r.wantExit(end, exitDone)
		r.wantNothing()
		if n := backedUp(file); n != pages*perPage {
			t.Errorf("%d of %d items were saved", n, pages*perPage)
		}
		r.wantExit(r.run("table --yes"), exitDone)
		r.wantExit(r.runThrough(r.Context(), r.networkOver(h), "restore --yes "+file), exitDone)
		if h.written != pages*perPage {
			t.Errorf("%d of %d items were restored", h.written, pages*perPage)
		}
		t.Logf("%d calls, at most %d MB of memory in use", h.calls, h.most>>20)
		if h.calls < 3*pages || h.most > room {
			t.Errorf("%d calls, %d MB of memory in use", h.calls, h.most>>20)
		}
	})
	promise(t, "T16", 2*pages)
}
