package handler_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// The time that Lambda leaves ends a list too: a function of two seconds has
// less than the handler wants for another page.
func TestListEndsWhenTimeGetsShort(t *testing.T) {
	inEachRuntime(t, 2, func(t *testing.T, d deployment) {
		d.fill(t, apiCase{Filled: filling{Count: 5, Bytes: 300 << 10}})
		listed, path, saved := 0, "/", map[string]string{}
		for range 3 {
			got := d.send(t, apiStep{Method: "GET", Path: path}, saved)
			for tries := 1; got.status != 200; tries++ { // two seconds are short for a machine that is busy
				if tries == 5 {
					t.Fatalf("%d %.300s", got.status, got.body)
				}
				got = d.send(t, apiStep{Method: "GET", Path: path}, saved)
			}
			listed += len(got.items())
			delete(saved, "link")
			apiStep{}.remember(got, saved)
			if path = "/" + saved["link"]; path == "/" {
				break
			}
			if listed > 4 {
				t.Errorf("%d items, which are more than DynamoDB hands out at once, and the list goes on at %s", listed, path)
			}
		}
		if listed != 5 || path != "/" {
			t.Errorf("%d items, then %s", listed, path)
		}
	})
}

func TestAnswersHideWhatWentWrong(t *testing.T) {
	inEachRuntime(t, timeout, func(t *testing.T, d deployment) {
		if _, err := d.db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("NotesTable")}); err != nil {
			t.Fatal(err)
		}
		for _, s := range []apiStep{{Method: "GET"}, {Method: "POST"}, {Method: "GET", Path: "/1"}, {Method: "DELETE", Path: "/1"}, {Method: "PUT", Path: "/1", Body: `{"completed":true}`}} {
			got := d.send(t, s, nil)
			if got.status != 500 || got.body != `{"error": "Internal server error"}` || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: %d %v %s", s.Method, s.Path, got.status, got.header, got.body)
			}
		}
		for _, operation := range []string{"Query", "PutItem", "GetItem", "DeleteItem", "UpdateItem"} {
			words, times := d.complaint("ResourceNotFoundException", operation), 1
			if d.node != nil { // whose words do not say which of the five
				times = 5
			}
			out, err := d.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
				LogGroupName: aws.String("/aws/lambda/NotesHandler"), FilterPattern: aws.String(strconv.Quote(words))})
			if err != nil || len(out.Events) != times {
				t.Errorf("the log does not tell once what was wrong with %s: %+v, %v", operation, out, err)
			}
		}
	})
}

// A table that does not answer is noticed before Lambda ends the request.
func TestSilenceIsAnsweredInTime(t *testing.T) {
	inEachRuntime(t, timeout, func(t *testing.T, d deployment) {
		for operation, s := range map[string]apiStep{"Scan": {Method: "GET"}, "PutItem": {Method: "POST"}} {
			d.broken.set(&fault{Operation: operation, Error: "silence"})
			if got := d.send(t, s, nil); got.status != 500 || got.body != `{"error": "Internal server error"}` {
				t.Errorf("%s: %d %s", operation, got.status, got.body)
			}
		}
	})
}

// Nothing of a request that is the caller's mistake belongs in the log: a
// stranger could fill it, and its first 5 GB a month are what is free.
func TestCallersMistakesAreNotLogged(t *testing.T) {
	inEachRuntime(t, timeout, func(t *testing.T, d deployment) {
		for _, s := range []apiStep{{Method: "GET", Path: "/never"}, {Method: "POST", Body: "secret"}, {Method: "PATCH"}, {Method: "GET", Path: "/?limit=secret"}} {
			if got := d.send(t, s, nil); got.status/100 != 4 {
				t.Errorf("%s %s: %d", s.Method, s.Path, got.status)
			}
		}
		out, err := d.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("/aws/lambda/NotesHandler")})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Events {
			if line := aws.ToString(e.Message); !strings.HasPrefix(line, "START ") && !strings.HasPrefix(line, "END ") && !strings.HasPrefix(line, "REPORT ") && !strings.HasPrefix(line, "INIT_START ") {
				t.Errorf("the log has %q", line)
			}
		}
	})
}
