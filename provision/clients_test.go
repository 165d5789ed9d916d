package provision_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"todoctl/provision"
)

// A network answers each attempt as a test says; attempts count from 1.
type network func(attempt int, r *http.Request) (*http.Response, error)

// client makes clients over a network, and a counter of its attempts.
func client(answer network) (provision.Clients, *atomic.Int64) {
	var attempts atomic.Int64
	web := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return answer(int(attempts.Add(1)), r)
	})}
	return provision.NewClients(aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://aws.invalid"),
		HTTPClient:   web,
	}, web), &attempts
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/x-amz-json-1.0"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func fault(status int, code string) *http.Response {
	return reply(status, `{"__type":"`+code+`","message":"no"}`)
}

// silence never answers, as a server does that accepts and hangs.
func silence(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func describe(ctx context.Context, c provision.Clients) error {
	_, err := c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	return err
}

func remove(ctx context.Context, c provision.Clients) error {
	_, err := c.DynamoDB.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
	return err
}

func upload(ctx context.Context, c provision.Clients) error {
	_, err := c.Lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("f"), Role: aws.String("r"), Code: &lambdatypes.FunctionCode{}})
	return err
}

func TestAnAttemptWithoutAnAnswerEndsAndIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(attempt int, r *http.Request) (*http.Response, error) {
			if attempt == 1 {
				return silence(r)
			}
			return reply(200, `{}`), nil
		})
		begin := time.Now()
		if err := describe(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); attempts.Load() != 2 || took < 15*time.Second || took > 16*time.Second {
			t.Errorf("%d attempts in %s", attempts.Load(), took)
		}
	})
}

func TestAnUploadHasAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) {
			if err := bubble.Sleep(r.Context(), 50*time.Second); err != nil {
				return nil, err
			}
			return reply(200, `{}`), nil
		})
		err := upload(t.Context(), c)
		if err != nil || attempts.Load() != 1 {
			t.Errorf("%d attempts: %v", attempts.Load(), err)
		}
	})
}

func TestAServerThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) { return silence(r) })
		err := describe(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), "no answer within 15s") || attempts.Load() != 4 {
			t.Errorf("%d attempts: %v", attempts.Load(), err)
		}
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("it looks like the caller's own wish: %v", err)
		}
	})
}

func TestALookEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) { return silence(r) })
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		begin := time.Now()
		if err := describe(ctx, c); !errors.Is(err, context.Canceled) || time.Since(begin) != time.Second || attempts.Load() != 1 {
			t.Errorf("%d attempts, %s: %v", attempts.Load(), time.Since(begin), err)
		}
	})
}

// What has been sent may take effect; its answer is worth the wait.
func TestAWriteUnderWayIsFinishedAlthoughTheCallerStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := client(func(_ int, r *http.Request) (*http.Response, error) {
			if err := bubble.Sleep(r.Context(), 5*time.Second); err != nil {
				return nil, err
			}
			return reply(200, `{}`), nil
		})
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if err := remove(ctx, c); err != nil {
			t.Errorf("the write's answer was thrown away: %v", err)
		}
		if err := remove(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("a write was begun after the stop: %v", err)
		}
	})
}

func TestAHangingWriteOfAStoppedCallerIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) { return silence(r) })
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		begin := time.Now()
		if err := remove(ctx, c); !errors.Is(err, context.Canceled) || attempts.Load() != 1 || time.Since(begin) > 15*time.Second {
			t.Errorf("%d attempts, %s: %v", attempts.Load(), time.Since(begin), err)
		}
	})
}

// A person who has pressed Ctrl-C is not kept for an upload's minute.
func TestAHangingUploadOfAStoppedCallerEndsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) { return silence(r) })
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, stop)
		begin := time.Now()
		err := upload(ctx, c)
		if took := time.Since(begin); !errors.Is(err, context.Canceled) || attempts.Load() != 1 || took > 15*time.Second || took < 5*time.Second {
			t.Errorf("%d attempts, %s: %v", attempts.Load(), took, err)
		}
	})
}

