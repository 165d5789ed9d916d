package local

import "time"

// Lags are the delays of AWS that a caller can see. Zero is instant. Where each
// of them is known from stands in docs/local-aws.md.
type Lags struct {
	TableCreate    time.Duration // CREATING before ACTIVE
	TableUpdate    time.Duration // UPDATING before ACTIVE
	TableDelete    time.Duration // DELETING before not found
	IndexAllocate  time.Duration // an index added to a table is CREATING, and the table UPDATING
	IndexBackfill  time.Duration // then it is Backfilling, and the table ACTIVE
	IndexDelete    time.Duration // an index is DELETING, and the table UPDATING
	RoleAssume     time.Duration // a new role cannot be assumed by Lambda yet
	RolePolicy     time.Duration // a new or changed role policy does not count yet
	FunctionCreate time.Duration // Pending before Active
	FunctionUpdate time.Duration // LastUpdateStatus InProgress before Successful
	URLPolicy      time.Duration // a Function URL answers 403 until its statements have spread

	// What was made is there, its name is taken, and the calls that look for it
	// do not find it yet.
	TableVisible     time.Duration // DescribeTable and ListTagsOfResource
	RoleVisible      time.Duration // everything but CreateRole, and Lambda
	PolicyVisible    time.Duration // GetRolePolicy and the lists of a role's policies
	FunctionVisible  time.Duration // everything but CreateFunction
	URLVisible       time.Duration // GetFunctionUrlConfig
	StatementVisible time.Duration // GetPolicy shows the statements as they were before
	GroupVisible     time.Duration // everything of a log group but CreateLogGroup
	TopicVisible     time.Duration // everything but CreateTopic
	AlarmVisible     time.Duration // everything but PutMetricAlarm
	BudgetVisible    time.Duration // everything but CreateBudget

	TableTags   time.Duration // ListTagsOfResource shows the tags as they were before
	TopicAccess time.Duration // a new topic answers AuthorizationError to its own maker
	LogDelivery time.Duration // a function's lines come into its log so much later

	// Replica is how far behind one of the copies is that reads of everything but
	// items come from: every other read, about, shows what was before.
	Replica time.Duration

	// URLDelete is how long the URL of a deleted function goes on existing, when
	// it was not deleted first: a function that gets the name within that time
	// gets the URL too.
	// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
	URLDelete time.Duration
}

// ShortLags are short but real: what a learner sees with --local.
var ShortLags = Lags{
	TableCreate:    600 * time.Millisecond,
	TableUpdate:    300 * time.Millisecond,
	TableDelete:    300 * time.Millisecond,
	IndexAllocate:  300 * time.Millisecond,
	IndexBackfill:  900 * time.Millisecond,
	IndexDelete:    200 * time.Millisecond,
	RoleAssume:     500 * time.Millisecond,
	RolePolicy:     100 * time.Millisecond,
	FunctionCreate: 300 * time.Millisecond,
	FunctionUpdate: 200 * time.Millisecond,
	URLPolicy:      100 * time.Millisecond,
}

// AWSLags are what AWS takes on an ordinary day.
var AWSLags = Lags{
	TableCreate:    6 * time.Second,
	TableUpdate:    3 * time.Second,
	TableDelete:    3 * time.Second,
	IndexAllocate:  40 * time.Second,
	IndexBackfill:  8 * time.Minute,
	IndexDelete:    5 * time.Second,
	RoleAssume:     8 * time.Second,
	RolePolicy:     2 * time.Second,
	FunctionCreate: 2 * time.Second,
	FunctionUpdate: 2 * time.Second,
	URLPolicy:      time.Second,
	TableTags:      time.Second,
	LogDelivery:    3 * time.Second,
}

// young says that what was made or changed then is still within a lag.
func (s *Server) young(then time.Time, lag time.Duration) bool {
	return lag > 0 && s.cfg.Now().Before(then.Add(lag))
}
