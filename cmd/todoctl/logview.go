package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"todoctl/provision"
)

// A logsDocument is what was read of a log.
type logsDocument struct {
	headline
	Group string      `json:"group"`
	Since string      `json:"since"` // RFC 3339: what is older was not looked at
	Count int         `json:"count"` // of the lines that were printed
	Lines []logRecord `json:"lines,omitempty"`
}

// A logRecord is a line of the log.
type logRecord struct {
	At      string      `json:"at"` // RFC 3339, UTC: when it was written
	Request string      `json:"request,omitempty"`
	Stream  string      `json:"stream"`
	Level   string      `json:"level,omitempty"`
	Text    *string     `json:"text,omitempty"`   // what the function wrote
	Report  *logOutcome `json:"report,omitempty"` // in place of it: how a request went
}

// A logOutcome is Lambda's account of a request.
type logOutcome struct {
	Status       string  `json:"status"` // ok, error, timeout, or another word of Lambda's
	Error        string  `json:"error,omitempty"`
	Milliseconds float64 `json:"milliseconds"`
	Billed       float64 `json:"billedMilliseconds"`
	ColdStart    float64 `json:"coldStartMilliseconds,omitempty"`
	MemoryMB     int     `json:"memoryMB,omitempty"`
	UsedMB       int     `json:"usedMB,omitempty"`
}

type logLine struct {
	head
	logRecord
}

func recordOf(l provision.LogLine) logRecord {
	r := logRecord{At: l.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Request: l.Request, Stream: l.Stream, Level: l.Level}
	if p := l.Report; p == nil {
		r.Text = &l.Text
	} else {
		r.Report = &logOutcome{
			Status: p.Status, Error: p.Error, MemoryMB: p.Memory, UsedMB: p.Used,
			Milliseconds: inMilliseconds(p.Duration), Billed: inMilliseconds(p.Billed), ColdStart: inMilliseconds(p.Init),
		}
	}
	return r
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// print prints lines in the form that is wanted. They are what was asked for, so
// they are data.
func (r *logReading) print(lines []provision.LogLine) {
	for _, l := range lines {
		if r.unprinted != nil {
			return
		}
		r.doc.Count++
		switch {
		case r.output == formatLines:
			r.command.lines().tell("log", &logLine{logRecord: recordOf(l)})
		case r.inJSON():
			r.doc.Lines = append(r.doc.Lines, recordOf(l))
		default:
			_, _ = io.WriteString(r.Out, r.told(l)) // Out remembers that it failed
		}
	}
}

// logIndent is how far the later lines of a text stand to the right: under its
// first one.
const logIndent = "                          "

// told is a line for a person: when, what kind of line it is in a word, and the
// text. The word says what the colour says.
func (r *logReading) told(l provision.LogLine) string {
	word, colour, text := l.Level, "", l.Text
	switch {
	case l.Report != nil && l.Report.Status == "ok":
		word, colour, text = "done", green, went(l)
	case l.Report != nil:
		word, colour, text = "failed", red, went(l)
	case l.Level == provision.LogError:
		colour = red
	case l.Level == provision.LogWarning:
		word, colour = "warn", yellow
	}
	if len(word) > 6 {
		word = word[:6]
	}
	word = fmt.Sprintf("%-6s", word)
	if colour != "" && r.OutTerminal && r.colourful() {
		word = colour + word + reset
	}
	text = strings.ReplaceAll(harmless(text), "\n", "\n"+logIndent)
	return strings.TrimRight(l.Time.UTC().Format("01-02 15:04:05.000")+" "+word+" "+text, " ") + "\n"
}

// went is how a request went, in words.
func went(l provision.LogLine) string {
	p := l.Report
	var parts []string
	switch {
	case p.Broken:
		return strings.Join([]string{"the environment did not start", cmp.Or(p.Error, p.Status), "after " + inMS(p.Init)}, ", ")
	case p.Status == "timeout":
		parts = append(parts, "ended by its timeout after "+inMS(p.Duration))
	default:
		parts = append(parts, inMS(p.Duration))
	}
	if p.Error != "" {
		parts = append(parts, p.Error)
	}
	if p.Init > 0 {
		parts = append(parts, "cold start "+inMS(p.Init))
	}
	if p.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d MB", p.Used, p.Memory))
	}
	id, _, _ := strings.Cut(l.Request, "-") // enough for --request
	return strings.Join(append(parts, "request "+id), ", ")
}

func inMS(d time.Duration) string { return fmt.Sprintf("%.2f ms", inMilliseconds(d)) }
