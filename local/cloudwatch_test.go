package local

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func billingAlarm(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), Namespace: aws.String("AWS/Billing"), MetricName: aws.String("EstimatedCharges"),
		Dimensions: []types.Dimension{{Name: aws.String("Currency"), Value: aws.String("USD")}},
		Statistic:  types.StatisticMaximum, Period: aws.Int32(21600), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		AlarmActions: []string{"arn:aws:sns:us-east-1:000000000000:T"},
		Tags:         []types.Tag{{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")}},
	}
}

func TestAlarmIsOverwrittenButKeepsStateAndTags(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	arn := "arn:aws:cloudwatch:us-east-1:000000000000:alarm:A"
	describe := func() types.MetricAlarm {
		out := must(c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"A", "unknown"}}))(t)
		if len(out.MetricAlarms) != 1 {
			t.Fatalf("alarms %v", out.MetricAlarms)
		}
		return out.MetricAlarms[0]
	}
	must(c.PutMetricAlarm(t.Context(), billingAlarm("A")))(t)
	got := describe()
	if got.StateValue != types.StateValueInsufficientData || *got.StateReason != "Unchecked: Initial alarm creation" {
		t.Errorf("a new alarm is %s: %s", got.StateValue, *got.StateReason)
	}
	if *got.AlarmArn != arn || *got.Threshold != 1 || *got.Period != 21600 || !*got.ActionsEnabled ||
		got.AlarmActions[0] != "arn:aws:sns:us-east-1:000000000000:T" || *got.Dimensions[0].Value != "USD" || !got.StateUpdatedTimestamp.Equal(a.clock()) {
		t.Errorf("alarm %+v", got)
	}
	a.turn(100 * 24 * time.Hour)
	if got := describe(); got.StateValue != types.StateValueInsufficientData {
		t.Errorf("without billing data it became %s", got.StateValue)
	}

	must(c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("A"), StateValue: types.StateValueAlarm, StateReason: aws.String("a test")}))(t)
	next := billingAlarm("A")
	next.Threshold, next.AlarmActions, next.Tags = aws.Float64(2.5), nil, []types.Tag{{Key: aws.String("other"), Value: aws.String("x")}}
	must(c.PutMetricAlarm(t.Context(), next))(t)
	got = describe()
	if *got.Threshold != 2.5 || len(got.AlarmActions) != 0 || got.StateValue != types.StateValueAlarm || *got.StateReason != "a test" {
		t.Errorf("after the update: %+v", got)
	}
	tags := must(c.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(arn)}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "todoctl:stack" {
		t.Errorf("the tags of an update are not passed over: %v", tags)
	}
	must(c.TagResource(t.Context(), &cloudwatch.TagResourceInput{ResourceARN: aws.String(arn), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.UntagResource(t.Context(), &cloudwatch.UntagResourceInput{ResourceARN: aws.String(arn), TagKeys: []string{"todoctl:stack"}}))(t)
	tags = must(c.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(arn)}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tags %v", tags)
	}
	fails(c.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: aws.String(arn + "x")}))(t, "ResourceNotFoundException", "")
	fails(c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: aws.String("x"), StateValue: types.StateValueOk, StateReason: aws.String("r")}))(
		t, "ResourceNotFound", "x")
}

func TestDeleteAlarmsDeletesTheRightNamesAndNamesAWrongOne(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	for _, name := range []string{"A", "B", "C"} {
		must(c.PutMetricAlarm(t.Context(), billingAlarm(name)))(t)
	}
	fails(c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"A", "never", "B"}}))(t, "ResourceNotFound", "never")
	left := must(c.DescribeAlarms(t.Context(), nil))(t).MetricAlarms
	if len(left) != 1 || *left[0].AlarmName != "C" {
		t.Errorf("left %v", left)
	}
}

func TestAlarmsAreFoundByPrefixPageByPage(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	for i := range 5 {
		must(c.PutMetricAlarm(t.Context(), billingAlarm(fmt.Sprintf("Todo%d", i))))(t)
	}
	must(c.PutMetricAlarm(t.Context(), billingAlarm("Chat")))(t)
	var names []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(c, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("Todo"), MaxRecords: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, m := range must(pages.NextPage(t.Context()))(t).MetricAlarms {
			names = append(names, *m.AlarmName)
		}
	}
	if strings.Join(names, " ") != "Todo0 Todo1 Todo2 Todo3 Todo4" {
		t.Errorf("alarms %v", names)
	}
	fails(c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("b")}))(
		t, "InvalidParameterCombination", "mutually exclusive")
}

