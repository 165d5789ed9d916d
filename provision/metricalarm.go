package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

type alarmAPI interface {
	DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
	ListTagsForResource(ctx context.Context, in *cloudwatch.ListTagsForResourceInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.ListTagsForResourceOutput, error)
	PutMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricAlarmOutput, error)
	TagResource(ctx context.Context, in *cloudwatch.TagResourceInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.TagResourceOutput, error)
	DeleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.DeleteAlarmsOutput, error)
}

// The billing alarm's settings.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
const (
	alarmNamespace = "AWS/Billing"
	alarmMetric    = "EstimatedCharges"
	alarmCurrency  = "USD"
	alarmPeriod    = 21600 // seconds: AWS computes charges about every six hours
	alarmPeriods   = 1

	// alarmMissing leaves the alarm at INSUFFICIENT_DATA when no figures come,
	// which is how an unticked "Receive CloudWatch billing alerts" shows. With
	// "notBreaching" the alarm would say OK and watch nothing.
	alarmMissing = "missing"
)

// alarmSeen is the CloudWatch alarm.
type alarmSeen struct {
	part
	have  cloudwatchtypes.MetricAlarm // zero when Absent
	limit float64                     // US dollars, as it should be
}

func (s *alarmStep) lookAlarm(ctx context.Context) (seen alarmSeen, err error) {
	err = s.cfg.Clock.whole(ctx, func() (torn bool, err error) {
		seen, torn, err = s.glanceAlarm(ctx)
		return torn, err
	})
	return seen, err
}

func (s *alarmStep) glanceAlarm(ctx context.Context) (_ alarmSeen, torn bool, err error) {
	seen := alarmSeen{part: part{kind: "alarm", name: s.cfg.AlarmName()}, limit: s.limit(0)}
	seen.ID = s.cfg.AlarmARN()
	var alarms []cloudwatchtypes.MetricAlarm
	var tags map[string]string // nil when there is no alarm for this call
	err = together(ctx,
		func(ctx context.Context) error {
			out, err := s.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{seen.name}})
			if err == nil {
				alarms = out.MetricAlarms
			}
			return err
		},
		func(ctx context.Context) error {
			out, err := s.cloudwatch.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(seen.ID)})
			if err != nil {
				return unlessGone(err) // DescribeAlarms says whether it is there
			}
			tags = tagMap(out.Tags, func(t cloudwatchtypes.Tag) (*string, *string) { return t.Key, t.Value })
			return nil
		},
	)
	if err != nil || len(alarms) == 0 {
		return seen, false, seen.missing(err)
	}
	seen.have = alarms[0]
	seen.limit = s.limit(aws.ToFloat64(seen.have.Threshold))
	seen.Diffs = diffAlarm(seen.have, seen.limit, s.cfg.TopicARN())
	s.judge(&seen.part, tags)
	return seen, tags == nil && seen.State == Foreign, nil
}

// diffAlarm compares the settings that todoctl owns. Further actions are a
// person's own.
func diffAlarm(have cloudwatchtypes.MetricAlarm, limit float64, topic string) []Diff {
	var diffs []Diff
	compare := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: "the alarm's " + field, Have: cmp.Or(have, "missing"), Want: want})
		}
	}
	var dimensions []string
	for _, d := range have.Dimensions {
		dimensions = append(dimensions, aws.ToString(d.Name)+"="+aws.ToString(d.Value))
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	compare("namespace", aws.ToString(have.Namespace), alarmNamespace)
	compare("metric", aws.ToString(have.MetricName), alarmMetric)
	compare("dimension", strings.Join(dimensions, ", "), "Currency="+alarmCurrency)
	compare("statistic", string(have.Statistic), string(cloudwatchtypes.StatisticMaximum))
	compare("period", fmt.Sprintf("%d s", aws.ToInt32(have.Period)), fmt.Sprintf("%d s", alarmPeriod))
	compare("number of periods", fmt.Sprint(aws.ToInt32(have.EvaluationPeriods)), fmt.Sprint(alarmPeriods))
	compare("comparison", string(have.ComparisonOperator), string(cloudwatchtypes.ComparisonOperatorGreaterThanThreshold))
	compare("threshold", number(aws.ToFloat64(have.Threshold))+" USD", number(limit)+" USD")
	compare("missing data", cmp.Or(aws.ToString(have.TreatMissingData), "missing"), alarmMissing)
	if !aws.ToBool(have.ActionsEnabled) {
		compare("actions", "switched off", "switched on")
	}
	if !slices.Contains(have.AlarmActions, topic) {
		compare("action", strings.Join(have.AlarmActions, ", "), topic)
	}
	return diffs
}

