package provision

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

type budgetsAPI interface {
	DescribeBudget(ctx context.Context, in *budgets.DescribeBudgetInput, opts ...func(*budgets.Options)) (*budgets.DescribeBudgetOutput, error)
	ListTagsForResource(ctx context.Context, in *budgets.ListTagsForResourceInput, opts ...func(*budgets.Options)) (*budgets.ListTagsForResourceOutput, error)
	DescribeSubscribersForNotification(ctx context.Context, in *budgets.DescribeSubscribersForNotificationInput, opts ...func(*budgets.Options)) (*budgets.DescribeSubscribersForNotificationOutput, error)
	CreateBudget(ctx context.Context, in *budgets.CreateBudgetInput, opts ...func(*budgets.Options)) (*budgets.CreateBudgetOutput, error)
	UpdateBudget(ctx context.Context, in *budgets.UpdateBudgetInput, opts ...func(*budgets.Options)) (*budgets.UpdateBudgetOutput, error)
	CreateNotification(ctx context.Context, in *budgets.CreateNotificationInput, opts ...func(*budgets.Options)) (*budgets.CreateNotificationOutput, error)
	CreateSubscriber(ctx context.Context, in *budgets.CreateSubscriberInput, opts ...func(*budgets.Options)) (*budgets.CreateSubscriberOutput, error)
	TagResource(ctx context.Context, in *budgets.TagResourceInput, opts ...func(*budgets.Options)) (*budgets.TagResourceOutput, error)
	DeleteBudget(ctx context.Context, in *budgets.DeleteBudgetInput, opts ...func(*budgets.Options)) (*budgets.DeleteBudgetOutput, error)
}

const kindBudget = "budget"

// budgetSeen is the budget with the addresses that its notification mails to.
type budgetSeen struct {
	part
	have     *budgetstypes.Budget // nil when Absent
	limit    float64              // US dollars a month, as it should be
	notified bool                 // the notification is there
	told     []string             // its addresses
}

// notification is the one that todoctl makes: actual charges above the limit.
// FORECASTED needs about five weeks of usage, so a new account never sees it.
// https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
func notification() *budgetstypes.Notification {
	return &budgetstypes.Notification{
		NotificationType:   budgetstypes.NotificationTypeActual,
		ComparisonOperator: budgetstypes.ComparisonOperatorGreaterThan,
		Threshold:          100,
		ThresholdType:      budgetstypes.ThresholdTypePercentage,
	}
}

// lookBudget asks for the addresses of the one notification it would make, and
// does not list the notifications first: that saves a round trip, and AWS names
// them without ThresholdType when it is PERCENTAGE.
func (s *alarmStep) lookBudget(ctx context.Context) (seen budgetSeen, err error) {
	err = s.cfg.Clock.whole(ctx, func() (torn bool, err error) {
		seen, torn, err = s.glanceBudget(ctx)
		return torn, err
	})
	return seen, err
}

func (s *alarmStep) glanceBudget(ctx context.Context) (_ budgetSeen, torn bool, err error) {
	seen := budgetSeen{part: part{kind: kindBudget, name: s.cfg.BudgetName()}, limit: s.limit(0)}
	if s.refused != nil {
		seen.denied = s.refused
		return seen, false, nil
	}
	seen.ID = s.cfg.BudgetARN()
	account, name := aws.String(s.cfg.Account), aws.String(seen.name)
	var tags map[string]string // nil when there is no budget for this call
	err = together(ctx,
		func(ctx context.Context) error {
			out, err := s.budgets.DescribeBudget(ctx, &budgets.DescribeBudgetInput{
				AccountId: account, BudgetName: name,
				ShowFilterExpression: aws.Bool(true), // else an update would lose it
			})
			if err == nil {
				seen.have = out.Budget
			}
			return unlessGone(err)
		},
		func(ctx context.Context) error {
			out, err := s.budgets.ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: aws.String(seen.ID)})
			if err == nil {
				tags = tagMap(out.ResourceTags, func(t budgetstypes.ResourceTag) (*string, *string) { return t.Key, t.Value })
			}
			return unlessGone(err)
		},
		func(ctx context.Context) error {
			for token := (*string)(nil); ; {
				out, err := s.budgets.DescribeSubscribersForNotification(ctx, &budgets.DescribeSubscribersForNotificationInput{
					AccountId: account, BudgetName: name, Notification: notification(), NextToken: token,
				})
				if err != nil {
					return unlessGone(err)
				}
				seen.notified = true
				for _, to := range out.Subscribers {
					seen.told = append(seen.told, aws.ToString(to.Address))
				}
				if token = out.NextToken; aws.ToString(token) == "" {
					return nil
				}
			}
		},
	)
	if err != nil || seen.have == nil {
		return seen, false, seen.missing(err)
	}
	seen.limit = s.limit(amount(seen.have.BudgetLimit))
	seen.Diffs = diffBudget(seen.have, seen.limit)
	if s.cfg.Email != "" && !has(seen.told, s.cfg.Email) {
		seen.Diffs = append(seen.Diffs, Diff{Field: "the budget's notification", Have: cmp.Or(strings.Join(seen.told, ", "), "missing"), Want: s.cfg.Email})
	}
	s.judge(&seen.part, tags)
	return seen, tags == nil && seen.State == Foreign, nil
}

