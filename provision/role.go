package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

type roleAPI interface {
	GetRole(ctx context.Context, in *iam.GetRoleInput, opts ...func(*iam.Options)) (*iam.GetRoleOutput, error)
	GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput, opts ...func(*iam.Options)) (*iam.GetRolePolicyOutput, error)
	ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, opts ...func(*iam.Options)) (*iam.ListRolePoliciesOutput, error)
	ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput, opts ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error)
	ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput, opts ...func(*iam.Options)) (*iam.ListInstanceProfilesForRoleOutput, error)
	CreateRole(ctx context.Context, in *iam.CreateRoleInput, opts ...func(*iam.Options)) (*iam.CreateRoleOutput, error)
	TagRole(ctx context.Context, in *iam.TagRoleInput, opts ...func(*iam.Options)) (*iam.TagRoleOutput, error)
	UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput, opts ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error)
	PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, opts ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error)
	AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, opts ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error)
	DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, opts ...func(*iam.Options)) (*iam.DetachRolePolicyOutput, error)
	DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, opts ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput, error)
	DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, opts ...func(*iam.Options)) (*iam.DeleteRoleOutput, error)
}

// The managed policies that the book attaches. AWS has marked the first one
// deprecated in favour of the second; which of them can be attached is found
// out by trying.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ddb-security-iam.awsmanpol.html
const (
	fullAccess     = "AmazonDynamoDBFullAccess"
	fullAccessV2   = "AmazonDynamoDBFullAccess_v2"
	basicExecution = "service-role/AWSLambdaBasicExecutionRole"
)

// roleSpread is how long IAM may take to show a change everywhere: "derived from
// years of operational experience", says Terraform's AWS provider.
const roleSpread = 2 * time.Minute

// role is step 2: the IAM role that the function runs as.
type role struct {
	cfg Config
	api roleAPI
}

func newRole(cfg Config, api roleAPI) Step { return &role{cfg: cfg, api: api} }

func (r *role) Describe() Description {
	d := Description{
		Name:     "role",
		Resource: r.cfg.RoleName(),
		What:     fmt.Sprintf("An IAM role named %s that the function runs as.", r.cfg.RoleName()),
		Why: "Code on AWS may do nothing by itself. A role is a set of permissions that a service takes on for the length of a call: " +
			"this one reaches the items of one table and one log, so that a mistake in the function stays there.",
		Purpose:  "Says what the function may do.",
		Cover:    "IAM always is",
		Without:  "Lambda cannot run a function that has no role.",
		Settings: []Setting{{"trusted by", "lambda.amazonaws.com", "no person and no other service", "Only Lambda may take this role, no person and no other service."}},
		Cost:     "Nothing: IAM is free.",
		Settle:   roleSpread,
	}
	if r.policy(nil) == PolicyTutorial {
		d.Why = "Code on AWS may do nothing by itself. A role is a set of permissions that a service takes on for the length of a call. " +
			"As in the book, this one may do everything with every table of the account."
		d.Settings = append(d.Settings,
			Setting{"managed policy", fullAccess, "everything, on every table", "As in the book. It allows everything on every table of the account, so prefer the default for anything real."},
			Setting{"managed policy", "AWSLambdaBasicExecutionRole", "writes the log", "As in the book; it lets the function write its log."})
		return d
	}
	d.Settings = append(d.Settings,
		Setting{"on " + r.cfg.TableName(), "six actions", "get, put, update, delete, scan, query", "Least privilege: it may get, put, update, delete, scan and query items. The table itself cannot be changed, and no other table seen."},
		Setting{"on its log", "write lines", "in the group that is made beforehand", "It may create streams and put lines, and not make the group itself: that is made beforehand, with an end to its retention."})
	return d
}

// roleSeen is what Observe saw.
type roleSeen struct {
	*types.Role
	tags     map[string]string
	inline   string   // the policy of our name; "" when there is none
	others   []string // names of other inline policies
	attached []string // ARNs of managed policies
}

// Observe looks at the role and its policies in one go: their names are known
// without asking.
func (r *role) Observe(ctx context.Context) (Observation, error) {
	s := &roleSeen{tags: map[string]string{}}
	name := aws.String(r.cfg.RoleName())
	err := together(ctx,
		func(ctx context.Context) error {
			out, err := r.api.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			if err == nil {
				s.Role = out.Role
			}
			return unlessGone(err)
		},
		func(ctx context.Context) error {
			out, err := r.api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String(r.cfg.PolicyName())})
			if err == nil {
				s.inline = aws.ToString(out.PolicyDocument)
			}
			return unlessGone(err)
		},
		func(ctx context.Context) error { return r.listInline(ctx, s) },
		func(ctx context.Context) error { return r.listAttached(ctx, s) },
	)
	if err != nil || s.Role == nil {
		return Observation{State: Absent}, err
	}
	s.tags = tagMap(s.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	o := Observation{ID: aws.ToString(s.Arn), Detail: s, Diffs: r.diffs(s), Advice: r.advise(s)}
	return r.cfg.judge(o, s.tags), nil
}

