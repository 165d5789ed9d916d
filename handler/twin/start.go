package twin

import (
	"bytes"
	"cmp"
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
	Now             func() time.Time

	Variables map[string]string
}

// A call has two attempts, and both must be over before Lambda ends the request.
const (
	maxSilence = time.Second // before an answer, and between two parts of it
	maxBackoff = 500 * time.Millisecond
)

// Start makes a handler that answers events as Lambda hands them out. With an
// error and a payload, the payload is the answer and the error belongs in the
// log.
func Start(env Environment) func(ctx context.Context, event []byte) ([]byte, error) {
	api := dynamodb.NewFromConfig(aws.Config{
		Region:       env.Region,
		BaseEndpoint: aws.String(env.Endpoint),
		HTTPClient:   &http.Client{Transport: impatient{attentive{cmp.Or(env.HTTP.Transport, http.DefaultTransport)}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: env.AccessKeyID, SecretAccessKey: env.SecretAccessKey, SessionToken: env.SessionToken}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 2, maxBackoff })
		},
	})
	h := New(Table(env.FunctionName, env.Variables), api, env.Now)
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var request events.LambdaFunctionURLRequest
		if err := json.Unmarshal(event, &request); err != nil {
			return nil, err
		}
		response, failed := h.Handle(ctx, request)
		var payload bytes.Buffer
		e := json.NewEncoder(&payload)
		e.SetEscapeHTML(false) // it would make more of an answer than Lambda's Python does
		if err := e.Encode(response); err != nil {
			return nil, err
		}
		return payload.Bytes(), asBoto3(failed)
	}
}

// A boto3Error has the words of boto3.
type boto3Error string

func (e boto3Error) Error() string { return string(e) }

// asBoto3 words an error of the Go SDK as boto3 words the same one: what the twin
// logs is read by the same people, and by the same program, as what Python logs.
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
	case errors.As(err, new(errSilence)), errors.Is(err, context.DeadlineExceeded):
		return boto3Error("Read timeout when calling the " + call.OperationName + " operation")
	}
	return boto3Error("No answer when calling the " + call.OperationName + " operation")
}
