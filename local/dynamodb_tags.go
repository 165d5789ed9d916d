package local

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

const maxTags = 50

// addTags returns tags with more, in DynamoDB's bounds.
func addTags(tags map[string]string, more []types.Tag) (map[string]string, error) {
	out := copyTags(tags)
	seen := map[string]bool{}
	for _, tag := range more {
		k, v := aws.ToString(tag.Key), aws.ToString(tag.Value)
		switch {
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return nil, invalid("Tag Key cannot be prefixed with aws:, Key: %s", k)
		case k == "" || utf8.RuneCountInString(k) > 128:
			return nil, invalid("The Tag Key provided is invalid, Key: %s", k)
		case utf8.RuneCountInString(v) > 256:
			return nil, invalid("The Tag Value provided is invalid, Value: %s", v)
		case seen[k]:
			return nil, invalid("Duplicate Tag Keys provided, Key: %s", k)
		}
		seen[k] = true
		out[k] = v
	}
	if len(out) > maxTags {
		return nil, invalid("Number of Tags exceed the current limit for the provided ResourceArn")
	}
	return out, nil
}

// tableOf is the name in a table's ARN.
func (x *dynamodbService) tableOf(ctx context.Context, arn *string) (string, error) {
	if arn == nil {
		return "", invalid("Invalid TableArn")
	}
	name, ok := strings.CutPrefix(*arn, "arn:aws:dynamodb:"+from(ctx).region+":"+AccountID+":table/")
	if !ok || name == "" {
		return "", invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", *arn)
	}
	return name, nil
}

func arnNotFound(arn *string) error {
	return &apiError{Code: "ResourceNotFoundException", Message: "Requested resource not found: ResourceArn: " + aws.ToString(arn) + " not found"}
}

// retag changes the tags of a table that is not being made or deleted.
func (x *dynamodbService) retag(ctx context.Context, arn *string, with func(tags map[string]string) (map[string]string, error)) error {
	name, err := x.tableOf(ctx, arn)
	if err != nil {
		return err
	}
	return x.change(func(tx *bbolt.Tx) error {
		shared, err := x.load(tx, from(ctx).region, name)
		if err != nil {
			return err
		}
		if shared == nil {
			return arnNotFound(arn)
		}
		t := *shared
		switch status, _ := t.status(x.cfg.Now(), x.cfg.Lags); status {
		case types.TableStatusCreating:
			return tableInUse("Table is being created: %s", name)
		case types.TableStatusDeleting:
			return tableInUse("Table is being deleted: %s", name)
		}
		if !x.young(t.Tagged, x.cfg.Lags.TableTags) {
			t.TagsBefore = t.Tags
		}
		if t.Tags, err = with(t.Tags); err != nil {
			return err
		}
		t.Tagged = x.cfg.Now()
		return put(tx, bucketTables, key(t.Region, name), t)
	})
}

// TagResource adds tags to a table, or changes their values.
func (x *dynamodbService) TagResource(ctx context.Context, in *dynamodb.TagResourceInput) (*dynamodb.TagResourceOutput, error) {
	if in.ResourceArn != nil && len(in.Tags) == 0 {
		return nil, invalid("Atleast one Tag needs to be provided as Input.")
	}
	err := x.retag(ctx, in.ResourceArn, func(tags map[string]string) (map[string]string, error) { return addTags(tags, in.Tags) })
	return &dynamodb.TagResourceOutput{}, err
}

// UntagResource takes tags off a table; those it does not have are no error.
func (x *dynamodbService) UntagResource(ctx context.Context, in *dynamodb.UntagResourceInput) (*dynamodb.UntagResourceOutput, error) {
	if in.ResourceArn != nil && len(in.TagKeys) == 0 {
		return nil, invalid("Atleast one Tag Key needs to be provided as Input.")
	}
	err := x.retag(ctx, in.ResourceArn, func(tags map[string]string) (map[string]string, error) {
		out := copyTags(tags)
		for _, k := range in.TagKeys {
			delete(out, k)
		}
		return out, nil
	})
	return &dynamodb.UntagResourceOutput{}, err
}

