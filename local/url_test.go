package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
)

const forbiddenBody = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`

func TestURLIsForbiddenUntilBothStatementsStand(t *testing.T) {
	b := newLambdaBench(t, func(c *local.Config) { c.Lags.URLPolicy = time.Second })
	b.function()
	out, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "NONE"})
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	b.does(func(context.Context, []byte) ([]byte, error) { ran = true; return []byte(`"yes"`), nil })
	refused := func(when string) {
		t.Helper()
		res, body := b.send("GET", *out.FunctionUrl, "")
		if res.StatusCode != 403 || body != forbiddenBody || ran {
			t.Errorf("%s: %d %s, the function ran: %v", when, res.StatusCode, body, ran)
		}
	}
	refused("with no statement")
	for i, in := range lambdaPublic() {
		if _, err := b.lambda.AddPermission(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		refused(fmt.Sprintf("%d statements, just written", i+1))
		b.turn(time.Second)
		if i == 0 {
			refused("with the first statement alone")
		}
	}
	if res, body := b.send("GET", *out.FunctionUrl, ""); res.StatusCode != 200 || body != `"yes"` {
		t.Errorf("with both: %d %s", res.StatusCode, body)
	}
	ran = false
	if _, err := b.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("One")}); err != nil {
		t.Fatal(err)
	}
	refused("with the second statement alone")
}

func TestStatementsForOthersDoNotOpenTheURL(t *testing.T) {
	for name, change := range map[string]func(one, two *lambda.AddPermissionInput){
		"another account": func(one, _ *lambda.AddPermissionInput) { one.Principal = aws.String("123456789012") },
		"signed requests": func(one, _ *lambda.AddPermissionInput) { one.FunctionUrlAuthType = "AWS_IAM" },
		"not through it":  func(_, two *lambda.AddPermissionInput) { two.InvokedViaFunctionUrl = aws.Bool(false) },
		"one source":      func(_, two *lambda.AddPermissionInput) { two.SourceAccount = aws.String("123456789012") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newLambdaBench(t, nil)
			b.function()
			out, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "NONE"})
			if err != nil {
				t.Fatal(err)
			}
			in := lambdaPublic()
			change(in[0], in[1])
			for _, p := range in {
				if _, err := b.lambda.AddPermission(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			if res, body := b.send("GET", *out.FunctionUrl, ""); res.StatusCode != 403 {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
}

// The event is compared as a whole: a member too many misleads a learner as
// much as one too few.
func TestEventIsPayloadFormat2(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	id, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ".")
	var event string
	b.does(func(_ context.Context, e []byte) ([]byte, error) { event = string(e); return []byte(`{}`), nil })

	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		want                     string
	}{
		{"everything", "POST", "a%20b/c?x=1&y=a+b%21&x=2&flag", `{"task":"ö"}`,
			[]string{"Content-Type: application/json", "User-Agent: test", "Cookie: a=1; b=2", "X-Many: 1", "X-Many: 2"},
			`{"version":"2.0","routeKey":"$default","rawPath":"/a%20b/c","rawQueryString":"x=1&y=a+b%21&x=2&flag","cookies":["a=1","b=2"],
			"headers":{"content-type":"application/json","user-agent":"test","x-many":"1,2",HOST},
			"queryStringParameters":{"flag":"","x":"1,2","y":"a b!"},
			"requestContext":{"accountId":"anonymous","apiId":"ID","domainName":"ID.lambda-url.eu-central-1.on.aws","domainPrefix":"ID",
			"http":{"method":"POST","path":"/a%20b/c","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"test"},
			"requestId":"UUID","routeKey":"$default","stage":"$default","time":"23/Nov/2026:10:00:00 +0000","timeEpoch":1795428000000},
			"body":"{\"task\":\"ö\"}","isBase64Encoded":false}`},
		{"nothing", "GET", "", "", []string{"User-Agent: test"},
			`{"version":"2.0","routeKey":"$default","rawPath":"/","rawQueryString":"",
			"headers":{"user-agent":"test",HOST},
			"requestContext":{"accountId":"anonymous","apiId":"ID","domainName":"ID.lambda-url.eu-central-1.on.aws","domainPrefix":"ID",
			"http":{"method":"GET","path":"/","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"test"},
			"requestId":"UUID","routeKey":"$default","stage":"$default","time":"23/Nov/2026:10:00:00 +0000","timeEpoch":1795428000000},
			"isBase64Encoded":false}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.send(c.method, url+c.path, c.body, c.headers...)
			want := strings.ReplaceAll(c.want, "HOST", `"host":"ID.lambda-url.eu-central-1.localhost","x-amzn-trace-id":"TRACE","x-forwarded-for":"127.0.0.1","x-forwarded-port":"80","x-forwarded-proto":"http"`)
			got := strings.ReplaceAll(event, id, "ID")
			got = regexp.MustCompile(`"requestId":"[0-9a-f-]{36}"`).ReplaceAllString(got, `"requestId":"UUID"`)
			got = regexp.MustCompile(`"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"`).ReplaceAllString(got, `"TRACE"`)
			if g, w := sortedJSON(t, got), sortedJSON(t, want); g != w {
				t.Errorf("event is\n%s, want\n%s", g, w)
			}
		})
	}
}

