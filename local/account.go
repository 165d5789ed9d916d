package local

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// An Account is what kind of account this AWS is, with the traps that some
// accounts have and others have not. The zero value is a new account on the
// paid plan. Where each of them is known from stands in docs/local-aws.md.
type Account struct {
	// Concurrency is how many invocations may run at once in a Region. 0 is 10,
	// which new accounts have; older ones have 1,000.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	Concurrency int32

	// Unreserved is what reserved concurrency must leave over: 10, 50 or 100. 0
	// is the lesser of 100 and Concurrency.
	Unreserved int32

	// BillingDenied is an account whose root user has not switched on "IAM user
	// and role access to Billing information": Budgets and the Free Tier API
	// refuse everybody else, administrators too.
	// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html
	BillingDenied bool

	Alias string // the account's name for people; "" when it has none

	Plan    Plan
	Credits float64   // US dollars left; PlanFree
	PlanEnd time.Time // when AWS closes the account; PlanFree; zero is not told

	// Full are the quotas that are used up, by the operation that meets them:
	// "CreateTable", "CreateRole", "CreateFunction", "CreateLogGroup",
	// "CreateTopic", "Subscribe", "PutMetricAlarm", "CreateBudget", and for the
	// size of a policy "PutRolePolicy" and "AddPermission". What exists can still
	// be read, changed and deleted.
	Full []string

	// LosesStatements is a fault of Lambda: of two AddPermission calls for one
	// function that are under way at once, the statement of the first is lost,
	// although both are answered 201.
	LosesStatements bool
}

// A Plan is how an account pays.
type Plan string

const (
	PlanPaid   Plan = "" // charges beyond the free tier are billed
	PlanFree   Plan = "free"
	PlanLegacy Plan = "legacy" // older than July 2025, when the plans began: it has none
)

func (a Account) concurrency() int32 { return cmp.Or(a.Concurrency, 10) }

func (a Account) unreserved() int32 { return cmp.Or(a.Unreserved, min(100, a.concurrency())) }

// quotas are what the services answer when there may be no more, by operation.
var quotas = map[string]*apiError{
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
	"CreateTable": {Code: "LimitExceededException", Message: "Subscriber limit exceeded: There is a limit of 2500 tables per subscriber"},
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	"CreateRole":    {Code: "LimitExceeded", Status: http.StatusConflict, Message: "Cannot exceed quota for RolesPerAccount: 1000"},
	"PutRolePolicy": {Code: "LimitExceeded", Status: http.StatusConflict, Message: "Maximum policy size of 10240 bytes exceeded for role"},
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
	"CreateFunction": {Code: "CodeStorageExceededException", Message: "Code storage limit exceeded."},
	"AddPermission":  policyTooLong,
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
	"CreateLogGroup": {Code: "LimitExceededException", Message: "Resource limit exceeded."},
	// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
	"CreateTopic": {Code: "TopicLimitExceeded", Status: http.StatusForbidden, Message: "Topic limit exceeded"},
	"Subscribe":   {Code: "SubscriptionLimitExceeded", Status: http.StatusForbidden, Message: "Subscription limit exceeded"},
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	"PutMetricAlarm": {Code: "LimitExceededFault", Query: "LimitExceeded", Message: "The maximum number of alarms has been reached."},
	// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
	"CreateBudget": {Code: "CreationLimitExceededException", Message: "Unable to create budget - the number of budgets exceeds the limit."},
}

var policyTooLong = &apiError{Code: "PolicyLengthExceededException", Message: "The final policy size is bigger than the limit (20480)."}

// full is the error of an operation that would make one too many, or nil.
func (s *Server) full(operation string) error {
	if slices.Contains(s.cfg.Account.Full, operation) {
		return quotas[operation]
	}
	return nil
}

// check refuses what cannot be meant.
func (a Account) check() error {
	for _, operation := range a.Full {
		if quotas[operation] == nil {
			return fmt.Errorf("local: Account.Full names %q, which has no quota here", operation)
		}
	}
	if a.unreserved() > a.concurrency() {
		return fmt.Errorf("local: Account.Unreserved is more than Concurrency")
	}
	return nil
}

// billing refuses the calls that need access to billing information.
func (s *Server) billing(service, operation string) error {
	if !s.cfg.Account.BillingDenied || service != "budgets" && service != "freetier" {
		return nil
	}
	action := "freetier:" + operation
	if service == "budgets" {
		action = budgetsNeeds(asked{}, "budgets:"+operation)[0].action
	}
	return &apiError{Code: "AccessDeniedException", Message: "User: arn:aws:iam::" + AccountID + ":user/local is not authorized to perform: " +
		action + " because the account has not activated IAM access to billing information"}
}
