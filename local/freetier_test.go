package local

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/freetier"
	"github.com/aws/aws-sdk-go-v2/service/freetier/types"
)

func TestFreeTierUsageIsWhatThisMonthsMetricsSay(t *testing.T) {
	a := newAccount(t, Lags{})
	a.now = time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)
	c := freetier.NewFromConfig(a.config())
	if got := must(c.GetFreeTierUsage(t.Context(), nil))(t).FreeTierUsages; len(got) != 0 {
		t.Errorf("before any use: %v", got)
	}
	count := func(region, metric, unit string, value float64) {
		a.server.metrics.add(region, "AWS/Lambda", metric, map[string]string{"FunctionName": "gone"}, unit, value)
	}
	count("us-east-1", "Invocations", "Count", 100) // last month
	a.now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	a.todoTable(t, "TodoTable") // 5 and 5 units
	a.now = time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)
	count("us-east-1", "Invocations", "Count", 3)
	count("eu-west-1", "Invocations", "Count", 4)
	count("eu-west-1", "Duration", "Milliseconds", 8000)

	rows := map[string]types.FreeTierUsage{}
	for _, r := range must(c.GetFreeTierUsage(t.Context(), nil))(t).FreeTierUsages {
		rows[*r.Service+"/"+*r.UsageType] = r
	}
	for name, want := range map[string][3]float64{ // used, forecast (3 of 30 days have passed), limit
		"AWS Lambda/Global-Request":             {7, 70, 1e6},
		"AWS Lambda/Global-Lambda-GB-Second":    {1, 10, 4e5}, // 8 s of 128 MB
		"Amazon DynamoDB/ReadCapacityUnit-Hrs":  {5 * 72, 3600, 18600},
		"Amazon DynamoDB/WriteCapacityUnit-Hrs": {5 * 72, 3600, 18600},
	} {
		r, ok := rows[name]
		if !ok || r.ActualUsageAmount != want[0] || r.ForecastedUsageAmount != want[1] || r.Limit != want[2] || *r.FreeTierType != "Always Free" || *r.Unit == "" {
			t.Errorf("%s: %+v, want %v", name, r, want)
		}
	}
	if len(rows) != 4 {
		t.Errorf("rows of offers that nothing has used: %v", rows)
	}

	filter := func(e *types.Expression) (names string) {
		for _, r := range must(c.GetFreeTierUsage(t.Context(), &freetier.GetFreeTierUsageInput{Filter: e}))(t).FreeTierUsages {
			names += *r.UsageType + " "
		}
		return strings.TrimSpace(names)
	}
	is := func(d types.Dimension, how types.MatchOption, value string) types.Expression {
		return types.Expression{Dimensions: &types.DimensionValues{Key: d, MatchOptions: []types.MatchOption{how}, Values: []string{value}}}
	}
	lambda := is(types.DimensionService, types.MatchOptionEquals, "AWS Lambda")
	requests := is(types.DimensionUsageType, types.MatchOptionEndsWith, "Request")
	busy := is(types.DimensionUsagePercentage, types.MatchOptionGreaterThanOrEqual, "1")
	for want, e := range map[string]types.Expression{
		"Global-Lambda-GB-Second Global-Request":                    lambda,
		"Global-Request":                                            {And: []types.Expression{lambda, requests}},
		"Global-Lambda-GB-Second":                                   {And: []types.Expression{lambda, {Not: &requests}}},
		"ReadCapacityUnit-Hrs WriteCapacityUnit-Hrs":                busy,
		"Global-Request ReadCapacityUnit-Hrs WriteCapacityUnit-Hrs": {Or: []types.Expression{requests, busy}},
	} {
		if got := filter(&e); got != want {
			t.Errorf("filtered %q, want %q", got, want)
		}
	}
}

func TestAccountIsOnThePaidPlan(t *testing.T) {
	a := newAccount(t, Lags{})
	got := must(freetier.NewFromConfig(a.config()).GetAccountPlanState(t.Context(), nil))(t)
	if *got.AccountId != AccountID || got.AccountPlanType != types.AccountPlanTypePaid || got.AccountPlanStatus != types.AccountPlanStatusActive || got.AccountPlanExpirationDate != nil {
		t.Errorf("plan %+v", got)
	}
}
