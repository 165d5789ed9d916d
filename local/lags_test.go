package local_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/local"
)

// The calls that make one resource of each kind.

func lagTable(t *testing.T, b *lambdaBench) error {
	_, err := dynamodb.NewFromConfig(b.aws).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("Table"), BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
		Tags:                 []dynamodbtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	})
	return err
}

func lagRole(t *testing.T, b *lambdaBench) error {
	_, err := b.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("Other"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	return err
}

func lagPolicy(t *testing.T, b *lambdaBench) error {
	_, err := b.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("New"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`)})
	return err
}

func lagFunction(t *testing.T, b *lambdaBench) error {
	in := lambdaInput("arn:aws:iam::"+local.AccountID+":role/R", lambdaCode(t))
	in.FunctionName = aws.String("New")
	_, err := b.lambda.CreateFunction(t.Context(), in)
	return err
}

func lagURL(t *testing.T, b *lambdaBench) error {
	_, err := b.lambda.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("F"), AuthType: "NONE"})
	return err
}

func lagStatement(t *testing.T, b *lambdaBench) error {
	_, err := b.lambda.AddPermission(t.Context(), lambdaPublic()[0])
	return err
}

func lagGroup(t *testing.T, b *lambdaBench) error {
	_, err := logs.NewFromConfig(b.aws).CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("group")})
	return err
}

func lagTopic(t *testing.T, b *lambdaBench) error {
	_, err := sns.NewFromConfig(b.aws).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("topic")})
	return err
}

func lagSubscription(t *testing.T, b *lambdaBench) error {
	_, err := sns.NewFromConfig(b.aws).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String("arn:aws:sns:" + lambdaRegion + ":" + local.AccountID + ":topic"), Protocol: aws.String("email"), Endpoint: aws.String("me@example.com")})
	return err
}

func lagAlarm(t *testing.T, b *lambdaBench) error {
	_, err := cloudwatch.NewFromConfig(b.aws).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("alarm"),
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(300),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold})
	return err
}

func lagBudget(t *testing.T, b *lambdaBench) error {
	_, err := budgets.NewFromConfig(b.aws).CreateBudget(t.Context(), &budgets.CreateBudgetInput{AccountId: aws.String(local.AccountID), Budget: &budgetstypes.Budget{
		BudgetName: aws.String("budget"), BudgetType: budgetstypes.BudgetTypeCost, TimeUnit: budgetstypes.TimeUnitMonthly,
		BudgetLimit: &budgetstypes.Spend{Amount: aws.String("1"), Unit: aws.String("USD")}}})
	return err
}

// What is new is not found for as long as its lag says, and its name is taken.
func TestWhatIsNewIsNotFoundAtOnce(t *testing.T) {
	const lag = 10 * time.Second
	const missing = "ResourceNotFoundException"
	for _, c := range []struct {
		name   string
		set    func(*local.Lags)
		create func(*testing.T, *lambdaBench) error
		taken  string // the code of a second create; "" for those that take it
		look   func(context.Context, *lambdaBench) error
		code   string
	}{
		{"table", func(l *local.Lags) { l.TableVisible = lag }, lagTable, "ResourceInUseException", func(ctx context.Context, b *lambdaBench) error {
			_, err := dynamodb.NewFromConfig(b.aws).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("Table")})
			return err
		}, missing},
		{"tags of the table", func(l *local.Lags) { l.TableVisible = lag }, lagTable, "ResourceInUseException", func(ctx context.Context, b *lambdaBench) error {
			_, err := dynamodb.NewFromConfig(b.aws).ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{
				ResourceArn: aws.String("arn:aws:dynamodb:" + lambdaRegion + ":" + local.AccountID + ":table/Table")})
			return err
		}, missing},
		{"role", func(l *local.Lags) { l.RoleVisible = lag }, lagRole, "EntityAlreadyExists", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("Other")})
			return err
		}, "NoSuchEntity"},
		{"role to put a policy on", func(l *local.Lags) { l.RoleVisible = lag }, lagRole, "EntityAlreadyExists", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("Other"), Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
			return err
		}, "NoSuchEntity"},
		{"policy", func(l *local.Lags) { l.PolicyVisible = lag }, lagPolicy, "", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("New")})
			return err
		}, "NoSuchEntity"},
		{"function", func(l *local.Lags) { l.FunctionVisible = lag }, lagFunction, "ResourceConflictException", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("New")})
			return err
		}, missing},
		{"URL", func(l *local.Lags) { l.URLVisible = lag }, lagURL, "ResourceConflictException", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.lambda.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("F")})
			return err
		}, missing},
		{"statement", func(l *local.Lags) { l.StatementVisible = lag }, lagStatement, "ResourceConflictException", func(ctx context.Context, b *lambdaBench) error {
			_, err := b.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("F")})
			return err
		}, missing},
		{"log group", func(l *local.Lags) { l.GroupVisible = lag }, lagGroup, "ResourceAlreadyExistsException", func(ctx context.Context, b *lambdaBench) error {
			_, err := logs.NewFromConfig(b.aws).PutRetentionPolicy(ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("group"), RetentionInDays: aws.Int32(7)})
			return err
		}, missing},
		{"topic", func(l *local.Lags) { l.TopicVisible = lag }, lagTopic, "", func(ctx context.Context, b *lambdaBench) error {
			_, err := sns.NewFromConfig(b.aws).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String("arn:aws:sns:" + lambdaRegion + ":" + local.AccountID + ":topic")})
			return err
		}, "NotFound"},
		{"topic of one's own", func(l *local.Lags) { l.TopicAccess = lag }, lagTopic, "", func(ctx context.Context, b *lambdaBench) error {
			_, err := sns.NewFromConfig(b.aws).ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String("arn:aws:sns:" + lambdaRegion + ":" + local.AccountID + ":topic")})
			return err
		}, "AuthorizationError"},
		{"alarm", func(l *local.Lags) { l.AlarmVisible = lag }, lagAlarm, "", func(ctx context.Context, b *lambdaBench) error {
			_, err := cloudwatch.NewFromConfig(b.aws).ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch:" + lambdaRegion + ":" + local.AccountID + ":alarm:alarm")})
			return err
		}, missing},
		{"budget", func(l *local.Lags) { l.BudgetVisible = lag }, lagBudget, "DuplicateRecordException", func(ctx context.Context, b *lambdaBench) error {
			_, err := budgets.NewFromConfig(b.aws).DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: aws.String(local.AccountID), BudgetName: aws.String("budget")})
			return err
		}, "NotFoundException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newLambdaBench(t, func(cfg *local.Config) { c.set(&cfg.Lags) })
			if c.code != "NoSuchEntity" || c.name == "policy" { // the roles' own cases cannot make one at once
				b.function()
				b.turn(time.Hour)
			}
			if err := c.create(t, b); err != nil {
				t.Fatal(err)
			}
			wantLambdaError(t, c.look(t.Context(), b), c.code, "")
			if c.taken != "" {
				wantLambdaError(t, c.create(t, b), c.taken, "")
			}
			b.turn(lag - 1)
			wantLambdaError(t, c.look(t.Context(), b), c.code, "")
			b.turn(1)
			if err := c.look(t.Context(), b); err != nil {
				t.Errorf("after the lag: %v", err)
			}
		})
	}
}

// wantLooks looks for a role again and again, and wants it to be there, to be gone,
// or, where the copies differ, both.
func wantLooks(t *testing.T, b *lambdaBench, when string, there, gone bool) {
	t.Helper()
	yes, no := 0, 0
	for range 20 {
		_, err := b.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Other")})
		if err == nil {
			yes++
			continue
		}
		wantLambdaError(t, err, "NoSuchEntity", "")
		no++
	}
	if yes > 0 != there || no > 0 != gone {
		t.Errorf("%s it was there %d times of %d", when, yes, yes+no)
	}
}

// A copy is never further behind than its lag: of what time alone has changed while
// nobody looked it knows.
func TestACopyKnowsWhatChangedLongAgo(t *testing.T) {
	b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.Replica, cfg.Lags.RoleVisible = 10*time.Second, 5*time.Second })
	if err := lagRole(t, b); err != nil {
		t.Fatal(err)
	}
	wantLooks(t, b, "when it is new", false, true)
	b.turn(time.Minute)
	wantLooks(t, b, "a minute later", true, false)
}

// Of two copies that answer one is behind: a new role shows in some looks only, a
// deleted one shows again, and after the lag both say the same.
func TestReadsFlapWhileACopyIsBehind(t *testing.T) {
	b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.Replica = 10 * time.Second })
	want := func(when string, there, gone bool) {
		t.Helper()
		wantLooks(t, b, when, there, gone)
	}
	want("at first", false, true)
	if err := lagRole(t, b); err != nil {
		t.Fatal(err)
	}
	want("when it is new", true, true)
	b.turn(10 * time.Second)
	want("later", true, false)
	if _, err := b.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("Other")}); err != nil {
		t.Fatal(err)
	}
	want("when it was deleted", true, true)
	b.turn(10*time.Second - 1)
	want("a moment before the lag has passed", true, true)
	b.turn(1)
	want("in the end", false, true)
}

func TestTagsOfATableLag(t *testing.T) {
	b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.TableTags = 5 * time.Second })
	client := dynamodb.NewFromConfig(b.aws)
	arn := aws.String("arn:aws:dynamodb:" + lambdaRegion + ":" + local.AccountID + ":table/Table")
	wantTags := func(when string, want map[string]string) {
		t.Helper()
		out, err := client.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Tags) != len(want) {
			t.Errorf("%s: %d tags", when, len(out.Tags))
		}
		for _, tag := range out.Tags {
			if want[*tag.Key] != *tag.Value {
				t.Errorf("%s: %s=%s", when, *tag.Key, *tag.Value)
			}
		}
	}
	if err := lagTable(t, b); err != nil {
		t.Fatal(err)
	}
	wantTags("at once", nil)
	b.turn(5 * time.Second)
	wantTags("later", map[string]string{"a": "b"})
	for _, value := range []string{"c", "d"} {
		if _, err := client.TagResource(t.Context(), &dynamodb.TagResourceInput{ResourceArn: arn, Tags: []dynamodbtypes.Tag{{Key: aws.String("a"), Value: aws.String(value)}}}); err != nil {
			t.Fatal(err)
		}
		wantTags("after TagResource", map[string]string{"a": "b"})
	}
	b.turn(5 * time.Second)
	wantTags("in the end", map[string]string{"a": "d"})
}

func TestGetPolicyShowsARemovedStatementForAWhile(t *testing.T) {
	b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.StatementVisible = 5 * time.Second })
	b.function()
	if err := lagStatement(t, b); err != nil {
		t.Fatal(err)
	}
	b.turn(5 * time.Second)
	get := func() error {
		_, err := b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("F")})
		return err
	}
	remove := &lambda.RemovePermissionInput{FunctionName: aws.String("F"), StatementId: aws.String("One")}
	if _, err := b.lambda.RemovePermission(t.Context(), remove); err != nil {
		t.Fatal(err)
	}
	if err := get(); err != nil {
		t.Errorf("it does not show any more: %v", err)
	}
	_, err := b.lambda.RemovePermission(t.Context(), remove)
	wantLambdaError(t, err, "ResourceNotFoundException", "")
	b.turn(5 * time.Second)
	wantLambdaError(t, get(), "ResourceNotFoundException", "")
}

func TestLateLinesMakeTheLogGroupAnewIfTheRoleMay(t *testing.T) {
	for _, may := range []bool{true, false} {
		t.Run(map[bool]string{true: "it may", false: "it may not"}[may], func(t *testing.T) {
			b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.LogDelivery = 3 * time.Second })
			b.function()
			if !may {
				if _, err := b.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("P"),
					PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`)}); err != nil {
					t.Fatal(err)
				}
			}
			client := logs.NewFromConfig(b.aws)
			name := aws.String("/aws/lambda/F")
			if _, err := client.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: name, Tags: map[string]string{"a": "b"}}); err != nil {
				t.Fatal(err)
			}
			lines := func() int {
				out, err := client.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: name})
				if err != nil {
					t.Fatal(err)
				}
				return len(out.Events)
			}
			invoke := func() {
				if _, err := b.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("F")}); err != nil {
					t.Fatal(err)
				}
			}
			invoke()
			if n := lines(); n != 0 {
				t.Errorf("%d lines came at once", n)
			}
			b.turn(3 * time.Second)
			if lines() == 0 {
				t.Error("no lines came")
			}
			invoke()
			if _, err := client.DeleteLogGroup(t.Context(), &logs.DeleteLogGroupInput{LogGroupName: name}); err != nil {
				t.Fatal(err)
			}
			b.turn(3 * time.Second)
			out, err := client.DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{LogGroupNamePrefix: name})
			if err != nil {
				t.Fatal(err)
			}
			if !may {
				if len(out.LogGroups) > 0 {
					t.Error("the group is there again")
				}
				return
			}
			if len(out.LogGroups) != 1 || out.LogGroups[0].RetentionInDays != nil {
				t.Fatalf("the groups are %v", out.LogGroups)
			}
			tags, err := client.ListTagsForResource(t.Context(), &logs.ListTagsForResourceInput{ResourceArn: out.LogGroups[0].LogGroupArn})
			if err != nil || len(tags.Tags) > 0 {
				t.Errorf("its tags are %v (%v)", tags.Tags, err)
			}
		})
	}
}

