package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
)

func TestFunctionIsPendingBeforeItIsActive(t *testing.T) {
	b := newLambdaBench(t, func(c *local.Config) { c.Lags.FunctionCreate = 2 * time.Second })
	role, code := b.role(), lambdaCode(t)
	made, err := b.lambda.CreateFunction(t.Context(), lambdaInput(role, code))
	if err != nil {
		t.Fatal(err)
	}
	if made.State != types.StatePending || made.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Errorf("created: state %s, last update %s", made.State, made.LastUpdateStatus)
	}
	if *made.CodeSha256 != lambdaSHA(code) || made.CodeSize != int64(len(code)) || *made.Version != "$LATEST" ||
		*made.FunctionArn != "arn:aws:lambda:eu-central-1:000000000000:function:F" || *made.LastModified != "2026-11-23T10:00:00.000+0000" {
		t.Errorf("created: %s, %d bytes, version %s, %s, %s", *made.CodeSha256, made.CodeSize, *made.Version, *made.FunctionArn, *made.LastModified)
	}
	const pending = "The function is currently in the following state: Pending"
	_, err = b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceConflictException", pending)
	_, err = b.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("F"), ZipFile: code})
	wantLambdaError(t, err, "ResourceConflictException", pending)
	_, err = b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "NONE"})
	wantLambdaError(t, err, "ResourceConflictException", pending)

	b.turn(2 * time.Second)
	got, err := b.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("F")})
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Configuration; c.State != types.StateActive || c.LastUpdateStatus != types.LastUpdateStatusSuccessful || *c.RevisionId != *made.RevisionId {
		t.Errorf("later: state %s, last update %s", c.State, c.LastUpdateStatus)
	}
	if !maps.Equal(got.Tags, map[string]string{"a": "b"}) || got.Concurrency != nil {
		t.Errorf("tags %v, concurrency %v", got.Tags, got.Concurrency)
	}
}

func TestCodeLocationHoldsTheCode(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	got, err := b.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("F")})
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.http.Get(*got.Code.Location)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	code, err := io.ReadAll(res.Body)
	if err != nil || !bytes.Equal(code, lambdaCode(t)) {
		t.Errorf("the location gives %d bytes (%v)", len(code), err)
	}
}

func TestOldCodeAnswersWhileAnUpdateIsInProgress(t *testing.T) {
	b := newLambdaBench(t, func(c *local.Config) { c.Lags.FunctionUpdate = time.Second })
	b.function()
	other := lambdaZip(t, map[string]string{"lambda_function.py": "other"})
	out, err := b.lambda.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("F"), ZipFile: other})
	if err != nil {
		t.Fatal(err)
	}
	if out.LastUpdateStatus != types.LastUpdateStatusInProgress || out.State != types.StateActive || *out.CodeSha256 != lambdaSHA(other) {
		t.Errorf("updated: %s, %s", out.LastUpdateStatus, out.State)
	}
	_, err = b.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("F"), Timeout: aws.Int32(9)})
	wantLambdaError(t, err, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:eu-central-1:000000000000:function:F")

	run, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")})
	if err != nil || run.FunctionError != nil {
		t.Errorf("while it is in progress: %v, %s", err, run.Payload)
	}
	b.turn(time.Second)
	run, err = b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")})
	if err != nil || aws.ToString(run.FunctionError) != "Unhandled" || !strings.Contains(string(run.Payload), "needs python3 with boto3") {
		t.Errorf("the new code, which has no twin: %v, %s", err, run.Payload)
	}
}

func TestRevisionGuardsAnUpdate(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	_, err := b.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("F"), Timeout: aws.Int32(9), RevisionId: aws.String("another")})
	wantLambdaError(t, err, "PreconditionFailedException", "The RevisionId provided does not match")
	c, err := b.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("F")})
	if err != nil || *c.Timeout != 5 {
		t.Fatalf("%v, timeout %d", err, *c.Timeout)
	}
	out, err := b.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String("F"), Timeout: aws.Int32(9), RevisionId: c.RevisionId})
	if err != nil || *out.Timeout != 9 || *out.MemorySize != 256 || *out.RevisionId == *c.RevisionId {
		t.Errorf("%v, timeout %d, memory %d", err, *out.Timeout, *out.MemorySize)
	}
}