// advice says what the alarm's state means, where it is not plain watching.
func (a alarmSeen) advice(cfg Config) []string {
	switch a.have.StateValue {
	case cloudwatchtypes.StateValueInsufficientData:
		return []string{"the alarm " + a.name + " has no billing figures yet (INSUFFICIENT_DATA) and watches nothing until it has: open " +
			ConsoleBillingPreferences(cfg) + ", edit Alert preferences, tick \"Receive CloudWatch billing alerts\", and update; " +
			"the first figures come after a quarter of an hour or more (todoctl explain TODO-ALARM-03)"}
	case cloudwatchtypes.StateValueAlarm:
		return []string{fmt.Sprintf("the alarm %s rings: this month's charges are above %g USD; see %s", a.name, aws.ToFloat64(a.have.Threshold), ConsoleBills(cfg))}
	}
	return nil
}

func (s *alarmStep) applyAlarm(ctx context.Context, seen alarmSeen) error {
	in := s.alarmInput(seen)
	if len(seen.Diffs) > 0 || seen.State == Absent {
		if _, err := s.cloudwatch.PutMetricAlarm(ctx, in); err != nil {
			return fmt.Errorf("write the %s: %w", seen, err)
		}
		if seen.State == Absent {
			s.made.Store(seen.kind, true)
		}
	}
	if seen.untagged() {
		if _, err := s.cloudwatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: aws.String(seen.ID), Tags: s.alarmTags()}); err != nil {
			return fmt.Errorf("tag the %s: %w", seen, err)
		}
	}
	return nil
}

func (s *alarmStep) alarmTags() []cloudwatchtypes.Tag {
	var tags []cloudwatchtypes.Tag
	for k, v := range inOrder(s.tags()) {
		tags = append(tags, cloudwatchtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return tags
}

// alarmInput is the alarm as it is asked for, given what is there, and as
// Elsewhere tells it.
func (s *alarmStep) alarmInput(seen alarmSeen) *cloudwatch.PutMetricAlarmInput {
	actions := slices.Clone(seen.have.AlarmActions)
	if topic := s.cfg.TopicARN(); !slices.Contains(actions, topic) {
		actions = append(actions, topic)
	}
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName:               aws.String(seen.name),
		AlarmDescription:        aws.String(s.describeAlarm(seen)),
		Namespace:               aws.String(alarmNamespace),
		MetricName:              aws.String(alarmMetric),
		Dimensions:              []cloudwatchtypes.Dimension{{Name: aws.String("Currency"), Value: aws.String(alarmCurrency)}},
		Statistic:               cloudwatchtypes.StatisticMaximum,
		Period:                  aws.Int32(alarmPeriod),
		EvaluationPeriods:       aws.Int32(alarmPeriods),
		ComparisonOperator:      cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		Threshold:               aws.Float64(seen.limit),
		TreatMissingData:        aws.String(alarmMissing),
		ActionsEnabled:          aws.Bool(true),
		AlarmActions:            actions,
		OKActions:               seen.have.OKActions,               // a put replaces everything,
		InsufficientDataActions: seen.have.InsufficientDataActions, // so what others added goes along
	}
	if seen.State == Absent {
		in.Tags = s.alarmTags() // counted in the call that creates it only
	}
	return in
}

// describeAlarm keeps a description that somebody else wrote.
func (s *alarmStep) describeAlarm(seen alarmSeen) string {
	const ours = "Made by todoctl for the stack "
	if have := aws.ToString(seen.have.AlarmDescription); have != "" && !strings.Contains(have, ours) {
		return have
	}
	return fmt.Sprintf("This month's charges are above %g USD. %s%s.", seen.limit, ours, s.cfg.Stack)
}

func (s *alarmStep) removeAlarm(ctx context.Context) error {
	_, err := s.cloudwatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{s.cfg.AlarmName()}})
	return err
}
