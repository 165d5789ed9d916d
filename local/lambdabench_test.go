package local_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"todoctl/local"
)

// A lambdaBench is a local AWS with one function, reached without a socket. The
// function is whatever handle is.
type lambdaBench struct {
	t      *testing.T
	server *local.Server
	http   *http.Client
	lambda *lambda.Client
	iam    *iam.Client
	aws    aws.Config

	mu     sync.Mutex
	now    time.Time
	handle func(ctx context.Context, event []byte) ([]byte, error)
	said   []string // through Logf
}

const lambdaRegion = "eu-central-1"

// lambdaZip is a deployment package of these files.
func lambdaZip(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func lambdaSHA(code []byte) string {
	sum := sha256.Sum256(code)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func lambdaCode(t *testing.T) []byte {
	return lambdaZip(t, map[string]string{"lambda_function.py": "def lambda_handler(event, context): pass"})
}

// newLambdaBench opens a local AWS; change adjusts its configuration first.
func newLambdaBench(t *testing.T, change func(*local.Config)) *lambdaBench {
	t.Helper()
	b := &lambdaBench{t: t, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	b.handle = func(context.Context, []byte) ([]byte, error) { return []byte(`{"statusCode":200,"body":"hello"}`), nil }
	cfg := local.Config{
		Path: filepath.Join(t.TempDir(), "aws.db"),
		Now:  b.clock,
		Logf: func(format string, args ...any) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.said = append(b.said, format)
		},
		Twin: &local.Twin{SHA256: []string{lambdaSHA(lambdaCode(t))}, New: func(local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
			return func(ctx context.Context, event []byte) ([]byte, error) {
				b.mu.Lock()
				handle := b.handle
				b.mu.Unlock()
				return handle(ctx, event)
			}
		}},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := local.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	b.use(s, s.Transport(), "http://local.localhost")
	return b
}

// use makes the clients.
func (b *lambdaBench) use(s *local.Server, transport http.RoundTripper, endpoint string) {
	b.server, b.http = s, &http.Client{Transport: transport}
	b.aws = aws.Config{
		Region:       lambdaRegion,
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   b.http,
		Credentials:  credentials.NewStaticCredentialsProvider("AKIALOCAL", "local", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
	b.lambda, b.iam = lambda.NewFromConfig(b.aws), iam.NewFromConfig(b.aws)
}

func (b *lambdaBench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// turn turns the clock.
func (b *lambdaBench) turn(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func (b *lambdaBench) does(handle func(ctx context.Context, event []byte) ([]byte, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handle = handle
}

func (b *lambdaBench) answers(payload string) {
	b.does(func(context.Context, []byte) ([]byte, error) { return []byte(payload), nil })
}

// role makes a role that Lambda may assume and that may write its log.
func (b *lambdaBench) role() string {
	b.t.Helper()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	out, err := b.iam.CreateRole(b.t.Context(), &iam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(trust)})
	if err != nil {
		b.t.Fatal(err)
	}
	_, err = b.iam.PutRolePolicy(b.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("P"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:*","dynamodb:*"],"Resource":"*"}]}`)})
	if err != nil {
		b.t.Fatal(err)
	}
	return *out.Role.Arn
}

func lambdaInput(role string, code []byte) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName: aws.String("F"), Role: aws.String(role), Runtime: types.RuntimePython312,
		Handler: aws.String("lambda_function.lambda_handler"), Code: &types.FunctionCode{ZipFile: code},
		Timeout: aws.Int32(5), MemorySize: aws.Int32(256), Tags: map[string]string{"a": "b"},
	}
}

// allowRole gives the role R one more policy.
func (b *lambdaBench) allowRole(statement string) {
	b.t.Helper()
	if _, err := b.iam.PutRolePolicy(b.t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("More"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[` + statement + `]}`)}); err != nil {
		b.t.Fatal(err)
	}
}

// function makes the function F.
func (b *lambdaBench) function() {
	b.t.Helper()
	if _, err := b.lambda.CreateFunction(b.t.Context(), lambdaInput(b.role(), lambdaCode(b.t))); err != nil {
		b.t.Fatal(err)
	}
}

// url gives F a public URL with both statements.
func (b *lambdaBench) url(cors *types.Cors) string {
	b.t.Helper()
	out, err := b.lambda.CreateFunctionUrlConfig(b.t.Context(), &lambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String("F"), AuthType: types.FunctionUrlAuthTypeNone, Cors: cors})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, in := range lambdaPublic() {
		if _, err := b.lambda.AddPermission(b.t.Context(), in); err != nil {
			b.t.Fatal(err)
		}
	}
	return *out.FunctionUrl
}

func lambdaPublic() []*lambda.AddPermissionInput {
	return []*lambda.AddPermissionInput{
		{FunctionName: aws.String("F"), StatementId: aws.String("One"), Action: aws.String("lambda:InvokeFunctionUrl"),
			Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone},
		{FunctionName: aws.String("F"), StatementId: aws.String("Two"), Action: aws.String("lambda:InvokeFunction"),
			Principal: aws.String("*"), InvokedViaFunctionUrl: aws.Bool(true)},
	}
}

// send makes a request and returns the response with its body read. Headers are
// "Name: value" lines.
func (b *lambdaBench) send(method, url, body string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	return b.do(b.request(method, url, body, headers...))
}

// lambdaCode is an error's code and message.
func lambdaError(err error) (code, message string) {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode(), e.ErrorMessage()
	}
	return "", ""
}

// wantLambdaError checks an error's code and a part of its message.
func wantLambdaError(t *testing.T, err error, code, part string) {
	t.Helper()
	c, m := lambdaError(err)
	if c != code || !strings.Contains(m, part) {
		t.Errorf("error is %v, want %s with %q", err, code, part)
	}
}
