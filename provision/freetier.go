package provision

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	freetiertypes "github.com/aws/aws-sdk-go-v2/service/freetier/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"
)

// A Gauge is one figure of the free tier.
type Gauge struct {
	Name  string
	Used  float64
	Limit float64 // 0 when nothing limits it
	Unit  string
	Note  string // how old or how exact it is
}

// A Finding is something about the account that a person should know.
type Finding struct {
	Level string // LevelNote or LevelWarning
	Text  string // a sentence
	Fix   string // what to do or to paste; "" when there is nothing to do
}

// The levels of a Finding.
const (
	LevelNote    = "note"
	LevelWarning = "warning"
)

// An AccountPlan is the account's own offer, beside the allowances that every
// account has.
type AccountPlan struct {
	Type       string // "FREE" or "PAID"
	Status     string // "NOT_STARTED", "ACTIVE" or "EXPIRED"
	CreditsUSD float64
	HasCredits bool      // AWS said how many
	Expires    time.Time // zero when AWS did not say
}

// A Meter is what the stack and its account use of what is free.
type Meter struct {
	Gauges   []Gauge
	Findings []Finding
	Plan     *AccountPlan // nil when it could not be read, and on accounts older than the plans
	Cost     Cost
	Unread   []string // what could not be read, with the reason
}

// reading is what the calls of a Meter found. A figure that was not read is NaN
// until then, so that nobody takes it for zero.
type reading struct {
	requestsRegion, requestsOwn, milliseconds float64 // this month
	urlRequests, url4xx, url5xx               float64 // this month
	peakReads, peakWrites                     float64 // units in the busiest hour of the last day
	throttledReads, throttledWrites           float64 // in the last day

	capacity *capacity
	memoryMB int
	arm      bool
	reserved *int32 // the function's own concurrency
	limit    *int32 // the account's
	logBytes *int64
	plan     *AccountPlan
}

// ReadMeter reads everything at once. What it may not read it leaves out and
// names in Unread; the error is for a run that could read nothing.
//
// It uses GetMetricStatistics and not GetMetricData, which is never free.
// https://aws.amazon.com/cloudwatch/pricing/
func ReadMeter(ctx context.Context, cfg Config, c Clients) (Meter, error) {
	r := newReading()
	now := cfg.Clock.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := now.Truncate(time.Minute).Add(time.Minute) // after month, in its first second too

	type look struct {
		what string
		read func() error
	}
	sum := func(into *float64, namespace, metric, dimension, value string) look {
		return look{"usage", func() error {
			points, err := statistics(ctx, c.CloudWatch, namespace, metric, dimension, value, month, end, 24*time.Hour)
			if err == nil {
				*into = 0
				for _, p := range points {
					*into += p
				}
			}
			return err
		}}
	}
	lastDay := func(into *float64, metric string, join func(a, b float64) float64) look {
		return look{"usage", func() error {
			points, err := statistics(ctx, c.CloudWatch, "AWS/DynamoDB", metric, "TableName", cfg.TableName(), end.Add(-24*time.Hour), end, time.Hour)
			if err == nil {
				*into = 0
				for _, p := range points {
					*into = join(*into, p)
				}
			}
			return err
		}}
	}
	larger := func(a, b float64) float64 { return max(a, b) }
	added := func(a, b float64) float64 { return a + b }

	looks := []look{
		sum(&r.requestsRegion, "AWS/Lambda", "Invocations", "", ""),
		sum(&r.requestsOwn, "AWS/Lambda", "Invocations", "FunctionName", cfg.FunctionName()),
		sum(&r.milliseconds, "AWS/Lambda", "Duration", "FunctionName", cfg.FunctionName()),
		sum(&r.urlRequests, "AWS/Lambda", "UrlRequestCount", "FunctionName", cfg.FunctionName()),
		sum(&r.url4xx, "AWS/Lambda", "Url4xxCount", "FunctionName", cfg.FunctionName()),
		sum(&r.url5xx, "AWS/Lambda", "Url5xxCount", "FunctionName", cfg.FunctionName()),
		lastDay(&r.peakReads, "ConsumedReadCapacityUnits", larger),
		lastDay(&r.peakWrites, "ConsumedWriteCapacityUnits", larger),
		lastDay(&r.throttledReads, "ReadThrottleEvents", added),
		lastDay(&r.throttledWrites, "WriteThrottleEvents", added),
		{"the tables of the Region", func() error { return r.readCapacity(ctx, cfg, c.DynamoDB) }},
		{"the function", func() error { return r.readFunction(ctx, cfg, c.Lambda) }},
		{"the account's Lambda limit", func() error { return r.readLimit(ctx, c.Lambda) }},
		{"the stored logs", func() error { return r.readLogs(ctx, cfg, c.Logs) }},
		{"the account's plan", func() error { return r.readPlan(ctx, c.FreeTier) }},
	}
	errs := make([]error, len(looks))
	var work sync.WaitGroup
	for i, l := range looks {
		work.Go(func() { errs[i] = Safely(l.read) })
	}
	work.Wait()
	if err := ctx.Err(); err != nil {
		return Meter{}, err
	}
	var m Meter
	failed := 0
	for i, err := range errs {
		if err != nil {
			failed++
			if line := looks[i].what + ": " + reason(err); !slices.Contains(m.Unread, line) {
				m.Unread = append(m.Unread, line)
			}
		}
	}
	if failed == len(looks) {
		return m, fmt.Errorf("read the usage: %w", errs[0])
	}
	m.Plan = r.plan
	m.Gauges = r.gauges()
	m.Cost = costOf(r.consumption(cfg.Auth != AuthIAM))
	m.Findings = r.findings(cfg, m, now)
	return m, nil
}