func TestCreateFunctionRefuses(t *testing.T) {
	b := newLambdaBench(t, func(c *local.Config) { c.Lags.RoleAssume = 8 * time.Second })
	role, code := b.role(), lambdaCode(t)
	_, err := b.lambda.CreateFunction(t.Context(), lambdaInput(role, code))
	wantLambdaError(t, err, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	b.turn(8 * time.Second)

	for _, c := range []struct {
		name       string
		change     func(*lambda.CreateFunctionInput)
		code, part string
	}{
		{"a role that is not there", func(in *lambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::000000000000:role/None") },
			"InvalidParameterValueException", "cannot be assumed by Lambda"},
		{"no zip", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("PK no") }, "InvalidParameterValueException", "Could not unzip uploaded file"},
		{"an empty zip", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = lambdaZip(t, nil) }, "InvalidParameterValueException", "non-empty zip"},
		{"an unknown runtime", func(in *lambda.CreateFunctionInput) { in.Runtime = "python9" }, "InvalidParameterValueException", "Value python9 at 'runtime' failed to satisfy constraint"},
		{"an old runtime", func(in *lambda.CreateFunctionInput) { in.Runtime = types.RuntimePython38 }, "InvalidParameterValueException", "no longer supported"},
		{"what this machine cannot run", func(in *lambda.CreateFunctionInput) { in.Runtime = types.RuntimeRuby33 }, "NotImplemented", "ruby3.3"},
		{"too long", func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "less than or equal to 900"},
		{"no time", func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(0) }, "ValidationException", "greater than or equal to 1"},
		{"too little memory", func(in *lambda.CreateFunctionInput) { in.MemorySize = aws.Int32(64) }, "InvalidParameterValueException", "MemorySize"},
		{"a bad name", func(in *lambda.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", "functionName"},
		{"a reserved variable", func(in *lambda.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}}
		}, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		{"a layer", func(in *lambda.CreateFunctionInput) { in.Layers = []string{"x"} }, "NotImplemented", "Layers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := lambdaInput(role, code)
			c.change(in)
			_, err := b.lambda.CreateFunction(t.Context(), in)
			wantLambdaError(t, err, c.code, c.part)
		})
	}
	if _, err := b.lambda.CreateFunction(t.Context(), lambdaInput(role, code)); err != nil {
		t.Fatal(err)
	}
	_, err = b.lambda.CreateFunction(t.Context(), lambdaInput(role, code))
	wantLambdaError(t, err, "ResourceConflictException", "Function already exist: F")
}

func TestDeleteTakesTheURLAndThePolicyAlong(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	url := b.url(nil)
	if res, _ := b.send("GET", url, ""); res.StatusCode != 200 {
		t.Fatalf("before: %d", res.StatusCode)
	}
	if _, err := b.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("F")}); err != nil {
		t.Fatal(err)
	}
	_, err := b.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:000000000000:function:F")
	_, err = b.lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceNotFoundException", "")
	_, err = b.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceNotFoundException", "")
	if res, _ := b.send("GET", url, ""); res.StatusCode == 200 {
		t.Error("the URL still answers")
	}
	list, err := b.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil || len(list.Functions) != 0 {
		t.Errorf("%v, %d functions are left", err, len(list.Functions))
	}
}

func TestFunctionIsFoundByNameAndARN(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	for _, name := range []string{"F", "F:$LATEST", "000000000000:function:F", "arn:aws:lambda:eu-central-1:000000000000:function:F", "arn:aws:lambda:eu-central-1:000000000000:function:F:$LATEST"} {
		if c, err := b.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(name)}); err != nil || *c.FunctionName != "F" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := b.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("F"), Qualifier: aws.String("prod")})
	wantLambdaError(t, err, "ResourceNotFoundException", ":prod")
}

