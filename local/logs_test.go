package local

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func (a *account) group(t *testing.T, name string, tags map[string]string) *string {
	t.Helper()
	must(logs.NewFromConfig(a.config()).CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String(name), Tags: tags}))(t)
	return aws.String(name)
}

func TestLogGroupKeepsForEverUntilRetentionIsSet(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	name := a.group(t, "/aws/lambda/TodoHandler", nil)
	a.group(t, "/aws/lambda/TodoHandler2", nil)
	fails(c.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: name}))(
		t, "ResourceAlreadyExistsException", "The specified log group already exists")
	groups := func() []types.LogGroup {
		return must(c.DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{LogGroupNamePrefix: name}))(t).LogGroups
	}
	g := groups()
	if len(g) != 2 || *g[0].LogGroupName != *name { // a prefix finds the longer name too
		t.Fatalf("groups %v", g)
	}
	if g[0].RetentionInDays != nil || *g[0].StoredBytes != 0 || *g[0].CreationTime != a.clock().UnixMilli() {
		t.Errorf("group %+v", g[0])
	}
	if *g[0].Arn != "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/TodoHandler:*" || *g[0].LogGroupArn+":*" != *g[0].Arn {
		t.Errorf("ARNs %s %s", *g[0].Arn, *g[0].LogGroupArn)
	}
	must(c.PutRetentionPolicy(t.Context(), &logs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(7)}))(t)
	if g := groups(); *g[0].RetentionInDays != 7 || g[1].RetentionInDays != nil {
		t.Errorf("after PutRetentionPolicy: %v %v", g[0].RetentionInDays, g[1].RetentionInDays)
	}
	fails(c.PutRetentionPolicy(t.Context(), &logs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(2)}))(
		t, "InvalidParameterException", "Value '2' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14,")
	must(c.DeleteRetentionPolicy(t.Context(), &logs.DeleteRetentionPolicyInput{LogGroupName: name}))(t)
	if g := groups(); g[0].RetentionInDays != nil {
		t.Errorf("after DeleteRetentionPolicy: %d", *g[0].RetentionInDays)
	}
	fails(c.PutRetentionPolicy(t.Context(), &logs.PutRetentionPolicyInput{LogGroupName: aws.String("x"), RetentionInDays: aws.Int32(7)}))(
		t, "ResourceNotFoundException", "The specified log group does not exist.")
}

func TestLogGroupTagsTakeTheARNWithoutAStar(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	a.group(t, "g", map[string]string{"a": "1"})
	arn := "arn:aws:logs:us-east-1:000000000000:log-group:g"
	must(c.TagResource(t.Context(), &logs.TagResourceInput{ResourceArn: aws.String(arn), Tags: map[string]string{"b": "2"}}))(t)
	must(c.UntagResource(t.Context(), &logs.UntagResourceInput{ResourceArn: aws.String(arn), TagKeys: []string{"a"}}))(t)
	if tags := must(c.ListTagsForResource(t.Context(), &logs.ListTagsForResourceInput{ResourceArn: aws.String(arn)}))(t).Tags; len(tags) != 1 || tags["b"] != "2" {
		t.Errorf("tags %v", tags)
	}
	fails(c.ListTagsForResource(t.Context(), &logs.ListTagsForResourceInput{ResourceArn: aws.String(arn + ":*")}))(t, "InvalidParameterException", "arn")
	fails(c.ListTagsForResource(t.Context(), &logs.ListTagsForResourceInput{ResourceArn: aws.String(arn + "x")}))(t, "ResourceNotFoundException", "log group")
}

// wrote puts lines a second apart into a stream, which it makes.
func (a *account) wrote(t *testing.T, group, stream string, lines ...string) {
	t.Helper()
	c := logs.NewFromConfig(a.config())
	must(c.CreateLogStream(t.Context(), &logs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}))(t)
	in := &logs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)}
	for i, line := range lines {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(a.clock().UnixMilli() + int64(i)*1000)})
	}
	must(c.PutLogEvents(t.Context(), in))(t)
}

