package provision

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// A Refusal is what AWS does not let the caller do, in a policy's words.
type Refusal struct {
	Action   string // "iam:GetRole"; "" when neither AWS nor the call tells
	Resource string // as AWS names it: an ARN, or "role LambdaTodoRole"; "" when it does not
}

func (r Refusal) String() string {
	if r.Resource == "" || r.Resource == "*" {
		return r.Action
	}
	return r.Action + " on " + r.Resource
}

// RefusalOf reads a refusal out of an error. False means that the error is none.
func RefusalOf(err error) (Refusal, bool) {
	if !isDenied(err) {
		return Refusal{}, false
	}
	api, _ := errors.AsType[smithy.APIError](err)
	r := refusedCall(err)
	if named, ok := errors.AsType[refusalError](err); ok {
		r.Resource = named.resource
	}
	if tagsRefused.MatchString(api.ErrorMessage()) && r.Action != "" {
		service, _, _ := strings.Cut(r.Action, ":")
		r.Action = service + ":TagResource"
	}
	if m := refused.FindStringSubmatch(api.ErrorMessage()); m != nil {
		// SNS writes its own name in capitals there, and a policy does not.
		r = Refusal{Action: strings.ToLower(m[1]) + ":" + m[2], Resource: strings.TrimSuffix(m[3], ".")}
	}
	return r, true
}

// A refusalError is a refusal with the resource that AWS does not name.
type refusalError struct {
	error
	resource string
}

func (e refusalError) Unwrap() error { return e.error }

// refusedOn names the resource of a refusal in which AWS names none. Every other
// error stays as it is.
func refusedOn(resource string, err error) error {
	if r, ok := RefusalOf(err); ok && r.Resource == "" {
		return refusalError{error: err, resource: resource}
	}
	return err
}

// isDenied says that the caller may not do it.
func isDenied(err error) bool {
	return slices.Contains([]string{
		"AccessDenied",          // query protocol: iam, cloudwatch
		"AccessDeniedException", // JSON protocols
		"AuthorizationError",    // sns
	}, apiCode(err))
}

// IsExpired says that AWS no longer takes the credentials, which were good before.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
func IsExpired(err error) bool {
	return slices.Contains([]string{"ExpiredToken", "ExpiredTokenException"}, apiCode(err))
}

// The wordings of AWS's refusals. IAM names most roles as "role NAME" and not by
// ARN. CloudWatch Logs, when the tags of a new group are what is not allowed,
// names neither the action nor the group.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var (
	refused     = regexp.MustCompile(`not authorized to perform: ([A-Za-z0-9-]+):([A-Za-z0-9]+)(?: on resource: ((?:role |policy )?\S+))?`)
	tagsRefused = regexp.MustCompile(`not authorized to perform \w+ with [Tt]ags`)
)

// refusedCall names the action that goes with a call.
func refusedCall(err error) Refusal {
	op, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return Refusal{}
	}
	operation := op.OperationName
	switch op.ServiceID {
	case "CloudWatch Logs":
		return Refusal{Action: "logs:" + operation}
	case "Resource Groups Tagging API":
		return Refusal{Action: "tag:" + operation}
	case "Budgets": // has one action for looking and one for changing
		switch {
		case strings.HasPrefix(operation, "Describe"):
			operation = "ViewBudget"
		case !strings.HasSuffix(operation, "Resource"):
			operation = "ModifyBudget"
		}
	}
	return Refusal{Action: strings.ToLower(op.ServiceID) + ":" + operation}
}

// notAllowed is a refusal as a clause.
func notAllowed(err error) string {
	r, _ := RefusalOf(err)
	if r.Action == "" {
		return "AWS does not allow you that"
	}
	return "AWS does not allow you " + r.String()
}
