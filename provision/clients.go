package provision

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// Clients are the SDK clients of all steps. What concerns the bill lives in
// BillingRegion, whatever the stack's Region is.
type Clients struct {
	STS        *sts.Client
	DynamoDB   *dynamodb.Client
	IAM        *iam.Client
	Lambda     *lambda.Client
	Logs       *cloudwatchlogs.Client
	CloudWatch *cloudwatch.Client // the stack's Region: usage
	Tagging    *resourcegroupstaggingapi.Client

	Billing        *cloudwatch.Client // BillingRegion: the alarm
	BillingTagging *resourcegroupstaggingapi.Client
	SNS            *sns.Client
	Budgets        *budgets.Client
	FreeTier       *freetier.Client

	HTTP *http.Client            // to the Function URL
	Keys aws.CredentialsProvider // sign for the URL, when it wants that
}

// The SDK gives up after three attempts within 60 ms of a lost network, and its
// retry quota ends a throttled run early; these figures ride out both.
const (
	maxAttempts    = 8
	retryBase      = 500 * time.Millisecond // throttling starts at 1 s: that is the SDK's own
	retryCap       = 20 * time.Second
	attemptTimeout = 15 * time.Second // the SDK has none
	uploadTimeout  = 60 * time.Second // an attempt that carries the code
	stopTimeout    = 10 * time.Second // what is left to a write once its caller has stopped
	maxSilences    = 4                // attempts without any answer: another four would be another minute
)

// NewRetryer returns the retry policy of every client: the SDK's standard one
// (full jitter, x-amz-retry-after obeyed), with a home network's patience.
func NewRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.BaseDelay = retryBase
		o.MaxBackoff = retryCap
		o.RateLimiter = ratelimit.None
		o.Throttles = append(o.Throttles, retry.ThrottleErrorCode{Codes: map[string]struct{}{"Throttled": {}}})
		// Ours come second: a call that was cancelled is never repeated.
		o.Retryables = slices.Insert(o.Retryables, 1, []retry.IsErrorRetryable{
			retry.IsErrorRetryableFunc(usedUp),
			retry.IsErrorRetryableFunc(lasting),
			retry.IsErrorRetryableFunc(nameNotFound),
			retry.IsErrorRetryableFunc(unreadable),
			retry.RetryableErrorCode{Codes: passing},
		}...)
	})
}

// passing are the codes of a service that is busy with the same resource for a
// moment. The SDK repeats none of them.
var passing = map[string]struct{}{
	"Throttled":                       {}, // 429 as a modelled type
	"ConcurrentModification":          {}, // iam
	"ConcurrentModificationException": {}, // cloudwatch
	"ConcurrentAccess":                {}, // sns
	"StaleTag":                        {}, // sns
	"OperationAbortedException":       {}, // logs
}

// usedUp ends the attempts at a quota. DynamoDB and CloudWatch Logs have one
// code for a quota and for too many calls at once, which the SDK takes for the
// second, and would repeat for half a minute in vain; the message tells them
// apart.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func usedUp(err error) aws.Ternary {
	if apiCode(err) != "LimitExceededException" {
		return aws.UnknownTernary
	}
	for _, quota := range []string{
		"There is a limit of", // tables of a Region
		"Provisioned throughput decreases are limited",
		"Resource limit exceeded", // log groups
	} {
		if strings.Contains(err.Error(), quota) {
			return aws.FalseTernary
		}
	}
	return aws.UnknownTernary
}

