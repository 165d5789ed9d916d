package provision

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// near compares dollars to a tenth of a cent.
func near(a, b float64) bool { return math.Abs(a-b) < 0.001 }

func TestCostOf(t *testing.T) {
	for _, c := range []struct {
		name       string
		use        consumption
		now, worst float64
	}{
		{"nothing", consumption{}, 0, 0},
		{"inside the free allowances", consumption{requests: 1e6, gbSeconds: 400_000, tableGB: 25, logGB: 5, rcu: 25, wcu: 25, ownRCU: 5, ownWCU: 5}, 0, 0},
		{"5 and 5 beyond 25 and 25", consumption{rcu: 30, wcu: 30, ownRCU: 5, ownWCU: 5}, 2.847, 0},
		{"others far beyond: the stack pays for its own share", consumption{rcu: 100, wcu: 100, ownRCU: 5, ownWCU: 5}, 2.847, 0},
		{"two reads beyond", consumption{rcu: 27, wcu: 25, ownRCU: 5, ownWCU: 5}, 2 * 730 * 0.00013, 0},
		{"a million requests more", consumption{requests: 2e6}, 0.20, 0},
		{"a GB of items and of logs more", consumption{tableGB: 26, logGB: 6}, 0.75, 0},
		// 8.64 M requests a day: 1.728 USD; 10 x 0.25 GB x 86,400 s: 3.60 USD; 4.32 GB of logs: 2.16 USD.
		{"a new account's ten at once", consumption{public: true, memoryMB: 256, slots: 10}, 0, 7.488},
		{"a hundred times that", consumption{public: true, memoryMB: 256, slots: 1000}, 0, 748.8},
		{"the limit is unknown", consumption{public: true, memoryMB: 256, slots: -1}, 0, 748.8},
		{"switched off", consumption{public: true, memoryMB: 256, slots: 0}, 0, 0},
		{"signed requests only", consumption{memoryMB: 256, slots: 1000}, 0, 0},
	} {
		got := costOf(c.use)
		if !near(got.NowPerMonthUSD, c.now) || !near(got.WorstPerDayUSD, c.worst) {
			t.Errorf("%s: costs %.4f a month and %.4f a day at worst, should be %.4f and %.4f", c.name, got.NowPerMonthUSD, got.WorstPerDayUSD, c.now, c.worst)
		}
		if len(got.Assumptions) == 0 {
			t.Errorf("%s: a figure without its assumptions", c.name)
		}
	}
}

func TestCostSaysWhenTheLimitIsAGuess(t *testing.T) {
	text := strings.Join(costOf(consumption{public: true, memoryMB: 256, slots: -1}).Assumptions, "\n")
	if !strings.Contains(text, "could not be read") {
		t.Errorf("assumptions %q do not say that the limit is a guess", text)
	}
}

func TestGaugesLeaveOutWhatWasNotRead(t *testing.T) {
	if gauges := newReading().gauges(); len(gauges) != 0 {
		t.Errorf("nothing was read, and the gauges are %v", gauges)
	}
	r := newReading()
	r.requestsOwn = 12
	gauges := r.gauges()
	if len(gauges) != 1 || gauges[0].Used != 12 || gauges[0].Limit != 1_000_000 {
		t.Errorf("gauges = %v, should be the requests alone", gauges)
	}
}

func TestGaugesOfAFullReading(t *testing.T) {
	r := newReading()
	r.requestsRegion, r.requestsOwn, r.milliseconds = 10, 12, 4000
	r.urlRequests, r.url4xx, r.url5xx = 12, 3, 1
	r.peakReads, r.peakWrites = 7200, 3600
	r.capacity = &capacity{rcu: 10, wcu: 15, ownRCU: 5, ownWCU: 5, tables: 2, bytes: 1 << 29}
	r.memoryMB = 256
	r.logBytes = aws.Int64(1 << 30)
	want := map[string]float64{
		"Lambda requests": 12, // the Region's total lags behind
		"Lambda compute":  1,  // 4 s of a quarter of a GB
		"DynamoDB reads":  10, "DynamoDB writes": 15, "DynamoDB storage": 0.5,
		"read load": 2, "write load": 1, "URL requests": 12, "logs": 1,
	}
	gauges := r.gauges()
	for _, g := range gauges {
		if used, known := want[g.Name]; !known || used != g.Used {
			t.Errorf("gauge %s = %v, should be %v", g.Name, g.Used, used)
		}
		if g.Name == "Lambda compute" && !strings.HasPrefix(g.Note, "estimated") {
			t.Errorf("the compute gauge leaves start-up time out and its note %q does not say that it is estimated", g.Note)
		}
	}
	if len(gauges) != len(want) {
		t.Errorf("%d gauges, should be %d", len(gauges), len(want))
	}
}

