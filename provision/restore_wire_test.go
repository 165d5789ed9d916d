package provision

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"todoctl/local"
)

// A cupboard is a TodoTable of the local DynamoDB, and the real SDK client that
// reaches it.
type cupboard struct {
	*dynamodb.Client
	fault func(*dynamodb.BatchWriteItemInput, func() (*dynamodb.BatchWriteItemOutput, error)) (*dynamodb.BatchWriteItemOutput, error)
}

func newCupboard(t *testing.T) *cupboard {
	t.Helper()
	server, err := local.Open(local.Config{Path: filepath.Join(t.TempDir(), "aws.db"), Now: time.Now, Volatile: true, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &cupboard{Client: dynamodb.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: &http.Client{Transport: server.Transport()},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})}
	_, err = c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:             aws.String("TodoTable"),
		AttributeDefinitions:  []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:             []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		ProvisionedThroughput: throughput(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cupboard) BatchWriteItem(ctx context.Context, in *dynamodb.BatchWriteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	send := func() (*dynamodb.BatchWriteItemOutput, error) { return c.Client.BatchWriteItem(ctx, in, opts...) }
	if c.fault == nil {
		return send()
	}
	return c.fault(in, send)
}

// A tb is a test, or a check of a property.
type tb interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
}

func (c *cupboard) put(t tb, items ...attributes) {
	t.Helper()
	for _, item := range items {
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *cupboard) items(t tb) (items []attributes) {
	t.Helper()
	pages := dynamodb.NewScanPaginator(c.Client, &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	return items
}

func (c *cupboard) clear(t tb) {
	t.Helper()
	for _, item := range c.items(t) {
		if _, err := c.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("TodoTable"), Key: attributes{"id": item["id"]}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnyItemsComeBackFromARealTable(t *testing.T) {
	from, to := newCupboard(t), newCupboard(t)
	cases := 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		from.clear(t)
		to.clear(t)
		from.put(t, anyItems().Draw(t, "items")...)
		var file bytes.Buffer
		wrote, err := Backup(t.Context(), backupConfig(), from, &file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), backupConfig(), to, bytes.NewReader(file.Bytes())); err != nil {
			t.Fatal(err)
		}
		there, err := SumItems(t.Context(), backupConfig(), to)
		if err != nil || !there.Same(wrote) || !same(from.items(t), to.items(t)) {
			t.Fatalf("wrote %+v, there is %+v, %v:\n%s", wrote, there, err, file.String())
		}
	})
	t.Attr("promise", "T16")
	t.Attr("cases", strconv.Itoa(cases))
}

// hard is the items that are lost most easily.
func hard() []attributes {
	s := func(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberS{Value: v} }
	n := func(v string) dynamodbtypes.AttributeValue { return &dynamodbtypes.AttributeValueMemberN{Value: v} }
	every := make([]byte, 256)
	var ascii strings.Builder
	for i := range every {
		every[i] = byte(i)
		ascii.WriteRune(rune(i))
	}
	deep := s("the bottom")
	for range 15 {
		deep = &dynamodbtypes.AttributeValueMemberL{Value: []dynamodbtypes.AttributeValue{&dynamodbtypes.AttributeValueMemberM{Value: attributes{"m": deep}}}}
	}
	return []attributes{
		{"id": s("numbers"), "38 digits": n("12345678901234567890123456789012345678"), "-38": n("-0.12345678901234567890123456789012345678"),
			"largest": n("9.9999999999999999999999999999999999999E+125"), "smallest": n("1E-130"), "least": n("-9.9999999999999999999999999999999999999E+125"),
			"zero": n("0"), "set": &dynamodbtypes.AttributeValueMemberNS{Value: []string{"-1E-130", "0", "1E+125", "3.14"}}},
		{"id": s("empty"), "S": s(""), "B": &dynamodbtypes.AttributeValueMemberB{Value: []byte{}}, "L": &dynamodbtypes.AttributeValueMemberL{Value: []dynamodbtypes.AttributeValue{}},
			"M": &dynamodbtypes.AttributeValueMemberM{Value: attributes{}}, "NULL": &dynamodbtypes.AttributeValueMemberNULL{Value: true},
			"SS": &dynamodbtypes.AttributeValueMemberSS{Value: []string{"", "a"}}, "BS": &dynamodbtypes.AttributeValueMemberBS{Value: [][]byte{{}, {0}}}},
		{"id": s("bytes"), "B": &dynamodbtypes.AttributeValueMemberB{Value: every}, "S": s(ascii.String()), "HTML": s(`<a href="x">&amp;\u2028</a>` + "\u2028\u2029\ufeff\u0000"),
			"yes": &dynamodbtypes.AttributeValueMemberBOOL{Value: true}, "no": &dynamodbtypes.AttributeValueMemberBOOL{Value: false}},
		{"id": s("schlüssel-鍵-🔑-\u0000-\"-\n"), "имя 🗝": s("значение"), "e\u0301": s("decomposed"), "\u00e9": s("composed"), "items": n("0"), "sha256": s("x")},
		{"id": s("deep"), "L": deep},
		{"id": s("large"), "B": &dynamodbtypes.AttributeValueMemberB{Value: bytes.Repeat(every, 1600-1)}},
		{"id": s(strings.Repeat("k", 2048))},
	}
}

func TestTheHardestItemsComeBack(t *testing.T) {
	from, to := newCupboard(t), newCupboard(t)
	from.put(t, hard()...)
	var file bytes.Buffer
	if _, err := Backup(t.Context(), backupConfig(), from, &file); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), backupConfig(), to, bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	if !same(from.items(t), to.items(t)) || len(to.items(t)) != len(hard()) {
		t.Errorf("%d of %d items are there, or they differ", len(to.items(t)), len(hard()))
	}
	t.Attr("promise", "T16")
	t.Attr("cases", strconv.Itoa(len(hard())))
}

