package provision

import (
	"fmt"
	"math"
	"time"
)

// The words of the free-tier meter: what a reading means, without any call.

const bytesPerGB = 1 << 30

// requests is this month's Lambda requests of the Region. Its total lags behind
// the function's own figure by a minute or two.
func (r *reading) requests() float64 {
	switch {
	case math.IsNaN(r.requestsRegion):
		return r.requestsOwn
	case math.IsNaN(r.requestsOwn):
		return r.requestsRegion
	}
	return max(r.requestsRegion, r.requestsOwn)
}

// gbSeconds is this month's Lambda compute of the function.
func (r *reading) gbSeconds() float64 {
	if r.memoryMB == 0 {
		return math.NaN()
	}
	return r.milliseconds / 1000 * float64(r.memoryMB) / 1024
}

// gauges returns the figures that were read.
func (r *reading) gauges() []Gauge {
	var gauges []Gauge
	add := func(g Gauge) {
		if !math.IsNaN(g.Used) {
			gauges = append(gauges, g)
		}
	}
	add(Gauge{Name: "Lambda requests", Used: r.requests(), Limit: freeRequests, Unit: "this month", Note: "of this Region; all Regions share the limit"})
	add(Gauge{Name: "Lambda compute", Used: r.gbSeconds(), Limit: freeGBSeconds, Unit: "GB-s this month", Note: "estimated for this function, without start-up time"})
	if c := r.capacity; c != nil {
		note := fmt.Sprintf("provisioned, %s of the Region together", count(c.tables, "table"))
		add(Gauge{Name: "DynamoDB reads", Used: float64(c.rcu), Limit: freeRCU, Unit: "RCU", Note: note})
		add(Gauge{Name: "DynamoDB writes", Used: float64(c.wcu), Limit: freeWCU, Unit: "WCU", Note: note})
		add(Gauge{Name: "DynamoDB storage", Used: float64(c.bytes) / bytesPerGB, Limit: freeTableGB, Unit: "GB", Note: "up to 6 hours old"})
		const hour = 3600
		add(Gauge{Name: "read load", Used: r.peakReads / hour, Limit: float64(c.ownRCU), Unit: "RCU a second", Note: "the table's busiest hour of the last day"})
		add(Gauge{Name: "write load", Used: r.peakWrites / hour, Limit: float64(c.ownWCU), Unit: "WCU a second", Note: "the table's busiest hour of the last day"})
	}
	url := Gauge{Name: "URL requests", Used: r.urlRequests, Unit: "this month"}
	if !math.IsNaN(r.url4xx) && !math.IsNaN(r.url5xx) {
		url.Note = fmt.Sprintf("%.0f answered 4xx, %.0f answered 5xx", r.url4xx, r.url5xx)
	}
	add(url)
	if r.logBytes != nil {
		add(Gauge{Name: "logs", Used: float64(*r.logBytes) / bytesPerGB, Limit: freeLogGB, Unit: "GB", Note: "stored; what is taken in during a month counts as well"})
	}
	return gauges
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// consumption is the reading as costOf wants it.
func (r *reading) consumption(public bool) consumption {
	known := func(f float64) float64 {
		if math.IsNaN(f) {
			return 0
		}
		return f
	}
	u := consumption{
		requests:  known(r.requests()),
		gbSeconds: known(r.gbSeconds()),
		public:    public,
		memoryMB:  r.memoryMB,
		arm:       r.arm,
		slots:     -1,
	}
	if c := r.capacity; c != nil {
		u.rcu, u.wcu, u.ownRCU, u.ownWCU = c.rcu, c.wcu, c.ownRCU, c.ownWCU
		u.tableGB = float64(c.bytes) / bytesPerGB
	}
	if r.logBytes != nil {
		u.logGB = float64(*r.logBytes) / bytesPerGB
	}
	switch {
	case r.reserved != nil:
		u.slots = int(*r.reserved)
	case r.limit != nil:
		u.slots = int(*r.limit)
	}
	return u
}

// The shares and spans from which on a person should act.
const (
	nearlyFull    = 0.8                 // of an allowance
	planEndsSoon  = 30 * 24 * time.Hour // before a free plan ends
	fewCreditsUSD = 10.0
)

// findings says what a person should know about the figures.
func (r *reading) findings(cfg Config, m Meter, now time.Time) []Finding {
	var found []Finding
	say := func(level, fix, format string, args ...any) {
		found = append(found, Finding{Level: level, Text: fmt.Sprintf(format, args...), Fix: fix})
	}
	for _, g := range m.Gauges {
		switch g.Name {
		case "DynamoDB reads", "DynamoDB writes", "read load", "write load":
			continue // being full is what capacity is for
		}
		if g.Limit > 0 && g.Used >= nearlyFull*g.Limit {
			say(LevelWarning, "", "%s: %.0f %% of what is free is used", g.Name, 100*g.Used/g.Limit)
		}
	}
	if c := r.capacity; c != nil && (c.rcu > freeRCU || c.wcu > freeWCU) {
		say(LevelWarning, "delete a table of the Region that you do not need, or lower its capacity",
			"the tables of %s are provisioned for %d RCU and %d WCU together; %d of each are free, and this stack's share of the rest costs about %.2f USD a month",
			cfg.Region, c.rcu, c.wcu, freeRCU, capacityCost(r.consumption(true)))
	}
	if r.throttledReads > 0 || r.throttledWrites > 0 { // false for NaN
		say(LevelWarning, "ask for items by their id instead of listing all; more capacity is free up to 25 and 25",
			"%s turned requests away in the last day, because its capacity was used up", cfg.TableName())
	}
	r.findConcurrency(say, cfg, m.Cost)
	r.findPlan(cfg, say, now)
	return found
}

func (r *reading) findConcurrency(say func(level, fix, format string, args ...any), cfg Config, cost Cost) {
	switch {
	case r.memoryMB == 0: // there is no function
	case r.reserved != nil && *r.reserved == 0:
		say(LevelWarning, "aws lambda delete-function-concurrency --function-name "+cfg.FunctionName()+" --region "+cfg.Region,
			"%s is switched off: its reserved concurrency is 0, and the URL answers 429 to everything", cfg.FunctionName())
	case r.reserved != nil:
		say(LevelNote, "", "%s answers at most %s at once, which also bounds what strangers can cost you", cfg.FunctionName(), count(int(*r.reserved), "request"))
	case r.limit != nil && cfg.Auth == AuthIAM:
	case r.limit != nil && *r.limit <= 100:
		say(LevelNote, "", "this account answers at most %s at once, which also bounds what strangers can cost you", count(int(*r.limit), "request"))
	case r.limit != nil:
		say(LevelNote, "aws lambda put-function-concurrency --reserved-concurrent-executions 5 --function-name "+cfg.FunctionName()+" --region "+cfg.Region,
			"the URL is public and this account answers up to %d requests at once: somebody who means harm could cost you about %.0f USD a day", *r.limit, cost.WorstPerDayUSD)
	}
}

func (r *reading) findPlan(cfg Config, say func(level, fix, format string, args ...any), now time.Time) {
	p := r.plan
	if p == nil || p.Type != "FREE" {
		return
	}
	upgrade := "to keep the account, upgrade it to the paid plan on " + ConsoleFreeTier(cfg) + "; what is always free stays free there"
	if p.Status == "EXPIRED" {
		say(LevelWarning, upgrade, "the account's free plan has ended: AWS closes the account and erases everything in it after 90 days")
		return
	}
	level, text := LevelNote, "the account is on AWS's free plan"
	if !p.Expires.IsZero() {
		left := p.Expires.Sub(now)
		text += fmt.Sprintf(" until %s, %s from now", p.Expires.UTC().Format(time.DateOnly), count(int(left.Hours()/24), "day"))
		if left < planEndsSoon {
			level = LevelWarning
		}
	}
	if p.HasCredits {
		text += fmt.Sprintf(", with %.2f USD of credits left", p.CreditsUSD)
		if p.CreditsUSD < fewCreditsUSD {
			level = LevelWarning
		}
	}
	say(level, upgrade, "%s; when the time or the credits end, AWS closes the account", text)
	say(LevelNote, "", "creating an AWS Organization, which IAM Identity Center may ask for, ends the free plan and its credits at once")
}
