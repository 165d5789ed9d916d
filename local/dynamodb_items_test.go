package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

func TestEveryTypeComesBackThroughTheSDK(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	in := attributes{
		"id": text("line\n\"quoted\" \\ é \u2028 😀"), "n": number("-0.10"),
		"b":    &types.AttributeValueMemberB{Value: []byte{0, 255, 7}},
		"yes":  &types.AttributeValueMemberBOOL{Value: true},
		"none": &types.AttributeValueMemberNULL{Value: true},
		"ss":   &types.AttributeValueMemberSS{Value: []string{"b", "a"}},
		"ns":   &types.AttributeValueMemberNS{Value: []string{"1.0", "2"}},
		"bs":   &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
		"l":    &types.AttributeValueMemberL{Value: []types.AttributeValue{text(""), &types.AttributeValueMemberM{Value: attributes{}}}},
		"m":    &types.AttributeValueMemberM{Value: attributes{"x": &types.AttributeValueMemberL{Value: []types.AttributeValue{}}}},
	}
	if _, err := d.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: in}); err != nil {
		t.Fatal(err)
	}
	out, err := d.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("TodoTable"), Key: attributes{"id": in["id"]}})
	if err != nil {
		t.Fatal(err)
	}
	in["n"], in["ns"] = number("-0.1"), &types.AttributeValueMemberNS{Value: []string{"1", "2"}} // the form that DynamoDB keeps
	want, _ := json.Marshal(in)
	got, _ := json.Marshal(out.Item)
	if string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	scan, err := d.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
	if err != nil || len(scan.Items) != 1 {
		t.Fatalf("%+v, %v", scan, err)
	}
	if got, _ := json.Marshal(scan.Items[0]); string(got) != string(want) {
		t.Errorf("scan got %s", got)
	}
}

func TestConditionFailureCarriesTheItem(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	put := &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: attributes{"id": text("1"), "n": number("1")},
		ConditionExpression: aws.String("attribute_not_exists(id)"), ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if _, err := d.PutItem(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	_, err := d.PutItem(t.Context(), put)
	failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	if !ok || failed.Item["n"].(*types.AttributeValueMemberN).Value != "1" {
		t.Errorf("%v", err)
	}
}

func TestReturnValues(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	for _, step := range []struct{ operation, body, want string }{
		{"PutItem", `"Item":{"id":{"S":"1"},"n":{"N":"1"}},"ReturnValues":"ALL_OLD"`, `{}`},
		{"PutItem", `"Item":{"id":{"S":"1"},"n":{"N":"2"}},"ReturnValues":"ALL_OLD"`, `{"Attributes":{"id":{"S":"1"},"n":{"N":"1"}}}`},
		{"UpdateItem", `"Key":{"id":{"S":"1"}},"ReturnValues":"UPDATED_OLD","UpdateExpression":"SET n = n + n, k = n"`, `{"Attributes":{"n":{"N":"2"}}}`},
		{"UpdateItem", `"Key":{"id":{"S":"1"}},"ReturnValues":"ALL_OLD","UpdateExpression":"REMOVE k"`, `{"Attributes":{"id":{"S":"1"},"n":{"N":"4"},"k":{"N":"2"}}}`},
		{"UpdateItem", `"Key":{"id":{"S":"2"}},"ReturnValues":"ALL_NEW"`, `{"Attributes":{"id":{"S":"2"}}}`},
		{"DeleteItem", `"Key":{"id":{"S":"1"}},"ReturnValues":"ALL_OLD"`, `{"Attributes":{"id":{"S":"1"},"n":{"N":"4"}}}`},
		{"DeleteItem", `"Key":{"id":{"S":"1"}},"ReturnValues":"ALL_OLD"`, `{}`},
		{"GetItem", `"Key":{"id":{"S":"1"}}`, `{}`},
		{"GetItem", `"Key":{"id":{"S":"2"}},"ConsistentRead":true`, `{"Item":{"id":{"S":"2"}}}`},
	} {
		if got := d.must(t, step.operation, `{"TableName":"TodoTable",`+step.body+`}`); got != step.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", step.operation, step.body, got, step.want)
		}
	}
}

