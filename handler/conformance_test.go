package handler_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
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

// A httpCase is one request with the answer that every version of the handler
// gives. UUID in want stands for any random id.
type httpCase struct {
	Name, Method, Path, Type, Body, Hex, Want string
	Status                                    int
}

func cases(t *testing.T) []httpCase {
	t.Helper()
	text, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []httpCase
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if c.Hex != "" {
			b, err := hex.DecodeString(c.Hex)
			if err != nil {
				t.Fatal(err)
			}
			all[i].Body = string(b)
		}
	}
	return all
}

var uuid = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)

// A deployment is the handler behind a Function URL of the local AWS.
type deployment struct {
	http *http.Client
	db   *dynamodb.Client
	logs *cloudwatchlogs.Client
	url  string
}

func (d deployment) send(t *testing.T, c httpCase) (status int, body, contentType string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.Method, d.url+strings.TrimPrefix(c.Path, "/"), strings.NewReader(c.Body))
	if err != nil {
		t.Fatal(err)
	}
	if c.Type != "" {
		r.Header.Set("Content-Type", c.Type)
	}
	res, err := d.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(res.Header.Values("Access-Control-Allow-Origin")); n != 0 {
		t.Errorf("the handler sets %d CORS headers of its own", n)
	}
	return res.StatusCode, string(text), res.Header.Get("Content-Type")
}

