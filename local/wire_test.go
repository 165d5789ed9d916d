package local

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The SDK's modules bring requests and responses with every member set, which
// AWS's own models generated. They are a judge of the codec that does not
// depend on anything here. budgets and freetier bring none.

// wired are the services with such snapshots: their module and their client.
var wired = map[string]struct {
	module string
	client func(aws.Config) any
}{
	"dynamodb":   {"dynamodb", func(c aws.Config) any { return dynamodb.NewFromConfig(c) }},
	"iam":        {"iam", func(c aws.Config) any { return iam.NewFromConfig(c) }},
	"sts":        {"sts", func(c aws.Config) any { return sts.NewFromConfig(c) }},
	"lambda":     {"lambda", func(c aws.Config) any { return lambda.NewFromConfig(c) }},
	"logs":       {"cloudwatchlogs", func(c aws.Config) any { return logs.NewFromConfig(c) }},
	"monitoring": {"cloudwatch", func(c aws.Config) any { return cloudwatch.NewFromConfig(c) }},
	"sns":        {"sns", func(c aws.Config) any { return sns.NewFromConfig(c) }},
	"tagging":    {"resourcegroupstaggingapi", func(c aws.Config) any { return tagging.NewFromConfig(c) }},
}

// beyond are members in the snapshots that the server refuses by name, because
// they are unions that no operation here takes.
var beyond = map[string][]string{
	"PutMetricAlarm": {"EvaluationCriteria", "EvaluationWindow"},
}

// eachSnapshot runs do for every snapshot of an operation that a service has.
func eachSnapshot(t *testing.T, kind string, do func(t *testing.T, name string, svc service, operation, file string)) {
	a := newAccount(t, Lags{})
	args := []string{"list", "-m", "-f", "{{.Path}} {{.Dir}}"}
	for _, w := range wired {
		args = append(args, "github.com/aws/aws-sdk-go-v2/service/"+w.module)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Skipf("the SDK's modules are not there: go list: %v", err)
	}
	folders := map[string]string{}
	for line := range strings.Lines(string(out)) {
		module, folder, _ := strings.Cut(strings.TrimSpace(line), " ")
		folders[module[strings.LastIndexByte(module, '/')+1:]] = folder
	}
	seen := 0
	for name, w := range wired {
		svc := a.server.services[name]
		files, _ := filepath.Glob(filepath.Join(folders[w.module], kind+"_snapshot", "*."+kind+".snap")) // the pattern is well-formed
		for _, file := range files {
			operation := strings.TrimSuffix(filepath.Base(file), "."+kind+".snap")
			if !reflect.ValueOf(svc.impl).MethodByName(operation).IsValid() {
				continue
			}
			seen++
			t.Run(name+"/"+operation, func(t *testing.T) { do(t, name, svc, operation, file) })
		}
	}
	if seen == 0 {
		t.Skip("the SDK's modules bring no snapshots here")
	}
	t.Logf("%d snapshots", seen)
}

// A sent is what a client put on the wire.
type sent struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
}

func (s sent) request() *http.Request {
	r := httptest.NewRequest(s.method, "http://local.localhost"+s.path+"?"+s.query.Encode(), bytes.NewReader(s.body))
	r.Header = s.header
	return r
}

// readSnapshot splits a snapshot: a first line, header lines, the body.
func readSnapshot(t *testing.T, file string) (first string, header http.Header, body []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(data))
	header = http.Header{}
	for n := 0; ; n++ {
		line, err := r.ReadString('\n')
		if err != nil && n == 0 {
			t.Fatalf("%s is cut off", file)
		}
		line = strings.TrimSpace(line)
		switch k, v, isHeader := strings.Cut(line, ": "); {
		case n == 0:
			first = line
		case line == "" && n == 1: // between the request line and the header
			continue
		case isHeader:
			header.Add(k, v)
		}
		if n > 0 && line == "" || err != nil {
			break
		}
	}
	body, err = io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return first, header, body
}

var errCaptured = errors.New("captured")

// roundTripper is a function as a transport.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// call runs an operation of a real client.
func call(client any, operation string, in any) (out any, err error) {
	results := reflect.ValueOf(client).MethodByName(operation).Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(in)})
	err, _ = results[1].Interface().(error)
	return results[0].Interface(), err
}

