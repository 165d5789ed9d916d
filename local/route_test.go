package local

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// signed is a request as the SDK signs it for a service.
func signed(method, url, service, body string) *http.Request {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIATEST/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	return r
}

func (a *account) answer(r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	a.server.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// listening gives the account a socket, and returns its address.
func (a *account) listening(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	a.address = l.Addr().String()
	return a.address
}

func TestForeignCallersAreRefused(t *testing.T) {
	a := newAccount(t, Lags{})
	address := a.listening(t)
	_, port, _ := strings.Cut(address, ":")
	send := func(host string, header ...string) (int, string) {
		r := signed("POST", "http://"+address+"/", "sts", "Action=GetCallerIdentity&Version=2011-06-15")
		r.RequestURI = ""
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	for _, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port} {
		if code, body := send(host); code != http.StatusOK {
			t.Errorf("Host %s: %d %s", host, code, body)
		}
	}
	// A name that points to 127.0.0.1 is how DNS rebinding begins.
	for _, host := range []string{"evil.example:" + port, "evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:" + port} {
		if code, _ := send(host); code != http.StatusForbidden {
			t.Errorf("Host %s: %d", host, code)
		}
	}
	for _, header := range [][]string{
		{"Origin", "http://evil.example"}, {"Origin", "null"}, {"Origin", "http://127.0.0.1:1"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		if code, body := send(address, header...); code != http.StatusForbidden || !strings.Contains(body, "web pages") {
			t.Errorf("%v: %d %s", header, code, body)
		}
	}
	if code, _ := send(address, "Origin", "http://"+address, "Sec-Fetch-Site", "same-origin"); code != http.StatusOK {
		t.Errorf("its own origin: %d", code)
	}
	if n := len(a.server.Calls()); n != 4 {
		t.Errorf("%d calls are recorded; the refused ones must not be", n)
	}
}

func TestUnsignedCallsAreRefused(t *testing.T) {
	a := newAccount(t, Lags{})
	for _, authorization := range []string{"", "Bearer x", "AWS4-HMAC-SHA256 Credential=AKIA/2026/us-east-1/sts/aws4_request"} {
		r := httptest.NewRequest("POST", "http://local.localhost/", nil)
		r.Header.Set("Authorization", authorization)
		if code, body := a.answer(r); code != http.StatusForbidden || !strings.Contains(body, "SigV4") {
			t.Errorf("%q: %d %s", authorization, code, body)
		}
	}
}

func TestWhatIsNotThereIsA501ThatNamesIt(t *testing.T) {
	a := newAccount(t, Lags{})
	if code, body := a.answer(signed("GET", "http://local.localhost/bucket", "s3", "")); code != http.StatusNotImplemented || !strings.Contains(body, `"s3"`) {
		t.Errorf("an unknown service: %d %s", code, body)
	}
	fails(sns.NewFromConfig(a.config()).CreatePlatformApplication(t.Context(), &sns.CreatePlatformApplicationInput{
		Name: aws.String("n"), Platform: aws.String("p"), Attributes: map[string]string{}}))(t, "NotImplemented", "CreatePlatformApplication")
	fails(iam.NewFromConfig(a.config()).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("u")}))(t, "NotImplemented", "CreateUser")
	if code, body := a.answer(signed("GET", "http://local.localhost/2099-01-01/nothing", "lambda", "")); code != http.StatusNotImplemented || !strings.Contains(body, "GET /2099-01-01/nothing") {
		t.Errorf("an unknown path: %d %s", code, body)
	}
	// Methods that are not operations stay out of reach.
	for _, name := range []string{"Close", "Serve", "ServeHTTP", "Transport", "Calls", "Confirmations", "Tagged"} {
		r := signed("POST", "http://local.localhost/", "sns", "Action="+name)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if code, body := a.answer(r); code != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
	if calls := a.server.Calls(); calls[0].Service != "s3" || calls[0].Status != http.StatusNotImplemented {
		t.Errorf("calls %+v", calls)
	}
}

func TestBadBodiesAreTheCallersFault(t *testing.T) {
	a := newAccount(t, Lags{})
	json := func(body string) (int, string) {
		r := signed("POST", "http://local.localhost/", "logs", body)
		r.Header.Set("X-Amz-Target", "Logs_20140328.CreateLogGroup")
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		return a.answer(r)
	}
	for _, body := range []string{`{`, `[]`, `"x"`, `{"logGroupName":1}`, `{"tags":["a"]}`} {
		if code, text := json(body); code != http.StatusBadRequest || !strings.Contains(text, "SerializationException") {
			t.Errorf("%s: %d %s", body, code, text)
		}
	}
	if code, text := json(`{"logGroupName":"` + strings.Repeat("x", maxBatch) + `"}`); code != http.StatusRequestEntityTooLarge || !strings.Contains(text, "larger than 4194304 bytes") {
		t.Errorf("over the limit: %d %s", code, text)
	}
	if code, text := a.answer(signed("POST", "http://local.localhost/", "logs", "{}")); code != http.StatusBadRequest || !strings.Contains(text, "UnknownOperationException") {
		t.Errorf("without an operation: %d %s", code, text)
	}
}

// A write that names nothing is about nothing.
func TestAWriteWithoutANameHasNoTarget(t *testing.T) {
	a := newAccount(t, Lags{})
	_, err := cloudwatch.NewFromConfig(a.config()).DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{}})
	if calls := a.server.Calls(); len(calls) != 1 || calls[0].Target != "" {
		t.Errorf("calls %+v (%v)", calls, err)
	}
}

func TestCallsTellWhatWasAskedAndWhetherItWrites(t *testing.T) {
	a := newAccount(t, Lags{})
	a.group(t, "g", nil)
	arn := a.role(t, "R")
	fails(iam.NewFromConfig(a.config()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("none")}))(t, "NoSuchEntity", "")
	fails(iam.NewFromConfig(a.function("F", arn)).ListRoles(t.Context(), nil))(t, "AccessDenied", "") // a function's calls are not kept
	want := []Call{
		{Service: "logs", Operation: "CreateLogGroup", Region: "us-east-1", Write: true, Target: "arn:aws:logs:us-east-1:000000000000:log-group:g", Status: 200},
		{Service: "iam", Operation: "CreateRole", Region: "us-east-1", Write: true, Target: arn, Status: 200},
		{Service: "iam", Operation: "GetRole", Region: "us-east-1", Status: 404, Code: "NoSuchEntity"},
	}
	calls := a.server.Calls()
	if len(calls) != len(want) {
		t.Fatalf("calls %+v", calls)
	}
	for i, c := range calls {
		if !c.Time.Equal(a.clock()) {
			t.Errorf("call %d at %v", i, c.Time)
		}
		c.Time = want[i].Time
		if c != want[i] {
			t.Errorf("call %d is %+v\nwant %+v", i, c, want[i])
		}
	}
}
