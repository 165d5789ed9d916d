package provision

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mountain is a table that is larger than any memory: it makes up each page of
// 1 MB when it is asked for, and watches how much memory is in use.
type mountain struct {
	pages int
	task  string
	peak  uint64 // bytes in use at a page
}

const itemsOnPage = 4

func (m *mountain) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	page := 0
	if in.ExclusiveStartKey != nil {
		page, _ = strconv.Atoi(idOf(in.ExclusiveStartKey)) // our own number
	}
	if page%16 == 0 {
		m.peak = max(m.peak, inUse())
	}
	out := &dynamodb.ScanOutput{Count: itemsOnPage}
	for i := range itemsOnPage {
		out.Items = append(out.Items, attributes{
			"id":   &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprintf("%d-%d", page, i)},
			"task": &dynamodbtypes.AttributeValueMemberS{Value: m.task},
		})
	}
	if page++; page < m.pages {
		out.LastEvaluatedKey = attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: strconv.Itoa(page)}}
	}
	return out, nil
}

func (m *mountain) BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error) {
	m.peak = max(m.peak, inUse())
	return &dynamodb.BatchWriteItemOutput{}, nil
}

func inUse() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func TestATableOfAnySizeIsSavedInLittleMemory(t *testing.T) {
	megabytes := 64
	if os.Getenv("TODOCTL_FULL") != "" {
		megabytes = 1024
	}
	m := &mountain{pages: megabytes, task: strings.Repeat("x", 1<<20/itemsOnPage)}
	before := inUse()
	from, to := io.Pipe()
	wrote := make(chan Summary, 1)
	go func() {
		done, err := Backup(t.Context(), backupConfig(), m, to)
		to.CloseWithError(err) // nil is the end of the file
		wrote <- done
	}()
	read, err := CheckBackup(from)
	if err != nil || read != <-wrote || read.Items != megabytes*itemsOnPage {
		t.Fatalf("%+v, %v", read, err)
	}
	if sum, err := SumItems(t.Context(), backupConfig(), m); err != nil || !sum.Same(read) {
		t.Errorf("the table now: %+v, %v", sum, err)
	}
	const limit = 24 << 20
	if m.peak > before+limit {
		t.Errorf("for %d MB of items, %d MB of memory were in use", megabytes, (m.peak-before)>>20)
	}
	t.Attr("promise", "T16")
	t.Attr("cases", "1")
}

func TestALargeBackupIsRestoredInLittleMemory(t *testing.T) {
	m := &mountain{pages: 48, task: strings.Repeat("x", 1<<20/itemsOnPage)}
	var file bytes.Buffer
	if _, err := Backup(t.Context(), backupConfig(), m, &file); err != nil {
		t.Fatal(err)
	}
	before := inUse()
	m.peak = 0
	if _, err := Restore(t.Context(), backupConfig(), m, bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	const limit = 5 * batchBytes
	if m.peak > before+limit {
		t.Errorf("for %d MB of items, %d MB of memory were in use", m.pages, (m.peak-before)>>20)
	}
}

func TestASumTellsTheSameItemsInAnyOrder(t *testing.T) {
	sum := func(items []attributes) Summary {
		t.Helper()
		done, err := SumItems(t.Context(), backupConfig(), &shelf{items: items})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	set := func(names ...string) attributes {
		return attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: "set"}, "SS": &dynamodbtypes.AttributeValueMemberSS{Value: names}, "NS": &dynamodbtypes.AttributeValueMemberNS{Value: names},
			"BS": &dynamodbtypes.AttributeValueMemberBS{Value: [][]byte{[]byte(names[0]), []byte(names[1])}}}
	}
	items := append(todos(5), set("1", "2"))
	was := sum(items)
	if other := []attributes{set("2", "1"), items[4], items[0], items[3], items[1], items[2]}; !sum(other).Same(was) {
		t.Error("the order of items, or of a set, changes the sum")
	}
	changed := todos(6)[5]
	changed["id"] = items[2]["id"]
	for name, other := range map[string][]attributes{
		"one less":         items[1:],
		"one more":         append(todos(6), set("1", "2")),
		"another in place": append(todos(4), todos(9)[8], set("1", "2")),
		"one changed":      append(append(todos(2), changed), append(todos(5)[3:], set("1", "2"))...),
		"a set changed":    append(todos(5), set("1", "3")),
	} {
		if sum(other).Same(was) {
			t.Errorf("%s, and the sum is the same", name)
		}
	}
}
