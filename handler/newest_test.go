package handler_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// index gives the table todoctl's index, or takes it away.
func (d deployment) index(t *testing.T, there bool) {
	t.Helper()
	in := &dynamodb.UpdateTableInput{TableName: aws.String("NotesTable")}
	if there {
		in.AttributeDefinitions = []dbtypes.AttributeDefinition{{AttributeName: aws.String("list"), AttributeType: "S"}, {AttributeName: aws.String("created"), AttributeType: "S"}}
		in.GlobalSecondaryIndexUpdates = []dbtypes.GlobalSecondaryIndexUpdate{{Create: &dbtypes.CreateGlobalSecondaryIndexAction{
			IndexName:  aws.String("newest"),
			KeySchema:  []dbtypes.KeySchemaElement{{AttributeName: aws.String("list"), KeyType: "HASH"}, {AttributeName: aws.String("created"), KeyType: "RANGE"}},
			Projection: &dbtypes.Projection{ProjectionType: dbtypes.ProjectionTypeAll}}}}
	} else {
		in.GlobalSecondaryIndexUpdates = []dbtypes.GlobalSecondaryIndexUpdate{{Delete: &dbtypes.DeleteGlobalSecondaryIndexAction{IndexName: aws.String("newest")}}}
	}
	if _, err := d.db.UpdateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// testdata/newest.json is what the contract says of a table with an index.
func TestEachRuntimeListsTheNewestFirst(t *testing.T) {
	groups := cases(t, "newest.json")
	total := 0
	ran := inEachRuntime(t, patient, func(t *testing.T, d deployment) {
		d.index(t, true)
		total = 0
		for _, g := range groups {
			for _, c := range g.Cases {
				total++
				t.Run(c.Name, func(t *testing.T) { conforms(t, d, c) })
			}
		}
	})
	t.Attr("cases", strconv.Itoa(total*ran))
}

// A list whose index goes is read by Scan from its beginning, and one that was in
// the middle says so: it never begins again by itself.
func TestAListWhoseIndexGoesIsScanned(t *testing.T) {
	inEachRuntime(t, patient, func(t *testing.T, d deployment) {
		d.index(t, true)
		for i := range 3 {
			if got := d.send(t, apiStep{Method: "POST", Path: "/", Body: `{"task":"` + strconv.Itoa(i) + `"}`}, nil); got.status != 201 {
				t.Fatalf("%+v", got)
			}
		}
		saved := map[string]string{}
		got := d.send(t, apiStep{Method: "GET", Path: "/?limit=1"}, saved)
		apiStep{}.remember(got, saved)
		if got.status != 200 || saved["link"] == "" {
			t.Fatalf("%+v", got)
		}
		d.index(t, false)
		got = d.send(t, apiStep{Method: "GET", Path: "/«link»"}, saved)
		if got.status != 400 || got.body != `{"error": "The list has lost its order: begin it anew, without next"}` {
			t.Errorf("in the middle: %d %s", got.status, got.body)
		}
		if got = d.send(t, apiStep{Method: "GET", Path: "/"}, nil); got.status != 200 || len(got.items()) != 3 {
			t.Errorf("from the beginning: %d %s", got.status, got.body)
		}
	})
}

// One page of DynamoDB is no limit of a list, in this order either.
func TestANewestFirstListIsReadToItsEnd(t *testing.T) {
	inEachRuntime(t, patient, func(t *testing.T, d deployment) {
		d.index(t, true)
		var writes []dbtypes.WriteRequest
		text := func(s string) dbtypes.AttributeValue { return &dbtypes.AttributeValueMemberS{Value: s} }
		for i := range 5 {
			writes = append(writes, dbtypes.WriteRequest{PutRequest: &dbtypes.PutRequest{Item: map[string]dbtypes.AttributeValue{
				"id": text(strconv.Itoa(i)), "list": text("todo"), "created": text(strconv.Itoa(2020 + i)), "task": text(strings.Repeat("x", 300<<10))}}})
		}
		d.write(t, writes)
		order := ""
		for _, item := range d.send(t, apiStep{Method: "GET", Path: "/"}, nil).items() {
			order += item["id"].(string)
		}
		if order != "43210" {
			t.Errorf("listed as %s", order)
		}
	})
}
