package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"todoctl/local"
	"todoctl/provision"
)

func TestEscapesFromElsewhereAreShownAndNotObeyed(t *testing.T) {
	for s, want := range map[string]string{
		"plain, ✓ ö 漢": "plain, ✓ ö 漢", "two\nlines\tand a tab": "two\nlines\tand a tab",
		"\x1b]0;title\a": `\x1b]0;title\x07`, "gone\r✓ fine": `gone\x0d✓ fine`, "\x1b[2K\x1b[1A": `\x1b[2K\x1b[1A`,
		"\u009b31m": `\u009b31m`, "\xff\xfe": `\xff\xfe`, "\x7f\b": `\x7f\x08`, "a\u202egnp.exe": `a\u202egnp.exe`,
		red + "error:" + reset + " \x1b[5m": red + "error:" + reset + ` \x1b[5m`,
	} {
		if got := harmless(s); got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
	}
	for _, s := range []string{`["a"]`, "[\r\n 1]", "[\"\u009b\u202e\x7f\"]"} {
		got := harmlessJSON(s)
		var was, is any
		if json.Unmarshal([]byte(s), &was) != nil || json.Unmarshal([]byte(got), &is) != nil || !reflect.DeepEqual(was, is) || strings.IndexFunc(got, obeyed) >= 0 {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestServePrintsNoEscapeOfARequest(t *testing.T) {
	s, _ := controlled(t)
	var out bytes.Buffer
	s.Out = &out
	s.onCall(false)(local.Call{Service: "url", Operation: "GET /\x1b]0;owned\a\r\n", Status: 200})
	if strings.ContainsAny(out.String(), "\x1b\a\r") {
		t.Errorf("printed %q", out.String())
	}
}

// answered makes a real client's error of an answer's bytes.
func answered(client, status int, kind string, body []byte) error {
	cfg := aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient: answers(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}, "X-Amzn-Requestid": {string(body)}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
		}),
	}
	ctx := context.Background()
	var err error
	switch client {
	case 0:
		_, err = dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	case 1:
		_, err = iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("R")})
	default:
		_, err = lambda.NewFromConfig(cfg).GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("F")})
	}
	return err
}

type answers func(*http.Request) (*http.Response, error)

func (f answers) Do(r *http.Request) (*http.Response, error) { return f(r) }

// Whatever AWS, or something on the way to it, answers: explain has a sentence,
// and the terminal gets no control character.
func FuzzErrorBodiesFromAWS(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	f.Add(0, 400, "application/x-amz-json-1.0", []byte(`{"__type":"com.amazon#AccessDeniedException","Message":"User: a is not authorized to perform: x:Y on resource: \u001b[2J"}`))
	f.Add(1, 403, "text/xml", []byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: iam:GetRole on resource: &#x9b;31m</Message></Error></ErrorResponse>`))
	f.Add(2, 500, "application/json", []byte("{\"Message\":\"\xff\r\u202e\",\"Type\":\"User\"}"))
	f.Add(0, 502, "text/html", []byte("<html>\x1b]0;captive portal\a</html>"))
	f.Add(1, 301, "", []byte(""))
	f.Fuzz(func(t *testing.T, client, status int, kind string, body []byte) {
		ran.Add(1)
		if status < 300 || status > 599 {
			status = 400
		}
		err := answered(client%3, status, kind, body)
		if err == nil {
			return
		}
		for _, err := range []error{err, &provision.StepError{Step: "table", Action: "create", Err: err}, fmt.Errorf("look: %w", err), errors.New(err.Error())} {
			p := explain(err, nowhere)
			if strings.TrimSpace(p.What) == "" || p.Exit == exitDone {
				t.Errorf("%v is explained as %+v", err, p)
			}
			for _, colour := range []bool{true, false} {
				var b strings.Builder
				(&words{w: &b, colour: colour, width: 80}).Problem(p)
				said := b.String()
				for _, escape := range own {
					said = strings.ReplaceAll(said, escape, "")
				}
				if strings.IndexFunc(said, obeyed) >= 0 {
					t.Errorf("the terminal gets %q", said)
				}
			}
		}
	})
}

// The SDK puts what it cannot read into its own errors.
func TestAnErrorCodeWithEscapesIsHarmless(t *testing.T) {
	p := explain(&smithy.GenericAPIError{Code: "\x1b[31mX", Message: "\x1b[2J\u009b"}, nowhere)
	var b strings.Builder
	(&words{w: &b, width: 80}).Problem(p)
	if strings.IndexFunc(b.String(), obeyed) >= 0 {
		t.Errorf("the terminal gets %q", b.String())
	}
}
