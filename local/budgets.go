package local

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"go.etcd.io/bbolt"
)

// budgetsService is AWS Budgets. It is global. What is spent here is nothing,
// so no notification ever goes out.
type budgetsService struct{ *Server }

var budgetPages = paging{size: 100, code: "InvalidNextTokenException", message: "The next token is invalid."}

// A budgetDoc is a budget with its notifications and tags.
type budgetDoc struct {
	Budget        types.Budget
	Notifications []notificationDoc // in the order in which they were made
	Tags          map[string]string
	Created       time.Time
	Updated       time.Time
}

// A notificationDoc is a notification with those whom it tells.
type notificationDoc struct {
	Notification types.Notification
	Subscribers  []types.Subscriber
}

func (d budgetDoc) name() string { return aws.ToString(d.Budget.BudgetName) }

func (d budgetDoc) arn() string { return budgetARN(d.name()) }

func budgetARN(name string) string { return "arn:aws:budgets::" + AccountID + ":budget/" + name }

// shown is the budget as the API tells it: with nothing spent.
func (d budgetDoc) shown() *types.Budget {
	b := d.Budget
	b.LastUpdatedTime = aws.Time(d.Updated)
	b.CalculatedSpend = &types.CalculatedSpend{ActualSpend: &types.Spend{Amount: aws.String("0.0"), Unit: aws.String("USD")}}
	b.HealthStatus = &types.HealthStatus{Status: types.HealthStatusValueHealthy, LastUpdatedTime: aws.Time(d.Updated)}
	return &b
}

// forever is the end of a budget that names none: 2087-06-15, says the API.
var forever = time.Date(2087, time.June, 15, 0, 0, 0, 0, time.UTC)

// CreateBudget makes a budget with its notifications and tags.
func (x *budgetsService) CreateBudget(ctx context.Context, in *budgets.CreateBudgetInput) (*budgets.CreateBudgetOutput, error) {
	if err := checkAccount(in.AccountId); err != nil {
		return nil, err
	}
	doc := budgetDoc{Tags: map[string]string{}, Created: x.cfg.Now(), Updated: x.cfg.Now()}
	var err error
	if doc.Budget, err = x.complete(in.Budget); err != nil {
		return nil, err
	}
	if err := addBudgetTags(doc.Tags, in.ResourceTags); err != nil {
		return nil, err
	}
	for _, n := range in.NotificationsWithSubscribers {
		if err := doc.add(n.Notification, n.Subscribers); err != nil {
			return nil, err
		}
	}
	return &budgets.CreateBudgetOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		_, taken, err := get[budgetDoc](tx, bucketBudgets, doc.name())
		if err != nil {
			return err
		}
		if taken {
			return budgetError("DuplicateRecordException", "Error creating budget: "+doc.name()+" - the budget already exists.")
		}
		if err := x.full("CreateBudget"); err != nil {
			return err
		}
		return put(tx, bucketBudgets, doc.name(), doc)
	})
}

