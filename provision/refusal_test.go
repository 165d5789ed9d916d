package provision_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"todoctl/provision"
)

func TestRefusalNamesActionAndResourceHoweverAWSWordsIt(t *testing.T) {
	const user = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: "
	for _, tt := range []struct{ service, operation, code, message, want string }{
		{"DynamoDB", "CreateTable", "AccessDeniedException", user + "dynamodb:TagResource on resource: arn:aws:dynamodb:eu-central-1:123456789012:table/TodoTable because no identity-based policy allows the dynamodb:TagResource action",
			"dynamodb:TagResource on arn:aws:dynamodb:eu-central-1:123456789012:table/TodoTable"},
		{"IAM", "GetRole", "AccessDenied", user + "iam:GetRole on resource: role LambdaTodoRole because no identity-based policy allows the iam:GetRole action",
			"iam:GetRole on role LambdaTodoRole"},
		{"IAM", "GetRole", "AccessDenied", user + "iam:GetRole on resource: role LambdaTodoRole", "iam:GetRole on role LambdaTodoRole"},
		{"Lambda", "CreateFunction", "AccessDeniedException", user + "iam:PassRole on resource: arn:aws:iam::123456789012:role/LambdaTodoRole with an explicit deny in a permissions boundary",
			"iam:PassRole on arn:aws:iam::123456789012:role/LambdaTodoRole"},
		{"Lambda", "GetAccountSettings", "AccessDeniedException", user + "lambda:GetAccountSettings on resource: * because no identity-based policy allows the lambda:GetAccountSettings action",
			"lambda:GetAccountSettings"},
		{"SNS", "CreateTopic", "AuthorizationError", user + "SNS:CreateTopic on resource: arn:aws:sns:us-east-1:123456789012:TodoBillingTopic because no identity-based policy allows the SNS:CreateTopic action",
			"sns:CreateTopic on arn:aws:sns:us-east-1:123456789012:TodoBillingTopic"},
		{"CloudWatch Logs", "CreateLogGroup", "AccessDeniedException", "User with accountId: 123456789012 is not authorized to perform CreateLogGroup with Tags", "logs:TagResource"},
		{"FreeTier", "GetAccountPlanState", "AccessDeniedException", user + "freetier:GetAccountPlanState", "freetier:GetAccountPlanState"},
		{"Budgets", "DescribeSubscribersForNotification", "AccessDeniedException", "Access is denied.", "budgets:ViewBudget"},
		{"Budgets", "CreateSubscriber", "AccessDeniedException", "", "budgets:ModifyBudget"},
		{"Budgets", "ListTagsForResource", "AccessDeniedException", "", "budgets:ListTagsForResource"},
		{"CloudWatch Logs", "PutRetentionPolicy", "AccessDeniedException", "", "logs:PutRetentionPolicy"},
		{"Resource Groups Tagging API", "GetResources", "AccessDeniedException", "", "tag:GetResources"},
		{"CloudWatch", "DescribeAlarms", "AccessDenied", "", "cloudwatch:DescribeAlarms"},
	} {
		err := fmt.Errorf("look: %w", &smithy.OperationError{ServiceID: tt.service, OperationName: tt.operation, Err: code(tt.code, tt.message)})
		if r, ok := provision.RefusalOf(err); !ok || r.String() != tt.want {
			t.Errorf("%s %s, %q: %v %q, want %q", tt.service, tt.operation, tt.message, ok, r, tt.want)
		}
	}
	for _, err := range []error{nil, errors.New("no"), code("ThrottlingException", user+"iam:GetRole")} {
		if r, ok := provision.RefusalOf(err); ok {
			t.Errorf("%v is taken for the refusal of %s", err, r)
		}
	}
}

// CloudWatch Logs says neither that it is logs:TagResource nor on what.
func TestARefusedTagOfTheLogGroupIsNamedWithTheGroup(t *testing.T) {
	withRole(t, func(t *testing.T, w *world) {
		w.always("CreateLogGroup", code("AccessDeniedException", "User with accountId: 000000000000 is not authorized to perform CreateLogGroup with Tags"))
		r, refused := provision.RefusalOf(w.try(provision.Up, "function"))
		if want := "logs:TagResource on " + w.cfg.LogGroupARN(); !refused || r.String() != want {
			t.Errorf("refused: %v %q, want %q", refused, r, want)
		}
	})
}

func TestUpChangesNothingWhereALookIsRefused(t *testing.T) {
	for _, operation := range []string{"DescribeTable", "GetRole", "GetFunction", "DescribeLogGroups", "GetPolicy"} {
		inWorld(t, func(t *testing.T, w *world) {
			w.always(operation, errDenied)
			if _, refused := provision.RefusalOf(w.try(provision.Up)); !refused {
				t.Errorf("%s: up is not refused", operation)
			}
			w.wantWrites()
		})
	}
}

// What down may not look at stays, and the rest goes: it costs money.
func TestDownGoesOnWhereALookIsRefused(t *testing.T) {
	for operation, step := range map[string]string{
		"DescribeTable": "table", "GetRole": "role", "DescribeLogGroups": "function", "GetFunctionUrlConfig": "url",
	} {
		t.Run(step, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				w.always(operation, errDenied)
				err := w.try(provision.Down)
				failed, ok := errors.AsType[*provision.StepError](err)
				if r, refused := provision.RefusalOf(err); !ok || failed.Step != step || !refused || r.Action == "" {
					t.Fatalf("down ends with %v", err)
				}
				w.on(operation, nil)
				for _, name := range []string{"table", "role", "function", "alarm"} {
					if seen := w.look(name); (name == step) == (seen.State == provision.Absent) {
						t.Errorf("the %s is %s", name, seen.State)
					}
				}
				w.down()
				for _, name := range []string{"table", "role", "function", "url", "alarm"} {
					wantState(t, w.look(name), provision.Absent)
				}
			})
		})
	}
}

// A fault is no refusal: what is there may be anything, and may pass.
func TestDownChangesNothingWhereALookFails(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		w.forget()
		w.always("GetRole", code("ValidationError", "no"))
		if err := w.try(provision.Down); err == nil {
			t.Error("down says that it is done")
		}
		w.wantWrites()
	})
}
