package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"
)

type attributes = map[string]dynamodbtypes.AttributeValue

// shelf is a table in memory: it answers in pages and takes only so many items
// of a batch.
type shelf struct {
	missing   bool
	page      int // items a page; 0 means 3
	takes     int // of a batch; 0 means all
	throttled int // calls that are turned away first

	items   []attributes
	reads   []*dynamodb.ScanInput
	writes  int
	largest int // of the writes, in bytes of JSON
}

func (s *shelf) turnAway() error {
	switch {
	case s.missing:
		return &dynamodbtypes.ResourceNotFoundException{}
	case s.throttled > 0:
		s.throttled--
		return &dynamodbtypes.ProvisionedThroughputExceededException{}
	}
	return nil
}

func idOf(item attributes) string { return item["id"].(*dynamodbtypes.AttributeValueMemberS).Value }

func (s *shelf) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	if err := s.turnAway(); err != nil {
		return nil, err
	}
	asked := *in
	s.reads = append(s.reads, &asked)
	from := 0
	if in.ExclusiveStartKey != nil {
		from = 1 + slices.IndexFunc(s.items, func(i attributes) bool { return idOf(i) == idOf(in.ExclusiveStartKey) })
	}
	to := min(from+max(s.page, 3), len(s.items))
	out := &dynamodb.ScanOutput{Count: int32(to - from)}
	if in.Select != dynamodbtypes.SelectCount {
		out.Items = s.items[from:to]
	}
	if to < len(s.items) {
		out.LastEvaluatedKey = attributes{"id": s.items[to-1]["id"]}
	}
	return out, nil
}

func (s *shelf) BatchWriteItem(_ context.Context, in *dynamodb.BatchWriteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	if err := s.turnAway(); err != nil {
		return nil, err
	}
	s.writes++
	requests := in.RequestItems["TodoTable"]
	if len(requests) == 0 || len(requests) > 25 {
		return nil, fmt.Errorf("%d items in one batch", len(requests))
	}
	named := map[string]bool{}
	size := 0
	for _, r := range requests {
		text, err := marshalLine(typed(r.PutRequest.Item))
		if err != nil {
			return nil, err
		}
		size += len(text)
		s.largest = max(s.largest, size)
		id := idOf(r.PutRequest.Item)
		if named[id] {
			return nil, errors.New("Provided list of item keys contains duplicates")
		}
		named[id] = true
	}
	takes := len(requests)
	if s.takes > 0 {
		takes = min(s.takes, takes)
	}
	for _, r := range requests[:takes] {
		s.items = slices.DeleteFunc(s.items, func(i attributes) bool { return idOf(i) == idOf(r.PutRequest.Item) })
		s.items = append(s.items, r.PutRequest.Item)
	}
	out := &dynamodb.BatchWriteItemOutput{}
	if takes < len(requests) {
		out.UnprocessedItems = map[string][]dynamodbtypes.WriteRequest{"TodoTable": requests[takes:]}
	}
	return out, nil
}

func backupConfig() Config { return Config{Stack: "Todo", Clock: handTurned()} }

func todos(n int) []attributes {
	var items []attributes
	for i := range n {
		items = append(items, attributes{
			"id":        &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprintf("id-%03d", i)},
			"task":      &dynamodbtypes.AttributeValueMemberS{Value: "Buy <groceries> & \u2028 more"},
			"completed": &dynamodbtypes.AttributeValueMemberBOOL{Value: i%2 == 0},
		})
	}
	return items
}

