package main

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"todoctl/handler"
	"todoctl/local"
	"todoctl/provision"
)

// An account is what somebody else reaches: the same AWS, behind todoctl's back.
type account struct {
	t tester
	provision.Clients
	provision.Config // the names and ARNs of the stack Todo
}

func (r *rehearsal) account() account {
	client := &http.Client{Transport: r.cloud.Transport()}
	return account{
		t: r.T,
		Clients: provision.NewClients(aws.Config{
			Region: localRegion, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
			BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: client,
		}, client),
		Config: accountConfig,
	}
}

// accountConfig has the names and ARNs of the stack Todo.
var accountConfig = provision.Config{Account: local.AccountID, Partition: "aws", Region: localRegion, Stack: "Todo", Version: version}

// done ends the test when somebody else's call fails.
func (a account) done(_ any, err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// trust lets Lambda take a role.
const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// A thing is one of the seven resources that carry tags.
type thing struct {
	name   string // as in a sentence
	step   string // to which it belongs
	create string // the operation that makes it
	tags   string // the operation that reads its tags,
	of     string // and its service's signing name
	make   func(a account, tags map[string]string)
	remove func(a account)
}

func (x thing) String() string { return x.name }

// things are in the order in which up makes them.
var things = []thing{
	{
		name: "table", step: "table", create: "CreateTable", tags: "ListTagsOfResource", of: "dynamodb",
		make: func(a account, tags map[string]string) {
			in := &dynamodb.CreateTableInput{
				TableName: aws.String(a.TableName()), BillingMode: dynamodbtypes.BillingModePayPerRequest,
				AttributeDefinitions: []dynamodbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
				KeySchema:            []dynamodbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamodbtypes.KeyTypeHash}},
			}
			for k, v := range tags {
				in.Tags = append(in.Tags, dynamodbtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
			}
			a.done(a.DynamoDB.CreateTable(ctx, in))
		},
		remove: func(a account) {
			a.done(a.DynamoDB.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(a.TableName())}))
		},
	},
	{
		name: "role", step: "role", create: "CreateRole", tags: "GetRole", of: "iam",
		make: func(a account, tags map[string]string) {
			in := &iam.CreateRoleInput{RoleName: aws.String(a.RoleName()), AssumeRolePolicyDocument: aws.String(trust)}
			for k, v := range tags {
				in.Tags = append(in.Tags, iamtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
			}
			a.done(a.IAM.CreateRole(ctx, in))
		},
		remove: func(a account) {
			name := aws.String(a.RoleName())
			a.done(a.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String(a.PolicyName())}))
			a.done(a.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
		},
	},
	{
		name: "log group", step: "function", create: "CreateLogGroup", tags: "ListTagsForResource", of: "logs",
		make: func(a account, tags map[string]string) {
			a.done(a.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(a.LogGroupName()), Tags: tags}))
		},
		remove: func(a account) {
			a.done(a.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(a.LogGroupName())}))
		},
	},
	{
		name: "function", step: "function", create: "CreateFunction", tags: "ListTags", of: "lambda",
		make: func(a account, tags map[string]string) {
			role := aws.String("SomebodysRole")
			_, err := a.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: role})
			if err != nil {
				a.done(a.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: aws.String(trust)}))
			}
			a.done(a.Lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
				FunctionName: aws.String(a.FunctionName()), Runtime: lambdatypes.RuntimePython313, Handler: aws.String("a.b"),
				Role: aws.String("arn:aws:iam::" + a.Account + ":role/SomebodysRole"),
				Code: &lambdatypes.FunctionCode{ZipFile: a.defaultCode()}, Tags: tags,
			}))
		},
		remove: func(a account) {
			a.done(a.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String(a.FunctionName())}))
		},
	},
	{
		name: "topic", step: "alarm", create: "CreateTopic", tags: "ListTagsForResource", of: "sns",
		make: func(a account, tags map[string]string) {
			in := &sns.CreateTopicInput{Name: aws.String(a.TopicName())}
			for k, v := range tags {
				in.Tags = append(in.Tags, snstypes.Tag{Key: aws.String(k), Value: aws.String(v)})
			}
			a.done(a.SNS.CreateTopic(ctx, in))
		},
		remove: func(a account) {
			a.done(a.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: aws.String(a.TopicARN())}))
		},
	},
	{
		name: "alarm", step: "alarm", create: "PutMetricAlarm", tags: "ListTagsForResource", of: "monitoring",
		make: func(a account, tags map[string]string) {
			in := &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String(a.AlarmName()), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"),
				Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1),
				Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
			}
			for k, v := range tags {
				in.Tags = append(in.Tags, cloudwatchtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
			}
			a.done(a.Billing.PutMetricAlarm(ctx, in))
		},
		remove: func(a account) {
			a.done(a.Billing.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{a.AlarmName()}}))
		},
	},
	{
		name: "budget", step: "alarm", create: "CreateBudget", tags: "ListTagsForResource", of: "budgets",
		make: func(a account, tags map[string]string) {
			in := &budgets.CreateBudgetInput{AccountId: aws.String(a.Account), Budget: &budgetstypes.Budget{
				BudgetName: aws.String(a.BudgetName()), BudgetType: budgetstypes.BudgetTypeCost, TimeUnit: budgetstypes.TimeUnitMonthly,
				BudgetLimit: &budgetstypes.Spend{Amount: aws.String("100"), Unit: aws.String("USD")},
			}}
			for k, v := range tags {
				in.ResourceTags = append(in.ResourceTags, budgetstypes.ResourceTag{Key: aws.String(k), Value: aws.String(v)})
			}
			a.done(a.Budgets.CreateBudget(ctx, in))
		},
		remove: func(a account) {
			a.done(a.Budgets.DeleteBudget(ctx, &budgets.DeleteBudgetInput{AccountId: aws.String(a.Account), BudgetName: aws.String(a.BudgetName())}))
		},
	},
}

// ctx is that of calls behind todoctl's back: nothing cuts them off.
var ctx = context.Background()

// settled lets the account's lags and the youth of its resources pass.
func settled() { time.Sleep(time.Minute) } // virtual

func (a account) defaultCode() []byte {
	a.t.Helper()
	code, err := handler.Default("")
	a.done(code, err)
	return code.Zip
}

// older puts the code of an earlier todoctl into the function, as that one did.
func (a account) older() {
	a.t.Helper()
	out, err := a.Lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String(a.FunctionName()), ZipFile: a.otherCode()})
	a.done(out, err)
	a.done(a.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(a.FunctionARN()), Tags: map[string]string{
		provision.TagSHA256: *out.CodeSha256,
	}}))
	settled()
}

// otherCode is a package that is not todoctl's.
func (a account) otherCode() []byte {
	a.t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("lambda_function.py")
	a.done(f, err)
	a.done(f.Write([]byte("def lambda_handler(event, context):\n    return 1\n")))
	a.done(nil, w.Close())
	return b.Bytes()
}
