package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

var namespaceName = bounded(`^[^:][^\x00-\x1f]*$`, 255)

// PutMetricData counts data of the caller's own. Namespaces that begin with
// "AWS/" belong to AWS.
func (x *cloudwatchService) PutMetricData(ctx context.Context, in *cloudwatch.PutMetricDataInput) (*cloudwatch.PutMetricDataOutput, error) {
	namespace := aws.ToString(in.Namespace)
	switch {
	case namespace == "":
		return nil, metricMissing("Namespace")
	case strings.HasPrefix(namespace, "AWS/") || !namespaceName.MatchString(namespace):
		return nil, metricInvalid("The value AWS/ for parameter Namespace is invalid.")
	case len(in.EntityMetricData) > 0:
		return nil, notImplemented("PutMetricData with EntityMetricData")
	case len(in.MetricData) == 0:
		return nil, metricMissing("MetricData")
	case len(in.MetricData) > 1000:
		return nil, metricInvalid("The collection MetricData must not have a size greater than 1000.")
	}
	now := x.cfg.Now()
	type one struct {
		series
		at time.Time
		datum
	}
	var all []one
	for i, m := range in.MetricData {
		at := now
		if m.Timestamp != nil {
			at = *m.Timestamp
		}
		member := fmt.Sprintf("MetricData.member.%d", i+1)
		if at.Before(now.AddDate(0, 0, -14)) || at.After(now.Add(2*time.Hour)) {
			return nil, metricInvalid("The parameter " + member + ".Timestamp must specify a time no more than two weeks in the past or two hours in the future.")
		}
		if aws.ToString(m.MetricName) == "" || !namespaceName.MatchString(*m.MetricName) {
			return nil, metricMissing(member + ".MetricName")
		}
		d, err := sum(m, member)
		if err != nil {
			return nil, err
		}
		all = append(all, one{series{from(ctx).region, namespace, *m.MetricName, canonical(dimensionMap(m.Dimensions)), string(m.Unit)}, at, d})
	}
	for _, o := range all {
		x.addAt(o.series, o.at, o.datum)
	}
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// sum takes a datum out of the three ways to give one.
func sum(m types.MetricDatum, member string) (d datum, err error) {
	switch {
	case m.Value != nil:
		d = datum{*m.Value, 1, *m.Value, *m.Value}
	case m.StatisticValues != nil:
		s := m.StatisticValues
		d = datum{aws.ToFloat64(s.Sum), aws.ToFloat64(s.SampleCount), aws.ToFloat64(s.Minimum), aws.ToFloat64(s.Maximum)}
	case len(m.Values) > 0:
		if len(m.Counts) > 0 && len(m.Counts) != len(m.Values) {
			return d, metricInvalid("The parameters " + member + ".Values and " + member + ".Counts must be of the same size.")
		}
		for i, v := range m.Values {
			n := 1.0
			if len(m.Counts) > 0 {
				n = m.Counts[i]
			}
			d = d.and(datum{v * n, n, v, v})
		}
	default:
		return d, metricMissing(member + ".Value")
	}
	return d, nil
}

// maxDatapoints is the largest answer of GetMetricStatistics.
const maxDatapoints = 1440

// GetMetricStatistics sums up a metric over periods that begin at StartTime.
// Like AWS it does not sort what it returns.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (x *cloudwatchService) GetMetricStatistics(ctx context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	switch {
	case aws.ToString(in.Namespace) == "":
		return nil, metricMissing("Namespace")
	case aws.ToString(in.MetricName) == "":
		return nil, metricMissing("MetricName")
	case in.StartTime == nil:
		return nil, metricMissing("StartTime")
	case in.EndTime == nil:
		return nil, metricMissing("EndTime")
	case in.Period == nil:
		return nil, metricMissing("Period")
	case len(in.ExtendedStatistics) > 0:
		return nil, notImplemented("GetMetricStatistics with ExtendedStatistics")
	case len(in.Statistics) == 0:
		return nil, metricMissing("Statistics")
	case *in.Period < 60 || *in.Period%60 != 0:
		return nil, metricInvalid("The parameter Period must be a multiple of 60.")
	case !in.StartTime.Before(*in.EndTime):
		return nil, metricInvalid("The parameter StartTime must be less than the parameter EndTime.")
	}
	start := x.rounded(*in.StartTime)
	period := time.Duration(*in.Period) * time.Second
	if n := int64((in.EndTime.Sub(start) + period - 1) / period); n > maxDatapoints {
		return nil, &apiError{Code: "InvalidParameterCombinationException", Query: "InvalidParameterCombination", Message: fmt.Sprintf(
			"You have requested up to %d datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n)}
	}
	dimensions := canonical(dimensionMap(in.Dimensions))
	units, err := x.known(from(ctx).region, strings.Join([]string{*in.Namespace, *in.MetricName, dimensions, string(in.Unit)}, "\x00"))
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for _, s := range units {
		if in.Unit != "" && s.unit != string(in.Unit) {
			continue // "Bytes" begins "Bytes/Second" too
		}
		slots := map[int64]datum{}
		err := x.points(s, start, *in.EndTime, func(at time.Time, d datum) {
			slot := int64(at.Sub(start) / period)
			slots[slot] = slots[slot].and(d)
		})
		if err != nil {
			return nil, err
		}
		for slot, d := range slots { // in no order
			out.Datapoints = append(out.Datapoints, datapoint(d, start.Add(time.Duration(slot)*period), s.unit, in.Statistics))
		}
	}
	return out, nil
}

// rounded is StartTime as CloudWatch rounds it down: to a minute, five minutes
// or an hour, the older the coarser.
func (x *cloudwatchService) rounded(start time.Time) time.Time {
	const day = 24 * time.Hour
	switch age := x.cfg.Now().Sub(start); {
	case age < 15*day:
		return start.UTC().Truncate(time.Minute)
	case age < 63*day:
		return start.UTC().Truncate(5 * time.Minute)
	}
	return start.UTC().Truncate(time.Hour)
}

func datapoint(d datum, at time.Time, unit string, statistics []types.Statistic) types.Datapoint {
	p := types.Datapoint{Timestamp: aws.Time(at), Unit: types.StandardUnit(unit)}
	for _, s := range statistics {
		switch s {
		case types.StatisticSum:
			p.Sum = aws.Float64(d.Sum)
		case types.StatisticSampleCount:
			p.SampleCount = aws.Float64(d.Count)
		case types.StatisticAverage:
			p.Average = aws.Float64(d.Sum / d.Count)
		case types.StatisticMinimum:
			p.Minimum = aws.Float64(d.Min)
		case types.StatisticMaximum:
			p.Maximum = aws.Float64(d.Max)
		}
	}
	return p
}

// ListMetrics names the metrics that have data.
func (x *cloudwatchService) ListMetrics(ctx context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	all, err := x.known(from(ctx).region, aws.ToString(in.Namespace))
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s series) bool {
		if in.Namespace != nil && s.namespace != *in.Namespace || in.MetricName != nil && s.metric != *in.MetricName {
			return true
		}
		have := parseCanonical(s.dimensions)
		return slices.ContainsFunc(in.Dimensions, func(f types.DimensionFilter) bool {
			v, ok := have[aws.ToString(f.Name)]
			return !ok || f.Value != nil && v != *f.Value
		})
	})
	// A metric in two units is still one metric.
	for i := range all {
		all[i].unit = ""
	}
	all = slices.Compact(all)
	name := func(s series) string { return s.namespace + "\x00" + s.metric + "\x00" + s.dimensions }
	all, next, err := page(all, name, in.NextToken, nil, paging{size: 500, code: alarmPages.code, message: alarmPages.message})
	out := &cloudwatch.ListMetricsOutput{Metrics: []types.Metric{}, NextToken: next}
	for _, s := range all {
		m := types.Metric{Namespace: aws.String(s.namespace), MetricName: aws.String(s.metric), Dimensions: []types.Dimension{}}
		have := parseCanonical(s.dimensions)
		for _, k := range sortedKeys(have) {
			m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(k), Value: aws.String(have[k])})
		}
		out.Metrics = append(out.Metrics, m)
	}
	return out, err
}

func dimensionMap(list []types.Dimension) map[string]string {
	m := map[string]string{}
	for _, d := range list {
		m[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return m
}

// The shapes of CloudWatch's errors have other names than their codes in the
// form protocol, which callers still see: the Go SDK takes the code from a
// header that says so.

func metricInvalid(message string) error {
	return &apiError{Code: "InvalidParameterValueException", Query: "InvalidParameterValue", Message: message}
}

func metricMissing(member string) error {
	return &apiError{Code: "MissingRequiredParameterException", Query: "MissingParameter", Message: "The parameter " + member + " is required."}
}
