package provision_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/provision"
)

// What another todoctl does while this one is at work.

func TestDownLeavesWhatHasBecomeSomebodyElsesSinceThePlan(t *testing.T) {
	for name, step := range map[string]string{
		"table": "table", "role": "role", "function": "function", "topic": "alarm", "alarm": "alarm", "budget": "alarm",
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				plan := must[[]provision.Change](t)(provision.Plan(provision.Serial(t.Context()), provision.Teardown(w.cfg, w.clients), provision.Down))
				if err := vanish[step](t, w); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // virtual: it is gone
				if err := stranger[name](t, w); err != nil {
					t.Fatal(err)
				}
				err := provision.Run(t.Context(), plan, provision.Options{Goal: provision.Down, Clock: bubble, Parallel: 1})
				var foreign *provision.ForeignError
				if !errors.As(err, &foreign) {
					t.Errorf("down says %v", err)
				}
				if seen := w.look(step); seen.State != provision.Foreign {
					t.Errorf("what was somebody else's is %s", seen.State)
				}
			})
		})
	}
}

// The same going up: what has become somebody else's is not repaired, and what
// stands on it is not made.
func TestUpLeavesWhatHasBecomeSomebodyElsesSinceThePlan(t *testing.T) {
	for name, c := range map[string]struct{ drift, step string }{
		"function": {"function", "function"}, "function under the URL": {"url", "function"}, "budget": {"alarm", "alarm"}, "topic": {"alarm", "alarm"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				switch c.drift {
				case "function":
					must[any](t)(w.clients.Lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: fn(w), MemorySize: aws.Int32(512)}))
				case "url":
					if err := vanish["url"](t, w); err != nil {
						t.Fatal(err)
					}
				case "alarm":
					must[any](t)(w.clients.Billing.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{w.cfg.AlarmName()}}))
				}
				time.Sleep(time.Minute) // virtual
				plan := must[[]provision.Change](t)(provision.Plan(provision.Serial(t.Context()), provision.Steps(w.cfg, w.clients), provision.Up))
				if c.step == "alarm" {
					if err := map[string]func() error{
						"budget": func() error {
							return second(w.clients.Budgets.DeleteBudget(t.Context(), &budgets.DeleteBudgetInput{AccountId: aws.String(w.cfg.Account), BudgetName: aws.String(w.cfg.BudgetName())}))
						},
						"topic": func() error {
							return second(w.clients.SNS.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: aws.String(w.cfg.TopicARN())}))
						},
					}[name](); err != nil {
						t.Fatal(err)
					}
				} else if err := vanish["function"](t, w); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // virtual: it is gone
				if err := stranger[map[string]string{"function": "function", "alarm": name}[c.step]](t, w); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // virtual: AWS is done with it
				w.forget()
				err := provision.Run(t.Context(), plan, provision.Options{Goal: provision.Up, Clock: bubble, Parallel: 1})
				var foreign *provision.ForeignError
				if !errors.As(err, &foreign) {
					t.Errorf("up says %v", err)
				}
				for _, write := range w.writes() {
					if slices.Contains([]string{"TagResource", "UpdateFunctionConfiguration", "CreateFunctionUrlConfig", "AddPermission", "UpdateBudget", "CreateNotification", "Subscribe"}, write) {
						t.Errorf("it has sent %s", write)
					}
				}
			})
		})
	}
}

// A resource that is deleted between the two calls of one look has no tags in
// that look, which makes it nobody else's.
func TestWhatGoesDuringALookIsGoneAndNotForeign(t *testing.T) {
	for _, c := range []struct{ operation, step, vanish string }{
		{"DescribeTable", "table", "table"},
		{"DescribeAlarms", "alarm", "alarm"},
		{"DescribeBudget", "alarm", "alarm"},
		{"DescribeLogGroups", "function", "log group"},
	} {
		t.Run(c.operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				time.Sleep(time.Minute) // virtual: nothing is new any more
				remove := vanish[c.vanish]
				if c.vanish == "log group" { // one that its function has left behind
					if err := vanish["function"](t, w); err != nil {
						t.Fatal(err)
					}
					remove = func(t *testing.T, w *world) error {
						return second(w.clients.Logs.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName())}))
					}
				}
				gone := false
				w.on(c.operation, func(_ context.Context, send func() (any, error)) (any, error) {
					out, err := send()
					if !gone {
						gone = true
						if err := remove(t, w); err != nil {
							t.Error(err)
						}
						time.Sleep(10 * time.Second) // virtual: it is gone
					}
					return out, err
				})
				seen := must[provision.Observation](t)(w.step(c.step).Observe(provision.Serial(t.Context())))
				if seen.State == provision.Foreign {
					t.Errorf("it is foreign: %s", seen.Owner)
				}
			})
		})
	}
}

func TestUpSaysThatSomebodyDeletesWhatItWorksOn(t *testing.T) {
	t.Run("the topic", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			removed := false
			w.on("Subscribe", func(_ context.Context, send func() (any, error)) (any, error) {
				if !removed {
					removed = true
					if _, err := w.clients.SNS.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: aws.String(w.cfg.TopicARN())}); err != nil {
						t.Error(err)
					}
				}
				return send()
			})
			var gone *provision.GoneError
			if err := w.try(provision.Up); !errors.As(err, &gone) {
				t.Errorf("up says %v", err)
			}
			w.up()
		})
	})
	t.Run("the role", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			gone := false
			w.on("CreateFunction", func(_ context.Context, send func() (any, error)) (any, error) {
				if !gone {
					gone = true
					if err := vanish["role"](t, w); err != nil {
						t.Error(err)
					}
				}
				return send()
			})
			var need *provision.NeedError
			if err := w.try(provision.Up); !errors.As(err, &need) || need.Need != "role" {
				t.Errorf("up says %v", err)
			}
			w.up()
		})
	})
}

// The role is the claim to what the account has once: of two stacks of one name
// in two Regions, the one without the role leaves the alarm to the other.
func TestWhoHasNotTheRoleDoesNotBeginWithTheAlarm(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.parallel = 0
		w.on("CreateRole", func(_ context.Context, send func() (any, error)) (any, error) {
			w.on("CreateRole", nil)
			ours := w.cfg
			w.cfg.Region = "us-west-2"
			w.up("role")
			w.cfg = ours
			return send()
		})
		var foreign *provision.ForeignError
		if err := w.try(provision.Up); !errors.As(err, &foreign) || foreign.Step != "role" {
			t.Errorf("up says %v", err)
		}
		if seen := w.look("alarm"); seen.State != provision.Absent {
			t.Errorf("the alarm is %s", seen.State)
		}
	})
}

// While a table is UPDATING it shows the settings from before.
func TestWhatShowsOnlyWhenAWSIsDoneIsRepairedInTheSameRun(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		must[any](t)(w.clients.DynamoDB.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(25), WriteCapacityUnits: aws.Int64(10)}}))
		if seen := w.look("table"); seen.Pending == "" || len(seen.Diffs) > 0 {
			t.Fatalf("the table shows %v, pending %q", seen.Diffs, seen.Pending)
		}
		w.up()
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestDownTakesAwayAPolicyThatAnUpHasPutBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		back := false
		w.on("DeleteRole", func(_ context.Context, send func() (any, error)) (any, error) {
			if !back {
				back = true
				if _, err := w.clients.IAM.PutRolePolicy(t.Context(), inputs[iam.PutRolePolicyInput](w)[0]); err != nil {
					t.Error(err)
				}
			}
			return send()
		})
		w.down()
		wantState(t, w.look("role"), provision.Absent)
	})
}
