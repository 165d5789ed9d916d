package local

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/budgets/types"
)

// The limits of AWS Budgets.
// https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html
const (
	maxNotifications = 5  // of a budget
	maxEmails        = 10 // of a notification
	maxTopics        = 1  // of a notification
)

// same says whether two notifications are the same one: a budget has no ids for
// them. Percent is what an absent ThresholdType means.
func same(a, b types.Notification) bool {
	return a.NotificationType == b.NotificationType && a.ComparisonOperator == b.ComparisonOperator &&
		a.Threshold == b.Threshold && percent(a) == percent(b)
}

func percent(n types.Notification) bool { return n.ThresholdType != types.ThresholdTypeAbsoluteValue }

// find returns the place of a notification, or NotFoundException.
func (d *budgetDoc) find(n *types.Notification) (int, error) {
	if n != nil {
		if i := slices.IndexFunc(d.Notifications, func(h notificationDoc) bool { return same(h.Notification, *n) }); i >= 0 {
			return i, nil
		}
	}
	return 0, budgetError("NotFoundException", "Unable to get notification - the notification doesn't exist.")
}

// add adds a notification.
func (d *budgetDoc) add(n *types.Notification, subscribers []types.Subscriber) error {
	if err := checkNotification(n); err != nil {
		return err
	}
	if err := checkSubscribers(subscribers); err != nil {
		return err
	}
	if _, err := d.find(n); err == nil {
		return budgetError("DuplicateRecordException", "Error creating notification - the notification already exists.")
	}
	if len(d.Notifications) >= maxNotifications {
		return budgetError("CreationLimitExceededException", fmt.Sprintf("Error creating notification - you can't have more than %d notifications for a budget.", maxNotifications))
	}
	kept := *n
	kept.NotificationState = types.NotificationStateOk
	d.Notifications = append(d.Notifications, notificationDoc{Notification: kept, Subscribers: subscribers})
	return nil
}

func checkNotification(n *types.Notification) error {
	switch {
	case n == nil:
		return budgetInvalid("Notification is required.")
	case !slices.Contains(n.NotificationType.Values(), n.NotificationType):
		return budgetInvalid("Invalid notification type: " + string(n.NotificationType))
	case !slices.Contains(n.ComparisonOperator.Values(), n.ComparisonOperator):
		return budgetInvalid("Invalid comparison operator: " + string(n.ComparisonOperator))
	case n.ThresholdType != "" && !slices.Contains(n.ThresholdType.Values(), n.ThresholdType):
		return budgetInvalid("Invalid threshold type: " + string(n.ThresholdType))
	case n.Threshold < 0 || n.Threshold > 15000000000000: // the API's own bounds
		return budgetInvalid("The threshold must be between 0 and 15000000000000.")
	}
	return nil
}

func checkSubscribers(list []types.Subscriber) error {
	if len(list) == 0 {
		return budgetInvalid("A notification must have at least one subscriber.")
	}
	emails, topics := 0, 0
	for i, s := range list {
		address := aws.ToString(s.Address)
		switch s.SubscriptionType {
		case types.SubscriptionTypeEmail:
			emails++
			if checkEmail(address) != nil {
				return budgetInvalid("Invalid email address: " + address)
			}
		case types.SubscriptionTypeSns:
			topics++
		default:
			return budgetInvalid("Invalid subscription type: " + string(s.SubscriptionType))
		}
		if slices.ContainsFunc(list[:i], func(o types.Subscriber) bool { return sameSubscriber(o, s) }) {
			return budgetError("DuplicateRecordException", "Error creating subscriber - the subscriber already exists.")
		}
	}
	if emails > maxEmails || topics > maxTopics {
		return budgetError("CreationLimitExceededException", fmt.Sprintf("Error creating subscriber - a notification can have at most %d email subscribers and %d SNS topic.", maxEmails, maxTopics))
	}
	return nil
}

func sameSubscriber(a, b types.Subscriber) bool {
	return a.SubscriptionType == b.SubscriptionType && aws.ToString(a.Address) == aws.ToString(b.Address)
}

// CreateNotification adds a notification to a budget.
func (x *budgetsService) CreateNotification(ctx context.Context, in *budgets.CreateNotificationInput) (*budgets.CreateNotificationOutput, error) {
	return &budgets.CreateNotificationOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		return d.add(in.Notification, in.Subscribers)
	})
}

// UpdateNotification turns a notification into another; its subscribers stay.
func (x *budgetsService) UpdateNotification(ctx context.Context, in *budgets.UpdateNotificationInput) (*budgets.UpdateNotificationOutput, error) {
	if err := checkNotification(in.NewNotification); err != nil {
		return nil, err
	}
	return &budgets.UpdateNotificationOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		i, err := d.find(in.OldNotification)
		if err != nil {
			return err
		}
		if j, err := d.find(in.NewNotification); err == nil && i != j {
			return budgetError("DuplicateRecordException", "Error updating notification - the notification already exists.")
		}
		d.Notifications[i].Notification = *in.NewNotification
		d.Notifications[i].Notification.NotificationState = types.NotificationStateOk
		return nil
	})
}

