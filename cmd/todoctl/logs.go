package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"todoctl/provision"
)

// logOptions are the flags of logs.
type logOptions struct {
	follow  bool
	since   string
	count   int
	request string
	raw     bool
}

// What logs reads unless it is told otherwise: the newest lines of all that the
// log group keeps.
const (
	logLines = 100
	logSince = "7d"
)

// How often -f asks for news. On AWS a log is a second or two behind anyhow, and
// an account may ask five times a second, whoever asks.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const (
	pollAWS   = 2 * time.Second
	pollLocal = 300 * time.Millisecond
)

func newLogs() *cobra.Command {
	var o logOptions
	cmd := &cobra.Command{
		Use:  "logs",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return logsRun(cmd.Context(), this(cmd), o) },
	}
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written, until Ctrl-C")
	f.StringVar(&o.since, "since", logSince, "how far back: 30s, 10m, 2h or 7d")
	f.IntVarP(&o.count, "lines", "n", logLines, "how many lines, the newest")
	f.StringVar(&o.request, "request", "", "only what belongs to this request; the beginning of its id is enough")
	f.BoolVar(&o.raw, "raw", false, "each event as it is in the log, Lambda's own START, END and REPORT too")
	return cmd
}

func logsRun(ctx context.Context, c *command, o logOptions) error {
	since, err := o.check(c)
	if err != nil {
		return err
	}
	sess, err := c.connect(ctx)
	if err != nil {
		return err
	}
	if c.inJSON() {
		c.view().Header(sess)
	}
	from := c.Clock.Now().Add(-since)
	r := &logReading{
		command: c, sess: sess, logOptions: o,
		log:  provision.OpenLog(sess.cfg, sess.clients.Logs, from),
		fold: provision.LogFold{Raw: o.raw},
		doc:  logsDocument{Group: sess.cfg.LogGroupName(), Since: from.UTC().Format(time.RFC3339)},
	}
	c.end = &r.doc
	if err := r.last(ctx); err != nil {
		return err
	}
	if o.follow && c.unprinted == nil {
		c.view().Note("Following %s, in UTC. Ctrl-C stops it.", sess.cfg.LogGroupName())
		return r.goOn(ctx)
	}
	if r.doc.Count == 0 {
		c.view().Note("The log has no such lines in the last %s.", o.since)
	}
	return nil
}

var errSince = errors.New("it is a number and a unit: 30s, 10m, 2h or 7d, up to a year")

// check finds wrong values before anything goes over the network.
func (o logOptions) check(c *command) (since time.Duration, err error) {
	if o.follow && c.output == formatDocument {
		return 0, usage([]string{line(c.choosing("output", formatLines))}, "a document has an end, and --follow has none: it prints JSON a line at a time").as("TODO-USE-04")
	}
	if o.count < 1 {
		return 0, usage([]string{c.with("logs") + " -n 100"}, "--lines must be 1 or more")
	}
	if since, err = readSpan(o.since); err != nil {
		return 0, usage([]string{c.with("logs") + " --since 10m"}, "--since %q is no length of time: %v", o.since, err)
	}
	return since, nil
}

// readSpan reads a length of time as people write it; days are not Go's.
func readSpan(text string) (time.Duration, error) {
	var span time.Duration
	days, isDays := strings.CutSuffix(text, "d")
	if n, err := strconv.Atoi(days); isDays && err == nil && n < 1000 {
		span = time.Duration(n) * 24 * time.Hour
	} else if span, err = time.ParseDuration(text); err != nil {
		return 0, errSince
	}
	if span < time.Second || span > 366*24*time.Hour {
		return 0, errSince
	}
	return span, nil
}

// A logReading is one run of logs.
type logReading struct {
	*command
	logOptions
	sess   session
	log    *provision.Log
	fold   provision.LogFold
	doc    logsDocument
	waited bool // it has been said that there is no log yet
	lost   bool // it has been said that AWS cannot be reached
	begun  bool // the newest lines have been read
}

// last prints the newest lines.
func (r *logReading) last(ctx context.Context) error {
	ctx, end := r.working(ctx, "reading the log")
	defer end()
	found := 0
	events, err := r.log.Last(ctx, func(page []provision.LogEvent) bool {
		trial := provision.LogFold{Raw: r.raw}
		found += len(r.wanted(trial.Fold(page)))
		return found > r.count // one more: the oldest may have lost its beginning
	})
	if err != nil {
		return r.missing(ctx, err)
	}
	r.begun = true
	lines := r.wanted(r.fold.Fold(events))
	end()
	r.print(lines[max(0, len(lines)-r.count):])
	return nil
}

// goOn prints what is written from now on, until the person has enough: that is
// its proper end.
func (r *logReading) goOn(ctx context.Context) error {
	r.work.pause() // it has no end of its own
	defer r.work.resume()
	every := pollAWS
	if r.local {
		every = pollLocal
	}
	for r.unprinted == nil { // else nobody reads any more, and finish says so
		if r.Clock.Sleep(ctx, every) != nil {
			break // Ctrl-C
		}
		if !r.begun && !r.waited { // what is older than the newest lines is nothing that was written since
			if err := r.last(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			if r.begun && r.lost {
				r.lost = false
				r.view().Note("AWS answers again.")
			}
			continue
		}
		events, err := r.log.Next(ctx)
		switch {
		case ctx.Err() != nil:
			continue
		case err != nil:
			if err := r.missing(ctx, err); err != nil {
				return err
			}
			continue
		case r.lost:
			r.lost = false
			r.view().Note("AWS answers again.")
		}
		r.print(r.wanted(r.fold.Fold(events)))
	}
	r.afterKeys()
	return nil
}

// wanted leaves out what belongs to other requests.
func (r *logReading) wanted(lines []provision.LogLine) []provision.LogLine {
	if r.request == "" {
		return lines
	}
	var of []provision.LogLine
	for _, l := range lines {
		if strings.HasPrefix(l.Request, r.request) {
			of = append(of, l)
		}
	}
	return of
}

// missing explains why the log could not be read, nil where that passes and
// somebody waits for it.
func (r *logReading) missing(ctx context.Context, err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ResourceNotFoundException" {
		if !r.follow {
			return r.noLog(ctx)
		}
		if !r.waited {
			r.waited = true
			r.view().Note("There is no log group %s yet. Waiting for it.", r.sess.cfg.LogGroupName())
		}
		return nil
	}
	if p := explain(err, r.way()); r.follow && strings.HasPrefix(p.ID, "TODO-NET-") {
		if !r.lost {
			r.lost = true
			r.view().Note("%s. Going on.", sentenceStart(p.What))
		}
		return nil
	}
	return err
}

// noLog says which of the two is missing: the function with its log, or the log
// alone.
func (r *logReading) noLog(ctx context.Context) error {
	pages, _ := only(provision.Steps(r.sess.cfg, r.sess.clients), "function")
	if seen, err := pages[0].Step.Observe(ctx); err == nil && seen.State == provision.Absent {
		return told("TODO-LOG-01", fmt.Sprintf("there is no function %s, and no log", r.sess.cfg.FunctionName()), r.with("up"))
	}
	return told("TODO-LOG-02", fmt.Sprintf("there is no log group %s", r.sess.cfg.LogGroupName()), r.with("function"))
}
