package local_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	freetiertypes "github.com/aws/aws-sdk-go-v2/service/freetier/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

func TestReservedConcurrencyLeavesTheMinimum(t *testing.T) {
	for _, c := range []struct {
		account  local.Account
		most     int32 // that one function may reserve
		refusal  string
		reported int32
	}{
		{local.Account{}, 0, "below its minimum value of [10]", 10},
		{local.Account{Concurrency: 50}, 0, "below its minimum value of [50]", 50},
		{local.Account{Concurrency: 1000}, 900, "below its minimum value of [100]", 1000},
		{local.Account{Concurrency: 100, Unreserved: 50}, 50, "below its minimum value of [50]", 100},
	} {
		b := newLambdaBench(t, func(cfg *local.Config) { cfg.Account = c.account })
		b.function()
		reserve := func(n int32) error {
			_, err := b.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("F"), ReservedConcurrentExecutions: aws.Int32(n)})
			return err
		}
		wantLambdaError(t, reserve(c.most+1), "InvalidParameterValueException", c.refusal)
		if err := reserve(c.most); err != nil {
			t.Errorf("%+v: %d: %v", c.account, c.most, err)
		}
		out, err := b.lambda.GetAccountSettings(t.Context(), &lambda.GetAccountSettingsInput{})
		if err != nil {
			t.Fatal(err)
		}
		if l := out.AccountLimit; l.ConcurrentExecutions != c.reported || *l.UnreservedConcurrentExecutions != c.reported-c.most {
			t.Errorf("%+v: it reports %d and %d", c.account, l.ConcurrentExecutions, *l.UnreservedConcurrentExecutions)
		}
	}
}

func TestWithoutAccessToBillingBudgetsAndFreeTierAreRefused(t *testing.T) {
	b := newLambdaBench(t, func(cfg *local.Config) { cfg.Account.BillingDenied = true })
	wantLambdaError(t, lagBudget(t, b), "AccessDeniedException", "budgets:ModifyBudget")
	_, err := budgets.NewFromConfig(b.aws).DescribeBudgets(t.Context(), &budgets.DescribeBudgetsInput{AccountId: aws.String(local.AccountID)})
	wantLambdaError(t, err, "AccessDeniedException", "budgets:ViewBudget")
	_, err = freetier.NewFromConfig(b.aws).GetAccountPlanState(t.Context(), &freetier.GetAccountPlanStateInput{})
	wantLambdaError(t, err, "AccessDeniedException", "freetier:GetAccountPlanState")
	if err := lagTable(t, b); err != nil {
		t.Errorf("a table: %v", err)
	}
}

func TestThePlanIsTold(t *testing.T) {
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		account local.Account
		kind    freetiertypes.AccountPlanType
	}{
		{local.Account{}, freetiertypes.AccountPlanTypePaid},
		{local.Account{Plan: local.PlanFree, Credits: 80, PlanEnd: end}, freetiertypes.AccountPlanTypeFree},
		{local.Account{Plan: local.PlanLegacy}, ""},
	} {
		b := newLambdaBench(t, func(cfg *local.Config) { cfg.Account = c.account })
		out, err := freetier.NewFromConfig(b.aws).GetAccountPlanState(t.Context(), &freetier.GetAccountPlanStateInput{})
		if c.kind == "" {
			wantLambdaError(t, err, "ResourceNotFoundException", "")
			continue
		}
		if err != nil || out.AccountPlanType != c.kind || out.AccountPlanStatus != freetiertypes.AccountPlanStatusActive {
			t.Fatalf("%+v: %+v (%v)", c.account, out, err)
		}
		if c.account.Plan != local.PlanFree {
			continue
		}
		if out.AccountPlanRemainingCredits.Amount != 80 || !out.AccountPlanExpirationDate.Equal(end) {
			t.Errorf("the free plan is %+v", out)
		}
		b.turn(end.Sub(b.clock()))
		out, err = freetier.NewFromConfig(b.aws).GetAccountPlanState(t.Context(), &freetier.GetAccountPlanStateInput{})
		if err != nil || out.AccountPlanStatus != freetiertypes.AccountPlanStatusExpired {
			t.Errorf("in the end: %+v (%v)", out, err)
		}
	}
}

