package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/handler"
	"todoctl/local"
)

const somebodysRole = "SomebodysRole" // of somebody else's function

func (l *life) timePasses() {
	d := draw(l, "how long", time.Second, time.Minute, 3*time.Hour, 72*time.Hour)
	time.Sleep(d) // virtual
	l.deeds = append(l.deeds, fmt.Sprint(d, " pass"))
}

func (l *life) strangerComes() {
	what := draw(l, "stranger", slices.Sorted(maps.Keys(strangers))...)
	before := l.documents()
	if err := strangers[what](l); err != nil {
		l.rt.Skip("the name is taken")
	}
	time.Sleep(time.Minute) // virtual: its tags would show by now
	docs := l.documents()
	maps.DeleteFunc(docs, func(name, doc string) bool {
		old, was := before[name]
		another := old != doc && strings.Contains(old, `"Deleted":"`) // one of this name was on its way out
		return was && !another
	})
	l.foreign[what] = docs
	l.deeds = append(l.deeds, "somebody else's "+what)
}

// neighbourComes has somebody use todoctl for a stack of another name.
func (l *life) neighbourComes() {
	if l.foreign["neighbour"] != nil {
		l.rt.Skip("there is one")
	}
	l.flapped()
	before := l.documents()
	end := l.run(upLine + " --stack Mine")
	l.must(end.exit == exitDone, "the neighbour's up exits %d:\n%s", end.exit, end.err)
	docs := l.documents()
	for name, doc := range before {
		gone := docs[name] == "" && strings.Contains(doc, `"Deleted":"`) // it was on its way
		l.must(docs[name] == doc || gone, "the neighbour's up has changed %s from\n%s\nto\n%s", name, doc, docs[name])
		delete(docs, name)
	}
	l.foreign["neighbour"] = docs
	l.deeds = append(l.deeds, "a neighbour's up")
}

func (l *life) strangerGoes() {
	if len(l.foreign) == 0 {
		l.rt.Skip("there is none")
	}
	l.evict(draw(l, "stranger", slices.Sorted(maps.Keys(l.foreign))...))
}

func (l *life) evict(what string) {
	var err error
	switch what {
	case "neighbour":
		l.flapped()
		end := l.run(downLine + " --stack Mine")
		l.must(end.exit == exitDone, "the neighbour's down exits %d:\n%s", end.exit, end.err)
	case somebodysRole:
		_, err = l.aws.IAM.DeleteRole(l.Context(), &iam.DeleteRoleInput{RoleName: aws.String(somebodysRole)})
	default:
		err = losses[what](l)
	}
	if what == "function" {
		_, gone := l.aws.IAM.DeleteRole(l.Context(), &iam.DeleteRoleInput{RoleName: aws.String(somebodysRole)})
		err = errors.Join(err, gone)
	}
	l.must(err == nil, "%v", err)
	delete(l.foreign, what)
	l.deeds = append(l.deeds, "no more of somebody else's "+what)
}

func (l *life) loss() {
	what := draw(l, "what", slices.Sorted(maps.Keys(losses))...)
	if l.foreign[what] != nil || what == "url" && l.foreign["function"] != nil || losses[what](l) != nil {
		l.rt.Skip("there is none of ours")
	}
	l.deeds = append(l.deeds, "somebody has deleted the "+what)
}

func (l *life) drift() {
	what := draw(l, "what", slices.Sorted(maps.Keys(changes))...)
	if l.foreign[what] != nil || (what == "url" || what == "statement") && l.foreign["function"] != nil || changes[what](l) != nil {
		l.rt.Skip("there is none of ours")
	}
	l.deeds = append(l.deeds, "somebody has changed the "+what)
}

// strangers make what has our name and not our tag.
var strangers = map[string]func(l *life) error{
	"table": func(l *life) error {
		_, err := l.aws.DynamoDB.CreateTable(l.Context(), &dynamodb.CreateTableInput{
			TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		})
		return err
	},
	"role": func(l *life) error {
		_, err := l.aws.IAM.CreateRole(l.Context(), &iam.CreateRoleInput{RoleName: aws.String("LambdaTodoRole"), AssumeRolePolicyDocument: aws.String(trust)})
		return err
	},
	"function": func(l *life) error {
		code, err := handler.Default("")
		if err != nil {
			return err
		}
		if _, err := l.aws.IAM.CreateRole(l.Context(), &iam.CreateRoleInput{RoleName: aws.String(somebodysRole), AssumeRolePolicyDocument: aws.String(trust)}); err != nil {
			return err
		}
		time.Sleep(time.Minute) // virtual: Lambda can assume it
		_, err = l.aws.Lambda.CreateFunction(l.Context(), &lambda.CreateFunctionInput{
			FunctionName: aws.String("TodoHandler"), Runtime: lambdatypes.RuntimePython312, Handler: aws.String("a.b"),
			Role: aws.String("arn:aws:iam::" + local.AccountID + ":role/" + somebodysRole), Code: &lambdatypes.FunctionCode{ZipFile: code.Zip},
		})
		if err != nil {
			_, gone := l.aws.IAM.DeleteRole(l.Context(), &iam.DeleteRoleInput{RoleName: aws.String(somebodysRole)})
			err = errors.Join(err, gone)
		}
		return err
	},
	"log group": func(l *life) error {
		if _, err := l.aws.Lambda.GetFunction(l.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("TodoHandler")}); err == nil {
			return errors.New("a group without a tag under a function of ours is the function's")
		}
		_, err := l.aws.Logs.CreateLogGroup(l.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/TodoHandler")})
		return err
	},
	"topic": func(l *life) error {
		if _, err := l.aws.SNS.ListTagsForResource(l.Context(), &sns.ListTagsForResourceInput{ResourceArn: topicARN}); err == nil {
			return errors.New("it is there")
		}
		_, err := l.aws.SNS.CreateTopic(l.Context(), &sns.CreateTopicInput{Name: aws.String("TodoBillingTopic")})
		return err
	},
	"alarm": func(l *life) error {
		out, err := l.aws.Billing.DescribeAlarms(l.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"TodoBillingAlarm"}})
		if err != nil || len(out.MetricAlarms) > 0 {
			return errors.Join(err, errors.New("it is there"))
		}
		return l.putAlarm("AWS/Lambda", "Errors")
	},
	"budget": func(l *life) error {
		_, err := l.aws.Budgets.CreateBudget(l.Context(), &budgets.CreateBudgetInput{AccountId: aws.String(local.AccountID), Budget: &budgetstypes.Budget{
			BudgetName: aws.String("TodoBudget"), BudgetType: budgetstypes.BudgetTypeCost, TimeUnit: budgetstypes.TimeUnitMonthly,
			BudgetLimit: &budgetstypes.Spend{Amount: aws.String("100"), Unit: aws.String("USD")},
		}})
		return err
	},
}

