package local

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"go.etcd.io/bbolt"
)

// maxPolicy bounds a function's resource policy, in bytes.
const maxPolicy = 20 << 10

// A statementDoc is one AddPermission, with the moment from which it counts.
type statementDoc struct {
	ID        string
	Action    string
	Principal string
	Added     time.Time
	Gone      time.Time `json:",omitzero"` // when it was removed

	AuthType    string `json:",omitempty"` // lambda:FunctionUrlAuthType
	ViaURL      *bool  `json:",omitempty"` // lambda:InvokedViaFunctionUrl
	SourceARN   string `json:",omitempty"`
	SourceOwner string `json:",omitempty"` // AWS:SourceAccount
	OrgID       string `json:",omitempty"`
	Token       string `json:",omitempty"` // lambda:EventSourceToken
}

// A policyStatement is a statement in the policy's JSON, members in AWS's order.
type policyStatement struct {
	Sid       string                    `json:"Sid"`
	Effect    string                    `json:"Effect"`
	Principal any                       `json:"Principal"`
	Action    string                    `json:"Action"`
	Resource  string                    `json:"Resource"`
	Condition map[string]map[string]any `json:"Condition,omitempty"`
}

func (s statementDoc) policy(function string) policyStatement {
	p := policyStatement{Sid: s.ID, Effect: "Allow", Action: s.Action, Resource: function}
	switch {
	case s.Principal == "*":
		p.Principal = "*"
	case accountNumber.MatchString(s.Principal):
		p.Principal = map[string]string{"AWS": "arn:aws:iam::" + s.Principal + ":root"}
	case strings.HasPrefix(s.Principal, "arn:"):
		p.Principal = map[string]string{"AWS": s.Principal}
	default:
		p.Principal = map[string]string{"Service": s.Principal}
	}
	condition := map[string]map[string]any{}
	when := func(operator, name, value string) {
		if value == "" {
			return
		}
		if condition[operator] == nil {
			condition[operator] = map[string]any{}
		}
		condition[operator][name] = value
	}
	when("StringEquals", "lambda:FunctionUrlAuthType", s.AuthType)
	when("StringEquals", "lambda:EventSourceToken", s.Token)
	when("StringEquals", "AWS:SourceAccount", s.SourceOwner)
	when("StringEquals", "aws:PrincipalOrgID", s.OrgID)
	when("ArnLike", "AWS:SourceArn", s.SourceARN)
	if s.ViaURL != nil {
		when("Bool", "lambda:InvokedViaFunctionUrl", map[bool]string{true: "true", false: "false"}[*s.ViaURL])
	}
	if len(condition) > 0 {
		p.Condition = condition
	}
	return p
}

// policy is the whole resource policy, as GetPolicy returns it.
func (d functionDoc) policy() string {
	all := make([]policyStatement, len(d.Statements))
	for i, s := range d.Statements {
		all[i] = s.policy(d.arn())
	}
	return policyJSON(struct {
		Version   string            `json:"Version"`
		ID        string            `json:"Id"`
		Statement []policyStatement `json:"Statement"`
	}{"2012-10-17", "default", all})
}

// policyJSON writes JSON as AWS does, without escaping <, > and &.
func policyJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings and maps of strings always encode
	return strings.TrimSpace(b.String())
}

// allows says whether everybody may call the function through its URL with
// AuthType NONE: since October 2025 that takes both statements.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (d functionDoc) allows(now time.Time, lags Lags) bool {
	var url, function bool
	for _, s := range d.Statements {
		if s.Principal != "*" || s.SourceARN != "" || s.SourceOwner != "" || s.OrgID != "" || s.Token != "" ||
			now.Before(s.Added.Add(lags.URLPolicy)) {
			continue
		}
		none := s.AuthType == "" || s.AuthType == string(types.FunctionUrlAuthTypeNone)
		through := s.ViaURL == nil || *s.ViaURL
		if !none || !through {
			continue
		}
		switch s.Action {
		case "lambda:InvokeFunctionUrl":
			url = true
		case "lambda:InvokeFunction":
			function = true
		case "lambda:*", "*":
			url, function = true, true
		}
	}
	return url && function
}

var (
	accountNumber   = regexp.MustCompile(`^\d{12}$`)
	statementID     = bounded(`^[a-zA-Z0-9-_]+$`, 100)
	statementAction = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
)

