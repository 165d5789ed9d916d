package provision_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"todoctl/provision"
)

// fold reads messages of one stream, and writes the lines that they become.
func fold(raw bool, messages ...string) []string {
	f := provision.LogFold{Raw: raw}
	var events []provision.LogEvent
	for i, m := range messages {
		events = append(events, provision.LogEvent{ID: fmt.Sprint(i), Time: time.UnixMilli(int64(i)), Stream: "s", Message: m})
	}
	var lines []string
	for _, l := range f.Fold(events) {
		text := fmt.Sprintf("%s|%s|%q", l.Request, l.Level, l.Text)
		if r := l.Report; r != nil {
			text = fmt.Sprintf("%s|%s|%s %v billed %v", l.Request, l.Level, r.Status, r.Duration, r.Billed)
			if r.Init > 0 {
				text += fmt.Sprintf(" cold %v", r.Init)
			}
			text += strings.TrimSuffix(fmt.Sprintf(" %d/%d MB %s", r.Used, r.Memory, r.Error), " ")
			if r.Broken {
				text += " broken"
			}
		}
		lines = append(lines, text)
	}
	return lines
}

const (
	started  = "START RequestId: r1 Version: $LATEST\n"
	finished = "END RequestId: r1\n"
	warm     = "REPORT RequestId: r1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t\n"
	cold     = "REPORT RequestId: r1\tDuration: 12.34 ms\tBilled Duration: 333 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\tInit Duration: 320.11 ms\t\n"
)

