package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	"github.com/aws/aws-sdk-go-v2/service/freetier/types"
	"go.etcd.io/bbolt"
)

// freetierService is the Free Tier API. Its figures are what the metrics of
// this month say: AWS lags behind by up to a day, this does not.
type freetierService struct{ *Server }

// GetAccountPlanState says what Account.Plan says: the paid plan, unless it was
// chosen otherwise. The free plan ends after six months, and is EXPIRED then.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
func (x *freetierService) GetAccountPlanState(ctx context.Context, in *freetier.GetAccountPlanStateInput) (*freetier.GetAccountPlanStateOutput, error) {
	account := x.cfg.Account
	out := &freetier.GetAccountPlanStateOutput{
		AccountId:         aws.String(AccountID),
		AccountPlanStatus: types.AccountPlanStatusActive,
		AccountPlanType:   types.AccountPlanTypePaid,
	}
	switch account.Plan {
	case PlanLegacy:
		return nil, &apiError{Code: "ResourceNotFoundException", Message: "The account has no account plan."}
	case PlanFree:
		out.AccountPlanType = types.AccountPlanTypeFree
		out.AccountPlanRemainingCredits = &types.MonetaryAmount{Amount: account.Credits, Unit: types.CurrencyCodeUsd}
		if !account.PlanEnd.IsZero() {
			out.AccountPlanExpirationDate = aws.Time(account.PlanEnd)
			if !x.cfg.Now().Before(account.PlanEnd) {
				out.AccountPlanStatus = types.AccountPlanStatusExpired
			}
		}
	}
	return out, nil
}

// An offer is a row of the free tier that renews each month and never ends.
type offer struct {
	service, usageType, unit, description string
	limit                                 float64 // a month
}

// The offers that todoctl's resources use.
// https://aws.amazon.com/free/
var (
	offerRequests = offer{"AWS Lambda", "Global-Request", "Request", "1000000.0 Requests for free per month", 1e6}
	offerCompute  = offer{"AWS Lambda", "Global-Lambda-GB-Second", "Lambda-GB-Second", "400000.0 Lambda-GB-Seconds for free per month", 4e5}
	offerStorage  = offer{"Amazon DynamoDB", "TimedStorage-ByteHrs", "GB-Mo", "25.0 GB-Mo for free per month", 25}
	offerReads    = offer{"Amazon DynamoDB", "ReadCapacityUnit-Hrs", "ReadCapacityUnit-Hrs", "18600.0 ReadCapacityUnit-Hrs for free per month", 18600}
	offerWrites   = offer{"Amazon DynamoDB", "WriteCapacityUnit-Hrs", "WriteCapacityUnit-Hrs", "18600.0 WriteCapacityUnit-Hrs for free per month", 18600}
	offerLogs     = offer{"AmazonCloudWatch", "DataProcessing-Bytes", "GB", "5.0 GB for free per month", 5}
)

// GetFreeTierUsage returns what was used this month, and what the month comes
// to at this rate. Offers that nothing has used are left out, as on AWS.
func (x *freetierService) GetFreeTierUsage(ctx context.Context, in *freetier.GetFreeTierUsageInput) (*freetier.GetFreeTierUsageOutput, error) {
	now := x.cfg.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	used := map[offer]float64{}
	if err := x.metered(month, now, used); err != nil {
		return nil, err
	}
	if err := x.provisioned(ctx, month, now, used); err != nil {
		return nil, err
	}
	passed := now.Sub(month).Seconds() / month.AddDate(0, 1, 0).Sub(month).Seconds()
	var rows []types.FreeTierUsage
	for o, amount := range used {
		row := types.FreeTierUsage{
			ActualUsageAmount: amount, Limit: o.limit,
			Service: aws.String(o.service), UsageType: aws.String(o.usageType), Unit: aws.String(o.unit),
			Description: aws.String(o.description), FreeTierType: aws.String("Always Free"),
			Operation: aws.String(""), Region: aws.String("global"),
		}
		row.ForecastedUsageAmount = amount
		if passed > 0 {
			row.ForecastedUsageAmount = amount / passed
		}
		keep, err := matches(in.Filter, row)
		if err != nil {
			return nil, err
		}
		if amount > 0 && keep {
			rows = append(rows, row)
		}
	}
	name := func(r types.FreeTierUsage) string { return *r.Service + "/" + *r.UsageType }
	slices.SortFunc(rows, func(a, b types.FreeTierUsage) int { return strings.Compare(name(a), name(b)) })
	rows, next, err := page(rows, name, in.NextToken, in.MaxResults, paging{size: 1000, code: "ValidationException", message: "Invalid nextToken."})
	return &freetier.GetFreeTierUsageOutput{FreeTierUsages: rows, NextToken: next}, err
}

