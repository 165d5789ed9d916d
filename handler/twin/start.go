package twin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
)

// Environment is what a Python function finds in its environment variables.
// It has the fields of the local AWS's type of that name, so that one converts
// to the other; this package does not know that one.
type Environment struct {
	FunctionName string
	Region       string

	Endpoint        string
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	HTTP            *http.Client

	Variables map[string]string
}

// callTimeout is the Python file's read_timeout: a call must end before Lambda
// ends the request.
const callTimeout = 2 * time.Second

// Start makes a handler that answers events as Lambda hands them out. With an
// error and a payload, the payload is the answer and the error belongs in the
// log.
func Start(env Environment) func(ctx context.Context, event []byte) ([]byte, error) {
	api := dynamodb.NewFromConfig(aws.Config{
		Region:       env.Region,
		BaseEndpoint: aws.String(env.Endpoint),
		HTTPClient:   env.HTTP,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: env.AccessKeyID, SecretAccessKey: env.SecretAccessKey, SessionToken: env.SessionToken}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.AddWithMaxAttempts(retry.NewStandard(), 2)
		},
	})
	h := New(Table(env.FunctionName, env.Variables), timed{api})
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var request events.LambdaFunctionURLRequest
		if err := json.Unmarshal(event, &request); err != nil {
			return nil, err
		}
		response, failed := h.Handle(ctx, request)
		payload, err := json.Marshal(response)
		if err != nil {
			return nil, err
		}
		return payload, failed
	}
}

// timed ends each call after callTimeout, and tells a failed one as boto3 does:
// what the twin logs is read by the same people, and by the same program, as
// what Python logs.
type timed struct{ api API }

func (t timed) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := t.api.PutItem(ctx, in, opts...)
	return out, asBoto3(err)
}

func (t timed) Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := t.api.Scan(ctx, in, opts...)
	return out, asBoto3(err)
}

// A boto3Error has the words of boto3.
type boto3Error string

func (e boto3Error) Error() string { return string(e) }

// asBoto3 words an error of the Go SDK as boto3 words the same one.
// https://docs.aws.amazon.com/boto3/latest/guide/error-handling.html
func asBoto3(err error) error {
	var call *smithy.OperationError
	if !errors.As(err, &call) {
		return err
	}
	var refused smithy.APIError
	switch {
	case errors.As(err, &refused):
		return boto3Error(fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", refused.ErrorCode(), call.OperationName, refused.ErrorMessage()))
	case errors.Is(err, context.DeadlineExceeded):
		return boto3Error("Read timeout when calling the " + call.OperationName + " operation")
	}
	return boto3Error("No answer when calling the " + call.OperationName + " operation")
}
