package provision_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/local"
	"todoctl/provision"
)

// always makes every call of an operation fail.
func (w *world) always(operation string, err error) {
	w.on(operation, func(context.Context, func() (any, error)) (any, error) { return nil, err })
}

func wantAdvice(t *testing.T, seen provision.Observation, parts ...string) {
	t.Helper()
	all := strings.Join(seen.Advice, "\n")
	for _, part := range parts {
		if !strings.Contains(all, part) {
			t.Errorf("the advice does not say %q:\n%s", part, all)
		}
	}
}

func wantNoAdvice(t *testing.T, seen provision.Observation, parts ...string) {
	t.Helper()
	all := strings.Join(seen.Advice, "\n")
	for _, part := range parts {
		if strings.Contains(all, part) {
			t.Errorf("the advice says %q:\n%s", part, all)
		}
	}
}

func TestAlarmIsMadeWithExactlyTheseSettings(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		alarm := only[cloudwatch.PutMetricAlarmInput](w)
		if *alarm.Namespace != "AWS/Billing" || *alarm.MetricName != "EstimatedCharges" || len(alarm.Dimensions) != 1 ||
			*alarm.Dimensions[0].Name != "Currency" || *alarm.Dimensions[0].Value != "USD" || alarm.Statistic != cloudwatchtypes.StatisticMaximum ||
			*alarm.Period != 21600 || *alarm.EvaluationPeriods != 1 || *alarm.Threshold != 1 ||
			alarm.ComparisonOperator != cloudwatchtypes.ComparisonOperatorGreaterThanThreshold || *alarm.TreatMissingData != "missing" ||
			!slices.Equal(alarm.AlarmActions, []string{w.cfg.TopicARN()}) || len(alarm.Tags) != len(w.cfg.Tags()) {
			t.Errorf("the alarm is %+v", alarm)
		}
		budget := only[budgets.CreateBudgetInput](w)
		if b := budget.Budget; b.BudgetType != budgetstypes.BudgetTypeCost || b.TimeUnit != budgetstypes.TimeUnitMonthly || *b.BudgetLimit.Amount != "1" ||
			*b.BudgetLimit.Unit != "USD" || *b.CostTypes.IncludeCredit || *b.CostTypes.IncludeRefund || len(budget.ResourceTags) != len(w.cfg.Tags()) {
			t.Errorf("the budget is %+v", budget.Budget)
		}
		if n := budget.NotificationsWithSubscribers; len(n) != 1 || n[0].Notification.NotificationType != budgetstypes.NotificationTypeActual ||
			n[0].Notification.ComparisonOperator != budgetstypes.ComparisonOperatorGreaterThan || n[0].Notification.Threshold != 100 ||
			n[0].Notification.ThresholdType != budgetstypes.ThresholdTypePercentage || *n[0].Subscribers[0].Address != "me@example.com" {
			t.Errorf("the notifications are %+v", n)
		}
		if len(only[sns.CreateTopicInput](w).Tags) != len(w.cfg.Tags()) {
			t.Error("the topic is made without its tags")
		}
		for _, c := range w.aws.Calls() {
			if c.Region != provision.BillingRegion {
				t.Errorf("%s went to %s", c.Operation, c.Region)
			}
		}
	})
}

func TestAlarmNeedsThreeRoundTripsToBeMade(t *testing.T) {
	inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
		w.parallel = 0
		const hop = 50 * time.Millisecond
		slow := func(operation string) {
			w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) { time.Sleep(hop); return send() })
		}
		for _, operation := range []string{
			"SNS.ListTagsForResource", "ListSubscriptionsByTopic", "CreateTopic", "Subscribe", "DescribeAlarms", "CloudWatch.ListTagsForResource", "PutMetricAlarm",
			"DescribeBudget", "Budgets.ListTagsForResource", "DescribeSubscribersForNotification", "CreateBudget",
		} {
			slow(operation)
		}
		began := time.Now()
		w.up("alarm")
		if took := time.Since(began); took > 5*hop { // the plan, three to make it (the topic, a last look, the alarm), and the look after
			t.Errorf("it took %s, and a round trip is %s", took, hop)
		}
	})
}