func TestPutMetricAlarmRefuses(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	for _, tt := range []struct {
		spoil         func(*cloudwatch.PutMetricAlarmInput)
		code, message string
	}{
		{func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(61) }, "ValidationError", "multiple of 60"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" }, "MissingParameter", "Statistic"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil }, "MissingParameter", "Threshold"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.ComparisonOperator = "GreaterThanUpperThreshold" }, "ValidationError", "comparisonOperator"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) }, "ValidationError", "DatapointsToAlarm"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("x") }, "ValidationError", "TreatMissingData"},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = []string{"T"} }, "ValidationError", "arn"},
		{func(in *cloudwatch.PutMetricAlarmInput) {
			in.Metrics = []types.MetricDataQuery{{Id: aws.String("m")}}
		}, "NotImplemented", "Metrics"},
	} {
		in := billingAlarm("A")
		tt.spoil(in)
		fails(c.PutMetricAlarm(t.Context(), in))(t, tt.code, tt.message)
	}
}

func statistics(start, end time.Time, period int32) *cloudwatch.GetMetricStatisticsInput {
	return &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("F")}},
		StartTime:  aws.Time(start), EndTime: aws.Time(end), Period: aws.Int32(period),
		Statistics: []types.Statistic{types.StatisticSum, types.StatisticAverage, types.StatisticMinimum, types.StatisticMaximum, types.StatisticSampleCount},
	}
}

func TestStatisticsSumUpPeriodsFromTheStart(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	x := a.server.metrics
	f := map[string]string{"FunctionName": "F"}
	start := a.clock()
	for _, v := range []float64{10, 20, 60} {
		x.add("us-east-1", "AWS/Lambda", "Duration", f, "Milliseconds", v)
	}
	a.turn(4 * time.Minute)
	x.add("us-east-1", "AWS/Lambda", "Duration", f, "Milliseconds", 5)
	a.turn(2 * time.Minute)
	x.add("us-east-1", "AWS/Lambda", "Duration", f, "Milliseconds", 7)
	x.add("us-east-1", "AWS/Lambda", "Duration", map[string]string{"FunctionName": "other"}, "Milliseconds", 1000)
	x.add("eu-west-1", "AWS/Lambda", "Duration", f, "Milliseconds", 1000)
	a.turn(time.Minute)

	byTime := map[time.Time]types.Datapoint{}
	// Seconds in the start are rounded away.
	out := must(c.GetMetricStatistics(t.Context(), statistics(start.Add(30*time.Second), a.clock(), 300)))(t)
	for _, p := range out.Datapoints {
		byTime[p.Timestamp.UTC()] = p
	}
	first, second := byTime[start], byTime[start.Add(5*time.Minute)]
	if len(byTime) != 2 || *out.Label != "Duration" {
		t.Fatalf("datapoints %v", byTime)
	}
	if *first.Sum != 95 || *first.SampleCount != 4 || *first.Average != 23.75 || *first.Minimum != 5 || *first.Maximum != 60 || first.Unit != types.StandardUnitMilliseconds {
		t.Errorf("first period %+v", first)
	}
	if *second.Sum != 7 || *second.SampleCount != 1 {
		t.Errorf("second period %+v", second)
	}
	// The end is not included, and a day holds all.
	if got := must(c.GetMetricStatistics(t.Context(), statistics(start, start.Add(4*time.Minute), 60)))(t).Datapoints; len(got) != 1 || *got[0].Sum != 90 {
		t.Errorf("up to the second datum: %v", got)
	}
	if got := must(c.GetMetricStatistics(t.Context(), statistics(start.Add(-12*time.Hour), a.clock(), 86400)))(t).Datapoints; len(got) != 1 || *got[0].Sum != 102 {
		t.Errorf("a day: %v", got)
	}
	in := statistics(start, a.clock(), 300)
	in.Unit = types.StandardUnitBytes
	if got := must(c.GetMetricStatistics(t.Context(), in))(t).Datapoints; len(got) != 0 {
		t.Errorf("in bytes: %v", got)
	}
	in = statistics(start, a.clock(), 300)
	in.Dimensions = nil
	if got := must(c.GetMetricStatistics(t.Context(), in))(t).Datapoints; len(got) != 0 {
		t.Errorf("without dimensions it is another metric: %v", got)
	}
	fails(c.GetMetricStatistics(t.Context(), statistics(start.AddDate(0, 0, -10), a.clock(), 60)))(
		t, "InvalidParameterCombination", "exceeds the limit of 1,440")
	fails(c.GetMetricStatistics(t.Context(), statistics(start, a.clock(), 90)))(t, "InvalidParameterValue", "multiple of 60")
	fails(c.GetMetricStatistics(t.Context(), statistics(start, start, 60)))(t, "InvalidParameterValue", "must be less than")
	in = statistics(start, a.clock(), 300)
	in.Statistics = nil
	fails(c.GetMetricStatistics(t.Context(), in))(t, "MissingParameter", "Statistics")
}