// metered adds what the metrics counted.
func (x *freetierService) metered(month, now time.Time, used map[offer]float64) error {
	all, err := x.metrics.known("", "")
	if err != nil {
		return err
	}
	memory, err := x.memory()
	if err != nil {
		return err
	}
	for _, s := range all {
		var o offer
		rate := 1.0
		switch s.namespace + " " + s.metric {
		case "AWS/Lambda Invocations":
			o = offerRequests
		case "AWS/Lambda Duration": // milliseconds
			o = offerCompute
			rate = memory.of(s.region, parseCanonical(s.dimensions)["FunctionName"]) / 1024 / 1000
		case "AWS/Logs IncomingBytes":
			o = offerLogs
			rate = 1.0 / (1 << 30)
		default:
			continue
		}
		err := x.metrics.points(s, month, now.Add(time.Minute), func(_ time.Time, d datum) { used[o] += d.Sum * rate })
		if err != nil {
			return err
		}
	}
	return nil
}

// memories are the sizes of the functions, in MB.
type memories map[string]float64

// of is the size of a function; 128, Lambda's smallest, for one that is gone.
func (m memories) of(region, function string) float64 {
	if mb, ok := m[key(region, function)]; ok {
		return mb
	}
	return 128
}

func (x *freetierService) memory() (memories, error) {
	sizes := memories{}
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[functionDoc](tx, bucketFunctions, "")
		for _, d := range docs {
			sizes[d.key()] = float64(d.Now.Memory)
		}
		return err
	})
	return sizes, err
}

// provisioned adds what the tables that exist have cost so far: capacity counts
// by the hour whether it is used or not, and so does storage.
func (x *freetierService) provisioned(ctx context.Context, month, now time.Time, used map[offer]float64) error {
	tables, err := x.dynamodb.tagged()
	if err != nil {
		return err
	}
	hours := month.AddDate(0, 1, 0).Sub(month).Hours()
	for _, r := range tables {
		ctx := context.WithValue(ctx, originKey{}, origin{region: r.Region})
		name := r.ARN[strings.LastIndexByte(r.ARN, '/')+1:]
		out, err := x.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
		if e := (*apiError)(nil); errors.As(err, &e) && e.Code == "ResourceNotFoundException" {
			continue // deleted between two looks
		}
		if err != nil {
			return fmt.Errorf("describe the table %s: %w", name, err)
		}
		since := month
		if t := out.Table.CreationDateTime; t != nil && t.After(since) {
			since = *t
		}
		held := now.Sub(since).Hours()
		used[offerStorage] += float64(aws.ToInt64(out.Table.TableSizeBytes)) / (1 << 30) * held / hours
		capacity := []*dynamodbtypes.ProvisionedThroughputDescription{out.Table.ProvisionedThroughput}
		for _, g := range out.Table.GlobalSecondaryIndexes {
			capacity = append(capacity, g.ProvisionedThroughput)
		}
		for _, p := range capacity {
			if p != nil {
				used[offerReads] += float64(aws.ToInt64(p.ReadCapacityUnits)) * held
				used[offerWrites] += float64(aws.ToInt64(p.WriteCapacityUnits)) * held
			}
		}
	}
	return nil
}

// matches evaluates a filter; nil lets everything through.
func matches(e *types.Expression, row types.FreeTierUsage) (bool, error) {
	if e == nil {
		return true, nil
	}
	switch {
	case e.Not != nil:
		ok, err := matches(e.Not, row)
		return !ok, err
	case len(e.And) > 0:
		for _, part := range e.And {
			if ok, err := matches(&part, row); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	case len(e.Or) > 0:
		for _, part := range e.Or {
			if ok, err := matches(&part, row); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	case e.Dimensions != nil:
		return matchesDimension(*e.Dimensions, row)
	}
	return false, &apiError{Code: "ValidationException", Message: "The filter expression is empty."}
}

func matchesDimension(d types.DimensionValues, row types.FreeTierUsage) (bool, error) {
	var have string
	switch d.Key {
	case types.DimensionService:
		have = *row.Service
	case types.DimensionOperation:
		have = *row.Operation
	case types.DimensionUsageType:
		have = *row.UsageType
	case types.DimensionRegion:
		have = *row.Region
	case types.DimensionFreeTierType:
		have = *row.FreeTierType
	case types.DimensionDescription:
		have = *row.Description
	case types.DimensionUsagePercentage:
		have = strconv.FormatFloat(row.ActualUsageAmount/row.Limit*100, 'f', -1, 64)
	default:
		return false, &apiError{Code: "ValidationException", Message: "Invalid dimension: " + string(d.Key)}
	}
	how := types.MatchOptionEquals
	if len(d.MatchOptions) > 0 {
		how = d.MatchOptions[0]
	}
	for _, value := range d.Values {
		var ok bool
		switch how {
		case types.MatchOptionEquals:
			ok = have == value
		case types.MatchOptionStartsWith:
			ok = strings.HasPrefix(have, value)
		case types.MatchOptionEndsWith:
			ok = strings.HasSuffix(have, value)
		case types.MatchOptionContains:
			ok = strings.Contains(have, value)
		case types.MatchOptionGreaterThanOrEqual:
			a, errA := strconv.ParseFloat(have, 64)
			b, errB := strconv.ParseFloat(value, 64)
			ok = errA == nil && errB == nil && a >= b
		default:
			return false, &apiError{Code: "ValidationException", Message: "Invalid match option: " + string(how)}
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}
