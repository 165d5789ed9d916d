//go:build !windows

package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
)

// stackProvocations are of the six steps and of backups.
var stackProvocations = []provocation{
	{"TODO-TABLE-01", "somebody's table", foreignThing("table")},
	{"TODO-TABLE-02", "a table with another key", virtual(func(r *rehearsal) ending {
		a := r.account()
		a.done(a.DynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: aws.String(a.TableName()), BillingMode: dynamodbtypes.BillingModePayPerRequest,
			AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("ID"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
			KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("ID"), KeyType: dynamodbtypes.KeyTypeHash}},
		}))
		return r.run("up --yes --adopt")
	})},
	{"TODO-TABLE-03", "deletion protection", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.DynamoDB.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(a.TableName()), DeletionProtectionEnabled: aws.Bool(true)}))
		return r.run(downLine)
	})},
	{"TODO-TABLE-04", "a table that is being changed", onAccount(local.Config{Lags: local.Lags{TableUpdate: time.Hour}}, func(r *rehearsal) ending {
		file := r.backup()
		a := r.up().account()
		a.done(a.DynamoDB.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName: aws.String(a.TableName()), ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(6), WriteCapacityUnits: aws.Int64(5)},
		}))
		return r.run("restore --yes " + file)
	})},
	{"TODO-TABLE-05", "no table to restore to", virtual(func(r *rehearsal) ending { return r.run("restore --yes " + r.backup()) })},
	{"TODO-TABLE-06", "a table that takes no more", virtual(func(r *rehearsal) ending {
		file := r.backup()
		return r.up().runBetween("restore --yes "+file, refuse("BatchWriteItem", "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded."))
	})},
	{"TODO-TABLE-07", "no free capacity left, and no", on(func(x *wire) string {
		x.must(0, "table", "--yes")
		for _, stack := range []string{"B", "C", "D", "E", "F"} {
			x.must(0, "table", "--yes", "--stack", stack)
		}
		s := start(x.t, append(x.env, "NO_COLOR=1"), "up", "--stack", "G")
		s.expect("Go on all the same?")
		s.press(enter)
		s.end()
		return s.text()
	})},
	{"TODO-TABLE-08", "a table that shows and cannot be read", virtual(func(r *rehearsal) ending {
		return r.up().runBetween("down --yes --backup "+filepath.Join(r.dir, "b.jsonl"), refuse("Scan", "ResourceNotFoundException", "Requested resource not found"))
	})},

	{"TODO-ROLE-01", "somebody's role", foreignThing("role")},
	{"TODO-ROLE-02", "a policy that somebody attached", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyName: aws.String("Mine"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`)}))
		return r.run(downLine)
	})},
	{"TODO-ROLE-03", "a role that never spreads", onAccount(local.Config{Lags: local.Lags{RoleAssume: time.Hour}}, func(r *rehearsal) ending { return r.run(upLine) })},
	{"TODO-ROLE-04", "a role with a path", virtual(func(r *rehearsal) ending {
		a := r.account()
		a.done(a.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(a.RoleName()), Path: aws.String("/course/"), AssumeRolePolicyDocument: aws.String(trust)}))
		return r.run("role --yes --adopt")
	})},

	{"TODO-FN-01", "somebody's function", foreignThing("function")},
	{"TODO-FN-01", "a log group of an earlier function", foreignThing("log group")},
	{"TODO-FN-02", "code in no folder", on(func(x *wire) string { return x.fails("up", "--yes", "--source", "nowhere") })},
	{"TODO-FN-03", "a folder without a handler", on(func(x *wire) string { return x.fails("up", "--yes", "--source", x.t.TempDir()) })},
	{"TODO-FN-03", "a file without the function", on(func(x *wire) string {
		return x.fails("up", "--yes", "--source", filepath.Dir(file(x.t, "lambda_function.py", "def handle(event):\n    return 1\n")))
	})},
	{"TODO-FN-04", "260 MB of code", on(func(x *wire) string {
		dir := filepath.Dir(file(x.t, "lambda_function.py", "def lambda_handler(event, context):\n    return 1\n"))
		data := filepath.Join(dir, "data")
		if err := errors.Join(os.WriteFile(data, nil, 0o600), os.Truncate(data, 260<<20)); err != nil {
			x.t.Fatal(err)
		}
		return x.fails("up", "--yes", "--source", dir)
	})},
	{"TODO-FN-05", "a function that crashes or runs too long, in test", virtual(func(r *rehearsal) ending {
		return r.up().run("test", always(local.Fault500Before, "GET /"))
	})},
	{"TODO-FN-05", "a function that crashes or runs too long, in up", virtual(func(r *rehearsal) ending {
		return r.run(upLine, always(local.Fault500Before, "GET /"))
	})},
	{"TODO-FN-05", "a function whose log names an error", failing("[ERROR] KeyError: 'httpMethod'\nTraceback (most recent call last):\n", "its log says: [ERROR] KeyError: 'httpMethod'")},
	{"TODO-FN-07", "a function that runs too long", failing("2026-11-23T10:00:05.000Z 8f5c Task timed out after 5.00 seconds\n", "its log says: Task timed out after 5.00 seconds")},
	{"TODO-FN-08", "a module that is not there", failing("[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_function': No module named 'requests'\n", "No module named 'requests'")},
	{"TODO-FN-08", "no handler of that name", failing("[ERROR] Runtime.HandlerNotFound: Handler 'lambda_handler' missing on module 'lambda_function'\n", "Handler 'lambda_handler' missing")},
	{"TODO-FN-09", "a role without the right", failing("[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the Scan operation\n", "when calling the Scan operation")},
	{"TODO-FN-06", "code that was written out before", on(func(x *wire) string {
		dir := filepath.Join(x.t.TempDir(), "api")
		x.must(0, "handler", "eject", dir)
		return x.fails("handler", "eject", dir)
	})},

	{"TODO-FN-10", "own code over what was changed in the console", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.otherCode()})
		theirs := a.runs()
		dir := filepath.Dir(file(r.T, "lambda_function.py", "def lambda_handler(event, context):\n    return 2\n"))
		r.server.python = func() *local.Python { return &local.Python{Version: "3.12.0", Boto3: "1"} } // only asked for
		end := r.run("function --yes --source " + dir)
		if hinted(r.T, end.err, "todoctl handler pull --local DIR"); len(callsOf(end.calls, "UpdateFunctionCode")) > 0 || a.runs() != theirs {
			r.Errorf("it was overwritten: %v", end.calls)
		}
		return end
	})},
	{"TODO-FN-11", "no function whose code could be fetched", virtual(func(r *rehearsal) ending { return r.run("handler pull nowhere") })},
	{"TODO-FN-12", "code that cannot be fetched", virtual(func(r *rehearsal) ending {
		return r.up().run("handler pull nowhere", local.Fault{Kind: local.FaultHTML, Call: 3, Times: local.Always})
	})},
	{"TODO-FN-15", "no Go", virtual(func(r *rehearsal) ending {
		r.goSays = func() (string, error) { return "", exec.ErrNotFound }
		return r.run(upLine + " --runtime go")
	})},
	{"TODO-FN-16", "an old Go that may not fetch a newer one", virtual(func(r *rehearsal) ending {
		r.goSays = func() (string, error) {
			return "go: go.mod requires go >= 1.26.0 (running go 1.21.0; GOTOOLCHAIN=local)\n", errors.New("exit status 1")
		}
		return r.run(upLine + " --runtime go")
	})},
	{"TODO-FN-17", "a typing mistake in Go", virtual(func(r *rehearsal) ending {
		r.goSays = func() (string, error) {
			return "go: downloading github.com/aws/aws-lambda-go v1.55.1\n# todo\n./main.go:7:2: undefined: lamda\n", errors.New("exit status 1")
		}
		return r.run(upLine + " --runtime go")
	})},
	{"TODO-FN-18", "own code, and a runtime of another language", on(func(x *wire) string {
		dir := filepath.Dir(file(x.t, "lambda_function.py", "def lambda_handler(event, context):\n    return {}\n"))
		x.must(0, "up", "--yes", "--skip", "test,alarm")
		x.must(0, "function", "--yes", "--source", dir)
		return x.fails("function", "--yes", "--runtime", "nodejs24.x")
	})},

	{"TODO-FN-13", "code that is no Python", virtual(func(r *rehearsal) ending {
		if _, err := exec.LookPath("python3"); err != nil {
			r.Skip("python3 is missing: nobody on this machine can tell")
		}
		dir := filepath.Dir(file(r.T, "lambda_function.py", "def lambda_handler(event, context):\n    return (1\n"))
		r.server.python = func() *local.Python { return &local.Python{Version: "3.12.0", Boto3: "1"} } // only asked for
		end := r.run("function --yes --source " + dir)
		hinted(r.T, end.err, "lambda_function.py, line 2:")
		return end
	})},
	{"TODO-FN-14", "a folder that cannot be watched", virtual(func(r *rehearsal) ending {
		app := r.up().app(r.network(), "function", "--local", "--yes", "--watch", "--source", ownFolder(r.T))
		app.Watch = func(string) (watcher, error) { return watcher{}, errors.New("no space left on device") }
		r.server.python = func() *local.Python { return &local.Python{Version: "3.12.0", Boto3: "1"} }
		exit := Main(r.Context(), app)
		return ending{exit: exit, err: app.Err.(interface{ String() string }).String()}
	})},

	{"TODO-LOG-01", "no function whose log could be read", virtual(func(r *rehearsal) ending { return r.run("logs") })},
	{"TODO-LOG-02", "a log group that somebody deleted", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(a.LogGroupName())}))
		return r.run("logs")
	})},

	{"TODO-URL-01", "one statement of two", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("FunctionURLInvokeAllowPublicAccess")}))
		end := r.run("test")
		hinted(r.T, end.err, "statement for lambda:InvokeFunction is missing, should be there")
		return end
	})},
	{"TODO-URL-02", "CORS in the code too", virtual(func(r *rehearsal) ending {
		return r.up().runBetween("test", altered(func(h http.Header) { h.Add("Access-Control-Allow-Origin", "*") }))
	})},
	{"TODO-URL-03", "too many at once", virtual(func(r *rehearsal) ending { return r.up().run("test", always(local.FaultThrottle, "GET /")) })},
	{"TODO-URL-04", "CORS settings that are gone", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.Lambda.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String(a.FunctionName()), Cors: &lambdatypes.Cors{}}))
		return r.run("test")
	})},

	{"TODO-URL-05", "an identity that may not, in test", onAccount(local.Config{Operator: notThroughTheURL}, func(r *rehearsal) ending {
		r.wantExit(r.run("up --yes --auth iam --skip test"), exitDone)
		time.Sleep(time.Hour) // in the bubble: the URL is no longer young
		return r.run("test")
	})},
	{"TODO-URL-05", "an identity that may not, in curl", onAccount(local.Config{Operator: notThroughTheURL}, func(r *rehearsal) ending {
		r.wantExit(r.run("up --yes --auth iam --skip test"), exitDone)
		return r.run("curl --fail")
	})},

	{"TODO-TEST-01", "an answer that is no JSON", virtual(func(r *rehearsal) ending {
		return r.up().runBetween("test", altered(func(h http.Header) { h.Set("Content-Type", "text/html") }))
	})},
	{"TODO-TEST-02", "no URL", virtual(func(r *rehearsal) ending { return r.run("test") })},
	{"TODO-TEST-02", "no URL, in curl", virtual(func(r *rehearsal) ending { return r.run("curl") })},
	{"TODO-TEST-04", "an answer that --fail is for", virtual(func(r *rehearsal) ending { return r.up().run("curl -f -X PATCH") })},
	{"TODO-TEST-05", "a body of more than 6 MB", virtual(func(r *rehearsal) ending {
		return r.up().run("curl -d @" + file(r.T, "large", strings.Repeat("x", maxRequest+1)))
	})},
	{"TODO-USE-12", "somebody else's address", virtual(func(r *rehearsal) ending { return r.up().run("curl https://example.com/") })},
	{"TODO-TEST-03", "a network that lets no URL through, in curl", virtual(func(r *rehearsal) ending { return r.up().run("curl", always(local.FaultResetBefore, "GET /")) })},
	{"TODO-TEST-03", "a network that lets no URL through", virtual(func(r *rehearsal) ending { return r.up().run("test", always(local.FaultResetBefore, "GET /")) })},

	{"TODO-OPEN-01", "no URL", virtual(func(r *rehearsal) ending { return r.run("open") })},
	{"TODO-OPEN-01", "a URL that was taken away", virtual(func(r *rehearsal) ending {
		a := r.up().account()
		a.done(a.Lambda.DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String(a.FunctionName())}))
		return r.run("open")
	})},

	{"TODO-ALARM-01", "somebody's alarm", foreignThing("alarm")},
	{"TODO-ALARM-01", "somebody's topic", foreignThing("topic")},
	{"TODO-ALARM-01", "somebody's budget", foreignThing("budget")},
	{"TODO-ALARM-02", "billing information switched off", onAccount(local.Config{Account: local.Account{BillingDenied: true}}, func(r *rehearsal) ending {
		end := r.up().run("status")
		hinted(r.T, end.out, "(todoctl explain TODO-ALARM-02)")
		return end
	})},
	{"TODO-ALARM-03", "no billing data", on(func(x *wire) string {
		x.must(0, "up", "--yes")
		return hinted(x.t, x.must(0, "status").out.String(), "(todoctl explain TODO-ALARM-03)")
	})},
	{"TODO-ALARM-04", "a mail that nobody answered", on(func(x *wire) string {
		return hinted(x.t, x.must(0, "up", "--yes", "--email", "me@example.com").errs.String(), "(todoctl explain TODO-ALARM-04)")
	})},
	{"TODO-ALARM-05", "no address", on(func(x *wire) string {
		return hinted(x.t, x.must(0, "up", "--yes").errs.String(), "nobody is told when a bill comes")
	})},

	{"TODO-BACKUP-01", "a folder that is not there", virtual(func(r *rehearsal) ending {
		return r.up().run("down --yes --backup " + filepath.Join(r.dir, "no", "b.jsonl"))
	})},
	{"TODO-BACKUP-02", "a name that is taken", virtual(func(r *rehearsal) ending {
		return r.up().run("down --yes --backup " + file(r.T, "b.jsonl", "mine"))
	})},
	{"TODO-BACKUP-03", "a full disk", func(t *testing.T) string {
		v := newVault(t, notes(3, 10)...)
		return v.todoctl(onDisk(&brokenDisk{k: 2, fail: syscall.ENOSPC, lasting: true}), "down", "--yes", "--backup", "b.jsonl").err
	}},
	{"TODO-BACKUP-04", "somebody writes meanwhile", virtual(func(r *rehearsal) ending {
		return r.up().run("down --yes --backup "+filepath.Join(r.dir, "b.jsonl"), local.Fault{Kind: local.FaultBefore, Operation: "Scan", Call: 3, Do: r.account().write})
	})},
	{"TODO-BACKUP-05", "a file that is no backup", func(t *testing.T) string {
		return saidBy(t, home(t), "restore", "--yes", file(t, "b.jsonl", "{}\n"))
	}},
	{"TODO-BACKUP-06", "a file that is not there", typing("restore", "--yes", "nowhere.jsonl")},
	{"TODO-BACKUP-06", "a folder for a file", func(t *testing.T) string { return saidBy(t, home(t), "restore", "--yes", t.TempDir()) }},
	{"TODO-BACKUP-07", "items in a table that was empty", virtual(func(r *rehearsal) ending {
		r.wantExit(r.run("up --yes --skip test"), exitDone)
		return r.run("down --yes", local.Fault{Kind: local.FaultBefore, Operation: "Scan", Call: 2, Do: r.account().write})
	})},
}

// notThroughTheURL is a policy for everything but the Function URL.
const notThroughTheURL = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"lambda:InvokeFunctionUrl","Resource":"*"}]}`

// foreignThing is a resource of todoctl's name that somebody else has made.
func foreignThing(name string) func(*testing.T) string {
	return virtual(func(r *rehearsal) ending {
		for _, x := range things {
			if x.name == name {
				x.make(r.account(), nil)
			}
		}
		end := r.run(upLine)
		if end.writes > 0 {
			r.Errorf("%d changes were made", end.writes)
		}
		return end
	})
}

// failing is a function that answers 502 and has written this into its log.
func failing(line, want string) func(*testing.T) string {
	return virtual(func(r *rehearsal) ending {
		a := r.up().account()
		group, stream := aws.String(a.LogGroupName()), aws.String("2026/11/23/[$LATEST]0")
		a.done(a.Logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}))
		a.done(a.Logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logstypes.InputLogEvent{
			{Timestamp: aws.Int64(time.Now().Add(-time.Second).UnixMilli()), Message: aws.String("START RequestId: 1\n")},
			{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(line)},
		}}))
		end := r.run("test", always(local.Fault500Before, "GET /"))
		hinted(r.T, end.err, want)
		if waits := strings.Contains(line, "AccessDenied"); waits != (len(callsOf(end.calls, "GET /")) > 3) {
			r.Errorf("it asks %d times", len(callsOf(end.calls, "GET /")))
		}
		return end
	})
}

// write puts an item into the table, behind todoctl's back.
func (a account) write() {
	a.done(a.DynamoDB.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(a.TableName()), Item: attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: "late"}}}))
}