func TestRequestsThatDynamoDBRefuses(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.table(t, "Ranged", "id:S,seq:N")
	deep := strings.Repeat(`{"L":[`, 40) + `{"S":"x"}` + strings.Repeat(`]}`, 40)
	big := strings.Repeat("x", 400<<10)
	for _, c := range []struct{ operation, body, code, message string }{
		{"PutItem", `{`, "SerializationException", ""},
		{"PutItem", `{"TableName":5}`, "SerializationException", "NUMBER_VALUE cannot be converted to String"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":5}}}`, "SerializationException", "NUMBER_VALUE cannot be converted to String"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"B":"x"}}}`, "SerializationException", "Base64 encoded length is expected a multiple of 4 bytes but found: 1"},
		{"PutItem", `{}`, "ValidationException", "The parameter 'TableName' is required but was not present in the request"},
		{"PutItem", `{"TableName":"TodoTable"}`, "ValidationException", "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null"},
		{"PutItem", `{"TableName":"Other","Item":{"id":{"S":"1"}}}`, "ResourceNotFoundException", "Requested resource not found"},
		{"PutItem", `{"TableName":"TodoTable","Item":{}}`, "ValidationException", "One or more parameter values were invalid: Missing the key id in the item"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"N":"1"}}}`, "ValidationException", "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":""}}}`, "ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"` + big[:2049] + `"}}}`, "ValidationException", "Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"S":"` + big + `"}}}`, "ValidationException", "Item size has exceeded the maximum allowed size"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{}}}`, "ValidationException", "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1","N":"1"}}}`, "ValidationException", "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"NULL":false}}}`, "ValidationException", "Null attribute value types must have the value of true"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"SS":[]}}}`, "ValidationException", "One or more parameter values were invalid: An string set  may not be empty"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"SS":["x","x"]}}}`, "ValidationException", "One or more parameter values were invalid: Input collection [x, x] contains duplicates."},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"NS":["1","1.0"]}}}`, "ValidationException", "Input collection contains duplicates"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"BS":["AQ==","AQ=="]}}}`, "ValidationException", "Input collection [AQ==, AQ==]of type BS contains duplicates."},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":{"N":"1e126"}}}`, "ValidationException", "Number overflow."},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"a":` + deep + `}}`, "ValidationException", "Nesting Levels have exceeded supported limits"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}},"ReturnValues":"ALL_NEW"}`, "ValidationException", "ReturnValues can only be ALL_OLD or NONE"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}},"ReturnConsumedCapacity":"total"}`, "ValidationException",
			"1 validation error detected: Value 'total' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}},"Expected":{}}`, "NotImplemented", "the parameter Expected of PutItem"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}},"ExpressionAttributeNames":{"#a":"a"}}`, "ValidationException", "ExpressionAttributeNames can only be specified when using expressions"},
		{"PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}},"ExpressionAttributeValues":{":a":{"S":"a"}}}`, "ValidationException",
			"ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ExpressionAttributeValues":{":a":{"S":"a"}}}`, "ValidationException",
			"ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"AttributeUpdates":{}}`, "NotImplemented", "the parameter AttributeUpdates of UpdateItem"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"SET a = :a","ExpressionAttributeValues":{":a":{"S":"a"},":c":{"S":"c"},":b":{"S":"b"}}}`, "ValidationException",
			"Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :c}"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"REMOVE #a","ExpressionAttributeNames":{"#a":"a","#b":"b"}}`, "ValidationException",
			"Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"REMOVE a","ExpressionAttributeNames":{"a":"a"}}`, "ValidationException",
			`ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"SET a = :a","ExpressionAttributeValues":{":a":{"N":"x"}}}`, "ValidationException",
			"ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: x for key :a"},
		{"UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"SET a = :a","ExpressionAttributeValues":{":a":{"S":"` + big + `"}}}`, "ValidationException",
			"Item size to update has exceeded the maximum allowed size"},
		{"GetItem", `{"TableName":"TodoTable","Key":{}}`, "ValidationException", "The provided key element does not match the schema"},
		{"GetItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"},"x":{"S":"1"}}}`, "ValidationException", "The provided key element does not match the schema"},
		{"GetItem", `{"TableName":"TodoTable","Key":{"id":{"N":"1"}}}`, "ValidationException", "The provided key element does not match the schema"},
		{"Scan", `{"TableName":"TodoTable","Limit":0}`, "ValidationException", "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"Scan", `{"TableName":"TodoTable","Segment":1}`, "ValidationException", "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"},
		{"Scan", `{"TableName":"TodoTable","Segment":2,"TotalSegments":2}`, "ValidationException", "Segment: 2 is not less than TotalSegments: 2"},
		{"Scan", `{"TableName":"TodoTable","ScanFilter":{}}`, "NotImplemented", "the parameter ScanFilter of Scan"},
		{"Scan", `{"TableName":"TodoTable","Select":"SPECIFIC_ATTRIBUTES"}`, "ValidationException", "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"},
		{"Scan", `{"TableName":"TodoTable","IndexName":"byTask"}`, "ValidationException", "The table does not have the specified index: byTask"},
		{"Scan", `{"TableName":"TodoTable","ExclusiveStartKey":{"x":{"S":"1"}}}`, "ValidationException", "The provided starting key is invalid: The provided key element does not match the schema"},
		{"Query", `{"TableName":"Ranged"}`, "ValidationException", "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."},
		{"Query", query("seq > :n"), "ValidationException", "Query condition missed key schema element: id"},
		{"Query", query("id > :s"), "ValidationException", "Query key condition not supported"},
		{"Query", query("id = :n"), "ValidationException", "Condition parameter type does not match schema type"},
		{"Query", query("id = :s OR seq = :n"), "ValidationException", "Invalid operator used in KeyConditionExpression: OR"},
		{"Query", query("id = :s AND seq <> :n"), "ValidationException", "Invalid operator used in KeyConditionExpression: <>"},
		{"Query", query("id = :s AND attribute_exists(seq)"), "ValidationException", "Invalid operator used in KeyConditionExpression: attribute_exists"},
		{"Query", query("id = :s AND task = :n"), "ValidationException", "Query condition missed key schema element: seq"},
		{"Query", query("id = :s AND id = :s"), "ValidationException", "KeyConditionExpressions must only contain one condition per key"},
		{"Query", query("id = :s AND size(seq) = :n"), "ValidationException", "KeyConditionExpressions cannot contain nested operations"},
		{"Query", strings.TrimSuffix(query("id = :s"), "}") + `,"FilterExpression":"seq > :s"}`, "ValidationException",
			"Filter Expression can only contain non-primary key attributes: Primary key attribute: seq"},
		{"BatchWriteItem", `{"RequestItems":{}}`, "ValidationException", "Member must have length greater than or equal to 1"},
		{"BatchWriteItem", `{"RequestItems":{"TodoTable":[]}}`, "ValidationException", "The batch write request list for a table cannot be null or empty: TodoTable"},
		{"BatchWriteItem", `{"RequestItems":{"TodoTable":[` + strings.TrimSuffix(strings.Repeat(`{"DeleteRequest":{"Key":{"id":{"S":"1"}}}},`, 26), ",") + `]}}`, "ValidationException", "Too many items requested for the BatchWriteItem call"},
		{"BatchWriteItem", `{"RequestItems":{"TodoTable":[{"DeleteRequest":{"Key":{"id":{"S":"1"}}}},{"PutRequest":{"Item":{"id":{"S":"1"}}}}]}}`, "ValidationException", "Provided list of item keys contains duplicates"},
		{"BatchGetItem", `{"RequestItems":{"TodoTable":{"Keys":[{"id":{"S":"1"}},{"id":{"S":"1"}}]}}}`, "ValidationException", "Provided list of item keys contains duplicates"},
		{"TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"TodoTable","Key":{"id":{"S":"1"}}}},{"Delete":{"TableName":"TodoTable","Key":{"id":{"S":"1"}}}}]}`, "ValidationException",
			"Transaction request cannot include multiple operations on one item"},
		{"TransactWriteItems", `{"TransactItems":[{}]}`, "ValidationException", "TransactItems can only contain one of Check, Put, Update or Delete"},
	} {
		_, err := d.raw(t, c.operation, c.body)
		wantError(t, err, c.code, c.message)
		if t.Failed() {
			t.Fatalf("%s %.300s", c.operation, c.body)
		}
	}
}

