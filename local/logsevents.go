package local

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.etcd.io/bbolt"
)

// Streams are kept under "region/group\x00stream", events under
// "region/group\x00" and 16 bytes of time and number: so the events of a group
// lie interleaved in the order of time.
const (
	bucketStreams = "logs.streams"
	bucketEvents  = "logs.events"
)

func streamKey(region, group, stream string) string { return key(region, group) + "\x00" + stream }

// eventKey orders events by time, and by arrival within a millisecond.
func eventKey(region, group string, at time.Time, number uint64) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(at.UnixMilli(), 0)))
	binary.BigEndian.PutUint64(b[8:], number)
	return streamKey(region, group, string(b[:]))
}

// eventBytes is what every event weighs besides its message, in AWS's count.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const eventBytes = 26

// A logEvent is one line of a log stream.
type logEvent struct {
	Time    time.Time
	Message string
}

// A streamDoc is a log stream.
type streamDoc struct {
	Name     string
	Created  time.Time
	First    time.Time // of the events; zero for none
	Last     time.Time
	Ingested time.Time
}

// An eventDoc is an event as it is kept.
type eventDoc struct {
	Stream   string
	Message  string
	Ingested time.Time

	position string    // the 16 bytes of its key
	at       time.Time // from the key
}

// write adds events to a stream, which it makes when it is missing. A missing
// group is made too, without a retention, when createGroup is set: so a late
// line brings a deleted group back, as on AWS. Else the events are dropped.
func (x *logsService) write(region, group, stream string, createGroup bool, events []logEvent) error {
	return x.append(region, group, stream, createGroup, true, events)
}

func (x *logsService) append(region, group, stream string, createGroup, createStream bool, events []logEvent) error {
	now := x.cfg.Now()
	written := false
	err := x.db.update(func(tx *bbolt.Tx) error {
		written = false
		g, ok, err := get[groupDoc](tx, bucketGroups, key(region, group))
		switch {
		case err != nil:
			return err
		case !ok && createGroup:
			g = groupDoc{Region: region, Name: group, Created: now, Tags: map[string]string{}}
		case !ok && createStream:
			return nil
		case !ok:
			return noGroup()
		}
		s, ok, err := get[streamDoc](tx, bucketStreams, streamKey(region, group, stream))
		switch {
		case err != nil:
			return err
		case !ok && createStream:
			s = streamDoc{Name: stream, Created: now}
		case !ok:
			return noStream()
		}
		b, err := tx.CreateBucketIfNotExists([]byte(bucketEvents))
		if err != nil {
			return err
		}
		for _, e := range events {
			number, err := b.NextSequence()
			if err != nil {
				return err
			}
			if err := put(tx, bucketEvents, eventKey(region, group, e.Time, number), eventDoc{Stream: stream, Message: e.Message, Ingested: now}); err != nil {
				return err
			}
			g.Bytes += int64(len(e.Message)) + eventBytes
			if s.First.IsZero() || e.Time.Before(s.First) {
				s.First = e.Time
			}
			if e.Time.After(s.Last) {
				s.Last = e.Time
			}
			s.Ingested = now
		}
		written = true
		if err := put(tx, bucketStreams, streamKey(region, group, stream), s); err != nil {
			return err
		}
		return put(tx, bucketGroups, key(region, group), g)
	})
	if err != nil || !written {
		return err
	}
	for _, e := range events {
		dimensions := map[string]string{"LogGroupName": group}
		x.metrics.add(region, "AWS/Logs", "IncomingBytes", dimensions, "Bytes", float64(len(e.Message)+eventBytes))
		x.metrics.add(region, "AWS/Logs", "IncomingLogEvents", dimensions, "Count", 1)
	}
	return nil
}

func noStream() error {
	return &apiError{Code: "ResourceNotFoundException", Message: "The specified log stream does not exist."}
}

