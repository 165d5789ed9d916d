package local

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"go.etcd.io/bbolt"
)

// groupAsked is the group's name, which newer calls may give as an ARN.
func groupAsked(ctx context.Context, name, identifier *string) (string, error) {
	switch {
	case name != nil && identifier != nil:
		return "", &apiError{Code: "InvalidParameterException", Message: "You cannot specify both logGroupName and logGroupIdentifier."}
	case name != nil:
		return *name, nil
	case identifier != nil:
		return strings.TrimSuffix(strings.TrimPrefix(*identifier, groupARN(from(ctx).region, "")), ":*"), nil
	}
	return "", &apiError{Code: "InvalidParameterException", Message: "You must specify either logGroupName or logGroupIdentifier."}
}

// maxEvents is the largest page of events.
const maxEvents = 10000

// GetLogEvents reads one stream. Unlike elsewhere the tokens never end: at the
// end of a stream the same token comes back.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (x *logsService) GetLogEvents(ctx context.Context, in *logs.GetLogEventsInput) (*logs.GetLogEventsOutput, error) {
	group, err := groupAsked(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	forward, position, err := parseToken(in.NextToken, aws.ToBool(in.StartFromHead))
	if err != nil {
		return nil, err
	}
	limit := int(aws.ToInt32(in.Limit))
	if in.Limit == nil {
		limit = maxEvents
	}
	if limit < 1 || limit > maxEvents {
		return nil, logsInvalid(limit, "limit", "Member must have value between 1 and 10000")
	}
	all, err := x.read(ctx, group, reading{
		streams: []string{aws.ToString(in.LogStreamName)},
		since:   aws.ToInt64(in.StartTime),
		until:   in.EndTime, // an event at this very time is not included
	})
	if err != nil {
		return nil, err
	}
	if in.NextToken != nil {
		all = slices.DeleteFunc(all, func(e eventDoc) bool {
			if forward {
				return e.position <= position
			}
			return e.position >= position
		})
	}
	if len(all) > limit && forward {
		all = all[:limit]
	}
	if len(all) > limit {
		all = all[len(all)-limit:]
	}
	first, last := position, position
	if len(all) > 0 {
		first, last = all[0].position, all[len(all)-1].position
	}
	out := &logs.GetLogEventsOutput{
		Events:            []types.OutputLogEvent{},
		NextForwardToken:  aws.String(logToken(true, last)),
		NextBackwardToken: aws.String(logToken(false, first)),
	}
	for _, e := range all {
		out.Events = append(out.Events, types.OutputLogEvent{
			IngestionTime: aws.Int64(e.Ingested.UnixMilli()), Message: aws.String(e.Message), Timestamp: aws.Int64(e.at.UnixMilli()),
		})
	}
	return out, nil
}

// FilterLogEvents reads all streams of a group interleaved by time.
func (x *logsService) FilterLogEvents(ctx context.Context, in *logs.FilterLogEventsInput) (*logs.FilterLogEventsOutput, error) {
	group, err := groupAsked(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil {
		return nil, &apiError{Code: "InvalidParameterException", Message: "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."}
	}
	matches, err := parseFilter(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	forward, position, err := parseToken(in.NextToken, in.StartFromHead == nil || *in.StartFromHead)
	if err != nil {
		return nil, err
	}
	limit := int(aws.ToInt32(in.Limit))
	if in.Limit == nil {
		limit = maxEvents
	}
	if limit < 1 || limit > maxEvents {
		return nil, logsInvalid(limit, "limit", "Member must have value between 1 and 10000")
	}
	r := reading{
		streams: in.LogStreamNames,
		prefix:  aws.ToString(in.LogStreamNamePrefix),
		since:   aws.ToInt64(in.StartTime),
		matches: matches,
	}
	if in.EndTime != nil { // an event at this very time is included
		r.until = aws.Int64(*in.EndTime + 1)
	}
	if forward {
		r.after, r.limit = position, limit+1 // one more shows that there is a next page
	}
	all, err := x.read(ctx, group, r)
	if err != nil {
		return nil, err
	}
	if !forward {
		slices.Reverse(all)
		all = all[countWhile(all, func(e eventDoc) bool { return in.NextToken != nil && e.position >= position }):]
	}
	out := &logs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	if len(all) > limit {
		all = all[:limit]
		out.NextToken = aws.String(logToken(forward, all[limit-1].position))
	}
	for _, e := range all {
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId:       aws.String(fmt.Sprintf("%x", e.position)),
			IngestionTime: aws.Int64(e.Ingested.UnixMilli()),
			LogStreamName: aws.String(e.Stream),
			Message:       aws.String(e.Message),
			Timestamp:     aws.Int64(e.at.UnixMilli()),
		})
	}
	return out, nil
}