// complete checks a budget and fills in what AWS fills in.
func (x *budgetsService) complete(in *types.Budget) (types.Budget, error) {
	if in == nil {
		return types.Budget{}, budgetInvalid("Budget is required.")
	}
	b := *in
	name := aws.ToString(b.BudgetName)
	switch {
	case name == "" || len(name) > 100:
		return b, budgetInvalid("1 validation error detected: Value at 'budget.budgetName' failed to satisfy constraint: Member must have length between 1 and 100")
	case strings.ContainsAny(name, `:\`) || strings.Contains(name, "/action/"):
		return b, budgetInvalid(`The budget name must not contain the ":" and "\" characters, or the "/action/" substring.`)
	case !slices.Contains(b.TimeUnit.Values(), b.TimeUnit):
		return b, budgetInvalid("Invalid time unit: " + string(b.TimeUnit))
	case !slices.Contains(b.BudgetType.Values(), b.BudgetType):
		return b, budgetInvalid("Invalid budget type: " + string(b.BudgetType))
	case b.AutoAdjustData != nil || b.PlannedBudgetLimits != nil:
		return b, notImplemented("a budget with AutoAdjustData or PlannedBudgetLimits")
	case b.FilterExpression != nil && (b.CostFilters != nil || b.CostTypes != nil):
		return b, budgetInvalid("You can use either CostFilters and CostTypes, or FilterExpression and Metrics.")
	case b.BudgetLimit == nil:
		return b, budgetInvalid("Budget limit is required.")
	}
	amount, ok := new(big.Rat).SetString(aws.ToString(b.BudgetLimit.Amount))
	if !ok || amount.Sign() <= 0 {
		return b, budgetInvalid("The budget limit must be a positive number.")
	}
	if b.BudgetType == types.BudgetTypeCost && aws.ToString(b.BudgetLimit.Unit) != "USD" {
		return b, budgetInvalid("Invalid unit for a cost budget: " + aws.ToString(b.BudgetLimit.Unit))
	}
	// AWS answers "1.0" where "1" was given.
	b.BudgetLimit = &types.Spend{Amount: aws.String(amountText(amount)), Unit: b.BudgetLimit.Unit}
	b.CalculatedSpend, b.LastUpdatedTime, b.HealthStatus = nil, nil, nil

	period := types.TimePeriod{}
	if b.TimePeriod != nil {
		period = *b.TimePeriod
	}
	if period.Start == nil {
		period.Start = aws.Time(periodStart(x.cfg.Now(), b.TimeUnit))
	}
	if period.End == nil {
		period.End = aws.Time(forever)
	}
	if !period.Start.Before(*period.End) {
		return b, budgetInvalid("The start of the time period must be before its end.")
	}
	b.TimePeriod = &period
	if b.FilterExpression == nil {
		b.CostTypes = costTypes(b.CostTypes)
		if b.CostFilters == nil {
			b.CostFilters = map[string][]string{}
		}
	}
	return b, nil
}

// amountText writes a number with at least one digit after the point.
func amountText(r *big.Rat) string {
	text := strings.TrimRight(r.FloatString(10), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return text
}

func periodStart(now time.Time, unit types.TimeUnit) time.Time {
	year, month, day := now.UTC().Date()
	switch unit {
	case types.TimeUnitDaily:
	case types.TimeUnitQuarterly:
		month, day = (month-1)/3*3+1, 1
	case types.TimeUnitAnnually:
		month, day = time.January, 1
	default:
		day = 1
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// costTypes fills in the defaults: everything counts, credits and refunds too,
// so a budget on an account with credits stays at nothing.
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CostTypes.html
func costTypes(in *types.CostTypes) *types.CostTypes {
	c := types.CostTypes{}
	if in != nil {
		c = *in
	}
	for _, include := range []**bool{&c.IncludeCredit, &c.IncludeDiscount, &c.IncludeOtherSubscription, &c.IncludeRecurring,
		&c.IncludeRefund, &c.IncludeSubscription, &c.IncludeSupport, &c.IncludeTax, &c.IncludeUpfront} {
		if *include == nil {
			*include = aws.Bool(true)
		}
	}
	for _, use := range []**bool{&c.UseAmortized, &c.UseBlended} {
		if *use == nil {
			*use = aws.Bool(false)
		}
	}
	return &c
}

// DescribeBudget returns a budget.
func (x *budgetsService) DescribeBudget(ctx context.Context, in *budgets.DescribeBudgetInput) (*budgets.DescribeBudgetOutput, error) {
	doc, err := x.look(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	return &budgets.DescribeBudgetOutput{Budget: doc.shown()}, nil
}

// DescribeBudgets lists the budgets. Without one the answer has no list at all.
func (x *budgetsService) DescribeBudgets(ctx context.Context, in *budgets.DescribeBudgetsInput) (*budgets.DescribeBudgetsOutput, error) {
	if err := checkAccount(in.AccountId); err != nil {
		return nil, err
	}
	docs, err := x.all()
	if err != nil {
		return nil, err
	}
	out := &budgets.DescribeBudgetsOutput{}
	docs, out.NextToken, err = page(docs, budgetDoc.name, in.NextToken, in.MaxResults, budgetPages)
	for _, d := range docs {
		out.Budgets = append(out.Budgets, *d.shown())
	}
	return out, err
}

// UpdateBudget replaces the settings of a budget; notifications and tags stay.
func (x *budgetsService) UpdateBudget(ctx context.Context, in *budgets.UpdateBudgetInput) (*budgets.UpdateBudgetOutput, error) {
	next, err := x.complete(in.NewBudget)
	if err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	return &budgets.UpdateBudgetOutput{}, x.change(in.AccountId, next.BudgetName, func(d *budgetDoc) error {
		if in.NewBudget.TimePeriod == nil { // "the start date stays"
			next.TimePeriod = d.Budget.TimePeriod
		}
		d.Budget, d.Updated = next, now
		return nil
	})
}

// DeleteBudget removes a budget with its notifications and subscribers.
func (x *budgetsService) DeleteBudget(ctx context.Context, in *budgets.DeleteBudgetInput) (*budgets.DeleteBudgetOutput, error) {
	if err := checkAccount(in.AccountId); err != nil {
		return nil, err
	}
	return &budgets.DeleteBudgetOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		if _, err := x.getBudget(tx, in.BudgetName); err != nil {
			return err
		}
		return remove(tx, bucketBudgets, aws.ToString(in.BudgetName))
	})
}

// TagResource adds tags to a budget.
func (x *budgetsService) TagResource(ctx context.Context, in *budgets.TagResourceInput) (*budgets.TagResourceOutput, error) {
	return &budgets.TagResourceOutput{}, x.changeTagged(in.ResourceARN, func(d *budgetDoc) error {
		return addBudgetTags(d.Tags, in.ResourceTags)
	})
}

// UntagResource removes tags from a budget.
func (x *budgetsService) UntagResource(ctx context.Context, in *budgets.UntagResourceInput) (*budgets.UntagResourceOutput, error) {
	return &budgets.UntagResourceOutput{}, x.changeTagged(in.ResourceARN, func(d *budgetDoc) error {
		for _, k := range in.ResourceTagKeys {
			delete(d.Tags, k)
		}
		return nil
	})
}

// ListTagsForResource returns the tags of a budget.
func (x *budgetsService) ListTagsForResource(ctx context.Context, in *budgets.ListTagsForResourceInput) (*budgets.ListTagsForResourceOutput, error) {
	name, err := budgetOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	doc, err := x.look(aws.String(AccountID), &name)
	if err != nil {
		return nil, err
	}
	out := &budgets.ListTagsForResourceOutput{ResourceTags: []types.ResourceTag{}}
	for _, k := range sortedKeys(doc.Tags) {
		out.ResourceTags = append(out.ResourceTags, types.ResourceTag{Key: aws.String(k), Value: aws.String(doc.Tags[k])})
	}
	return out, nil
}

// tagged lists the budgets with their tags. Global services show in us-east-1.
func (x *budgetsService) tagged() ([]taggedResource, error) {
	docs, err := x.all()
	found := make([]taggedResource, 0, len(docs))
	for _, d := range docs {
		found = append(found, taggedResource{ARN: d.arn(), Region: "us-east-1", Tags: d.Tags})
	}
	return found, err
}

func (x *budgetsService) all() (docs []budgetDoc, err error) {
	err = x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[budgetDoc](tx, bucketBudgets, "")
		return err
	})
	return docs, err
}

func (x *budgetsService) look(account, name *string) (doc budgetDoc, err error) {
	if err := checkAccount(account); err != nil {
		return doc, err
	}
	err = x.db.view(func(tx *bbolt.Tx) error {
		doc, err = x.getBudget(tx, name)
		return err
	})
	return doc, err
}

func (x *budgetsService) change(account, name *string, do func(*budgetDoc) error) error {
	if err := checkAccount(account); err != nil {
		return err
	}
	return x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getBudget(tx, name)
		if err != nil {
			return err
		}
		if err := do(&doc); err != nil {
			return err
		}
		return put(tx, bucketBudgets, doc.name(), doc)
	})
}

