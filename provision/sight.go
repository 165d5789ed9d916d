package provision

import (
	"context"
	"time"

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
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// One method for each kind of resource: nil when there is none of that name.
// They ask AWS directly and not through the steps, so that a fault in a step's
// own look cannot hide what it left behind.

func (s search) table(ctx context.Context, name, arn string) (*sight, error) {
	out, err := s.c.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if err != nil {
		return nil, unlessGone(err)
	}
	if out.Table.TableStatus == dynamodbtypes.TableStatusDeleting {
		return &sight{note: "AWS is still deleting it"}, nil // its tags may be gone already
	}
	tags, err := s.c.DynamoDB.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(arn)})
	if err != nil {
		return nil, unlessGone(err)
	}
	return &sight{tags: tagMap(tags.Tags, func(t dynamodbtypes.Tag) (*string, *string) { return t.Key, t.Value })}, nil
}

func (s search) role(ctx context.Context, name, _ string) (*sight, error) {
	out, err := s.c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if err != nil {
		return nil, unlessGone(err)
	}
	return &sight{tags: tagMap(out.Role.Tags, func(t iamtypes.Tag) (*string, *string) { return t.Key, t.Value })}, nil
}

// function looks at the URL and at the resource policy as well: neither goes
// with the other.
func (s search) function(ctx context.Context, name, arn string) (*sight, error) {
	var seen *sight
	var url, policy *Remain
	err := together(ctx,
		func(ctx context.Context) error {
			out, err := s.c.Lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(name)})
			if err != nil {
				return unlessGone(err)
			}
			seen = &sight{tags: out.Tags}
			if seen.tags == nil {
				seen.tags = map[string]string{}
			}
			return nil
		},
		func(ctx context.Context) error {
			out, err := s.c.Lambda.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String(name)})
			if err != nil {
				return unlessGone(err)
			}
			url = &Remain{Kind: "url", Name: aws.ToString(out.FunctionUrl), ARN: arn}
			return nil
		},
		func(ctx context.Context) error {
			_, err := s.c.Lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(name)})
			if err != nil {
				return unlessGone(err)
			}
			policy = &Remain{Kind: "permission statements", Name: name, ARN: arn}
			return nil
		},
	)
	if err != nil {
		return nil, err
	}
	if seen == nil && (url != nil || policy != nil) {
		seen = &sight{note: "AWS is still deleting it"}
	}
	for _, part := range []*Remain{url, policy} {
		if part != nil {
			seen.parts = append(seen.parts, *part)
		}
	}
	return seen, nil
}

func (s search) logGroup(ctx context.Context, name, arn string) (*sight, error) {
	in := &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(name)}
	for {
		out, err := s.c.Logs.DescribeLogGroups(ctx, in)
		if err != nil {
			return nil, unlessGone(err)
		}
		for _, g := range out.LogGroups {
			if aws.ToString(g.LogGroupName) != name { // the call finds every name that begins so
				continue
			}
			tags, err := s.c.Logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
			if err != nil {
				return nil, unlessGone(err)
			}
			seen := &sight{tags: tags.Tags}
			if len(seen.tags) == 0 {
				seen.tags, seen.note = nil, untagged
				if made := time.UnixMilli(aws.ToInt64(g.CreationTime)); s.cfg.Clock.Now().Sub(made) > lateLogs {
					seen.note = "it was not made by todoctl: it has no tag " + TagStack + "; if nobody needs it: " + s.deleteLogGroup(name)
				}
			}
			return seen, nil
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return nil, nil
		}
	}
}

func (s search) topic(ctx context.Context, _, arn string) (*sight, error) {
	out, err := s.c.SNS.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: aws.String(arn)})
	if err != nil {
		return nil, unlessGone(err)
	}
	return &sight{tags: tagMap(out.Tags, func(t snstypes.Tag) (*string, *string) { return t.Key, t.Value })}, nil
}

func (s search) alarm(ctx context.Context, name, arn string) (*sight, error) {
	out, err := s.c.Billing.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil || len(out.MetricAlarms) == 0 {
		return nil, unlessGone(err)
	}
	tags, err := s.c.Billing.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(arn)})
	if err != nil {
		return nil, unlessGone(err)
	}
	return &sight{tags: tagMap(tags.Tags, func(t cloudwatchtypes.Tag) (*string, *string) { return t.Key, t.Value })}, nil
}

func (s search) budget(ctx context.Context, name, arn string) (*sight, error) {
	_, err := s.c.Budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: aws.String(s.cfg.Account), BudgetName: aws.String(name)})
	if err != nil {
		return nil, unlessGone(err)
	}
	out, err := s.c.Budgets.ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: aws.String(arn)})
	if err != nil {
		return nil, unlessGone(err)
	}
	return &sight{tags: tagMap(out.ResourceTags, func(t budgetstypes.ResourceTag) (*string, *string) { return t.Key, t.Value })}, nil
}
