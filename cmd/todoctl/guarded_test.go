//go:build !windows

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/handler"
	"todoctl/local"
	"todoctl/provision"
)

// A guarded AWS holds a person's keys to a policy. It serves a socket, so that
// the real todoctl can be pointed at it as at AWS.
type guarded struct {
	t      *testing.T
	server *local.Server
	url    string
	stop   func()
}

// guard opens an AWS on a store; conflict makes it answer the first DeleteRole
// as IAM does while what was removed still shows somewhere.
func guard(t *testing.T, store, policy string, conflict bool) *guarded {
	t.Helper()
	twin, err := defaultTwin()
	if err != nil {
		t.Fatal(err)
	}
	// What is made here is old enough for no test to wait until it has spread.
	ago := func() time.Time { return time.Now().Add(-2 * time.Minute) }
	server, err := local.Open(local.Config{
		Path: store, Now: ago, Volatile: true, Twin: twin, Operator: policy, Logf: t.Logf,
		Listen: func(addr string) (net.Listener, error) { return net.Listen("tcp", addr) },
		Wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if conflict && deletesRole(r) {
					conflict = false
					w.WriteHeader(http.StatusConflict)
					fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>Cannot delete entity, must remove roles from instance profile first.</Message></Error></ErrorResponse>`)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	g := &guarded{t: t, server: server, url: "http://" + l.Addr().String()}
	g.stop = func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
	return g
}

func deletesRole(r *http.Request) bool {
	var body bytes.Buffer
	if r.Body != nil {
		_, _ = body.ReadFrom(r.Body) // a body that breaks off is the server's to judge
		r.Body = readCloser{&body}
	}
	return bytes.Contains(body.Bytes(), []byte("Action=DeleteRole&"))
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

// guardedRegion is not the billing Region, so that what is fixed to us-east-1
// shows.
const guardedRegion = "eu-central-1"

// todoctl runs the real program as somebody who is signed in to AWS.
func (g *guarded) todoctl(args ...string) (text string, exit int) {
	g.t.Helper()
	env := home(g.t, "AWS_ENDPOINT_URL="+g.url, "AWS_ACCESS_KEY_ID=AKIDPERSON", "AWS_SECRET_ACCESS_KEY=local", "AWS_REGION="+guardedRegion)
	out, errs, exit := run(g.t, env, args...)
	return out + errs, exit
}

// clients are those of somebody on this AWS.
func (g *guarded) clients() (provision.Config, provision.Clients) {
	cfg := provision.Config{
		Account: local.AccountID, Partition: "aws", Region: guardedRegion, Stack: provision.DefaultStack, Version: version,
		Clock: provision.Clock{Now: time.Now, Sleep: sleep},
	}
	return cfg, provision.NewClients(aws.Config{
		Region: guardedRegion, BaseEndpoint: aws.String(g.url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDPERSON", "x", ""),
	}, http.DefaultClient)
}

// changed says whether a call of this AWS has changed anything.
func (g *guarded) changed() bool {
	return slices.ContainsFunc(g.server.Calls(), func(c local.Call) bool { return c.Write && c.Status < 300 })
}

// A chapter is one command in the life of a stack, and what somebody else has
// done before it.
type chapter struct {
	name     string
	args     []string
	before   func(t *testing.T, cfg provision.Config, c provision.Clients)
	conflict bool
	snapshot string // the store as the chapter finds it
}

// wholeLife is a stack's from its beginning to its end: together its chapters need
// everything that the policy allows.
func wholeLife(t *testing.T) []*chapter {
	saved := filepath.Join(t.TempDir(), "items.jsonl")
	again := func() string { return filepath.Join(t.TempDir(), "again.jsonl") }
	return []*chapter{
		{name: "up", args: []string{"up", "--yes", "--email", "me@example.com"}, before: makeNeighbour},
		{name: "status", args: []string{"status"}},
		{name: "logs", args: []string{"logs"}},
		{name: "second up", args: []string{"up", "--yes"}},
		{name: "repair", args: []string{"up", "--yes", "--replace-code"}, before: meddle},
		{name: "tutorial", args: []string{"role", "--yes", "--policy", "tutorial"}},
		{name: "least", args: []string{"role", "--yes", "--policy", "least"}},
		{name: "signed", args: []string{"url", "--yes", "--auth", "iam"}},
		{name: "signed test", args: []string{"test", "--post"}},
		{name: "signed curl", args: []string{"curl", "--fail"}},
		{name: "public", args: []string{"url", "--yes", "--auth", "none"}},
		{name: "adopt", args: []string{"up", "--yes", "--adopt"}, before: untag},
		{name: "guard", args: []string{"alarm", "--yes", "--guard", "budget", "--limit", "5"}},
		{name: "restore", args: []string{"restore", saved, "--yes"}, before: func(t *testing.T, cfg provision.Config, c provision.Clients) {
			t.Helper()
			f, err := os.Create(saved)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := provision.Backup(t.Context(), cfg, c.DynamoDB, f); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "down", args: []string{"down", "--yes", "--backup", again()}},
		{name: "down in conflict", args: []string{"down", "--yes", "--discard-data"}, conflict: true},
	}
}

// makeNeighbour makes a table that is not todoctl's: the meter counts it too.
func makeNeighbour(t *testing.T, _ provision.Config, c provision.Clients) {
	t.Helper()
	if _, err := c.DynamoDB.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("Neighbour"),
		BillingMode:          dynamodbtypes.BillingModePayPerRequest,
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
	}); err != nil {
		t.Fatal(err)
	}
}

// meddle changes a setting of every step that has its own call for repairs.
func meddle(t *testing.T, cfg provision.Config, c provision.Clients) {
	t.Helper()
	name := aws.String(cfg.FunctionName())
	change := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	change(c.DynamoDB.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String(cfg.TableName()),
		ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(9), WriteCapacityUnits: aws.Int64(5)}}))
	change(c.IAM.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(cfg.RoleName()),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}}`)}))
	change(c.Lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: name, MemorySize: aws.Int32(512)}))
	change(c.Lambda.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: name,
		AuthType: lambdatypes.FunctionUrlAuthTypeNone, Cors: &lambdatypes.Cors{AllowOrigins: []string{"https://example.com"}}}))
	change(c.Lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: otherCode(t)}))
}

