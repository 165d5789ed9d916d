package local_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

// closed gives F a URL that takes signed requests only.
func (b *lambdaBench) closed() string {
	b.t.Helper()
	b.function()
	out, err := b.lambda.CreateFunctionUrlConfig(b.t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "AWS_IAM"})
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSuffix(*out.FunctionUrl, "/")
}

// A signer is who signs a request and for what. Its zero value with the bench's
// time is a person of this account.
type signer struct {
	key, secret, token string
	region, service    string
	ahead              time.Duration // of AWS's clock
	payload            string        // its hash; "" is the body's own
}

// signed is a request with a signature by the SDK's own signer.
func (b *lambdaBench) signed(s signer, method, to, body string, headers ...string) *http.Request {
	b.t.Helper()
	r := b.request(method, to, body, headers...)
	if err := v4.NewSigner().SignHTTP(b.t.Context(), s.keys(), r, s.hash(body), s.serviceName(), s.regionName(), b.clock().Add(s.ahead)); err != nil {
		b.t.Fatal(err)
	}
	return r
}

// presigned is one whose signature is in the URL, good for so many seconds.
func (b *lambdaBench) presigned(s signer, method, to, body, seconds string, headers ...string) *http.Request {
	b.t.Helper()
	r := b.request(method, to, "", headers...)
	q := r.URL.Query()
	q.Set("X-Amz-Expires", seconds)
	r.URL.RawQuery = q.Encode()
	link, _, err := v4.NewSigner().PresignHTTP(b.t.Context(), s.keys(), r, s.hash(body), s.serviceName(), s.regionName(), b.clock().Add(s.ahead))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.request(method, link, body, headers...)
}

func (s signer) keys() aws.Credentials {
	c := aws.Credentials{AccessKeyID: s.key, SecretAccessKey: s.secret, SessionToken: s.token}
	if c.AccessKeyID == "" {
		c.AccessKeyID = "AKIALOCAL"
	}
	if c.SecretAccessKey == "" {
		c.SecretAccessKey = "local"
	}
	return c
}

func (s signer) regionName() string {
	if s.region == "" {
		return lambdaRegion
	}
	return s.region
}

func (s signer) serviceName() string {
	if s.service == "" {
		return "lambda"
	}
	return s.service
}

func (s signer) hash(body string) string {
	if s.payload != "" {
		return s.payload
	}
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func (b *lambdaBench) request(method, to, body string, headers ...string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		r.Header.Add(k, v)
	}
	return r
}

func (b *lambdaBench) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		b.t.Fatal(err)
	}
	return res, string(text)
}