func TestANewFunctionInheritsAURLThatWasNotDeleted(t *testing.T) {
	for later, inherits := range map[time.Duration]bool{9 * time.Second: true, 10 * time.Second: false} {
		b := newLambdaBench(t, func(cfg *local.Config) { cfg.Lags.URLDelete = 10 * time.Second })
		b.function()
		address := b.url(nil)
		if _, err := b.lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("F")}); err != nil {
			t.Fatal(err)
		}
		b.turn(later)
		if _, err := b.lambda.CreateFunction(t.Context(), lambdaInput("arn:aws:iam::"+local.AccountID+":role/R", lambdaCode(t))); err != nil {
			t.Fatal(err)
		}
		out, err := b.lambda.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("F")})
		if !inherits {
			wantLambdaError(t, err, "ResourceNotFoundException", "")
			continue
		}
		if err != nil || *out.FunctionUrl != address {
			t.Fatalf("the URL was %s and is %v (%v)", address, out, err)
		}
		res, _ := b.send("GET", address, "")
		if res.StatusCode != 403 {
			t.Errorf("without statements it answers %d", res.StatusCode)
		}
		for _, in := range lambdaPublic() {
			if _, err := b.lambda.AddPermission(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if res, body := b.send("GET", address, ""); res.StatusCode != 200 || body != "hello" {
			t.Errorf("it answers %d %s", res.StatusCode, body)
		}
	}
}
