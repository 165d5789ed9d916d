package local_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
)

// machinePython finds the machine's Python with boto3, as todoctl does.
func machinePython(t *testing.T) *local.Python {
	t.Helper()
	out, err := exec.Command("python3", "-c", `import boto3, os, sys
print(sys.executable, sys.version.split()[0], boto3.__version__, os.path.dirname(os.path.dirname(boto3.__file__)), sep="\n")`).Output()
	if err != nil {
		t.Skip("python3 with boto3 is not on this machine; the Go twin's tests still run")
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return &local.Python{Path: lines[0], Version: lines[1], Boto3: lines[2], Site: lines[3]}
}

// newPythonBench is a local AWS on sockets whose function F is this module.
func newPythonBench(t *testing.T, module string, change func(*lambda.CreateFunctionInput)) (b *lambdaBench, stop func()) {
	t.Helper()
	return newChildBench(t, types.RuntimePython312, "lambda_function.lambda_handler", lambdaZip(t, map[string]string{"lambda_function.py": module}), change)
}

// invoke calls F and returns what it answered.
func (b *lambdaBench) invoke(event string) (payload, fault string) {
	b.t.Helper()
	out, err := b.lambda.Invoke(b.t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F"), Payload: []byte(event)})
	if err != nil {
		b.t.Fatal(err)
	}
	return string(out.Payload), aws.ToString(out.FunctionError)
}

func TestPythonRunsTheHandler(t *testing.T) {
	b, _ := newPythonBench(t, `
import logging
count = 0
def lambda_handler(event, context):
    global count
    count += 1
    print("printed", event["n"])
    print("no newline", end="")
    logging.warning("logged\nin two lines")
    return {"n": event["n"], "count": count, "name": context.function_name, "ms": context.get_remaining_time_in_millis() > 0, "ü": "ö"}
`, nil)
	for i, n := range []string{"1", "2"} {
		payload, fault := b.invoke(`{"n": ` + n + `}`)
		want := `{"n": ` + n + `, "count": ` + n + `, "name": "F", "ms": `
		if fault != "" || !strings.HasPrefix(payload, want) || !strings.HasSuffix(payload, `, "ü": "ö"}`) {
			t.Errorf("invocation %d: %s %s", i+1, payload, fault)
		}
	}
	log := b.log()
	for _, want := range []string{
		"INIT_START Runtime Version: python:" + machinePython(t).Version + ".local\t", "START RequestId: ", "printed 1\n", "no newline\n", "in two lines\n", "Init Duration: ",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	if strings.Count(log, "Init Duration") != 1 || strings.Count(log, "printed") != 2 {
		t.Errorf("the log is\n%s", log)
	}
	if !regexp.MustCompile(`\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t\S{36}\tlogged\nin two lines\n`).MatchString(log) {
		t.Errorf("the log record is not one event in Lambda's form:\n%s", log)
	}
	if r := b.server.Runner(lambdaRegion, "F"); !strings.HasPrefix(r, "python3 3.") || !strings.Contains(r, " with boto3 1.") {
		t.Errorf("the runner is %q", r)
	}
}

func TestPythonTellsWhatWentWrong(t *testing.T) {
	for _, c := range []struct {
		name, module, kind, message, log string
	}{
		{"an exception", "def lambda_handler(event, context):\n    raise ValueError('no')", "ValueError", "no", "[ERROR] ValueError: no\nTraceback (most recent call last):"},
		{"an exit", "import os\ndef lambda_handler(event, context):\n    os._exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3", "Runtime.ExitError"},
		{"an import", "import nowhere\ndef lambda_handler(event, context): pass", "Runtime.ImportModuleError", "Unable to import module 'lambda_function': No module named 'nowhere'", "Runtime.ImportModuleError"},
		{"a typing mistake", "def lambda_handler(event, context) pass", "Runtime.UserCodeSyntaxError", "Syntax error in module 'lambda_function'", "UserCodeSyntaxError"},
		{"another name", "def handler(event, context): pass", "Runtime.HandlerNotFound", "Handler 'lambda_handler' missing on module 'lambda_function'", "HandlerNotFound"},
		{"a failing module", "x = 1 / 0", "ZeroDivisionError", "division by zero", "ZeroDivisionError"},
		{"no JSON", "def lambda_handler(event, context): return {1, 2}", "Runtime.MarshalError", "Object of type set is not JSON serializable", "MarshalError"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, _ := newPythonBench(t, c.module, nil)
			payload, fault := b.invoke("{}")
			var said struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal([]byte(payload), &said); err != nil {
				t.Fatal(err)
			}
			if fault != "Unhandled" || said.ErrorType != c.kind || !strings.Contains(said.ErrorMessage, c.message) {
				t.Errorf("%s %s", fault, payload)
			}
			if log := b.log(); !strings.Contains(log, c.log) {
				t.Errorf("the log has no %q:\n%s", c.log, log)
			}
			url := b.url(nil)
			if res, body := b.send("GET", url, ""); res.StatusCode != 502 || body != "Internal Server Error" {
				t.Errorf("the URL: %d %s", res.StatusCode, body)
			}
		})
	}
}

func TestPythonIsKilledAtTheTimeout(t *testing.T) {
	b, _ := newPythonBench(t, `
def lambda_handler(event, context):
    while event.get("wait"):
        pass
    return "well"
`, func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	payload, fault := b.invoke(`{"wait": true}`)
	if fault != "Unhandled" || !strings.Contains(payload, "Task timed out after 1.00 seconds") {
		t.Errorf("%s %s", fault, payload)
	}
	if payload, fault := b.invoke("{}"); payload != `"well"` || fault != "" {
		t.Errorf("afterwards: %s %s", fault, payload)
	}
}

// The function must not see this program's environment: above all no real
// credentials, no profile and no proxy.
func TestPythonHasACleanEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "canary")
	t.Setenv("HTTPS_PROXY", "http://canary")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "canary")
	t.Setenv("CANARY", "canary")
	b, _ := newPythonBench(t, "import os, sys\ndef lambda_handler(event, context): return dict(os.environ, stdin=sys.stdin.read(), cwd=os.getcwd())",
		func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"MINE": "1", "AWS_ENDPOINT_URL": "http://elsewhere"}}
		})
	payload, _ := b.invoke("{}")
	if strings.Contains(payload, "canary") {
		t.Errorf("the environment leaks: %s", payload)
	}
	var env map[string]string
	if err := json.Unmarshal([]byte(payload), &env); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": "F", "AWS_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "_HANDLER": "lambda_function.lambda_handler",
		"TZ": ":UTC", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/F", "MINE": "1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": *b.aws.BaseEndpoint, "stdin": "", "cwd": env["LAMBDA_TASK_ROOT"],
	} {
		if env[k] != want {
			t.Errorf("%s is %q, want %q", k, env[k], want)
		}
	}
	if !strings.HasPrefix(env["AWS_ACCESS_KEY_ID"], "ASIALOCAL") || len(env["AWS_ACCESS_KEY_ID"]) != 20 {
		t.Errorf("the key is %q", env["AWS_ACCESS_KEY_ID"])
	}
	info, err := os.Stat(env["HOME"])
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("HOME: %v, %v", info, err)
	}
}

