package provision

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A LogLine is what a person reads of a log: something that the function wrote,
// or how one request went.
type LogLine struct {
	Time    time.Time
	Stream  string
	Request string // its id; "" where nobody says
	Level   string // error, warning, info, debug; "" where nobody says
	Text    string // what was written, with all its lines
	Report  *LogReport
}

// A LogReport is how one request went, by Lambda's own account.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
type LogReport struct {
	Duration time.Duration
	Billed   time.Duration
	Init     time.Duration // the cold start; 0: the environment was warm
	Memory   int           // MB
	Used     int           // MB at most
	Status   string        // ok, timeout, or another word of Lambda's
	Error    string        // Lambda's type of the error, where it names one
	Broken   bool          // the environment did not even start: there is no request
}

// Levels of a LogLine.
const (
	LogError   = "error"
	LogWarning = "warning"
)

// A LogFold makes lines of events: START, END and REPORT become one line for
// each request, and what was written in pieces becomes one line again.
type LogFold struct {
	Raw bool // a line for each event, as it is

	streams map[string]*logStream
}

// A logStream is one environment: it works at one request at a time.
type logStream struct {
	request string // under way; "" for none
	failed  bool   // it has written an error
	tail    trail  // of what it wrote last
}

// A trail is what a stack trace in pieces has come to.
type trail int

const (
	ended  trail = iota
	python       // inside "Traceback (most recent call last):"
	golang       // after "panic:", to the end of the request
)

// Lambda's own lines, in its text format.
var (
	logStart  = regexp.MustCompile(`^START RequestId: (\S+) Version: `)
	logEnd    = regexp.MustCompile(`^END RequestId: (\S+)`)
	logReport = regexp.MustCompile(`^REPORT RequestId: (\S+)\s`)
	initOnly  = regexp.MustCompile(`^INIT_REPORT `)
	initStart = regexp.MustCompile(`^(INIT_START|RESTORE_START) `)
	logField  = regexp.MustCompile(`([A-Z][A-Za-z ]*): ([^\t\n]*)`)
)

// What Lambda's libraries put before a text.
// https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
var (
	pythonRecord = regexp.MustCompile(`^\[([A-Z]+)\]\t\S+Z\t(\S+)\t`)
	nodeRecord   = regexp.MustCompile(`^\S+Z\t(\S+)\t(?:([A-Z]+)\t)?`)
	timedOut     = regexp.MustCompile(`^\S+Z (\S+) (Task timed out after .*)`)
	crashed      = regexp.MustCompile(`^(\[(ERROR|CRITICAL|FATAL)\]|Traceback \(most recent call last\):|panic: |fatal error: |RequestId: \S+ Error: |Runtime\.|Uncaught |Unhandled)`)
	lastOfTrace  = regexp.MustCompile(`^[A-Za-z_][\w.]*(:|$)`)
)

// Fold takes in the next events, oldest first.
func (f *LogFold) Fold(events []LogEvent) []LogLine {
	if f.streams == nil {
		f.streams = map[string]*logStream{}
	}
	var lines []LogLine
	last := map[string]int{} // of each stream in these lines, where its last one stands
	for _, e := range events {
		s := f.streams[e.Stream]
		if s == nil {
			s = &logStream{}
			f.streams[e.Stream] = s
		}
		line, told := s.line(e)
		if f.Raw {
			lines = append(lines, LogLine{Time: e.Time, Stream: e.Stream, Request: cmp.Or(line.Request, s.request), Level: line.Level, Text: strings.TrimRight(e.Message, "\r\n")})
			continue
		}
		if !told {
			delete(last, e.Stream)
			continue
		}
		if i, before := last[e.Stream]; before && line.Report == nil && line.Level == "" && s.continues(line.Text) {
			lines[i].Text += "\n" + line.Text
			continue
		}
		s.tail = trailOf(line)
		if line.Level == LogError {
			s.failed = true
		}
		last[e.Stream] = len(lines)
		lines = append(lines, line)
	}
	return lines
}

func trailOf(l LogLine) trail {
	switch {
	case l.Report != nil:
		return ended
	case strings.Contains(l.Text, "Traceback (most recent call last):") && !strings.HasPrefix(l.Text, "[ERROR] "): // Lambda's own is whole
		return python
	case strings.HasPrefix(l.Text, "panic: "), strings.HasPrefix(l.Text, "fatal error: "):
		return golang
	}
	return ended
}

// continues says that a text belongs to the line before.
func (s *logStream) continues(text string) bool {
	indented := strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t")
	switch {
	case s.tail == golang, indented:
		return true
	case s.tail == python && lastOfTrace.MatchString(text): // the trace's last line
		s.tail = ended
		return true
	}
	return false
}

// line is what an event comes to; told is false for what only frames a request.
func (s *logStream) line(e LogEvent) (line LogLine, told bool) {
	text := strings.TrimRight(e.Message, "\r\n")
	line = LogLine{Time: e.Time, Stream: e.Stream, Request: s.request, Text: text}
	switch {
	case logStart.MatchString(text):
		s.begin(logStart.FindStringSubmatch(text)[1])
		return line, false
	case logEnd.MatchString(text), initStart.MatchString(text):
		return line, false
	case logReport.MatchString(text):
		line.Request = logReport.FindStringSubmatch(text)[1]
		return s.report(line, reportOf(text)), true
	case initOnly.MatchString(text):
		r := reportOf(text)
		if r.Status == logOK {
			return line, false
		}
		r.Broken = true
		return s.report(line, r), true
	case strings.HasPrefix(text, "{"):
		if line, told, known := s.record(line, []byte(text)); known {
			return line, told
		}
	case timedOut.MatchString(text):
		m := timedOut.FindStringSubmatch(text)
		line.Request, line.Level, line.Text = m[1], LogError, m[2]
	case pythonRecord.MatchString(text):
		m := pythonRecord.FindStringSubmatch(text)
		line.Level, line.Request, line.Text = level(m[1]), m[2], text[len(m[0]):]
	case nodeRecord.MatchString(text):
		m := nodeRecord.FindStringSubmatch(text)
		line.Level, line.Text = level(m[2]), text[len(m[0]):]
		if m[1] != "undefined" { // outside a request
			line.Request = m[1]
		}
	case crashed.MatchString(text):
		line.Level = LogError
	}
	return line, true
}

