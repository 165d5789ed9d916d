package provision_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"todoctl/local"
	"todoctl/provision"
)

// A world is an AWS without a socket, and the real SDK clients that reach it.
// It lives in a synctest bubble: every wait in it takes no time.
type world struct {
	t       *testing.T
	aws     *local.Server
	cfg     provision.Config
	clients provision.Clients

	parallel int // as in Options; 1 unless a test says otherwise

	mu    sync.Mutex
	sent  []any           // the input of every call, as the step wrote it
	hooks map[string]hook // by operation: "CreateTable", "Lambda.TagResource"
	mark  int             // calls before this one do not count
}

// A hook stands between the retry loop and the wire.
type hook func(ctx context.Context, send func() (any, error)) (any, error)

// inWorld runs a test with the lags of an ordinary day on AWS.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	inWorldWith(t, local.AWSLags, test)
}

func inWorldWith(t *testing.T, lags local.Lags, test func(t *testing.T, w *world)) {
	t.Helper()
	inWorldOf(t, func(c *local.Config) { c.Lags = lags }, test)
}

// inWorldOf runs a test with an AWS that set has changed.
func inWorldOf(t *testing.T, set func(*local.Config), test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, parallel: 1, hooks: map[string]hook{}}
		code := testCode(t)
		cfg := local.Config{
			Path:     filepath.Join(t.TempDir(), "aws.db"),
			Now:      time.Now,
			Volatile: true,
			Lags:     local.AWSLags,
			Twin:     &local.Twin{SHA256: []string{code.SHA256}, New: testTwin},
			Logf:     t.Logf,
		}
		set(&cfg)
		server, err := local.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		})
		w.aws = server
		client := &http.Client{Transport: server.Transport()}
		w.clients = provision.NewClients(aws.Config{
			Region:       "eu-central-1",
			Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
			BaseEndpoint: aws.String("http://local.localhost"),
			HTTPClient:   client,
			APIOptions:   []func(*middleware.Stack) error{w.intercept},
		}, client)
		w.cfg = provision.Config{
			Account: local.AccountID, Partition: "aws", Region: "eu-central-1", Stack: "Todo", Version: "test",
			Clock: bubble, Policy: provision.PolicyLeast, Runtime: "python3.12", Auth: provision.AuthNone,
			Guard: provision.GuardBoth, LimitUSD: 1, Email: "me@example.com", Code: code,
		}
		test(t, w)
	})
}

func (w *world) intercept(stack *middleware.Stack) error {
	note := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		w.mu.Lock()
		w.sent = append(w.sent, in.Parameters)
		w.mu.Unlock()
		return next.HandleInitialize(ctx, in)
	}
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Note", note), middleware.Before); err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Hook", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, m middleware.Metadata, err error) {
		operation := awsmiddleware.GetOperationName(ctx)
		w.mu.Lock()
		h := w.hooks[operation]
		if h == nil {
			h = w.hooks[awsmiddleware.GetServiceID(ctx)+"."+operation]
		}
		w.mu.Unlock()
		if h == nil {
			return next.HandleFinalize(ctx, in)
		}
		out.Result, err = h(ctx, func() (any, error) {
			var sent middleware.FinalizeOutput
			var err error
			sent, m, err = next.HandleFinalize(ctx, in)
			return sent.Result, err
		})
		return out, m, err
	}), "Retry", middleware.After)
}

// inputs are the calls of one operation, by the type of its input.
func inputs[T any](w *world) []*T {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []*T
	for _, in := range w.sent {
		if in, ok := in.(*T); ok {
			found = append(found, in)
		}
	}
	return found
}

// only is the one call of an operation.
func only[T any](w *world) *T {
	w.t.Helper()
	found := inputs[T](w)
	if len(found) != 1 {
		w.t.Fatalf("there were %d calls with a %T", len(found), *new(T))
	}
	return found[0]
}

func (w *world) on(operation string, h hook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks[operation] = h
}

// failing makes the first n calls of an operation fail before they arrive.
func (w *world) failing(operation string, n int, err error) {
	w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) {
		if n--; n >= 0 {
			return nil, err
		}
		return send()
	})
}

// overtaking has somebody do something right before the first call of an operation.
func (w *world) overtaking(operation string, somebody func() error) {
	first := true
	w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) {
		if first {
			first = false
			if err := somebody(); err != nil {
				return nil, err
			}
		}
		return send()
	})
}

// losing makes the first answer of an operation get lost after the effect.
func (w *world) losing(operation string) {
	lost := false
	w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) {
		out, err := send()
		if err == nil && !lost {
			lost = true
			return nil, errors.New("read: connection reset by peer")
		}
		return out, err
	})
}