// amount reads a budget's limit in US dollars; AWS answers "1.0" to "1".
func amount(spend *budgetstypes.Spend) float64 {
	if spend == nil || aws.ToString(spend.Unit) != "USD" {
		return 0
	}
	usd, err := strconv.ParseFloat(aws.ToString(spend.Amount), 64)
	if err != nil {
		return 0
	}
	return usd
}

// diffBudget compares the settings that todoctl owns.
func diffBudget(have *budgetstypes.Budget, limit float64) []Diff {
	var diffs []Diff
	compare := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: "the budget's " + field, Have: cmp.Or(have, "missing"), Want: want})
		}
	}
	// Absent means true: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CostTypes.html
	counted := func(field *bool) string {
		if field == nil || *field {
			return "counted"
		}
		return "not counted"
	}
	types := have.CostTypes
	if types == nil {
		types = &budgetstypes.CostTypes{}
	}
	compare("type", string(have.BudgetType), string(budgetstypes.BudgetTypeCost))
	compare("time unit", string(have.TimeUnit), string(budgetstypes.TimeUnitMonthly))
	compare("limit", fmt.Sprintf("%g USD", amount(have.BudgetLimit)), fmt.Sprintf("%g USD", limit))
	if filtered(have) {
		return diffs
	}
	compare("credits", counted(types.IncludeCredit), "not counted")
	compare("refunds", counted(types.IncludeRefund), "not counted")
	return diffs
}

// filtered says that somebody has given the budget a filter or metrics of his
// own, which take the place of CostTypes: what it counts is then his business.
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
func filtered(b *budgetstypes.Budget) bool {
	return b.CostTypes == nil && (b.FilterExpression != nil || len(b.Metrics) > 0)
}

// costTypes are what the budget counts, credits and refunds left out, and for
// the rest what is there already.
func costTypes(have *budgetstypes.CostTypes) *budgetstypes.CostTypes {
	types := budgetstypes.CostTypes{
		IncludeTax: aws.Bool(true), IncludeSubscription: aws.Bool(true), IncludeUpfront: aws.Bool(true),
		IncludeRecurring: aws.Bool(true), IncludeOtherSubscription: aws.Bool(true), IncludeSupport: aws.Bool(true),
		IncludeDiscount: aws.Bool(true), UseBlended: aws.Bool(false), UseAmortized: aws.Bool(false),
	}
	if have != nil {
		types = *have
	}
	types.IncludeCredit, types.IncludeRefund = aws.Bool(false), aws.Bool(false)
	return &types
}

// budget is what todoctl sends. IncludeCredit is true by default at AWS, and
// then the budget reads 0 for as long as credits pay, and never mails.
func (b budgetSeen) budget() *budgetstypes.Budget {
	want := &budgetstypes.Budget{}
	if b.have != nil {
		copied := *b.have // filters and the period that a person set stay
		want = &copied
	}
	want.BudgetName = aws.String(b.name)
	want.BudgetType = budgetstypes.BudgetTypeCost
	want.TimeUnit = budgetstypes.TimeUnitMonthly
	want.BudgetLimit = &budgetstypes.Spend{Amount: aws.String(strconv.FormatFloat(b.limit, 'f', -1, 64)), Unit: aws.String("USD")}
	// What AWS computes is not ours to send.
	want.CalculatedSpend, want.LastUpdatedTime, want.HealthStatus = nil, nil, nil
	// It takes CostTypes or Metrics, never both.
	if filtered(want) {
		want.CostFilters = nil
		return want
	}
	want.CostTypes, want.Metrics, want.FilterExpression = costTypes(want.CostTypes), nil, nil
	return want
}