// deploy puts the default handler on a local AWS.
func deploy(t *testing.T, python *local.Python) deployment {
	t.Helper()
	code, err := handler.Default()
	if err != nil {
		t.Fatal(err)
	}
	cfg := local.Config{
		Path:   filepath.Join(t.TempDir(), "aws.db"),
		Now:    func() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) },
		Python: func() *local.Python { return python },
		Twin: &local.Twin{SHA256: []string{code.SHA256}, New: func(e local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
			return twin.Start(twin.Environment(e))
		}},
	}
	if python != nil {
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
	d := deployment{http: &http.Client{Transport: s.Transport()}}
	endpoint := "http://local.localhost"
	if python != nil {
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
	d.url = provision(t, sdk, d.db, code)
	want := "the built-in Go twin"
	if python != nil {
		want = "python3 " + python.Version + " with boto3 " + python.Boto3
	}
	if r := s.Runner("eu-central-1", "NotesHandler"); r != want {
		t.Fatalf("the handler runs in %q, want %q", r, want)
	}
	return d
}

// provision makes table, role, function and public URL of the stack "Notes": no
// default name helps the handler to find its table.
func provision(t *testing.T, sdk aws.Config, db *dynamodb.Client, code handler.Package) string {
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
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:Scan"],"Resource":"arn:aws:dynamodb:eu-central-1:000000000000:table/NotesTable"},` +
			`{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	functions, name := lambda.NewFromConfig(sdk), aws.String("NotesHandler")
	_, err = functions.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: name, Role: role.Role.Arn, Runtime: types.RuntimePython312,
		Handler: aws.String(code.Handler), Code: &types.FunctionCode{ZipFile: code.Zip}, Timeout: aws.Int32(5), MemorySize: aws.Int32(256)})
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

func TestTwinConforms(t *testing.T)   { conforms(t, deploy(t, nil)) }
func TestPythonConforms(t *testing.T) { conforms(t, deploy(t, python(t))) }

// conforms sends every case and compares status, content type and body, byte
// for byte.
func conforms(t *testing.T, d deployment) {
	stored := 0
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			status, body, kind := d.send(t, c)
			if status != c.Status || uuid.ReplaceAllString(body, `"UUID"`) != c.Want || kind != "application/json" {
				t.Errorf("%d %s %s, want %d %s", status, kind, body, c.Status, c.Want)
			}
		})
		if c.Status == 201 {
			stored++
		}
	}
	status, body, _ := d.send(t, httpCase{Method: "GET"})
	var items []map[string]any
	if err := json.Unmarshal([]byte(body), &items); err != nil || status != 200 || len(items) != stored {
		t.Errorf("GET answers %d with %d items (%v), want %d", status, len(items), err, stored)
	}
}

// What boto3 makes of every kind of attribute, the twin makes too.
func TestTwinListsAsPythonDoes(t *testing.T) {
	n := func(v string) dbtypes.AttributeValue { return &dbtypes.AttributeValueMemberN{Value: v} }
	s := func(v string) dbtypes.AttributeValue { return &dbtypes.AttributeValueMemberS{Value: v} }
	item := map[string]dbtypes.AttributeValue{
		"id": s("1"), "zero": n("0"), "whole": n("42"), "negative": n("-7"), "large": n("1E+30"), "long": n("12345678901234567890123456789012345678"),
		"half": n("0.5"), "tenth": n("-0.1"), "small": n("0.00001"), "edge": n("0.0001"), "third": n("0.33333333333333333333333333333333333333"),
		"point": n("12345678.5"), "tiny": n("1E-130"), "exact": n("1.50"), "many": n("123456789012345.25"), "more": n("12345678901234567.5"),
		"text": s("ü \" \\ \n\u2028\u007f<>&"), "empty": s(""), "yes": &dbtypes.AttributeValueMemberBOOL{Value: true}, "null": &dbtypes.AttributeValueMemberNULL{Value: true},
		"list":    &dbtypes.AttributeValueMemberL{Value: []dbtypes.AttributeValue{n("1"), s("x"), &dbtypes.AttributeValueMemberL{}}},
		"map":     &dbtypes.AttributeValueMemberM{Value: map[string]dbtypes.AttributeValue{"b": n("2.5"), "a": n("1"), "Z": s("z"), "é": s("e")}},
		"nothing": &dbtypes.AttributeValueMemberM{}, "words": &dbtypes.AttributeValueMemberSS{Value: []string{"b", "a", "é", "Z"}},
		"numbers": &dbtypes.AttributeValueMemberNS{Value: []string{"10", "9", "1.5", "-3"}},
	}
	list := func(d deployment) string {
		if _, err := d.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("NotesTable"), Item: item}); err != nil {
			t.Fatal(err)
		}
		status, body, _ := d.send(t, httpCase{Method: "GET"})
		if status != 200 {
			t.Errorf("%d %s", status, body)
		}
		return body
	}
	got, want := list(deploy(t, nil)), list(deploy(t, python(t)))
	if got != want {
		t.Errorf("the twin lists\n%s, Python\n%s", got, want)
	}
}

func TestTwinListsEveryPage(t *testing.T)   { listsEveryPage(t, deploy(t, nil)) }
func TestPythonListsEveryPage(t *testing.T) { listsEveryPage(t, deploy(t, python(t))) }

// Items of more than a megabyte come in several pages.
func listsEveryPage(t *testing.T, d deployment) {
	for _, id := range strings.Split("abcde", "") {
		_, err := d.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("NotesTable"), Item: map[string]dbtypes.AttributeValue{
			"id": &dbtypes.AttributeValueMemberS{Value: id}, "task": &dbtypes.AttributeValueMemberS{Value: strings.Repeat("x", 300<<10)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	status, body, _ := d.send(t, httpCase{Method: "GET"})
	var items []map[string]any
	if err := json.Unmarshal([]byte(body), &items); err != nil || status != 200 || len(items) != 5 {
		t.Errorf("%d, %d items, %v", status, len(items), err)
	}
}

func TestTwinHidesWhatWentWrong(t *testing.T)   { hidesWhatWentWrong(t, deploy(t, nil)) }
func TestPythonHidesWhatWentWrong(t *testing.T) { hidesWhatWentWrong(t, deploy(t, python(t))) }

func hidesWhatWentWrong(t *testing.T, d deployment) {
	if _, err := d.db.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("NotesTable")}); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "POST"} {
		if status, body, kind := d.send(t, httpCase{Method: method}); status != 500 || body != `{"error": "Internal server error"}` || kind != "application/json" {
			t.Errorf("%s: %d %s %s", method, status, kind, body)
		}
	}
	for _, operation := range []string{"Scan", "PutItem"} {
		words := "An error occurred (ResourceNotFoundException) when calling the " + operation + " operation: "
		out, err := d.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/NotesHandler"), FilterPattern: aws.String(strconv.Quote(words))})
		if err != nil || len(out.Events) != 1 {
			t.Errorf("the log does not tell once what was wrong with %s: %+v, %v", operation, out, err)
		}
	}
}
