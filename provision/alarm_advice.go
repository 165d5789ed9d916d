package provision

import (
	"fmt"
	"slices"
	"strings"

	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// advise says what a person may do, or should know. PENDING and
// INSUFFICIENT_DATA look like success on AWS's own pages; here they never do.
func (s *alarmStep) advise(w *watch, state State) []string {
	var advice []string
	if state == Absent && s.leaving {
		advice = append(advice, "an e-mail subscription that nobody confirmed cannot be removed by hand; AWS forgets it within 48 hours")
	}
	if state == OK || state == Drift {
		if s.cfg.Local {
			advice = append(advice, "local: no mail is sent and the alarm does not ring")
		} else if w.alarm.wanted {
			advice = append(advice, w.alarm.advice(s.cfg)...)
		}
		advice = append(advice, s.adviseTold(w)...)
	}
	for _, p := range w.parts() {
		switch {
		case p.denied != nil && p.kind == kindBudget:
			if s.wantsBudget() {
				advice = append(advice, notAllowed(p.denied)+deniedBudget+ConsoleAccount(s.cfg)+" (todoctl explain TODO-ALARM-02)")
			}
		case p.denied != nil:
			if s.wantsAlarm() {
				advice = append(advice, notAllowed(p.denied)+deniedAlarm)
			}
		case !p.wanted && (p.State == OK || p.State == Drift):
			advice = append(advice, fmt.Sprintf("the %s is there from an earlier run and is left alone; down removes it", p))
		}
	}
	return advice
}

// adviseTold says who is told, and that it is nobody when it is nobody.
func (s *alarmStep) adviseTold(w *watch) []string {
	var advice []string
	if w.topic.wanted && w.topic.State != Absent {
		if len(w.topic.pending) > 0 && !s.cfg.Local {
			advice = append(advice, fmt.Sprintf("the alarm tells nobody at %s yet: open the mail \"AWS Notification - Subscription Confirmation\" there and click its link; it is good for 48 hours (todoctl explain TODO-ALARM-04)",
				strings.Join(w.topic.pending, ", ")))
		}
		advice = append(advice, others("the SNS topic "+w.topic.name, s.cfg.Email, slices.Concat(w.topic.confirmed, w.topic.pending),
			"the link at the end of each of its mails ends it")...)
	}
	if w.budget.wanted && w.budget.have != nil && filtered(w.budget.have) {
		advice = append(advice, fmt.Sprintf("the budget %s counts what somebody's own filter says; todoctl leaves that alone and cannot say whether credits hide the charges", w.budget.name))
	}
	if w.budget.wanted && w.budget.State != Absent {
		advice = append(advice, others("the budget "+w.budget.name, s.cfg.Email, w.budget.told,
			"take it out at "+ConsoleBudgets(s.cfg))...)
	}
	if !s.tells(w) {
		advice = append(advice, "nobody is told when a bill comes: "+s.tellSomebody())
	}
	return advice
}

// tells says whether anybody is told, or will be after a click in a mail.
func (s *alarmStep) tells(w *watch) bool {
	return s.cfg.Email != "" ||
		w.topic.wanted && w.topic.State != Absent && len(w.topic.confirmed)+len(w.topic.pending) > 0 ||
		w.budget.wanted && w.budget.State != Absent && len(w.budget.told) > 0
}

func (s *alarmStep) tellSomebody() string { return s.cfg.command("alarm --email YOU@EXAMPLE.COM") }

// byHand is what todoctl cannot do for the person.
func (s *alarmStep) byHand(w *watch, state State) []string {
	if s.cfg.Local || state != OK && state != Drift { // no mail is sent there, and nobody sees a bill
		return nil
	}
	var orders []string
	if !s.tells(w) {
		orders = append(orders, "say who is told when a bill comes: "+s.tellSomebody())
	}
	if w.topic.wanted && len(w.topic.pending) > 0 {
		orders = append(orders, "confirm the mail from AWS to "+strings.Join(w.topic.pending, ", ")+" within 48 hours")
	}
	if w.alarm.wanted && w.alarm.have.StateValue == cloudwatchtypes.StateValueInsufficientData {
		orders = append(orders, "tick \"Receive CloudWatch billing alerts\": "+ConsoleBillingPreferences(s.cfg))
	}
	return orders
}

// others says that addresses besides the one asked for get mails too.
func others(from, email string, told []string, how string) []string {
	if email == "" {
		return nil
	}
	var advice []string
	for _, other := range told {
		if !strings.EqualFold(other, email) {
			advice = append(advice, fmt.Sprintf("%s tells %s as well; %s", from, other, how))
		}
	}
	return advice
}

// What to ask for. Even an administrator's user is refused budgets until the
// root user has opened billing to users and roles.
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/control-access-billing.html
const (
	deniedAlarm = ", so the alarm and its topic are left alone; the rest goes on without them. " +
		"Ask for what docs/operator-policy.json allows under Alarm"
	deniedBudget = ", so the budget is left alone; the rest goes on without it. " +
		"Ask for what docs/operator-policy.json allows under OptionalBudget, and the account's root user to activate " +
		"\"IAM user and role access to Billing information\" on " // and there follows the link
)
