package handler_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

var update = flag.Bool("update", false, "rewrite the table of read units in docs/api.md")

// The table of docs/api.md says what lists cost. Its figures are what DynamoDB
// itself says that it has charged, for items as the handler writes them.
func TestTheReadUnitsOfTheDocsAreTheMeasuredOnes(t *testing.T) {
	table := "| items in the table | the newest 20, by Query of the index | the newest 20, by Scan | all, by Query | all, by Scan |\n|---:|---:|---:|---:|---:|\n"
	for _, n := range []int{100, 1_000, 10_000} {
		d := deploy(t, machine{runtime: lambdatypes.RuntimePython312}, timeout)
		d.index(t, true)
		d.todos(t, n)
		// A Scan has no order: which items are the newest shows only at its end.
		table += fmt.Sprintf("| %s | %s | %s | %s | %s |\n", thousands(n), d.byQuery(t, 20, 21), d.byScan(t, n), d.byQuery(t, n, 1_001), d.byScan(t, n))
	}
	const page, begin, end = "../docs/api.md", "<!-- units -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), begin)
	have, after, ends := strings.Cut(rest, end)
	switch {
	case !found || !ends:
		t.Fatal("docs/api.md has no place for the table")
	case have == table:
	case *update:
		if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("docs/api.md has\n%s\nand measured is\n%s", have, table)
	}
}

// todos puts n items into the table, as the handler writes them.
func (d deployment) todos(t *testing.T, n int) {
	t.Helper()
	var writes []dbtypes.WriteRequest
	text := func(s string) dbtypes.AttributeValue { return &dbtypes.AttributeValueMemberS{Value: s} }
	for i := range n {
		writes = append(writes, dbtypes.WriteRequest{PutRequest: &dbtypes.PutRequest{Item: map[string]dbtypes.AttributeValue{
			"id": text(fmt.Sprintf("%08x-0000-4000-8000-000000000000", i)), "task": text("Buy groceries"), "completed": &dbtypes.AttributeValueMemberBOOL{},
			"created": text(fmt.Sprintf("2026-11-23T10:%02d:%02d.%03dZ", i/1000/60, i/1000%60, i%1000)), "list": text("todo")}}})
	}
	d.write(t, writes)
}

// byQuery is what a list of n items costs when each call asks for so many.
func (d deployment) byQuery(t *testing.T, n, limit int) string {
	t.Helper()
	in := &dynamodb.QueryInput{TableName: aws.String("NotesTable"), IndexName: aws.String("newest"), KeyConditionExpression: aws.String("#list = :list"),
		ExpressionAttributeNames: map[string]string{"#list": "list"}, ExpressionAttributeValues: map[string]dbtypes.AttributeValue{":list": &dbtypes.AttributeValueMemberS{Value: "todo"}},
		ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit)), ReturnConsumedCapacity: dbtypes.ReturnConsumedCapacityTotal}
	units, listed := 0.0, 0
	for {
		out, err := d.db.Query(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		units, listed = units+*out.ConsumedCapacity.CapacityUnits, listed+len(out.Items)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil || listed >= n {
			return fmt.Sprint(units)
		}
	}
}

// byScan is what the book's handler pays for its list: all of the table, read to
// the end.
func (d deployment) byScan(t *testing.T, n int) string {
	t.Helper()
	in := &dynamodb.ScanInput{TableName: aws.String("NotesTable"), ReturnConsumedCapacity: dbtypes.ReturnConsumedCapacityTotal}
	units, listed := 0.0, 0
	for {
		out, err := d.db.Scan(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		units, listed = units+*out.ConsumedCapacity.CapacityUnits, listed+len(out.Items)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			break
		}
	}
	if listed != n {
		t.Errorf("%d items of %d", listed, n)
	}
	return fmt.Sprint(units)
}

func thousands(n int) string {
	if n < 1_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