func newReading() *reading {
	unread := math.NaN()
	return &reading{
		requestsRegion: unread, requestsOwn: unread, milliseconds: unread,
		urlRequests: unread, url4xx: unread, url5xx: unread,
		peakReads: unread, peakWrites: unread, throttledReads: unread, throttledWrites: unread,
	}
}

// reason is why something could not be read, in words.
func reason(err error) string {
	switch code := apiCode(err); {
	case isDenied(err):
		return notAllowed(err)
	case IsExpired(err):
		return "your AWS sign-in has expired"
	case code != "":
		return "AWS answers " + code
	}
	return "AWS does not answer"
}

type metricsAPI interface {
	GetMetricStatistics(ctx context.Context, in *cloudwatch.GetMetricStatisticsInput, opts ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStatisticsOutput, error)
}

// statistics returns a metric's sums, one a period, in no order.
func statistics(ctx context.Context, api metricsAPI, namespace, metric, dimension, value string, start, end time.Time, period time.Duration) ([]float64, error) {
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace:  aws.String(namespace),
		MetricName: aws.String(metric),
		StartTime:  aws.Time(start),
		EndTime:    aws.Time(end),
		Period:     aws.Int32(int32(period / time.Second)),
		Statistics: []cloudwatchtypes.Statistic{cloudwatchtypes.StatisticSum},
	}
	if dimension != "" {
		in.Dimensions = []cloudwatchtypes.Dimension{{Name: aws.String(dimension), Value: aws.String(value)}}
	}
	out, err := api.GetMetricStatistics(ctx, in)
	if err != nil {
		return nil, err
	}
	points := make([]float64, 0, len(out.Datapoints))
	for _, p := range out.Datapoints {
		points = append(points, aws.ToFloat64(p.Sum))
	}
	return points, nil
}

// capacity is what the tables of a Region are provisioned for, and hold.
type capacity struct {
	rcu, wcu       int64
	ownRCU, ownWCU int64 // of them, the stack's own table
	tables         int   // that have provisioned capacity
	bytes          int64 // at most six hours old
}