// Whatever a client asks for, it talks to the local AWS, and with the
// function's role: an old botocore that ignores AWS_ENDPOINT_URL does too.
func TestEveryBotocoreClientIsPinned(t *testing.T) {
	b, _ := newPythonBench(t, `
import os
os.environ.pop("AWS_ENDPOINT_URL")
import boto3
from botocore.config import Config
def lambda_handler(event, context):
    clients = [
        boto3.client("sts"),
        boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com"),
        boto3.Session().client("sts", region_name="us-east-1", config=Config(retries={"max_attempts": 1})),
        boto3.resource("dynamodb").meta.client,
    ]
    return [c.meta.endpoint_url for c in clients] + [clients[0].get_caller_identity()["Arn"]]
`, nil)
	payload, fault := b.invoke("{}")
	e := *b.aws.BaseEndpoint
	if want := `["` + e + `", "` + e + `", "` + e + `", "` + e + `", "arn:aws:sts::000000000000:assumed-role/R/F"]`; payload != want || fault != "" {
		t.Errorf("%s %s, want %s", fault, payload, want)
	}
}

func TestANewVersionGetsNewEnvironments(t *testing.T) {
	b, _ := newPythonBench(t, "def lambda_handler(event, context): return 'old'", nil)
	if payload, _ := b.invoke("{}"); payload != `"old"` {
		t.Fatal(payload)
	}
	if _, err := b.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("F"),
		ZipFile: lambdaZip(t, map[string]string{"lambda_function.py": "def lambda_handler(event, context): return 'new'"})}); err != nil {
		t.Fatal(err)
	}
	if payload, _ := b.invoke("{}"); payload != `"new"` {
		t.Errorf("after the update: %s", payload)
	}
}