// untag takes the owner's mark off everything, so that all of it is a stranger's.
func untag(t *testing.T, cfg provision.Config, c provision.Clients) {
	t.Helper()
	keys := []string{provision.TagStack}
	change := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	change(c.DynamoDB.UntagResource(t.Context(), &dynamodb.UntagResourceInput{ResourceArn: aws.String(cfg.TableARN()), TagKeys: keys}))
	change(c.IAM.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: aws.String(cfg.RoleName()), TagKeys: keys}))
	change(c.Lambda.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: aws.String(cfg.FunctionARN()), TagKeys: keys}))
	change(c.Logs.UntagResource(t.Context(), &cloudwatchlogs.UntagResourceInput{ResourceArn: aws.String(cfg.LogGroupARN()), TagKeys: keys}))
	change(c.SNS.UntagResource(t.Context(), &sns.UntagResourceInput{ResourceArn: aws.String(cfg.TopicARN()), TagKeys: keys}))
	change(c.Billing.UntagResource(t.Context(), &cloudwatch.UntagResourceInput{ResourceARN: aws.String(cfg.AlarmARN()), TagKeys: keys}))
	_, err := c.Budgets.UntagResource(t.Context(), &budgets.UntagResourceInput{ResourceARN: aws.String(cfg.BudgetARN()), ResourceTagKeys: keys})
	if _, none := errors.AsType[*budgetstypes.NotFoundException](err); !none { // who may not make one has none
		change(nil, err)
	}
}

// otherCode is a deployment package that is not todoctl's.
func otherCode(t *testing.T) []byte {
	t.Helper()
	code, err := handler.FromDir(fstest.MapFS{"lambda_function.py": {Data: []byte("def lambda_handler(event, context):\n    return {}\n")}}, "here", "")
	if err != nil {
		t.Fatal(err)
	}
	return code.Zip
}

// liveOnce goes through the chapters under a policy that allows what they need,
// and notes how each finds the store. It returns all that was said. What down
// may not look at, it takes nothing of, and cannot prove to be gone.
func liveOnce(t *testing.T, chapters []*chapter, policy string) (said string) {
	t.Helper()
	store := filepath.Join(t.TempDir(), "aws.db")
	for i, c := range chapters {
		if c.conflict { // the same end once more
			c.snapshot = chapters[i-1].snapshot
			copyFile(t, c.snapshot, store)
		}
		if c.before != nil {
			g := guard(t, store, "", false)
			cfg, clients := g.clients()
			c.before(t, cfg, clients)
			g.stop()
		}
		if c.snapshot == "" {
			c.snapshot = filepath.Join(t.TempDir(), "snapshot.db")
			if i > 0 || c.before != nil {
				copyFile(t, store, c.snapshot)
			}
		}
		g := guard(t, store, policy, c.conflict)
		text, exit := g.todoctl(c.args...)
		g.stop()
		if exit != exitDone {
			t.Fatalf("%s ends with %d:\n%s", c.name, exit, text)
		}
		said += text
	}
	return strings.Join(strings.Fields(said), " ")
}
