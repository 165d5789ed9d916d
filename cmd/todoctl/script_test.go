package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"todoctl/provision"
)

var update = flag.Bool("update", false, "rewrite the transcripts' expected output")

func TestMain(m *testing.M) {
	// Most of a test's time goes into waiting for a process or a terminal.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil { // the command line comes after it
		panic(err)
	}
	debug.SetGCPercent(400) // a third of the time would go into memory that nobody is short of
	testscript.Main(leakless{m}, map[string]func(){
		"todoctl":        func() { host(noted(heldToTheSchema(Main))) },
		"todoctl-killed": func() { host(killed) },
	})
}

// closeBrowser ends the browser that tests have started, if any has.
var closeBrowser = func() {}

// leakless runs the tests, and fails when they leave a goroutine behind.
type leakless struct{ *testing.M }

func (m leakless) Run() int {
	// What starts a test in the background may ignore signals, and then its
	// children would: with somebody listening here, they do not.
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
	code := m.M.Run()
	closeBrowser()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// TestTranscripts runs the real binary: each archive is a conversation, with
// what a person sees byte for byte.
func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               alone,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"plain":     plain,
			"elsewhere": elsewhere,
			"aws":       awsLine,
			"terminal":  atTerminal,
			"ending":    atEnding,
		},
	})
}

// alone gives a script a home of its own and ends its local AWS afterwards. No
// setting of the machine's AWS reaches it.
func alone(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("TODOCTL_STATE", filepath.Join(env.WorkDir, "state"))
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("TERM", "xterm")
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else -race adds a second to every process
	env.Setenv(endedFile, filepath.Join(env.WorkDir, "ended"))
	env.Values[silentKey{}] = &silent{}
	env.Defer(func() { stopLocal(env.Vars, env.WorkDir) })
	return nil
}

// varying is what differs from run to run in an honest transcript.
var varying = []struct {
	was *regexp.Regexp
	now string
}{
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "http://127.0.0.1:PORT"},
	{regexp.MustCompile(`\(pid \d+\)`), "(pid PID)"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`python3 \S+ with boto3 \S+|the Go twin inside todoctl: [^)\n]+`), "RUNNER"},
	// Status counts while its own test is under way.
	{regexp.MustCompile(`(Lambda compute +)(?:< 0.01|     0|  0.\d\d) of`), "${1}< 0.01 of"},
	{regexp.MustCompile(`(Lambda requests +)\d of`), "${1}3 of"},
	{regexp.MustCompile(`(URL requests +)\d this month( +)\d answered`), "${1}3 this month${2}0 answered"},
	{regexp.MustCompile(`TodoTable-\d{8}-\d{6}`), "TodoTable-TIME"},
	// What a function's log says of its requests.
	{regexp.MustCompile(`\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`), "11-24 10:15:00.000"},
	{regexp.MustCompile(`cold start [0-9.]+ ms`), "cold start 321.00 ms"},
	{regexp.MustCompile(`(done|failed) +[0-9.]+ ms`), "${1}   12.34 ms"},
	{regexp.MustCompile(`\d+ of 256 MB, request [0-9a-f]{8}`), "61 of 256 MB, request 8f5c2b1a"},
	// A line of --output jsonl stays one that its schema knows.
	{regexp.MustCompile(`"time":"[^"]+"`), `"time":"2026-11-24T10:15:00.000Z"`},
	{regexp.MustCompile(`"seconds":[0-9.]+`), `"seconds":0.1`},
	{regexp.MustCompile(`"started": "[^"]+"`), `"started": "2026-11-24T10:15:00Z"`},
	{regexp.MustCompile(`"pid": \d+`), `"pid": 4711`},
}

// plain writes stdout or stderr of the last command to a file of that name,
// with what varies replaced: `plain stderr`, then `cmp stderr.txt want`.
func plain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: plain stdout|stderr")
	}
	text := ts.ReadFile(args[0])
	for _, v := range varying {
		text = v.was.ReplaceAllString(text, v.now)
	}
	work := ts.Getenv("WORK")
	text = regexp.MustCompile(regexp.QuoteMeta(work)).ReplaceAllString(text, "$$WORK")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".txt"), []byte(text), 0o600))
}

// elsewhere does to the local AWS what somebody else might do on AWS, with the
// SDK and behind todoctl's back.
func elsewhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: elsewhere CHANGE")
	}
	app := &App{StateDir: ts.Getenv("TODOCTL_STATE")}
	b := app.readBackground()
	if b == nil {
		ts.Fatalf("the local AWS does not run")
	}
	cfg := aws.Config{
		Region:       localRegion,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String(b.endpoint()),
	}
	ctx, tables, functions := context.Background(), dynamodb.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	var err error
	switch args[0] {
	case "makes-the-role":
		_, err = iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{
			RoleName:                 aws.String("LambdaTodoRole"),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
		})
	case "raises-the-capacity":
		_, err = tables.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName:             aws.String("TodoTable"),
			ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(40), WriteCapacityUnits: aws.Int64(5)},
		})
	case "protects-the-table":
		_, err = tables.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), DeletionProtectionEnabled: aws.Bool(true)})
	case "removes-a-statement":
		_, err = functions.RemovePermission(ctx, &lambda.RemovePermissionInput{
			FunctionName: aws.String("TodoHandler"), StatementId: aws.String("FunctionURLInvokeAllowPublicAccess"),
		})
	case "makes-everything":
		a := account{t: scripted{ts}, Clients: provision.NewClients(cfg, http.DefaultClient), Config: accountConfig}
		for _, x := range things {
			x.make(a, map[string]string{"team": "billing"})
		}
		for _, x := range parts {
			if x.name == "function URL" {
				x.make(a)
			}
		}
	case "changes-the-code":
		a := account{t: scripted{ts}}
		_, err = functions.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("TodoHandler"), ZipFile: a.otherCode()})
	case "deletes-the-url":
		_, err = functions.DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("TodoHandler")})
	case "removes-the-cors":
		_, err = functions.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("TodoHandler"), Cors: &lambdatypes.Cors{}})
	case "answers-no-more":
		err = ts.Value(silentKey{}).(*silent).takeOver(ts, app, *b)
	default:
		ts.Fatalf("elsewhere nobody %s", args[0])
	}
	ts.Check(err)
}
