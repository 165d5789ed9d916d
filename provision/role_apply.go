package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Apply creates the role, or repairs it. What is needed comes before what is
// too much goes, so that a running function never has less than it needs.
func (r *role) Apply(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*roleSeen)
	if seen.State == Absent || !ok {
		s = &roleSeen{Role: &types.Role{Arn: aws.String(r.cfg.RoleARN()), AssumeRolePolicyDocument: aws.String(lambdaTrust())}, tags: r.cfg.Tags()}
		if err := r.create(ctx); apiCode(err) == "EntityAlreadyExists" {
			o, err := r.cfg.Clock.claimed(ctx, r, roleSpread, err)
			if err != nil || o.State == OK {
				return err
			}
			return r.Apply(ctx, o)
		} else if err != nil {
			return err
		}
	}
	return r.repair(ctx, s)
}

func (r *role) create(ctx context.Context) error {
	return r.cfg.Clock.until(ctx, rolePolicyCopying, Spread, func() (bool, error, error) {
		_, err := r.api.CreateRole(ctx, r.createInput())
		if apiCode(err) == "MalformedPolicyDocument" && strings.Contains(err.Error(), "Invalid principal") {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// createInput is the role as it is asked for, and as Elsewhere tells it.
func (r *role) createInput() *iam.CreateRoleInput {
	return &iam.CreateRoleInput{
		RoleName:                 aws.String(r.cfg.RoleName()),
		Description:              aws.String("What the Lambda function " + r.cfg.FunctionName() + " may do. Made by todoctl."),
		AssumeRolePolicyDocument: aws.String(lambdaTrust()),
		Tags:                     r.tagList(),
	}
}

func (r *role) tagList() []types.Tag {
	var tags []types.Tag
	for k, v := range r.cfg.Tags() {
		tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	slices.SortFunc(tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return tags
}

func (r *role) repair(ctx context.Context, s *roleSeen) error {
	name := aws.String(r.cfg.RoleName())
	if have := aws.ToString(s.Arn); have != r.cfg.RoleARN() {
		return &RolePathError{Role: r.cfg.RoleName(), Have: have, Want: r.cfg.RoleARN()}
	}
	if ours, _ := r.cfg.owned(s.tags); !ours {
		if _, err := r.api.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: r.tagList()}); err != nil {
			return err
		}
	}
	if !samePolicy(aws.ToString(s.AssumeRolePolicyDocument), lambdaTrust()) {
		if _, err := r.api.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(lambdaTrust())}); err != nil {
			return err
		}
	}
	least := r.policy(s) == PolicyLeast
	if least && !samePolicy(s.inline, leastPolicy(r.cfg)) {
		if err := r.put(ctx); err != nil {
			return err
		}
	}
	for _, arn := range r.missing(s) {
		if err := r.attach(ctx, arn); err != nil {
			return err
		}
	}
	return r.remove(ctx, r.surplus(s), !least && s.inline != "")
}

// put writes the inline policy. The role may be so new that IAM does not find it.
func (r *role) put(ctx context.Context) error {
	return r.cfg.Clock.until(ctx, roleShowing, roleSpread, func() (bool, error, error) {
		_, err := r.api.PutRolePolicy(ctx, r.putInput())
		if isGone(err) {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

func (r *role) putInput() *iam.PutRolePolicyInput {
	return &iam.PutRolePolicyInput{
		RoleName:       aws.String(r.cfg.RoleName()),
		PolicyName:     aws.String(r.cfg.PolicyName()),
		PolicyDocument: aws.String(leastPolicy(r.cfg)),
	}
}

func (r *role) attachInput(arn string) *iam.AttachRolePolicyInput {
	return &iam.AttachRolePolicyInput{RoleName: aws.String(r.cfg.RoleName()), PolicyArn: aws.String(arn)}
}

// attach attaches a managed policy, or what has taken its place. IAM has the
// same code for a policy that cannot be attached any more and for a role that it
// does not find yet; only the message tells.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html
func (r *role) attach(ctx context.Context, arn string) error {
	return r.cfg.Clock.until(ctx, roleShowing, roleSpread, func() (bool, error, error) {
		_, err := r.api.AttachRolePolicy(ctx, r.attachInput(arn))
		switch {
		case apiCode(err) == "PolicyNotAttachable", isGone(err) && strings.Contains(err.Error(), "attachable"):
			if arn != r.managed(fullAccess) {
				return false, nil, err
			}
			arn = r.managed(fullAccessV2)
			return false, err, nil
		case isGone(err):
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// remove takes away policies that todoctl has put there.
func (r *role) remove(ctx context.Context, attached []string, inline bool) error {
	name := aws.String(r.cfg.RoleName())
	for _, arn := range attached {
		if _, err := r.api.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String(arn)}); unlessGone(err) != nil {
			return err
		}
	}
	if inline {
		_, err := r.api.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String(r.cfg.PolicyName())})
		return unlessGone(err)
	}
	return nil
}

// A RolePathError says that a role which was to be taken over has a path, and so
// another ARN than the function needs.
type RolePathError struct{ Role, Have, Want string } // the ARNs

func (e *RolePathError) Error() string {
	return fmt.Sprintf("%s has a path: its ARN is %s, and the function needs %s", e.Role, e.Have, e.Want)
}

// A RoleInUseError says that a role cannot be deleted because of what somebody
// else has put on it. Nothing of the role was removed.
type RoleInUseError struct {
	Role  string
	Holds []string // "the policy X", "the instance profile Y"
}

func (e *RoleInUseError) Error() string {
	return fmt.Sprintf("%s has %s, which todoctl did not put there", e.Role, strings.Join(e.Holds, ", "))
}

// Destroy removes what todoctl has put on the role, then the role. It removes
// nothing when somebody else has put something there: IAM would keep the role,
// and half a role is worse than a whole one.
func (r *role) Destroy(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*roleSeen)
	if !ok {
		return errors.New("the role has not been looked at")
	}
	if names := r.strangers(s); len(names) > 0 {
		return r.inUse(names)
	}
	attached := slices.DeleteFunc(slices.Clone(s.attached), func(arn string) bool { return !slices.Contains(r.ours(), arn) })
	if err := r.remove(ctx, attached, s.inline != ""); err != nil {
		return err
	}
	return r.cfg.Clock.until(ctx, roleLosing, roleSpread, func() (bool, error, error) {
		_, err := r.api.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(r.cfg.RoleName())})
		switch {
		case err == nil, isGone(err):
			return true, nil, nil
		case apiCode(err) == "DeleteConflict": // what was removed may not be gone everywhere
			if held := r.held(ctx); held != nil {
				return false, nil, held
			}
			// Ours may have been too new for the look to show it, or an up at the same
			// time has put it back.
			return false, err, r.remove(ctx, r.ours(), true)
		}
		return false, nil, err
	})
}

func (r *role) inUse(policies []string) error {
	e := &RoleInUseError{Role: r.cfg.RoleName()}
	for _, name := range policies {
		e.Holds = append(e.Holds, "the policy "+name)
	}
	return e
}

// held looks for what somebody else has put on the role since the look, and for
// instance profiles, which the look leaves out: a Lambda role hardly has one.
func (r *role) held(ctx context.Context) error {
	s := &roleSeen{}
	if err := errors.Join(r.listInline(ctx, s), r.listAttached(ctx, s)); err != nil {
		return err
	}
	if names := r.strangers(s); len(names) > 0 {
		return r.inUse(names)
	}
	out, err := r.api.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String(r.cfg.RoleName())})
	if err != nil {
		return unlessGone(err)
	}
	if len(out.InstanceProfiles) == 0 {
		return nil
	}
	e := &RoleInUseError{Role: r.cfg.RoleName()}
	for _, p := range out.InstanceProfiles {
		e.Holds = append(e.Holds, "the instance profile "+aws.ToString(p.InstanceProfileName))
	}
	return e
}
