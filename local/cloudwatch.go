package local

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"go.etcd.io/bbolt"
)

// cloudwatchService is CloudWatch: metrics, and alarms that never ring. There
// is no billing data on this machine, so an alarm stays INSUFFICIENT_DATA until
// somebody sets its state.
type cloudwatchService struct {
	*Server
	data aggregator
}

var alarmPages = paging{size: 50, code: "InvalidNextToken", message: "The specified nextToken is invalid."}

// An alarmDoc is an alarm: what the caller gave, its state and its tags.
type alarmDoc struct {
	Region       string
	Alarm        types.MetricAlarm
	Tags         map[string]string
	Created      time.Time
	Configured   time.Time
	State        string
	Reason       string
	ReasonData   string
	StateUpdated time.Time // also when a state is set that it had already
	Changed      time.Time // when it last got another state
}

func (d alarmDoc) name() string { return aws.ToString(d.Alarm.AlarmName) }

func (d alarmDoc) arn() string {
	return "arn:aws:cloudwatch:" + d.Region + ":" + AccountID + ":alarm:" + d.name()
}

func (d alarmDoc) shown() types.MetricAlarm {
	a := d.Alarm
	a.AlarmArn = aws.String(d.arn())
	a.AlarmConfigurationUpdatedTimestamp = aws.Time(d.Configured)
	a.StateValue = types.StateValue(d.State)
	a.StateReason = aws.String(d.Reason)
	if d.ReasonData != "" {
		a.StateReasonData = aws.String(d.ReasonData)
	}
	a.StateUpdatedTimestamp = aws.Time(d.StateUpdated)
	a.StateTransitionedTimestamp = aws.Time(d.Changed)
	return a
}

// PutMetricAlarm makes an alarm, or overwrites all settings of the one that has
// this name. Its state stays, and the tags in the call are passed over then:
// "if you are using this operation to update an existing alarm, any tags you
// specify in this parameter are ignored".
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (x *cloudwatchService) PutMetricAlarm(ctx context.Context, in *cloudwatch.PutMetricAlarmInput) (*cloudwatch.PutMetricAlarmOutput, error) {
	if err := checkAlarm(in); err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	doc := alarmDoc{
		Region:     from(ctx).region,
		Tags:       map[string]string{},
		Configured: now, StateUpdated: now, Changed: now,
		State:  string(types.StateValueInsufficientData),
		Reason: "Unchecked: Initial alarm creation",
		Alarm: types.MetricAlarm{
			ActionsEnabled: in.ActionsEnabled, AlarmActions: in.AlarmActions, AlarmDescription: in.AlarmDescription,
			AlarmName: in.AlarmName, ComparisonOperator: in.ComparisonOperator, DatapointsToAlarm: in.DatapointsToAlarm,
			Dimensions: in.Dimensions, EvaluationPeriods: in.EvaluationPeriods, InsufficientDataActions: in.InsufficientDataActions,
			MetricName: in.MetricName, Namespace: in.Namespace, OKActions: in.OKActions, Period: in.Period,
			Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic, Threshold: in.Threshold,
			EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
			TreatMissingData:                 in.TreatMissingData, Unit: in.Unit,
		},
	}
	if in.ActionsEnabled == nil {
		doc.Alarm.ActionsEnabled = aws.Bool(true)
	}
	for _, list := range []*[]string{&doc.Alarm.AlarmActions, &doc.Alarm.InsufficientDataActions, &doc.Alarm.OKActions} {
		if *list == nil {
			*list = []string{}
		}
	}
	if doc.Alarm.Dimensions == nil {
		doc.Alarm.Dimensions = []types.Dimension{}
	}
	if err := addAlarmTags(doc.Tags, in.Tags); err != nil {
		return nil, err
	}
	return &cloudwatch.PutMetricAlarmOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		have, ok, err := get[alarmDoc](tx, bucketAlarms, key(doc.Region, doc.name()))
		if err != nil {
			return err
		}
		next := doc
		if !ok {
			if err := x.full("PutMetricAlarm"); err != nil {
				return err
			}
			next.Created = now
		} else {
			next.Created = have.Created
			next.Tags, next.State, next.Reason, next.ReasonData = have.Tags, have.State, have.Reason, have.ReasonData
			next.StateUpdated, next.Changed = have.StateUpdated, have.Changed
		}
		return put(tx, bucketAlarms, key(doc.Region, doc.name()), next)
	})
}

