package main

import (
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
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"todoctl/local"
)

// extras are what somebody adds to a resource of ours and todoctl does not
// audit. Said is what status says of it, where it matters.
var extras = []struct {
	name, step, said string
	add              func(a account)
}{
	{"a tag of the table", "table", "", func(a account) {
		a.done(a.DynamoDB.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: aws.String(a.TableARN()), Tags: []dynamodbtypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}}}))
	}},
	{"a tag of the role", "role", "", func(a account) {
		a.done(a.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String(a.RoleName()), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}}}))
	}},
	{"an inline policy", "role", "the policy Mine as well", func(a account) {
		a.done(a.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(a.RoleName()), PolicyName: aws.String("Mine"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)}))
	}},
	{"a tag of the function", "function", "", func(a account) {
		a.done(a.Lambda.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(a.FunctionARN()), Tags: map[string]string{"team": "x"}}))
	}},
	{"a description and variables", "function", "", func(a account) {
		a.updateFunction(&lambda.UpdateFunctionConfigurationInput{Description: aws.String("mine"), Environment: &lambdatypes.Environment{Variables: map[string]string{"MINE": "1"}}})
	}},
	{"a tag of the log group", "function", "", func(a account) {
		a.done(a.Logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: aws.String(a.LogGroupARN()), Tags: map[string]string{"team": "x"}}))
	}},
	{"exposed headers", "url", "", func(a account) {
		a.updateCORS(func(c *lambdatypes.Cors) { c.ExposeHeaders = append(c.ExposeHeaders, "x-mine") })
	}},
	{"a statement", "url", `the statement "Mine"`, func(a account) {
		a.done(a.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{FunctionName: aws.String(a.FunctionName()), StatementId: aws.String("Mine"),
			Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com")}))
	}},
	{"a tag of the topic", "alarm", "", func(a account) {
		a.done(a.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: aws.String(a.TopicARN()), Tags: []snstypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}}}))
	}},
	{"a subscription", "alarm", "", func(a account) {
		a.done(a.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(a.TopicARN()), Protocol: aws.String("email"), Endpoint: aws.String("somebody@example.com")}))
	}},
	{"a tag of the alarm", "alarm", "", func(a account) {
		a.done(a.Billing.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: aws.String(a.AlarmARN()), Tags: []cloudwatchtypes.Tag{{Key: aws.String("team"), Value: aws.String("x")}}}))
	}},
	{"actions of the alarm", "alarm", "", func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = append(in.AlarmActions, "arn:aws:sns:us-east-1:000000000000:Mine")
			in.OKActions = []string{"arn:aws:sns:us-east-1:000000000000:Mine"}
			in.InsufficientDataActions = []string{"arn:aws:sns:us-east-1:000000000000:Mine"}
		})
	}},
	{"a description of the alarm", "alarm", "", func(a account) {
		a.putAlarm(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmDescription = aws.String("mine") })
	}},
	{"a tag of the budget", "alarm", "", func(a account) {
		a.done(a.Budgets.TagResource(ctx, &budgets.TagResourceInput{ResourceARN: aws.String(a.BudgetARN()), ResourceTags: []budgetstypes.ResourceTag{{Key: aws.String("team"), Value: aws.String("x")}}}))
	}},
	{"filters of the budget", "alarm", "", func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.CostFilters = map[string][]string{"Service": {"Amazon DynamoDB"}} })
	}},
	{"taxes left out of the budget", "alarm", "", func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) { b.CostTypes.IncludeTax = aws.Bool(false) })
	}},
	{"a filter expression of the budget", "alarm", "counts what somebody's own filter says", func(a account) {
		a.updateBudget(func(b *budgetstypes.Budget) {
			b.CostTypes, b.CostFilters = nil, nil
			b.Metrics = []budgetstypes.Metric{budgetstypes.MetricUnblendedCost}
			b.FilterExpression = &budgetstypes.Expression{Dimensions: &budgetstypes.ExpressionDimensionValues{Key: budgetstypes.DimensionService, Values: []string{"Amazon DynamoDB"}}}
		})
	}},
	{"a notification of the budget", "alarm", "", func(a account) {
		a.done(a.Budgets.CreateNotification(ctx, &budgets.CreateNotificationInput{AccountId: aws.String(a.Account), BudgetName: aws.String(a.BudgetName()),
			Notification: &budgetstypes.Notification{NotificationType: budgetstypes.NotificationTypeForecasted, ComparisonOperator: budgetstypes.ComparisonOperatorGreaterThan, Threshold: 50, ThresholdType: budgetstypes.ThresholdTypePercentage},
			Subscribers:  []budgetstypes.Subscriber{{SubscriptionType: budgetstypes.SubscriptionTypeEmail, Address: aws.String("somebody@example.com")}}}))
	}},
}

// T13. What somebody has added to a resource of ours is no fault of it; and when
// a setting beside it is put back, the addition stays as it was made.
func TestAdditionsOfOthersStayWhenASettingIsPutBack(t *testing.T) {
	t.Parallel()
	cases := 0
	for i, x := range extras {
		beside := 0
		for _, d := range drifts {
			if d.step != x.step || strings.Contains(d.name, "log group") || d.name == "CORS removed" || d.name == "CORS "+x.name {
				continue // to make the group anew, to take all of CORS away or to write it over takes the addition along
			}
			if beside++; (i+beside)%sample(7) != 0 {
				continue
			}
			t.Run(x.name+", and "+d.name, func(t *testing.T) {
				rehearse(t, local.AWSLags, func(r *rehearsal) {
					r.wantExit(r.run(d.upFor()), exitDone)
					x.add(r.account())
					settled()
					with := r.contents()
					exit, fields, said := r.differing()
					if exit != exitDone || len(fields) > 0 {
						t.Errorf("with it, status exits %d and says that this differs: %v", exit, fields)
					}
					if !strings.Contains(said, x.said) {
						t.Errorf("status does not say %q of it:\n%s", x.said, said)
					}
					r.wantQuiet()
					if strings.HasPrefix(d.name, "budget counts") && strings.HasPrefix(x.name, "a filter expression") {
						cases++
						return // what is counted is the filter's business then
					}
					d.change(r.account())
					settled()
					r.wantExit(r.run(upLine), exitDone)
					unordered := func(text string) string { return strings.ReplaceAll(text, ",\n", "\n") }
					if diff := difference(unordered(with), unordered(r.contents())); diff != "" && diff != sameLines {
						r.Errorf("up has changed more than what had drifted:\n%s", diff)
					}
					r.wantQuiet()
					cases++
				})
			})
		}
	}
	promise(t, "T13", cases)
}
