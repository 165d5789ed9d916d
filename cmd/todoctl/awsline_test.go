package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/rogpeppe/go-internal/testscript"
)

// awsLine runs a line of AWS's command against the script's local AWS, without
// needing that command: `aws lambda get-policy --function-name TodoHandler` calls
// GetPolicy of the SDK with the member FunctionName, because AWS's command is made
// of the same models. What it answers is the script's stdout, as JSON.
func awsLine(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: aws SERVICE OPERATION [--MEMBER VALUE]...")
	}
	b := (&App{StateDir: ts.Getenv("TODOCTL_STATE")}).readBackground()
	if b == nil {
		ts.Fatalf("the local AWS does not run")
	}
	out, err := callAWS(aws.Config{
		Region:       localRegion,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String(b.endpoint()),
	}, args)
	if (err != nil) != neg {
		ts.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
	text, err := json.MarshalIndent(out, "", "    ")
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
}

func callAWS(cfg aws.Config, args []string) (any, error) {
	client, known := map[string]any{
		"cloudwatch": cloudwatch.NewFromConfig(cfg), "dynamodb": dynamodb.NewFromConfig(cfg), "iam": iam.NewFromConfig(cfg),
		"lambda": lambda.NewFromConfig(cfg), "logs": cloudwatchlogs.NewFromConfig(cfg),
	}[args[0]]
	if !known {
		return nil, fmt.Errorf("the service %q is not known here", args[0])
	}
	var operation reflect.Value
	for i := range reflect.TypeOf(client).NumMethod() {
		if dashed(reflect.TypeOf(client).Method(i).Name) == args[1] {
			operation = reflect.ValueOf(client).Method(i)
		}
	}
	if !operation.IsValid() {
		return nil, fmt.Errorf("%s has no operation %q", args[0], args[1])
	}
	input := reflect.New(operation.Type().In(1).Elem())
	for rest := args[2:]; len(rest) > 0; {
		member, isMember := strings.CutPrefix(rest[0], "--")
		values := rest[1:]
		for i, word := range values {
			if strings.HasPrefix(word, "--") {
				values = values[:i]
				break
			}
		}
		rest = rest[1+len(values):]
		if !isMember || len(values) == 0 {
			return nil, fmt.Errorf("%q has no value", member)
		}
		if err := setMember(input.Elem(), member, values); err != nil {
			return nil, fmt.Errorf("--%s: %w", member, err)
		}
	}
	answer := operation.Call([]reflect.Value{reflect.ValueOf(context.Background()), input})
	err, _ := answer[1].Interface().(error)
	return answer[0].Interface(), err
}

// setMember gives a member of an operation's input its value.
func setMember(input reflect.Value, member string, values []string) error {
	for i := range input.NumField() {
		if dashed(input.Type().Field(i).Name) != member {
			continue
		}
		field := input.Field(i)
		if field.Kind() == reflect.Slice {
			field.Set(reflect.ValueOf(values))
			return nil
		}
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			field = field.Elem()
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(values[0])
		case reflect.Int32, reflect.Int64:
			n, err := strconv.ParseInt(values[0], 10, 64)
			field.SetInt(n)
			return err
		default:
			return fmt.Errorf("a %s is not written here", field.Type())
		}
		return nil
	}
	return fmt.Errorf("%s has no such member", input.Type())
}

var wordBegins = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// dashed is a name as AWS's command has it.
func dashed(name string) string { return strings.ToLower(wordBegins.ReplaceAllString(name, "$1-$2")) }