// expire removes the events that a group no longer keeps. AWS takes up to 72
// hours for it; nobody should count on that.
func (x *logsService) expire(d groupDoc) (groupDoc, error) {
	cutoff := d.cutoff(x.cfg.Now())
	if cutoff.IsZero() {
		return d, nil
	}
	prefix, end := streamKey(d.Region, d.Name, ""), eventKey(d.Region, d.Name, cutoff, 0)
	old := false
	if err := x.db.view(func(tx *bbolt.Tx) error {
		if b := tx.Bucket([]byte(bucketEvents)); b != nil {
			k, _ := b.Cursor().Seek([]byte(prefix))
			old = k != nil && strings.HasPrefix(string(k), prefix) && string(k) < end
		}
		return nil
	}); err != nil || !old {
		return d, err
	}
	err := x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getGroup(tx, d.Region, &d.Name)
		if err != nil {
			return err
		}
		c := tx.Bucket([]byte(bucketEvents)).Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix) && string(k) < end; k, v = c.Seek([]byte(prefix)) {
			var e eventDoc
			if err := json.Unmarshal(v, &e); err != nil {
				return err
			}
			doc.Bytes -= int64(len(e.Message)) + eventBytes
			if err := c.Delete(); err != nil {
				return err
			}
		}
		d = doc
		return put(tx, bucketGroups, key(d.Region, d.Name), doc)
	})
	return d, err
}

// events walks the events of a group from a time on, oldest first, until yield
// returns false.
func (x *logsService) events(region, group string, since time.Time, yield func(eventDoc) bool) error {
	prefix := streamKey(region, group, "")
	return x.db.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketEvents))
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(eventKey(region, group, since, 0))); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			var e eventDoc
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("read a log event from the local store: %w", err)
			}
			e.position = string(k[len(prefix):])
			e.at = time.UnixMilli(int64(binary.BigEndian.Uint64(k[len(prefix):])))
			if !yield(e) {
				return nil
			}
		}
		return nil
	})
}

var streamName = bounded(`^[^:*\x00]+$`, 512)

// CreateLogStream makes a stream.
func (x *logsService) CreateLogStream(ctx context.Context, in *logs.CreateLogStreamInput) (*logs.CreateLogStreamOutput, error) {
	region, name := from(ctx).region, aws.ToString(in.LogStreamName)
	if !streamName.MatchString(name) {
		return nil, logsInvalid(name, "logStreamName", `Member must satisfy regular expression pattern: [^:*]*`)
	}
	return &logs.CreateLogStreamOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		g, err := x.getGroup(tx, region, in.LogGroupName)
		if err != nil {
			return err
		}
		_, taken, err := get[streamDoc](tx, bucketStreams, streamKey(region, g.Name, name))
		if err != nil {
			return err
		}
		if taken {
			return &apiError{Code: "ResourceAlreadyExistsException", Message: "The specified log stream already exists"}
		}
		return put(tx, bucketStreams, streamKey(region, g.Name, name), streamDoc{Name: name, Created: x.cfg.Now()})
	})
}

// DeleteLogStream removes a stream with its events.
func (x *logsService) DeleteLogStream(ctx context.Context, in *logs.DeleteLogStreamInput) (*logs.DeleteLogStreamOutput, error) {
	region, name := from(ctx).region, aws.ToString(in.LogStreamName)
	return &logs.DeleteLogStreamOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		g, err := x.getGroup(tx, region, in.LogGroupName)
		if err != nil {
			return err
		}
		if _, ok, err := get[streamDoc](tx, bucketStreams, streamKey(region, g.Name, name)); err != nil || !ok {
			if err == nil {
				err = noStream()
			}
			return err
		}
		if b := tx.Bucket([]byte(bucketEvents)); b != nil {
			prefix := streamKey(region, g.Name, "")
			var gone [][]byte // deleted after the walk: a delete moves bbolt's cursor
			c := b.Cursor()
			for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
				var e eventDoc
				if err := json.Unmarshal(v, &e); err != nil {
					return err
				}
				if e.Stream == name {
					gone = append(gone, slices.Clone(k))
					g.Bytes -= int64(len(e.Message)) + eventBytes
				}
			}
			for _, k := range gone {
				if err := b.Delete(k); err != nil {
					return err
				}
			}
		}
		if err := remove(tx, bucketStreams, streamKey(region, g.Name, name)); err != nil {
			return err
		}
		return put(tx, bucketGroups, key(region, g.Name), g)
	})
}

