package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.etcd.io/bbolt"
)

// logsService is CloudWatch Logs: groups, streams and events.
type logsService struct {
	*Server
	late lateLines
}

var logsPages = paging{size: 50, code: "InvalidParameterException", message: "The specified nextToken is invalid."}

// A groupDoc is a log group.
type groupDoc struct {
	Region    string
	Name      string
	Created   time.Time
	Retention int32 // days; 0 keeps events for ever
	Protected bool  // deletion protection
	Tags      map[string]string
	Bytes     int64 // of the events that are kept
}

// arn is the group's ARN as tags want it. IAM policies and the arn member of
// DescribeLogGroups have ":*" after it.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
func (d groupDoc) arn() string { return groupARN(d.Region, d.Name) }

func groupARN(region, name string) string {
	return "arn:aws:logs:" + region + ":" + AccountID + ":log-group:" + name
}

// cutoff is the time before which events are gone.
func (d groupDoc) cutoff(now time.Time) time.Time {
	if d.Retention == 0 {
		return time.Time{}
	}
	return now.AddDate(0, 0, -int(d.Retention))
}

var groupName = bounded(`^[.\-_/#A-Za-z0-9]+$`, 512)

// retentions are the periods that AWS accepts, in days.
var retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// CreateLogGroup makes a group that keeps its events for ever.
func (x *logsService) CreateLogGroup(ctx context.Context, in *logs.CreateLogGroupInput) (*logs.CreateLogGroupOutput, error) {
	name := aws.ToString(in.LogGroupName)
	if !groupName.MatchString(name) {
		return nil, logsInvalid(name, "logGroupName", `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	if in.KmsKeyId != nil {
		return nil, notImplemented("CreateLogGroup with kmsKeyId")
	}
	if in.LogGroupClass != "" && in.LogGroupClass != types.LogGroupClassStandard {
		return nil, notImplemented("CreateLogGroup with logGroupClass " + string(in.LogGroupClass))
	}
	doc := groupDoc{
		Region: from(ctx).region, Name: name, Created: x.cfg.Now(),
		Protected: aws.ToBool(in.DeletionProtectionEnabled), Tags: map[string]string{},
	}
	if err := addLogsTags(doc.Tags, in.Tags); err != nil {
		return nil, err
	}
	return &logs.CreateLogGroupOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		_, taken, err := get[groupDoc](tx, bucketGroups, key(doc.Region, name))
		if err != nil {
			return err
		}
		if taken {
			return &apiError{Code: "ResourceAlreadyExistsException", Message: "The specified log group already exists"}
		}
		if err := x.full("CreateLogGroup"); err != nil {
			return err
		}
		return put(tx, bucketGroups, key(doc.Region, name), doc)
	})
}

// DescribeLogGroups lists the groups of the Region by prefix or pattern. A
// prefix finds longer names too.
func (x *logsService) DescribeLogGroups(ctx context.Context, in *logs.DescribeLogGroupsInput) (*logs.DescribeLogGroupsOutput, error) {
	prefix, pattern := aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern)
	if prefix != "" && pattern != "" {
		return nil, &apiError{Code: "InvalidParameterException", Message: "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."}
	}
	if len(in.LogGroupIdentifiers) > 0 {
		return nil, notImplemented("DescribeLogGroups with logGroupIdentifiers")
	}
	if n := aws.ToInt32(in.Limit); in.Limit != nil && (n < 1 || n > 50) {
		return nil, logsInvalid(n, "limit", "Member must have value between 1 and 50")
	}
	region := from(ctx).region
	var docs []groupDoc
	if err := x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[groupDoc](tx, bucketGroups, key(region, prefix))
		return err
	}); err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(d groupDoc) bool {
		return x.young(d.Created, x.cfg.Lags.GroupVisible) || !strings.Contains(strings.ToLower(d.Name), strings.ToLower(pattern))
	})
	out := &logs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}}
	docs, next, err := page(docs, func(d groupDoc) string { return d.Name }, in.NextToken, in.Limit, logsPages)
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	for _, d := range docs {
		if d, err = x.expire(d); err != nil {
			return nil, err
		}
		g := types.LogGroup{
			Arn:                       aws.String(d.arn() + ":*"),
			CreationTime:              aws.Int64(d.Created.UnixMilli()),
			DeletionProtectionEnabled: aws.Bool(d.Protected),
			LogGroupArn:               aws.String(d.arn()),
			LogGroupClass:             types.LogGroupClassStandard,
			LogGroupName:              aws.String(d.Name),
			MetricFilterCount:         aws.Int32(0),
			StoredBytes:               aws.Int64(d.Bytes),
		}
		if d.Retention != 0 {
			g.RetentionInDays = aws.Int32(d.Retention)
		}
		out.LogGroups = append(out.LogGroups, g)
	}
	return out, nil
}

// PutRetentionPolicy sets how long events are kept.
func (x *logsService) PutRetentionPolicy(ctx context.Context, in *logs.PutRetentionPolicyInput) (*logs.PutRetentionPolicyOutput, error) {
	days := aws.ToInt32(in.RetentionInDays)
	if !slices.Contains(retentions, days) {
		set := strings.ReplaceAll(fmt.Sprint(retentions), " ", ", ")
		return nil, logsInvalid(days, "retentionInDays", "Member must satisfy enum value set: "+set)
	}
	return &logs.PutRetentionPolicyOutput{}, x.change(ctx, in.LogGroupName, func(d *groupDoc) error {
		d.Retention = days
		return nil
	})
}

// DeleteRetentionPolicy keeps events for ever again.
func (x *logsService) DeleteRetentionPolicy(ctx context.Context, in *logs.DeleteRetentionPolicyInput) (*logs.DeleteRetentionPolicyOutput, error) {
	return &logs.DeleteRetentionPolicyOutput{}, x.change(ctx, in.LogGroupName, func(d *groupDoc) error {
		d.Retention = 0
		return nil
	})
}

// PutLogGroupDeletionProtection switches the protection against DeleteLogGroup.
func (x *logsService) PutLogGroupDeletionProtection(ctx context.Context, in *logs.PutLogGroupDeletionProtectionInput) (*logs.PutLogGroupDeletionProtectionOutput, error) {
	name := strings.TrimSuffix(strings.TrimPrefix(aws.ToString(in.LogGroupIdentifier), groupARN(from(ctx).region, "")), ":*")
	return &logs.PutLogGroupDeletionProtectionOutput{}, x.change(ctx, &name, func(d *groupDoc) error {
		d.Protected = aws.ToBool(in.DeletionProtectionEnabled)
		return nil
	})
}

// DeleteLogGroup removes a group with its streams and events.
func (x *logsService) DeleteLogGroup(ctx context.Context, in *logs.DeleteLogGroupInput) (*logs.DeleteLogGroupOutput, error) {
	region := from(ctx).region
	return &logs.DeleteLogGroupOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getGroup(tx, region, in.LogGroupName)
		if err != nil {
			return err
		}
		if doc.Protected {
			return &apiError{Code: "ValidationException", Message: "The log group has deletion protection enabled and cannot be deleted."}
		}
		for _, bucket := range []string{bucketStreams, bucketEvents} {
			if err := removeAll(tx, bucket, streamKey(region, doc.Name, "")); err != nil {
				return err
			}
		}
		return remove(tx, bucketGroups, key(region, doc.Name))
	})
}

// TagResource adds tags to a group.
func (x *logsService) TagResource(ctx context.Context, in *logs.TagResourceInput) (*logs.TagResourceOutput, error) {
	name, err := groupOf(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &logs.TagResourceOutput{}, x.change(ctx, &name, func(d *groupDoc) error { return addLogsTags(d.Tags, in.Tags) })
}

// UntagResource removes tags from a group.
func (x *logsService) UntagResource(ctx context.Context, in *logs.UntagResourceInput) (*logs.UntagResourceOutput, error) {
	name, err := groupOf(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &logs.UntagResourceOutput{}, x.change(ctx, &name, func(d *groupDoc) error {
		for _, k := range in.TagKeys {
			delete(d.Tags, k)
		}
		return nil
	})
}

// ListTagsForResource returns the tags of a group.
func (x *logsService) ListTagsForResource(ctx context.Context, in *logs.ListTagsForResourceInput) (*logs.ListTagsForResourceOutput, error) {
	name, err := groupOf(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	doc, err := x.look(from(ctx).region, &name)
	if err != nil {
		return nil, err
	}
	return &logs.ListTagsForResourceOutput{Tags: doc.Tags}, nil
}

// tagged lists the groups with their tags.
func (x *logsService) tagged() ([]taggedResource, error) {
	var found []taggedResource
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[groupDoc](tx, bucketGroups, "")
		found = make([]taggedResource, 0, len(docs))
		for _, d := range docs {
			found = append(found, taggedResource{ARN: d.arn(), Region: d.Region, Tags: d.Tags})
		}
		return err
	})
	return found, err
}

func (x *logsService) look(region string, name *string) (doc groupDoc, err error) {
	err = x.db.view(func(tx *bbolt.Tx) error {
		doc, err = x.getGroup(tx, region, name)
		return err
	})
	return doc, err
}

func (x *logsService) change(ctx context.Context, name *string, do func(*groupDoc) error) error {
	region := from(ctx).region
	return x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getGroup(tx, region, name)
		if err != nil {
			return err
		}
		if err := do(&doc); err != nil {
			return err
		}
		return put(tx, bucketGroups, key(region, doc.Name), doc)
	})
}

func (x *logsService) getGroup(tx *bbolt.Tx, region string, name *string) (groupDoc, error) {
	doc, ok, err := get[groupDoc](tx, bucketGroups, key(region, aws.ToString(name)))
	if err == nil && (!ok || x.young(doc.Created, x.cfg.Lags.GroupVisible)) {
		err = noGroup()
	}
	return doc, err
}

func noGroup() error {
	return &apiError{Code: "ResourceNotFoundException", Message: "The specified log group does not exist."}
}

// groupOf takes the name out of the ARN that the tag operations want: the one
// without ":*".
func groupOf(ctx context.Context, arn *string) (string, error) {
	name, ok := strings.CutPrefix(aws.ToString(arn), groupARN(from(ctx).region, ""))
	if !ok || !groupName.MatchString(name) {
		return "", &apiError{Code: "InvalidParameterException", Message: "Invalid resource arn: " + aws.ToString(arn)}
	}
	return name, nil
}

func addLogsTags(have, tags map[string]string) error {
	for k, v := range tags {
		if k == "" || len(k) > 128 || len(v) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return &apiError{Code: "InvalidParameterException", Message: "Invalid tag: " + k}
		}
		have[k] = v
	}
	if len(have) > 50 {
		return &apiError{Code: "TooManyTagsException", Message: "The number of tags exceeds the limit of 50."}
	}
	return nil
}

// logsInvalid is the error of a member out of its range, in the words of AWS's
// model validation.
func logsInvalid(value any, member, constraint string) error {
	return &apiError{Code: "InvalidParameterException",
		Message: fmt.Sprintf("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint)}
}