// What the SDK's client sends is decoded into the SDK's type, and sent again by
// the client: it must be the same.
func TestRequestsAreReadWhole(t *testing.T) {
	eachSnapshot(t, "request", func(t *testing.T, name string, svc service, operation, file string) {
		first, header, body := readSnapshot(t, file)
		method, target, _ := strings.Cut(first, " ")
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		want := sent{method, u.EscapedPath(), u.Query(), header, body}
		req, err := readRequest(svc, want.request())
		if err != nil {
			t.Fatal(err)
		}
		if req.operation != operation {
			t.Fatalf("read as %s", req.operation)
		}
		tree, err := req.tree()
		if err != nil {
			t.Fatal(err)
		}
		for _, member := range beyond[operation] {
			delete(tree, member)
		}
		in := reflect.New(reflect.ValueOf(svc.impl).MethodByName(operation).Type().In(1).Elem())
		if err := fill(in.Elem(), tree); err != nil {
			t.Fatal(err)
		}

		var got sent
		client := wired[name].client(wireConfig("AKIATEST", "us-east-1", roundTripper(func(r *http.Request) (*http.Response, error) {
			var body []byte
			var err error
			if r.Body != nil {
				body, err = io.ReadAll(r.Body)
			}
			got = sent{r.Method, r.URL.EscapedPath(), r.URL.Query(), r.Header, body}
			return nil, errors.Join(errCaptured, err)
		})))
		if _, err := call(client, operation, in.Interface()); !errors.Is(err, errCaptured) {
			t.Fatalf("the client did not send it: %v", err)
		}
		if got.method != want.method || got.path != want.path || !reflect.DeepEqual(got.query, want.query) {
			t.Errorf("sent %s %s %v\nwant %s %s %v", got.method, got.path, got.query, want.method, want.path, want.query)
		}
		plain, err := readBody(got.request(), maxUpload) // it may be compressed
		if err != nil {
			t.Fatal(err)
		}
		g, w := decoded(t, req.protocol, plain), decoded(t, req.protocol, req.body)
		if m, ok := w.(map[string]any); ok {
			for _, member := range beyond[operation] {
				delete(m, member)
			}
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("sent %v\nwant %v", g, w)
		}
	})
}

// What a client reads from AWS's answer, written by the server, must be that
// answer again.
func TestAnswersAreWrittenWhole(t *testing.T) {
	eachSnapshot(t, "response", func(t *testing.T, name string, svc service, operation, file string) {
		first, header, body := readSnapshot(t, file)
		code, err := strconv.Atoi(first)
		if err != nil {
			t.Fatal(err)
		}
		client := wired[name].client(wireConfig("AKIATEST", "us-east-1", roundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
		})))
		// The input does not matter, but must pass the client's own checks.
		in := reflect.New(reflect.ValueOf(svc.impl).MethodByName(operation).Type().In(1).Elem())
		required(in.Elem())
		out, err := call(client, operation, in.Interface())
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.WithValue(t.Context(), originKey{}, origin{region: "us-east-1", requestID: "id"})
		res := svc.protocol.encode(ctx, operation, out)
		if res.status != http.StatusOK {
			t.Fatalf("%d: %s", res.status, res.body)
		}
		if got, want := decoded(t, svc.protocol, res.body), decoded(t, svc.protocol, body); !reflect.DeepEqual(got, want) {
			t.Errorf("wrote %v\nwant %v", got, want)
		}
	})
}

// required sets every member of an input to something.
func required(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.CanSet() {
			continue
		}
		switch {
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.String:
			f.Set(reflect.New(f.Type().Elem()))
			f.Elem().SetString("x")
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() != reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
		case f.Kind() == reflect.Pointer && f.Type() != reflect.TypeFor[*bool]():
			f.Set(reflect.New(f.Type().Elem()))
			if f.Type().Elem() != timeType {
				required(f.Elem())
			}
		case f.Kind() == reflect.String:
			f.SetString("x")
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		case f.Kind() == reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
		}
	}
}

// decoded decodes a body, for members may come in any order.
func decoded(t *testing.T, p protocol, body []byte) any {
	t.Helper()
	var tree any
	var err error
	switch p {
	case protocolQuery:
		tree, err = url.ParseQuery(string(body))
	case protocolCBOR:
		tree, err = parseCBOR(body)
	default:
		tree, err = parseJSON(body)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if m, ok := tree.(map[string]any); ok && len(m) == 0 {
		return nil
	}
	return tree
}