// DescribeLogStreams lists the streams of a group, by name or by the time of
// their last event.
func (x *logsService) DescribeLogStreams(ctx context.Context, in *logs.DescribeLogStreamsInput) (*logs.DescribeLogStreamsOutput, error) {
	group, err := groupAsked(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == types.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, &apiError{Code: "InvalidParameterException", Message: "Cannot order by LastEventTime with a logStreamNamePrefix."}
	}
	region := from(ctx).region
	var docs []streamDoc
	err = x.db.view(func(tx *bbolt.Tx) error {
		if _, err := x.getGroup(tx, region, &group); err != nil {
			return err
		}
		docs, err = list[streamDoc](tx, bucketStreams, streamKey(region, group, aws.ToString(in.LogStreamNamePrefix)))
		return err
	})
	if err != nil {
		return nil, err
	}
	rank := func(d streamDoc) string { return d.Name }
	if byTime {
		rank = func(d streamDoc) string { return fmt.Sprintf("%020d%s", max(d.Last.UnixMilli(), 0), d.Name) }
	}
	slices.SortFunc(docs, func(a, b streamDoc) int { return strings.Compare(rank(a), rank(b)) })
	if aws.ToBool(in.Descending) {
		slices.Reverse(docs)
		up := rank
		rank = func(d streamDoc) string { return inverted(up(d)) }
	}
	docs, next, err := page(docs, rank, in.NextToken, in.Limit, logsPages)
	out := &logs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}, NextToken: next}
	for _, d := range docs {
		s := types.LogStream{
			Arn:           aws.String(groupARN(region, group) + ":log-stream:" + d.Name),
			CreationTime:  aws.Int64(d.Created.UnixMilli()),
			LogStreamName: aws.String(d.Name),
			StoredBytes:   aws.Int64(0), // always 0 since 2019, says the API
		}
		if !d.Ingested.IsZero() {
			s.FirstEventTimestamp = aws.Int64(d.First.UnixMilli())
			s.LastEventTimestamp = aws.Int64(d.Last.UnixMilli())
			s.LastIngestionTime = aws.Int64(d.Ingested.UnixMilli())
			s.UploadSequenceToken = aws.String(sequenceToken)
		}
		out.LogStreams = append(out.LogStreams, s)
	}
	return out, err
}

// inverted turns the order of texts around, for page. The end of a text sorts
// after every byte, so the longer of two that begin alike comes first.
func inverted(text string) string {
	b := []byte(text)
	for i := range b {
		b[i] = ^b[i]
	}
	return string(append(b, 0xff))
}

// sequenceToken is answered for old clients; it is never checked.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const sequenceToken = "49999999999999999999999999999999999999999999999999999999"

// PutLogEvents adds a batch to a stream. Events too far from now are left out
// and told.
func (x *logsService) PutLogEvents(ctx context.Context, in *logs.PutLogEventsInput) (*logs.PutLogEventsOutput, error) {
	size, last := 0, int64(0)
	for i, e := range in.LogEvents {
		if e.Message == nil || *e.Message == "" || e.Timestamp == nil {
			return nil, logsInvalid("", fmt.Sprintf("logEvents.%d.member.message", i+1), "Member must have length greater than or equal to 1")
		}
		if *e.Timestamp < last {
			return nil, &apiError{Code: "InvalidParameterException", Message: "Log events in a single PutLogEvents request must be in chronological order."}
		}
		last = *e.Timestamp
		size += len(*e.Message) + eventBytes
	}
	switch n := len(in.LogEvents); {
	case n < 1 || n > 10000:
		return nil, logsInvalid(n, "logEvents", "Member must have length between 1 and 10000")
	case size > 1048576:
		return nil, &apiError{Code: "InvalidParameterException", Message: fmt.Sprintf("Upload too large: %d bytes exceeds limit of 1048576", size)}
	case last-*in.LogEvents[0].Timestamp > (24 * time.Hour).Milliseconds():
		return nil, &apiError{Code: "InvalidParameterException", Message: "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."}
	}
	region, group := from(ctx).region, aws.ToString(in.LogGroupName)
	g, err := x.look(region, &group)
	if err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	var kept []logEvent
	rejected := &types.RejectedLogEventsInfo{}
	for i, e := range in.LogEvents {
		at := time.UnixMilli(*e.Timestamp)
		switch {
		case at.Before(g.cutoff(now)):
			rejected.ExpiredLogEventEndIndex = aws.Int32(int32(i + 1))
		case at.Before(now.AddDate(0, 0, -14)):
			rejected.TooOldLogEventEndIndex = aws.Int32(int32(i + 1))
		case at.After(now.Add(2 * time.Hour)):
			if rejected.TooNewLogEventStartIndex == nil {
				rejected.TooNewLogEventStartIndex = aws.Int32(int32(i))
			}
		default:
			kept = append(kept, logEvent{Time: at, Message: *e.Message})
		}
	}
	if err := x.append(region, group, aws.ToString(in.LogStreamName), false, false, kept); err != nil {
		return nil, err
	}
	out := &logs.PutLogEventsOutput{NextSequenceToken: aws.String(sequenceToken)}
	if len(kept) < len(in.LogEvents) {
		out.RejectedLogEventsInfo = rejected
	}
	return out, nil
}
