package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"todoctl/provision"
)

// The exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2 // wrong usage, or an answer is missing
	exitDiffers     = 3 // status, --dry-run: something is not as it should be
	exitCredentials = 4 // credentials or permission
	exitForeign     = 5 // a resource of that name is not todoctl's
	exitInterrupted = 130
)

// A Problem is an error with a way out. Errors are for programs; a Problem is
// what a person reads: a sentence, its cause, and what to type next.
type Problem struct {
	ID   string   // of the catalogue, which has the words for what is left out here
	What string   // what went wrong, lower case, no full stop; "": the entry's title
	Why  string   // its cause, when What does not say it; "": the entry's
	Fix  []string // lines to paste, best first
	Exit int      // 0: the entry's
}

func (p *Problem) Error() string { return p.What }

// usage is a Problem of the command line itself: a value that cannot be, unless
// as says that it is another.
func usage(fix []string, format string, args ...any) *Problem {
	return &Problem{ID: "TODO-USE-03", What: fmt.Sprintf(format, args...), Fix: fix}
}

// as gives a Problem another id.
func (p *Problem) as(id string) *Problem {
	p.ID = id
	return p
}

// errDiffers ends a command with exitDiffers; what differs has been printed.
var errDiffers = &Problem{Exit: exitDiffers}

// errForeignKept ends a `down` that left what is not todoctl's.
var errForeignKept = &Problem{Exit: exitForeign}

// A way is how to go on from here, with this run's own flags.
type way struct {
	again    string                      // the same command
	with     func(command string) string // another one: with("down")
	apart    func(command string) string // another one, of another stack
	inRegion func(region string) string  // the same in another Region
	down     bool                        // this one takes away
	far      string                      // what there is now, "" when that is not known
	begun    bool                        // a step was started
	some     bool                        // something was written, be it an item only
	local    bool                        // AWS is the one on this machine
	region   string                      // "" when it is not known
	unset    string                      // takes the access keys out of the terminal, "" when none are in its environment
	shadowed string                      // the profile that they win over, "" when none was named
}

// nowhere is for a Problem of which only the sentence is shown.
var nowhere = way{with: todoctlLine, apart: todoctlLine, inRegion: func(region string) string { return todoctlLine("up --region " + region) }}

func todoctlLine(command string) string { return "todoctl " + command }

// onward is the same command, and that it continues, where there is something
// to be continued.
func (on way) onward() string {
	if on.some {
		return on.again + "   (continues)"
	}
	return on.again
}

// explain turns any error into a Problem. Codes decide, never message texts;
// the SDK's own text is for --debug.
func explain(err error, on way) *Problem {
	p := explained(err, on).complete()
	p.What, p.Why = outside(p.What), outside(p.Why)
	return p
}

func explained(err error, on way) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	inner := err
	step, ok := errors.AsType[*provision.StepError](err)
	if ok {
		inner = step.Err // of several that failed, the first; each has had its own line
	}
	p := cause(inner, on).complete()
	if !ok || p.Exit == exitInterrupted {
		return p
	}
	if step.Step == testStep {
		if id := answerProblem(inner); id != "" {
			p.ID = id
		}
		if p.ID == "TODO-FN-05" {
			p.Fix = slices.Insert(p.Fix, 0, on.with("logs --since 10m"))
		}
		p.What = "the test failed: " + p.What
	} else {
		p.What = fmt.Sprintf("could not %s the %s: %s", step.Action, step.Step, p.What)
	}
	if step.Step == "alarm" && strings.HasPrefix(p.ID, "TODO-IAM-") && !on.down {
		p.Fix = append(p.Fix, on.with("up")+" --skip alarm   (the rest works without it)")
	}
	return p
}

func cause(err error, on way) *Problem {
	if e, ok := errors.AsType[*provision.ForeignError](err); ok {
		return foreignProblem(e, on)
	}
	if e, ok := errors.AsType[*provision.NeedError](err); ok {
		return &Problem{ID: "TODO-RUN-10", What: e.Error(), Fix: []string{on.with(e.Need)}}
	}
	if e, ok := errors.AsType[*provision.UnsettledError](err); ok {
		return told("TODO-RUN-06", e.Error(), on.again)
	}
	if p := stepProblem(err, on); p != nil {
		return p
	}
	if errors.Is(err, errEndOfInput) || errors.Is(err, errNotAnswered) {
		return &Problem{ID: "TODO-USE-09", What: err.Error(), Fix: []string{on.again}}
	}
	if e, ok := errors.AsType[*provision.BugError](err); ok {
		return &Problem{ID: "TODO-RUN-05", Why: "the place: " + e.Place, Fix: []string{on.again + "   (looks first, then continues)"}}
	}
	if errors.Is(err, errWorkLimit) {
		return &Problem{ID: "TODO-RUN-03", Why: on.far, Fix: []string{on.onward(), on.with("status")}}
	}
	if errors.Is(err, context.Canceled) {
		p := &Problem{ID: "TODO-RUN-01", Why: on.far, Fix: []string{on.onward()}}
		if on.begun && !on.down {
			p.Fix = append(p.Fix, on.with("down")+"   (takes it away)")
		}
		return p
	}
	if p := credentialProblem(err, on); p != nil {
		return p
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return apiProblem(err, e, on)
	}
	if p := networkProblem(err, on); p != nil {
		return p
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return told("TODO-RUN-15", fmt.Sprintf("%s: %v", e.Path, e.Err), on.again)
	}
	return &Problem{ID: "TODO-RUN-14", What: plainText(err), Fix: []string{on.again}}
}

