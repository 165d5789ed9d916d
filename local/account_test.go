package local

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// An account is a local AWS with a clock that the test turns, and the real SDK
// pointed at it.
type account struct {
	server  *Server
	path    string
	address string // of its socket, once it has one
	mu      sync.Mutex
	now     time.Time
}

func (a *account) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *account) turn(by time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(by)
}

// newAccount opens a server with these delays at nine in the morning; change
// adjusts its configuration first.
func newAccount(t *testing.T, lags Lags, change ...func(*Config)) *account {
	t.Helper()
	a := &account{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "local.db")}
	cfg := Config{Path: a.path, Now: a.clock, Lags: lags}
	for _, c := range change {
		c(&cfg)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.server = s
	t.Cleanup(func() {
		if err := a.server.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// as is the SDK's configuration for a caller with this key.
func (a *account) as(accessKey, region string) aws.Config {
	config := wireConfig(accessKey, region, a.server.Transport())
	if a.address != "" { // with a socket, only its own name is answered
		config.BaseEndpoint = aws.String("http://" + a.address)
	}
	return config
}

func wireConfig(accessKey, region string, transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "secret"}, nil
		}),
		BaseEndpoint: aws.String("http://local.localhost"),
		HTTPClient:   &http.Client{Transport: transport},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// config is the SDK's configuration for the person at this machine.
func (a *account) config() aws.Config { return a.as("AKIATEST", "us-east-1") }

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// role makes a role that Lambda may take, and returns its ARN.
func (a *account) role(t *testing.T, name string) string {
	t.Helper()
	out, err := iam.NewFromConfig(a.config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Role.Arn
}

// must fails the test at once where nothing that follows could be right:
// must(client.Call(...))(t).
func must[T any](out T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// fails checks the error of a call: fails(client.Call(...))(t, code, message).
func fails[T any](_ T, err error) func(t *testing.T, code, message string) {
	return func(t *testing.T, code, message string) {
		t.Helper()
		wantError(t, err, code, message)
	}
}

// A stranger is an environment of a function that never ran, with a key.
type stranger struct{ surroundings }

func (e *stranger) run(context.Context, invocation) runResult { return runResult{} }
func (e *stranger) usable() bool                              { return true }
func (e *stranger) close()                                    {}

// function gives out a function's key for a role, and returns the SDK's
// configuration of code that runs in the function.
func (a *account) function(name, roleARN string) aws.Config {
	const key = functionKeyPrefix + "TEST"
	x := a.server.lambda
	x.mu.Lock()
	defer x.mu.Unlock()
	x.environments[key] = &stranger{surroundings{region: "us-east-1", function: name, version: versionDoc{Role: roleARN}, accessKey: key}}
	return a.as(key, "us-east-1")
}