func TestURLWithIAMRefusesWhatIsNotSigned(t *testing.T) {
	b := newLambdaBench(t, nil)
	to := b.closed()
	ran := false
	b.does(func(context.Context, []byte) ([]byte, error) { ran = true; return []byte(`{}`), nil })
	for _, h := range []string{"X-None: 1", "Authorization: Basic bG9jYWw6bG9jYWw=", "Authorization: Bearer local", "Authorization: AWS4-ECDSA-P256-SHA256 Credential=x"} {
		res, body := b.send("GET", to+"/", "", h)
		if res.StatusCode != 403 || body != forbiddenBody || res.Header.Get("X-Amzn-Errortype") != "AccessDeniedException" || ran {
			t.Errorf("%s: %d %s, the function ran: %v", h, res.StatusCode, body, ran)
		}
	}
	// Statements for everybody who does not sign do not open it.
	for _, in := range lambdaPublic() {
		if _, err := b.lambda.AddPermission(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if res, body := b.send("GET", to+"/", ""); res.StatusCode != 403 || body != forbiddenBody || ran {
		t.Errorf("with both statements: %d %s", res.StatusCode, body)
	}
}

// What is signed may be written in many ways, and each must be read as AWS's own
// signer has written it.
func TestURLWithIAMTakesWhatTheSDKSigns(t *testing.T) {
	b := newLambdaBench(t, nil)
	to := b.closed()
	targets := []string{
		"", "/", "/a", "/a/", "/a%20b", "/a%2Fb", "/a%252Fb", "/a+b", "/a:b@c", "/~a_b-c.d", "/ü", "/%C3%BC", "/a//b", "/a/./b", "/a/../b", "/%7Ea", "/a!$&'()*,;=b",
		"/?", "/?a=1", "/?b=2&a=1", "/?a", "/?a=", "/?a&b", "/?=1", "/?a=1&a=2&a=1", "/?a=2&a=1", "/?a=b%20c", "/?a=b+c", "/?a=b%2Bc", "/?a=b%2Fc", "/?a=b/c", "/?a=%2525",
		"/?a=ü", "/?a=%C3%BC", "/?%C3%BC=1", "/?a=b=c", "/?a=~b*c'd(e)f!g", "/?A=1&a=2&a-b=3&a%2Fb=4", "/?&&a=1&", "/?a=%0A", "/x/y%20z?next=YWJj%3D%3D&limit=10",
	}
	for _, target := range targets {
		for _, how := range []string{"header", "query"} {
			for _, body := range []string{"", `{"task": "Grüße"}`, "\x00\xff"} {
				headers := []string{"Content-Type: application/json", "X-Mine:  a   b  ", "X-Many: 1", "X-Many: 2", "X-Empty: "}
				r := b.signed(signer{}, "POST", to+target, body, headers...)
				if how == "query" {
					r = b.presigned(signer{}, "POST", to+target, body, "60", headers...)
				}
				if res, said := b.do(r); res.StatusCode != 200 {
					t.Errorf("%s in the %s with %q: %d %s", target, how, body, res.StatusCode, said)
				}
			}
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		if res, said := b.do(b.signed(signer{token: "a/token+of=any"}, method, to+"/a?b=c", "")); res.StatusCode != 200 {
			t.Errorf("%s: %d %s", method, res.StatusCode, said)
		}
	}
}

// Each line changes one thing of a request that would be let in.
func TestURLWithIAMRefusesWhatIsNotAsItWasSigned(t *testing.T) {
	const mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	b := newLambdaBench(t, nil)
	to := b.closed()
	ran := false
	b.does(func(context.Context, []byte) ([]byte, error) { ran = true; return []byte(`{}`), nil })
	authorization := func(from, into string) func(*http.Request) {
		return func(r *http.Request) {
			changed := strings.Replace(r.Header.Get("Authorization"), from, into, 1)
			if changed == r.Header.Get("Authorization") {
				t.Fatalf("there is no %q in %q", from, changed)
			}
			r.Header.Set("Authorization", changed)
		}
	}
	for _, c := range []struct {
		name   string
		by     signer
		change func(*http.Request)
		code   string
		part   string
	}{
		{"another secret", signer{secret: "Local"}, nil, "InvalidSignatureException", mismatch},
		{"another Region", signer{region: "us-east-1"}, nil, "InvalidSignatureException", "Credential should be scoped to a valid region."},
		{"another service", signer{service: "execute-api"}, nil, "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'."},
		{"six minutes old", signer{ahead: -6 * time.Minute}, nil, "InvalidSignatureException", "Signature expired: 20261123T095400Z is now earlier than 20261123T095500Z (20261123T100000Z - 5 min.)"},
		{"six minutes early", signer{ahead: 6 * time.Minute}, nil, "InvalidSignatureException", "Signature not yet current: 20261123T100600Z is still later than 20261123T100500Z (20261123T100000Z + 5 min.)"},
		{"an unsigned payload", signer{payload: "UNSIGNED-PAYLOAD"}, nil, "InvalidSignatureException", mismatch},
		{"an unsigned payload that says so", signer{payload: "UNSIGNED-PAYLOAD"}, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, "InvalidSignatureException", mismatch},
		{"another payload's hash", signer{}, func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64)) }, "InvalidSignatureException", mismatch},
		{"another body", signer{}, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"task": "y"}`)) }, "InvalidSignatureException", mismatch},
		{"another method", signer{}, func(r *http.Request) { r.Method = "PUT" }, "InvalidSignatureException", mismatch},
		{"another path", signer{}, func(r *http.Request) { r.URL.Path = "/b" }, "InvalidSignatureException", mismatch},
		{"another query", signer{}, func(r *http.Request) { r.URL.RawQuery = "x=2" }, "InvalidSignatureException", mismatch},
		{"a longer query", signer{}, func(r *http.Request) { r.URL.RawQuery += "&y=2" }, "InvalidSignatureException", mismatch},
		{"another header", signer{}, func(r *http.Request) { r.Header.Set("X-Mine", "2") }, "InvalidSignatureException", mismatch},
		{"a header less", signer{}, func(r *http.Request) { r.Header.Del("X-Mine") }, "InvalidSignatureException", mismatch},
		{"a header twice", signer{}, func(r *http.Request) { r.Header.Add("X-Mine", "1") }, "InvalidSignatureException", mismatch},
		{"another key", signer{}, authorization("AKIALOCAL", "AKIAOTHER"), "", ""}, // every person's key has the same secret
		{"another token", signer{token: "one"}, func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "two") }, "InvalidSignatureException", mismatch},
		{"another time", signer{}, func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261123T100001Z") }, "InvalidSignatureException", mismatch},
		{"another day's scope", signer{}, authorization("/20261123/", "/20261122/"), "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261122' != '20261123', from '20261123T100000Z'."},
		{"no host in it", signer{}, authorization(";host", ""), "InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader'"},
		{"a time that is none", signer{}, func(r *http.Request) { r.Header.Set("X-Amz-Date", "yesterday") }, "IncompleteSignatureException", "Got 'yesterday'"},
		{"no time", signer{}, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException", "'X-Amz-Date' or a 'Date' header"},
		{"no credential", signer{}, authorization("Credential=", "C="), "IncompleteSignatureException", "'Credential' parameter"},
		{"half a credential", signer{}, authorization("/aws4_request", ""), "IncompleteSignatureException", "exactly 5 slash-delimited elements"},
		{"no signature", signer{}, authorization("Signature=", "S="), "IncompleteSignatureException", "'Signature' parameter"},
		{"no list of headers", signer{}, authorization("SignedHeaders=", "S="), "IncompleteSignatureException", "'SignedHeaders' parameter"},
		{"a function's key that is nobody's", signer{key: "ASIALOCALFUNCTION", token: "local"}, nil, "UnrecognizedClientException", "The security token included in the request is invalid."},
	} {
		t.Run(c.name, func(t *testing.T) {
			ran = false
			r := b.signed(c.by, "POST", to+"/a?x=1", `{"task": "x"}`, "Content-Type: application/json", "X-Mine: 1")
			if c.change != nil {
				c.change(r)
			}
			res, body := b.do(r)
			if c.code == "" {
				if res.StatusCode != 200 || !ran {
					t.Errorf("%d %s", res.StatusCode, body)
				}
				return
			}
			var said struct{ Message string }
			if err := json.Unmarshal([]byte(body), &said); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if res.StatusCode != 403 || res.Header.Get("X-Amzn-Errortype") != c.code || !strings.Contains(said.Message, c.part) || ran {
				t.Errorf("%d %s %s, the function ran: %v", res.StatusCode, res.Header.Get("X-Amzn-Errortype"), body, ran)
			}
		})
	}
	b.turn(5 * time.Minute)
	if res, body := b.do(b.signed(signer{ahead: -5 * time.Minute}, "GET", to+"/", "")); res.StatusCode != 200 {
		t.Errorf("five minutes old: %d %s", res.StatusCode, body)
	}
}

// Field reports have it that a Function URL takes its signature in the query too,
// if that covers the body.
func TestAPresignedURLIsGoodForItsTime(t *testing.T) {
	b := newLambdaBench(t, nil)
	to := b.closed()
	r := b.presigned(signer{}, "GET", to+"/a?x=1", "", "600")
	again := func() (*http.Response, string) { return b.do(b.request("GET", r.URL.String(), "")) }
	for _, after := range []time.Duration{0, 6 * time.Minute, 4 * time.Minute} {
		b.turn(after)
		if res, body := again(); res.StatusCode != 200 {
			t.Errorf("after %s more: %d %s", after, res.StatusCode, body)
		}
	}
	b.turn(time.Second)
	if res, body := again(); res.StatusCode != 403 || !strings.Contains(body, "Signature expired: 20261123T100000Z is now earlier than 20261123T100001Z (20261123T101001Z - 10 min.)") {
		t.Errorf("over time: %d %s", res.StatusCode, body)
	}
	for _, seconds := range []string{"0", "604801", "-1", "soon"} {
		if res, body := b.do(b.presigned(signer{}, "GET", to+"/", "", seconds)); res.StatusCode != 403 || !strings.Contains(body, "X-Amz-Expires") {
			t.Errorf("%s seconds: %d %s", seconds, res.StatusCode, body)
		}
	}
	r = b.presigned(signer{}, "POST", to+"/", "one", "600")
	for body, want := range map[string]int{"one": 200, "two": 403, "": 403} {
		if res, said := b.do(b.request("POST", r.URL.String(), body)); res.StatusCode != want {
			t.Errorf("with the body %q: %d %s", body, res.StatusCode, said)
		}
	}
	q := r.URL.Query()
	for name := range q {
		less := url.Values{}
		for n, v := range q {
			if n != name {
				less[n] = v
			}
		}
		if res, body := b.do(b.request("POST", to+"/?"+less.Encode(), "one")); res.StatusCode != 403 {
			t.Errorf("without %s: %d %s", name, res.StatusCode, body)
		}
	}
}

func TestTheEventOfASignedRequestSaysWhoSigned(t *testing.T) {
	b := newLambdaBench(t, nil)
	to := b.closed()
	var event struct {
		RequestContext struct {
			AccountID  string
			Authorizer json.RawMessage
		}
	}
	b.does(func(_ context.Context, e []byte) ([]byte, error) { return []byte(`{}`), json.Unmarshal(e, &event) })
	if res, body := b.do(b.signed(signer{}, "GET", to+"/", "")); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	want := `{"iam":{"accessKey":"AKIALOCAL","accountId":"000000000000","callerId":"AIDALOCALLOCALLOCAL01","cognitoIdentity":null,"principalOrgId":null,` +
		`"userArn":"arn:aws:iam::000000000000:user/local","userId":"AIDALOCALLOCALLOCAL01"}}`
	if got := string(event.RequestContext.Authorizer); got != want || event.RequestContext.AccountID != "000000000000" {
		t.Errorf("account %s, authorizer %s", event.RequestContext.AccountID, got)
	}
}

// Since October 2025 it takes both actions, of the URL and of the function.
func TestWhoSignsMustBeAllowedBothActions(t *testing.T) {
	const fn = `"Resource":"arn:aws:lambda:eu-central-1:000000000000:function:F"`
	allow := func(action, condition string) string {
		return `{"Effect":"Allow","Action":"` + action + `",` + fn + condition + `}`
	}
	everything := `{"Effect":"Allow","NotAction":["lambda:InvokeFunction*"],"Resource":"*"}`
	for _, c := range []struct {
		name  string
		extra []string
		want  int
	}{
		{"neither", nil, 403},
		{"the URL alone", []string{allow("lambda:InvokeFunctionUrl", "")}, 403},
		{"the function alone", []string{allow("lambda:InvokeFunction", "")}, 403},
		{"both", []string{allow("lambda:InvokeFunctionUrl", ""), allow("lambda:InvokeFunction", "")}, 200},
		{"both, as narrow as can be", []string{
			allow("lambda:InvokeFunctionUrl", `,"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}`),
			allow("lambda:InvokeFunction", `,"Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}`),
		}, 200},
		{"for public URLs", []string{
			allow("lambda:InvokeFunctionUrl", `,"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}`), allow("lambda:InvokeFunction", ""),
		}, 403},
		{"not by way of a URL", []string{
			allow("lambda:InvokeFunctionUrl", ""), allow("lambda:InvokeFunction", `,"Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"false"}}`),
		}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newLambdaBench(t, func(cfg *local.Config) {
				cfg.Operator = `{"Version":"2012-10-17","Statement":[` + strings.Join(append([]string{everything}, c.extra...), ",") + `]}`
			})
			to := b.closed()
			res, body := b.do(b.signed(signer{}, "GET", to+"/", ""))
			if res.StatusCode != c.want || c.want == 403 && body != forbiddenBody {
				t.Errorf("%d %s", res.StatusCode, body)
			}
		})
	}
}