func TestTagsComeAndGo(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	arn := aws.String("arn:aws:lambda:eu-central-1:000000000000:function:F")
	if _, err := b.lambda.TagResource(t.Context(), &lambda.TagResourceInput{Resource: arn, Tags: map[string]string{"c": "d", "e": "f"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.lambda.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: arn, TagKeys: []string{"a", "e"}}); err != nil {
		t.Fatal(err)
	}
	out, err := b.lambda.ListTags(t.Context(), &lambda.ListTagsInput{Resource: arn})
	if err != nil || !maps.Equal(out.Tags, map[string]string{"c": "d"}) {
		t.Errorf("%v, tags %v", err, out.Tags)
	}
}

func TestStatementsAreWrittenAsAWSWritesThem(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	_, err := b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")

	want := []string{
		`{"Sid":"One","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:F","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}`,
		`{"Sid":"Two","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:F","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`,
		`{"Sid":"Three","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:F"}`,
		`{"Sid":"Four","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:eu-central-1:000000000000:function:F","Condition":{"StringEquals":{"AWS:SourceAccount":"123456789012"}}}`,
	}
	in := append(lambdaPublic(),
		&lambda.AddPermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("Three"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("123456789012")},
		&lambda.AddPermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("Four"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com"), SourceAccount: aws.String("123456789012")},
	)
	for i := range in {
		out, err := b.lambda.AddPermission(t.Context(), in[i])
		if err != nil {
			t.Fatal(err)
		}
		if *out.Statement != want[i] {
			t.Errorf("statement %d is\n%s, want\n%s", i, *out.Statement, want[i])
		}
	}
	out, err := b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("F")})
	if err != nil {
		t.Fatal(err)
	}
	if policy := `{"Version":"2012-10-17","Id":"default","Statement":[` + strings.Join(want, ",") + `]}`; *out.Policy != policy {
		t.Errorf("policy is\n%s, want\n%s", *out.Policy, policy)
	}

	_, err = b.lambda.AddPermission(t.Context(), in[0])
	wantLambdaError(t, err, "ResourceConflictException", "The statement id (One) provided already exists. Please provide a new statement id, or remove the existing statement.")
	for _, id := range []string{"One", "Two", "Three", "Four"} {
		if _, err := b.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("F"), StatementId: aws.String(id)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("One")})
	wantLambdaError(t, err, "ResourceNotFoundException", "")
	_, err = b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("F")})
	wantLambdaError(t, err, "ResourceNotFoundException", "")
}

func TestAddPermissionRefuses(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	for _, c := range []struct {
		name, code, part string
		change           func(*lambda.AddPermissionInput)
	}{
		{"the URL's condition on the other action", "InvalidParameterValueException", "only supported for lambda:InvokeFunctionUrl action",
			func(in *lambda.AddPermissionInput) { in.Action = aws.String("lambda:InvokeFunction") }},
		{"a blank in the id", "ValidationException", "statementId", func(in *lambda.AddPermissionInput) { in.StatementId = aws.String("a b") }},
		{"another service's action", "ValidationException", "action", func(in *lambda.AddPermissionInput) { in.Action = aws.String("s3:GetObject") }},
		{"nobody's principal", "InvalidParameterValueException", "principal", func(in *lambda.AddPermissionInput) { in.Principal = aws.String("me") }},
		{"no such function", "ResourceNotFoundException", "Function not found", func(in *lambda.AddPermissionInput) { in.FunctionName = aws.String("G") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := lambdaPublic()[0]
			c.change(in)
			_, err := b.lambda.AddPermission(t.Context(), in)
			wantLambdaError(t, err, c.code, c.part)
		})
	}
}

func TestANewAccountCannotReserveConcurrency(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	name := aws.String("F")
	limits, err := b.lambda.GetAccountSettings(t.Context(), &lambda.GetAccountSettingsInput{})
	if err != nil || limits.AccountLimit.ConcurrentExecutions != 10 || limits.AccountUsage.FunctionCount != 1 {
		t.Fatalf("%v, %+v", err, limits)
	}
	_, err = b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(1)})
	wantLambdaError(t, err, "InvalidParameterValueException", "decreases account's UnreservedConcurrentExecution below its minimum value of [10]")

	if _, err := b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	got, err := b.lambda.GetFunctionConcurrency(t.Context(), &lambda.GetFunctionConcurrencyInput{FunctionName: name})
	if err != nil || got.ReservedConcurrentExecutions == nil || *got.ReservedConcurrentExecutions != 0 {
		t.Errorf("%v, %v", err, got.ReservedConcurrentExecutions)
	}
	_, err = b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: name})
	wantLambdaError(t, err, "TooManyRequestsException", "Rate Exceeded.")
	if _, err := b.lambda.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: name}); err != nil {
		t.Error(err)
	}
}

