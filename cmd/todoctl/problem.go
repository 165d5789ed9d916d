package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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
	What string   // what went wrong, lower case, no full stop
	Why  string   // its cause, when What does not say it
	Fix  []string // lines to paste, best first
	Exit int
}

func (p *Problem) Error() string { return p.What }

// usage is a Problem of the command line itself.
func usage(fix []string, format string, args ...any) *Problem {
	return &Problem{What: fmt.Sprintf(format, args...), Fix: fix, Exit: exitUsage}
}

// errDiffers ends a command with exitDiffers; what differs has been printed.
var errDiffers = &Problem{Exit: exitDiffers}

// errForeignKept ends a `down` that left what is not todoctl's.
var errForeignKept = &Problem{Exit: exitForeign}

// A way is how to go on from here, with this run's own flags.
type way struct {
	again string                      // the same command
	with  func(command string) string // another one: with("down")
	bare  func(command string) string // another one, of another stack
	down  bool                        // this one takes away
	far   string                      // what there is now, "" when that is not known
	begun bool                        // something was changed
	local bool                        // AWS is the one on this machine
}

// nowhere is for a Problem of which only the sentence is shown.
var nowhere = way{with: todoctlLine, bare: todoctlLine}

func todoctlLine(command string) string { return "todoctl " + command }

// explain turns any error into a Problem. Codes decide, never message texts;
// the SDK's own text is for --debug.
func explain(err error, on way) *Problem {
	p := *explained(err, on) // a copy: some are shared
	p.What, p.Why = outside(p.What), outside(p.Why)
	return &p
}

func explained(err error, on way) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	inner := err
	if step, ok := errors.AsType[*provision.StepError](err); ok {
		inner = step.Err // of several that failed, the first; each has had its own line
	}
	p := cause(inner, on)
	if step, ok := errors.AsType[*provision.StepError](err); ok && p.Exit != exitInterrupted {
		if step.Step == testStep {
			p.What = "the test failed: " + p.What
		} else {
			p.What = fmt.Sprintf("could not %s the %s: %s", step.Action, step.Step, p.What)
		}
		if step.Step == "alarm" && p.Exit == exitCredentials && !on.down {
			p.Fix = append(p.Fix, on.with("up")+" --skip alarm   (the rest works without it)")
		}
	}
	return p
}

