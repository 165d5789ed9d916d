package local

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"go.etcd.io/bbolt"
)

// TagResource adds tags to an alarm.
func (x *cloudwatchService) TagResource(ctx context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	return &cloudwatch.TagResourceOutput{}, x.changeTags(ctx, in.ResourceARN, func(tags map[string]string) error {
		return addAlarmTags(tags, in.Tags)
	})
}

// UntagResource removes tags from an alarm.
func (x *cloudwatchService) UntagResource(ctx context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	return &cloudwatch.UntagResourceOutput{}, x.changeTags(ctx, in.ResourceARN, func(tags map[string]string) error {
		for _, k := range in.TagKeys {
			delete(tags, k)
		}
		return nil
	})
}

// ListTagsForResource returns the tags of an alarm.
func (x *cloudwatchService) ListTagsForResource(ctx context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	name, err := alarmOf(ctx, in.ResourceARN)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	return out, x.db.view(func(tx *bbolt.Tx) error {
		doc, ok, err := get[alarmDoc](tx, bucketAlarms, key(from(ctx).region, name))
		if err != nil || !ok || x.young(doc.Created, x.cfg.Lags.AlarmVisible) {
			if err == nil {
				err = noAlarmResource(name)
			}
			return err
		}
		for _, k := range sortedKeys(doc.Tags) {
			out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(doc.Tags[k])})
		}
		return nil
	})
}

// tagged lists the alarms with their tags.
func (x *cloudwatchService) tagged() ([]taggedResource, error) {
	var found []taggedResource
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[alarmDoc](tx, bucketAlarms, "")
		found = make([]taggedResource, 0, len(docs))
		for _, d := range docs {
			found = append(found, taggedResource{ARN: d.arn(), Region: d.Region, Tags: d.Tags})
		}
		return err
	})
	return found, err
}

func (x *cloudwatchService) changeTags(ctx context.Context, arn *string, do func(map[string]string) error) error {
	name, err := alarmOf(ctx, arn)
	if err != nil {
		return err
	}
	err = x.change(from(ctx).region, name, func(d *alarmDoc) error { return do(d.Tags) })
	if e := (*apiError)(nil); errors.As(err, &e) && e.Code == "ResourceNotFound" {
		return noAlarmResource(name)
	}
	return err
}

// noAlarmResource is what the tag operations say where the others say
// ResourceNotFound: another shape, with other members.
func noAlarmResource(name string) error {
	return &apiError{
		Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: "Resource not found",
		Fields: map[string]any{"ResourceType": "Alarm", "ResourceId": name},
	}
}

func alarmOf(ctx context.Context, arn *string) (string, error) {
	name, ok := strings.CutPrefix(aws.ToString(arn), "arn:aws:cloudwatch:"+from(ctx).region+":"+AccountID+":alarm:")
	if !ok || name == "" {
		return "", metricInvalid("The value " + aws.ToString(arn) + " for parameter ResourceARN is invalid.")
	}
	return name, nil
}

func addAlarmTags(have map[string]string, tags []types.Tag) error {
	for _, t := range tags {
		k := aws.ToString(t.Key)
		if k == "" || len(k) > 128 || len(aws.ToString(t.Value)) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return metricInvalid("The tag key " + k + " is invalid.")
		}
		have[k] = aws.ToString(t.Value)
	}
	if len(have) > 50 {
		return metricInvalid("The number of tags exceeds the limit of 50.")
	}
	return nil
}