func (s *alarmStep) applyBudget(ctx context.Context, seen budgetSeen) error {
	err := s.writeBudget(ctx, seen)
	if isDenied(err) && s.wantsAlarm() {
		s.refused = err // the alarm watches; the look after this says what to ask for
		return nil
	}
	return err
}

func (s *alarmStep) writeBudget(ctx context.Context, seen budgetSeen) error {
	account, name := aws.String(s.cfg.Account), aws.String(seen.name)
	create := s.budgetInput(seen)
	subscribers := s.subscribers()
	switch seen.State {
	case OK:
		return nil
	case Foreign:
		return &ForeignError{Step: "alarm", Resource: seen.String(), Owner: seen.Owner}
	case Absent:
		_, err := s.budgets.CreateBudget(ctx, create)
		if apiCode(err) != "DuplicateRecordException" {
			if err == nil {
				s.made.Store(kindBudget, true)
			}
			return naming("create", seen.part, err)
		}
		// A lost answer looks like this, and so does somebody else's budget.
		now, err := s.lookBudget(ctx)
		switch {
		case err != nil:
			return err
		case now.denied != nil:
			return now.denied
		case now.State == Foreign:
			return &ForeignError{Step: "alarm", Resource: now.String(), Owner: now.Owner}
		case now.State != Drift:
			return nil
		}
		seen = now
	}
	if seen.untagged() {
		if _, err := s.budgets.TagResource(ctx, &budgets.TagResourceInput{ResourceARN: aws.String(seen.ID), ResourceTags: create.ResourceTags}); err != nil {
			return naming("tag", seen.part, err)
		}
	}
	if len(diffBudget(seen.have, seen.limit)) > 0 {
		if _, err := s.budgets.UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: account, NewBudget: seen.budget()}); err != nil {
			return naming("update", seen.part, err)
		}
	}
	if len(subscribers) == 0 || has(seen.told, s.cfg.Email) {
		return nil
	}
	if !seen.notified {
		_, err := s.budgets.CreateNotification(ctx, &budgets.CreateNotificationInput{
			AccountId: account, BudgetName: name, Notification: notification(), Subscribers: subscribers,
		})
		if apiCode(err) != "DuplicateRecordException" {
			return naming("add a notification to", seen.part, err)
		}
	}
	_, err := s.budgets.CreateSubscriber(ctx, &budgets.CreateSubscriberInput{
		AccountId: account, BudgetName: name, Notification: notification(), Subscriber: &subscribers[0],
	})
	if apiCode(err) == "DuplicateRecordException" {
		return nil
	}
	return naming("add an address to", seen.part, err)
}

// budgetInput is the budget as it is asked for, and as Elsewhere tells it.
func (s *alarmStep) budgetInput(seen budgetSeen) *budgets.CreateBudgetInput {
	in := &budgets.CreateBudgetInput{AccountId: aws.String(s.cfg.Account), Budget: seen.budget()}
	for k, v := range inOrder(s.tags()) {
		in.ResourceTags = append(in.ResourceTags, budgetstypes.ResourceTag{Key: aws.String(k), Value: aws.String(v)})
	}
	if to := s.subscribers(); len(to) > 0 {
		in.NotificationsWithSubscribers = []budgetstypes.NotificationWithSubscribers{{Notification: notification(), Subscribers: to}}
	}
	return in
}

// subscribers are whom the budget's notification mails to; none without an address.
func (s *alarmStep) subscribers() []budgetstypes.Subscriber {
	if s.cfg.Email == "" {
		return nil
	}
	return []budgetstypes.Subscriber{{SubscriptionType: budgetstypes.SubscriptionTypeEmail, Address: aws.String(s.cfg.Email)}}
}

func naming(act string, p part, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the %s: %w", act, p, err)
}

func (s *alarmStep) removeBudget(ctx context.Context) error {
	_, err := s.budgets.DeleteBudget(ctx, &budgets.DeleteBudgetInput{AccountId: aws.String(s.cfg.Account), BudgetName: aws.String(s.cfg.BudgetName())})
	return err
}