func backedUp(t *testing.T, items []attributes) string {
	t.Helper()
	var file bytes.Buffer
	if _, err := Backup(t.Context(), backupConfig(), &shelf{items: items}, &file); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func TestBackupReadsEveryPageConsistently(t *testing.T) {
	s := &shelf{items: todos(10)}
	var file bytes.Buffer
	wrote, err := Backup(t.Context(), backupConfig(), s, &file)
	if err != nil || wrote.Items != 10 || wrote.Table != "TodoTable" {
		t.Fatalf("wrote %+v, %v", wrote, err)
	}
	if len(s.reads) != 4 {
		t.Errorf("%d pages were read, should be 4", len(s.reads))
	}
	for _, in := range s.reads {
		if !aws.ToBool(in.ConsistentRead) {
			t.Error("a page was read without ConsistentRead")
		}
	}
	read, err := CheckBackup(&file)
	if err != nil || read != wrote {
		t.Errorf("read back %+v, %v, should be %+v", read, err, wrote)
	}
}

func TestABackupIsDynamoDBsTypedJSON(t *testing.T) {
	file := backedUp(t, todos(1))
	want := `{"schema":1,"table":"TodoTable","key":"id"}
{"completed":{"BOOL":true},"id":{"S":"id-000"},"task":{"S":"Buy <groceries> & \u2028 more"}}
`
	sum := sha256.Sum256([]byte(want))
	want += `{"items":1,"sha256":"` + hex.EncodeToString(sum[:]) + `"}` + "\n"
	if file != want {
		t.Errorf("the file is\n%sshould be\n%s", file, want)
	}
}

func TestAnEmptyTableMakesABackupOfNoItems(t *testing.T) {
	read, err := CheckBackup(strings.NewReader(backedUp(t, nil)))
	if err != nil || read.Items != 0 || read.Table != "TodoTable" {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestCountItems(t *testing.T) {
	s := &shelf{items: todos(10), throttled: 3}
	if n, err := CountItems(t.Context(), backupConfig(), s); n != 10 || err != nil {
		t.Errorf("%d items, %v, should be 10", n, err)
	}
	if n, err := CountItems(t.Context(), backupConfig(), &shelf{missing: true}); n != 0 || !errors.Is(err, ErrNoTable) {
		t.Errorf("%d items in a table that does not exist, %v", n, err)
	}
}

type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room -= len(p); d.room < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestBackupToAFullDiskIsAnError(t *testing.T) {
	size := len(backedUp(t, todos(100)))
	for _, room := range []int{0, 100, size / 2, size - 1} {
		if _, err := Backup(t.Context(), backupConfig(), &shelf{items: todos(100)}, &fullDisk{room: room}); err == nil {
			t.Errorf("a backup of %d bytes was written to a disk with room for %d", size, room)
		}
	}
	if _, err := Backup(t.Context(), backupConfig(), &shelf{items: todos(100)}, &fullDisk{room: size}); err != nil {
		t.Errorf("the backup fits exactly: %v", err)
	}
}

// same compares items by id and without regard to their order, or that of sets.
func same(a, b []attributes) bool {
	index := func(items []attributes) map[string]attributes {
		byID := map[string]attributes{}
		for _, i := range items {
			byID[idOf(i)] = sorted(&dynamodbtypes.AttributeValueMemberM{Value: i}).(*dynamodbtypes.AttributeValueMemberM).Value
		}
		return byID
	}
	return len(a) == len(b) && reflect.DeepEqual(index(a), index(b))
}

// sorted is a value with its sets in order.
func sorted(v dynamodbtypes.AttributeValue) dynamodbtypes.AttributeValue {
	switch v := v.(type) {
	case *dynamodbtypes.AttributeValueMemberSS:
		return &dynamodbtypes.AttributeValueMemberSS{Value: slices.Sorted(slices.Values(v.Value))}
	case *dynamodbtypes.AttributeValueMemberNS:
		return &dynamodbtypes.AttributeValueMemberNS{Value: slices.Sorted(slices.Values(v.Value))}
	case *dynamodbtypes.AttributeValueMemberBS:
		return &dynamodbtypes.AttributeValueMemberBS{Value: slices.SortedFunc(slices.Values(v.Value), bytes.Compare)}
	case *dynamodbtypes.AttributeValueMemberL:
		list := make([]dynamodbtypes.AttributeValue, len(v.Value))
		for i, e := range v.Value {
			list[i] = sorted(e)
		}
		return &dynamodbtypes.AttributeValueMemberL{Value: list}
	case *dynamodbtypes.AttributeValueMemberM:
		out := make(attributes, len(v.Value))
		for name, e := range v.Value {
			out[name] = sorted(e)
		}
		return &dynamodbtypes.AttributeValueMemberM{Value: out}
	}
	return v
}

// anyValue draws a value of all ten types. Sets and bytes are made without nil,
// because DynamoDB's answers have none.
func anyValue(depth int) *rapid.Generator[dynamodbtypes.AttributeValue] {
	return rapid.Custom(func(t *rapid.T) dynamodbtypes.AttributeValue {
		kinds := 8
		if depth > 0 {
			kinds = 10
		}
		text := rapid.String()
		binary := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) []byte { return append([]byte{}, b...) })
		number := rapid.OneOf(
			rapid.Map(rapid.Int64(), func(n int64) string { return fmt.Sprint(n) }),
			rapid.StringMatching(`-?[1-9][0-9]{0,37}`),
			rapid.StringMatching(`-?0\.[0-9]{1,37}[1-9]`),
		)
		switch rapid.IntRange(1, kinds).Draw(t, "type") {
		case 1:
			return &dynamodbtypes.AttributeValueMemberS{Value: text.Draw(t, "S")}
		case 2:
			return &dynamodbtypes.AttributeValueMemberN{Value: number.Draw(t, "N")}
		case 3:
			return &dynamodbtypes.AttributeValueMemberB{Value: binary.Draw(t, "B")}
		case 4:
			return &dynamodbtypes.AttributeValueMemberSS{Value: rapid.SliceOfNDistinct(text, 1, 4, rapid.ID).Draw(t, "SS")}
		case 5:
			return &dynamodbtypes.AttributeValueMemberNS{Value: rapid.SliceOfNDistinct(number, 1, 4, rapid.ID).Draw(t, "NS")}
		case 6:
			return &dynamodbtypes.AttributeValueMemberBS{Value: rapid.SliceOfNDistinct(binary, 1, 4, func(b []byte) string { return string(b) }).Draw(t, "BS")}
		case 7:
			return &dynamodbtypes.AttributeValueMemberBOOL{Value: rapid.Bool().Draw(t, "BOOL")}
		case 8:
			return &dynamodbtypes.AttributeValueMemberNULL{Value: true}
		case 9:
			list := rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "L")
			return &dynamodbtypes.AttributeValueMemberL{Value: append([]dynamodbtypes.AttributeValue{}, list...)}
		}
		return &dynamodbtypes.AttributeValueMemberM{Value: rapid.MapOfN(rapid.StringN(1, 20, -1), anyValue(depth-1), 0, 4).Draw(t, "M")}
	})
}

