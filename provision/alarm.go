package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// alarmAPIs are the three services of the alarm step, all of them in
// BillingRegion.
type alarmAPIs struct {
	sns        snsAPI
	cloudwatch alarmAPI
	budgets    budgetsAPI
}

// alarmStep is step 6: two things that watch the bill, a CloudWatch alarm with
// the SNS topic that it tells, and a budget that mails by itself.
type alarmStep struct {
	cfg Config
	alarmAPIs

	made    sync.Map     // kinds of parts that Apply created: their tags may not show yet
	tagged  atomic.Value // Guard: what an earlier run chose, as the parts' tags say
	refused error        // of Apply, which was not let make the budget: looks after it say so and do not wait for it
	leaving bool         // Destroy took a topic away whose subscription nobody had confirmed
}

func newAlarm(cfg Config, apis alarmAPIs) Step {
	return &alarmStep{cfg: cfg, alarmAPIs: apis}
}

// watch is what Observe saw, for Apply and Destroy.
type watch struct {
	topic  topicSeen
	alarm  alarmSeen
	budget budgetSeen
}

// A part is one of the resources that the step is made of, judged by itself.
type part struct {
	Observation
	kind   string // "SNS topic"
	name   string // "TodoBillingTopic"
	wanted bool   // by the guard
	tagged Guard  // the guard that its tag names; "" is GuardBoth
	denied error  // AWS does not let us look at it
}

// missing makes Absent of a look that found nothing and notes a refusal; it
// returns every other error.
func (p *part) missing(err error) error {
	switch {
	case err == nil:
		p.State = Absent
		return nil
	case isDenied(err):
		p.denied = err
		return nil
	}
	return fmt.Errorf("look at the %s: %w", p, err)
}

// judge turns tags and differences into the part's state. Tags of what Apply
// made a moment ago may not show yet, which makes nobody else its owner.
func (s *alarmStep) judge(p *part, tags map[string]string) {
	if _, made := s.made.Load(p.kind); made && len(tags) == 0 {
		p.State, p.Pending, p.Wait = Drift, "tags that do not show yet", tagsShowing
		return
	}
	p.tagged = Guard(tags[TagGuard])
	if have := cmp.Or(p.tagged, GuardBoth); s.cfg.Guard != "" && have != s.cfg.Guard {
		p.Diffs = append(p.Diffs, Diff{Field: "tag " + TagGuard, Have: string(have), Want: string(s.cfg.Guard)})
	}
	p.Observation = s.cfg.judge(p.Observation, tags)
}

// untagged says that a tag of ours is missing or another one.
func (p part) untagged() bool {
	return p.State == Drift && slices.ContainsFunc(p.Diffs, func(d Diff) bool { return strings.HasPrefix(d.Field, "tag ") })
}

// tags are what the parts carry: the owner's mark, and the guard where another
// than the default was chosen, so that a later run need not be told again.
func (s *alarmStep) tags() map[string]string {
	tags := s.cfg.Tags()
	if g := s.cfg.Guard; g != "" && g != cmp.Or(s.earlier(), GuardBoth) || s.earlier() != "" {
		tags[TagGuard] = string(s.guard())
	}
	return tags
}