func (s *logStream) begin(request string) { *s = logStream{request: request} }

// report ends a request.
func (s *logStream) report(line LogLine, r LogReport) LogLine {
	if r.Status == logOK && s.failed {
		r.Status = LogError
	}
	if r.Status != logOK {
		line.Level = LogError
	}
	line.Report, line.Text = &r, ""
	*s = logStream{}
	return line
}

// logOK is the status of a request that went well.
const logOK = "ok"

// reportOf reads the figures of a REPORT line.
func reportOf(text string) LogReport {
	r := LogReport{Status: logOK}
	for _, m := range logField.FindAllStringSubmatch(strings.TrimPrefix(text, "INIT_REPORT "), -1) {
		value := strings.TrimSpace(m[2])
		number, _, _ := strings.Cut(value, " ")
		switch m[1] {
		case "Duration":
			r.Duration = inMilliseconds(number)
		case "Billed Duration":
			r.Billed = inMilliseconds(number)
		case "Init Duration", "Restore Duration":
			r.Init = inMilliseconds(number)
		case "Memory Size":
			r.Memory, _ = strconv.Atoi(number) // 0: not told
		case "Max Memory Used":
			r.Used, _ = strconv.Atoi(number)
		case "Status":
			r.Status = status(value)
		case "Error Type":
			r.Error = value
		}
	}
	return r
}

func inMilliseconds(number string) time.Duration {
	ms, _ := strconv.ParseFloat(number, 64) // 0: not told
	return milliseconds(ms)
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// status puts Lambda's word for a request's end into ours.
func status(word string) string {
	switch word = strings.ToLower(word); word {
	case "", "success":
		return logOK
	case "failure":
		return LogError
	}
	return word
}

func level(word string) string {
	switch word = strings.ToLower(word); word {
	case "fatal", "critical":
		return LogError
	case "warn":
		return LogWarning
	}
	return word
}

// A logRecord is a line of Lambda's JSON format: its own have a type and a
// record, the function's a level and a message.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
type logRecord struct {
	Type   string
	Record *struct {
		RequestID string `json:"requestId"`
		Status    string
		ErrorType string
		Metrics   struct {
			DurationMS       float64 `json:"durationMs"`
			BilledDurationMS float64 `json:"billedDurationMs"`
			InitDurationMS   float64 `json:"initDurationMs"`
			MemorySizeMB     int
			MaxMemoryUsedMB  int
		}
	}

	Level        string
	RequestID    string `json:"requestId"`
	AWSRequestID string `json:"AWSRequestId"`
	Message      any
	ErrorType    string
	ErrorMessage any
	StackTrace   []any
	Stack        []any // of Go's and older libraries
}

// record reads a line of the JSON format; known is false for JSON that the
// function has printed for itself.
func (s *logStream) record(line LogLine, text []byte) (_ LogLine, told, known bool) {
	var r logRecord
	d := json.NewDecoder(bytes.NewReader(text))
	if d.Decode(&r) != nil || d.More() {
		return line, false, false
	}
	if r.Record != nil && strings.HasPrefix(r.Type, "platform.") {
		line.Request = cmp.Or(r.Record.RequestID, line.Request)
		m := r.Record.Metrics
		report := LogReport{
			Duration: milliseconds(m.DurationMS), Billed: milliseconds(m.BilledDurationMS), Init: milliseconds(m.InitDurationMS),
			Memory: m.MemorySizeMB, Used: m.MaxMemoryUsedMB, Status: status(r.Record.Status), Error: r.Record.ErrorType,
		}
		switch r.Type {
		case "platform.start":
			s.begin(r.Record.RequestID)
			return line, false, true
		case "platform.report":
			return s.report(line, report), true, true
		case "platform.initReport":
			if report.Status != logOK {
				report.Init, report.Duration, report.Broken = report.Duration, 0, true
				return s.report(line, report), true, true
			}
		}
		return line, false, true // the rest frames a request
	}
	if r.Level == "" || r.Message == nil && r.ErrorMessage == nil {
		return line, false, false
	}
	line.Level, line.Request = level(r.Level), cmp.Or(r.RequestID, r.AWSRequestID, line.Request)
	line.Text = written(r.Message)
	if r.ErrorMessage != nil && !strings.Contains(line.Text, written(r.ErrorMessage)) {
		line.Text = strings.TrimPrefix(line.Text+"\n"+strings.TrimPrefix(r.ErrorType+": ", ": ")+written(r.ErrorMessage), "\n")
	} else if r.ErrorType != "" && !strings.Contains(line.Text, r.ErrorType) {
		line.Text = r.ErrorType + ": " + line.Text
	}
	for _, frame := range append(r.StackTrace, r.Stack...) {
		line.Text += "\n  " + strings.TrimSpace(written(frame))
	}
	return line, true, true
}

// written is a value of a record as the function may have written it.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimRight(v, "\n")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v) // it came from JSON, so it does not happen
	}
	return string(text)
}
