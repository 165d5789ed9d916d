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

	items  []attributes
	reads  []*dynamodb.ScanInput
	writes int
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
	for _, r := range requests {
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

func TestACutFileIsNoticedWhereverItIsCut(t *testing.T) {
	file := backedUp(t, todos(3))
	for at := range len(file) - 1 { // without the last line feed it is still whole
		if read, err := CheckBackup(strings.NewReader(file[:at])); err == nil {
			t.Fatalf("cut after %d of %d bytes, it passes as %+v", at, len(file), read)
		}
	}
}

func TestAChangedFileIsNoticed(t *testing.T) {
	file := backedUp(t, todos(3))
	lines := strings.SplitAfter(file, "\n")
	for name, changed := range map[string]string{
		"another task":     strings.Replace(file, "groceries", "graceries", 1),
		"an item twice":    lines[0] + lines[1] + strings.Join(lines[1:], ""),
		"an item less":     lines[0] + strings.Join(lines[2:], ""),
		"items swapped":    lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], ""),
		"another count":    strings.Replace(file, `"items":3`, `"items":2`, 1),
		"something after":  file + lines[1],
		"no header":        strings.Join(lines[1:], ""),
		"a newer schema":   strings.Replace(file, `"schema":1`, `"schema":2`, 1),
		"another key":      strings.Replace(file, `"key":"id"`, `"key":"user"`, 1),
		"another table":    strings.Replace(file, `"TodoTable"`, `"ChatTable"`, 1),
		"not text":         "\x00\x01\x02",
		"an unknown type":  strings.Replace(file, `{"BOOL":true}`, `{"BOOLEAN":true}`, 1),
		"a wrong value":    strings.Replace(file, `{"BOOL":true}`, `{"BOOL":"yes"}`, 1),
		"a null value":     strings.Replace(file, `{"BOOL":true}`, `{"BOOL":null}`, 1),
		"two types":        strings.Replace(file, `{"BOOL":true}`, `{"BOOL":true,"S":"a"}`, 1),
		"an untyped value": strings.Replace(file, `{"BOOL":true}`, `true`, 1),
	} {
		if changed == file {
			t.Fatalf("%s: nothing was changed", name)
		}
		if read, err := CheckBackup(strings.NewReader(changed)); err == nil {
			t.Errorf("%s: it passes as %+v", name, read)
		}
	}
}

// signed makes a file with a right last line out of any items.
func signed(items ...string) string {
	text := `{"schema":1,"table":"TodoTable","key":"id"}` + "\n"
	for _, i := range items {
		text += i + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"items":%d,"sha256":"%x"}`, len(items), sum)
}

func TestRestoreWritesNothingOfABadFile(t *testing.T) {
	good := backedUp(t, todos(30))
	for name, file := range map[string]string{
		"cut off":          good[:len(good)-90],
		"without a key":    signed(`{"id":{"S":"1"}}`, `{"task":{"S":"Buy"}}`),
		"an empty key":     signed(`{"id":{"S":""}}`),
		"a key of numbers": signed(`{"id":{"N":"1"}}`),
		"not an item":      signed(`[]`),
	} {
		s := &shelf{}
		if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(file)); err == nil {
			t.Errorf("%s: it was restored", name)
		}
		if s.writes > 0 {
			t.Errorf("%s: %d writes before the file was refused", name, s.writes)
		}
	}
}

func TestAnItemMayLookLikeTheLastLine(t *testing.T) {
	file := signed(`{"id":{"S":"1"},"items":{"N":"0"},"sha256":{"S":"x"}}`)
	if read, err := CheckBackup(strings.NewReader(file)); err != nil || read.Items != 1 {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestRestorePutsBackWhatWasThere(t *testing.T) {
	items := todos(60)
	s := &shelf{takes: 7, throttled: 2, items: items[:1:1]}
	done, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(backedUp(t, items)))
	if err != nil || done.Items != 60 {
		t.Fatalf("restored %+v, %v", done, err)
	}
	if !same(s.items, items) {
		t.Errorf("%d items are there, and they are not what was there", len(s.items))
	}
}

func TestRestoreNamesAMissingTable(t *testing.T) {
	_, err := Restore(t.Context(), backupConfig(), &shelf{missing: true}, strings.NewReader(backedUp(t, todos(1))))
	if err == nil || !strings.Contains(err.Error(), "TodoTable does not exist") {
		t.Errorf("err = %v", err)
	}
}

func TestRestoreGivesUpWhenTheTableTakesNothing(t *testing.T) {
	s := &shelf{throttled: 1 << 30}
	if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(backedUp(t, todos(1)))); apiCode(err) != "ProvisionedThroughputExceededException" {
		t.Errorf("err = %v", err)
	}
}

func TestCountItems(t *testing.T) {
	s := &shelf{items: todos(10), throttled: 3}
	if n, err := CountItems(t.Context(), backupConfig(), s); n != 10 || err != nil {
		t.Errorf("%d items, %v, should be 10", n, err)
	}
	if n, err := CountItems(t.Context(), backupConfig(), &shelf{missing: true}); n != 0 || err != nil {
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

// same compares items by id and without regard to their order.
func same(a, b []attributes) bool {
	index := func(items []attributes) map[string]attributes {
		byID := map[string]attributes{}
		for _, i := range items {
			byID[idOf(i)] = i
		}
		return byID
	}
	return len(a) == len(b) && reflect.DeepEqual(index(a), index(b))
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
			rapid.StringMatching(`0\.[0-9]{1,37}[1-9]`),
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
			return &dynamodbtypes.AttributeValueMemberBS{Value: rapid.SliceOfN(binary, 1, 4).Draw(t, "BS")}
		case 7:
			return &dynamodbtypes.AttributeValueMemberBOOL{Value: rapid.Bool().Draw(t, "BOOL")}
		case 8:
			return &dynamodbtypes.AttributeValueMemberNULL{Value: true}
		case 9:
			list := rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "L")
			return &dynamodbtypes.AttributeValueMemberL{Value: append([]dynamodbtypes.AttributeValue{}, list...)}
		}
		return &dynamodbtypes.AttributeValueMemberM{Value: rapid.MapOfN(text, anyValue(depth-1), 0, 4).Draw(t, "M")}
	})
}

func TestRestoreOfABackupIsTheSameItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.StringN(1, 20, -1), 0, 40, rapid.ID).Draw(t, "ids")
		var items []attributes
		for _, id := range ids {
			item := attributes(rapid.MapOfN(rapid.StringN(1, 20, -1), anyValue(3), 0, 5).Draw(t, "item"))
			item["id"] = &dynamodbtypes.AttributeValueMemberS{Value: id}
			items = append(items, item)
		}
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

// FuzzCheckBackup looks for a file that makes the reader panic, or that it takes
// for a backup although Restore could not use it.
func FuzzCheckBackup(f *testing.F) {
	f.Add([]byte(signed(`{"id":{"S":"1"},"m":{"M":{"l":{"L":[{"NULL":true},{"BS":["AA=="]}]}}}}`)))
	f.Add([]byte("{\"schema\":1,\"table\":\"T\",\"key\":\"id\"}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		read, err := CheckBackup(bytes.NewReader(file))
		if err != nil {
			return
		}
		s := &shelf{}
		done, err := Restore(t.Context(), backupConfig(), s, io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))))
		if err != nil || done.Items != read.Items {
			t.Errorf("checked as %+v and restored as %+v, %v", read, done, err)
		}
	})
}