// checkAlarm refuses what AWS refuses, and by name what is not here: metric
// maths, anomaly detection and the newer kinds of evaluation.
func checkAlarm(in *cloudwatch.PutMetricAlarmInput) error {
	bad := func(message string) error { return &apiError{Code: "ValidationError", Message: message} }
	name, period, periods := aws.ToString(in.AlarmName), aws.ToInt32(in.Period), aws.ToInt32(in.EvaluationPeriods)
	switch {
	case name == "" || len(name) > 255:
		return bad("1 validation error detected: Value '" + name + "' at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255")
	case len(in.Metrics) > 0 || in.ThresholdMetricId != nil:
		return notImplemented("PutMetricAlarm with Metrics")
	case in.EvaluationCriteria != nil || in.EvaluationInterval != nil || in.EvaluationWindow != nil ||
		in.ActionConfiguration != nil || in.WarmUpConfiguration != nil:
		return notImplemented("PutMetricAlarm with EvaluationCriteria, EvaluationWindow, ActionConfiguration or WarmUpConfiguration")
	case in.MetricName == nil:
		return metricMissing("MetricName")
	case in.Namespace == nil:
		return metricMissing("Namespace")
	case in.Period == nil:
		return metricMissing("Period")
	case in.EvaluationPeriods == nil:
		return metricMissing("EvaluationPeriods")
	case in.Threshold == nil:
		return metricMissing("Threshold")
	case !slices.Contains(in.ComparisonOperator.Values()[:4], in.ComparisonOperator):
		return bad("1 validation error detected: Value '" + string(in.ComparisonOperator) + "' at 'comparisonOperator' failed to satisfy constraint: Member must satisfy enum value set")
	case in.Statistic == "" && in.ExtendedStatistic == nil:
		return metricMissing("Statistic")
	case in.Statistic != "" && in.ExtendedStatistic != nil:
		return &apiError{Code: "InvalidParameterCombinationException", Query: "InvalidParameterCombination",
			Message: "The parameters Statistic and ExtendedStatistic are mutually exclusive."}
	case in.Statistic != "" && !slices.Contains(in.Statistic.Values(), in.Statistic):
		return bad("1 validation error detected: Value '" + string(in.Statistic) + "' at 'statistic' failed to satisfy constraint: Member must satisfy enum value set")
	case periods < 1:
		return bad("1 validation error detected: Value at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1")
	case period != 10 && period != 20 && period != 30 && (period < 60 || period%60 != 0):
		return bad("Period must be 10, 20, 30 or a multiple of 60")
	case int64(period)*int64(periods) > 86400 && period < 3600 || int64(period)*int64(periods) > 7*86400:
		return bad("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).")
	case aws.ToInt32(in.DatapointsToAlarm) > periods:
		return bad("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
	case in.TreatMissingData != nil && !slices.Contains([]string{"breaching", "notBreaching", "ignore", "missing"}, *in.TreatMissingData):
		return bad("Invalid value for parameter TreatMissingData")
	}
	for _, a := range slices.Concat(in.AlarmActions, in.OKActions, in.InsufficientDataActions) {
		if !strings.HasPrefix(a, "arn:") {
			return bad("Invalid arn syntax: " + a)
		}
	}
	return nil
}

// DescribeAlarms lists alarms by name or by prefix. Names that are not there
// are passed over.
func (x *cloudwatchService) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	if len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil {
		return nil, &apiError{Code: "InvalidParameterCombinationException", Query: "InvalidParameterCombination",
			Message: "The parameters AlarmNames and AlarmNamePrefix are mutually exclusive."}
	}
	if in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil {
		return nil, notImplemented("DescribeAlarms with ChildrenOfAlarmName or ParentsOfAlarmName")
	}
	if n := aws.ToInt32(in.MaxRecords); in.MaxRecords != nil && (n < 1 || n > 100) {
		return nil, metricInvalid("The parameter MaxRecords must be between 1 and 100.")
	}
	var docs []alarmDoc
	if err := x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[alarmDoc](tx, bucketAlarms, key(from(ctx).region, aws.ToString(in.AlarmNamePrefix)))
		return err
	}); err != nil {
		return nil, err
	}
	docs = slices.DeleteFunc(docs, func(d alarmDoc) bool {
		switch {
		case x.young(d.Created, x.cfg.Lags.AlarmVisible):
		case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, d.name()):
		case in.StateValue != "" && d.State != string(in.StateValue):
		case len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm):
		case in.ActionPrefix != nil && !slices.ContainsFunc(slices.Concat(d.Alarm.AlarmActions, d.Alarm.OKActions, d.Alarm.InsufficientDataActions),
			func(a string) bool { return strings.HasPrefix(a, *in.ActionPrefix) }):
		default:
			return false
		}
		return true
	})
	docs, next, err := page(docs, alarmDoc.name, in.NextToken, in.MaxRecords, alarmPages)
	out := &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}, NextToken: next}
	for _, d := range docs {
		out.MetricAlarms = append(out.MetricAlarms, d.shown())
	}
	return out, err
}

