package twin_test

import (
	"context"
	"encoding/json"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/handler/twin"
)

// A page is a DynamoDB that keeps nothing and lists one item.
type page struct {
	item map[string]types.AttributeValue
}

func (p page) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, nil
}

func (p page) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return &dynamodb.ScanOutput{Items: []map[string]types.AttributeValue{p.item}}, nil
}

// FuzzEvents hands the twin any event: whatever it is, the answer has a status
// and its body is JSON.
func FuzzEvents(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	for _, event := range []string{
		`{"version":"2.0","requestContext":{"http":{"method":"POST"}},"body":"{\"task\":\"Buy groceries\"}","isBase64Encoded":false}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"eyJ0YXNrIjoiYSJ9","isBase64Encoded":true}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":\"\\ud800\"}"}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":\"\\\\ud83d\\ude00\\u"}`,
		`{"requestContext":{"http":{"method":"GET"}}}`, `{"requestContext":{"http":{"method":"PATCH"}}}`, `{}`, `null`, `[]`, `"x"`, `{`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":3}"}`, `{"requestContext":{"http":{"method":"POST"}},"body":"[[[["}`,
	} {
		f.Add([]byte(event), "1", "text")
	}
	f.Add([]byte(`{"requestContext":{"http":{"method":"GET"}}}`), "-0.00000012345678901234567890123456789012345678", "\u2028\x01")
	f.Add([]byte(`{"requestContext":{"http":{"method":"GET"}}}`), "1e125", "\xff")
	f.Fuzz(func(t *testing.T, event []byte, number, text string) {
		ran.Add(1)
		var request events.LambdaFunctionURLRequest
		if json.Unmarshal(event, &request) != nil {
			return // Lambda hands out events of this form alone
		}
		if len(number) > 45 { // DynamoDB keeps 38 digits
			return
		}
		handler := twin.New("TodoTable", page{map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: text}, "n": &types.AttributeValueMemberN{Value: number},
			"ns": &types.AttributeValueMemberNS{Value: []string{number, "1"}}, "ss": &types.AttributeValueMemberSS{Value: []string{text}},
		}})
		response, err := handler.Handle(t.Context(), request)
		if response.StatusCode != 200 && response.StatusCode != 201 && response.StatusCode != 400 && response.StatusCode != 500 {
			t.Errorf("status %d", response.StatusCode)
		}
		if (response.StatusCode == 500) != (err != nil) {
			t.Errorf("status %d with the error %v", response.StatusCode, err)
		}
		if !json.Valid([]byte(response.Body)) {
			t.Errorf("the body is %q", response.Body)
		}
	})
}
