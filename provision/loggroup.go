package provision

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

type logsAPI interface {
	DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	ListTagsForResource(ctx context.Context, in *cloudwatchlogs.ListTagsForResourceInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsForResourceOutput, error)
	CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
	TagResource(ctx context.Context, in *cloudwatchlogs.TagResourceInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.TagResourceOutput, error)
	DeleteLogGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteLogGroupOutput, error)
}

// retentionDays is when log lines are deleted. Lambda's own groups keep them
// for ever.
const retentionDays = 7

// A logGroup is where the function's lines go. It is a part of the function's
// step: Lambda ties the two together by name alone.
type logGroup struct {
	cfg Config
	api logsAPI
}

// groupSeen is what a look at the group found; nil means that there is none.
type groupSeen struct {
	*types.LogGroup
	tags map[string]string
}

// find searches by prefix, because there is no other way, and compares the
// whole name. Groups come sorted, so the one with exactly this name is first.
func (g logGroup) find(ctx context.Context) (*types.LogGroup, error) {
	out, err := g.api.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(g.cfg.LogGroupName())})
	if err != nil {
		return nil, unlessGone(err)
	}
	for _, found := range out.LogGroups {
		if aws.ToString(found.LogGroupName) == g.cfg.LogGroupName() {
			return &found, nil
		}
	}
	return nil, nil
}

// tags are nil when there is no group.
func (g logGroup) tags(ctx context.Context) (map[string]string, error) {
	out, err := g.api.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(g.cfg.LogGroupARN())})
	if err != nil {
		return nil, unlessGone(err)
	}
	if out.Tags == nil {
		return map[string]string{}, nil
	}
	return out.Tags, nil
}

func (g logGroup) diffs(s *groupSeen) []Diff {
	if s == nil {
		return []Diff{{Field: "log group " + g.cfg.LogGroupName(), Have: "missing", Want: "there"}}
	}
	var diffs []Diff
	if ours, _ := g.cfg.owned(s.tags); !ours {
		diffs = append(diffs, Diff{Field: "log group's tag " + TagStack, Have: "missing", Want: g.cfg.Stack})
	}
	if s.RetentionInDays == nil {
		diffs = append(diffs, Diff{Field: "log retention", Have: "for ever", Want: days(retentionDays)})
	} else if *s.RetentionInDays != retentionDays {
		diffs = append(diffs, Diff{Field: "log retention", Have: days(*s.RetentionInDays), Want: days(retentionDays)})
	}
	return diffs
}

func days(n int32) string { return fmt.Sprintf("%d days", n) }

// ensure makes the group, or tags it. It says whether it was made now.
func (g logGroup) ensure(ctx context.Context, s *groupSeen) (made bool, err error) {
	if s == nil {
		_, err := g.api.CreateLogGroup(ctx, g.createInput())
		return err == nil, refusedOn(g.cfg.LogGroupARN(), err)
	}
	if ours, _ := g.cfg.owned(s.tags); !ours {
		_, err := g.api.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: aws.String(g.cfg.LogGroupARN()), Tags: g.cfg.Tags()})
		return false, err
	}
	return false, nil
}

// retain sets the retention where it is another one. The group may be so new
// that it is not found.
func (g logGroup) retain(ctx context.Context, s *groupSeen) error {
	if s != nil && aws.ToInt32(s.RetentionInDays) == retentionDays {
		return nil
	}
	return g.cfg.Clock.until(ctx, groupShowing, Spread, func() (bool, error, error) {
		_, err := g.api.PutRetentionPolicy(ctx, g.retainInput())
		if isGone(err) {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// createInput and retainInput are the group as it is asked for, in two calls,
// and as Elsewhere tells it.
func (g logGroup) createInput() *cloudwatchlogs.CreateLogGroupInput {
	return &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(g.cfg.LogGroupName()), Tags: g.cfg.Tags()}
}

func (g logGroup) retainInput() *cloudwatchlogs.PutRetentionPolicyInput {
	return &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName:    aws.String(g.cfg.LogGroupName()),
		RetentionInDays: aws.Int32(retentionDays),
	}
}

func (g logGroup) remove(ctx context.Context) error {
	_, err := g.api.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(g.cfg.LogGroupName())})
	return unlessGone(err)
}