// DeleteAlarms removes alarms. "If you specify any incorrect alarm names, the
// alarms you specify with correct names are still deleted": the error comes
// after the deed.
func (x *cloudwatchService) DeleteAlarms(ctx context.Context, in *cloudwatch.DeleteAlarmsInput) (*cloudwatch.DeleteAlarmsOutput, error) {
	if len(in.AlarmNames) > 100 {
		return nil, metricInvalid("The collection AlarmNames must not have a size greater than 100.")
	}
	region := from(ctx).region
	missing := ""
	err := x.db.update(func(tx *bbolt.Tx) error {
		missing = ""
		for _, name := range in.AlarmNames {
			d, ok, err := get[alarmDoc](tx, bucketAlarms, key(region, name))
			if err != nil {
				return err
			}
			if !ok || x.young(d.Created, x.cfg.Lags.AlarmVisible) {
				missing = name
				continue
			}
			if err := remove(tx, bucketAlarms, key(region, name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && missing != "" {
		err = noAlarm(missing)
	}
	return &cloudwatch.DeleteAlarmsOutput{}, err
}

// SetAlarmState gives an alarm a state. AWS would change it back at the next
// evaluation; here nothing evaluates, so it stays.
func (x *cloudwatchService) SetAlarmState(ctx context.Context, in *cloudwatch.SetAlarmStateInput) (*cloudwatch.SetAlarmStateOutput, error) {
	if !slices.Contains(in.StateValue.Values(), in.StateValue) {
		return nil, &apiError{Code: "ValidationError", Message: "1 validation error detected: Value '" + string(in.StateValue) +
			"' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"}
	}
	now := x.cfg.Now()
	return &cloudwatch.SetAlarmStateOutput{}, x.change(from(ctx).region, aws.ToString(in.AlarmName), func(d *alarmDoc) error {
		if d.State != string(in.StateValue) {
			d.Changed = now
		}
		d.State, d.Reason, d.ReasonData, d.StateUpdated = string(in.StateValue), aws.ToString(in.StateReason), aws.ToString(in.StateReasonData), now
		return nil
	})
}

func noAlarm(name string) error {
	return &apiError{Code: "ResourceNotFound", Status: http.StatusNotFound, Message: "Alarm with name " + name + " does not exist"}
}

func (x *cloudwatchService) change(region, name string, do func(*alarmDoc) error) error {
	return x.db.update(func(tx *bbolt.Tx) error {
		doc, ok, err := get[alarmDoc](tx, bucketAlarms, key(region, name))
		switch {
		case err != nil:
			return err
		case !ok, x.young(doc.Created, x.cfg.Lags.AlarmVisible):
			return noAlarm(name)
		}
		if err := do(&doc); err != nil {
			return err
		}
		return put(tx, bucketAlarms, key(region, name), doc)
	})
}
