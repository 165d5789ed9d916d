package twin_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"todoctl/handler/twin"
)

// asked counts how often the index is asked for, and refuses with err.
type asked struct {
	memory
	err     error
	queries int
}

func (a *asked) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	a.queries++
	if a.err != nil {
		return nil, a.err
	}
	return &dynamodb.QueryOutput{}, nil
}

func TestAMissingIndexIsAskedForAgainAfterAMinute(t *testing.T) {
	for _, code := range []string{"ValidationException", "AccessDeniedException"} {
		now := noon()
		db := &asked{err: &smithy.GenericAPIError{Code: code}}
		h := twin.New("T", db, func() time.Time { return now })
		list := func(queries int) {
			t.Helper()
			if response, err := h.Handle(t.Context(), request("GET", "/", "")); err != nil || response.StatusCode != 200 || response.Body != "[]" {
				t.Errorf("%v, %+v", err, response)
			}
			if db.queries != queries {
				t.Errorf("%s: the index was asked %d times, want %d", code, db.queries, queries)
			}
		}
		list(1)
		list(1)
		now = now.Add(59 * time.Second)
		list(1)
		now = now.Add(time.Second)
		list(2)
		now, db.err = now.Add(time.Minute), nil
		list(3) // somebody has added it
		list(4)
	}
}

func TestAnotherFaultOfTheIndexIsNoReasonToScan(t *testing.T) {
	h := twin.New("T", &asked{err: &smithy.GenericAPIError{Code: "ThrottlingException"}}, noon)
	if response, _ := h.Handle(t.Context(), request("GET", "/", "")); response.StatusCode != 503 {
		t.Errorf("%+v", response)
	}
}
