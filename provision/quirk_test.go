package provision_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
	"todoctl/provision"
)

// A quota that is used up ends the run at once: nothing is tried again, nobody
// is called a stranger, and down takes away what there is.
func TestAUsedUpQuotaIsSaidAtOnce(t *testing.T) {
	t.Attr("promise", "T8")
	operations := []string{"CreateTable", "CreateRole", "PutRolePolicy", "CreateFunction", "AddPermission",
		"CreateLogGroup", "CreateTopic", "Subscribe", "PutMetricAlarm", "CreateBudget"}
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			inWorldOf(t, func(c *local.Config) { c.Account.Full = []string{operation} }, func(t *testing.T, w *world) {
				err := w.try(provision.Up)
				var step *provision.StepError
				var foreign *provision.ForeignError
				if !errors.As(err, &step) || errors.As(err, &foreign) || !strings.Contains(strings.ToLower(err.Error()), "limit") && !strings.Contains(err.Error(), "exceed") {
					t.Errorf("up says %v", err)
				}
				n := 0
				for _, c := range w.aws.Calls() {
					if c.Operation == operation && c.Code != "InvalidParameterValueException" { // the role is spreading
						n++
					}
				}
				if n != 1 {
					t.Errorf("%s was tried %d times", operation, n)
				}
				w.down()
				wantNothing(t, w, time.Minute)
			})
		})
	}
	t.Attr("cases", strconv.Itoa(len(operations)))
}

// Of a throttle that has the same code as a quota, the message tells.
func TestTooManyTablesAtOnceIsTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.failing("CreateTable", 2, code("LimitExceededException", "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously"))
		w.up("table")
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestWithoutAccessToBillingTheAlarmWatches(t *testing.T) {
	inWorldOf(t, func(c *local.Config) { c.Account.BillingDenied = true }, func(t *testing.T, w *world) {
		w.up()
		seen := w.look("alarm")
		if wantState(t, seen, provision.OK); !slices.ContainsFunc(seen.Advice, func(a string) bool { return strings.Contains(a, "IAM user and role access to Billing information") }) {
			t.Errorf("the advice is %q", seen.Advice)
		}
		w.forget()
		w.up()
		w.wantWrites()
		w.down()
		wantState(t, w.look("alarm"), provision.Absent)
	})
}

func TestTheAccountsPlanMakesNoDifferenceToUp(t *testing.T) {
	for _, account := range []local.Account{
		{Plan: local.PlanFree, Credits: 3.5, PlanEnd: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Plan: local.PlanLegacy, Concurrency: 1000},
	} {
		inWorldOf(t, func(c *local.Config) { c.Account = account }, func(t *testing.T, w *world) {
			w.up()
			w.down()
			wantNothing(t, w, time.Minute)
		})
	}
}

// Lambda can lose a statement when two are added at once; both runs see it and
// the policy is whole in the end.
func TestTwoRunsAtOnceLoseNoStatement(t *testing.T) {
	inWorldOf(t, func(c *local.Config) {
		c.Account.LosesStatements = true
		c.OnCall = func(c local.Call) {
			if c.Operation == "AddPermission" {
				time.Sleep(700 * time.Millisecond) // virtual: the call is under way
			}
		}
	}, func(t *testing.T, w *world) {
		w.up("table", "role", "function")
		var work sync.WaitGroup
		for n := range 2 {
			work.Go(func() {
				time.Sleep(time.Duration(n) * 300 * time.Millisecond)
				if err := w.try(provision.Up, "url"); err != nil {
					t.Errorf("run %d: %v", n, err)
				}
			})
		}
		work.Wait()
		wantState(t, w.look("url"), provision.OK)
	})
}

// Somebody deletes the function alone: AWS may give its URL to the next one.
func TestAnInheritedURLIsTakenOver(t *testing.T) {
	lags := local.AWSLags
	lags.URLDelete = 10 * time.Minute
	inWorldWith(t, lags, func(t *testing.T, w *world) {
		w.up()
		if _, err := w.clients.Lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: fn(w)}); err != nil {
			t.Fatal(err)
		}
		w.up()
		for _, name := range allSteps {
			wantState(t, w.look(name), provision.OK)
		}
		w.down()
		wantNothing(t, w, time.Minute)
	})
}

// A policy that was put on the role a moment ago keeps the role, although no
// look shows it.
func TestARoleGoesWithThePolicyThatDoesNotShowYet(t *testing.T) {
	lags := local.AWSLags
	lags.PolicyVisible = 29 * time.Second
	inWorldWith(t, lags, func(t *testing.T, w *world) {
		if err := w.step("role").Apply(t.Context(), w.look("role")); err != nil {
			t.Fatal(err)
		}
		w.down("role")
		wantState(t, w.look("role"), provision.Absent)
	})
}

// With the book's policies, which allow logs:CreateLogGroup, late lines make
// the group again; down must not leave it without a word.
func TestLateLinesUnderTheBooksPoliciesAreNotLeftSilently(t *testing.T) {
	for _, late := range []time.Duration{time.Second, 3 * time.Second, 29 * time.Second} {
		lags := local.AWSLags
		lags.LogDelivery = late
		inWorldWith(t, lags, func(t *testing.T, w *world) {
			w.cfg.Policy = provision.PolicyTutorial
			w.up()
			w.down()
			time.Sleep(late) // virtual
			left, err := provision.Remains(t.Context(), w.cfg, w.clients)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range left {
				if r.Kind != "log group" || !strings.Contains(r.Note, "late log lines") {
					t.Errorf("after %s there is %+v", late, r)
				}
			}
		})
	}
}

// What a person has chosen to watch is not lost when their budget is adopted.
func TestAnAdoptedBudgetKeepsItsFilter(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		filter := &budgetstypes.Expression{Dimensions: &budgetstypes.ExpressionDimensionValues{
			Key: budgetstypes.DimensionService, Values: []string{"AWS Lambda"}}}
		if _, err := w.clients.Budgets.CreateBudget(t.Context(), &budgets.CreateBudgetInput{AccountId: aws.String(w.cfg.Account), Budget: &budgetstypes.Budget{
			BudgetName: aws.String(w.cfg.BudgetName()), BudgetType: budgetstypes.BudgetTypeCost, TimeUnit: budgetstypes.TimeUnitMonthly,
			BudgetLimit: &budgetstypes.Spend{Amount: aws.String("100"), Unit: aws.String("USD")}, FilterExpression: filter,
			Metrics: []budgetstypes.Metric{budgetstypes.MetricUnblendedCost}}}); err != nil {
			t.Fatal(err)
		}
		w.cfg.Adopt = true
		w.up("alarm")
		w.cfg.Adopt = false
		seen := w.look("alarm")
		if wantState(t, seen, provision.OK); !slices.ContainsFunc(seen.Advice, func(a string) bool { return strings.Contains(a, "somebody's own filter") }) {
			t.Errorf("the advice is %q", seen.Advice)
		}
		out := must[*budgets.DescribeBudgetOutput](t)(w.clients.Budgets.DescribeBudget(t.Context(), &budgets.DescribeBudgetInput{
			AccountId: aws.String(w.cfg.Account), BudgetName: aws.String(w.cfg.BudgetName())}))
		b := out.Budget
		if b.FilterExpression == nil || !slices.Equal(b.FilterExpression.Dimensions.Values, []string{"AWS Lambda"}) || len(b.Metrics) != 1 || !strings.HasPrefix(*b.BudgetLimit.Amount, "1.") {
			t.Errorf("the budget is %+v", b)
		}
	})
}
