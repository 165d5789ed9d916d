// A function of an OS-only runtime, as the tests of package local need it: what
// it does is in the event.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Print string `json:"print"`
	Exit  int    `json:"exit"`
	Fail  string `json:"fail"`
	Wait  bool   `json:"wait"`
	Pipe  string `json:"pipe"` // held open by a child that never ends
}

var count int

func handle(ctx context.Context, e event) (map[string]any, error) {
	count++
	if e.Print != "" {
		fmt.Println(e.Print)
		fmt.Fprint(os.Stderr, "no newline")
	}
	if e.Pipe != "" {
		out, err := os.OpenFile(e.Pipe, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		child := exec.Command("sleep", "1000")
		child.Stdout = out
		if err := child.Start(); err != nil {
			return nil, err
		}
		fmt.Fprintln(out, "started")
	}
	for e.Wait {
	}
	if e.Exit != 0 {
		os.Exit(e.Exit)
	}
	if e.Fail != "" {
		return nil, fmt.Errorf("%s", e.Fail)
	}
	in, _ := io.ReadAll(os.Stdin)
	answer := map[string]any{"count": count, "stdin": string(in), "environment": os.Environ()}
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		answer["arn"], answer["id"] = lc.InvokedFunctionArn, strings.Count(lc.AwsRequestID, "-")
	}
	return answer, nil
}

func main() { lambda.Start(handle) }
