package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"todoctl/local"
	"todoctl/provision"
)

// A drift is what somebody does to a setting that todoctl audits.
type drift struct {
	name   string
	step   string
	fields []string // as status names them
	change func(a account)
}

// upFor is the up that makes the setting: most are there by default.
func (d drift) upFor() string {
	if strings.HasPrefix(d.name, "index") {
		return upLine + " --index"
	}
	return upLine
}

var drifts = []drift{
	{"index's capacity", "table", []string{"index read capacity"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{GlobalSecondaryIndexUpdates: []dynamodbtypes.GlobalSecondaryIndexUpdate{{Update: &dynamodbtypes.UpdateGlobalSecondaryIndexAction{
			IndexName: aws.String("newest"), ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(5)}}}}})
	}},
	{"index's write capacity", "table", []string{"index write capacity"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{GlobalSecondaryIndexUpdates: []dynamodbtypes.GlobalSecondaryIndexUpdate{{Update: &dynamodbtypes.UpdateGlobalSecondaryIndexAction{
			IndexName: aws.String("newest"), ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(25)}}}}})
	}},
	{"capacity raised", "table", []string{"read capacity", "write capacity"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(25), WriteCapacityUnits: aws.Int64(10)}})
	}},
	{"read capacity lowered", "table", []string{"read capacity"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(5)}})
	}},
	{"write capacity raised", "table", []string{"write capacity"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(6)}})
	}},
	{"capacity on demand", "table", []string{"capacity mode"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{BillingMode: dynamodbtypes.BillingModePayPerRequest})
	}},
	{"table class", "table", []string{"table class"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{TableClass: dynamodbtypes.TableClassStandardInfrequentAccess})
	}},
	{"deletion protection added", "table", []string{"deletion protection"}, func(a account) {
		a.updateTable(&dynamodb.UpdateTableInput{DeletionProtectionEnabled: aws.Bool(true)})
	}},

	{"trust widened", "role", []string{"trust policy"}, func(a account) {
		a.done(a.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(a.RoleName()),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}}`)}))
	}},
	{"inline policy widened", "role", []string{"inline policy TodoAccess"}, func(a account) {
		a.done(a.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyName: aws.String(a.PolicyName()),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)}))
	}},
	{"inline policy removed", "role", []string{"inline policy TodoAccess"}, func(a account) {
		a.done(a.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyName: aws.String(a.PolicyName())}))
	}},
	{"the book's policy added", "role", []string{"managed policy AmazonDynamoDBFullAccess_v2"}, func(a account) {
		a.done(a.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2")}))
	}},

	{"the hash of the upload removed", "function", []string{"tag todoctl:sha256"}, func(a account) {
		a.done(a.Lambda.UntagResource(ctx, &lambda.UntagResourceInput{Resource: aws.String(a.FunctionARN()), TagKeys: []string{provision.TagSHA256}}))
	}},
	{"handler", "function", []string{"handler"}, func(a account) {
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{Handler: aws.String("other.handler")})
	}},
	{"another role", "function", []string{"role"}, func(a account) {
		other := aws.String("Other")
		made, err := a.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: other, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
		a.done(made, err)
		settled()
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{Role: made.Role.Arn})
		a.done(a.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: other}))
	}},
	{"timeout", "function", []string{"timeout"}, func(a account) {
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{Timeout: aws.Int32(900)})
	}},
	{"memory", "function", []string{"memory"}, func(a account) {
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{MemorySize: aws.Int32(1024)})
	}},
	{"architecture", "function", []string{"architecture"}, func(a account) {
		a.updateCode(&lambda.UpdateFunctionCodeInput{ZipFile: a.defaultCode(), Architectures: []lambdatypes.Architecture{lambdatypes.ArchitectureArm64}})
	}},
	{"retention changed", "function", []string{"log retention"}, func(a account) {
		a.done(a.Logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(a.LogGroupName()), RetentionInDays: aws.Int32(365)}))
	}},
	{"retention removed", "function", []string{"log retention"}, func(a account) {
		a.done(a.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String(a.LogGroupName())}))
	}},
	{"log group removed", "function", []string{"log group /aws/lambda/TodoHandler"}, func(a account) {
		a.done(a.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(a.LogGroupName())}))
	}},
	{"log group made again by Lambda", "function", []string{"log group's tag todoctl:stack", "log retention"}, func(a account) {
		name := aws.String(a.LogGroupName())
		a.done(a.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name}))
		a.done(a.Logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name}))
	}},

	{"CORS origins", "url", []string{"CORS origins"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.AllowOrigins = []string{"https://example.com"} })
	}},
	{"CORS methods", "url", []string{"CORS methods"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.AllowMethods = []string{"GET"} })
	}},
	{"CORS headers added", "url", []string{"CORS headers"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.AllowHeaders = append(c.AllowHeaders, "x-mine") })
	}},
	{"CORS headers removed", "url", []string{"CORS headers"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.AllowHeaders = nil })
	}},
	{"CORS exposed headers", "url", []string{"CORS exposed headers"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.ExposeHeaders = c.ExposeHeaders[:1] })
	}},
	{"CORS max age", "url", []string{"CORS max age"}, func(a account) { a.updateCORS(func(c *lambdatypes.Cors) { c.MaxAge = aws.Int32(1) }) }},
	{"CORS credentials added", "url", []string{"CORS credentials", "CORS origins"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) {
			c.AllowCredentials, c.AllowOrigins = aws.Bool(true), []string{"https://example.com"}
		})
	}},
	{"CORS removed", "url", []string{"CORS origins", "CORS methods", "CORS headers", "CORS exposed headers", "CORS max age"}, func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { *c = lambdatypes.Cors{} })
	}},
	{"first statement removed", "url", []string{"statement for lambda:InvokeFunctionUrl"}, func(a account) {
		a.done(a.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("FunctionURLAllowPublicAccess")}))
	}},
	{"second statement removed", "url", []string{"statement for lambda:InvokeFunction"}, func(a account) {
		a.done(a.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("FunctionURLInvokeAllowPublicAccess")}))
	}},

	{"alarm's namespace", "alarm", []string{"the alarm's namespace"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Namespace = aws.String("Mine") })
	}},
	{"alarm's metric", "alarm", []string{"the alarm's metric"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = aws.String("Other") })
	}},
	{"alarm's dimension", "alarm", []string{"the alarm's dimension"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Dimensions[0].Value = aws.String("EUR") })
	}},
	{"alarm's number of periods", "alarm", []string{"the alarm's number of periods"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(3) })
	}},
	{"alarm's statistic", "alarm", []string{"the alarm's statistic"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = cloudwatchtypes.StatisticAverage })
	}},
	{"alarm's period", "alarm", []string{"the alarm's period"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(86400) })
	}},
	{"alarm's missing data", "alarm", []string{"the alarm's missing data"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("notBreaching") })
	}},
	{"alarm's comparison", "alarm", []string{"the alarm's comparison"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.ComparisonOperator = cloudwatchtypes.ComparisonOperatorLessThanThreshold
		})
	}},
	{"alarm switched off", "alarm", []string{"the alarm's actions"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.ActionsEnabled = aws.Bool(false) })
	}},
	{"alarm's action removed", "alarm", []string{"the alarm's action"}, func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = slices.DeleteFunc(in.AlarmActions, func(arn string) bool { return arn == a.TopicARN() })
		})
	}},
	{"budget counts credits", "alarm", []string{"the budget's credits"}, func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.CostTypes.IncludeCredit = aws.Bool(true) })
	}},
	{"budget counts refunds", "alarm", []string{"the budget's refunds"}, func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.CostTypes.IncludeRefund = aws.Bool(true) })
	}},
	{"budget of usage", "alarm", []string{"the budget's type"}, func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.BudgetType = budgetstypes.BudgetTypeUsage })
	}},
	{"budget of a quarter", "alarm", []string{"the budget's time unit"}, func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.TimeUnit = budgetstypes.TimeUnitQuarterly })
	}},
}

func (a account) updateTable(in *dynamodb.UpdateTableInput) {
	in.TableName = aws.String(a.TableName())
	a.done(a.DynamoDB.UpdateTable(ctx, in))
}

func (a account) updateFunction(in *lambda.UpdateFunctionConfigurationInput) {
	in.FunctionName = aws.String(a.FunctionName())
	a.done(a.Lambda.UpdateFunctionConfiguration(ctx, in))
}

func (a account) updateCode(in *lambda.UpdateFunctionCodeInput) {
	in.FunctionName = aws.String(a.FunctionName())
	a.done(a.Lambda.UpdateFunctionCode(ctx, in))
}

// updateCORS changes one thing of the URL's settings and sends the rest back.
func (a account) updateCORS(change func(*lambdatypes.Cors)) {
	name := aws.String(a.FunctionName())
	now, err := a.Lambda.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: name})
	a.done(now, err)
	change(now.Cors)
	a.done(a.Lambda.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: name, Cors: now.Cors}))
}

// putAlarm changes one thing of the alarm and puts the rest back.
func (a account) putAlarm(change func(*cloudwatch.PutMetricAlarmInput)) {
	out, err := a.Billing.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{a.AlarmName()}})
	a.done(out, err)
	now := out.MetricAlarms[0]
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: now.AlarmName, AlarmDescription: now.AlarmDescription, Namespace: now.Namespace, MetricName: now.MetricName,
		Dimensions: now.Dimensions, Statistic: now.Statistic, Period: now.Period, EvaluationPeriods: now.EvaluationPeriods,
		ComparisonOperator: now.ComparisonOperator, Threshold: now.Threshold, TreatMissingData: now.TreatMissingData,
		ActionsEnabled: now.ActionsEnabled, AlarmActions: now.AlarmActions, OKActions: now.OKActions, InsufficientDataActions: now.InsufficientDataActions,
	}
	change(in)
	a.done(a.Billing.PutMetricAlarm(ctx, in))
}

// updateBudget changes one thing of the budget and sends the rest back.
func (a account) updateBudget(change func(*budgetstypes.Budget)) {
	out, err := a.Budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: aws.String(a.Account), BudgetName: aws.String(a.BudgetName())})
	a.done(out, err)
	change(out.Budget)
	a.done(a.Budgets.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: aws.String(a.Account), NewBudget: out.Budget}))
}

// differing is what status says differs, by step.
func (r *rehearsal) differing() (exit int, fields map[string][]string, advice string) {
	r.Helper()
	end := r.run(statusLine + " --output json")
	var doc document
	if err := json.Unmarshal([]byte(end.out), &doc); err != nil {
		r.Fatalf("%v:\n%s", err, end.out)
	}
	fields = map[string][]string{}
	for _, step := range doc.Steps {
		if step.State != "ok" {
			fields[step.Name] = []string{}
		}
		for _, d := range step.Diffs {
			fields[step.Name] = append(fields[step.Name], d.Field)
		}
		slices.Sort(fields[step.Name])
		advice += strings.Join(step.Advice, "\n") + "\n"
	}
	return end.exit, fields, advice
}

// T13. Whatever setting somebody changes, adds or removes, status names it and
// nothing else, and up puts back that setting and nothing else.
func TestEveryAuditedSettingIsNamedAndPutBack(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	cases := 0
	for i, d := range drifts {
		if i%sample(2) != 0 {
			continue
		}
		cases++
		t.Run(d.name, func(t *testing.T) {
			rehearse(t, local.AWSLags, func(r *rehearsal) {
				r.wantExit(r.run(d.upFor()), exitDone)
				clean := clean
				if d.upFor() != upLine {
					clean = r.contents()
				}
				address := r.url()
				d.change(r.account())
				settled()
				exit, fields, _ := r.differing()
				want := slices.Clone(d.fields)
				if slices.Sort(want); exit != exitDiffers || !slices.Equal(fields[d.step], want) {
					r.Errorf("status exits %d and says that of the %s %q differ, want %q", exit, d.step, fields[d.step], want)
				}
				delete(fields, d.step)
				if delete(fields, "test"); len(fields) > 0 { // what the API answers may well follow from it
					r.Errorf("status says that this differs as well: %v", fields)
				}
				r.wantExit(r.run(upLine), exitDone)
				if diff := difference(clean, r.contents()); diff != "" && diff != sameLines { // a statement that was put back is the last one
					r.Errorf("the account is not as after a clean up:\n%s", diff)
				}
				r.wantQuiet()
				if now := r.url(); now != address {
					r.Errorf("the URL was %s and is %s", address, now)
				}
			})
		})
	}
	promise(t, "T13", cases)
}
