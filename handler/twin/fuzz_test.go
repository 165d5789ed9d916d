package twin_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/handler/twin"
)

// statuses are all that a caller can get while DynamoDB is well.
var statuses = []int{200, 201, 204, 400, 404, 413}

// decimal is what DynamoDB takes for a number.
var decimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$`)

// FuzzEvents hands the twin any event: whatever it is, the answer has a status
// of the contract, its body is JSON, and it is a 500 for events alone that no
// HTTP request makes.
func FuzzEvents(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	for _, event := range []string{
		`{"version":"2.0","requestContext":{"http":{"method":"POST"}},"rawPath":"/","body":"{\"task\":\"Buy groceries\"}","isBase64Encoded":false}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"eyJ0YXNrIjoiYSJ9","isBase64Encoded":true}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":\"\\ud800\"}"}`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":\"\\\\ud83d\\ude00\\u"}`,
		`{"requestContext":{"http":{"method":"GET"}}}`, `{"requestContext":{"http":{"method":"PATCH"}}}`, `{}`, `null`, `[]`, `"x"`, `{`,
		`{"requestContext":{"http":{"method":"POST"}},"body":"{\"task\":3}"}`, `{"requestContext":{"http":{"method":"POST"}},"body":"[[[["}`,
		`{"requestContext":{"http":{"method":"GET"}},"rawPath":"/a"}`, `{"requestContext":{"http":{"method":"HEAD"}},"rawPath":"/%61"}`,
		`{"requestContext":{"http":{"method":"PUT"}},"rawPath":"/a","body":"{\"completed\":true,\"task\":\"x\"}"}`,
		`{"requestContext":{"http":{"method":"DELETE"}},"rawPath":"/a"}`, `{"requestContext":{"http":{"method":"DELETE"}},"rawPath":"//%"}`,
		`{"requestContext":{"http":{"method":"GET"}},"rawPath":"/","queryStringParameters":{"limit":"1","next":"eyJpZCI6ICJhIn0"}}`,
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
		table := &memory{}
		_, _ = table.PutItem(t.Context(), &dynamodb.PutItemInput{Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: "a"}, "n": &types.AttributeValueMemberN{Value: number},
			"ns": &types.AttributeValueMemberNS{Value: []string{number, "1"}}, "ss": &types.AttributeValueMemberSS{Value: []string{text}},
			"b": &types.AttributeValueMemberB{Value: event}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{event, {1}}},
		}})
		response, err := twin.New("TodoTable", table, noon).Handle(t.Context(), request)
		if (response.StatusCode == 500) != (err != nil) {
			t.Errorf("status %d with the error %v", response.StatusCode, err)
		}
		if err == nil && !slices.Contains(statuses, response.StatusCode) {
			t.Errorf("status %d", response.StatusCode)
		}
		if err != nil && decimal.MatchString(number) && request.RequestContext.HTTP.Method != "" {
			t.Errorf("a request failed: %v", err)
		}
		if bare := response.StatusCode == 204 || request.RequestContext.HTTP.Method == "HEAD"; bare != (response.Body == "") || !bare && !json.Valid([]byte(response.Body)) {
			t.Errorf("the body is %q", response.Body)
		}
	})
}