func TestFilterInterleavesStreamsByTime(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	a.group(t, "g", nil)
	a.wrote(t, "g", "one", "1a", "1b", "1c")
	a.turn(500 * time.Millisecond)
	a.wrote(t, "g", "two", "2a ERROR", "2b ERROR boom")
	read := func(in logs.FilterLogEventsInput) string {
		in.LogGroupName = aws.String("g")
		var lines []string
		pages := logs.NewFilterLogEventsPaginator(c, &in)
		for pages.HasMorePages() {
			for _, e := range must(pages.NextPage(t.Context()))(t).Events {
				lines = append(lines, *e.Message)
			}
		}
		return strings.Join(lines, "|")
	}
	start := a.clock().UnixMilli()
	for _, tt := range []struct {
		in   logs.FilterLogEventsInput
		want string
	}{
		{logs.FilterLogEventsInput{}, "1a|2a ERROR|1b|2b ERROR boom|1c"},
		{logs.FilterLogEventsInput{Limit: aws.Int32(2)}, "1a|2a ERROR|1b|2b ERROR boom|1c"}, // three pages
		{logs.FilterLogEventsInput{StartFromHead: aws.Bool(false), Limit: aws.Int32(2)}, "1c|2b ERROR boom|1b|2a ERROR|1a"},
		{logs.FilterLogEventsInput{StartTime: aws.Int64(start)}, "2a ERROR|1b|2b ERROR boom|1c"},
		{logs.FilterLogEventsInput{EndTime: aws.Int64(start)}, "1a|2a ERROR"},
		{logs.FilterLogEventsInput{LogStreamNames: []string{"one"}}, "1a|1b|1c"},
		{logs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("t")}, "2a ERROR|2b ERROR boom"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String("ERROR")}, "2a ERROR|2b ERROR boom"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String("ERROR boom")}, "2b ERROR boom"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String("ERROR -boom")}, "2a ERROR"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String(`"a ERROR"`)}, "2a ERROR"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String(`?1a ?"ERROR boom"`)}, "1a|2b ERROR boom"},
		{logs.FilterLogEventsInput{FilterPattern: aws.String("error")}, ""},
	} {
		if got := read(tt.in); got != tt.want {
			t.Errorf("%q from %v: %s, want %s", aws.ToString(tt.in.FilterPattern), tt.in.StartTime, got, tt.want)
		}
	}
	for pattern, code := range map[string]string{
		`{ $.level = "ERROR" }`: "NotImplemented", `[a, b]`: "NotImplemented", `%a.*b%`: "NotImplemented",
		`"open`: "InvalidParameterException", `a:b`: "InvalidParameterException",
	} {
		fails(c.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String(pattern)}))(t, code, "")
	}
	fails(c.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String("h")}))(t, "ResourceNotFoundException", "The specified log group does not exist.")
}

func TestGetLogEventsRepeatsItsTokenAtTheEnd(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	a.group(t, "g", nil)
	a.wrote(t, "g", "s", "a", "b", "c")
	a.wrote(t, "g", "other", "x")
	get := func(token *string, head bool) (string, *logs.GetLogEventsOutput) {
		out := must(c.GetLogEvents(t.Context(), &logs.GetLogEventsInput{
			LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), Limit: aws.Int32(2), StartFromHead: aws.Bool(head), NextToken: token}))(t)
		var lines string
		for _, e := range out.Events {
			lines += *e.Message
		}
		return lines, out
	}
	lines, out := get(nil, true)
	if lines != "ab" {
		t.Errorf("first page %q", lines)
	}
	lines, out = get(out.NextForwardToken, false) // the token holds the direction
	if lines != "c" {
		t.Errorf("second page %q", lines)
	}
	last := *out.NextForwardToken
	if lines, out = get(&last, true); lines != "" || *out.NextForwardToken != last {
		t.Errorf("at the end: %q, %s after %s", lines, *out.NextForwardToken, last)
	}
	if lines, out = get(nil, false); lines != "bc" {
		t.Errorf("the newest: %q", lines)
	}
	if lines, _ = get(out.NextBackwardToken, false); lines != "a" {
		t.Errorf("before them: %q", lines)
	}
	fails(c.GetLogEvents(t.Context(), &logs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("nope")}))(
		t, "ResourceNotFoundException", "The specified log stream does not exist.")
}