func TestPendingAndInsufficientDataAreNeverCalledASuccess(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		seen := w.look("alarm")
		wantState(t, seen, provision.OK)
		wantAdvice(t, seen, "tells nobody at me@example.com yet", "48 hours", "INSUFFICIENT_DATA", "Receive CloudWatch billing alerts")
		if want := []string{
			"confirm the mail from AWS to me@example.com within 48 hours",
			"tick \"Receive CloudWatch billing alerts\": https://console.aws.amazon.com/billing/home#/preferences",
		}; !slices.Equal(seen.ByHand, want) {
			t.Errorf("it leaves to do by hand %q", seen.ByHand)
		}
		wantNoAdvice(t, seen, "nobody is told when")
		w.cfg.Local = true
		seen = w.look("alarm")
		wantAdvice(t, seen, "no mail is sent")
		if len(seen.ByHand) > 0 {
			t.Errorf("on this machine it leaves to do by hand: %q", seen.ByHand)
		}
		wantNoAdvice(t, seen, "48 hours", "Receive CloudWatch")
	})
}

func TestAForgottenConfirmationIsAskedForAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		time.Sleep(49 * time.Hour) // virtual: SNS has forgotten the subscription
		wantState(t, w.look("alarm"), provision.Drift, "the e-mail subscription")
		w.forget()
		w.up("alarm")
		w.wantWrites("Subscribe")
	})
}

func TestWithoutAnAddressEverythingIsMadeAndNobodyIsTold(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Email = ""
		w.cfg.Stack = "Chat"
		w.up("alarm")
		w.wantWrites("CreateTopic", "PutMetricAlarm", "CreateBudget")
		seen := w.look("alarm")
		wantState(t, seen, provision.OK)
		wantAdvice(t, seen, "nobody is told", "todoctl alarm --email YOU@EXAMPLE.COM --stack Chat")
		if !slices.Contains(seen.ByHand, "say who is told when a bill comes: todoctl alarm --email YOU@EXAMPLE.COM --stack Chat") {
			t.Errorf("it leaves to do by hand %q", seen.ByHand)
		}
		if n := only[budgets.CreateBudgetInput](w).NotificationsWithSubscribers; len(n) != 0 {
			t.Errorf("the budget notifies %v", n)
		}

		w.cfg.Email = "me@example.com"
		wantState(t, w.look("alarm"), provision.Drift, "the e-mail subscription", "the budget's notification")
		w.forget()
		w.up("alarm")
		w.wantWrites("Subscribe", "CreateNotification")

		w.cfg.Email = "" // what is there stays
		w.forget()
		w.up("alarm")
		w.wantWrites()
		wantNoAdvice(t, w.look("alarm"), "nobody is told when")
	})
}

func TestAnotherAddressIsAddedAndTheOldOneNamed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		w.cfg.Email = "ME@example.com" // mail does not mind
		wantState(t, w.look("alarm"), provision.OK)
		w.cfg.Email = "you@example.com"
		w.forget()
		w.up("alarm")
		w.wantWrites("Subscribe", "CreateSubscriber")
		seen := w.look("alarm")
		wantState(t, seen, provision.OK)
		wantAdvice(t, seen, "the SNS topic TodoBillingTopic tells me@example.com as well", "the budget TodoBudget tells me@example.com as well")
	})
}

func putAlarm(t *testing.T, w *world, edit func(*cloudwatch.PutMetricAlarmInput)) error {
	in := *inputs[cloudwatch.PutMetricAlarmInput](w)[0]
	in.Tags = nil
	edit(&in)
	return second(w.clients.Billing.PutMetricAlarm(t.Context(), &in))
}

