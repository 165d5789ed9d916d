package local_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// buildProgram builds testdata/program once, with the Go that runs the tests.
var buildProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "program") //nolint:usetesting // it outlives the test that asks first
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "bootstrap")
	if out, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", file, "./testdata/program").CombinedOutput(); err != nil {
		return out, err
	}
	return os.ReadFile(file)
})

// programZip is a deployment package of one file with a mode.
func programZip(t *testing.T, name string, data []byte, mode os.FileMode) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: name}
	h.SetMode(mode)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newProgramBench(t *testing.T, change func(*lambda.CreateFunctionInput)) (b *lambdaBench, stop func()) {
	t.Helper()
	program, err := buildProgram()
	if err != nil {
		t.Fatalf("%v: %s", err, program)
	}
	return newChildBench(t, types.RuntimeProvidedal2023, "bootstrap", programZip(t, "bootstrap", program, 0o755), change)
}

func TestAProgramRunsThroughTheRuntimeAPI(t *testing.T) {
	for _, name := range []string{"AWS_PROFILE", "HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY", "CANARY"} {
		t.Setenv(name, "canary")
	}
	b, _ := newProgramBench(t, nil)
	b.invoke(`{"print": "printed"}`)
	payload, fault := b.invoke("{}")
	var said struct {
		Count, ID   int
		ARN, Stdin  string
		Environment []string
	}
	if err := json.Unmarshal([]byte(payload), &said); err != nil || fault != "" {
		t.Fatalf("%v: %s %s", err, fault, payload)
	}
	if said.Count != 2 || said.ID != 4 || said.ARN != "arn:aws:lambda:eu-central-1:000000000000:function:F" || said.Stdin != "" || strings.Contains(payload, "canary") {
		t.Errorf("it says %s", payload)
	}
	for _, want := range []string{"_HANDLER=bootstrap", "AWS_ENDPOINT_URL=" + *b.aws.BaseEndpoint, "AWS_SESSION_TOKEN=local", "AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023"} {
		if !strings.Contains("\n"+strings.Join(said.Environment, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("its environment has no %s: %v", want, said.Environment)
		}
	}
	if log := b.log(); !strings.HasPrefix(log, "INIT_START Runtime Version: provided:al2023.local\t") || !strings.Contains(log, "\nprinted\nno newline\nEND ") ||
		strings.Count(log, "Init Duration") != 1 || strings.Contains(log, "Max Memory Used: 256") {
		t.Errorf("the log is\n%s", log)
	}
	for event, want := range map[string]string{
		`{"fail": "no"}`: `{"errorMessage":"no","errorType":"errorString"}`,
		`{"exit": 3}`:    "Runtime exited with error: exit status 3",
	} {
		if payload, fault := b.invoke(event); fault != "Unhandled" || !strings.Contains(payload, want) {
			t.Errorf("%s: %s %s", event, fault, payload)
		}
	}
	if r := b.server.Runner(lambdaRegion, "F"); r != "its own program" {
		t.Errorf("the runner is %q", r)
	}
}

func TestAProgramIsKilledAtTheTimeout(t *testing.T) {
	b, _ := newProgramBench(t, func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	if payload, fault := b.invoke(`{"wait": true}`); fault != "Unhandled" || !strings.Contains(payload, "Task timed out after 1.00 seconds") {
		t.Errorf("%s %s", fault, payload)
	}
	if payload, fault := b.invoke("{}"); fault != "" || !strings.Contains(payload, `"count":1`) {
		t.Errorf("afterwards: %s %s", fault, payload)
	}
}

// A program that Lambda could not start either.
func TestAProgramThatCannotStartSaysWhy(t *testing.T) {
	script := []byte("#!/bin/sh\nexit 0\n")
	for _, c := range []struct {
		name, message string
		code          []byte
	}{
		{"no bootstrap", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", programZip(t, "main", script, 0o755)},
		{"for another platform", "fork/exec /var/task/bootstrap: exec format error", programZip(t, "bootstrap", []byte("\x7fELF\x02\x01\x01 for an S/390"), 0o755)},
		{"not executable", "fork/exec /var/task/bootstrap: permission denied", programZip(t, "bootstrap", script, 0o644)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, _ := newChildBench(t, types.RuntimeProvidedal2023, "bootstrap", c.code, nil)
			b.tells("Runtime.InvalidEntrypoint", c.message)
		})
	}
}