// A function signs with its role's key, and is held to its role's policies.
func TestAFunctionMaySignToo(t *testing.T) {
	var given local.TwinEnvironment
	b := newLambdaBench(t, func(c *local.Config) {
		inner := c.Twin.New
		c.Twin.New = func(env local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
			given = env
			return inner(env)
		}
	})
	to := b.closed()
	if res, body := b.do(b.signed(signer{}, "GET", to+"/", "")); res.StatusCode != 200 {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	by := signer{key: given.AccessKeyID, secret: given.SecretAccessKey, token: given.SessionToken}
	if res, body := b.do(b.signed(by, "GET", to+"/", "")); res.StatusCode != 403 || body != forbiddenBody {
		t.Errorf("its role may not: %d %s", res.StatusCode, body)
	}
	b.allowRole(`{"Effect":"Allow","Action":["lambda:InvokeFunctionUrl","lambda:InvokeFunction"],"Resource":"*"}`)
	var event []byte
	b.does(func(_ context.Context, e []byte) ([]byte, error) { event = slices.Clone(e); return []byte(`{}`), nil })
	if res, body := b.do(b.signed(by, "GET", to+"/", "")); res.StatusCode != 200 || !bytes.Contains(event, []byte(`"userArn":"arn:aws:sts::000000000000:assumed-role/R/F"`)) {
		t.Errorf("its role may: %d %s, %s", res.StatusCode, body, event)
	}
	by.token = "another"
	if res, body := b.do(b.signed(by, "GET", to+"/", "")); res.StatusCode != 403 || !strings.Contains(body, "The security token included in the request is invalid.") {
		t.Errorf("with another token: %d %s", res.StatusCode, body)
	}
}