func updateBudget(t *testing.T, w *world, edit func(*budgetstypes.Budget)) error {
	b := *inputs[budgets.CreateBudgetInput](w)[0].Budget
	costs := *b.CostTypes
	b.CostTypes = &costs
	edit(&b)
	return second(w.clients.Budgets.UpdateBudget(t.Context(), &budgets.UpdateBudgetInput{AccountId: aws.String(w.cfg.Account), NewBudget: &b}))
}

var alarmDrifts = []struct {
	name   string
	diffs  []string // as printed
	writes []string // of the repair
	change func(*testing.T, *world) error
}{
	{"threshold", []string{"the alarm's threshold is 100 USD, should be 1 USD"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(100) })
	}},
	{"statistic and period", []string{"the alarm's statistic is Average, should be Maximum", "the alarm's period is 3600 s, should be 21600 s"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.Statistic = aws.Int32(3600), cloudwatchtypes.StatisticAverage
		})
	}},
	{"comparison and periods", []string{"the alarm's number of periods is 2, should be 1", "the alarm's comparison is LessThanThreshold, should be GreaterThanThreshold"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) {
			in.EvaluationPeriods, in.ComparisonOperator = aws.Int32(2), cloudwatchtypes.ComparisonOperatorLessThanThreshold
		})
	}},
	{"metric", []string{"the alarm's namespace is AWS/Lambda, should be AWS/Billing", "the alarm's metric is Errors, should be EstimatedCharges", "the alarm's dimension is missing, should be Currency=USD"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) {
			in.Namespace, in.MetricName, in.Dimensions = aws.String("AWS/Lambda"), aws.String("Errors"), nil
		})
	}},
	{"missing data", []string{"the alarm's missing data is notBreaching, should be missing"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("notBreaching") })
	}},
	{"actions", []string{"the alarm's actions is switched off, should be switched on", "the alarm's action is missing, should be arn:aws:sns:us-east-1:000000000000:TodoBillingTopic"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) { in.ActionsEnabled, in.AlarmActions = aws.Bool(false), nil })
	}},
	{"alarm deleted", []string{"the alarm TodoBillingAlarm is missing, should be there"}, []string{"PutMetricAlarm"}, func(t *testing.T, w *world) error {
		return second(w.clients.Billing.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{w.cfg.AlarmName()}}))
	}},
	{"topic deleted", []string{"the SNS topic TodoBillingTopic is missing, should be there"}, []string{"CreateTopic", "Subscribe"}, func(t *testing.T, w *world) error {
		return second(w.clients.SNS.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: aws.String(w.cfg.TopicARN())}))
	}},
	{"budget deleted", []string{"the budget TodoBudget is missing, should be there"}, []string{"CreateBudget"}, func(t *testing.T, w *world) error {
		return second(w.clients.Budgets.DeleteBudget(t.Context(), &budgets.DeleteBudgetInput{AccountId: aws.String(w.cfg.Account), BudgetName: aws.String(w.cfg.BudgetName())}))
	}},
	{"budget's limit", []string{"the budget's limit is 50 USD, should be 1 USD"}, []string{"UpdateBudget"}, func(t *testing.T, w *world) error {
		return updateBudget(t, w, func(b *budgetstypes.Budget) {
			b.BudgetLimit = &budgetstypes.Spend{Amount: aws.String("50"), Unit: aws.String("USD")}
		})
	}},
	{"credits counted", []string{"the budget's credits is counted, should be not counted", "the budget's refunds is counted, should be not counted"}, []string{"UpdateBudget"}, func(t *testing.T, w *world) error {
		return updateBudget(t, w, func(b *budgetstypes.Budget) {
			b.CostTypes.IncludeCredit, b.CostTypes.IncludeRefund = nil, aws.Bool(true)
		})
	}},
	{"notification deleted", []string{"the budget's notification is missing, should be me@example.com"}, []string{"CreateNotification"}, func(t *testing.T, w *world) error {
		return second(w.clients.Budgets.DeleteNotification(t.Context(), &budgets.DeleteNotificationInput{AccountId: aws.String(w.cfg.Account), BudgetName: aws.String(w.cfg.BudgetName()),
			Notification: inputs[budgets.CreateBudgetInput](w)[0].NotificationsWithSubscribers[0].Notification}))
	}},
}