func foreignProblem(e *provision.ForeignError, on way) *Problem {
	p := told("TODO-FN-01", e.Error()) // the URL and the test are the function's
	switch e.Step {
	case "table":
		p.ID = "TODO-TABLE-01"
	case "role":
		p.ID = "TODO-ROLE-01"
	case "alarm":
		p.ID = "TODO-ALARM-01"
	}
	p.Fix = []string{on.apart("up") + "   (the same walkthrough under other names)"}
	if !strings.Contains(e.Owner, "it belongs to") { // to take it from another stack would break that one
		p.Fix = append(p.Fix, on.with(e.Step)+" --adopt   (take it over, after showing what would change)")
	}
	switch {
	case on.down:
		p.Fix = []string{on.again + "   (what is left of this stack)"}
	case on.begun:
		p.Fix = append([]string{on.with("down") + "   (take away what this run has made)"}, p.Fix...)
	}
	return p
}

// told is a Problem whose sentence names what it is about; the rest is the
// entry's.
func told(id, what string, fix ...string) *Problem {
	return &Problem{ID: id, What: what, Fix: fix}
}

// stepProblem explains what only one step can run into.
func stepProblem(err error, on way) *Problem {
	if e, ok := errors.AsType[*provision.KeySchemaError](err); ok {
		return told("TODO-TABLE-02", e.Error(), on.apart("up")+"   (another table)")
	}
	if e, ok := errors.AsType[*provision.ProtectedError](err); ok {
		return told("TODO-TABLE-03", e.Error(),
			"aws dynamodb update-table --table-name "+e.Table+" --region "+e.Region+" --no-deletion-protection-enabled", on.again)
	}
	if e, ok := errors.AsType[*provision.FullError](err); ok {
		return told("TODO-TABLE-06", e.Error(), on.with("status"), on.again)
	}
	if e, ok := errors.AsType[*provision.RoleInUseError](err); ok {
		return told("TODO-ROLE-02", e.Error(), on.again)
	}
	if e, ok := errors.AsType[*provision.RolePathError](err); ok {
		return told("TODO-ROLE-04", e.Error(), on.apart("up")+"   (another role)")
	}
	if provision.CannotAssume(err) {
		return &Problem{ID: "TODO-ROLE-03", Fix: []string{on.with("role"), on.again}}
	}
	if e, ok := errors.AsType[*provision.AnswerError](err); ok && e.Refused {
		return told("TODO-URL-05", e.Error(), askSigned+on.again)
	} else if ok {
		return told(answerID(&provision.TestResult{Status: e.Status, Origins: 1}), e.Error(), on.with("status"), on.again)
	}
	if e, ok := errors.AsType[*provision.LanguageError](err); ok {
		return &Problem{ID: "TODO-FN-18", What: e.Error(), Fix: []string{on.again + " --source my-api   (a folder with code in " + provision.LanguageName(e.Wanted) + ")"}}
	}
	if e, ok := errors.AsType[*provision.ChangedError](err); ok {
		return told("TODO-RUN-07", e.Error(), on.with("status"), on.again)
	}
	if e, ok := errors.AsType[*provision.GoneError](err); ok {
		p := told("TODO-RUN-08", e.Error(), on.with("status"), on.again)
		if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
			p.Why = sentence(api.ErrorMessage())
		}
		return p
	}
	if e, ok := errors.AsType[*provision.FailedError](err); ok {
		return told("TODO-RUN-09", e.Error(), on.with("status"), on.again)
	}
	return nil
}

// answerProblem is the id of a test that failed by the API's answer, "" when it
// was something else.
func answerProblem(err error) string {
	if e, ok := errors.AsType[*provision.UnsettledError](err); ok {
		if got, ok := e.Seen.Detail.(*provision.TestResult); ok {
			return answerID(got)
		}
	}
	return ""
}

// askSigned begins the line of who may not call a closed URL.
const askSigned = "ask for the statement UrlSigned of docs/operator-policy.json, then: "

