package provision_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"todoctl/local"
	"todoctl/provision"
)

// A written log is a group into which a test writes, at times that it names.
type writtenLog struct {
	*world
	began time.Time
}

func (w *world) written(streams ...string) writtenLog {
	w.t.Helper()
	group := aws.String(w.cfg.LogGroupName())
	if _, err := w.clients.Logs.CreateLogGroup(w.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		w.t.Fatal(err)
	}
	for _, s := range streams {
		if _, err := w.clients.Logs.CreateLogStream(w.t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String(s)}); err != nil {
			w.t.Fatal(err)
		}
	}
	return writtenLog{w, time.Now()}
}

// write writes messages at so many seconds after the beginning.
func (w writtenLog) write(stream string, second float64, messages ...string) {
	w.t.Helper()
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(w.cfg.LogGroupName()), LogStreamName: aws.String(stream)}
	at := w.began.Add(time.Duration(second * float64(time.Second))).UnixMilli()
	for _, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(at), Message: aws.String(m)})
	}
	if _, err := w.clients.Logs.PutLogEvents(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
}

func texts(events []provision.LogEvent) string {
	var all []string
	for _, e := range events {
		all = append(all, e.Message)
	}
	return strings.Join(all, " ")
}

// Each event is told once, in order, also one that comes late, and also when the
// clock of this machine is wrong: only the events' own times count.
func TestALogIsReadOnWithoutLosingOrRepeatingAnEvent(t *testing.T) {
	for _, wrong := range []time.Duration{0, time.Hour, -time.Hour} {
		inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
			l := w.written("a", "b")
			l.write("a", 0, "1", "2")
			cfg := w.cfg
			cfg.Clock.Now = func() time.Time { return time.Now().Add(wrong) }
			log := provision.OpenLog(cfg, w.clients.Logs, l.began.Add(-time.Hour))
			next := func(want string) {
				t.Helper()
				events, err := log.Next(t.Context())
				if got := texts(events); err != nil || got != want {
					t.Errorf("with a clock wrong by %v: %q, %v; want %q", wrong, got, err, want)
				}
			}
			events, err := log.Last(t.Context(), func([]provision.LogEvent) bool { return false })
			if got := texts(events); err != nil || got != "1 2" {
				t.Fatalf("the beginning is %q, %v", got, err)
			}
			next("")
			l.write("a", 10, "4")
			next("4")
			l.write("b", 9, "3") // handed in late
			l.write("b", 10, "5")
			next("3 5")
			time.Sleep(90 * time.Minute) // the laptop slept, and the function did not
			l.write("a", 2000, "6")
			l.write("b", 5000, "7")
			next("6 7")
			next("")
		})
	}
}

// What -n leaves out is not told later on.
func TestALogsNewestEventsAreReadFromItsEnd(t *testing.T) {
	inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
		l := w.written("a")
		var all []string
		for i := range 25 { // 2,500 events: three pages
			var some []string
			for k := range 100 {
				some = append(some, fmt.Sprint(100*i+k))
			}
			all = append(all, some...)
			l.write("a", float64(i), some...)
		}
		time.Sleep(time.Minute)
		pages := 0
		log := provision.OpenLog(w.cfg, w.clients.Logs, l.began)
		events, err := log.Last(t.Context(), func(page []provision.LogEvent) bool {
			if pages++; page[0].Message > page[1].Message && page[0].Time.After(page[1].Time) {
				t.Error("a page is not in order")
			}
			return pages == 2
		})
		if err != nil || pages != 2 || texts(events) != strings.Join(all[500:], " ") {
			t.Errorf("it reads %d pages and %d events, the first of them %q: %v", pages, len(events), events[0].Message, err)
		}
		l.write("a", 30, "new")
		if events, err = log.Next(t.Context()); err != nil || texts(events) != "new" {
			t.Errorf("after that come %q, %v", texts(events), err)
		}
	})
}

func TestALogThatIsNotThereYetIsReadLater(t *testing.T) {
	inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
		log := provision.OpenLog(w.cfg, w.clients.Logs, time.Now().Add(-time.Hour))
		_, err := log.Last(t.Context(), func([]provision.LogEvent) bool { return true })
		if _, none := errors.AsType[*types.ResourceNotFoundException](err); !none {
			t.Fatalf("without a group: %v", err)
		}
		w.written("a").write("a", 0, "first")
		events, err := log.Next(t.Context())
		if err != nil || !slices.Equal([]string{texts(events)}, []string{"first"}) {
			t.Errorf("with one: %q, %v", texts(events), err)
		}
	})
}
