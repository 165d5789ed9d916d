package provision

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// A Failure is why the function failed, as its log tells it.
type Failure string

const (
	FailureUnknown Failure = ""         // the log does not tell, or may not be read
	FailureCrash   Failure = "crash"    // the code raised an error
	FailureTimeout Failure = "timeout"  // it ran longer than its limit
	FailureHandler Failure = "handler"  // Lambda found no such file or function
	FailureDenied  Failure = "no right" // AWS did not let the role do something
)

// lateWords is how old a log line may be that explains a failure of now.
const lateWords = 10 * time.Minute

type logReader interface {
	FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// failures are how Lambda's runtimes and Lambda itself write what went wrong, the
// special ones first.
// https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
var failures = []struct {
	text *regexp.Regexp
	what Failure
}{
	{regexp.MustCompile(`Task timed out after [0-9.]+ seconds`), FailureTimeout},
	{regexp.MustCompile(`Runtime\.(ImportModuleError|HandlerNotFound|UserCodeSyntaxError|MalformedHandlerName|CallbackHandlerDeprecated|InvalidEntrypoint)[^\n]*`), FailureHandler},
	{regexp.MustCompile(`[^\n]*\(AccessDenied(Exception)?\)[^\n]*`), FailureDenied},
	{regexp.MustCompile(`\bAccessDenied(Exception)?: [^\n]*`), FailureDenied},
	{regexp.MustCompile(`\[ERROR\] [^\n]*`), FailureCrash},
	{regexp.MustCompile(`(Invoke Error|Uncaught Exception|Unhandled Promise Rejection) *\t[^\n]*`), FailureCrash},
}

// LastWords reads in the function's log why it has just failed, and the line
// that says so. Whoever may not read the log learns nothing: it is only a help.
func LastWords(ctx context.Context, cfg Config, api logReader) (Failure, string) {
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(cfg.LogGroupName()), StartTime: aws.Int64(cfg.Clock.Now().Add(-lateWords).UnixMilli())}
	found, line, at := FailureUnknown, "", int64(0)
	for range 5 { // pages: a log of ten minutes may be long, and nobody waits for all of it
		out, err := api.FilterLogEvents(ctx, in)
		if err != nil {
			break
		}
		for _, e := range out.Events {
			if what, text := failureIn(aws.ToString(e.Message)); what != FailureUnknown && aws.ToInt64(e.Timestamp) >= at {
				found, line, at = what, text, aws.ToInt64(e.Timestamp)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	return found, line
}

// failureIn finds a failure in one log event.
func failureIn(message string) (Failure, string) {
	for _, f := range failures {
		if text := f.text.FindString(message); text != "" {
			text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
			if runes := []rune(text); len(runes) > 240 {
				text = string(runes[:240]) + "..."
			}
			return f.what, text
		}
	}
	return FailureUnknown, ""
}
