package provision

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// A LogEvent is one event of the function's log group.
type LogEvent struct {
	ID      string // of CloudWatch Logs, each once
	Time    time.Time
	Stream  string // one for each environment that Lambda has started
	Message string
}

// A Log reads the function's log group: first back from its end, then on.
// FilterLogEvents has no price; an account may call it five times a second, ten
// in us-east-1.
// https://aws.amazon.com/cloudwatch/pricing/
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
type Log struct {
	cfg    Config
	api    logReader
	floor  time.Time            // nothing before it is wanted
	newest time.Time            // of the events so far; zero: there were none
	told   map[string]time.Time // the events that may come again, by their ids
}

// lateEvents is how much older than the newest an event may be that comes after
// it: environments hand in their lines at their own pace. The events' own times
// count, because this machine's clock may be wrong.
const lateEvents = 2 * time.Minute

// logPage is how many events one call may bring. A call brings a megabyte at
// most, so a long page would be cut anyhow.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
const logPage = 1000

// OpenLog reads nothing that is older than since.
func OpenLog(cfg Config, api logReader, since time.Time) *Log {
	return &Log{cfg: cfg, api: api, floor: since, told: map[string]time.Time{}}
}

// Last reads back from the end, page by page, until it is enough or there is no
// more. It returns the events oldest first.
func (l *Log) Last(ctx context.Context, enough func(page []LogEvent) bool) ([]LogEvent, error) {
	var events []LogEvent
	stopped := false
	err := l.pages(ctx, l.floor, false, func(page []LogEvent) bool {
		events = append(events, page...)
		slices.Reverse(page)
		stopped = enough(page)
		return !stopped
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(events)
	if stopped && len(events) > 0 {
		// What is older was left out on purpose, and is not news later on.
		l.floor = events[0].Time.Add(time.Millisecond)
	}
	return l.news(events), nil
}

// Next returns the events that were not there the last time, oldest first.
func (l *Log) Next(ctx context.Context) ([]LogEvent, error) {
	from := l.floor
	if late := l.newest.Add(-lateEvents); !l.newest.IsZero() && late.After(from) {
		from = late
	}
	var events []LogEvent
	err := l.pages(ctx, from, true, func(page []LogEvent) bool {
		events = append(events, page...)
		return true
	})
	if err != nil {
		return nil, err
	}
	for id, at := range l.told {
		if at.Before(from) { // no later look can find it
			delete(l.told, id)
		}
	}
	return l.news(events), nil
}

// news are the events that nobody has heard of.
func (l *Log) news(events []LogEvent) []LogEvent {
	var news []LogEvent
	for _, e := range events {
		if _, known := l.told[e.ID]; known {
			continue
		}
		l.told[e.ID] = e.Time
		if e.Time.After(l.newest) {
			l.newest = e.Time
		}
		news = append(news, e)
	}
	return news
}

// pages reads the group from a time on, until more returns false.
func (l *Log) pages(ctx context.Context, from time.Time, forward bool, more func([]LogEvent) bool) error {
	in := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  aws.String(l.cfg.LogGroupName()),
		StartTime:     aws.Int64(from.UnixMilli()),
		StartFromHead: aws.Bool(forward),
		Limit:         aws.Int32(logPage),
	}
	for {
		out, err := l.api.FilterLogEvents(ctx, in)
		if err != nil {
			return err
		}
		page := make([]LogEvent, len(out.Events))
		for i, e := range out.Events {
			page[i] = LogEvent{
				ID: aws.ToString(e.EventId), Time: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(),
				Stream: aws.ToString(e.LogStreamName), Message: aws.ToString(e.Message),
			}
		}
		if in.NextToken = out.NextToken; !more(page) || in.NextToken == nil {
			return nil
		}
	}
}
