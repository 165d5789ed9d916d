package local

import (
	"context"
	"reflect"
)

// An operation is one call of a service: how to make its input, and what it
// does. The tables below are all that the local AWS can do; reflection could
// find the methods, and would make the linker keep every method of the SDK.
type operation struct {
	input reflect.Type // the SDK's Input struct
	do    func(ctx context.Context, in any) (any, error)
}

// op makes an operation of a method that looks like the SDK client's.
func op[In, Out any](do func(context.Context, *In) (Out, error)) operation {
	return operation{
		input: reflect.TypeFor[In](),
		do:    func(ctx context.Context, in any) (any, error) { return do(ctx, in.(*In)) },
	}
}

func (x *budgetsService) operations() map[string]operation {
	return map[string]operation{
		"CreateBudget":                       op(x.CreateBudget),
		"CreateNotification":                 op(x.CreateNotification),
		"CreateSubscriber":                   op(x.CreateSubscriber),
		"DeleteBudget":                       op(x.DeleteBudget),
		"DeleteNotification":                 op(x.DeleteNotification),
		"DeleteSubscriber":                   op(x.DeleteSubscriber),
		"DescribeBudget":                     op(x.DescribeBudget),
		"DescribeBudgets":                    op(x.DescribeBudgets),
		"DescribeNotificationsForBudget":     op(x.DescribeNotificationsForBudget),
		"DescribeSubscribersForNotification": op(x.DescribeSubscribersForNotification),
		"ListTagsForResource":                op(x.ListTagsForResource),
		"TagResource":                        op(x.TagResource),
		"UntagResource":                      op(x.UntagResource),
		"UpdateBudget":                       op(x.UpdateBudget),
		"UpdateNotification":                 op(x.UpdateNotification),
		"UpdateSubscriber":                   op(x.UpdateSubscriber),
	}
}

func (x *cloudwatchService) operations() map[string]operation {
	return map[string]operation{
		"DeleteAlarms":        op(x.DeleteAlarms),
		"DescribeAlarms":      op(x.DescribeAlarms),
		"GetMetricStatistics": op(x.GetMetricStatistics),
		"ListMetrics":         op(x.ListMetrics),
		"ListTagsForResource": op(x.ListTagsForResource),
		"PutMetricAlarm":      op(x.PutMetricAlarm),
		"PutMetricData":       op(x.PutMetricData),
		"SetAlarmState":       op(x.SetAlarmState),
		"TagResource":         op(x.TagResource),
		"UntagResource":       op(x.UntagResource),
	}
}

func (x *dynamodbService) operations() map[string]operation {
	return map[string]operation{
		"CreateTable":               op(x.CreateTable),
		"DeleteTable":               op(x.DeleteTable),
		"DescribeContinuousBackups": op(x.DescribeContinuousBackups),
		"DescribeEndpoints":         op(x.DescribeEndpoints),
		"DescribeLimits":            op(x.DescribeLimits),
		"DescribeTable":             op(x.DescribeTable),
		"DescribeTimeToLive":        op(x.DescribeTimeToLive),
		"ListTables":                op(x.ListTables),
		"ListTagsOfResource":        op(x.ListTagsOfResource),
		"TagResource":               op(x.TagResource),
		"UntagResource":             op(x.UntagResource),
		"UpdateTable":               op(x.UpdateTable),
	}
}

func (x *freetierService) operations() map[string]operation {
	return map[string]operation{
		"GetAccountPlanState": op(x.GetAccountPlanState),
		"GetFreeTierUsage":    op(x.GetFreeTierUsage),
	}
}

func (x *iamService) operations() map[string]operation {
	return map[string]operation{
		"AttachRolePolicy":            op(x.AttachRolePolicy),
		"CreateRole":                  op(x.CreateRole),
		"DeleteRole":                  op(x.DeleteRole),
		"DeleteRolePolicy":            op(x.DeleteRolePolicy),
		"DetachRolePolicy":            op(x.DetachRolePolicy),
		"GetPolicy":                   op(x.GetPolicy),
		"GetRole":                     op(x.GetRole),
		"GetRolePolicy":               op(x.GetRolePolicy),
		"ListAccountAliases":          op(x.ListAccountAliases),
		"ListAttachedRolePolicies":    op(x.ListAttachedRolePolicies),
		"ListInstanceProfilesForRole": op(x.ListInstanceProfilesForRole),
		"ListRolePolicies":            op(x.ListRolePolicies),
		"ListRoleTags":                op(x.ListRoleTags),
		"ListRoles":                   op(x.ListRoles),
		"PutRolePolicy":               op(x.PutRolePolicy),
		"TagRole":                     op(x.TagRole),
		"UntagRole":                   op(x.UntagRole),
		"UpdateAssumeRolePolicy":      op(x.UpdateAssumeRolePolicy),
	}
}

