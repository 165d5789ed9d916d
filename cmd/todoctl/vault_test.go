package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
	"todoctl/provision"
)

type attributes = map[string]types.AttributeValue

// A vault is an AWS account that holds TodoTable and its items, for tests of
// what becomes of them. It listens on a socket, so that todoctl reaches it from
// this process and from others.
type vault struct {
	*testing.T
	cloud *local.Server
	dir   string // where todoctl works
	sdk   *dynamodb.Client
	begun int // calls to delete the table before fill

	mu      sync.Mutex
	before  func(operation string) *http.Response // nil answer: the call goes through
	after   func(operation string)
	deleted []attributes // what the table held when a DeleteTable came
}

// newVault makes the account and, with the real command, the table.
func newVault(t *testing.T, items ...attributes) *vault {
	t.Helper()
	v := &vault{T: t, dir: t.TempDir()}
	var err error
	v.cloud, err = local.Open(local.Config{Path: filepath.Join(t.TempDir(), "aws.db"), Now: time.Now, Volatile: true, Logf: t.Logf, Wrap: v.watch})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- v.cloud.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, v.cloud.Close()); err != nil {
			t.Error(err)
		}
	})
	v.sdk = dynamodb.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://" + l.Addr().String()), HTTPClient: &http.Client{Transport: &http.Transport{}},
		Credentials: credentials.NewStaticCredentialsProvider("somebody", "else", ""),
	})
	home := t.TempDir()
	for _, set := range []string{
		"HOME=" + home, "USERPROFILE=" + home, "TODOCTL_STATE=" + filepath.Join(home, "state"), "AWS_EC2_METADATA_DISABLED=true", "TERM=dumb",
		"AWS_ENDPOINT_URL=http://" + l.Addr().String(), "AWS_ACCESS_KEY_ID=me", "AWS_SECRET_ACCESS_KEY=mine", "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_REGION=eu-west-1", "AWS_CONFIG_FILE=" + filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(home, "credentials"),
		"GORACE=atexit_sleep_ms=0",
	} {
		name, value, _ := strings.Cut(set, "=")
		t.Setenv(name, value) // the SDK reads its settings from there
	}
	v.fill(items...)
	return v
}

// watch stands before the API and tells the test of calls that are todoctl's.
func (v *vault) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if operation == "" || strings.Contains(r.Header.Get("Authorization"), "Credential=somebody/") {
			next.ServeHTTP(w, r)
			return
		}
		v.mu.Lock()
		before, after := v.before, v.after
		v.mu.Unlock()
		if operation == "DeleteTable" {
			held := v.items()
			v.mu.Lock()
			v.deleted = held
			v.mu.Unlock()
		}
		if before != nil {
			if res := before(operation); res != nil {
				w.Header().Set("Content-Type", "application/x-amz-json-1.0")
				w.WriteHeader(res.StatusCode)
				_, _ = io.Copy(w, res.Body) // the client may be gone
				return
			}
		}
		next.ServeHTTP(w, r)
		if after != nil {
			after(operation)
		}
	})
}

// on sets what happens around each of todoctl's calls.
func (v *vault) on(before func(operation string) *http.Response, after func(operation string)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.before, v.after = before, after
}

// fill makes the table with the real command, and puts items into it.
func (v *vault) fill(items ...attributes) {
	v.Helper()
	v.begun += v.deletes()
	if end := v.todoctl(nil, "table", "--yes"); end.exit != exitDone {
		v.Fatal(end.err)
	}
	for batch := range slices.Chunk(items, 25) {
		var writes []types.WriteRequest
		for _, item := range batch {
			writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
		}
		if _, err := v.sdk.BatchWriteItem(v.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"TodoTable": writes}}); err != nil {
			v.Fatal(err)
		}
	}
}

// items are the table's, in the order of a scan; none when there is no table.
func (v *vault) items() (items []attributes) {
	v.Helper()
	pages := dynamodb.NewScanPaginator(v.sdk, &dynamodb.ScanInput{TableName: aws.String("TodoTable"), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.WithoutCancel(v.Context()))
		if err != nil {
			return nil
		}
		items = append(items, page.Items...)
	}
	return items
}

// deletes is how many DeleteTable calls there have been since fill.
func (v *vault) deletes() (n int) {
	for _, call := range v.cloud.Calls() {
		if call.Operation == "DeleteTable" {
			n++
		}
	}
	return n - v.begun
}