func TestRetentionRemovesOldEvents(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	name := a.group(t, "g", nil)
	must(c.PutRetentionPolicy(t.Context(), &logs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(7)}))(t)
	a.wrote(t, "g", "s", "old")
	a.turn(6 * 24 * time.Hour)
	a.wrote(t, "g", "s2", "newer")
	stored := func() int64 {
		return *must(c.DescribeLogGroups(t.Context(), &logs.DescribeLogGroupsInput{}))(t).LogGroups[0].StoredBytes
	}
	if got := stored(); got != int64(len("old")+len("newer"))+2*26 {
		t.Errorf("%d bytes stored", got)
	}
	a.turn(24*time.Hour + time.Millisecond)
	if got := stored(); got != int64(len("newer"))+26 {
		t.Errorf("%d bytes stored after seven days", got)
	}
	events := must(c.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: name}))(t).Events
	if len(events) != 1 || *events[0].Message != "newer" {
		t.Errorf("events %v", events)
	}
}

func TestDeletedGroupComesBackEmptyWithALateLine(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	x := a.server.logs
	name := a.group(t, "g", map[string]string{"todoctl:stack": "Todo"})
	a.wrote(t, "g", "s", "first")
	must(c.DeleteLogGroup(t.Context(), &logs.DeleteLogGroupInput{LogGroupName: name}))(t)
	fails(c.DeleteLogGroup(t.Context(), &logs.DeleteLogGroupInput{LogGroupName: name}))(t, "ResourceNotFoundException", "The specified log group does not exist.")
	late := []logEvent{{Time: a.clock(), Message: "late"}}

	if err := x.write("us-east-1", "g", "s", false, late); err != nil {
		t.Fatal(err)
	}
	if got := must(c.DescribeLogGroups(t.Context(), nil))(t).LogGroups; len(got) != 0 {
		t.Errorf("without logs:CreateLogGroup the group came back: %v", got)
	}
	if err := x.write("us-east-1", "g", "s", true, late); err != nil {
		t.Fatal(err)
	}
	got := must(c.DescribeLogGroups(t.Context(), nil))(t).LogGroups
	if len(got) != 1 || got[0].RetentionInDays != nil || *got[0].StoredBytes != int64(len("late"))+26 {
		t.Errorf("with logs:CreateLogGroup: %v", got)
	}
	events := must(c.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: name}))(t).Events
	if len(events) != 1 || *events[0].Message != "late" {
		t.Errorf("events %v", events)
	}
}

func TestDeletionProtectionHoldsTheGroup(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	must(c.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("g"), DeletionProtectionEnabled: aws.Bool(true)}))(t)
	fails(c.DeleteLogGroup(t.Context(), &logs.DeleteLogGroupInput{LogGroupName: aws.String("g")}))(t, "ValidationException", "deletion protection")
	must(c.PutLogGroupDeletionProtection(t.Context(), &logs.PutLogGroupDeletionProtectionInput{LogGroupIdentifier: aws.String("g"), DeletionProtectionEnabled: aws.Bool(false)}))(t)
	must(c.DeleteLogGroup(t.Context(), &logs.DeleteLogGroupInput{LogGroupName: aws.String("g")}))(t)
}