func TestInvokeHandsOverTheEventAndTheAnswer(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	b.does(func(_ context.Context, event []byte) ([]byte, error) {
		return append([]byte(`{"got":`), append(event, '}')...), nil
	})
	for _, event := range []string{`{"a":1}`, `[1,"x"]`, `"text"`, ``} {
		out, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F"), Payload: []byte(event)})
		if err != nil {
			t.Fatal(err)
		}
		want := `{"got":` + event + `}`
		if event == "" {
			want = `{"got":{}}`
		}
		if string(out.Payload) != want || out.StatusCode != 200 || out.FunctionError != nil || *out.ExecutedVersion != "$LATEST" {
			t.Errorf("%s: %d %s, %v", event, out.StatusCode, out.Payload, out.FunctionError)
		}
	}
	_, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F"), Payload: []byte("{")})
	wantLambdaError(t, err, "InvalidRequestContentException", "Could not parse")
	dry, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || dry.StatusCode != 204 {
		t.Errorf("dry run: %v, %d", err, dry.StatusCode)
	}
}

func TestEventInvocationRunsInTheBackground(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	ran := make(chan string, 1)
	b.does(func(_ context.Context, event []byte) ([]byte, error) {
		ran <- string(event)
		return []byte("null"), nil
	})
	out, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"a":1}`)})
	if err != nil || out.StatusCode != 202 || len(out.Payload) != 0 {
		t.Fatalf("%v, %d %s", err, out.StatusCode, out.Payload)
	}
	if got := <-ran; got != `{"a":1}` {
		t.Errorf("the function got %s", got)
	}
}

func TestAPanicIsTheFunctionsError(t *testing.T) {
	b := newLambdaBench(t, nil)
	b.function()
	b.does(func(context.Context, []byte) ([]byte, error) { panic("oh") })
	out, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")})
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" {
		t.Fatalf("%v, %v", err, out)
	}
	var said map[string]string
	if err := json.Unmarshal(out.Payload, &said); err != nil || said["errorMessage"] != "oh" {
		t.Errorf("%v, %s", err, out.Payload)
	}
	b.answers(`"well again"`)
	if res, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")}); err != nil || string(res.Payload) != `"well again"` {
		t.Errorf("afterwards: %v, %s", err, res.Payload)
	}
}

func TestLambdaAnswersWithAWSsStatus(t *testing.T) {
	b := newLambdaBench(t, nil)
	role := b.role()
	var statuses []string
	count := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		res, err := b.http.Transport.RoundTrip(r)
		if err == nil {
			statuses = append(statuses, res.Status[:3])
		}
		return res, err
	})}
	cfg := b.aws.Copy()
	cfg.HTTPClient = count
	c := lambda.NewFromConfig(cfg)
	name := aws.String("F")
	_, err1 := c.CreateFunction(t.Context(), lambdaInput(role, lambdaCode(t)))
	_, err2 := c.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: "NONE"})
	_, err3 := c.AddPermission(t.Context(), lambdaPublic()[0])
	_, err4 := c.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: name, StatementId: aws.String("One")})
	_, err5 := c.TagResource(t.Context(), &lambda.TagResourceInput{Resource: aws.String("arn:aws:lambda:eu-central-1:000000000000:function:F"), Tags: map[string]string{"x": "y"}})
	_, err6 := c.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: name})
	gone, err7 := c.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: name})
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
		if err != nil {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	if got := strings.Join(statuses, " "); got != "201 201 201 204 204 204 204" || gone.StatusCode != 204 {
		t.Errorf("statuses are %s, and the deletion says %d", got, gone.StatusCode)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
