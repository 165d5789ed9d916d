package twin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"todoctl/handler/twin"
)

// brokenDB is a DynamoDB that fails.
type brokenDB struct{}

func (brokenDB) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return nil, errors.New("secret")
}

func (brokenDB) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return nil, errors.New("secret")
}

func TestTwinReportsTheCauseToTheLogAlone(t *testing.T) {
	request := events.LambdaFunctionURLRequest{}
	request.RequestContext.HTTP.Method = "GET"
	response, err := twin.New("T", brokenDB{}).Handle(t.Context(), request)
	if err == nil || err.Error() != "secret" || response.StatusCode != 500 || strings.Contains(response.Body, "secret") {
		t.Errorf("%v, %+v", err, response)
	}
	response, err = twin.New("T", brokenDB{}).Handle(t.Context(), events.LambdaFunctionURLRequest{})
	if err == nil || response.StatusCode != 500 {
		t.Errorf("an event that is none: %v, %+v", err, response)
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