func cause(err error, on way) *Problem {
	if e, ok := errors.AsType[*provision.ForeignError](err); ok {
		p := &Problem{
			What: e.Error(),
			Why:  "todoctl only changes what it made itself, and knows that by the tag " + provision.TagStack,
			Fix:  []string{on.bare("up") + " --stack Mine   (the same walkthrough under other names)", on.with(e.Step) + " --adopt   (take it over, after showing what would change)"},
			Exit: exitForeign,
		}
		switch {
		case on.down:
			p.Fix = []string{on.again + "   (what is left of this stack)"}
		case on.begun:
			p.Fix = append([]string{on.with("down") + "   (take away what this run has made)"}, p.Fix...)
		}
		return p
	}
	if e, ok := errors.AsType[*provision.NeedError](err); ok {
		return &Problem{What: e.Error(), Fix: []string{on.with(e.Need)}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*provision.UnsettledError](err); ok {
		return &Problem{What: e.Error(), Why: "what was made so far stays, and another run continues from here", Fix: []string{on.again}, Exit: exitFailed}
	}
	if p := stepProblem(err, on); p != nil {
		return p
	}
	if errors.Is(err, errEndOfInput) || errors.Is(err, errNotAnswered) {
		return &Problem{What: err.Error(), Fix: []string{on.again}, Exit: exitUsage}
	}
	if e, ok := errors.AsType[*provision.BugError](err); ok {
		return &Problem{What: "todoctl made a mistake of its own; sorry", Why: "the place: " + e.Place, Fix: []string{on.again + "   (looks first, then continues)"}, Exit: exitFailed}
	}
	if errors.Is(err, errWorkLimit) {
		return &Problem{What: err.Error(), Why: on.far, Fix: []string{on.again + "   (continues)", on.with("status")}, Exit: exitFailed}
	}
	if errors.Is(err, context.Canceled) {
		p := &Problem{What: "stopped", Why: on.far, Fix: []string{on.again + "   (continues)"}, Exit: exitInterrupted}
		if on.begun && !on.down {
			p.Fix = append(p.Fix, on.with("down")+"   (takes it away)")
		}
		return p
	}
	if e, ok := errors.AsType[*provision.AccountError](err); ok {
		return &Problem{What: e.Error(), Why: "no change was sent with the new ones; go back to the first account's", Fix: []string{"aws sts get-caller-identity", on.again + "   (continues)"}, Exit: exitCredentials}
	}
	if signInExpired(err) {
		return &Problem{What: "your AWS sign-in has expired", Why: on.far, Fix: []string{waysIn[0], on.again + "   (continues)"}, Exit: exitCredentials}
	}
	if _, ok := errors.AsType[*aws.MissingRegionError](err); ok {
		return noRegion(on.again)
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return apiProblem(err, e, on.again)
	}
	if _, cut := errors.AsType[*net.OpError](err); cut && on.local {
		return &Problem{What: "the local AWS does not answer any more", Why: "it was stopped, or it ended; its data stays", Fix: []string{on.again + "   (starts it again, and continues)"}, Exit: exitFailed}
	}
	if p := networkProblem(err, on.again); p != nil {
		return p
	}
	if p := credentialProblem(err); p != nil {
		return p
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &Problem{What: fmt.Sprintf("%s: %v", e.Path, e.Err), Exit: exitFailed}
	}
	return &Problem{What: plainText(err), Fix: []string{on.again}, Exit: exitFailed}
}

// stepProblem explains what only one step can run into.
func stepProblem(err error, on way) *Problem {
	if e, ok := errors.AsType[*provision.KeySchemaError](err); ok {
		return &Problem{What: e.Error(), Why: "a table's key cannot be changed, and todoctl does not delete a table to make it anew", Fix: []string{on.bare("up") + " --stack Mine   (another table)"}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*provision.ProtectedError](err); ok {
		return &Problem{What: e.Error(), Why: "somebody switched that on, and todoctl does not switch it off by itself",
			Fix: []string{"aws dynamodb update-table --table-name " + e.Table + " --region " + e.Region + " --no-deletion-protection-enabled", on.again}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*provision.RoleInUseError](err); ok {
		return &Problem{What: e.Error(), Why: "nothing of the role was removed; take that off the role, then run this again", Fix: []string{on.again}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*provision.ChangedError](err); ok {
		return &Problem{What: e.Error(), Fix: []string{on.with("status"), on.again}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*provision.GoneError](err); ok {
		p := &Problem{What: e.Error(), Fix: []string{on.with("status"), on.again}, Exit: exitFailed}
		if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
			p.Why = sentence(api.ErrorMessage())
		}
		return p
	}
	if e, ok := errors.AsType[*provision.FailedError](err); ok {
		return &Problem{What: e.Error(), Fix: []string{on.with("status"), on.again}, Exit: exitFailed}
	}
	return nil
}

func noRegion(again string) *Problem {
	return &Problem{
		What: "no AWS Region is chosen",
		Why:  "neither --region, AWS_REGION nor your AWS profile names one",
		Fix:  []string{again + " --region us-east-1", "aws configure set region us-east-1"},
		Exit: exitUsage,
	}
}

// waysIn is how to get credentials, in the order that a beginner should try.
// `aws login` exists since AWS CLI 2.32.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
var waysIn = []string{
	"aws login                  (sign in through the browser; AWS CLI 2.32 or newer)",
	"todoctl up --local         (or rehearse with no account at all)",
}

// loginExpired says that the login behind the credentials is over. The SDK has
// no codes for it.
func loginExpired(err error) bool {
	text := err.Error()
	return strings.Contains(text, "please reauthenticate") || strings.Contains(text, "create oauth2 token") ||
		strings.Contains(text, "token has expired") || strings.Contains(text, "SSO session has expired")
}

func credentialProblem(err error) *Problem {
	text := err.Error()
	switch {
	case strings.Contains(text, "get credentials"), strings.Contains(text, "refresh cached credentials"),
		strings.Contains(text, "no EC2 IMDS role found"), strings.Contains(text, "static credentials are empty"):
		return &Problem{What: "no AWS credentials were found", Why: "todoctl looks where the AWS CLI looks: environment variables, profiles, `aws login`", Fix: waysIn, Exit: exitCredentials}
	case strings.Contains(text, "shared config profile"):
		return &Problem{What: "the AWS profile does not exist", Why: "it is named by --profile or AWS_PROFILE", Fix: []string{"aws configure list-profiles"}, Exit: exitCredentials}
	}
	return nil
}

func networkProblem(err error, again string) *Problem {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return &Problem{What: "the name " + e.Name + " could not be found", Why: "the network or its DNS is not reachable, or the Region does not exist", Fix: []string{again}, Exit: exitFailed}
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		where := "AWS"
		if e.Addr != nil {
			where = e.Addr.String()
		}
		return &Problem{What: "no connection to " + where, Why: "the network is down, or something between here and there refuses", Fix: []string{again}, Exit: exitFailed}
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return &Problem{
			What: "what answers is not AWS, or its answers are cut off",
			Why:  "a network's sign-in page or a proxy stands between here and AWS: open any web page, and sign in there",
			Fix:  []string{again}, Exit: exitFailed,
		}
	}
	if e, ok := errors.AsType[net.Error](err); errors.Is(err, context.DeadlineExceeded) || ok && e.Timeout() {
		return &Problem{What: "no answer in time", Why: "the network is very slow, or AWS is", Fix: []string{again}, Exit: exitFailed}
	}
	return nil
}

// apiProblem explains an error that AWS itself gave.
// Codes: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func apiProblem(err error, e smithy.APIError, again string) *Problem {
	if r, ok := provision.RefusalOf(err); ok {
		return &Problem{
			What: "your AWS identity may not " + cmp.Or(r.String(), "do this"),
			Why:  sentence(e.ErrorMessage()),
			Fix:  []string{"ask for what docs/operator-policy.json allows, then: " + again},
			Exit: exitCredentials,
		}
	}
	switch e.ErrorCode() {
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
		return &Problem{What: "AWS does not know these credentials", Why: "the access key was deleted or mistyped, or this Region is not enabled for the account; keys in the environment win over a profile", Fix: append([]string{"env | grep AWS_"}, waysIn...), Exit: exitCredentials}
	case "SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed", "AuthFailure":
		return &Problem{What: "AWS could not verify the signature", Why: "the secret key is wrong, or this machine's clock is", Fix: append([]string{"date -u"}, waysIn...), Exit: exitCredentials}
	case "OptInRequired", "SubscriptionRequiredException":
		return &Problem{What: "this AWS account is not active yet", Why: "a new account can take some hours", Fix: []string{again}, Exit: exitCredentials}
	case "NotImplemented":
		return &Problem{What: sentence(e.ErrorMessage()), Exit: exitFailed}
	}
	what := sentence(e.ErrorMessage())
	if what == "" {
		what = "AWS answered " + e.ErrorCode()
	}
	p := &Problem{What: what, Fix: []string{again}, Exit: exitFailed}
	if r, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		p.Why = strings.TrimSpace("AWS's code is " + e.ErrorCode() + requestID(r.ServiceRequestID()))
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