// answerID is the id that goes with an answer of the API which is not right.
func answerID(got *provision.TestResult) string {
	status, origins := got.Status, got.Origins
	switch {
	case got.Refused:
		return "TODO-URL-05"
	case status == 0:
		return "TODO-TEST-03"
	case status == http.StatusForbidden:
		return "TODO-URL-01"
	case status == http.StatusTooManyRequests:
		return "TODO-URL-03"
	case status >= http.StatusInternalServerError:
		return "TODO-FN-05"
	case status == http.StatusOK && origins > 1:
		return "TODO-URL-02"
	case status == http.StatusOK && origins == 0:
		return "TODO-URL-04"
	}
	return "TODO-TEST-01"
}

// apiProblem explains an error that AWS itself gave.
// Codes: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func apiProblem(err error, e smithy.APIError, on way) *Problem {
	if r, ok := provision.RefusalOf(err); ok {
		return refusalProblem(r, e, on)
	}
	res, _ := errors.AsType[*awshttp.ResponseError](err)
	code, message := e.ErrorCode(), sentence(e.ErrorMessage())
	switch {
	case code == "OptInRequired", code == "SubscriptionRequiredException":
		return &Problem{ID: "TODO-ACCT-01", Fix: []string{on.again}}
	case code == "NotImplemented":
		return told("TODO-LOCAL-10", message, "env | grep AWS_ENDPOINT_URL")
	case code == "InsufficientStorage": // only the local AWS says so
		return &Problem{ID: "TODO-LOCAL-09", Fix: []string{"df -h ~", on.onward()}}
	case code == "ProvisionedThroughputExceededException":
		return &Problem{ID: "TODO-TABLE-06", Fix: []string{on.with("status"), on.again}}
	}
	what := cmp.Or(message, "AWS answered "+code)
	p := &Problem{ID: "TODO-RUN-13", What: what, Fix: []string{on.again}}
	if slices.Contains(quotaCodes, code) {
		p.ID = "TODO-ACCT-05"
	} else if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled || code == "Throttled" {
		return &Problem{ID: "TODO-NET-06", Fix: []string{on.onward()}}
	}
	if res == nil {
		return p
	}
	number := "AWS's code is " + code + requestID(res.ServiceRequestID())
	if p.ID == "TODO-RUN-13" && res.HTTPStatusCode() >= http.StatusInternalServerError {
		p = (&Problem{ID: "TODO-NET-07", Fix: []string{on.onward()}}).complete()
		p.Why = number + "; " + p.Why
		return p
	}
	p.Why = number
	return p
}

// quotaCodes are those of a quota that is used up.
var quotaCodes = []string{
	"LimitExceeded", "LimitExceededException", "LimitExceededFault", // iam, dynamodb and logs, cloudwatch
	"TopicLimitExceeded", "TopicLimitExceededException", "SubscriptionLimitExceeded", "SubscriptionLimitExceededException", // sns
	"CodeStorageExceededException", "PolicyLengthExceededException", // lambda
	"CreationLimitExceededException", "ServiceQuotaExceededException", // budgets
}

// refusalProblem explains that the caller may not do something.
func refusalProblem(r provision.Refusal, e smithy.APIError, on way) *Problem {
	p := &Problem{
		ID: "TODO-IAM-01", What: "your AWS identity may not " + cmp.Or(r.String(), "do this"), Why: sentence(e.ErrorMessage()),
		Fix: []string{"ask for what docs/operator-policy.json allows, then: " + on.again},
	}
	switch {
	case strings.Contains(e.ErrorMessage(), "explicit deny"): // no code tells it from a permission that is missing
		p.ID, p.Fix = "TODO-IAM-02", []string{"ask who administers the account, then: " + on.again}
	case r.Action == "iam:PassRole":
		p.ID = "TODO-IAM-03"
	}
	return p
}

func requestID(id string) string {
	if id == "" {
		return ""
	}
	return ", request " + id
}

// sentence makes AWS's message fit into ours: first letter small unless it
// starts a name, no full stop, no line breaks.
func sentence(s string) string {
	s = strings.TrimSuffix(strings.Join(strings.Fields(s), " "), ".")
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' && !strings.HasPrefix(s, "User:") {
		first, _, _ := strings.Cut(s, " ")
		if strings.ToLower(first[1:]) == first[1:] { // "The", not "TodoTable"
			s = strings.ToLower(s[:1]) + s[1:]
		}
	}
	return s
}

// plainText is the text of an error without the SDK's layers around it.
func plainText(err error) string {
	if step, ok := errors.AsType[*provision.StepError](err); ok {
		err = step.Err
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return fmt.Sprintf("the call %s to %s failed (--debug shows how)", op.OperationName, op.ServiceID)
	}
	return err.Error()
}