// What Lambda writes, in both of its formats and in each language's own manner.
func TestALogIsFoldedIntoALineForEachRequest(t *testing.T) {
	for _, test := range []struct {
		name     string
		messages []string
		want     []string
	}{
		{"a warm request", []string{started, finished, warm}, []string{"r1||ok 12.34ms billed 13ms 61/256 MB"}},
		{"a cold start", []string{"INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn\n", started, "hello\n", finished, cold},
			[]string{`r1||"hello"`, "r1||ok 12.34ms billed 333ms cold 320.11ms 61/256 MB"}},
		{"a trace of Python's, in one event", []string{started, "[ERROR] KeyError: 'a'\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f\n", finished, warm},
			[]string{`r1|error|"[ERROR] KeyError: 'a'\nTraceback (most recent call last):\n  File \"x.py\", line 1, in f"`, "r1|error|error 12.34ms billed 13ms 61/256 MB"}},
		{"one that was printed line by line", []string{started, "before\n", "Traceback (most recent call last):\n", "  File \"x.py\", line 1, in f\n", "    x()\n", "app.Oops: no\n", "after\n", finished, warm},
			[]string{`r1||"before"`, `r1|error|"Traceback (most recent call last):\n  File \"x.py\", line 1, in f\n    x()\napp.Oops: no"`, `r1||"after"`, "r1|error|error 12.34ms billed 13ms 61/256 MB"}},
		{"Python's logger", []string{started, "[WARNING]\t2026-11-24T10:15:00.000Z\tr1\tslow\n", "[INFO]\t2026-11-24T10:15:00.000Z\tr1\tfine\n", finished, warm},
			[]string{`r1|warning|"slow"`, `r1|info|"fine"`, "r1||ok 12.34ms billed 13ms 61/256 MB"}},
		{"Node's console", []string{started, "2026-11-24T10:15:00.000Z\tr1\tINFO\thello\n", "2026-11-24T10:15:00.000Z\tr1\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\"}\n", finished, warm},
			[]string{`r1|info|"hello"`, `r1|error|"Invoke Error \t{\"errorType\":\"TypeError\"}"`, "r1|error|error 12.34ms billed 13ms 61/256 MB"}},
		{"Node's, outside a request", []string{"2026-11-24T10:15:00.000Z\tundefined\tERROR\tUncaught Exception \t{}\n"}, []string{`|error|"Uncaught Exception \t{}"`}},
		{"a panic of Go's", []string{started, "panic: boom\n", "\n", "goroutine 1 [running]:\n", "main.main()\n", "\t/x/main.go:3 +0x1d\n", "exit status 2\n", finished, warm},
			[]string{`r1|error|"panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:3 +0x1d\nexit status 2"`, "r1|error|error 12.34ms billed 13ms 61/256 MB"}},
		{"a timeout", []string{started, "2026-11-24T10:15:05.000Z r1 Task timed out after 5.00 seconds\n\n", finished,
			"REPORT RequestId: r1\tDuration: 5000.00 ms\tBilled Duration: 5000 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\tStatus: timeout\n"},
			[]string{`r1|error|"Task timed out after 5.00 seconds"`, "r1|error|timeout 5s billed 5s 61/256 MB"}},
		{"a process that ended", []string{started, "RequestId: r1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n", finished,
			"REPORT RequestId: r1\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\tStatus: error\tError Type: Runtime.ExitError\n"},
			[]string{`r1|error|"RequestId: r1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError"`, "r1|error|error 5ms billed 5ms 61/256 MB Runtime.ExitError"}},
		{"a start that failed", []string{"INIT_REPORT Init Duration: 3010.00 ms\tPhase: init\tStatus: timeout\n"}, []string{"|error|timeout 0s billed 0s cold 3.01s 0/0 MB broken"}},
		{"the JSON format", []string{
			`{"time":"2026-11-24T10:15:00.000Z","type":"platform.initStart","record":{"initializationType":"on-demand"}}`,
			`{"time":"2026-11-24T10:15:00.000Z","type":"platform.start","record":{"requestId":"r2","version":"$LATEST"}}`,
			`{"timestamp":"2026-11-24T10:15:00Z","level":"INFO","message":"hello","logger":"root","requestId":"r2"}`,
			`{"timestamp":"2026-11-24T10:15:00Z","log_level":"ERROR","level":"ERROR","errorMessage":"'a'","errorType":"KeyError","requestId":"r2","stackTrace":["  File \"x.py\", line 1, in f\n    x()\n"]}`,
			`{"time":"2026-11-24T10:15:00.000Z","type":"platform.report","record":{"requestId":"r2","metrics":{"durationMs":12.34,"billedDurationMs":333,"memorySizeMB":256,"maxMemoryUsedMB":61,"initDurationMs":320.11},"status":"error","errorType":"KeyError"}}`,
		}, []string{`r2|info|"hello"`, `r2|error|"KeyError: 'a'\n  File \"x.py\", line 1, in f\n    x()"`, "r2|error|error 12.34ms billed 333ms cold 320.11ms 61/256 MB KeyError"}},
		{"JSON of the function's own", []string{started, `{"order": 7, "level": 3}`, `{"a": 1} {"b": 2}`, `[1]`, finished, warm},
			[]string{`r1||"{\"order\": 7, \"level\": 3}"`, `r1||"{\"a\": 1} {\"b\": 2}"`, `r1||"[1]"`, "r1||ok 12.34ms billed 13ms 61/256 MB"}},
		{"two requests after each other", []string{started, "[ERROR] X: y\n", warm, "START RequestId: r2 Version: 1\n", strings.ReplaceAll(warm, "r1", "r2")},
			[]string{`r1|error|"[ERROR] X: y"`, "r1|error|error 12.34ms billed 13ms 61/256 MB", "r2||ok 12.34ms billed 13ms 61/256 MB"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := fold(false, test.messages...); !slices.Equal(got, test.want) {
				t.Errorf("it is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			// Raw, nothing is left out and nothing is changed.
			raw := fold(true, test.messages...)
			for i, m := range test.messages {
				if _, text, _ := strings.Cut(raw[i], "|"); !strings.HasSuffix(text, fmt.Sprintf("%q", strings.TrimRight(m, "\r\n"))) {
					t.Errorf("raw, %q becomes %s", m, raw[i])
				}
			}
		})
	}
}

// Two environments write at the same time, and each line goes to its own request.
func TestALogKeepsEnvironmentsApart(t *testing.T) {
	var f provision.LogFold
	at := func(stream, message string) provision.LogEvent {
		return provision.LogEvent{ID: stream + message, Stream: stream, Message: message}
	}
	var got []string
	for _, l := range f.Fold([]provision.LogEvent{
		at("a", "START RequestId: r1 Version: 1"), at("b", "START RequestId: r2 Version: 1"),
		at("a", "Traceback (most recent call last):"), at("b", "two"), at("a", "  File x"), at("a", "E: no"), at("b", "END RequestId: r2"), at("a", "one"),
	}) {
		got = append(got, l.Request+" "+l.Text)
	}
	want := []string{"r1 Traceback (most recent call last):\n  File x\nE: no", "r2 two", "r1 one"}
	if !slices.Equal(got, want) {
		t.Errorf("it is %q, want %q", got, want)
	}
}

// Whatever a function writes, it is told, and nothing breaks on it.
func FuzzALogLosesNoEvent(f *testing.F) {
	for _, seed := range []string{started, warm, "INIT_REPORT ", "{}", `{"level":"INFO","message":{"a":[1]}}`, `{"type":"platform.report","record":{}}`, "[ERROR]\t2026Z\t1\t", "Traceback (most recent call last):", "REPORT RequestId: \tx", "\x00\xff"} {
		f.Add(seed, "  next")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if raw := fold(true, one, two); len(raw) != 2 {
			t.Errorf("two events are %d raw lines: %q", len(raw), raw)
		}
		fold(false, one, two)
	})
}
