package handler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/handler"
	"todoctl/handler/twin"
	"todoctl/local"
)

// A deployment is the handler behind a Function URL of the local AWS, in one of
// the runtimes.
type deployment struct {
	http   *http.Client
	db     *dynamodb.Client
	logs   *cloudwatchlogs.Client
	url    string
	broken *breakage
	machine
}

// runtimes are what the handler runs in: everything that the contract says is
// tried in each. A deploy skips where the machine does not have what it takes.
var runtimes = []struct {
	name   string
	deploy func(t *testing.T, timeout int32) deployment
}{
	{"twin", func(t *testing.T, timeout int32) deployment {
		return deploy(t, machine{runtime: types.RuntimePython312}, timeout)
	}},
	{"python", func(t *testing.T, timeout int32) deployment {
		return deploy(t, machine{runtime: types.RuntimePython312, python: python(t)}, timeout)
	}},
	{"node", func(t *testing.T, timeout int32) deployment {
		return deploy(t, machine{runtime: types.RuntimeNodejs24x, node: node(t)}, timeout)
	}},
	{"go", func(t *testing.T, timeout int32) deployment {
		return deploy(t, machine{runtime: types.RuntimeProvidedal2023, program: true}, timeout)
	}},
}

// A machine is what a function of this runtime finds on it.
type machine struct {
	runtime types.Runtime
	python  *local.Python
	node    *local.Node
	program bool
}

// alone says that there is nothing but todoctl itself.
func (m machine) alone() bool { return m.python == nil && m.node == nil && !m.program }

// runner is what the local AWS then says that the function runs in.
func (m machine) runner() string {
	switch {
	case m.python != nil:
		return m.python.Words()
	case m.node != nil:
		return m.node.Words()
	case m.program:
		return "its own program"
	}
	return "the built-in Go twin"
}

// complaint is how the function's log names an error of DynamoDB.
func (m machine) complaint(code, operation string) string {
	if m.node != nil {
		return "The request failed " + code + ": "
	}
	return "An error occurred (" + code + ") when calling the " + operation + " operation: "
}

// defaultCode is todoctl's own code for the machine's runtime. A program is built
// from the module that todoctl writes out, without the network.
func (m machine) defaultCode(t *testing.T) handler.Package {
	t.Helper()
	code, err := handler.Default(string(m.runtime))
	if err != nil {
		t.Fatal(err)
	}
	if !m.program {
		return code
	}
	program, err := buildProgram()
	if err != nil {
		t.Fatalf("%v: %s", err, program)
	}
	if code, err = code.Program(program); err != nil {
		t.Fatal(err)
	}
	return code
}

var buildProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "program-") //nolint:usetesting // it outlives the test that asks first
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source, out := filepath.Join(dir, "source"), filepath.Join(dir, "bootstrap")
	if err := os.CopyFS(source, handler.Files(handler.Go)); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "build", "-o", out, ".")
	cmd.Dir, cmd.Env = source, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if said, err := cmd.CombinedOutput(); err != nil {
		return said, err
	}
	return os.ReadFile(out)
})

// timeout is the function's, in seconds, as todoctl sets it. Where a slow machine
// must not make a difference it is patient.
const (
	timeout = 5
	patient = 60
)

// inEachRuntime runs a test against each, and says in how many it ran.
func inEachRuntime(t *testing.T, timeout int32, test func(t *testing.T, d deployment)) (ran int) {
	for _, r := range runtimes {
		t.Run(r.name, func(t *testing.T) {
			d := r.deploy(t, timeout)
			ran++
			test(t, d)
		})
	}
	return ran
}

// deploy puts the default handler on a local AWS.
func deploy(t *testing.T, m machine, timeout int32) deployment {
	t.Helper()
	code := m.defaultCode(t)
	broken := &breakage{}
	cfg := local.Config{
		Wrap:     broken.before,
		Volatile: true,
		Path:     filepath.Join(t.TempDir(), "aws.db"),
		Now:      func() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) },
		Python:   func() *local.Python { return m.python },
		Node:     func() *local.Node { return m.node },
		Twin: &local.Twin{SHA256: []string{code.SHA256}, New: func(e local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
			return twin.Start(twin.Environment(e))
		}},
	}
	if !m.alone() { // it has the machine's clock, and compares it with Lambda's deadline
		cfg.Now = time.Now
		cfg.Listen = func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
	}
	s, err := local.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d := deployment{http: &http.Client{Transport: s.Transport()}, broken: broken, machine: m}
	endpoint := "http://local.localhost"
	if !m.alone() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.Serve(ctx, l) }()
		t.Cleanup(func() {
			cancel()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		d.http, endpoint = &http.Client{Transport: transport}, "http://"+l.Addr().String()
	}
	sdk := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(endpoint), HTTPClient: d.http,
		Credentials: credentials.NewStaticCredentialsProvider("AKIALOCAL", "local", ""),
	}
	d.db, d.logs = dynamodb.NewFromConfig(sdk), cloudwatchlogs.NewFromConfig(sdk)
	d.url = provision(t, sdk, d.db, m.runtime, code, timeout)
	if r := s.Runner("eu-central-1", "NotesHandler"); r != m.runner() {
		t.Fatalf("the handler runs in %q, want %q", r, m.runner())
	}
	return d
}