func TestFindings(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	plan := func(edit func(*AccountPlan)) func(*reading) {
		return func(r *reading) {
			r.plan = &AccountPlan{Type: "FREE", Status: "ACTIVE", CreditsUSD: 100, HasCredits: true, Expires: now.AddDate(0, 5, 0)}
			edit(r.plan)
		}
	}
	for _, c := range []struct {
		name  string
		set   func(*reading)
		level string
		text  string // "" means no finding
	}{
		{"all is well", func(*reading) {}, "", ""},
		{"most of the requests are used", func(r *reading) { r.requestsOwn = 800_000 }, LevelWarning, "80 % of what is free"},
		{"25 and 25 are full", func(r *reading) { r.capacity = &capacity{rcu: 25, wcu: 25, ownRCU: 5, ownWCU: 5} }, "", ""},
		{"25 and 25 are passed", func(r *reading) { r.capacity = &capacity{rcu: 30, wcu: 30, ownRCU: 5, ownWCU: 5} }, LevelWarning, "2.85 USD a month"},
		{"requests were turned away", func(r *reading) { r.throttledWrites = 1 }, LevelWarning, "turned requests away"},
		{"switched off", func(r *reading) { r.memoryMB, r.reserved = 256, aws.Int32(0) }, LevelWarning, "switched off"},
		{"ten at once", func(r *reading) { r.memoryMB, r.limit = 256, aws.Int32(10) }, LevelNote, "at most 10 requests at once"},
		{"a thousand at once", func(r *reading) { r.memoryMB, r.limit = 256, aws.Int32(1000) }, LevelNote, "749 USD a day"},
		{"no function, a thousand at once", func(r *reading) { r.limit = aws.Int32(1000) }, "", ""},
		{"a free plan", plan(func(*AccountPlan) {}), LevelNote, "until 2027-04-23, 151 days from now, with 100.00 USD of credits left"},
		{"a free plan that ends soon", plan(func(p *AccountPlan) { p.Expires = now.AddDate(0, 0, 7) }), LevelWarning, "7 days from now"},
		{"a free plan without a date", plan(func(p *AccountPlan) { p.Expires = time.Time{} }), LevelNote, "free plan, with"},
		{"a free plan with few credits", plan(func(p *AccountPlan) { p.CreditsUSD = 9.5 }), LevelWarning, "9.50 USD"},
		{"a free plan that has ended", plan(func(p *AccountPlan) { p.Status = "EXPIRED" }), LevelWarning, "has ended"},
		{"a paid plan", plan(func(p *AccountPlan) { p.Type = "PAID" }), "", ""},
	} {
		r := newReading()
		c.set(r)
		m := Meter{Gauges: r.gauges(), Cost: costOf(r.consumption(true))}
		found := r.findings(Config{Stack: "Todo", Region: "eu-west-1"}, m, now)
		switch {
		case c.text == "" && len(found) > 0:
			t.Errorf("%s: found %v, should be nothing", c.name, found)
		case c.text != "" && (len(found) == 0 || found[0].Level != c.level || !strings.Contains(found[0].Text, c.text)):
			t.Errorf("%s: found %v, should begin with a %s that says %q", c.name, found, c.level, c.text)
		}
	}
}

// shelves are the tables of a Region; a nil one is gone when it is described.
type shelves struct {
	names  []string
	tables map[string]*dynamodbtypes.TableDescription
	denied bool
}

func (s shelves) ListTables(_ context.Context, in *dynamodb.ListTablesInput, _ ...func(*dynamodb.Options)) (*dynamodb.ListTablesOutput, error) {
	from := 0
	for i, name := range s.names {
		if name == aws.ToString(in.ExclusiveStartTableName) {
			from = i + 1
		}
	}
	out := &dynamodb.ListTablesOutput{TableNames: s.names[from:min(from+2, len(s.names))]}
	if from+2 < len(s.names) {
		out.LastEvaluatedTableName = aws.String(s.names[from+1])
	}
	return out, nil
}

func (s shelves) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	switch table := s.tables[*in.TableName]; {
	case s.denied:
		return nil, &smithy.GenericAPIError{Code: "AccessDeniedException"}
	case table == nil:
		return nil, &dynamodbtypes.ResourceNotFoundException{}
	default:
		return &dynamodb.DescribeTableOutput{Table: table}, nil
	}
}

func units(r, w int64) *dynamodbtypes.ProvisionedThroughputDescription {
	return &dynamodbtypes.ProvisionedThroughputDescription{ReadCapacityUnits: aws.Int64(r), WriteCapacityUnits: aws.Int64(w)}
}

func TestTheOtherTablesAndTheirIndexesAreAddedUp(t *testing.T) {
	region := shelves{
		names: []string{"Gone", "Indexed", "OnDemand", "Other", "TodoTable"},
		tables: map[string]*dynamodbtypes.TableDescription{
			"Indexed": {ProvisionedThroughput: units(1, 1), GlobalSecondaryIndexes: []dynamodbtypes.GlobalSecondaryIndexDescription{
				{ProvisionedThroughput: units(3, 2)}, {ProvisionedThroughput: units(4, 4)},
			}},
			"OnDemand":  {ProvisionedThroughput: units(0, 0)},
			"Other":     {ProvisionedThroughput: units(10, 3), TableSizeBytes: aws.Int64(7)},
			"TodoTable": {ProvisionedThroughput: units(5, 5)},
		},
	}
	all, err := readTables(t.Context(), Config{Stack: "Todo"}, region)
	rcu, wcu, tables := all.others()
	if rcu != 18 || wcu != 10 || tables != 2 || err != nil {
		t.Errorf("%d RCU and %d WCU of %d tables, %v; should be 18 and 10 of 2", rcu, wcu, tables, err)
	}
	region.denied = true
	if _, err := readTables(t.Context(), Config{Stack: "Todo"}, region); !isDenied(err) {
		t.Errorf("err = %v, should be AWS's refusal", err)
	}
}
