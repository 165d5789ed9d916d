// A to-do list behind a Lambda Function URL, as a program for Lambda's runtime
// provided.al2023. What it answers is in the folder twin; this file connects
// that with Lambda and with DynamoDB.
//
// Lambda starts the program bootstrap, which is this one:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc -o bootstrap .
package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"todoctl/handler/twin"
)

// answer takes an event as Lambda sends it, and returns the answer in JSON.
type answer func(ctx context.Context, event []byte) ([]byte, error)

// Invoke is what Lambda calls for each request. An error with an answer is for
// us, in the function's log: the answer does not have it.
func (a answer) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	payload, err := a(ctx, event)
	if err != nil && payload != nil {
		fmt.Fprintln(os.Stderr, "[ERROR]", err)
		err = nil
	}
	return payload, err
}

func main() {
	region := os.Getenv("AWS_REGION")
	lambda.Start(answer(twin.Start(twin.Environment{
		FunctionName:    os.Getenv("AWS_LAMBDA_FUNCTION_NAME"),
		Region:          region,
		Endpoint:        cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "https://dynamodb."+region+".amazonaws.com"),
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"), // Lambda puts the role's keys there
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		HTTP:            http.DefaultClient,
		Now:             time.Now,
		Variables:       map[string]string{"TABLE_NAME": os.Getenv("TABLE_NAME")},
	})))
}