func TestIdleEnvironmentsEnd(t *testing.T) {
	b, _ := newPythonBench(t, "import os\ndef lambda_handler(event, context): return os.getpid()", nil)
	first, _ := b.invoke("{}")
	b.turn(4 * time.Minute)
	if again, _ := b.invoke("{}"); again != first {
		t.Errorf("process %s became %s within four minutes", first, again)
	}
	b.turn(6 * time.Minute)
	if later, _ := b.invoke("{}"); later == first {
		t.Error("the environment outlived its idle time")
	}
}

func TestTheRuntimeAPIWantsItsToken(t *testing.T) {
	b, _ := newPythonBench(t, "def lambda_handler(event, context): return 1", nil)
	for _, path := range []string{"/_lambda//2018-06-01/runtime/invocation/next", "/_lambda/x/2018-06-01/runtime/invocation/next", "/_lambda/x/2018-06-01/runtime/init/error"} {
		if res, _ := b.send("GET", *b.aws.BaseEndpoint+path, ""); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// Without Python, code that is not the twin's gets a clear error.
func TestOwnCodeWithoutPythonSaysSo(t *testing.T) {
	b := newLambdaBench(t, nil)
	in := lambdaInput(b.role(), lambdaZip(t, map[string]string{"lambda_function.py": "mine"}))
	if _, err := b.lambda.CreateFunction(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	url := b.url(nil)
	if res, body := b.send("GET", url, ""); res.StatusCode != 502 || body != "Internal Server Error" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if log := b.log(); !strings.Contains(log, "todoctl cannot run F: this function's own code needs python3 with boto3") {
		t.Errorf("the log is\n%s", log)
	}
	if r := b.server.Runner(lambdaRegion, "F"); !strings.HasPrefix(r, "nothing: ") {
		t.Errorf("the runner is %q", r)
	}
	if r := b.server.Runner(lambdaRegion, "G"); r != "" {
		t.Errorf("the runner of nothing is %q", r)
	}
}

func TestPrivateFoldersGoAway(t *testing.T) {
	b, stop := newPythonBench(t, "import os\ndef lambda_handler(event, context): return os.environ['LAMBDA_TASK_ROOT']", nil)
	payload, _ := b.invoke("{}")
	var root string
	if err := json.Unmarshal([]byte(payload), &root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "lambda_function.py")); err != nil {
		t.Fatal(err)
	}
	stop()
	if _, err := os.Stat(filepath.Dir(filepath.Dir(root))); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// A botocore of before 2023 has never heard of AWS_ENDPOINT_URL. Here is a real one,
// in an interpreter that has no other: TODOCTL_OLD_BOTO3 is its folder.
func TestAnOldBotocoreCannotReachAWS(t *testing.T) {
	site := os.Getenv("TODOCTL_OLD_BOTO3")
	if site == "" {
		t.Skip("TODOCTL_OLD_BOTO3 names no folder with a boto3 of 2022 (.ci/run does); TestEveryBotocoreClientIsPinned still runs")
	}
	bare := filepath.Join(t.TempDir(), "bare")
	if out, err := exec.Command("python3", "-m", "venv", "--without-pip", bare).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	python := &local.Python{Path: filepath.Join(bare, "bin", "python3"), Version: "3", Boto3: "1.26", Site: site}
	b, _ := newChildBenchOn(t, func(c *local.Config) { c.Python = func() *local.Python { return python } }, types.RuntimePython312, "lambda_function.lambda_handler",
		lambdaZip(t, map[string]string{"lambda_function.py": `
import boto3, botocore, os, socket, urllib.request
os.environ.pop("AWS_ENDPOINT_URL")
def lambda_handler(event, context):
    clients = [boto3.client("sts"), boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com"), boto3.resource("dynamodb").meta.client]
    refused = []
    for call in (lambda: urllib.request.urlopen("https://sts.amazonaws.com/"), lambda: socket.create_connection(("S3.amazonaws.com.", 443)),
                 lambda: urllib.request.urlopen("http://169.254.169.254/latest/meta-data/")):
        try:
            call()
            refused.append("reached it")
        except OSError as e:
            refused.append("the local AWS and not" in str(e))
    return [botocore.__version__ < "1.31", os.path.dirname(os.path.dirname(boto3.__file__))] + [c.meta.endpoint_url for c in clients] + [
        clients[0].get_caller_identity()["Arn"], clients[2].list_tables()["TableNames"], refused]
`}), nil)
	payload, fault := b.invoke("{}")
	e := *b.aws.BaseEndpoint
	if want := `[true, "` + site + `", "` + e + `", "` + e + `", "` + e + `", "arn:aws:sts::000000000000:assumed-role/R/F", [], [true, true, true]]`; payload != want || fault != "" {
		t.Errorf("%s %s, want %s", fault, payload, want)
	}
}