func TestAlarmDriftIsNamedExactlyAndOnlyThatIsRepaired(t *testing.T) {
	for _, d := range alarmDrifts {
		t.Run(d.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up("alarm")
				if err := d.change(t, w); err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, diff := range w.look("alarm").Diffs {
					got = append(got, diff.String())
				}
				if !slices.Equal(got, d.diffs) {
					t.Errorf("the differences are\n%s\nshould be\n%s", strings.Join(got, "\n"), strings.Join(d.diffs, "\n"))
				}
				w.forget()
				w.up("alarm")
				w.wantWrites(d.writes...)
				wantState(t, w.look("alarm"), provision.OK)
			})
		})
	}
}

func TestARepairKeepsWhatOthersAdded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		pager := "arn:aws:sns:us-east-1:" + w.cfg.Account + ":Pager"
		if err := putAlarm(t, w, func(in *cloudwatch.PutMetricAlarmInput) {
			in.AlarmActions = append([]string{pager}, in.AlarmActions...)
			in.OKActions = []string{pager}
		}); err != nil {
			t.Fatal(err)
		}
		wantState(t, w.look("alarm"), provision.OK)
		w.cfg.LimitUSD = 5
		w.up("alarm")
		out := must[*cloudwatch.DescribeAlarmsOutput](t)(w.clients.Billing.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{w.cfg.AlarmName()}}))
		if a := out.MetricAlarms[0]; *a.Threshold != 5 || !slices.Contains(a.AlarmActions, pager) || !slices.Contains(a.OKActions, pager) {
			t.Errorf("the alarm is %+v", a)
		}
	})
}

func TestALimitOfZeroKeepsWhatIsThere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.LimitUSD = 7
		w.up("alarm")
		w.cfg.LimitUSD = 0
		w.forget()
		w.up("alarm")
		w.wantWrites()
	})
}

func TestForeignNamesThePart(t *testing.T) {
	for part, owner := range map[string]string{
		"topic":  "the SNS topic TodoBillingTopic: it has no tag todoctl:stack",
		"alarm":  "the alarm TodoBillingAlarm: it has no tag todoctl:stack",
		"budget": "the budget TodoBudget: it has no tag todoctl:stack",
	} {
		t.Run(part, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if err := stranger[part](t, w); err != nil {
					t.Fatal(err)
				}
				seen := w.look("alarm")
				if wantState(t, seen, provision.Foreign); seen.Owner != owner {
					t.Errorf("the owner is %q, want %q", seen.Owner, owner)
				}
				w.cfg.Adopt = true
				w.up("alarm")
				w.cfg.Adopt = false
				wantState(t, w.look("alarm"), provision.OK)
			})
		})
	}
}

// A person may read the page for minutes between the plan and the yes.
func TestAStrangerWhoIsFasterThanApplyIsNotOverwritten(t *testing.T) {
	for _, part := range []string{"topic", "alarm", "budget"} {
		t.Run(part, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				step := w.step("alarm")
				seen := must[provision.Observation](t)(step.Observe(t.Context()))
				if err := stranger[part](t, w); err != nil {
					t.Fatal(err)
				}
				var foreign *provision.ForeignError
				if err := step.Apply(t.Context(), seen); !errors.As(err, &foreign) || !strings.Contains(foreign.Resource, w.cfg.Stack) {
					t.Errorf("apply says %v", err)
				}
				if part == "alarm" && len(inputs[cloudwatch.PutMetricAlarmInput](w)) > 1 {
					t.Error("the stranger's alarm was overwritten")
				}
			})
		})
	}
}