func TestStreamsAreListedByNameOrByTheirLastEvent(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	a.group(t, "g", nil)
	for _, s := range []string{"b", "c", "a"} {
		a.wrote(t, "g", s, "line")
		a.turn(time.Minute)
	}
	fails(c.CreateLogStream(t.Context(), &logs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")}))(
		t, "ResourceAlreadyExistsException", "The specified log stream already exists")
	for _, tt := range []struct {
		order      types.OrderBy
		descending bool
		want       string
	}{
		{"", false, "abc"}, {"", true, "cba"},
		{types.OrderByLastEventTime, false, "bca"}, {types.OrderByLastEventTime, true, "acb"},
	} {
		var names string
		pages := logs.NewDescribeLogStreamsPaginator(c, &logs.DescribeLogStreamsInput{
			LogGroupName: aws.String("g"), OrderBy: tt.order, Descending: aws.Bool(tt.descending), Limit: aws.Int32(1)})
		for pages.HasMorePages() {
			for _, s := range must(pages.NextPage(t.Context()))(t).LogStreams {
				names += *s.LogStreamName
			}
		}
		if names != tt.want {
			t.Errorf("by %q, descending %v: %s, want %s", tt.order, tt.descending, names, tt.want)
		}
	}
	must(c.DeleteLogStream(t.Context(), &logs.DeleteLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("a")}))(t)
	if got := *must(c.DescribeLogGroups(t.Context(), nil))(t).LogGroups[0].StoredBytes; got != 2*(int64(len("line"))+26) {
		t.Errorf("%d bytes after DeleteLogStream", got)
	}
}

func TestPutLogEventsRefusesDisorderAndTellsWhatIsTooOld(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	a.group(t, "g", nil)
	a.wrote(t, "g", "s", "line")
	now := a.clock()
	put := func(times ...time.Time) (*logs.PutLogEventsOutput, error) {
		in := &logs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")}
		for _, at := range times {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String("m"), Timestamp: aws.Int64(at.UnixMilli())})
		}
		return c.PutLogEvents(t.Context(), in)
	}
	fails(put(now, now.Add(-time.Second)))(t, "InvalidParameterException", "chronological order")
	fails(put(now.Add(-25*time.Hour), now))(t, "InvalidParameterException", "span more than 24 hours")
	old := must(put(now.AddDate(0, 0, -15), now.AddDate(0, 0, -14)))(t).RejectedLogEventsInfo
	if old == nil || aws.ToInt32(old.TooOldLogEventEndIndex) != 1 {
		t.Errorf("too old: %+v", old)
	}
	early := must(put(now, now.Add(3*time.Hour)))(t).RejectedLogEventsInfo
	if early == nil || early.TooNewLogEventStartIndex == nil || *early.TooNewLogEventStartIndex != 1 {
		t.Errorf("too new: %+v", early)
	}
	if out := must(put(now))(t); out.RejectedLogEventsInfo != nil {
		t.Errorf("refused a good one: %+v", out.RejectedLogEventsInfo)
	}
}

func TestGroupsAreListedPageByPage(t *testing.T) {
	a := newAccount(t, Lags{})
	c := logs.NewFromConfig(a.config())
	for i := range 7 {
		a.group(t, fmt.Sprintf("g%d", i), nil)
	}
	var names []string
	pages := logs.NewDescribeLogGroupsPaginator(c, &logs.DescribeLogGroupsInput{Limit: aws.Int32(3)})
	for pages.HasMorePages() {
		for _, g := range must(pages.NextPage(t.Context()))(t).LogGroups {
			names = append(names, *g.LogGroupName)
		}
	}
	if strings.Join(names, "") != "g0g1g2g3g4g5g6" {
		t.Errorf("groups %v", names)
	}
	if got := must(logs.NewFromConfig(a.as("AKIATEST", "eu-west-1")).DescribeLogGroups(t.Context(), nil))(t).LogGroups; len(got) != 0 {
		t.Errorf("groups of another Region: %v", got)
	}
}
