package provision_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/provision"
)

type attributes = map[string]types.AttributeValue

// everyType is an item with a value of each of DynamoDB's ten types, and with
// those that are easily lost: 38 digits, empty strings, nesting, HTML.
func everyType(id string) attributes {
	return attributes{
		"id":     &types.AttributeValueMemberS{Value: id},
		"text":   &types.AttributeValueMemberS{Value: "<b>Käse</b> & \u2028 \"Brot\"\n"},
		"empty":  &types.AttributeValueMemberS{Value: ""},
		"number": &types.AttributeValueMemberN{Value: "12345678901234567890123456789012345678"},
		"small":  &types.AttributeValueMemberN{Value: "-0.00000000000000000001"},
		"binary": &types.AttributeValueMemberB{Value: []byte{0, 255, 10}},
		"names":  &types.AttributeValueMemberSS{Value: []string{"a", "b"}},
		"counts": &types.AttributeValueMemberNS{Value: []string{"1", "2"}},
		"blobs":  &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
		"yes":    &types.AttributeValueMemberBOOL{Value: true},
		"none":   &types.AttributeValueMemberNULL{Value: true},
		"nested": &types.AttributeValueMemberM{Value: attributes{
			"list":  &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberN{Value: "1"}, &types.AttributeValueMemberM{Value: attributes{}}}},
			"void":  &types.AttributeValueMemberL{Value: []types.AttributeValue{}},
			"items": &types.AttributeValueMemberS{Value: "sha256"},
		}},
	}
}

func (w *world) items() map[string]attributes {
	w.t.Helper()
	found := map[string]attributes{}
	pages := dynamodb.NewScanPaginator(w.clients.DynamoDB, &dynamodb.ScanInput{TableName: aws.String(w.cfg.TableName())})
	for pages.HasMorePages() {
		page := must[*dynamodb.ScanOutput](w.t)(pages.NextPage(w.t.Context()))
		for _, item := range page.Items {
			found[item["id"].(*types.AttributeValueMemberS).Value] = item
		}
	}
	return found
}

func TestBackupAndRestoreOverTheWire(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		const n = 60 // of 30 KB each: two pages of a scan
		for i := range n {
			item := everyType(fmt.Sprint("item-", i))
			item["filler"] = &types.AttributeValueMemberS{Value: strings.Repeat("x", 30<<10)}
			if _, err := w.clients.DynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: item}); err != nil {
				t.Fatal(err)
			}
		}
		before := w.items()
		if count, err := provision.CountItems(t.Context(), w.cfg, w.clients.DynamoDB); count != n || err != nil {
			t.Errorf("%d items, %v", count, err)
		}
		var file bytes.Buffer
		wrote := must[provision.Summary](t)(provision.Backup(t.Context(), w.cfg, w.clients.DynamoDB, &file))
		if wrote.Items != n {
			t.Errorf("the backup has %d items, should have %d", wrote.Items, n)
		}
		if scans := inputs[dynamodb.ScanInput](w); scans[len(scans)-1].ExclusiveStartKey == nil {
			t.Error("the backup was one page; the test wants more")
		}

		w.down("table")
		if count, err := provision.CountItems(t.Context(), w.cfg, w.clients.DynamoDB); count != 0 || !errors.Is(err, provision.ErrNoTable) {
			t.Errorf("of a table that is gone: %d items, %v", count, err)
		}
		w.cfg.Stack = "Chat" // into another stack's table
		w.up("table")
		restored := must[provision.Summary](t)(provision.Restore(t.Context(), w.cfg, w.clients.DynamoDB, bytes.NewReader(file.Bytes())))
		if restored.Items != n || restored.SHA256 != wrote.SHA256 || restored.Table != "ChatTable" {
			t.Errorf("restored %+v of %+v", restored, wrote)
		}
		if !reflect.DeepEqual(before, w.items()) {
			t.Error("the items are not what they were")
		}
	})
}

func TestRestoreIntoATableThatIsNotThere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		var file bytes.Buffer
		item := everyType("1")
		if _, err := w.clients.DynamoDB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: item}); err != nil {
			t.Fatal(err)
		}
		must[provision.Summary](t)(provision.Backup(t.Context(), w.cfg, w.clients.DynamoDB, &file))
		w.down("table")
		_, err := provision.Restore(t.Context(), w.cfg, w.clients.DynamoDB, bytes.NewReader(file.Bytes()))
		if err == nil || !strings.Contains(err.Error(), "TodoTable does not exist") {
			t.Errorf("err = %v", err)
		}
	})
}