func code(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func (w *world) step(name string) provision.Step { return w.page(name).Step }

func (w *world) page(name string) provision.Page {
	w.t.Helper()
	pages := provision.Steps(w.cfg, w.clients)
	i := slices.IndexFunc(pages, func(p provision.Page) bool { return p.Step.Describe().Name == name })
	if i < 0 {
		w.t.Fatalf("there is no step %s", name)
	}
	return pages[i]
}

func (w *world) look(name string) provision.Observation {
	w.t.Helper()
	seen, err := w.step(name).Observe(w.t.Context())
	if err != nil {
		w.t.Fatalf("look at the %s: %v", name, err)
	}
	return seen
}

// try runs a plan of the named steps, or of all; one at a time, so that a
// failing test fails the same way again.
func (w *world) try(goal provision.Goal, names ...string) error {
	w.t.Helper()
	pages := provision.Steps(w.cfg, w.clients)
	if goal == provision.Down {
		pages = provision.Teardown(w.cfg, w.clients)
	}
	if len(names) > 0 {
		pages = pages[:0]
		for _, name := range names {
			pages = append(pages, w.page(name))
		}
	}
	look := w.t.Context()
	if w.parallel == 1 {
		look = provision.Serial(look)
	}
	plan, err := provision.Plan(look, pages, goal)
	if err != nil {
		return err
	}
	return provision.Run(w.t.Context(), plan, provision.Options{Goal: goal, Clock: bubble, Parallel: w.parallel})
}

func (w *world) up(names ...string) {
	w.t.Helper()
	if err := w.try(provision.Up, names...); err != nil {
		w.t.Fatalf("up %v: %v", names, err)
	}
}

func (w *world) down(names ...string) {
	w.t.Helper()
	if err := w.try(provision.Down, names...); err != nil {
		w.t.Fatalf("down %v: %v", names, err)
	}
}

// forget starts counting anew.
func (w *world) forget() { w.mark = len(w.aws.Calls()) }

// writes are the calls since forget that changed something, or tried to.
func (w *world) writes() []string {
	var names []string
	for _, c := range w.aws.Calls()[w.mark:] {
		if c.Write {
			names = append(names, c.Operation)
		}
	}
	return names
}

func (w *world) wantWrites(want ...string) {
	w.t.Helper()
	if got := w.writes(); !slices.Equal(got, want) {
		w.t.Errorf("the writes were %v, want %v", got, want)
	}
}

// wantState checks a look, and that a Drift says exactly what differs.
func wantState(t *testing.T, seen provision.Observation, state provision.State, fields ...string) {
	t.Helper()
	var got []string
	for _, d := range seen.Diffs {
		got = append(got, d.Field)
	}
	slices.Sort(got)
	slices.Sort(fields)
	if seen.State != state || !slices.Equal(got, fields) {
		t.Errorf("it is %s, differs in %v (%v), pending %q, failed %q, owner %q; want %s, differing in %v",
			seen.State, got, seen.Diffs, seen.Pending, seen.Failed, seen.Owner, state, fields)
	}
}

// must keeps arrangements of a test on one line.
func must[T any](t *testing.T) func(out T, err error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func testCode(t *testing.T) provision.Code {
	t.Helper()
	return pack(t, "def lambda_handler(event, context):\n    return {}\n")
}

func pack(t *testing.T, python string) provision.Code {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f := must[interface{ Write([]byte) (int, error) }](t)(w.Create("lambda_function.py"))
	must[int](t)(f.Write([]byte(python)))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return provision.Code{
		Zip: b.Bytes(), SHA256: base64.StdEncoding.EncodeToString(sum[:]),
		Handler: "lambda_function.lambda_handler", Source: "the test's own",
	}
}

// testTwin runs in place of the Python file: it puts an item and lists them.
func testTwin(env local.TwinEnvironment) func(context.Context, []byte) ([]byte, error) {
	db := dynamodb.NewFromConfig(aws.Config{
		Region: env.Region, BaseEndpoint: aws.String(env.Endpoint), HTTPClient: env.HTTP,
		Credentials: credentials.NewStaticCredentialsProvider(env.AccessKeyID, env.SecretAccessKey, env.SessionToken),
	})
	item := map[string]any{"id": "1", "task": provision.TestTask, "completed": false}
	answer := func(status int, body any) ([]byte, error) {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"statusCode": status, "body": string(text), "headers": map[string]string{"content-type": "application/json"}})
	}
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var request struct {
			RequestContext struct{ HTTP struct{ Method string } }
		}
		if err := json.Unmarshal(event, &request); err != nil {
			return nil, err
		}
		if request.RequestContext.HTTP.Method == http.MethodPost {
			_, err := db.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: map[string]types.AttributeValue{
				"id": &types.AttributeValueMemberS{Value: "1"}, "task": &types.AttributeValueMemberS{Value: provision.TestTask},
			}})
			if err != nil {
				return nil, err
			}
			return answer(http.StatusCreated, item)
		}
		out, err := db.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
		if err != nil {
			return nil, err
		}
		list := []any{}
		for range out.Items {
			list = append(list, item)
		}
		return answer(http.StatusOK, list)
	}
}
