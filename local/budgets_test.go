package local

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

var account0 = aws.String(AccountID)

func notification(threshold float64, kind types.ThresholdType) *types.Notification {
	return &types.Notification{
		NotificationType: types.NotificationTypeActual, ComparisonOperator: types.ComparisonOperatorGreaterThan,
		Threshold: threshold, ThresholdType: kind,
	}
}

func email(address string) types.Subscriber {
	return types.Subscriber{SubscriptionType: types.SubscriptionTypeEmail, Address: aws.String(address)}
}

func newBudget(name string) *budgets.CreateBudgetInput {
	return &budgets.CreateBudgetInput{
		AccountId: account0,
		Budget: &types.Budget{
			BudgetName: aws.String(name), BudgetType: types.BudgetTypeCost, TimeUnit: types.TimeUnitMonthly,
			BudgetLimit: &types.Spend{Amount: aws.String("1"), Unit: aws.String("USD")},
			CostTypes:   &types.CostTypes{IncludeCredit: aws.Bool(false), IncludeRefund: aws.Bool(false)},
		},
		NotificationsWithSubscribers: []types.NotificationWithSubscribers{
			{Notification: notification(80, types.ThresholdTypePercentage), Subscribers: []types.Subscriber{email("ada@example.com")}},
			{Notification: notification(0.01, types.ThresholdTypeAbsoluteValue), Subscribers: []types.Subscriber{email("ada@example.com"), email("bob@example.com")}},
		},
		ResourceTags: []types.ResourceTag{{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")}},
	}
}

func TestBudgetComesBackAsAWSFillsItIn(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	must(c.CreateBudget(t.Context(), newBudget("B")))(t)
	b := must(c.DescribeBudget(t.Context(), &budgets.DescribeBudgetInput{AccountId: account0, BudgetName: aws.String("B")}))(t).Budget
	if *b.BudgetLimit.Amount != "1.0" || *b.BudgetLimit.Unit != "USD" || b.TimeUnit != types.TimeUnitMonthly || b.BudgetType != types.BudgetTypeCost {
		t.Errorf("budget %+v", b)
	}
	if *b.CalculatedSpend.ActualSpend.Amount != "0.0" || *b.CalculatedSpend.ActualSpend.Unit != "USD" {
		t.Errorf("spent %+v", b.CalculatedSpend.ActualSpend)
	}
	if *b.CostTypes.IncludeCredit || *b.CostTypes.IncludeRefund || !*b.CostTypes.IncludeTax || *b.CostTypes.UseBlended {
		t.Errorf("cost types %+v", b.CostTypes)
	}
	if !b.TimePeriod.Start.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) || !b.TimePeriod.End.Equal(time.Date(2087, 6, 15, 0, 0, 0, 0, time.UTC)) || !b.LastUpdatedTime.Equal(a.clock()) {
		t.Errorf("times %v %v %v", b.TimePeriod.Start, b.TimePeriod.End, b.LastUpdatedTime)
	}
	fails(c.CreateBudget(t.Context(), newBudget("B")))(t, "DuplicateRecordException", "the budget already exists")
	fails(c.DescribeBudget(t.Context(), &budgets.DescribeBudgetInput{AccountId: account0, BudgetName: aws.String("C")}))(
		t, "NotFoundException", "Unable to get budget: C - the budget doesn't exist.")
	fails(c.DescribeBudget(t.Context(), &budgets.DescribeBudgetInput{AccountId: aws.String("111111111111"), BudgetName: aws.String("B")}))(
		t, "AccessDeniedException", "111111111111")
}

func TestAmountsHaveADigitAfterThePoint(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	for i, tt := range [][2]string{{"1", "1.0"}, {"100", "100.0"}, {"0.010", "0.01"}, {"2.50", "2.5"}, {"1e1", "10.0"}} {
		in := newBudget(fmt.Sprint("B", i))
		in.Budget.BudgetLimit.Amount = aws.String(tt[0])
		must(c.CreateBudget(t.Context(), in))(t)
		b := must(c.DescribeBudget(t.Context(), &budgets.DescribeBudgetInput{AccountId: account0, BudgetName: in.Budget.BudgetName}))(t).Budget
		if *b.BudgetLimit.Amount != tt[1] {
			t.Errorf("%s came back as %s", tt[0], *b.BudgetLimit.Amount)
		}
	}
}

func TestNotificationsLeavePercentageOut(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	must(c.CreateBudget(t.Context(), newBudget("B")))(t)
	name := aws.String("B")
	list := func() []types.Notification {
		return must(c.DescribeNotificationsForBudget(t.Context(), &budgets.DescribeNotificationsForBudgetInput{AccountId: account0, BudgetName: name}))(t).Notifications
	}
	got := list()
	if len(got) != 2 || got[0].ThresholdType != "" || got[0].Threshold != 80 || got[1].ThresholdType != types.ThresholdTypeAbsoluteValue || got[1].Threshold != 0.01 {
		t.Fatalf("notifications %+v", got)
	}
	// An absent type is PERCENTAGE when asking, too.
	who := func(n *types.Notification) []types.Subscriber {
		return must(c.DescribeSubscribersForNotification(t.Context(), &budgets.DescribeSubscribersForNotificationInput{AccountId: account0, BudgetName: name, Notification: n}))(t).Subscribers
	}
	if s := who(notification(80, "")); len(s) != 1 || *s[0].Address != "ada@example.com" {
		t.Errorf("subscribers %v", s)
	}
	fails(c.CreateNotification(t.Context(), &budgets.CreateNotificationInput{AccountId: account0, BudgetName: name,
		Notification: notification(80, ""), Subscribers: []types.Subscriber{email("x@example.com")}}))(t, "DuplicateRecordException", "already exists")
	must(c.UpdateNotification(t.Context(), &budgets.UpdateNotificationInput{AccountId: account0, BudgetName: name,
		OldNotification: notification(80, ""), NewNotification: notification(90, "")}))(t)
	if s := who(notification(90, types.ThresholdTypePercentage)); len(s) != 1 {
		t.Errorf("the subscribers did not stay: %v", s)
	}
	must(c.DeleteNotification(t.Context(), &budgets.DeleteNotificationInput{AccountId: account0, BudgetName: name, Notification: notification(90, "")}))(t)
	fails(c.DeleteNotification(t.Context(), &budgets.DeleteNotificationInput{AccountId: account0, BudgetName: name, Notification: notification(90, "")}))(t, "NotFoundException", "notification")
	for i := range 4 {
		must(c.CreateNotification(t.Context(), &budgets.CreateNotificationInput{AccountId: account0, BudgetName: name,
			Notification: notification(float64(i+1), ""), Subscribers: []types.Subscriber{email("x@example.com")}}))(t)
	}
	fails(c.CreateNotification(t.Context(), &budgets.CreateNotificationInput{AccountId: account0, BudgetName: name,
		Notification: notification(6, ""), Subscribers: []types.Subscriber{email("x@example.com")}}))(t, "CreationLimitExceededException", "more than 5")
}

func TestSubscribersComeAndGo(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	must(c.CreateBudget(t.Context(), newBudget("B")))(t)
	name, n := aws.String("B"), notification(80, "")
	add := func(s types.Subscriber) (*budgets.CreateSubscriberOutput, error) {
		return c.CreateSubscriber(t.Context(), &budgets.CreateSubscriberInput{AccountId: account0, BudgetName: name, Notification: n, Subscriber: &s})
	}
	remove := func(s types.Subscriber) (*budgets.DeleteSubscriberOutput, error) {
		return c.DeleteSubscriber(t.Context(), &budgets.DeleteSubscriberInput{AccountId: account0, BudgetName: name, Notification: n, Subscriber: &s})
	}
	fails(add(email("ada@example.com")))(t, "DuplicateRecordException", "already exists")
	fails(add(email("nobody")))(t, "InvalidParameterException", "nobody")
	for i := range 9 {
		must(add(email(fmt.Sprintf("u%d@example.com", i))))(t)
	}
	fails(add(email("one.more@example.com")))(t, "CreationLimitExceededException", "10 email")
	must(add(types.Subscriber{SubscriptionType: types.SubscriptionTypeSns, Address: aws.String("arn:aws:sns:us-east-1:000000000000:T")}))(t)
	must(c.UpdateSubscriber(t.Context(), &budgets.UpdateSubscriberInput{AccountId: account0, BudgetName: name, Notification: n,
		OldSubscriber: ptr(email("u0@example.com")), NewSubscriber: ptr(email("new@example.com"))}))(t)
	fails(remove(email("u0@example.com")))(t, "NotFoundException", "subscriber")
	must(remove(email("new@example.com")))(t)

	// The last subscriber takes the notification along.
	second := notification(0.01, types.ThresholdTypeAbsoluteValue)
	for _, who := range []string{"ada@example.com", "bob@example.com"} {
		must(c.DeleteSubscriber(t.Context(), &budgets.DeleteSubscriberInput{AccountId: account0, BudgetName: name, Notification: second, Subscriber: ptr(email(who))}))(t)
	}
	if got := must(c.DescribeNotificationsForBudget(t.Context(), &budgets.DescribeNotificationsForBudgetInput{AccountId: account0, BudgetName: name}))(t).Notifications; len(got) != 1 {
		t.Errorf("notifications %v", got)
	}
}

func ptr[T any](v T) *T { return &v }

func TestBudgetUpdateKeepsNotificationsAndTags(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	must(c.CreateBudget(t.Context(), newBudget("B")))(t)
	next := newBudget("B").Budget
	next.BudgetLimit.Amount = aws.String("5")
	a.turn(40 * 24 * time.Hour)
	must(c.UpdateBudget(t.Context(), &budgets.UpdateBudgetInput{AccountId: account0, NewBudget: next}))(t)
	list := must(c.DescribeBudgets(t.Context(), &budgets.DescribeBudgetsInput{AccountId: account0}))(t).Budgets
	if len(list) != 1 || *list[0].BudgetLimit.Amount != "5.0" || !list[0].TimePeriod.Start.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("budgets %+v", list)
	}
	arn := aws.String("arn:aws:budgets::000000000000:budget/B")
	must(c.TagResource(t.Context(), &budgets.TagResourceInput{ResourceARN: arn, ResourceTags: []types.ResourceTag{{Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.UntagResource(t.Context(), &budgets.UntagResourceInput{ResourceARN: arn, ResourceTagKeys: []string{"todoctl:stack"}}))(t)
	tags := must(c.ListTagsForResource(t.Context(), &budgets.ListTagsForResourceInput{ResourceARN: arn}))(t).ResourceTags
	if len(tags) != 1 || *tags[0].Key != "b" {
		t.Errorf("tags %v", tags)
	}
	must(c.DeleteBudget(t.Context(), &budgets.DeleteBudgetInput{AccountId: account0, BudgetName: aws.String("B")}))(t)
	fails(c.DeleteBudget(t.Context(), &budgets.DeleteBudgetInput{AccountId: account0, BudgetName: aws.String("B")}))(t, "NotFoundException", "budget doesn't exist")
	fails(c.ListTagsForResource(t.Context(), &budgets.ListTagsForResourceInput{ResourceARN: arn}))(t, "NotFoundException", "")
	if got := must(c.DescribeBudgets(t.Context(), &budgets.DescribeBudgetsInput{AccountId: account0}))(t).Budgets; len(got) != 0 {
		t.Errorf("left %v", got)
	}
}

func TestCreateBudgetRefuses(t *testing.T) {
	a := newAccount(t, Lags{})
	c := budgets.NewFromConfig(a.config())
	for _, tt := range []struct {
		spoil         func(*budgets.CreateBudgetInput)
		code, message string
	}{
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String("a:b") }, "InvalidParameterException", "budget name"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String("a/action/b") }, "InvalidParameterException", "budget name"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetName = aws.String(strings.Repeat("x", 101)) }, "InvalidParameterException", "length"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Amount = aws.String("0") }, "InvalidParameterException", "positive"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Amount = aws.String("much") }, "InvalidParameterException", "positive"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.BudgetLimit.Unit = aws.String("EUR") }, "InvalidParameterException", "unit"},
		{func(in *budgets.CreateBudgetInput) { in.Budget.TimeUnit = "WEEKLY" }, "InvalidParameterException", "time unit"},
		{func(in *budgets.CreateBudgetInput) {
			in.NotificationsWithSubscribers[0].Subscribers = []types.Subscriber{}
		}, "InvalidParameterException", "at least one subscriber"},
		{func(in *budgets.CreateBudgetInput) { in.NotificationsWithSubscribers[0].Notification.Threshold = -1 }, "InvalidParameterException", "threshold"},
		{func(in *budgets.CreateBudgetInput) {
			in.NotificationsWithSubscribers[1] = in.NotificationsWithSubscribers[0]
		}, "DuplicateRecordException", "already exists"},
	} {
		in := newBudget("B")
		tt.spoil(in)
		fails(c.CreateBudget(t.Context(), in))(t, tt.code, tt.message)
	}
	if got := must(c.DescribeBudgets(t.Context(), &budgets.DescribeBudgetsInput{AccountId: account0}))(t).Budgets; len(got) != 0 {
		t.Errorf("a refused budget exists: %v", got)
	}
}