func (x *lambdaService) AddPermission(ctx context.Context, in *lambda.AddPermissionInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	s := statementDoc{
		ID: aws.ToString(in.StatementId), Action: aws.ToString(in.Action), Principal: aws.ToString(in.Principal),
		AuthType: string(in.FunctionUrlAuthType), ViaURL: in.InvokedViaFunctionUrl, SourceARN: aws.ToString(in.SourceArn),
		SourceOwner: aws.ToString(in.SourceAccount), OrgID: aws.ToString(in.PrincipalOrgID), Token: aws.ToString(in.EventSourceToken),
		Added: x.cfg.Now(),
	}
	if err := s.check(); err != nil {
		return status{}, err
	}
	now := x.cfg.Now()
	var base []statementDoc
	if x.cfg.Account.LosesStatements {
		base = x.races.begin(from(ctx).requestID, r.key(), func() []statementDoc {
			d, _ := x.lookup(r) // the edit below meets the same error
			return d.Statements
		})
	}
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		if d.pending(now, x.cfg.Lags) {
			return d.busy(now, x.cfg.Lags)
		}
		if err := d.expectPolicy(in.RevisionId); err != nil {
			return err
		}
		if x.cfg.Account.LosesStatements {
			d.Statements = base
		}
		if slices.ContainsFunc(d.Statements, func(o statementDoc) bool { return o.ID == s.ID }) {
			return conflict("The statement id (" + s.ID + ") provided already exists. Please provide a new statement id, or remove the existing statement.")
		}
		if err := x.full("AddPermission"); err != nil {
			return err
		}
		d.Statements = append(d.Statements, s)
		d.PolicyID = newRequestID()
		if size := len(d.policy()); size > maxPolicy {
			return policyTooLong
		}
		return nil
	})
	if err != nil {
		return status{}, err
	}
	return answered(schemas.AddPermission, &lambda.AddPermissionOutput{Statement: aws.String(policyJSON(s.policy(r.arn())))}), nil
}

func (s statementDoc) check() error {
	switch {
	case !statementID.MatchString(s.ID):
		return invalidValue("statementId", s.ID, "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
	case !statementAction.MatchString(s.Action):
		return invalidValue("action", s.Action, "Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])")
	case s.AuthType != "" && s.AuthType != string(types.FunctionUrlAuthTypeNone) && s.AuthType != string(types.FunctionUrlAuthTypeAwsIam):
		return invalidValue("functionUrlAuthType", s.AuthType, "Member must satisfy enum value set: [NONE, AWS_IAM]")
	case s.AuthType != "" && s.Action != "lambda:InvokeFunctionUrl":
		return invalidParameter("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
	case s.ViaURL != nil && s.Action != "lambda:InvokeFunction":
		return invalidParameter("InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action")
	case s.Principal == "":
		return invalidValue("principal", "", "Member must not be null")
	case s.Principal != "*" && !accountNumber.MatchString(s.Principal) && !strings.HasPrefix(s.Principal, "arn:") && !strings.Contains(s.Principal, ".amazonaws.com"):
		return invalidParameter("The provided principal was invalid. Please check the principal and try again.")
	}
	return nil
}

func (x *lambdaService) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	id := aws.ToString(in.StatementId)
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		if err := d.expectPolicy(in.RevisionId); err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(d.Statements), func(s statementDoc) bool { return s.ID == id })
		if len(left) == len(d.Statements) {
			if len(left) == 0 {
				return noPolicy()
			}
			return &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound,
				Message: "Statement " + id + " is not found in resource policy."}
		}
		d.Removed = slices.DeleteFunc(d.Removed, func(s statementDoc) bool { return !x.young(s.Gone, x.cfg.Lags.StatementVisible) })
		if x.cfg.Lags.StatementVisible > 0 {
			i := slices.IndexFunc(d.Statements, func(s statementDoc) bool { return s.ID == id })
			d.Removed = append(d.Removed, d.Statements[i])
			d.Removed[len(d.Removed)-1].Gone = x.cfg.Now()
		}
		d.Statements, d.PolicyID = left, newRequestID()
		return nil
	})
	return answered(schemas.RemovePermission, &lambda.RemovePermissionOutput{}), err
}

func (x *lambdaService) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	d, err := x.named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if lag := x.cfg.Lags.StatementVisible; lag > 0 {
		d.Statements = slices.DeleteFunc(d.Statements, func(s statementDoc) bool { return x.young(s.Added, lag) })
		for _, s := range d.Removed {
			if x.young(s.Gone, lag) && !x.young(s.Added, lag) {
				d.Statements = append(d.Statements, s)
			}
		}
	}
	if len(d.Statements) == 0 {
		return nil, noPolicy()
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(d.policy()), RevisionId: aws.String(d.PolicyID)}, nil
}

func noPolicy() error {
	return &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound,
		Message: "The resource you requested does not exist."}
}

// expectPolicy checks the RevisionId of the policy that a caller has seen.
func (d *functionDoc) expectPolicy(revision *string) error {
	if revision == nil || *revision == d.PolicyID || *revision == d.Revision {
		return nil
	}
	return &apiError{Code: "PreconditionFailedException", Status: http.StatusPreconditionFailed,
		Message: "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to retrieve the latest RevisionId"}
}