// query is a Query on Ranged with those of two values that the condition names.
func query(condition string) string {
	var values []string
	if strings.Contains(condition, ":s") {
		values = append(values, `":s":{"S":"1"}`)
	}
	if strings.Contains(condition, ":n") {
		values = append(values, `":n":{"N":"5"}`)
	}
	return `{"TableName":"Ranged","KeyConditionExpression":"` + condition + `","ExpressionAttributeValues":{` + strings.Join(values, ",") + `}}`
}

func TestCapacityFollowsTheSizeRules(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	item := func(bytes int) string {
		return `"Item":{"id":{"S":"1"},"a":{"S":"` + strings.Repeat("x", bytes-4) + `"}}`
	}
	for _, c := range []struct {
		operation, body string
		units           string
	}{
		{"PutItem", item(1024), "1"},
		{"PutItem", item(1025), "2"},
		{"PutItem", item(10), "2"}, // the larger of old and new
		{"PutItem", item(9000), "9"},
		{"GetItem", `"Key":{"id":{"S":"1"}}`, "1.5"},
		{"GetItem", `"Key":{"id":{"S":"1"}},"ConsistentRead":true`, "3"},
		{"GetItem", `"Key":{"id":{"S":"none"}}`, "0.5"},
		{"Scan", `"ConsistentRead":true`, "3"},
		{"UpdateItem", `"Key":{"id":{"S":"1"}},"UpdateExpression":"REMOVE a"`, "9"},
		{"DeleteItem", `"Key":{"id":{"S":"1"}}`, "1"},
		{"Scan", `"Limit":5`, "0.5"},
	} {
		got := d.must(t, c.operation, `{"TableName":"TodoTable","ReturnConsumedCapacity":"TOTAL",`+c.body+`}`)
		if want := `"ConsumedCapacity":{"CapacityUnits":` + c.units + `,"TableName":"TodoTable"}}`; !strings.HasSuffix(got, want) {
			t.Errorf("%s %.60s: %.200s\nwant %s", c.operation, c.body, got, want)
		}
	}
	got := d.must(t, "PutItem", `{"TableName":"TodoTable","ReturnConsumedCapacity":"INDEXES",`+item(10)+`}`)
	if want := `{"ConsumedCapacity":{"CapacityUnits":1,"TableName":"TodoTable","Table":{"CapacityUnits":1}}}`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestBatches(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.table(t, "ChatTable", "id:S")
	write := &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal}
	for _, table := range []string{"TodoTable", "ChatTable"} {
		for i := range 12 {
			write.RequestItems[table] = append(write.RequestItems[table], types.WriteRequest{PutRequest: &types.PutRequest{Item: attributes{"id": text(fmt.Sprint(i)), "n": number("1")}}})
		}
	}
	out, err := d.BatchWriteItem(t.Context(), write)
	if err != nil || len(out.UnprocessedItems) != 0 || len(out.ConsumedCapacity) != 2 || *out.ConsumedCapacity[0].CapacityUnits != 12 {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err = d.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{
		"ChatTable": {{DeleteRequest: &types.DeleteRequest{Key: attributes{"id": text("3")}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	keys := []attributes{{"id": text("3")}, {"id": text("4")}}
	got, err := d.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"TodoTable": {Keys: keys}, "ChatTable": {Keys: keys, ProjectionExpression: aws.String("id")}}})
	if err != nil || len(got.Responses["TodoTable"]) != 2 || len(got.Responses["ChatTable"]) != 1 || len(got.Responses["ChatTable"][0]) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBatchGetLeavesWhatIsBeyond16MB(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	var keys []attributes
	for i := range 50 {
		id := fmt.Sprint(i)
		d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"`+id+`"},"a":{"S":"`+strings.Repeat("x", 399<<10)+`"}}}`)
		keys = append(keys, attributes{"id": text(id)})
	}
	ask := map[string]types.KeysAndAttributes{"TodoTable": {Keys: keys, ConsistentRead: aws.Bool(true)}}
	seen := map[string]int{}
	for rounds := 0; len(ask) > 0; rounds++ {
		out, err := d.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: ask})
		if err != nil || rounds > 2 {
			t.Fatalf("round %d: %v", rounds, err)
		}
		for _, it := range out.Responses["TodoTable"] {
			seen[it["id"].(*types.AttributeValueMemberS).Value]++
		}
		ask = out.UnprocessedKeys
		if rounds == 0 && (len(ask["TodoTable"].Keys) == 0 || !*ask["TodoTable"].ConsistentRead) {
			t.Errorf("the first answer left %+v", ask)
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d items came", len(seen))
	}
}

func TestTransactionDoesAllOrNothing(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"n":{"N":"1"}}}`)
	table := aws.String("TodoTable")
	in := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: table, Item: attributes{"id": text("2")}}},
		{Update: &types.Update{TableName: table, Key: attributes{"id": text("1")}, UpdateExpression: aws.String("SET n = n + n")}},
		{ConditionCheck: &types.ConditionCheck{TableName: table, Key: attributes{"id": text("3")}, ConditionExpression: aws.String("attribute_exists(id)")}},
		{Delete: &types.Delete{TableName: table, Key: attributes{"id": text("4")}}},
	}}
	_, err := d.TransactWriteItems(t.Context(), in)
	cancelled, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok {
		t.Fatal(err)
	}
	if got := *cancelled.Message; got != "Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ConditionalCheckFailed, None]" {
		t.Error(got)
	}
	if len(cancelled.CancellationReasons) != 4 || *cancelled.CancellationReasons[2].Code != "ConditionalCheckFailed" {
		t.Errorf("%+v", cancelled.CancellationReasons)
	}
	if got := d.must(t, "Scan", `{"TableName":"TodoTable","Select":"COUNT"}`); got != `{"Count":1,"ScannedCount":1}` {
		t.Errorf("after the cancelled transaction: %s", got)
	}
	in.TransactItems[2].ConditionCheck.ConditionExpression = aws.String("attribute_not_exists(id)")
	if _, err := d.TransactWriteItems(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	get, err := d.TransactGetItems(t.Context(), &dynamodb.TransactGetItemsInput{ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal, TransactItems: []types.TransactGetItem{
		{Get: &types.Get{TableName: table, Key: attributes{"id": text("1")}}}, {Get: &types.Get{TableName: table, Key: attributes{"id": text("9")}}}}})
	if err != nil || get.Responses[0].Item["n"].(*types.AttributeValueMemberN).Value != "2" || get.Responses[1].Item != nil || *get.ConsumedCapacity[0].ReadCapacityUnits != 4 {
		t.Errorf("%+v, %v", get, err)
	}
}

