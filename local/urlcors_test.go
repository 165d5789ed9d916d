package local_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestCORSIsAnsweredByTheURL(t *testing.T) {
	all := &types.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"content-type", "x-a"},
		ExposeHeaders: []string{"x-b"}, MaxAge: aws.Int32(300)}
	one := &types.Cors{AllowOrigins: []string{"http://localhost:3000"}, AllowMethods: []string{"*"}}
	credentials := &types.Cors{AllowOrigins: []string{"*"}, AllowCredentials: aws.Bool(true), AllowMethods: []string{"*"}}
	const origin, ask = "Origin: http://localhost:3000", "Access-Control-Request-Method: POST"
	for _, c := range []struct {
		name    string
		cors    *types.Cors
		method  string
		headers []string
		answer  string // the function's own headers
		ran     bool
		want    string // every Access-Control header, sorted
	}{
		{"a preflight", all, "OPTIONS", []string{origin, ask}, "", false,
			"Allow-Headers: content-type,x-a; Allow-Methods: GET,POST; Allow-Origin: *; Max-Age: 300"},
		{"a preflight from another origin", one, "OPTIONS", []string{"Origin: http://evil", ask}, "", false, ""},
		{"a preflight from the origin", one, "OPTIONS", []string{origin, ask}, "", false, "Allow-Methods: *; Allow-Origin: http://localhost:3000; Max-Age: 0"},
		{"a preflight with no CORS reaches the function", nil, "OPTIONS", []string{origin, ask}, "", true, ""},
		{"OPTIONS that is no preflight reaches the function", all, "OPTIONS", nil, "", true, ""},
		{"a request", all, "GET", []string{origin}, "", true, "Allow-Origin: *; Expose-Headers: x-b"},
		{"a request without an origin", all, "GET", nil, "", true, ""},
		{"a request from another origin", one, "GET", []string{"Origin: http://evil"}, "", true, ""},
		{"a request with no CORS", nil, "GET", []string{origin}, "", true, ""},
		{"credentials reflect the origin", credentials, "GET", []string{origin}, "", true, "Allow-Credentials: true; Allow-Origin: http://localhost:3000"},
		{"the function's own header stays and there are two", all, "GET", []string{origin}, `"Access-Control-Allow-Origin": "*"`, true,
			"Allow-Origin: *; Allow-Origin: *; Expose-Headers: x-b"},
		{"the function's own header alone", all, "GET", nil, `"access-control-allow-origin": "*"`, true, "Allow-Origin: *"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newLambdaBench(t, nil)
			b.function()
			url := b.url(c.cors)
			ran := false
			b.does(func(context.Context, []byte) ([]byte, error) {
				ran = true
				return []byte(`{"statusCode": 200, "headers": {` + c.answer + `}, "body": ""}`), nil
			})
			res, _ := b.send(c.method, url, "", c.headers...)
			var got []string
			for k, values := range res.Header {
				for _, v := range values {
					if name, ok := strings.CutPrefix(k, "Access-Control-"); ok {
						got = append(got, name+": "+v)
					}
				}
			}
			slices.Sort(got)
			if res.StatusCode != 200 || strings.Join(got, "; ") != c.want || ran != c.ran {
				t.Errorf("%d, the function ran: %v, headers %s; want %v and %s", res.StatusCode, ran, strings.Join(got, "; "), c.ran, c.want)
			}
		})
	}
}

func TestPreflightIsAnsweredBeforeThePolicy(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	out, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String("F"), AuthType: "NONE", Cors: &types.Cors{AllowOrigins: []string{"*"}}})
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := b.send("OPTIONS", *out.FunctionUrl, "", "Origin: http://x", "Access-Control-Request-Method: GET"); res.StatusCode != 200 {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestCORSLimits(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	for _, c := range []struct {
		name string
		cors types.Cors
		code string
	}{
		{"OPTIONS has seven letters", types.Cors{AllowMethods: []string{"OPTIONS"}}, "ValidationException"},
		{"no such method", types.Cors{AllowMethods: []string{"GOT"}}, "InvalidParameterValueException"},
		{"a day and a second", types.Cors{MaxAge: aws.Int32(86401)}, "ValidationException"},
		{"before now", types.Cors{MaxAge: aws.Int32(-1)}, "ValidationException"},
		{"a hundred and one headers", types.Cors{AllowHeaders: slices.Repeat([]string{"x"}, 101)}, "ValidationException"},
		{"an origin of 254 characters", types.Cors{AllowOrigins: []string{strings.Repeat("x", 254)}}, "ValidationException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "NONE", Cors: &c.cors})
			wantLambdaError(t, err, c.code, "")
		})
	}
}