type capacityAPI interface {
	ListTables(ctx context.Context, in *dynamodb.ListTablesInput, opts ...func(*dynamodb.Options)) (*dynamodb.ListTablesOutput, error)
	DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput, opts ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// describeAtOnce is how many tables are described at a time: DynamoDB allows
// 500 such calls at once, and an account may have 2,500 tables.
const describeAtOnce = 16

// readTables adds up all tables and indexes of the Region, because they share
// what is free. It is the provisioned capacity that counts, used or not.
func readTables(ctx context.Context, cfg Config, api capacityAPI) (capacity, error) {
	var all capacity
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(describeAtOnce)
	describe := func(name string) error {
		out, err := api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
		if isGone(err) {
			return nil // deleted since it was listed
		}
		if err != nil {
			return err
		}
		rcu, wcu, bytes := int64(0), int64(0), aws.ToInt64(out.Table.TableSizeBytes)
		if p := out.Table.ProvisionedThroughput; p != nil { // zero on demand
			rcu, wcu = aws.ToInt64(p.ReadCapacityUnits), aws.ToInt64(p.WriteCapacityUnits)
		}
		for _, index := range out.Table.GlobalSecondaryIndexes {
			bytes += aws.ToInt64(index.IndexSizeBytes)
			if p := index.ProvisionedThroughput; p != nil {
				rcu += aws.ToInt64(p.ReadCapacityUnits)
				wcu += aws.ToInt64(p.WriteCapacityUnits)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all.rcu, all.wcu, all.bytes = all.rcu+rcu, all.wcu+wcu, all.bytes+bytes
		if rcu+wcu > 0 {
			all.tables++
		}
		if name == cfg.TableName() {
			all.ownRCU, all.ownWCU = rcu, wcu
		}
		return nil
	}
	var last *string
	var err error
	for {
		var out *dynamodb.ListTablesOutput
		if out, err = api.ListTables(ctx, &dynamodb.ListTablesInput{ExclusiveStartTableName: last}); err != nil {
			break
		}
		for _, name := range out.TableNames {
			g.Go(func() error { return Safely(func() error { return describe(name) }) })
		}
		if last = out.LastEvaluatedTableName; last == nil {
			break
		}
	}
	if describeErr := g.Wait(); describeErr != nil {
		return capacity{}, describeErr // and the listing was cancelled by it, if it failed
	}
	return all, err
}

// others returns what all other tables and indexes of the Region are provisioned
// for, and how many tables that is.
func (c capacity) others() (rcu, wcu int64, tables int) {
	if c.ownRCU+c.ownWCU > 0 {
		c.tables--
	}
	return c.rcu - c.ownRCU, c.wcu - c.ownWCU, c.tables
}

func (r *reading) readCapacity(ctx context.Context, cfg Config, api capacityAPI) error {
	all, err := readTables(ctx, cfg, api)
	if err == nil {
		r.capacity = &all
	}
	return err
}

func (r *reading) readFunction(ctx context.Context, cfg Config, api *lambda.Client) error {
	out, err := api.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(cfg.FunctionName())})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if out.Configuration != nil {
		r.memoryMB, r.arm = int(aws.ToInt32(out.Configuration.MemorySize)), isARM(out.Configuration)
	}
	if out.Concurrency != nil {
		r.reserved = out.Concurrency.ReservedConcurrentExecutions
	}
	return nil
}

func (r *reading) readLimit(ctx context.Context, api *lambda.Client) error {
	out, err := api.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err == nil && out.AccountLimit != nil {
		limit := cmp.Or(aws.ToInt32(out.AccountLimit.UnreservedConcurrentExecutions), out.AccountLimit.ConcurrentExecutions)
		r.limit = &limit
	}
	return err
}

func (r *reading) readLogs(ctx context.Context, cfg Config, api *cloudwatchlogs.Client) error {
	out, err := api.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(cfg.LogGroupName())})
	if err != nil {
		return err
	}
	for _, g := range out.LogGroups {
		if aws.ToString(g.LogGroupName) == cfg.LogGroupName() { // the call finds every name that begins so
			stored := aws.ToInt64(g.StoredBytes)
			r.logBytes = &stored
		}
	}
	return nil
}

func (r *reading) readPlan(ctx context.Context, api *freetier.Client) error {
	out, err := api.GetAccountPlanState(ctx, &freetier.GetAccountPlanStateInput{})
	if isGone(err) {
		return nil // an account from before 2025-07-15 has no plan
	}
	if err != nil {
		return err
	}
	r.plan = &AccountPlan{Type: string(out.AccountPlanType), Status: string(out.AccountPlanStatus), Expires: aws.ToTime(out.AccountPlanExpirationDate)}
	if left := out.AccountPlanRemainingCredits; left != nil && left.Unit == freetiertypes.CurrencyCodeUsd {
		r.plan.CreditsUSD, r.plan.HasCredits = left.Amount, true
	}
	return nil
}