func TestTransactionTokenRunsOnce(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	body := func(by string) string {
		return `{"ClientRequestToken":"t","TransactItems":[{"Update":{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"UpdateExpression":"ADD n :n","ExpressionAttributeValues":{":n":{"N":"` + by + `"}}}}]}`
	}
	n := func() string {
		return d.must(t, "GetItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ProjectionExpression":"n"}`)
	}
	d.must(t, "TransactWriteItems", body("1"))
	d.must(t, "TransactWriteItems", body("1"))
	if got := n(); got != `{"Item":{"n":{"N":"1"}}}` {
		t.Errorf("after the same request twice: %s", got)
	}
	_, err := d.raw(t, "TransactWriteItems", body("2"))
	wantError(t, err, "IdempotentParameterMismatchException", "same client token")
	d.turn(10 * time.Minute)
	d.must(t, "TransactWriteItems", body("2"))
	if got := n(); got != `{"Item":{"n":{"N":"3"}}}` {
		t.Errorf("after the token's life: %s", got)
	}
}

func TestItemsOutliveTheServer(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"}}}`)
	path := d.server.cfg.Path
	if err := d.server.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: path, Now: d.clock, Lags: AWSLags})
	if err != nil {
		t.Fatal(err)
	}
	d.server = s
	if got := d.must(t, "GetItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}}}`); got != `{"Item":{"id":{"S":"1"}}}` {
		t.Error(got)
	}
}

