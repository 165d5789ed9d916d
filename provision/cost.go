package provision

import "fmt"

// Prices in US dollars in us-east-1, without taxes, as read on 2026-11-23. AWS
// changes them and other Regions have others, so every figure made of them goes
// out with its assumptions.
const (
	pricesRegion = "us-east-1"
	pricesDate   = "2026-11-23"

	priceRequest  = 0.20 / 1e6   // a Lambda request: https://aws.amazon.com/lambda/pricing/
	priceGBSecond = 0.0000166667 // a Lambda GB-second on x86: the same page
	priceGBArm    = 0.0000133334 // and on arm64
	priceWCUHour  = 0.00065      // a provisioned write unit for an hour: https://aws.amazon.com/dynamodb/pricing/provisioned/
	priceRCUHour  = 0.00013      // a provisioned read unit for an hour: the same page
	priceTableGB  = 0.25         // a GB in a Standard table for a month: the same page
	priceLogGB    = 0.50         // a GB of logs taken in: https://aws.amazon.com/cloudwatch/pricing/

	hoursPerMonth = 730 // as AWS's own calculator counts
)

// What is free each month, on every account, as AWS stated it on 2026-11-23.
const (
	freeRequests  = 1_000_000 // Lambda, all Regions together: https://aws.amazon.com/lambda/pricing/
	freeGBSeconds = 400_000   // the same
	freeRCU       = 25        // all tables and indexes of a Region: https://aws.amazon.com/dynamodb/pricing/provisioned/
	freeWCU       = 25        // the same
	freeTableGB   = 25        // the same
	freeLogGB     = 5         // taken in and stored, all Regions: https://aws.amazon.com/cloudwatch/pricing/
)

const (
	requestsPerSlot = 10   // a second; Lambda lets a URL have ten times its concurrency: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
	logKBPerRequest = 0.5  // the three lines that Lambda writes itself
	usualLimit      = 1000 // concurrent requests of an account whose own figure cannot be read; new accounts have 10
)

// Cost is what the stack costs in US dollars.
type Cost struct {
	NowPerMonthUSD float64  // as it stands: provisioned capacity for a month, and this month's usage so far
	WorstPerDayUSD float64  // while somebody hammers the URL as fast as Lambda lets them
	Assumptions    []string // what both figures rest on
}

// consumption is what a cost is computed from; what could not be read is zero.
type consumption struct {
	requests  float64 // this month
	gbSeconds float64 // this month
	tableGB   float64 // stored
	logGB     float64 // stored

	rcu, wcu       int64 // provisioned by all tables and indexes of the Region
	ownRCU, ownWCU int64 // of them, by the stack's table

	public   bool // anybody may call the URL
	memoryMB int  // of the function; 0 when there is none
	arm      bool // it runs on arm64
	slots    int  // requests at once: reserved concurrency or the account's limit; -1 when unknown
}

// costOf computes the cost of a stack.
func costOf(u consumption) Cost {
	over := func(used, free float64) float64 { return max(used-free, 0) }
	cost := Cost{Assumptions: []string{fmt.Sprintf("prices of %s on %s, without taxes", pricesRegion, pricesDate)}}
	cost.NowPerMonthUSD = capacityCost(u) +
		over(u.requests, freeRequests)*priceRequest +
		over(u.gbSeconds, freeGBSeconds)*u.gbPrice() +
		over(u.tableGB, freeTableGB)*priceTableGB +
		over(u.logGB, freeLogGB)*priceLogGB
	if !u.public || u.memoryMB == 0 {
		return cost
	}
	slots := u.slots
	if slots < 0 {
		slots = usualLimit
		cost.Assumptions = append(cost.Assumptions, fmt.Sprintf("the account's limit could not be read; %d requests at once is the usual one", usualLimit))
	}
	requests, running := hammered(slots, u)
	cost.WorstPerDayUSD = requests + running
	cost.Assumptions = append(cost.Assumptions,
		fmt.Sprintf("at worst: %d requests at once and %d a second, all day, at %d MB, after the free allowance is used up", slots, slots*requestsPerSlot, u.memoryMB),
		fmt.Sprintf("at worst: %g KB of logs a request; the table costs nothing more, because provisioned capacity turns requests away; data sent out is not counted", logKBPerRequest))
	return cost
}

// hammered is what a day costs in which somebody sends as many requests as the
// slots let in: for the requests themselves, which come through the URL, and for
// what runs at each of them, the function and its log.
func hammered(slots int, u consumption) (requests, running float64) {
	const day = 24 * 60 * 60
	n := float64(slots) * requestsPerSlot * day
	gbSeconds := float64(slots) * float64(u.memoryMB) / 1024 * day
	logGB := n * logKBPerRequest / 1e6
	return n * priceRequest, gbSeconds*u.gbPrice() + logGB*priceLogGB
}

// gbPrice is what the function's time costs a second, for each GB of its memory.
func (u consumption) gbPrice() float64 {
	if u.arm {
		return priceGBArm
	}
	return priceGBSecond
}

// capacityCost is what the stack's share of the capacity beyond the free 25 and
// 25 costs a month. The stack is charged last: its table was free alone.
func capacityCost(u consumption) float64 {
	beyond := func(all, free, own int64) float64 { return float64(min(max(all-free, 0), own)) }
	return hoursPerMonth * (beyond(u.rcu, freeRCU, u.ownRCU)*priceRCUHour + beyond(u.wcu, freeWCU, u.ownWCU)*priceWCUHour)
}
