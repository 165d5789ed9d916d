package local

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"go.etcd.io/bbolt"
)

// The managed policies that this account knows.
//
// AmazonDynamoDBFullAccess, without _v2, is left out on purpose: AWS deprecated
// it on 2025-04-28, and a deprecated policy "cannot be attached to any
// additional users, groups, or roles". So that what works here works on AWS, it
// is not attachable here either.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html
const (
	basicExecution   = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	dynamoFullAccess = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2"
)

// managed are the documents of the managed policies, as far as they concern
// services that exist here.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/
var managed = map[string]string{
	basicExecution: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	dynamoFullAccess: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["dynamodb:*","dax:*","cloudwatch:DeleteAlarms","cloudwatch:DescribeAlarmHistory",
			"cloudwatch:DescribeAlarms","cloudwatch:DescribeAlarmsForMetric","cloudwatch:GetMetricStatistics",
			"cloudwatch:ListMetrics","cloudwatch:PutMetricAlarm","cloudwatch:GetMetricData","iam:GetRole","iam:ListRoles",
			"lambda:CreateFunction","lambda:ListFunctions","sns:CreateTopic","sns:DeleteTopic","sns:ListSubscriptions",
			"sns:ListSubscriptionsByTopic","sns:ListTopics","sns:Subscribe","sns:Unsubscribe","sns:SetTopicAttributes",
			"tag:GetResources"],"Resource":"*"}]}`,
}

var policyName = bounded(`^[\w+=,.@-]+$`, 128)

// PutRolePolicy writes an inline policy; one of that name is replaced.
func (x *iamService) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	name, document := aws.ToString(in.PolicyName), aws.ToString(in.PolicyDocument)
	if !policyName.MatchString(name) {
		return nil, iamInvalid("The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	if err := checkPolicy(document); err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	return &iam.PutRolePolicyOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		total := len(document)
		for other, p := range d.Inline {
			if other != name {
				total += len(p.Document)
			}
		}
		if total > 10240 { // the sum over a role, whitespace not counted on AWS
			return &apiError{Code: "LimitExceeded", Status: http.StatusConflict,
				Message: "Maximum policy size of 10240 bytes exceeded for role " + d.Name}
		}
		if err := x.full("PutRolePolicy"); err != nil {
			return err
		}
		d.Inline[name] = policyDoc{Document: document, Written: now, Before: d.Inline[name].effective(now, x.cfg.Lags)}
		return nil
	})
}

// effective is the document that counts now.
func (p policyDoc) effective(now time.Time, lags Lags) string {
	if now.Before(p.Written.Add(lags.RolePolicy)) {
		return p.Before
	}
	return p.Document
}

// GetRolePolicy returns an inline policy, its document URL-encoded.
func (x *iamService) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	doc, err := x.look(in.RoleName)
	if err != nil {
		return nil, err
	}
	p, ok := doc.Inline[aws.ToString(in.PolicyName)]
	if !ok || x.shown(p) == "" {
		return nil, noInline(aws.ToString(in.PolicyName))
	}
	return &iam.GetRolePolicyOutput{
		RoleName:       aws.String(doc.Name),
		PolicyName:     in.PolicyName,
		PolicyDocument: aws.String(escapeDocument(x.shown(p))),
	}, nil
}

// shown is the document that a look finds: for Lags.PolicyVisible after a write
// what stood there before.
func (x *iamService) shown(p policyDoc) string {
	if x.young(p.Written, x.cfg.Lags.PolicyVisible) {
		return p.Before
	}
	return p.Document
}

func noInline(name string) error {
	return noSuchEntity("The role policy with name " + name + " cannot be found.")
}

// ListRolePolicies returns the names of the inline policies.
func (x *iamService) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	doc, err := x.look(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolePoliciesOutput{}
	names := slices.DeleteFunc(sortedKeys(doc.Inline), func(name string) bool { return x.shown(doc.Inline[name]) == "" })
	out.PolicyNames, out.Marker, err = page(names, func(s string) string { return s }, in.Marker, in.MaxItems, iamPages)
	out.IsTruncated = out.Marker != nil
	return out, err
}

// DeleteRolePolicy removes an inline policy.
func (x *iamService) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return &iam.DeleteRolePolicyOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		name := aws.ToString(in.PolicyName)
		if _, ok := d.Inline[name]; !ok {
			return noInline(name)
		}
		delete(d.Inline, name)
		return nil
	})
}

// AttachRolePolicy attaches a managed policy; one that is attached already
// stays as it is.
func (x *iamService) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	arn := aws.ToString(in.PolicyArn)
	if !strings.HasPrefix(arn, "arn:") {
		return nil, &apiError{Code: "InvalidInput", Message: "ARN " + arn + " is not valid."}
	}
	now := x.cfg.Now()
	return &iam.AttachRolePolicyOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		if managed[arn] == "" {
			return noSuchEntity("Policy " + arn + " does not exist or is not attachable.")
		}
		if slices.ContainsFunc(d.Attached, func(a attachedDoc) bool { return a.ARN == arn }) {
			return nil
		}
		if len(d.Attached) >= 10 {
			return &apiError{Code: "LimitExceeded", Status: http.StatusConflict, Message: "Cannot exceed quota for PoliciesPerRole: 10"}
		}
		d.Attached = append(d.Attached, attachedDoc{ARN: arn, Written: now})
		return nil
	})
}

// DetachRolePolicy takes a managed policy off a role.
func (x *iamService) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	return &iam.DetachRolePolicyOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		arn := aws.ToString(in.PolicyArn)
		left := slices.DeleteFunc(slices.Clone(d.Attached), func(a attachedDoc) bool { return a.ARN == arn })
		if len(left) == len(d.Attached) {
			return noSuchEntity("Policy " + arn + " was not found.")
		}
		d.Attached = left
		return nil
	})
}

// ListAttachedRolePolicies returns the managed policies of a role.
func (x *iamService) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	doc, err := x.look(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []types.AttachedPolicy{}}
	attached := slices.DeleteFunc(doc.Attached, func(a attachedDoc) bool { return x.young(a.Written, x.cfg.Lags.PolicyVisible) })
	attached = slices.SortedFunc(slices.Values(attached), func(a, b attachedDoc) int { return strings.Compare(a.ARN, b.ARN) })
	attached, out.Marker, err = page(attached, func(a attachedDoc) string { return a.ARN }, in.Marker, in.MaxItems, iamPages)
	if err != nil {
		return nil, err
	}
	out.IsTruncated = out.Marker != nil
	for _, a := range attached {
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{
			PolicyArn:  aws.String(a.ARN),
			PolicyName: aws.String(a.ARN[strings.LastIndexByte(a.ARN, '/')+1:]),
		})
	}
	return out, nil
}

// GetPolicy describes one of the managed policies.
func (x *iamService) GetPolicy(ctx context.Context, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	arn := aws.ToString(in.PolicyArn)
	if managed[arn] == "" {
		return nil, noSuchEntity("Policy " + arn + " was not found.")
	}
	var attached int32
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[roleDoc](tx, bucketRoles, "")
		for _, d := range docs {
			if slices.ContainsFunc(d.Attached, func(a attachedDoc) bool { return a.ARN == arn }) {
				attached++
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: &types.Policy{
		Arn:              aws.String(arn),
		AttachmentCount:  aws.Int32(attached),
		DefaultVersionId: aws.String("v1"),
		IsAttachable:     true,
		PolicyName:       aws.String(arn[strings.LastIndexByte(arn, '/')+1:]),
	}}, nil
}

// assumable says whether Lambda can work as the role: nil, or the error that
// CreateFunction answers while the role is unknown, too new, or trusts others.
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
func (x *iamService) assumable(roleARN string) error {
	refused := &apiError{Code: "InvalidParameterValueException", Message: "The role defined for the function cannot be assumed by Lambda."}
	doc, err := x.byARN(roleARN)
	switch {
	case err != nil:
		return err
	case doc == nil:
		return refused
	case x.cfg.Now().Before(doc.TrustChanged.Add(x.cfg.Lags.RoleAssume)), x.young(doc.Created, x.cfg.Lags.RoleVisible):
		return refused
	case !x.parsed.of(doc.Trust).trusts("lambda.amazonaws.com"):
		return refused
	}
	return nil
}

// byARN finds a role; nil when there is none.
func (x *iamService) byARN(arn string) (*roleDoc, error) {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	var doc roleDoc
	var ok bool
	err := x.db.view(func(tx *bbolt.Tx) (err error) {
		doc, ok, err = get[roleDoc](tx, bucketRoles, roleKey(name))
		return err
	})
	if err != nil || !ok || doc.arn() != arn {
		return nil, err
	}
	return &doc, nil
}

// documents are the policies of a role that count now.
func (d roleDoc) documents(now time.Time, lags Lags) []string {
	var all []string
	for _, name := range sortedKeys(d.Inline) {
		if text := d.Inline[name].effective(now, lags); text != "" {
			all = append(all, text)
		}
	}
	for _, a := range d.Attached {
		if !now.Before(a.Written.Add(lags.RolePolicy)) {
			all = append(all, managed[a.ARN])
		}
	}
	return all
}