// provision makes table, role, function and public URL of the stack "Notes": no
// default name helps the handler to find its table.
func provision(t *testing.T, sdk aws.Config, db *dynamodb.Client, runtime types.Runtime, code handler.Package, timeout int32) string {
	t.Helper()
	ctx := t.Context()
	_, err := db.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            aws.String("NotesTable"),
		AttributeDefinitions: []dbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: "S"}},
		KeySchema:            []dbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: "HASH"}},
		BillingMode:          "PAY_PER_REQUEST",
	})
	if err != nil {
		t.Fatal(err)
	}
	roles := iam.NewFromConfig(sdk)
	role, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("P"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:Scan"],"Resource":"arn:aws:dynamodb:eu-central-1:000000000000:table/NotesTable"},` +
			`{"Effect":"Allow","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:eu-central-1:000000000000:table/NotesTable/index/newest"},` +
			`{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	functions, name := lambda.NewFromConfig(sdk), aws.String("NotesHandler")
	_, err = functions.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: name, Role: role.Role.Arn, Runtime: runtime,
		Handler: aws.String(code.Handler), Code: &types.FunctionCode{ZipFile: code.Zip}, Timeout: aws.Int32(timeout), MemorySize: aws.Int32(256)})
	if err != nil {
		t.Fatal(err)
	}
	url, err := functions.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: "NONE"})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []*lambda.AddPermissionInput{
		{StatementId: aws.String("1"), Action: aws.String("lambda:InvokeFunctionUrl"), FunctionUrlAuthType: "NONE"},
		{StatementId: aws.String("2"), Action: aws.String("lambda:InvokeFunction"), InvokedViaFunctionUrl: aws.Bool(true)},
	} {
		in.FunctionName, in.Principal = name, aws.String("*")
		if _, err := functions.AddPermission(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	return *url.FunctionUrl
}

// node finds the machine's Node.js with the AWS SDK v3, as todoctl does.
func node(t *testing.T) *local.Node {
	t.Helper()
	out, err := exec.Command("node", "-p", `const {dirname, join} = require("path")
const sdk = require.resolve("@aws-sdk/client-dynamodb/package.json", {paths: [join(dirname(process.execPath), "..", "lib")]})
JSON.stringify({Path: process.execPath, Version: process.versions.node, SDK: require(sdk).version, Modules: dirname(dirname(dirname(sdk)))})`).Output()
	if err != nil {
		t.Skip("Node.js with the AWS SDK v3 is not on this machine (NODE_PATH says where that is); Python's and the Go twin's tests still run")
	}
	var n local.Node
	if err := json.Unmarshal(out, &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

// python finds the machine's Python with boto3.
func python(t *testing.T) *local.Python {
	t.Helper()
	out, err := exec.Command("python3", "-c", `import boto3, os, sys
print(sys.executable, sys.version.split()[0], boto3.__version__, os.path.dirname(os.path.dirname(boto3.__file__)), sep="\n")`).Output()
	if err != nil {
		t.Skip("python3 with boto3 is not on this machine; the Go twin's tests still run")
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return &local.Python{Path: lines[0], Version: lines[1], Boto3: lines[2], Site: lines[3]}
}

// A fault is what DynamoDB answers instead of doing what it is asked.
type fault struct {
	Operation string
	Error     string // its type; "silence" is no answer at all
	From      int    // the first call that it strikes, from 1; 0 is 1
	Times     int    // how many; 0 is all from there on
}

// A breakage stands before the API port and strikes as its fault says.
type breakage struct {
	mu    sync.Mutex
	fault *fault
	calls int
}

func (b *breakage) set(f *fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.calls = f, 0
}

// strikes counts a call, and says what is wrong with it.
func (b *breakage) strikes(r *http.Request) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+b.fault.Operation) {
		return ""
	}
	b.calls++
	if first := max(b.fault.From, 1); b.calls < first || b.fault.Times > 0 && b.calls >= first+b.fault.Times {
		return ""
	}
	return b.fault.Error
}

func (b *breakage) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := b.strikes(r)
		if kind == "" {
			next.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then does net/http see that the caller has gone
		if kind == "silence" {
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		status := http.StatusBadRequest
		if kind == "InternalServerError" {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"made by a test"}`, kind)
	})
}