func (r *role) listInline(ctx context.Context, s *roleSeen) error {
	pages := iam.NewListRolePoliciesPaginator(r.api, &iam.ListRolePoliciesInput{RoleName: aws.String(r.cfg.RoleName())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessGone(err)
		}
		for _, name := range page.PolicyNames {
			if name != r.cfg.PolicyName() {
				s.others = append(s.others, name)
			}
		}
	}
	return nil
}

func (r *role) listAttached(ctx context.Context, s *roleSeen) error {
	pages := iam.NewListAttachedRolePoliciesPaginator(r.api, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(r.cfg.RoleName())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return unlessGone(err)
		}
		for _, p := range page.AttachedPolicies {
			s.attached = append(s.attached, aws.ToString(p.PolicyArn))
		}
	}
	return nil
}

// managed is the ARN of one of AWS's own policies.
func (r *role) managed(name string) string {
	return "arn:" + r.cfg.Partition + ":iam::aws:policy/" + name
}

// policy is what was chosen, now or in an earlier run: a role that has the book's
// policies and not our own was made with --policy tutorial.
func (r *role) policy(s *roleSeen) Policy {
	attached := s != nil && slices.ContainsFunc(s.attached, func(arn string) bool { return slices.Contains(r.ours(), arn) })
	switch {
	case r.cfg.Policy != "":
		return r.cfg.Policy
	case attached && s.inline == "":
		return PolicyTutorial
	}
	return PolicyLeast
}

// ours are the managed policies that todoctl attaches, and so may detach.
func (r *role) ours() []string {
	return []string{r.managed(fullAccess), r.managed(fullAccessV2), r.managed(basicExecution)}
}

func (r *role) diffs(s *roleSeen) []Diff {
	var diffs []Diff
	if have := aws.ToString(s.Arn); have != r.cfg.RoleARN() {
		diffs = append(diffs, Diff{Field: "ARN", Have: have, Want: r.cfg.RoleARN()})
	}
	if !samePolicy(aws.ToString(s.AssumeRolePolicyDocument), lambdaTrust()) {
		diffs = append(diffs, Diff{Field: "trust policy", Have: "another", Want: "for lambda.amazonaws.com alone"})
	}
	inline := Diff{Field: "inline policy " + r.cfg.PolicyName()}
	switch least := r.policy(s) == PolicyLeast; {
	case !least && s.inline != "":
		inline.Have, inline.Want = "there", "absent"
	case least && s.inline == "":
		inline.Have, inline.Want = "missing", "there"
	case least && !samePolicy(s.inline, leastPolicy(r.cfg)):
		inline.Have, inline.Want = "another", fmt.Sprintf("for the items of %s and its log alone", r.cfg.TableName())
	}
	if inline.Have != "" {
		diffs = append(diffs, inline)
	}
	for _, arn := range r.missing(s) {
		diffs = append(diffs, Diff{Field: "managed policy " + policyName(arn), Have: "missing", Want: "attached"})
	}
	for _, arn := range r.surplus(s) {
		diffs = append(diffs, Diff{Field: "managed policy " + policyName(arn), Have: "attached", Want: "absent"})
	}
	return diffs
}

// missing are the managed policies to attach. Either form of full access will do.
func (r *role) missing(s *roleSeen) []string {
	if r.policy(s) == PolicyLeast {
		return nil
	}
	var arns []string
	if !slices.Contains(s.attached, r.managed(fullAccess)) && !slices.Contains(s.attached, r.managed(fullAccessV2)) {
		arns = append(arns, r.managed(fullAccess))
	}
	if !slices.Contains(s.attached, r.managed(basicExecution)) {
		arns = append(arns, r.managed(basicExecution))
	}
	return arns
}

// surplus are the managed policies of the other --policy.
func (r *role) surplus(s *roleSeen) []string {
	if r.policy(s) == PolicyTutorial {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.attached), func(arn string) bool { return !slices.Contains(r.ours(), arn) })
}

// strangers names the policies that todoctl has not put there.
func (r *role) strangers(s *roleSeen) []string {
	names := slices.Clone(s.others)
	for _, arn := range s.attached {
		if !slices.Contains(r.ours(), arn) {
			names = append(names, policyName(arn))
		}
	}
	return names
}

func policyName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (r *role) advise(s *roleSeen) []string {
	var advice []string
	for _, name := range r.strangers(s) {
		advice = append(advice, fmt.Sprintf("%s has the policy %s as well, which todoctl did not attach; the function may do what it allows", r.cfg.RoleName(), name))
	}
	return advice
}