// A reading says which events of a group are wanted.
type reading struct {
	streams []string // empty for all
	prefix  string   // of the stream's name
	since   int64    // milliseconds, inclusive
	until   *int64   // milliseconds, exclusive; nil for no end
	matches func(message string) bool
	after   string // only those behind this position
	limit   int    // 0 for all
}

// read returns events that are still kept, oldest first. Group and streams must
// exist.
func (x *logsService) read(ctx context.Context, group string, r reading) ([]eventDoc, error) {
	region := from(ctx).region
	g, err := x.look(region, &group)
	if err != nil {
		return nil, err
	}
	if err := x.db.view(func(tx *bbolt.Tx) error {
		for _, s := range r.streams {
			if _, ok, err := get[streamDoc](tx, bucketStreams, streamKey(region, group, s)); err != nil || !ok {
				if err == nil {
					err = noStream()
				}
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if _, err := x.expire(g); err != nil {
		return nil, err
	}
	var found []eventDoc
	err = x.events(region, group, time.UnixMilli(r.since), func(e eventDoc) bool {
		switch {
		case r.until != nil && e.at.UnixMilli() >= *r.until:
			return false
		case len(r.streams) > 0 && !slices.Contains(r.streams, e.Stream):
		case !strings.HasPrefix(e.Stream, r.prefix):
		case e.position <= r.after:
		case r.matches != nil && !r.matches(e.Message):
		default:
			found = append(found, e)
		}
		return r.limit == 0 || len(found) < r.limit
	})
	return found, err
}

// A token is a direction and the position where the page ended.
func logToken(forward bool, position string) string {
	direction := "b/"
	if forward {
		direction = "f/"
	}
	return direction + base64.RawURLEncoding.EncodeToString([]byte(position))
}

// parseToken reads a token. Without one the direction is the caller's wish.
func parseToken(t *string, head bool) (forward bool, position string, err error) {
	if t == nil {
		return head, "", nil
	}
	direction, rest, _ := strings.Cut(*t, "/")
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || direction != "f" && direction != "b" {
		return false, "", &apiError{Code: logsPages.code, Message: logsPages.message}
	}
	return direction == "f", string(b), nil
}

// parseFilter understands patterns of terms for unstructured text: every plain
// term must occur, no -term may, and where there are only ?terms one of them
// must. Patterns for JSON, for columns and with regular expressions are refused
// by name.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func parseFilter(pattern string) (func(message string) bool, error) {
	pattern = strings.TrimSpace(pattern)
	refused := func(kind string) error {
		return &apiError{Code: "NotImplemented", Status: http.StatusNotImplemented,
			Message: "todoctl's local AWS does not have filter patterns " + kind}
	}
	switch {
	case strings.HasPrefix(pattern, "{"):
		return nil, refused("for JSON")
	case strings.HasPrefix(pattern, "["):
		return nil, refused("for columns")
	case strings.Contains(pattern, "%"):
		return nil, refused("with regular expressions")
	}
	var all, some, none []string
	for pattern != "" {
		list := &all
		switch pattern[0] {
		case '?':
			list, pattern = &some, pattern[1:]
		case '-':
			list, pattern = &none, pattern[1:]
		}
		var term string
		if strings.HasPrefix(pattern, `"`) {
			end := strings.Index(pattern[1:], `"`)
			if end < 0 {
				return nil, &apiError{Code: "InvalidParameterException", Message: "Invalid filter pattern"}
			}
			term, pattern = pattern[1:end+1], pattern[end+2:]
		} else {
			term, pattern, _ = strings.Cut(pattern, " ")
			if i := strings.IndexFunc(term, notInTerm); i >= 0 || term == "" {
				return nil, &apiError{Code: "InvalidParameterException", Message: "Invalid character(s) in term '" + term + "'"}
			}
		}
		*list = append(*list, term)
		pattern = strings.TrimSpace(pattern)
	}
	return func(message string) bool {
		in := func(term string) bool { return strings.Contains(message, term) }
		if slices.ContainsFunc(none, in) || slices.ContainsFunc(all, func(t string) bool { return !in(t) }) {
			return false
		}
		return len(some) == 0 || len(all) > 0 || slices.ContainsFunc(some, in)
	}, nil
}

// notInTerm says that a character needs quotes.
func notInTerm(r rune) bool {
	return !(r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127)
}