var errStopped = errors.New("killed")

// The k-th BatchWriteItem goes wrong, for every k until none is left to; what
// stops the restore is made good by running it again.
func TestARestoreThatIsStoppedAnywhereIsFinishedByAnother(t *testing.T) {
	type batchOut = dynamodb.BatchWriteItemOutput
	faults := map[string]func(in *dynamodb.BatchWriteItemInput, send func() (*batchOut, error)) (*batchOut, error){
		"killed before": func(*dynamodb.BatchWriteItemInput, func() (*batchOut, error)) (*batchOut, error) {
			return nil, errStopped
		},
		"killed after": func(_ *dynamodb.BatchWriteItemInput, send func() (*batchOut, error)) (*batchOut, error) {
			if _, err := send(); err != nil {
				return nil, err
			}
			return nil, errStopped
		},
		"throttled": func(*dynamodb.BatchWriteItemInput, func() (*batchOut, error)) (*batchOut, error) {
			return nil, &dynamodbtypes.ProvisionedThroughputExceededException{}
		},
		"nothing taken": func(in *dynamodb.BatchWriteItemInput, _ func() (*batchOut, error)) (*batchOut, error) {
			return &batchOut{UnprocessedItems: in.RequestItems}, nil
		},
		"one taken": func(in *dynamodb.BatchWriteItemInput, send func() (*batchOut, error)) (*batchOut, error) {
			all := in.RequestItems["TodoTable"]
			in.RequestItems = map[string][]dynamodbtypes.WriteRequest{"TodoTable": all[:1]}
			out, err := send()
			if err == nil && len(all) > 1 {
				out.UnprocessedItems = map[string][]dynamodbtypes.WriteRequest{"TodoTable": all[1:]}
			}
			return out, err
		},
	}
	from, to := newCupboard(t), newCupboard(t)
	from.put(t, append(todos(60), hard()...)...)
	var file bytes.Buffer
	if _, err := Backup(t.Context(), backupConfig(), from, &file); err != nil {
		t.Fatal(err)
	}
	want := from.items(t)
	cases := 0
	for name, fault := range faults {
		for k := 1; ; k++ {
			to.clear(t)
			other := attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: "another"}}
			stale := attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: "id-007"}}
			to.put(t, other, stale)
			calls := 0
			to.fault = func(in *dynamodb.BatchWriteItemInput, send func() (*batchOut, error)) (*batchOut, error) {
				if calls++; calls == k {
					return fault(in, send)
				}
				return send()
			}
			_, err := Restore(t.Context(), backupConfig(), to, bytes.NewReader(file.Bytes()))
			fired := calls >= k
			if stops := strings.HasPrefix(name, "killed"); fired && stops != errors.Is(err, errStopped) {
				t.Fatalf("%s at call %d: %v", name, k, err)
			}
			to.fault = nil
			if err != nil {
				if _, err := Restore(t.Context(), backupConfig(), to, bytes.NewReader(file.Bytes())); err != nil {
					t.Fatalf("%s at call %d, and again: %v", name, k, err)
				}
			}
			if got := to.items(t); !same(got, slices.Concat(want, []attributes{other})) {
				t.Fatalf("%s at call %d: %d items, want %d and one that was there", name, k, len(got), len(want))
			}
			if !fired {
				break
			}
			cases++
		}
	}
	if cases < 3*len(faults) {
		t.Errorf("only %d cases", cases)
	}
	t.Attr("promise", "T16")
	t.Attr("cases", strconv.Itoa(cases))
}