var topicARN = aws.String("arn:aws:sns:us-east-1:" + local.AccountID + ":TodoBillingTopic")

func (l *life) putAlarm(namespace, metric string) error {
	_, err := l.aws.Billing.PutMetricAlarm(l.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("TodoBillingAlarm"), Namespace: &namespace, MetricName: &metric, Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(300),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
	})
	return err
}

// losses take away what has our name, whoever made it.
var losses = map[string]func(l *life) error{
	"table": func(l *life) error {
		_, err := l.aws.DynamoDB.DeleteTable(l.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
		return err
	},
	"role": func(l *life) error {
		name := aws.String("LambdaTodoRole")
		attached, err := l.aws.IAM.ListAttachedRolePolicies(l.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: name})
		if err != nil {
			return err
		}
		for _, p := range attached.AttachedPolicies {
			if _, err := l.aws.IAM.DetachRolePolicy(l.Context(), &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: p.PolicyArn}); err != nil {
				return err
			}
		}
		_, _ = l.aws.IAM.DeleteRolePolicy(l.Context(), &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("TodoAccess")})
		_, err = l.aws.IAM.DeleteRole(l.Context(), &iam.DeleteRoleInput{RoleName: name})
		return err
	},
	"function": func(l *life) error {
		_, err := l.aws.Lambda.DeleteFunction(l.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("TodoHandler")})
		return err
	},
	"url": func(l *life) error {
		_, err := l.aws.Lambda.DeleteFunctionUrlConfig(l.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("TodoHandler")})
		return err
	},
	"log group": func(l *life) error {
		_, err := l.aws.Logs.DeleteLogGroup(l.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("/aws/lambda/TodoHandler")})
		return err
	},
	"topic": func(l *life) error {
		_, err := l.aws.SNS.DeleteTopic(l.Context(), &sns.DeleteTopicInput{TopicArn: topicARN})
		return err
	},
	"alarm": func(l *life) error {
		_, err := l.aws.Billing.DeleteAlarms(l.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"TodoBillingAlarm"}})
		return err
	},
	"budget": func(l *life) error {
		_, err := l.aws.Budgets.DeleteBudget(l.Context(), &budgets.DeleteBudgetInput{AccountId: aws.String(local.AccountID), BudgetName: aws.String("TodoBudget")})
		return err
	},
}

// changes are what somebody does to what todoctl has set, where it is there.
var changes = map[string]func(l *life) error{
	"table": func(l *life) error {
		_, err := l.aws.DynamoDB.UpdateTable(l.Context(), &dynamodb.UpdateTableInput{
			TableName: aws.String("TodoTable"), ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(25), WriteCapacityUnits: aws.Int64(10)},
		})
		return err
	},
	"role": func(l *life) error {
		_, err := l.aws.IAM.PutRolePolicy(l.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("LambdaTodoRole"), PolicyName: aws.String("TodoAccess"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
		})
		return err
	},
	"function": func(l *life) error {
		_, err := l.aws.Lambda.UpdateFunctionConfiguration(l.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("TodoHandler"), Timeout: aws.Int32(30), MemorySize: aws.Int32(128)})
		return err
	},
	"log group": func(l *life) error {
		_, err := l.aws.Logs.PutRetentionPolicy(l.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("/aws/lambda/TodoHandler"), RetentionInDays: aws.Int32(365)})
		return err
	},
	"url": func(l *life) error {
		_, err := l.aws.Lambda.UpdateFunctionUrlConfig(l.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("TodoHandler"), Cors: &lambdatypes.Cors{AllowOrigins: []string{"https://example.com"}}})
		return err
	},
	"statement": func(l *life) error {
		_, err := l.aws.Lambda.RemovePermission(l.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("TodoHandler"), StatementId: aws.String("FunctionURLAllowPublicAccess")})
		return err
	},
	"alarm": func(l *life) error {
		out, err := l.aws.Billing.DescribeAlarms(l.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"TodoBillingAlarm"}})
		if err != nil || len(out.MetricAlarms) == 0 {
			return errors.Join(err, errors.New("there is none"))
		}
		return l.putAlarm("AWS/Billing", "EstimatedCharges")
	},
}
