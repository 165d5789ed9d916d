package provision_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
	"todoctl/provision"
)

func (w *world) survey() ([]provision.Change, provision.Outlook) {
	w.t.Helper()
	plan, outlook, err := provision.Survey(w.t.Context(), w.cfg, w.clients, provision.Steps(w.cfg, w.clients))
	if err != nil {
		w.t.Fatal(err)
	}
	return plan, outlook
}

func TestTheOutlookSaysWhoseAccountItIsAndHowItPays(t *testing.T) {
	end := time.Date(2027, 5, 20, 0, 0, 0, 0, time.UTC)
	inWorldOf(t, func(c *local.Config) {
		c.Account = local.Account{Alias: "my-first-account", Plan: local.PlanFree, Credits: 95.5, PlanEnd: end}
	}, func(t *testing.T, w *world) {
		_, outlook := w.survey()
		w.wantWrites()
		if outlook.Alias != "my-first-account" {
			t.Errorf("the alias is %q", outlook.Alias)
		}
		if p := outlook.Plan; p == nil || p.Type != "FREE" || p.CreditsUSD != 95.5 || !p.Expires.Equal(end) {
			t.Errorf("the plan is %+v", p)
		}
	})
}

// What is only good to know is never a reason to stop, nor to wait for long.
func TestWhatAWSDoesNotTellIsLeftOutOfTheOutlook(t *testing.T) {
	silent := func(ctx context.Context, _ func() (any, error)) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, operation := range []string{"ListAccountAliases", "GetAccountPlanState", "GetAccountSettings", "ListTables"} {
		for how, set := range map[string]func(w *world){
			"refused":   func(w *world) { w.always(operation, errDenied) },
			"throttled": func(w *world) { w.always(operation, code("ThrottlingException", "Rate exceeded")) },
			"silent":    func(w *world) { w.hooks[operation] = silent },
		} {
			t.Run(operation+" "+how, func(t *testing.T) {
				inWorldOf(t, func(c *local.Config) { c.Account.Alias = "mine" }, func(t *testing.T, w *world) {
					set(w)
					began := time.Now()
					plan, outlook := w.survey()
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("it waited for %s", took)
					}
					if told := outlook.Alias != ""; told != (operation != "ListAccountAliases") {
						t.Errorf("the alias is %q", outlook.Alias)
					}
					if told := outlook.Plan != nil; told != (operation != "GetAccountPlanState") {
						t.Errorf("the plan is %+v", outlook.Plan)
					}
					cost := outlook.Price(w.cfg, plan)
					guessed := strings.Contains(strings.Join(cost.Assumptions, "\n"), "1000 requests at once")
					if guessed != (operation == "GetAccountSettings") {
						t.Errorf("the cost rests on %q", cost.Assumptions)
					}
				})
			})
		}
	}
}

// The plan says beforehand what status says afterwards, and the steps that cause
// it add up to it.
func TestThePlansCostsAreThoseOfStatus(t *testing.T) {
	for _, slots := range []int32{10, 1000} {
		inWorldOf(t, func(c *local.Config) { c.Account.Concurrency = slots }, func(t *testing.T, w *world) {
			plan, outlook := w.survey()
			before := outlook.Price(w.cfg, plan)
			sum := 0.0
			for _, c := range plan {
				if c.Cost == nil || c.Cost.Cover == "" {
					t.Fatalf("the %s has the cost %+v", c.Name(), c.Cost)
				}
				sum += c.Cost.WorstPerDayUSD
				if causes := c.Name() == "function" || c.Name() == "url"; causes != (c.Cost.WorstPerDayUSD > 0) {
					t.Errorf("the %s costs %v a day at worst", c.Name(), c.Cost.WorstPerDayUSD)
				}
			}
			w.up()
			after := must[provision.Meter](t)(provision.ReadMeter(t.Context(), w.cfg, w.clients)).Cost
			if near := func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }; !near(before.WorstPerDayUSD, after.WorstPerDayUSD) || !near(sum, after.WorstPerDayUSD) || before.NowPerMonthUSD != after.NowPerMonthUSD {
				t.Errorf("before %+v, by steps %v; after %+v", before, sum, after)
			}
		})
	}
}

func TestAClosedURLCostsNothingAtWorst(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Auth = provision.AuthIAM
		plan, outlook := w.survey()
		if cost := outlook.Price(w.cfg, plan); cost.WorstPerDayUSD != 0 {
			t.Errorf("it costs %v", cost.WorstPerDayUSD)
		}
		w.up()
		w.cfg.Auth = "" // closed by an earlier run, and it stays so
		plan, outlook = w.survey()
		if cost := outlook.Price(w.cfg, plan); cost.WorstPerDayUSD != 0 {
			t.Errorf("as it is, it costs %v", cost.WorstPerDayUSD)
		}
	})
}

func TestReservedConcurrencyBoundsTheWorstDay(t *testing.T) {
	inWorldOf(t, func(c *local.Config) { c.Account.Concurrency = 1000 }, func(t *testing.T, w *world) {
		w.up()
		plan, outlook := w.survey()
		free := outlook.Price(w.cfg, plan).WorstPerDayUSD
		if _, err := w.clients.Lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{
			FunctionName: aws.String("TodoHandler"), ReservedConcurrentExecutions: aws.Int32(5),
		}); err != nil {
			t.Fatal(err)
		}
		plan, outlook = w.survey()
		if bound := outlook.Price(w.cfg, plan).WorstPerDayUSD; math.Abs(bound*200-free) > 1e-6 {
			t.Errorf("with 5 of 1,000 at once the worst day is %v, without %v", bound, free)
		}
	})
}

func TestACrowdedRegionMakesTheTableCost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.clients.DynamoDB.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName:             aws.String("Theirs"),
			AttributeDefinitions:  []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:             []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(25), WriteCapacityUnits: aws.Int64(25)},
		}); err != nil {
			t.Fatal(err)
		}
		plan, outlook := w.survey()
		if rcu, wcu, tables, crowded := outlook.Crowded(w.cfg); rcu != 25 || wcu != 25 || tables != 1 || !crowded {
			t.Errorf("%d and %d of %d tables, crowded: %v", rcu, wcu, tables, crowded)
		}
		outlook.Price(w.cfg, plan)
		if cost := plan[0].Cost.NowPerMonthUSD; math.Abs(cost-2.847) > 0.001 {
			t.Errorf("the table costs %v a month", cost)
		}
	})
}