func (x *lambdaService) operations() map[string]operation {
	return map[string]operation{
		"AddPermission":               op(x.AddPermission),
		"CreateFunction":              op(x.CreateFunction),
		"CreateFunctionUrlConfig":     op(x.CreateFunctionUrlConfig),
		"DeleteFunction":              op(x.DeleteFunction),
		"DeleteFunctionConcurrency":   op(x.DeleteFunctionConcurrency),
		"DeleteFunctionUrlConfig":     op(x.DeleteFunctionUrlConfig),
		"GetAccountSettings":          op(x.GetAccountSettings),
		"GetFunction":                 op(x.GetFunction),
		"GetFunctionConcurrency":      op(x.GetFunctionConcurrency),
		"GetFunctionConfiguration":    op(x.GetFunctionConfiguration),
		"GetFunctionUrlConfig":        op(x.GetFunctionUrlConfig),
		"GetPolicy":                   op(x.GetPolicy),
		"ListFunctionUrlConfigs":      op(x.ListFunctionUrlConfigs),
		"ListFunctions":               op(x.ListFunctions),
		"ListTags":                    op(x.ListTags),
		"PutFunctionConcurrency":      op(x.PutFunctionConcurrency),
		"RemovePermission":            op(x.RemovePermission),
		"TagResource":                 op(x.TagResource),
		"UntagResource":               op(x.UntagResource),
		"UpdateFunctionCode":          op(x.UpdateFunctionCode),
		"UpdateFunctionConfiguration": op(x.UpdateFunctionConfiguration),
		"UpdateFunctionUrlConfig":     op(x.UpdateFunctionUrlConfig),
	}
}

func (x *logsService) operations() map[string]operation {
	return map[string]operation{
		"CreateLogGroup":                op(x.CreateLogGroup),
		"CreateLogStream":               op(x.CreateLogStream),
		"DeleteLogGroup":                op(x.DeleteLogGroup),
		"DeleteLogStream":               op(x.DeleteLogStream),
		"DeleteRetentionPolicy":         op(x.DeleteRetentionPolicy),
		"DescribeLogGroups":             op(x.DescribeLogGroups),
		"DescribeLogStreams":            op(x.DescribeLogStreams),
		"FilterLogEvents":               op(x.FilterLogEvents),
		"GetLogEvents":                  op(x.GetLogEvents),
		"ListTagsForResource":           op(x.ListTagsForResource),
		"PutLogEvents":                  op(x.PutLogEvents),
		"PutLogGroupDeletionProtection": op(x.PutLogGroupDeletionProtection),
		"PutRetentionPolicy":            op(x.PutRetentionPolicy),
		"TagResource":                   op(x.TagResource),
		"UntagResource":                 op(x.UntagResource),
	}
}

func (x *snsService) operations() map[string]operation {
	return map[string]operation{
		"ConfirmSubscription":       op(x.ConfirmSubscription),
		"CreateTopic":               op(x.CreateTopic),
		"DeleteTopic":               op(x.DeleteTopic),
		"GetSubscriptionAttributes": op(x.GetSubscriptionAttributes),
		"GetTopicAttributes":        op(x.GetTopicAttributes),
		"ListSubscriptions":         op(x.ListSubscriptions),
		"ListSubscriptionsByTopic":  op(x.ListSubscriptionsByTopic),
		"ListTagsForResource":       op(x.ListTagsForResource),
		"ListTopics":                op(x.ListTopics),
		"SetTopicAttributes":        op(x.SetTopicAttributes),
		"Subscribe":                 op(x.Subscribe),
		"TagResource":               op(x.TagResource),
		"Unsubscribe":               op(x.Unsubscribe),
		"UntagResource":             op(x.UntagResource),
	}
}

func (x *stsService) operations() map[string]operation {
	return map[string]operation{
		"GetCallerIdentity": op(x.GetCallerIdentity),
	}
}

func (x *taggingService) operations() map[string]operation {
	return map[string]operation{
		"GetResources": op(x.GetResources),
	}
}
