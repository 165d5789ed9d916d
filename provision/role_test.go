package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"todoctl/provision"
)

const (
	fullAccess     = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
	fullAccessV2   = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess_v2"
	basicExecution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
)

func roleName() *string { return aws.String("LambdaTodoRole") }

func attached(t *testing.T, w *world) []string {
	t.Helper()
	out := must[*iam.ListAttachedRolePoliciesOutput](t)(w.clients.IAM.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: roleName()}))
	var arns []string
	for _, p := range out.AttachedPolicies {
		arns = append(arns, *p.PolicyArn)
	}
	slices.Sort(arns)
	return arns
}

func inline(t *testing.T, w *world) []string {
	t.Helper()
	return must[*iam.ListRolePoliciesOutput](t)(w.clients.IAM.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: roleName()})).PolicyNames
}

func TestRoleMayDoWhatTheFunctionNeedsAndNoMore(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		in := only[iam.CreateRoleInput](w)
		if *in.AssumeRolePolicyDocument != `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}` {
			t.Errorf("the trust policy is %s", *in.AssumeRolePolicyDocument)
		}
		if len(in.Tags) != 3 || *in.Tags[1].Key != provision.TagStack || *in.Tags[1].Value != "Todo" {
			t.Errorf("the tags in the create call are %v", in.Tags)
		}
		var doc struct {
			Statement []struct {
				Effect, Resource string
				Action           []string
			}
		}
		put := only[iam.PutRolePolicyInput](w)
		if err := json.Unmarshal([]byte(*put.PolicyDocument), &doc); err != nil {
			t.Fatal(err)
		}
		var rights []string
		for _, s := range doc.Statement {
			for _, a := range s.Action {
				rights = append(rights, s.Effect+" "+a+" on "+s.Resource)
			}
		}
		table, logs := "arn:aws:dynamodb:eu-central-1:000000000000:table/TodoTable", "arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/TodoHandler:*"
		want := []string{
			"Allow dynamodb:GetItem on " + table, "Allow dynamodb:PutItem on " + table, "Allow dynamodb:UpdateItem on " + table,
			"Allow dynamodb:DeleteItem on " + table, "Allow dynamodb:Scan on " + table, "Allow dynamodb:Query on " + table + "/index/newest",
			"Allow logs:CreateLogStream on " + logs, "Allow logs:PutLogEvents on " + logs,
		}
		if !slices.Equal(rights, want) {
			t.Errorf("the rights are\n%s", strings.Join(rights, "\n"))
		}
		w.wantWrites("CreateRole", "PutRolePolicy")
	})
}

func TestTutorialPolicyAttachesTheBooksTwo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Policy = provision.PolicyTutorial
		w.up("role")
		if got := attached(t, w); len(got) != 2 || !slices.Contains(got, basicExecution) || !strings.HasPrefix(got[0], fullAccess) {
			t.Errorf("attached are %v", got)
		}
		if got := inline(t, w); len(got) != 0 {
			t.Errorf("inline policies are %v", got)
		}
		w.forget()
		w.up("role")
		w.wantWrites()
	})
}

func TestTutorialPolicyTakesTheSuccessorOfADeprecatedOne(t *testing.T) {
	for name, refusal := range map[string]error{
		"as IAM words it":   code("NoSuchEntity", "Policy "+fullAccess+" does not exist or is not attachable."),
		"with its own code": code("PolicyNotAttachable", "no"),
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.cfg.Policy = provision.PolicyTutorial
				w.failing("AttachRolePolicy", 1, refusal)
				w.up("role")
				if got := attached(t, w); !slices.Equal(got, []string{fullAccessV2, basicExecution}) {
					t.Errorf("attached are %v", got)
				}
				wantState(t, w.look("role"), provision.OK)
			})
		})
	}
}

func TestSwitchingThePolicyRemovesTheOther(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		w.cfg.Policy = provision.PolicyTutorial
		if seen := w.look("role"); seen.State != provision.Drift || len(seen.Diffs) != 3 {
			t.Errorf("it is %s, differs in %v", seen.State, seen.Diffs)
		}
		w.up("role")
		if len(inline(t, w)) != 0 || len(attached(t, w)) != 2 {
			t.Errorf("inline %v, attached %v", inline(t, w), attached(t, w))
		}
		w.cfg.Policy = provision.PolicyLeast
		w.up("role")
		if len(inline(t, w)) != 1 || len(attached(t, w)) != 0 {
			t.Errorf("inline %v, attached %v", inline(t, w), attached(t, w))
		}
	})
}

// No file remembers --policy tutorial: the role itself does.
func TestAChoiceNeedNotBeRepeated(t *testing.T) {
	for _, choice := range []provision.Policy{provision.PolicyLeast, provision.PolicyTutorial} {
		inWorld(t, func(t *testing.T, w *world) {
			w.cfg.Policy = choice
			w.up("role")
			w.cfg.Policy = ""
			wantState(t, w.look("role"), provision.OK)
		})
	}
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Policy = ""
		w.up("role")
		if got := inline(t, w); !slices.Equal(got, []string{"TodoAccess"}) {
			t.Errorf("without a choice the inline policies are %v", got)
		}
	})
}