// ListTagsOfResource lists a table's tags by key, all on one page.
func (x *dynamodbService) ListTagsOfResource(ctx context.Context, in *dynamodb.ListTagsOfResourceInput) (*dynamodb.ListTagsOfResourceOutput, error) {
	name, err := x.tableOf(ctx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &dynamodb.ListTagsOfResourceOutput{Tags: []types.Tag{}}
	err = x.db.view(func(tx *bbolt.Tx) error {
		t, err := x.load(tx, from(ctx).region, name)
		if err != nil {
			return err
		}
		if t == nil || x.young(t.Created, x.cfg.Lags.TableVisible) {
			return arnNotFound(in.ResourceArn)
		}
		for k, v := range x.shownTags(t) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
		}
		slices.SortFunc(out.Tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
		return nil
	})
	return out, err
}

// shownTags are the tags that a look finds: for Lags.TableTags after a change
// those from before, which a new table has none of. "If you issue a
// ListTagsOfResource request immediately after a previous TagResource or
// CreateTable request", it may say so.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
func (x *dynamodbService) shownTags(t *tableDoc) map[string]string {
	if x.young(t.Tagged, x.cfg.Lags.TableTags) {
		return t.TagsBefore
	}
	return t.Tags
}

// tagged lists the tables of all Regions with their tags.
func (x *dynamodbService) tagged() ([]taggedResource, error) {
	var out []taggedResource
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[tableDoc](tx, bucketTables, "")
		for _, t := range docs {
			if status, _ := t.status(x.cfg.Now(), x.cfg.Lags); status != types.TableStatusDeleting {
				out = append(out, taggedResource{ARN: t.arn(), Region: t.Region, Tags: x.shownTags(&t)})
			}
		}
		return err
	})
	return out, err
}

// DescribeTimeToLive says that items do not expire here.
func (x *dynamodbService) DescribeTimeToLive(ctx context.Context, in *dynamodb.DescribeTimeToLiveInput) (*dynamodb.DescribeTimeToLiveOutput, error) {
	if _, err := x.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}); err != nil {
		return nil, err
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: &types.TimeToLiveDescription{TimeToLiveStatus: types.TimeToLiveStatusDisabled}}, nil
}

// DescribeContinuousBackups says that point-in-time recovery is off, which is
// how a table starts on AWS.
func (x *dynamodbService) DescribeContinuousBackups(ctx context.Context, in *dynamodb.DescribeContinuousBackupsInput) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	name, err := x.tableName(ctx, aws.ToString(in.TableName))
	if err != nil {
		return nil, err
	}
	if _, err := x.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}); err != nil {
		return nil, &apiError{Code: "TableNotFoundException", Message: "Table not found: " + name}
	}
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &types.ContinuousBackupsDescription{
		ContinuousBackupsStatus:        types.ContinuousBackupsStatusEnabled,
		PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: types.PointInTimeRecoveryStatusDisabled},
	}}, nil
}

// DescribeLimits answers AWS's starting quotas.
func (x *dynamodbService) DescribeLimits(context.Context, *dynamodb.DescribeLimitsInput) (*dynamodb.DescribeLimitsOutput, error) {
	return &dynamodb.DescribeLimitsOutput{
		AccountMaxReadCapacityUnits: aws.Int64(80000), AccountMaxWriteCapacityUnits: aws.Int64(80000),
		TableMaxReadCapacityUnits: aws.Int64(40000), TableMaxWriteCapacityUnits: aws.Int64(40000),
	}, nil
}

// DescribeEndpoints names this server: a client that follows it must not reach AWS.
func (x *dynamodbService) DescribeEndpoints(context.Context, *dynamodb.DescribeEndpointsInput) (*dynamodb.DescribeEndpointsOutput, error) {
	return &dynamodb.DescribeEndpointsOutput{Endpoints: []types.Endpoint{{
		Address: aws.String(strings.TrimPrefix(x.endpoint(), "http://")), CachePeriodInMinutes: 1440}}}, nil
}
