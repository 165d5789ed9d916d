package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
)

// A crowded network has a table behind it whose units are used up: it takes one
// page or one batch of items, and no other one for some minutes.
type crowded struct {
	http.RoundTripper
	every   time.Duration
	batches func(n int) // told of each batch that was written

	ready   time.Time
	written int
}

func (n *crowded) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation != "Scan" && operation != "BatchWriteItem" {
		return n.RoundTripper.RoundTrip(r)
	}
	if now := time.Now(); now.Before(n.ready) {
		return &http.Response{
			StatusCode: http.StatusBadRequest, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
			Body: io.NopCloser(strings.NewReader(`{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slower"}`)),
		}, nil
	}
	n.ready = time.Now().Add(n.every)
	res, err := n.RoundTripper.RoundTrip(r)
	if operation == "BatchWriteItem" && n.batches != nil {
		n.written++
		n.batches(n.written)
	}
	return res, err
}

// fill puts items into the table, behind todoctl's back.
func (r *rehearsal) fill(items []attributes) {
	r.Helper()
	for batch := range slices.Chunk(items, 25) {
		var writes []types.WriteRequest
		for _, item := range batch {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
		}
		if _, err := r.tables().BatchWriteItem(r.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"TodoTable": writes}}); err != nil {
			r.Fatal(err)
		}
	}
}

// given makes a backup of these items and returns its path.
func given(t *testing.T, items []attributes) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "given.jsonl")
	if err := os.WriteFile(path, []byte(newBackupOf(t, items)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A table of any size comes to an end: the limit is for what gets nowhere.
func TestALargeTableTakesItsTime(t *testing.T) {
	items := notes(160, 20_000) // four pages, seven batches
	t.Run("down", func(t *testing.T) {
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			r.wantExit(r.run("table --yes"), exitDone)
			r.fill(items)
			end := r.runThrough(r.Context(), r.networkOver(&crowded{RoundTripper: r, every: 3 * time.Minute}), "down --yes --backup "+filepath.Join(r.dir, "items.jsonl"))
			r.wantExit(end, exitDone)
			r.wantNothing()
			if end.took < 30*time.Minute {
				t.Errorf("it took only %s", end.took)
			}
		})
	})
	t.Run("restore", func(t *testing.T) {
		file := given(t, items)
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			r.wantExit(r.run("table --yes"), exitDone)
			end := r.runThrough(r.Context(), r.networkOver(&crowded{RoundTripper: r, every: 3 * time.Minute}), "restore --yes "+file)
			r.wantExit(end, exitDone)
			if end.took < 16*time.Minute {
				t.Errorf("it took only %s", end.took)
			}
		})
	})
}

// Ctrl-C in the middle of a restore.
func TestAStoppedRestoreSaysHowManyItemsAreWritten(t *testing.T) {
	items := notes(160, 20)
	file := given(t, items)
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run("table --yes"), exitDone)
		ctx, interrupt := context.WithCancel(r.Context())
		defer interrupt()
		slow := &crowded{RoundTripper: r, every: time.Minute, batches: func(n int) {
			if n == 3 {
				time.AfterFunc(time.Second, interrupt)
			}
		}}
		end := r.runThrough(ctx, r.networkOver(slow), "restore --yes "+file)
		r.wantExit(end, exitInterrupted)
		for _, want := range []string{"known to be written: 75 of 160 items; the same command finishes it", "try: todoctl restore --yes " + file + " --local (continues)"} {
			if !end.says(want) {
				t.Errorf("it does not say %q:\n%s", want, end.err)
			}
		}
		if end.says("todoctl down") {
			t.Errorf("it offers to take the table away:\n%s", end.err)
		}
		end = r.run("restore --yes " + file)
		r.wantExit(end, exitDone)
		if !end.says("Restored 160 items.") {
			t.Errorf("it says\n%s", end.err)
		}
	})
}

// The local AWS looks for python3 with boto3 when it starts, and the first command
// asks it what it has found. On a busy machine that took longer than an answer may,
// and the first rehearsal failed for want of "the network".
func TestAPythonThatIsSlowToStartIsWaitedFor(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.server.python = sync.OnceValue(func() *local.Python {
			time.Sleep(searchLimit - time.Second) // in virtual time
			return nil
		})
		r.wantExit(r.run(upLine), exitDone)
	})
}