// anyItems draws the items of a table.
func anyItems() *rapid.Generator[[]attributes] {
	return rapid.Custom(func(t *rapid.T) (items []attributes) {
		for _, id := range rapid.SliceOfNDistinct(rapid.StringN(1, 20, -1), 0, 40, rapid.ID).Draw(t, "ids") {
			item := attributes(rapid.MapOfN(rapid.StringN(1, 20, -1), anyValue(3), 0, 5).Draw(t, "item"))
			item["id"] = &dynamodbtypes.AttributeValueMemberS{Value: id}
			items = append(items, item)
		}
		return items
	})
}

func TestRestoreOfABackupIsTheSameItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := anyItems().Draw(t, "items")
		from := &shelf{items: items, page: rapid.IntRange(3, 9).Draw(t, "page"), throttled: rapid.IntRange(0, 2).Draw(t, "throttled")}
		to := &shelf{takes: rapid.IntRange(0, 25).Draw(t, "takes"), throttled: rapid.IntRange(0, 2).Draw(t, "throttled")}
		var file bytes.Buffer
		wrote, err := Backup(t.Context(), backupConfig(), from, &file)
		if err != nil {
			t.Fatal(err)
		}
		restored, err := Restore(t.Context(), backupConfig(), to, bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if restored != wrote || !same(items, to.items) {
			t.Fatalf("restored %+v, wrote %+v:\n%s", restored, wrote, file.String())
		}
	})
}

func TestEveryPageAndEveryBatchIsProgress(t *testing.T) {
	items, progress := todos(60), 0
	cfg := backupConfig()
	cfg.Progress = func(int) { progress++ }
	s := &shelf{items: items, page: 10, throttled: 5}
	for what, c := range map[string]struct {
		do   func() error
		want int
	}{
		"a count":  {func() error { _, err := CountItems(t.Context(), cfg, s); return err }, 6},
		"a backup": {func() error { _, err := Backup(t.Context(), cfg, s, io.Discard); return err }, 6},
		"a sum":    {func() error { _, err := SumItems(t.Context(), cfg, s); return err }, 6},
		"a restore": {func() error {
			_, err := Restore(t.Context(), cfg, &shelf{throttled: 3}, strings.NewReader(backedUp(t, items)))
			return err
		}, 3},
	} {
		progress = 0
		if err := c.do(); err != nil || progress != c.want {
			t.Errorf("%s: told %d times, should be %d (%v)", what, progress, c.want, err)
		}
	}
}
