package twin_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"todoctl/handler/twin"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 5e6, time.FixedZone("", 3600)) }

var errInvalid = &smithy.GenericAPIError{Code: "ValidationException", Message: "One or more parameter values were invalid"}

// brokenDB is a DynamoDB that fails to list.
type brokenDB struct {
	memory
	err error
}

func (b *brokenDB) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return nil, b.err
}

func request(method, path, body string) events.LambdaFunctionURLRequest {
	r := events.LambdaFunctionURLRequest{RawPath: path, Body: body}
	r.RequestContext.HTTP.Method = method
	return r
}

func TestCauseIsForTheLogAlone(t *testing.T) {
	handler := twin.New("T", &brokenDB{err: errors.New("secret")}, noon)
	response, err := handler.Handle(t.Context(), request("GET", "/", ""))
	if err == nil || err.Error() != "secret" || response.StatusCode != 500 || strings.Contains(response.Body, "secret") {
		t.Errorf("%v, %+v", err, response)
	}
	response, err = handler.Handle(t.Context(), events.LambdaFunctionURLRequest{})
	if err == nil || response.StatusCode != 500 {
		t.Errorf("an event that is none: %v, %+v", err, response)
	}
}

func TestTimesAreUTC(t *testing.T) {
	response, err := twin.New("T", &memory{}, noon).Handle(t.Context(), request("POST", "/", ""))
	var item struct{ Created string }
	if err != nil || json.Unmarshal([]byte(response.Body), &item) != nil || item.Created != "2026-11-23T11:00:00.005Z" {
		t.Errorf("%v, %s", err, response.Body)
	}
}

func TestTableFollowsTheFunctionsName(t *testing.T) {
	for function, want := range map[string]string{"TodoHandler": "TodoTable", "ChatHandler": "ChatTable", "Other": "OtherTable"} {
		if got := twin.Table(function, nil); got != want {
			t.Errorf("%s uses %s, want %s", function, got, want)
		}
	}
	if got := twin.Table("TodoHandler", map[string]string{"TABLE_NAME": "Mine"}); got != "Mine" {
		t.Errorf("TABLE_NAME is passed over: %s", got)
	}
}