func TestScanMeetsEveryItemOnceInHashOrder(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "Ranged", "id:S,seq:N")
	const partitions, rows = 60, 25
	for p := range partitions {
		for first := 0; first < rows; first += 25 {
			var puts []string
			for i := range 25 {
				puts = append(puts, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"p%d"},"seq":{"N":"%d"},"pad":{"S":"%s"}}}}`, p, first+i-12, strings.Repeat("x", 2000)))
			}
			d.must(t, "BatchWriteItem", `{"RequestItems":{"Ranged":[`+strings.Join(puts, ",")+`]}}`)
		}
	}
	type row struct{ id, at string }
	read := func(in dynamodb.ScanInput) (all []row, pages int) {
		in.TableName = aws.String("Ranged")
		for p := dynamodb.NewScanPaginator(d, &in); p.HasMorePages(); pages++ {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Items) > 1<<20/2000+1 {
				t.Errorf("a page of %d items is over 1 MB", len(out.Items))
			}
			for _, it := range out.Items {
				all = append(all, row{it["id"].(*types.AttributeValueMemberS).Value, it["seq"].(*types.AttributeValueMemberN).Value})
			}
		}
		return all, pages
	}
	all, pages := read(dynamodb.ScanInput{})
	if len(all) != partitions*rows || pages < 3 {
		t.Fatalf("%d items on %d pages", len(all), pages)
	}
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if a.id == b.id && number64(t, a.at) >= number64(t, b.at) {
			t.Errorf("%v before %v", a, b)
		}
	}
	var order []string
	for _, r := range all {
		if !slices.Contains(order, r.id) {
			order = append(order, r.id)
		}
	}
	if len(order) != partitions || slices.IsSorted(order) {
		t.Errorf("partitions came as %v, which is not hash order", order)
	}
	if limited, pages := read(dynamodb.ScanInput{Limit: aws.Int32(7)}); !slices.Equal(limited, all) || pages != partitions*rows/7+1 {
		t.Errorf("%d items on %d pages with Limit 7", len(limited), pages)
	}
	var parts []row
	for segment := range int32(3) {
		part, _ := read(dynamodb.ScanInput{Segment: aws.Int32(segment), TotalSegments: aws.Int32(3), Limit: aws.Int32(100)})
		if len(part) == 0 {
			t.Errorf("segment %d is empty", segment)
		}
		parts = append(parts, part...)
	}
	if !slices.Equal(parts, all) {
		t.Errorf("the segments have %d items, want the same %d", len(parts), len(all))
	}
}

func number64(t *testing.T, text string) float64 {
	t.Helper()
	var f float64
	if _, err := fmt.Sscan(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFilterCountsWhatItScanned(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	for i := range 10 {
		d.must(t, "PutItem", fmt.Sprintf(`{"TableName":"TodoTable","Item":{"id":{"S":"%d"},"n":{"N":"%d"}}}`, i, i))
	}
	out, err := d.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable"), FilterExpression: aws.String("n >= :n"),
		ExpressionAttributeValues: attributes{":n": number("7")}, ProjectionExpression: aws.String("n")})
	if err != nil || out.Count != 3 || out.ScannedCount != 10 || len(out.Items) != 3 || len(out.Items[0]) != 1 || out.LastEvaluatedKey != nil {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = d.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable"), FilterExpression: aws.String("n > :n"),
		ExpressionAttributeValues: attributes{":n": number("100")}, Limit: aws.Int32(4)})
	if err != nil || out.Count != 0 || out.ScannedCount != 4 || out.LastEvaluatedKey == nil {
		t.Errorf("a page without hits: %+v, %v", out, err)
	}
}

func TestQueries(t *testing.T) {
	d := newDynamo(t)
	for _, table := range []string{"ByNumber:N", "ByText:S"} {
		name, kind, _ := strings.Cut(table, ":")
		d.table(t, name, "id:S,seq:"+kind)
		for _, at := range []string{"-100", "-99.5", "-1", "0", "0.001", "1", "9", "10", "11.5", "100"} {
			for _, id := range []string{"a", "b"} {
				d.must(t, "PutItem", `{"TableName":"`+name+`","Item":{"id":{"S":"`+id+`"},"seq":{"`+kind+`":"`+at+`"}}}`)
			}
		}
	}
	for _, c := range []struct {
		table, condition, values, want string
	}{
		{"ByNumber", "id = :a", "", "-100 -99.5 -1 0 0.001 1 9 10 11.5 100"},
		{"ByNumber", "id = :a AND seq = :x", `{"N":"10.0"}`, "10"},
		{"ByNumber", "id = :a AND seq < :x", `{"N":"0"}`, "-100 -99.5 -1"},
		{"ByNumber", "id = :a AND seq <= :x", `{"N":"-99.5"}`, "-100 -99.5"},
		{"ByNumber", ":x < seq AND :a = id", `{"N":"10"}`, "11.5 100"},
		{"ByNumber", "id = :a AND seq >= :x", `{"N":"10"}`, "10 11.5 100"},
		{"ByNumber", "id = :a AND seq BETWEEN :x AND :y", `{"N":"-1"}`, "-1 0 0.001 1 9"},
		{"ByText", "id = :a", "", "-1 -100 -99.5 0 0.001 1 10 100 11.5 9"},
		{"ByText", "id = :a AND begins_with(seq, :x)", `{"S":"1"}`, "1 10 100 11.5"},
		{"ByText", "id = :a AND seq > :x", `{"S":"10"}`, "100 11.5 9"},
		{"ByText", "id = :none", "", ""},
	} {
		values := `":a":{"S":"a"}`
		if strings.Contains(c.condition, ":none") {
			values = `":none":{"S":"none"}`
		}
		if c.values != "" {
			values += `,":x":` + c.values
		}
		if strings.Contains(c.condition, ":y") {
			values += `,":y":{"N":"9.5"}`
		}
		for _, forward := range []bool{true, false} {
			want := strings.Fields(c.want)
			if !forward {
				slices.Reverse(want)
			}
			for _, limit := range []int{100, 2} {
				var got []string
				start := ""
				for page := 0; page == 0 || start != ""; page++ {
					body := fmt.Sprintf(`{"TableName":"%s","KeyConditionExpression":"%s","ExpressionAttributeValues":{%s},"ScanIndexForward":%t,"Limit":%d%s}`,
						c.table, c.condition, values, forward, limit, start)
					var out struct {
						Items []struct {
							ID  map[string]string
							Seq map[string]string
						}
						LastEvaluatedKey json.RawMessage
					}
					if err := json.Unmarshal([]byte(d.must(t, "Query", body)), &out); err != nil {
						t.Fatal(err)
					}
					for _, it := range out.Items {
						for _, at := range it.Seq {
							got = append(got, at)
						}
						if it.ID["S"] != "a" {
							t.Errorf("%s: an item of partition %s", c.condition, it.ID["S"])
						}
					}
					start = ""
					if out.LastEvaluatedKey != nil {
						start = `,"ExclusiveStartKey":` + string(out.LastEvaluatedKey)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s %s forward=%t limit=%d: got %v, want %v", c.table, c.condition, forward, limit, got, want)
				}
			}
		}
	}
}