func TestAUsedUpQuotaStopsOnlyWhatIsNew(t *testing.T) {
	for _, c := range []struct {
		operation string
		create    func(*testing.T, *lambdaBench) error
		code      string
		again     string // the code for one that is there; "" for no error
	}{
		{"CreateTable", lagTable, "LimitExceededException", "ResourceInUseException"},
		{"CreateRole", lagRole, "LimitExceeded", "EntityAlreadyExists"},
		{"PutRolePolicy", lagPolicy, "LimitExceeded", "LimitExceeded"},
		{"CreateFunction", lagFunction, "CodeStorageExceededException", "ResourceConflictException"},
		{"AddPermission", lagStatement, "PolicyLengthExceededException", "ResourceConflictException"},
		{"CreateLogGroup", lagGroup, "LimitExceededException", "ResourceAlreadyExistsException"},
		{"CreateTopic", lagTopic, "TopicLimitExceeded", ""},
		{"Subscribe", lagSubscription, "SubscriptionLimitExceeded", ""},
		{"PutMetricAlarm", lagAlarm, "LimitExceeded", ""},
		{"CreateBudget", lagBudget, "CreationLimitExceededException", "DuplicateRecordException"},
	} {
		t.Run(c.operation, func(t *testing.T) {
			for _, there := range []bool{false, true} {
				var path string
				before := newLambdaBench(t, func(cfg *local.Config) { path = cfg.Path })
				before.function()
				if c.operation == "Subscribe" {
					if err := lagTopic(t, before); err != nil {
						t.Fatal(err)
					}
				}
				if there {
					if err := c.create(t, before); err != nil {
						t.Fatal(err)
					}
				}
				if err := before.server.Close(); err != nil {
					t.Fatal(err)
				}
				b := newLambdaBench(t, func(cfg *local.Config) { cfg.Path, cfg.Account.Full = path, []string{c.operation} })
				err := c.create(t, b)
				code, _ := lambdaError(err)
				switch {
				case !there && code != c.code:
					t.Errorf("a new one: %v, want %s", err, c.code)
				case there && c.again != code:
					t.Errorf("one that is there: %v, want %q", err, c.again)
				}
			}
		})
	}
}

func TestAnUnknownQuotaIsRefused(t *testing.T) {
	_, err := local.Open(local.Config{Path: filepath.Join(t.TempDir(), "aws.db"), Now: time.Now, Account: local.Account{Full: []string{"CreateTabel"}}})
	if err == nil {
		t.Error("it opens")
	}
}

// Of two AddPermission calls at once the first one's statement is gone, and one
// after the other both stay.
func TestAStatementIsLostWhenTwoAreAddedAtOnce(t *testing.T) {
	for _, loses := range []bool{true, false} {
		written, answered := make(chan struct{}), make(chan struct{})
		first := true
		b := newLambdaBench(t, func(cfg *local.Config) {
			cfg.Account.LosesStatements = loses
			cfg.OnCall = func(c local.Call) { // the effect is there, the answer is not
				if c.Operation == "AddPermission" && first {
					first = false
					close(written)
					<-answered
				}
			}
		})
		b.function()
		add := func(n int) error {
			_, err := b.lambda.AddPermission(t.Context(), lambdaPublic()[n])
			return err
		}
		policy := func() string {
			out, err := b.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("F")})
			if err != nil {
				t.Fatal(err)
			}
			return *out.Policy
		}
		done := make(chan error)
		go func() { done <- add(0) }()
		<-written
		if err := add(1); err != nil {
			t.Fatal(err)
		}
		close(answered)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(policy(), `"One"`); got == loses {
			t.Errorf("with LosesStatements %v the first statement is there: %v", loses, got)
		}
		if !loses {
			continue
		}
		if err := add(0); err != nil { // nothing else is under way now
			t.Fatal(err)
		}
		if got := policy(); !strings.Contains(got, `"One"`) || !strings.Contains(got, `"Two"`) {
			t.Errorf("one after the other: %s", got)
		}
	}
}