func TestPoliciesOfOthersAreReportedAndKeepTheRole(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		alsoAttached(w, func() bool { return true })
		if _, err := w.clients.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: roleName(), PolicyName: aws.String("Mine"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`)}); err != nil {
			t.Fatal(err)
		}
		seen := w.look("role")
		if wantState(t, seen, provision.OK); len(seen.Advice) != 2 {
			t.Errorf("the advice is %q", seen.Advice)
		}
		w.forget()
		err := w.try(provision.Down, "role")
		var held *provision.RoleInUseError
		if !errors.As(err, &held) || !strings.Contains(err.Error(), "AmazonS3ReadOnlyAccess") || !strings.Contains(err.Error(), "Mine") {
			t.Errorf("down says %v", err)
		}
		w.wantWrites() // the role is whole
	})
}

// alsoAttached makes IAM show a managed policy that the local AWS does not know.
func alsoAttached(w *world, when func() bool) {
	w.on("ListAttachedRolePolicies", func(_ context.Context, send func() (any, error)) (any, error) {
		out, err := send()
		if list, ok := out.(*iam.ListAttachedRolePoliciesOutput); ok && err == nil && when() {
			list.AttachedPolicies = append(list.AttachedPolicies, types.AttachedPolicy{
				PolicyName: aws.String("AmazonS3ReadOnlyAccess"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")})
		}
		return out, err
	})
}

func TestAPolicyAttachedDuringDownIsNamed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		deleting := false
		alsoAttached(w, func() bool { return deleting })
		w.on("DeleteRole", func(context.Context, func() (any, error)) (any, error) {
			deleting = true
			return nil, code("DeleteConflict", "Cannot delete entity, must detach all policies first.")
		})
		err := w.try(provision.Down, "role")
		var held *provision.RoleInUseError
		if !errors.As(err, &held) || !strings.Contains(err.Error(), "AmazonS3ReadOnlyAccess") {
			t.Errorf("down says %v", err)
		}
	})
}

func TestAnInstanceProfileThatHoldsTheRoleIsNamed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		w.failing("DeleteRole", 100, code("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."))
		w.on("ListInstanceProfilesForRole", func(context.Context, func() (any, error)) (any, error) {
			return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{{InstanceProfileName: aws.String("Server")}}}, nil
		})
		if err := w.try(provision.Down, "role"); err == nil || !strings.Contains(err.Error(), "the instance profile Server") {
			t.Errorf("down says %v", err)
		}
	})
}

func TestIAMsHesitationIsWaitedOut(t *testing.T) {
	for name, arrange := range map[string]func(*world){
		"the new role is not found yet": func(w *world) {
			w.failing("PutRolePolicy", 5, code("NoSuchEntity", "The role with name LambdaTodoRole cannot be found."))
		},
		"the new role does not show yet": func(w *world) { later(w, "GetRole", 7, code("NoSuchEntity", "no role")) },
		"somebody changes it too":        func(w *world) { w.failing("CreateRole", 3, code("ConcurrentModification", "again")) },
		"the principal is not known yet": func(w *world) {
			w.failing("CreateRole", 3, code("MalformedPolicyDocument", "Invalid principal in policy: lambda"))
		},
		"the service fails for a moment":    func(w *world) { w.failing("PutRolePolicy", 2, errors.New("read: connection reset by peer")) },
		"the policy is not there at a look": func(w *world) { later(w, "GetRolePolicy", 4, code("NoSuchEntity", "no policy")) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				arrange(w)
				w.up("role")
				wantState(t, w.look("role"), provision.OK)
			})
		})
	}
}

// later lets the first call through, which is the plan's, and fails the next n.
func later(w *world, operation string, n int, err error) {
	first := true
	w.on(operation, func(_ context.Context, send func() (any, error)) (any, error) {
		if first {
			first = false
			return send()
		}
		if n--; n >= 0 {
			return nil, err
		}
		return send()
	})
}

func TestARealMistakeInAPolicyIsNotRepeated(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		calls := 0
		w.on("CreateRole", func(context.Context, func() (any, error)) (any, error) {
			calls++
			return nil, code("MalformedPolicyDocument", "Syntax errors in policy.")
		})
		if err := w.try(provision.Up, "role"); err == nil || calls != 1 {
			t.Errorf("after %d calls: %v", calls, err)
		}
	})
}

func TestARoleOfAnotherPathCannotBeAdopted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Adopt = true
		w.on("GetRole", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if r, ok := out.(*iam.GetRoleOutput); ok && err == nil {
				r.Role.Arn = aws.String("arn:aws:iam::000000000000:role/service-role/LambdaTodoRole")
			}
			return out, err
		})
		if err := stranger["role"](t, w); err != nil {
			t.Fatal(err)
		}
		w.forget()
		if err := w.try(provision.Up, "role"); err == nil || !strings.Contains(err.Error(), "path") {
			t.Errorf("up says %v", err)
		}
		w.wantWrites()
	})
}

// Between our look and our CreateRole the same stack in another Region was
// quicker. Its tags say so: there is nothing to wait for.
func TestARoleWhoseTagsNameAnotherOwnerIsNotWaitedFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.overtaking("CreateRole", func() error {
			home := w.cfg.Region
			w.moveTo("eu-west-1")
			w.up("role")
			w.moveTo(home)
			w.forget()
			return nil
		})
		began := time.Now()
		err := w.try(provision.Up, "role")
		if foreign, is := errors.AsType[*provision.ForeignError](err); !is || !strings.Contains(foreign.Owner, "eu-west-1") {
			t.Errorf("up says %v", err)
		}
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it waited for %s", waited)
		}
		w.wantWrites("CreateRole")
	})
}
