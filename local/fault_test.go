package local

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
)

// faulty opens a local AWS and a client's configuration that reaches it through
// a network with these faults; one attempt a call.
func faulty(t *testing.T, plan ...Fault) (*Server, *Faults, aws.Config) {
	t.Helper()
	s, err := Open(Config{Path: filepath.Join(t.TempDir(), "aws.db"), Now: time.Now, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	network := NewFaults(s.Transport(), time.Now, nil, plan...)
	return s, network, aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: &http.Client{Transport: network},
		RetryMaxAttempts: 1,
	}
}

func makeTopic(ctx context.Context, cfg aws.Config) error {
	_, err := sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("News")})
	return err
}

func TestEachFaultIsWhatItSays(t *testing.T) {
	code := func(want string) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[smithy.APIError](err)
			return ok && e.ErrorCode() == want
		}
	}
	lost := func(err error) bool { _, answered := errors.AsType[smithy.APIError](err); return !answered }
	for _, test := range []struct {
		kind FaultKind
		says func(error) bool
		done bool
	}{
		{FaultThrottle, code("Throttling"), false},
		{FaultRetryAfter, code("Throttling"), false},
		{Fault500Before, code("InternalError"), false},
		{Fault500After, code("InternalError"), true},
		{FaultResetBefore, lost, false},
		{FaultResetAfter, lost, true},
		{FaultEOFAfter, lost, true},
		{FaultCutBody, lost, true},
		{FaultStall, lost, false},
		{FaultStallAfter, lost, true},
		{FaultHTML, lost, false},
		{FaultNoName, func(err error) bool { e, ok := errors.AsType[*net.DNSError](err); return ok && e.IsNotFound }, false},
		{FaultExpired, code("ExpiredToken"), false},
		{FaultDenied, code("AuthorizationError"), false},
		{FaultClockBehind, code("SignatureDoesNotMatch"), false},
		{FaultClockAhead, code("SignatureDoesNotMatch"), false},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, network, cfg := faulty(t, Fault{Kind: test.kind})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := makeTopic(ctx, cfg); err == nil || !test.says(err) {
					t.Errorf("the caller sees %v", err)
				}
				if empty, err := s.Empty(); err != nil || empty == test.done {
					t.Errorf("empty is %v, %v", empty, err)
				}
				if network.Fired() != 1 {
					t.Errorf("%d calls went wrong", network.Fired())
				}
			})
		})
	}
}

func TestAFaultStrikesTheCallsItNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, cfg := faulty(t,
			Fault{Kind: Fault500Before, Call: 2},
			Fault{Kind: FaultDenied, Operation: "ListTopics", Call: 2, Times: 2},
			Fault{Kind: FaultExpired, Operation: "ListRoles", Times: Always})
		topics, roles := sns.NewFromConfig(cfg), iam.NewFromConfig(cfg)
		list := func() string {
			_, err := topics.ListTopics(t.Context(), &sns.ListTopicsInput{})
			e, _ := errors.AsType[smithy.APIError](err)
			if e == nil {
				return ""
			}
			return e.ErrorCode()
		}
		var got []string
		got = append(got, list())
		_ = makeTopic(t.Context(), cfg) // call 2
		for range 3 {
			got = append(got, list())
		}
		if want := []string{"", "AuthorizationError", "AuthorizationError", ""}; !slices.Equal(got, want) {
			t.Errorf("ListTopics: %q, want %q", got, want)
		}
		for range 2 {
			if _, err := roles.ListRoles(t.Context(), &iam.ListRolesInput{}); err == nil {
				t.Error("ListRoles went well")
			}
		}
		if want := []string{"ListTopics", "CreateTopic", "ListTopics", "ListTopics", "ListTopics", "ListRoles", "ListRoles"}; !slices.Equal(network.Calls(), want) {
			t.Errorf("the calls were %v", network.Calls())
		}
	})
}

// Any error of the reference can be had, of the service that is meant.
func TestAFaultIsAnyErrorOfAnyService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, cfg := faulty(t, Fault{Kind: FaultError, Operation: "ListTagsForResource", Service: "sns", Code: "ConcurrentAccess", Message: "again", Times: Always})
		_, err := logs.NewFromConfig(cfg).ListTagsForResource(t.Context(), &logs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:us-east-1:" + AccountID + ":log-group:a")})
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "ResourceNotFoundException" {
			t.Errorf("logs: %v", err)
		}
		_, err = sns.NewFromConfig(cfg).ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:sns:us-east-1:" + AccountID + ":News")})
		if e, ok := errors.AsType[*snstypes.ConcurrentAccessException](err); !ok || e.ErrorMessage() != "again" {
			t.Errorf("sns: %v", err)
		}
		if network.Fired() != 1 {
			t.Errorf("%d calls went wrong", network.Fired())
		}
	})
}

// The SDK takes AWS's time from the answer and signs again: one fault, no error.
func TestASkewedClockIsCorrectedByTheSDK(t *testing.T) {
	for _, kind := range []FaultKind{FaultClockBehind, FaultClockAhead} {
		synctest.Test(t, func(t *testing.T) {
			_, network, cfg := faulty(t, Fault{Kind: kind, Times: Always})
			cfg.RetryMaxAttempts = 3
			if _, err := lambda.NewFromConfig(cfg).ListFunctions(t.Context(), &lambda.ListFunctionsInput{}); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			if n := len(network.Calls()); n != 2 {
				t.Errorf("%s: there were %d attempts", kind, n)
			}
			_, _, cfg = faulty(t, Fault{Kind: kind})
			cfg.RetryMaxAttempts = 1
			said := map[FaultKind]string{FaultClockBehind: "Signature expired", FaultClockAhead: "Signature not yet current"}[kind]
			if _, err := lambda.NewFromConfig(cfg).ListFunctions(t.Context(), &lambda.ListFunctionsInput{}); err == nil || !strings.Contains(err.Error(), said) {
				t.Errorf("%s: the caller sees %v", kind, err)
			}
		})
	}
}

func TestEveryCallsFirstAttemptsAreStruck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, network, cfg := faulty(t, Fault{Kind: FaultThrottle, Attempts: 2})
		cfg.RetryMaxAttempts = 3
		topics := sns.NewFromConfig(cfg)
		for range 2 {
			if _, err := topics.ListTopics(t.Context(), &sns.ListTopicsInput{}); err != nil {
				t.Error(err)
			}
		}
		if len(network.Calls()) != 6 || network.Fired() != 4 {
			t.Errorf("%d attempts, %d struck", len(network.Calls()), network.Fired())
		}
	})
}

// What other processes see goes over a real socket.
func TestFaultsOverASocket(t *testing.T) {
	for kind, done := range map[FaultKind]bool{FaultResetBefore: false, FaultResetAfter: true, FaultEOFAfter: true, FaultCutBody: true, FaultHTML: false, Fault500After: true} {
		t.Run(string(kind), func(t *testing.T) {
			s, network, cfg := faulty(t, Fault{Kind: kind})
			server := httptest.NewServer(network.Over())
			defer server.Close()
			cfg.BaseEndpoint, cfg.HTTPClient = aws.String(server.URL), server.Client()
			err := makeTopic(t.Context(), cfg)
			if err == nil {
				t.Error("the call went well")
			}
			if kind == FaultCutBody && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the caller sees %v", err)
			}
			if empty, err := s.Empty(); err != nil || empty == done {
				t.Errorf("empty is %v, %v", empty, err)
			}
			if err := makeTopic(t.Context(), cfg); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}