func sortedJSON(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestBodiesThatAreNotTextArriveInBase64(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	var event struct {
		Body            string
		IsBase64Encoded bool
	}
	b.does(func(_ context.Context, e []byte) ([]byte, error) { return []byte(`{}`), json.Unmarshal(e, &event) })
	for kind, plain := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "text/plain": true, "text/csv": true, "application/javascript": true, "application/xml": true,
		"application/x-www-form-urlencoded": false, "application/octet-stream": false, "image/png": false, "multipart/form-data; boundary=x": false, "": false,
	} {
		headers := []string{"Content-Type: " + kind}
		if kind == "" {
			headers = nil
		}
		b.send("POST", url, "hello", headers...)
		want := "hello"
		if !plain {
			want = "aGVsbG8="
		}
		if event.Body != want || event.IsBase64Encoded == plain {
			t.Errorf("%q: body %q, isBase64Encoded %v", kind, event.Body, event.IsBase64Encoded)
		}
	}
}

func TestURLReadsTheFunctionsAnswer(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	for _, c := range []struct {
		name, payload string
		status        int
		body, headers string // "Name: value" lines that must be there
	}{
		{"no statusCode", `{"a": 1}`, 200, `{"a": 1}`, "Content-Type: application/json"},
		{"a list", `[1, 2]`, 200, `[1, 2]`, "Content-Type: application/json"},
		{"a string", `"hi"`, 200, `"hi"`, "Content-Type: application/json"},
		{"null", `null`, 200, `null`, "Content-Type: application/json"},
		{"everything", `{"statusCode": 201, "headers": {"content-type": "text/html", "x-n": 5}, "cookies": ["a=1; Secure", "b=2"], "body": "<b>"}`,
			201, "<b>", "Content-Type: text/html\nX-N: 5\nSet-Cookie: a=1; Secure\nSet-Cookie: b=2"},
		{"only a status", `{"statusCode": 204}`, 204, "", ""},
		{"base64", `{"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "AAEC", "isBase64Encoded": true}`, 200, "\x00\x01\x02", "Content-Type: image/png"},
		{"a length that is the connection's own", `{"statusCode": 200, "headers": {"content-length": "99"}, "body": "abc"}`, 200, "abc", ""},
		{"a body that is an object", `{"statusCode": 200, "body": {"a": 1}}`, 502, "Internal Server Error", ""},
		{"a status that is a word", `{"statusCode": "ok"}`, 502, "Internal Server Error", ""},
		{"a status that HTTP does not have", `{"statusCode": 42}`, 502, "Internal Server Error", ""},
		{"not base64", `{"statusCode": 200, "body": "?", "isBase64Encoded": true}`, 502, "Internal Server Error", ""},
		{"too large", `"` + strings.Repeat("x", 6<<20) + `"`, 502, "Internal Server Error", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.answers(c.payload)
			res, body := b.send("GET", url, "")
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, c.status, c.body)
			}
			for line := range strings.SplitSeq(c.headers, "\n") {
				k, v, _ := strings.Cut(line, ": ")
				if line != "" && !slices.Contains(res.Header.Values(k), v) {
					t.Errorf("no header %q in %v", line, res.Header)
				}
			}
		})
	}
}

func TestURLRefusesAHugeBody(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	if res, body := b.send("POST", url, strings.Repeat("x", 6<<20+1)); res.StatusCode != 413 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res, _ := b.send("POST", url, strings.Repeat("x", 4<<20), "Content-Type: text/plain"); res.StatusCode != 200 {
		t.Errorf("4 MB: %d", res.StatusCode)
	}
}

func TestURLConfigLivesAndDies(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	name := aws.String("F")
	_, err := b.lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: name})
	wantLambdaError(t, err, "ResourceNotFoundException", "")
	cors := &types.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"content-type"}, MaxAge: aws.Int32(300)}
	url := b.url(cors)
	_, err = b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: "NONE"})
	wantLambdaError(t, err, "ResourceConflictException", "FunctionUrlConfig exists for this Lambda function")
	got, err := b.lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: name})
	if err != nil || *got.FunctionUrl != url || got.AuthType != "NONE" || *got.Cors.MaxAge != 300 || got.Cors.AllowMethods[0] != "GET" || got.InvokeMode != "BUFFERED" {
		t.Fatalf("%v, %+v", err, got)
	}
	if _, err := b.lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: name, Cors: &types.Cors{AllowOrigins: []string{"http://a"}}}); err != nil {
		t.Fatal(err)
	}
	list, err := b.lambda.ListFunctionUrlConfigs(t.Context(), &lambda.ListFunctionUrlConfigsInput{FunctionName: name})
	if err != nil || len(list.FunctionUrlConfigs) != 1 || list.FunctionUrlConfigs[0].Cors.AllowOrigins[0] != "http://a" || list.FunctionUrlConfigs[0].AuthType != "NONE" {
		t.Fatalf("%v, %+v", err, list)
	}
	if _, err := b.lambda.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: name}); err != nil {
		t.Errorf("the statements went with the URL: %v", err)
	}
	again, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: "NONE"})
	if err != nil || *again.FunctionUrl == url {
		t.Errorf("a new URL has the old address: %v", err)
	}
}