func TestALostAnswerOfTheAlarmIsRepairedInTheSameRun(t *testing.T) {
	for _, operation := range []string{"CreateTopic", "Subscribe", "PutMetricAlarm", "CreateBudget"} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.losing(operation)
				w.up("alarm")
				wantState(t, w.look("alarm"), provision.OK)
			})
		})
	}
	for _, operation := range []string{"DeleteTopic", "DeleteAlarms", "DeleteBudget"} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up("alarm")
				w.losing(operation)
				w.down("alarm")
				wantState(t, w.look("alarm"), provision.Absent)
			})
		})
	}
}

func TestTagsThatDoNotShowYetMakeNobodyElseTheOwner(t *testing.T) {
	for operation, none := range map[string]any{
		"SNS.ListTagsForResource":        &sns.ListTagsForResourceOutput{},
		"CloudWatch.ListTagsForResource": &cloudwatch.ListTagsForResourceOutput{},
		"Budgets.ListTagsForResource":    &budgets.ListTagsForResourceOutput{},
	} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				late := 4
				w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) {
					out, err := send()
					if late--; err == nil && late >= 0 {
						return none, nil
					}
					return out, err
				})
				w.up("alarm")
				wantState(t, w.look("alarm"), provision.OK)
			})
		})
	}
}

var errDenied = code("AccessDeniedException", "User: arn:aws:iam::000000000000:user/ada is not authorized")

func TestWithoutBillingRightsTheRestGoesOn(t *testing.T) {
	for name, operations := range map[string][]string{
		"not even looking": {"DescribeBudget", "Budgets.ListTagsForResource", "DescribeSubscribersForNotification", "CreateBudget"},
		"no making":        {"CreateBudget"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				for _, operation := range operations {
					w.always(operation, errDenied)
				}
				step := w.page("alarm")
				plan := must[[]provision.Change](t)(provision.Plan(t.Context(), []provision.Page{step}, provision.Up))
				var last provision.Observation
				err := provision.Run(t.Context(), plan, provision.Options{Goal: provision.Up, Clock: bubble, Parallel: 1, On: func(e provision.Event) { last = e.Seen }})
				if err != nil {
					t.Fatal(err)
				}
				wantState(t, last, provision.OK)
				wantAdvice(t, last, "AWS does not allow you budgets:", "the budget is left alone", "IAM user and role access to Billing information", "OptionalBudget")
				w.wantWrites("CreateTopic", "Subscribe", "PutMetricAlarm")
			})
		})
	}
}

func TestWhereNothingMayBeLookedAtTheStepIsLeftAlone(t *testing.T) {
	operations := []string{"DescribeBudget", "Budgets.ListTagsForResource", "DescribeSubscribersForNotification"}
	inWorld(t, func(t *testing.T, w *world) {
		for _, operation := range operations {
			w.always(operation, errDenied)
		}
		w.cfg.Guard = provision.GuardBudget
		leftAlone := func(asked string) {
			t.Helper()
			plan := must[[]provision.Change](t)(provision.Plan(t.Context(), []provision.Page{w.page("alarm")}, provision.Up))
			if plan[0].Action != provision.Keep || plan[0].Seen.Denied == "" {
				t.Errorf("the plan is to %s, denied %q", plan[0].Action, plan[0].Seen.Denied)
			}
			wantAdvice(t, plan[0].Seen, asked)
			for _, goal := range []provision.Goal{provision.Up, provision.Down} {
				if err := w.try(goal, "alarm"); err != nil {
					t.Error(err)
				}
			}
		}
		leftAlone("AWS does not allow you budgets:") // which of the looks at once is answered first is open
		w.cfg.Guard = provision.GuardBoth
		for _, operation := range []string{"SNS.ListTagsForResource", "ListSubscriptionsByTopic", "DescribeAlarms", "CloudWatch.ListTagsForResource"} {
			w.always(operation, errDenied)
		}
		leftAlone("AWS does not allow you sns:List")
		w.wantWrites()
	})
}