// inOrder yields a map's entries in the order of their keys, so that the same
// tags make the same request every time.
func inOrder(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(k, v string) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

func (p part) String() string { return p.kind + " " + p.name }

// earlier is the guard that an earlier run chose; "" when none did.
func (s *alarmStep) earlier() Guard {
	g, _ := s.tagged.Load().(Guard)
	return g
}

func (s *alarmStep) guard() Guard      { return cmp.Or(s.cfg.Guard, s.earlier(), GuardBoth) }
func (s *alarmStep) wantsAlarm() bool  { return s.guard() != GuardBudget }
func (s *alarmStep) wantsBudget() bool { return s.guard() != GuardAlarm }

// limit is the bill that is worth a mail. Zero in Config means what is there
// already, or one dollar.
func (s *alarmStep) limit(have float64) float64 {
	switch {
	case s.cfg.LimitUSD > 0:
		return float64(s.cfg.LimitUSD)
	case have > 0:
		return have
	}
	return 1
}

func (s *alarmStep) Describe() Description {
	limit := fmt.Sprintf("%g USD", s.limit(0))
	told := s.cfg.Email
	if told == "" {
		told = "nobody yet"
	}
	d := Description{
		Name:     "alarm",
		Resource: s.cfg.AlarmName(),
		What:     "A CloudWatch alarm on this month's estimated charges, with the SNS topic that mails you, and a monthly budget.",
		Why: "You should know before it costs. Both look at the whole account. Neither stops spending: " +
			"AWS computes charges several times a day, so a mail comes hours later.",
		Purpose: "Mails you when a bill comes.",
		Cover:   "10 alarms, 1,000 mails, budgets",
		Without: "The API works, and nobody is told when a bill comes.",
		Cost:    "Nothing: 10 alarms, 1,000 mails a month and such budgets are free.",
		Settle:  time.Minute,
	}
	alarm := []Setting{
		{"Region", BillingRegion, "the only one with billing figures", "The only Region that has billing figures, wherever your stack is."},
		{"alarm when", "EstimatedCharges > " + limit, "the largest figure of six hours", "The largest figure of each six hours, in US dollars, for the month so far."},
		{"missing data", alarmMissing, "then it says so, and not OK", "Without billing figures the alarm says INSUFFICIENT_DATA, and not OK."},
	}
	budget := []Setting{
		{"budget", limit + " a month", "a mail when charges pass it", "A mail when actual charges pass it."},
		{"credits", "not counted", "else it reads 0 and never mails", "While credits pay, a budget that counts them reads 0 and never mails."},
	}
	switch {
	case !s.wantsBudget():
		d.What = "A CloudWatch alarm on this month's estimated charges, with the SNS topic that mails you."
		d.Settings = alarm
	case !s.wantsAlarm():
		d.Resource, d.Settings = s.cfg.BudgetName(), budget
		d.What = "A monthly budget that mails you."
	default:
		d.Settings = slices.Concat(alarm, budget)
	}
	d.Settings = append(d.Settings, Setting{"who is told", told, "by e-mail, to be confirmed once", "By e-mail. The topic's first mail wants to be confirmed, the budget's does not."})
	return d
}

// Observe looks at all parts at once, whatever Guard says: what an earlier run
// made with another one must be found by down.
func (s *alarmStep) Observe(ctx context.Context) (Observation, error) {
	w := &watch{}
	err := together(ctx,
		func(ctx context.Context) (err error) { w.topic, err = s.lookTopic(ctx); return },
		func(ctx context.Context) (err error) { w.alarm, err = s.lookAlarm(ctx); return },
		func(ctx context.Context) (err error) { w.budget, err = s.lookBudget(ctx); return },
	)
	if err != nil {
		return Observation{}, err
	}
	for _, p := range w.parts() {
		if p.State == OK || p.State == Drift {
			if p.tagged != "" {
				s.tagged.Store(p.tagged)
			}
		}
	}
	w.topic.wanted, w.alarm.wanted, w.budget.wanted = s.wantsAlarm(), s.wantsAlarm(), s.wantsBudget()
	if err := blind(w.parts()); err != nil {
		return Observation{State: Absent, Denied: "AWS does not let you look at what watches the bill", Refusal: err, Detail: w, Advice: s.advise(w, Absent)}, nil
	}
	if w.alarm.denied != nil || w.topic.denied != nil {
		// An alarm without its topic tells nobody: the two are wanted together.
		w.alarm.wanted, w.topic.wanted = false, false
	}
	seen := combine(w.parts())
	seen.Detail = w
	seen.Advice, seen.ByHand = s.advise(w, seen.State), s.byHand(w, seen.State)
	return seen, nil
}

func (w *watch) parts() []part { return []part{w.topic.part, w.alarm.part, w.budget.part} }

// blind returns an error when AWS lets us look at nothing that is wanted.
func blind(parts []part) error {
	var errs []error
	for _, p := range parts {
		switch {
		case !p.wanted:
		case p.denied == nil:
			return nil
		default:
			errs = append(errs, fmt.Errorf("look at the %s: %w", p, p.denied))
		}
	}
	return errors.Join(errs...)
}

// combine makes one observation of the parts. It is Absent only when nothing of
// ours is there at all, wanted or not, so that down finds everything.
func combine(parts []part) Observation {
	var seen Observation
	var foreign []string
	there := 0
	for _, p := range parts {
		mine := p.denied == nil && (p.State == OK || p.State == Drift)
		if mine {
			there++
		}
		switch {
		case p.denied != nil || !p.wanted:
		case p.State == Foreign:
			foreign = append(foreign, fmt.Sprintf("the %s: %s", p, p.Owner))
		case p.State == Absent:
			seen.Diffs = append(seen.Diffs, Diff{Field: "the " + p.String(), Have: "missing", Want: "there"})
		case mine:
			seen.ID = cmp.Or(seen.ID, p.ID)
			seen.Diffs = append(seen.Diffs, p.Diffs...)
			seen.Pending = cmp.Or(seen.Pending, p.Pending)
			seen.Wait = cmp.Or(seen.Wait, p.Wait)
		}
	}
	switch {
	case len(foreign) > 0:
		seen.State, seen.Owner, seen.Diffs = Foreign, strings.Join(foreign, "; "), nil
		if there > 0 {
			seen.State = Mixed
		}
	case there == 0:
		seen.State, seen.Diffs = Absent, nil
	case len(seen.Diffs) > 0 || seen.Pending != "":
		seen.State = Drift
	default:
		seen.State = OK
	}
	return seen
}

// Apply makes or repairs the parts that are wanted. The topic comes before its
// subscription and before the alarm that names it; the budget needs neither.
func (s *alarmStep) Apply(ctx context.Context, seen Observation) error {
	w, ok := seen.Detail.(*watch)
	if !ok {
		return errors.New("the alarm has not been looked at")
	}
	var topicAndAlarm, budget func() error
	if w.alarm.wanted && w.topic.wanted {
		topicAndAlarm = func() error { return s.applyTopicAndAlarm(ctx, w) }
	}
	if s.wantsBudget() && w.budget.denied == nil {
		budget = func() error { return s.applyBudget(ctx, w.budget) }
	}
	return eachAtOnce(ctx, topicAndAlarm, budget)
}

// eachAtOnce makes writes at once, or one after another under Serial, and joins
// the errors. Unlike together it cuts nothing off when one fails: a write under
// way may have taken effect. A nil is left out.
func eachAtOnce(ctx context.Context, writes ...func() error) error {
	errs := make([]error, len(writes))
	var work sync.WaitGroup
	serial, _ := ctx.Value(serialKey{}).(bool)
	for i, write := range writes {
		switch {
		case write == nil:
		case serial:
			errs[i] = write()
		default:
			work.Go(func() { errs[i] = Safely(write) })
		}
	}
	work.Wait()
	return errors.Join(errs...)
}

func (s *alarmStep) applyTopicAndAlarm(ctx context.Context, w *watch) error {
	if err := s.applyTopic(ctx, w.topic); err != nil {
		return err
	}
	alarm := func() error {
		if w.alarm.State == OK {
			return nil
		}
		// PutMetricAlarm overwrites without asking, and a person may have read the
		// page for minutes since the plan: look once more, right before it. What
		// comes between this look's answer and the put is lost, and nothing at AWS
		// can prevent that.
		current, err := s.lookAlarm(ctx)
		switch {
		case err != nil:
			return err
		case current.denied != nil:
			return current.denied
		case current.State == Foreign:
			return &ForeignError{Step: "alarm", Resource: current.String(), Owner: current.Owner}
		}
		return s.applyAlarm(ctx, current)
	}
	return eachAtOnce(ctx, func() error { return s.applySubscription(ctx, w.topic) }, alarm)
}

// Destroy takes away what is ours, tries everything and joins the errors.
func (s *alarmStep) Destroy(ctx context.Context, seen Observation) error {
	w, ok := seen.Detail.(*watch)
	if !ok {
		return errors.New("the alarm has not been looked at")
	}
	var errs []error
	for _, p := range []struct {
		part
		remove func(context.Context) error
	}{
		{w.alarm.part, s.removeAlarm},
		{w.topic.part, s.removeTopic}, // with its subscriptions
		{w.budget.part, s.removeBudget},
	} {
		if p.denied != nil || p.State != OK && p.State != Drift {
			continue
		}
		if err := p.remove(ctx); err != nil && !isGone(err) {
			errs = append(errs, fmt.Errorf("delete the %s: %w", p.part, err))
		}
	}
	s.leaving = len(w.topic.pending) > 0
	return errors.Join(errs...)
}