// lasting ends the attempts where another would meet the same: nobody listens on
// this machine's port, the proxy that the environment names cannot be reached, or
// what answers has a certificate that nobody vouches for.
func lasting(err error) aws.Ternary {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		to, tcp := e.Addr.(*net.TCPAddr)
		if e.Op == "proxyconnect" || e.Op == "dial" && tcp && to.IP.IsLoopback() {
			return aws.FalseTernary
		}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// nameNotFound makes "no such host" worth another attempt: it is what a laptop
// sees whose network has just gone, and the SDK takes it for a typing error.
func nameNotFound(err error) aws.Ternary {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// unreadable makes an answer that is no answer worth another attempt: one that
// was cut off, or the page of a hotel's network, which the SDK takes for final.
func unreadable(err error) aws.Ternary {
	var e *smithy.DeserializationError
	if errors.As(err, &e) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// NewClients makes the clients from one SDK configuration.
func NewClients(cfg aws.Config, http *http.Client) Clients {
	cfg = cfg.Copy()
	cfg.Retryer = NewRetryer
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), addAttemptLimit)
	billing := cfg.Copy()
	billing.Region = BillingRegion
	return Clients{
		STS:            sts.NewFromConfig(cfg),
		DynamoDB:       dynamodb.NewFromConfig(cfg),
		IAM:            iam.NewFromConfig(cfg),
		Lambda:         lambda.NewFromConfig(cfg),
		Logs:           cloudwatchlogs.NewFromConfig(cfg),
		CloudWatch:     cloudwatch.NewFromConfig(cfg),
		Tagging:        resourcegroupstaggingapi.NewFromConfig(cfg),
		Billing:        cloudwatch.NewFromConfig(billing),
		BillingTagging: resourcegroupstaggingapi.NewFromConfig(billing),
		SNS:            sns.NewFromConfig(billing),
		Budgets:        budgets.NewFromConfig(billing),
		FreeTier:       freetier.NewFromConfig(billing),
		HTTP:           http,
		Keys:           cfg.Credentials,
	}
}

// addAttemptLimit puts the limit of one attempt inside the retry loop, after
// the credentials: a person who types a one-time code is not a slow service.
func addAttemptLimit(stack *middleware.Stack) error {
	count := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(middleware.WithStackValue(ctx, silencesKey{}, new(int)), in)
	}
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TodoctlSilences", count), middleware.Before); err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("TodoctlAttemptLimit", limitAttempt), "GetIdentity", middleware.After)
}

// silencesKey is under which a call counts its attempts without an answer.
type silencesKey struct{}

// limitAttempt ends an attempt that gets no answer. A write that has been sent
// is waited for even when the caller has stopped: its answer says what exists
// now, and that is worth some seconds, but not an upload's whole minute.
func limitAttempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	operation := awsmiddleware.GetOperationName(ctx)
	limit := attemptTimeout
	if operation == "CreateFunction" || operation == "UpdateFunctionCode" {
		limit = uploadTimeout
	}
	if err := ctx.Err(); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, &aws.RequestCanceledError{Err: err}
	}
	attempt := ctx
	if !readsOnly(operation) {
		attempt = context.WithoutCancel(ctx)
	}
	attempt, cancel := context.WithTimeout(attempt, limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		last, done := context.WithTimeout(attempt, stopTimeout)
		defer done()
		<-last.Done()
		cancel()
	})()
	out, metadata, err := next.HandleFinalize(attempt, in)
	if err != nil && attempt.Err() != nil {
		if stopped := ctx.Err(); stopped != nil {
			return out, metadata, &aws.RequestCanceledError{Err: stopped}
		}
		silences, _ := middleware.GetStackValue(ctx, silencesKey{}).(*int)
		*silences++
		return out, metadata, &attemptError{limit: limit, last: *silences >= maxSilences}
	}
	return out, metadata, err
}

func readsOnly(operation string) bool {
	return strings.HasPrefix(operation, "Get") || strings.HasPrefix(operation, "List") ||
		strings.HasPrefix(operation, "Describe") || operation == "Scan" || operation == "Query" || strings.HasPrefix(operation, "Filter")
}

// An attemptError says that one attempt was not answered in time. It does not
// wrap the context's error, which would look like the caller's own wish to stop.
type attemptError struct {
	limit time.Duration
	last  bool // it has been tried often enough
}

func (e *attemptError) Error() string        { return fmt.Sprintf("AWS gave no answer within %s", e.limit) }
func (e *attemptError) Timeout() bool        { return true }
func (e *attemptError) RetryableError() bool { return !e.last }