func TestWithoutRightsForTheTopicTheBudgetGoesOn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.always("SNS.ListTagsForResource", errDenied)
		w.always("ListSubscriptionsByTopic", errDenied)
		w.up("alarm")
		w.wantWrites("CreateBudget")
		wantAdvice(t, w.look("alarm"), "AWS does not allow you sns:List", "the alarm and its topic are left alone")
	})
}

func TestGuardChoosesAndDownFindsWhatAnEarlierRunMade(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Guard = provision.GuardBudget
		w.up("alarm")
		w.wantWrites("CreateBudget")
		wantNoAdvice(t, w.look("alarm"), "INSUFFICIENT_DATA", "48 hours")
		w.cfg.Guard = provision.GuardAlarm
		w.forget()
		w.up("alarm")
		w.wantWrites("CreateTopic", "Subscribe", "PutMetricAlarm")
		wantAdvice(t, w.look("alarm"), "the budget TodoBudget is there from an earlier run")
		w.forget()
		w.down("alarm")
		w.wantWrites("DeleteAlarms", "DeleteTopic", "DeleteBudget")
		wantState(t, w.look("alarm"), provision.Absent)
	})
}

func TestDownSaysWhatAWSForgetsByItself(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		plan := must[[]provision.Change](t)(provision.Plan(t.Context(), []provision.Page{w.page("alarm")}, provision.Down))
		var last provision.Observation
		err := provision.Run(t.Context(), plan, provision.Options{Goal: provision.Down, Clock: bubble, On: func(e provision.Event) { last = e.Seen }})
		if err != nil {
			t.Fatal(err)
		}
		wantState(t, last, provision.Absent)
		wantAdvice(t, last, "AWS forgets it within 48 hours")
	})
}

func TestDestroyTriesEverythingAndKeepsWhatIsForeign(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("alarm")
		step := w.step("alarm")
		seen := must[provision.Observation](t)(step.Observe(t.Context()))
		w.always("DeleteAlarms", errDenied)
		w.forget()
		if err := step.Destroy(t.Context(), seen); err == nil || !strings.Contains(err.Error(), "alarm TodoBillingAlarm") {
			t.Errorf("destroy says %v", err)
		}
		w.wantWrites("DeleteTopic", "DeleteBudget")
	})
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Guard = provision.GuardBudget
		w.up("alarm")
		if err := stranger["topic"](t, w); err != nil {
			t.Fatal(err)
		}
		w.forget()
		w.down("alarm")
		w.wantWrites("DeleteBudget")
		if err := w.step("alarm").Destroy(t.Context(), w.look("alarm")); err != nil {
			t.Errorf("what is gone already is no success: %v", err)
		}
	})
}

func TestDescribeSpeaksOfWhatGuardChooses(t *testing.T) {
	for guard, want := range map[provision.Guard]string{provision.GuardBudget: "TodoBudget", provision.GuardAlarm: "TodoBillingAlarm", provision.GuardBoth: "TodoBillingAlarm"} {
		cfg := provision.Config{Stack: "Todo", Guard: guard}
		d := provision.Steps(cfg, provision.Clients{})[5].Step.Describe()
		if d.Resource != want || d.What == "" || d.Why == "" || d.Cost == "" || len(d.Settings) < 3 || d.Settle == 0 {
			t.Errorf("with %s the page is %+v", guard, d)
		}
	}
}

// A guard is chosen once: the tags of what it made remember it.
func TestTheChosenGuardStays(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Guard = provision.GuardBudget
		w.up("alarm")
		w.cfg.Guard = ""
		wantState(t, w.look("alarm"), provision.OK)

		w.cfg.Guard = provision.GuardBoth
		wantState(t, w.look("alarm"), provision.Drift, "tag todoctl:guard", "the SNS topic TodoBillingTopic", "the alarm TodoBillingAlarm")
		w.up("alarm")
		w.cfg.Guard = ""
		wantState(t, w.look("alarm"), provision.OK)
	})
}