// todoctl runs Main in this process; change makes another world for it.
func (v *vault) todoctl(change func(*App), args ...string) ending {
	v.Helper()
	var out, errs bytes.Buffer
	app := &App{
		Args: args, In: strings.NewReader(""), Out: &out, Err: &errs, Width: 80,
		Getenv: os.Getenv, Clock: provision.Clock{Now: time.Now, Sleep: sleep}, StateDir: os.Getenv("TODOCTL_STATE"), GOOS: runtime.GOOS,
	}
	if change != nil {
		change(app)
	}
	v.Chdir(v.dir)
	exit := Main(v.Context(), app)
	return ending{exit: exit, out: out.String(), err: errs.String()}
}

// says is what a person reads, without the breaks that fit it to the terminal.
func (o ending) says(words string) bool {
	return strings.Contains(strings.Join(strings.Fields(o.err), " "), words)
}

// onDisk makes a world with this disk.
func onDisk(d Disk) func(*App) { return func(a *App) { a.Disk = d } }

// file is a path in the folder where todoctl works.
func (v *vault) file(name string) string { return filepath.Join(v.dir, name) }

// files are the names there.
func (v *vault) files() []string { return (&App{}).filesIn(v.dir) }

// whole checks that a file is a backup of exactly these items.
func (v *vault) whole(path string, items []attributes) error {
	v.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	kept := &memory{}
	cfg := provision.Config{Stack: "Todo", Clock: provision.Clock{Now: time.Now, Sleep: sleep}}
	if _, err := provision.Restore(v.Context(), cfg, kept, bytes.NewReader(text)); err != nil {
		return err
	}
	if !sameItems(kept.items, items) {
		return fmt.Errorf("it holds %d items, and not the %d that it should", len(kept.items), len(items))
	}
	return nil
}

func sameItems(a, b []attributes) bool {
	index := func(items []attributes) map[string]attributes {
		byID := map[string]attributes{}
		for _, i := range items {
			byID[i["id"].(*types.AttributeValueMemberS).Value] = i
		}
		return byID
	}
	return len(a) == len(b) && reflect.DeepEqual(index(a), index(b))
}

// memory takes what is restored.
type memory struct{ items []attributes }

func (m *memory) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return nil, errors.New("nobody scans here")
}

func (m *memory) BatchWriteItem(_ context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	for _, w := range in.RequestItems["TodoTable"] {
		m.items = append(m.items, w.PutRequest.Item)
	}
	return &dynamodb.BatchWriteItemOutput{}, nil
}

// notes are n items of so many bytes each, all types among them; sets are in
// order, which DynamoDB does not keep.
func notes(n, size int) (items []attributes) {
	for i := range n {
		items = append(items, attributes{
			"id":     &types.AttributeValueMemberS{Value: fmt.Sprintf("note-%04d", i)},
			"text":   &types.AttributeValueMemberS{Value: strings.Repeat("ü<", size/3)},
			"number": &types.AttributeValueMemberN{Value: "-0.00000000000000000000012345678901234567890123456789012345678"},
			"bytes":  &types.AttributeValueMemberB{Value: []byte{0, 10, 255}},
			"SS":     &types.AttributeValueMemberSS{Value: []string{"", "a"}},
			"NS":     &types.AttributeValueMemberNS{Value: []string{"-1", "10", "9"}},
			"BS":     &types.AttributeValueMemberBS{Value: [][]byte{{0}, {1, 2}}},
			"yes":    &types.AttributeValueMemberBOOL{Value: i%2 == 0},
			"none":   &types.AttributeValueMemberNULL{Value: true},
			"nested": &types.AttributeValueMemberM{Value: attributes{"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: attributes{}}}}}},
		})
	}
	return items
}

// pagesOf are the items of so many pages of a scan, of 1 MB each.
func pagesOf(pages int) []attributes { return notes(pages*10, 105_000) }

// backedUp is how many items a backup holds; -1 when it is none, or not whole.
func backedUp(path string) int {
	file, err := os.Open(path)
	if err != nil {
		return -1
	}
	defer file.Close()
	sum, err := provision.CheckBackup(file)
	if err != nil {
		return -1
	}
	return sum.Items
}
