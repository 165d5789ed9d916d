package provision

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// An Outlook is what is worth knowing about an account before anything is made
// in it. Each part may be missing: it is good to know and no reason to stop.
type Outlook struct {
	Alias string       // the account's name for people; "" when it has none
	Plan  *AccountPlan // nil as in Meter

	limit    *int32    // requests at once; nil when unknown
	capacity *capacity // of the Region's tables; nil when unknown
}

// outlookPatience is how long a person waits for what is only good to know.
const outlookPatience = 4 * time.Second

// Survey looks at everything before anything is made: at what a plan going up
// rests on, and beside it at the account.
func Survey(ctx context.Context, cfg Config, c Clients, pages []Page) (plan []Change, o Outlook, err error) {
	err = together(ctx,
		func(ctx context.Context) error { o = Foresee(ctx, cfg, c); return nil },
		func(ctx context.Context) (err error) { plan, err = Plan(ctx, pages, Up); return },
	)
	return plan, o, err
}

// Foresee looks at the account. What AWS refuses, or does not answer in time, is
// left out.
func Foresee(ctx context.Context, cfg Config, c Clients) Outlook {
	ctx, cancel := context.WithTimeout(ctx, outlookPatience)
	defer cancel()
	var o Outlook
	r := newReading()
	optional := func(look func(ctx context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error {
			_ = Safely(func() error { return look(ctx) })
			return nil
		}
	}
	_ = together(ctx, // no look of these fails
		optional(func(ctx context.Context) (err error) { o.Alias, err = accountAlias(ctx, c.IAM); return }),
		optional(func(ctx context.Context) error { return r.readPlan(ctx, c.FreeTier) }),
		optional(func(ctx context.Context) error { return r.readLimit(ctx, c.Lambda) }),
		optional(func(ctx context.Context) error { return r.readCapacity(ctx, cfg, c.DynamoDB) }),
	)
	o.Plan, o.limit, o.capacity = r.plan, r.limit, r.capacity
	return o
}

type aliasAPI interface {
	ListAccountAliases(ctx context.Context, in *iam.ListAccountAliasesInput, opts ...func(*iam.Options)) (*iam.ListAccountAliasesOutput, error)
}

// accountAlias is the account's alias; an account has one or none.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
func accountAlias(ctx context.Context, api aliasAPI) (string, error) {
	out, err := api.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	if err != nil || len(out.AccountAliases) == 0 {
		return "", err
	}
	return out.AccountAliases[0], nil
}

// A StepCost is what one step of a plan costs. The worst case stands at the step
// that causes it: requests at the URL, which lets them in, and running time and
// log lines at the function.
type StepCost struct {
	Cover          string  // what of the free tier it lives on
	NowPerMonthUSD float64 // as soon as it exists, with nobody using it
	WorstPerDayUSD float64 // while somebody hammers the URL
}

// Price puts the cost of each step of a plan going up beside it, for the stack
// as it will be, and returns the sum.
func (o Outlook) Price(cfg Config, plan []Change) Cost {
	u := o.expected(cfg, plan)
	slots := u.slots
	if slots < 0 {
		slots = usualLimit
	}
	requests, running := hammered(slots, u)
	if !u.public {
		requests, running = 0, 0
	}
	var sum Cost
	for i := range plan {
		d := plan[i].Step.Describe()
		if plan[i].Skip && plan[i].Seen.State == Absent {
			continue
		}
		cost := StepCost{Cover: d.Cover}
		switch d.Name {
		case "table":
			cost.NowPerMonthUSD = capacityCost(u)
		case "function":
			cost.WorstPerDayUSD = running
		case "url":
			cost.WorstPerDayUSD = requests
		}
		plan[i].Cost = &cost
		sum.NowPerMonthUSD += cost.NowPerMonthUSD
		sum.WorstPerDayUSD += cost.WorstPerDayUSD
	}
	sum.Assumptions = costOf(u).Assumptions
	return sum
}

// expected is what the stack will be when the plan has been carried out.
func (o Outlook) expected(cfg Config, plan []Change) consumption {
	u := consumption{memoryMB: functionMemory, slots: -1, ownRCU: readCapacity, ownWCU: writeCapacity}
	u.public = cfg.Auth != AuthIAM // where the plan has no URL: a function alone may be behind one already
	if o.limit != nil {
		u.slots = int(*o.limit)
	}
	for _, c := range plan {
		switch step := c.Step.(type) {
		case *table:
			u.ownRCU, u.ownWCU = step.units()
		case *function:
			seen, _ := c.Seen.Detail.(*functionSeen)
			if seen == nil {
				seen = &functionSeen{}
			}
			if seen.reserved != nil {
				u.slots = int(aws.ToInt32(seen.reserved))
			}
			u.arm = step.code(seen.config).architecture() == types.ArchitectureArm64
		case *functionURL:
			seen, _ := c.Seen.Detail.(*urlSeen)
			if seen == nil {
				seen = &urlSeen{}
			}
			u.public = step.auth() == types.FunctionUrlAuthTypeNone && (!c.Skip || seen.config != nil)
		}
	}
	if c := o.capacity; c != nil {
		rcu, wcu, _ := c.others()
		u.rcu, u.wcu = rcu+u.ownRCU, wcu+u.ownWCU
	}
	return u
}

// Crowded says that the other tables of the Region leave too little of the free
// capacity for the stack's own, how many they are and what they take.
func (o Outlook) Crowded(cfg Config) (rcu, wcu int64, tables int, crowded bool) {
	c := o.capacity
	if c == nil {
		return 0, 0, 0, false
	}
	rcu, wcu, tables = c.others()
	reads, writes := (&table{cfg: cfg}).units()
	return rcu, wcu, tables, rcu+reads > freeRCU || wcu+writes > freeWCU
}
