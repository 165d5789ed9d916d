package local

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// invoke runs a function once: it finds an environment, waits for the answer,
// and writes what Lambda would write to the function's log and metrics. The
// error is errThrottled or errClosed; everything else is in the result.
//
// A caller that goes away does not stop the function, as on AWS.
func (x *lambdaService) invoke(d functionDoc, event []byte) (runResult, error) {
	id := newRequestID()
	e, err := x.take(d)
	if errors.Is(err, errThrottled) {
		x.count(d, "Throttles", "Count", 1)
		return runResult{}, err
	}
	if errors.Is(err, errClosed) {
		return runResult{}, err
	}
	x.mu.Lock()
	running := x.busy[d.Region]
	x.mu.Unlock()

	var out runResult
	if errors.Is(err, errNoRunner) {
		why := noRunner(d.running(x.cfg.Now(), x.cfg.Lags))
		out = failed("Runtime.NotAvailable", "todoctl cannot run "+d.Name+": "+why)
		out.lines = []string{"[ERROR] todoctl cannot run " + d.Name + ": " + why + ". Install it and start the local AWS again."}
		x.logf("%s was called and cannot run: %s", d.Name, why)
		x.report(surroundings{region: d.Region, function: d.Name, group: d.Logging.Group, version: d.Now,
			stream: x.cfg.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + randomHex(16)}, id, out)
	} else {
		version := e.about().version
		out = e.run(x.ctx, invocation{id: id, event: event, timeout: time.Duration(version.Timeout) * time.Second})
		if len(out.payload) > maxPayload {
			size := failed("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayload))
			out.payload, out.fault, out.status = size.payload, size.fault, size.status
		}
		x.report(*e.about(), id, out)
	}
	x.give(d, e, out.gone)

	x.count(d, "Invocations", "Count", 1)
	x.count(d, "Throttles", "Count", 0)
	x.count(d, "Duration", "Milliseconds", milliseconds(out.took))
	x.count(d, "ConcurrentExecutions", "Count", float64(running))
	fault := 0.0
	if out.fault != "" {
		fault = 1
	}
	x.count(d, "Errors", "Count", fault)
	return out, nil
}

// maxPayload bounds an event and an answer, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// count adds to one of the function's metrics.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (x *lambdaService) count(d functionDoc, metric, unit string, value float64) {
	x.metrics.add(d.Region, "AWS/Lambda", metric, map[string]string{"FunctionName": d.Name}, unit, value)
}

// report writes an invocation to the function's log stream: what the function
// printed between Lambda's own START, END and REPORT lines.
func (x *lambdaService) report(e surroundings, id string, out runResult) {
	now := x.cfg.Now()
	var events []logEvent
	say := func(format string, args ...any) {
		events = append(events, logEvent{Time: now, Message: fmt.Sprintf(format, args...)})
	}
	if out.init > 0 {
		say("INIT_START Runtime Version: %s.local\tRuntime Version ARN: arn:aws:lambda:%s::runtime:local\n", out.runtime, e.region)
	}
	for _, line := range out.begin {
		say("%s\n", line)
	}
	say("START RequestId: %s Version: $LATEST\n", id)
	for _, line := range out.lines {
		say("%s\n", line)
	}
	if out.status == "timeout" {
		say("%s %s Task timed out after %.2f seconds\n\n", now.UTC().Format("2006-01-02T15:04:05.000Z"), id, float64(e.version.Timeout))
	}
	say("END RequestId: %s\n", id)
	memory := out.memory
	if memory == 0 { // Windows cannot say; Lambda never says more than this
		memory = int(e.version.Memory)
	}
	text := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		id, milliseconds(out.took), billed(out.took+out.init), e.version.Memory, memory)
	if out.init > 0 {
		text += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(out.init))
	}
	if out.status != "" {
		text += "Status: " + out.status
	}
	say("%s\n", text)
	x.logs.later(func() {
		if !x.mayLog(e, "logs:PutLogEvents") || !x.mayLog(e, "logs:CreateLogStream") {
			return
		}
		if err := x.logs.write(e.region, e.group, e.stream, x.mayLog(e, "logs:CreateLogGroup"), events); err != nil {
			x.logf("the log of %s: %v", e.function, err)
		}
	})
}

// billed rounds up to whole milliseconds; since August 2025 the start counts.
// https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
func billed(d time.Duration) int64 {
	return max(1, int64(math.Ceil(milliseconds(d))))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// mayLog says whether the function's role lets Lambda write its log. Lambda
// writes with the role's permissions, so a role without them has no log.
func (x *lambdaService) mayLog(e surroundings, action string) bool {
	stream := e.stream
	if action == "logs:CreateLogGroup" {
		stream = ""
	}
	return x.iam.allows(e.version.Role, action, "arn:aws:logs:"+e.region+":"+AccountID+":log-group:"+e.group+":log-stream:"+stream)
}