func TestWhatPassesIsRepeatedAndWhatDoesNotIsNot(t *testing.T) {
	noHost := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "aws.invalid", IsNotFound: true}}
	for _, c := range []struct {
		name   string
		answer func() (*http.Response, error)
		want   int64
	}{
		{"throttling", func() (*http.Response, error) { return fault(400, "ThrottlingException"), nil }, 8},
		{"throttled", func() (*http.Response, error) { return fault(429, "Throttled"), nil }, 8},
		{"a fault inside AWS", func() (*http.Response, error) { return fault(500, "InternalServerError"), nil }, 8},
		{"unavailable", func() (*http.Response, error) { return fault(503, "ServiceUnavailable"), nil }, 8},
		{"no such host", func() (*http.Response, error) { return nil, noHost }, 8},
		{"reset", func() (*http.Response, error) { return nil, errors.New("read: connection reset by peer") }, 8},
		{"changed by somebody else too", func() (*http.Response, error) { return fault(409, "ConcurrentModification"), nil }, 8},
		{"aborted", func() (*http.Response, error) { return fault(400, "OperationAbortedException"), nil }, 8},
		{"stale tag", func() (*http.Response, error) { return fault(400, "StaleTag"), nil }, 8},
		{"not found", func() (*http.Response, error) { return fault(400, "ResourceNotFoundException"), nil }, 1},
		{"denied", func() (*http.Response, error) { return fault(400, "AccessDeniedException"), nil }, 1},
		{"expired", func() (*http.Response, error) { return fault(400, "ExpiredTokenException"), nil }, 1},
		{"in use", func() (*http.Response, error) { return fault(400, "ResourceInUseException"), nil }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clients, attempts := client(func(int, *http.Request) (*http.Response, error) { return c.answer() })
				begin := time.Now()
				if err := describe(t.Context(), clients); err == nil {
					t.Error("no error")
				}
				if attempts.Load() != c.want {
					t.Errorf("%d attempts, want %d", attempts.Load(), c.want)
				}
				// Full jitter: seven waits of at most 1, 2, 4, 8, 16, 20 and 20 seconds.
				if took := time.Since(begin); took > 71*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestOneThrottledCallDoesNotUseUpTheOthersRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 0
		c, _ := client(func(int, *http.Request) (*http.Response, error) {
			if failures++; failures%8 != 0 { // seven times, then yes
				return fault(400, "ThrottlingException"), nil
			}
			return reply(200, `{}`), nil
		})
		for i := range 60 {
			if err := describe(t.Context(), c); err != nil {
				t.Fatalf("call %d: %v", i+1, err)
			}
		}
	})
}

func TestAWSsOwnWaitIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := client(func(attempt int, _ *http.Request) (*http.Response, error) {
			if attempt == 1 {
				return reply(400, `{"__type":"ThrottlingException"}`, "X-Amz-Retry-After", "4000"), nil // ms
			}
			return reply(200, `{}`), nil
		})
		begin := time.Now()
		if err := describe(t.Context(), c); err != nil || time.Since(begin) < 4*time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
	})
}

// The limit stands in the middle of each SDK client's stack; a client whose
// stack has no such place would fail its first call.
func TestEveryClientHasTheLimit(t *testing.T) {
	for name, call := range map[string]func(context.Context, provision.Clients) error{
		"dynamodb": describe,
		"iam": func(ctx context.Context, c provision.Clients) error {
			return second(c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")}))
		},
		"sts": func(ctx context.Context, c provision.Clients) error {
			return second(c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
		},
		"lambda": func(ctx context.Context, c provision.Clients) error {
			return second(c.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")}))
		},
		"logs": func(ctx context.Context, c provision.Clients) error {
			return second(c.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{}))
		},
		"cloudwatch": func(ctx context.Context, c provision.Clients) error {
			return second(c.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{}))
		},
		"tagging": func(ctx context.Context, c provision.Clients) error {
			return second(c.Tagging.GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{}))
		},
		"sns": func(ctx context.Context, c provision.Clients) error {
			return second(c.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String("t")}))
		},
		"budgets": func(ctx context.Context, c provision.Clients) error {
			return second(c.Budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: aws.String("000000000000"), BudgetName: aws.String("b")}))
		},
		"freetier": func(ctx context.Context, c provision.Clients) error {
			return second(c.FreeTier.GetAccountPlanState(ctx, &freetier.GetAccountPlanStateInput{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, attempts := client(func(_ int, r *http.Request) (*http.Response, error) { return silence(r) })
				begin := time.Now()
				err := call(t.Context(), c)
				if took := time.Since(begin); err == nil || attempts.Load() != 4 || took < 4*15*time.Second || took > 90*time.Second {
					t.Errorf("%d attempts in %s: %v", attempts.Load(), time.Since(begin), err)
				}
			})
		})
	}
}

func TestBillingClientsAreInTheirOwnRegion(t *testing.T) {
	c, _ := client(nil)
	for name, region := range map[string]string{
		"alarm": c.Billing.Options().Region, "topic": c.SNS.Options().Region, "budget": c.Budgets.Options().Region,
		"free tier": c.FreeTier.Options().Region, "tags": c.BillingTagging.Options().Region,
	} {
		if region != "us-east-1" {
			t.Errorf("the %s is looked for in %s", name, region)
		}
	}
	if c.DynamoDB.Options().Region != "eu-central-1" || c.CloudWatch.Options().Region != "eu-central-1" {
		t.Error("the stack's own clients have moved")
	}
}