func TestMetricsSurviveAClose(t *testing.T) {
	a := newAccount(t, Lags{})
	f := map[string]string{"FunctionName": "F"}
	start := a.clock()
	a.server.metrics.add("us-east-1", "AWS/Lambda", "Duration", f, "Milliseconds", 1)
	if err := a.server.metrics.flush(); err != nil {
		t.Fatal(err)
	}
	a.server.metrics.add("us-east-1", "AWS/Lambda", "Duration", f, "Milliseconds", 2)
	if err := a.server.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: a.path, Now: a.clock})
	if err != nil {
		t.Fatal(err)
	}
	a.server = s
	a.turn(time.Minute)
	got := must(cloudwatch.NewFromConfig(a.config()).GetMetricStatistics(t.Context(), statistics(start, a.clock(), 60)))(t).Datapoints
	if len(got) != 1 || *got[0].Sum != 3 || *got[0].SampleCount != 2 {
		t.Errorf("after a new start: %v", got)
	}
}

func TestPutMetricDataTakesValuesSetsAndCounts(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("Mine"), MetricData: []types.MetricDatum{
		{MetricName: aws.String("m"), Value: aws.Float64(1)},
		{MetricName: aws.String("m"), Values: []float64{2, 10}, Counts: []float64{3, 1}},
		{MetricName: aws.String("m"), StatisticValues: &types.StatisticSet{Sum: aws.Float64(5), SampleCount: aws.Float64(2), Minimum: aws.Float64(0.5), Maximum: aws.Float64(4.5)}},
	}}
	must(c.PutMetricData(t.Context(), in))(t)
	// A large call comes compressed.
	big := &cloudwatch.PutMetricDataInput{Namespace: aws.String("Mine")}
	for range 500 {
		big.MetricData = append(big.MetricData, types.MetricDatum{MetricName: aws.String("big"), Value: aws.Float64(math.Pi)})
	}
	must(c.PutMetricData(t.Context(), big))(t)
	start := a.clock()
	a.turn(time.Minute)
	get := statistics(start, a.clock(), 60)
	get.Namespace, get.MetricName, get.Dimensions = aws.String("Mine"), aws.String("m"), nil
	got := must(c.GetMetricStatistics(t.Context(), get))(t).Datapoints
	if len(got) != 1 || *got[0].Sum != 1+16+5 || *got[0].SampleCount != 7 || *got[0].Minimum != 0.5 || *got[0].Maximum != 10 || got[0].Unit != types.StandardUnitNone {
		t.Errorf("datapoints %+v", got)
	}
	get.MetricName = aws.String("big")
	if got := must(c.GetMetricStatistics(t.Context(), get))(t).Datapoints; len(got) != 1 || *got[0].SampleCount != 500 {
		t.Errorf("the compressed call: %+v", got)
	}
	list := must(c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{Namespace: aws.String("Mine")}))(t).Metrics
	if len(list) != 2 || *list[0].MetricName != "big" || *list[1].MetricName != "m" {
		t.Errorf("metrics %v", list)
	}
	in.Namespace = aws.String("AWS/Mine")
	fails(c.PutMetricData(t.Context(), in))(t, "InvalidParameterValue", "Namespace")
	in.Namespace, in.MetricData[0].Timestamp = aws.String("Mine"), aws.Time(a.clock().AddDate(0, 0, -15))
	fails(c.PutMetricData(t.Context(), in))(t, "InvalidParameterValue", "two weeks")
}

func TestListMetricsKnowsDimensions(t *testing.T) {
	a := newAccount(t, Lags{})
	c := cloudwatch.NewFromConfig(a.config())
	for _, f := range []string{"F", "G"} {
		a.server.metrics.add("us-east-1", "AWS/Lambda", "Errors", map[string]string{"FunctionName": f, "Resource": f}, "Count", 0)
		a.turn(3 * time.Hour) // another document of the same series
		a.server.metrics.add("us-east-1", "AWS/Lambda", "Errors", map[string]string{"FunctionName": f, "Resource": f}, "Count", 0)
	}
	list := must(c.ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{
		Dimensions: []types.DimensionFilter{{Name: aws.String("Resource")}, {Name: aws.String("FunctionName"), Value: aws.String("G")}}}))(t).Metrics
	if len(list) != 1 || *list[0].Namespace != "AWS/Lambda" || len(list[0].Dimensions) != 2 || *list[0].Dimensions[0].Value != "G" {
		t.Errorf("metrics %v", list)
	}
}

func TestMetricsThatCannotBeWrittenAreKept(t *testing.T) {
	a := newAccount(t, Lags{})
	x := a.server.metrics
	s := series{"us-east-1", "N", "M", "", "Count"}
	start := a.clock()
	x.addAt(s, start, datum{1, 1, 1, 1})
	if err := x.flush(); err != nil {
		t.Fatal(err)
	}
	open := x.db
	broken := must(openStore(t.TempDir() + "/broken.db"))(t)
	if err := broken.close(); err != nil {
		t.Fatal(err)
	}
	x.data.work.Wait()
	a.server.db = broken
	x.addAt(s, start, datum{2, 1, 2, 2})
	if err := x.flush(); err == nil {
		t.Error("a closed store takes metrics")
	}
	a.server.db = open
	sum := 0.0
	if err := x.points(s, start, start.Add(time.Minute), func(_ time.Time, d datum) { sum += d.Sum }); err != nil || sum != 3 {
		t.Errorf("%v, the sum is %v", err, sum)
	}
}