// DeleteNotification removes a notification with its subscribers.
func (x *budgetsService) DeleteNotification(ctx context.Context, in *budgets.DeleteNotificationInput) (*budgets.DeleteNotificationOutput, error) {
	return &budgets.DeleteNotificationOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		i, err := d.find(in.Notification)
		if err == nil {
			d.Notifications = slices.Delete(d.Notifications, i, i+1)
		}
		return err
	})
}

// DescribeNotificationsForBudget lists the notifications of a budget. AWS
// leaves ThresholdType out where it is PERCENTAGE.
func (x *budgetsService) DescribeNotificationsForBudget(ctx context.Context, in *budgets.DescribeNotificationsForBudgetInput) (*budgets.DescribeNotificationsForBudgetOutput, error) {
	doc, err := x.look(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	out := &budgets.DescribeNotificationsForBudgetOutput{Notifications: []types.Notification{}}
	for _, n := range doc.Notifications {
		if percent(n.Notification) {
			n.Notification.ThresholdType = ""
		}
		out.Notifications = append(out.Notifications, n.Notification)
	}
	return out, nil
}

// CreateSubscriber adds an address to a notification.
func (x *budgetsService) CreateSubscriber(ctx context.Context, in *budgets.CreateSubscriberInput) (*budgets.CreateSubscriberOutput, error) {
	return &budgets.CreateSubscriberOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		i, err := d.find(in.Notification)
		if err != nil {
			return err
		}
		if in.Subscriber == nil {
			return budgetInvalid("Subscriber is required.")
		}
		next := append(slices.Clone(d.Notifications[i].Subscribers), *in.Subscriber)
		if err := checkSubscribers(next); err != nil {
			return err
		}
		d.Notifications[i].Subscribers = next
		return nil
	})
}

// UpdateSubscriber changes an address.
func (x *budgetsService) UpdateSubscriber(ctx context.Context, in *budgets.UpdateSubscriberInput) (*budgets.UpdateSubscriberOutput, error) {
	return &budgets.UpdateSubscriberOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		i, j, err := d.findSubscriber(in.Notification, in.OldSubscriber)
		if err != nil {
			return err
		}
		if in.NewSubscriber == nil {
			return budgetInvalid("NewSubscriber is required.")
		}
		next := slices.Clone(d.Notifications[i].Subscribers)
		next[j] = *in.NewSubscriber
		if err := checkSubscribers(next); err != nil {
			return err
		}
		d.Notifications[i].Subscribers = next
		return nil
	})
}

// DeleteSubscriber removes an address. "Deleting the last subscriber to a
// notification also deletes the notification."
// https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DeleteSubscriber.html
func (x *budgetsService) DeleteSubscriber(ctx context.Context, in *budgets.DeleteSubscriberInput) (*budgets.DeleteSubscriberOutput, error) {
	return &budgets.DeleteSubscriberOutput{}, x.change(in.AccountId, in.BudgetName, func(d *budgetDoc) error {
		i, j, err := d.findSubscriber(in.Notification, in.Subscriber)
		if err != nil {
			return err
		}
		if len(d.Notifications[i].Subscribers) == 1 {
			d.Notifications = slices.Delete(d.Notifications, i, i+1)
			return nil
		}
		d.Notifications[i].Subscribers = slices.Delete(d.Notifications[i].Subscribers, j, j+1)
		return nil
	})
}

func (d *budgetDoc) findSubscriber(n *types.Notification, s *types.Subscriber) (i, j int, err error) {
	if i, err = d.find(n); err != nil {
		return 0, 0, err
	}
	if s != nil {
		j = slices.IndexFunc(d.Notifications[i].Subscribers, func(h types.Subscriber) bool { return sameSubscriber(h, *s) })
	}
	if s == nil || j < 0 {
		return 0, 0, budgetError("NotFoundException", "Unable to get subscriber - the subscriber doesn't exist.")
	}
	return i, j, nil
}

// DescribeSubscribersForNotification lists the addresses of a notification.
func (x *budgetsService) DescribeSubscribersForNotification(ctx context.Context, in *budgets.DescribeSubscribersForNotificationInput) (*budgets.DescribeSubscribersForNotificationOutput, error) {
	doc, err := x.look(in.AccountId, in.BudgetName)
	if err != nil {
		return nil, err
	}
	i, err := doc.find(in.Notification)
	if err != nil {
		return nil, err
	}
	return &budgets.DescribeSubscribersForNotificationOutput{Subscribers: doc.Notifications[i].Subscribers}, nil
}