func (x *budgetsService) changeTagged(arn *string, do func(*budgetDoc) error) error {
	name, err := budgetOf(arn)
	if err != nil {
		return err
	}
	return x.change(aws.String(AccountID), &name, do)
}

func (x *budgetsService) getBudget(tx *bbolt.Tx, name *string) (budgetDoc, error) {
	doc, ok, err := get[budgetDoc](tx, bucketBudgets, aws.ToString(name))
	if err == nil && (!ok || x.young(doc.Created, x.cfg.Lags.BudgetVisible)) {
		err = budgetError("NotFoundException", "Unable to get budget: "+aws.ToString(name)+" - the budget doesn't exist.")
	}
	return doc, err
}

func budgetOf(arn *string) (string, error) {
	name, ok := strings.CutPrefix(aws.ToString(arn), budgetARN(""))
	if !ok || name == "" {
		return "", budgetInvalid("Invalid resource ARN: " + aws.ToString(arn))
	}
	return name, nil
}

func checkAccount(id *string) error {
	if aws.ToString(id) != AccountID {
		return budgetError("AccessDeniedException", fmt.Sprintf("Account %s is not authorized to access budgets of account %s.", AccountID, aws.ToString(id)))
	}
	return nil
}

func addBudgetTags(have map[string]string, tags []types.ResourceTag) error {
	for _, t := range tags {
		k := aws.ToString(t.Key)
		if k == "" || len(k) > 128 || len(aws.ToString(t.Value)) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return budgetInvalid("Invalid tag key: " + k)
		}
		have[k] = aws.ToString(t.Value)
	}
	if len(have) > 200 {
		return budgetError("ServiceQuotaExceededException", "The number of tags exceeds the limit of 200.")
	}
	return nil
}

func budgetError(code, message string) error { return &apiError{Code: code, Message: message} }

func budgetInvalid(message string) error { return budgetError("InvalidParameterException", message) }
