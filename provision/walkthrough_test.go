package provision_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"todoctl/local"
	"todoctl/provision"
)

var allSteps = provision.Names()

func TestWalkthroughUpAgainAndDown(t *testing.T) {
	for name, parallel := range map[string]int{"one at a time": 1, "all at once": 0} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.parallel = parallel
				begin := time.Now()
				w.up()
				t.Logf("up: %s of virtual time, %d calls, %d writes", time.Since(begin), len(w.aws.Calls()), len(w.writes()))
				for _, name := range allSteps {
					wantState(t, w.look(name), provision.OK)
				}
				w.forget()
				w.up()
				w.wantWrites()
				t.Logf("the re-run: %d calls", len(w.aws.Calls())-w.mark)
				w.forget()
				begin = time.Now()
				w.down()
				t.Logf("down: %s of virtual time, %d calls, %d writes", time.Since(begin), len(w.aws.Calls())-w.mark, len(w.writes()))
				for _, name := range allSteps {
					wantState(t, w.look(name), provision.Absent)
				}
				w.forget()
				w.down()
				w.wantWrites()
			})
		})
	}
}

// Without lags the number of calls is the program's own doing.
func TestCallsWithoutLags(t *testing.T) {
	inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
		w.parallel = 0
		begin := time.Now()
		w.up()
		t.Logf("up: %s of virtual time, %d calls, %d writes: %v", time.Since(begin), len(w.aws.Calls()), len(w.writes()), w.writes())
		if want := 13; len(w.writes()) != want {
			t.Errorf("the writes of up were %v, want %d", w.writes(), want)
		}
	})
}

func TestTheSameCallsInTheSameOrderOneAtATime(t *testing.T) {
	var first []string
	for range 3 {
		inWorld(t, func(t *testing.T, w *world) {
			w.up()
			w.down()
			var names []string
			for _, c := range w.aws.Calls() {
				names = append(names, c.Operation)
			}
			if first == nil {
				first = names
			} else if !slices.Equal(first, names) {
				t.Errorf("the calls were\n%v\nand then\n%v", first, names)
			}
		})
	}
}

func TestPlanOfAFinishedStackIsToKeepEverything(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		plan := must[[]provision.Change](t)(provision.Plan(t.Context(), provision.Steps(w.cfg, w.clients), provision.Up))
		for _, c := range plan {
			if c.Action != provision.Keep {
				t.Errorf("it would %s the %s: %v %s", c.Action, c.Name(), c.Seen.Diffs, c.Seen.Owner)
			}
		}
		if plan[3].Seen.ID == "" || plan[0].Seen.ID != w.cfg.TableARN() {
			t.Errorf("the IDs are %q and %q", plan[0].Seen.ID, plan[3].Seen.ID)
		}
	})
}

func fn(w *world) *string { return aws.String(w.cfg.FunctionName()) }

// second drops the answer of a call.
func second[T any](_ T, err error) error { return err }

// vanish deletes a resource behind todoctl's back.
var vanish = map[string]func(*testing.T, *world) error{
	"table": func(t *testing.T, w *world) error {
		return second(w.clients.DynamoDB.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}))
	},
	"role": func(t *testing.T, w *world) error {
		name := aws.String("LambdaTodoRole")
		return errors.Join(
			second(w.clients.IAM.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("TodoAccess")})),
			second(w.clients.IAM.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})))
	},
	"function": func(t *testing.T, w *world) error {
		return second(w.clients.Lambda.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: fn(w)}))
	},
	"url": func(t *testing.T, w *world) error {
		return second(w.clients.Lambda.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: fn(w)}))
	},
	"alarm": func(t *testing.T, w *world) error {
		return errors.Join(
			second(w.clients.Billing.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{w.cfg.AlarmName()}})),
			second(w.clients.SNS.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: aws.String(w.cfg.TopicARN())})),
			second(w.clients.Budgets.DeleteBudget(t.Context(), &budgets.DeleteBudgetInput{AccountId: aws.String(w.cfg.Account), BudgetName: aws.String(w.cfg.BudgetName())})))
	},
}

func TestWhatWasDeletedBehindOurBackIsMadeAgain(t *testing.T) {
	for name, remove := range vanish {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				if err := remove(t, w); err != nil {
					t.Fatal(err)
				}
				w.up()
				for _, name := range allSteps {
					wantState(t, w.look(name), provision.OK)
				}
			})
		})
		t.Run(name+", and down", func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up()
				if err := remove(t, w); err != nil {
					t.Fatal(err)
				}
				w.down()
				for _, name := range allSteps {
					wantState(t, w.look(name), provision.Absent)
				}
			})
		})
	}
}

// stranger makes a resource of our name that is not ours.
var stranger = map[string]func(*testing.T, *world) error{
	"table": func(t *testing.T, w *world) error {
		defer time.Sleep(time.Minute) // virtual: old enough to have shown its tags
		return second(w.clients.DynamoDB.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}}}))
	},
	"role": func(t *testing.T, w *world) error {
		return second(w.clients.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("LambdaTodoRole"),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}))
	},
	"function": strangersFunction,
	"log group": func(t *testing.T, w *world) error {
		return second(w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName())}))
	},
	"topic": func(t *testing.T, w *world) error {
		return second(w.clients.SNS.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(w.cfg.TopicName())}))
	},
	"alarm": func(t *testing.T, w *world) error {
		return second(w.clients.Billing.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String(w.cfg.AlarmName()),
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(300),
			EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold}))
	},
	"budget": func(t *testing.T, w *world) error {
		return second(w.clients.Budgets.CreateBudget(t.Context(), &budgets.CreateBudgetInput{AccountId: aws.String(w.cfg.Account), Budget: &budgetstypes.Budget{
			BudgetName: aws.String(w.cfg.BudgetName()), BudgetType: budgetstypes.BudgetTypeCost, TimeUnit: budgetstypes.TimeUnitMonthly,
			BudgetLimit: &budgetstypes.Spend{Amount: aws.String("100"), Unit: aws.String("USD")}}}))
	},
}

func strangersFunction(t *testing.T, w *world) error {
	role := &iam.CreateRoleInput{RoleName: aws.String("SomebodysRole"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}
	if _, err := w.clients.IAM.CreateRole(t.Context(), role); err != nil {
		return err
	}
	time.Sleep(time.Minute) // virtual: Lambda can assume it
	_, err := w.clients.Lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: fn(w), Runtime: lambdatypes.RuntimePython312,
		Handler: aws.String("a.b"), Role: aws.String("arn:aws:iam::" + w.cfg.Account + ":role/SomebodysRole"),
		Code: &lambdatypes.FunctionCode{ZipFile: w.cfg.Code.Zip}})
	return err
}

func TestForeignResourcesStopUpBeforeTheFirstWriteAndSurviveDown(t *testing.T) {
	for name, make := range stranger {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if err := make(t, w); err != nil {
					t.Fatal(err)
				}
				w.forget()
				var foreign *provision.ForeignError
				if err := w.try(provision.Up); !errors.As(err, &foreign) || foreign.Owner == "" {
					t.Errorf("up says %v", err)
				}
				w.down()
				w.wantWrites()
			})
		})
	}
}

func TestAnotherStacksResourceIsForeign(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		tags := []types.Tag{{Key: aws.String(provision.TagStack), Value: aws.String("Chat")}}
		if _, err := w.clients.DynamoDB.TagResource(t.Context(), &dynamodb.TagResourceInput{ResourceArn: aws.String(w.cfg.TableARN()), Tags: tags}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(local.AWSLags.TableTags) // virtual
		seen := w.look("table")
		if wantState(t, seen, provision.Foreign); seen.Owner != `it belongs to todoctl's stack "Chat"` {
			t.Errorf("the owner is %q", seen.Owner)
		}
	})
}

func TestTwoStacksLiveSideBySide(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up(allSteps[:4]...)
		todo := w.cfg
		w.cfg.Stack = "Chat"
		w.up(allSteps[:4]...)
		w.down(allSteps[:4]...)
		w.cfg = todo
		for _, name := range allSteps[:5] {
			wantState(t, w.look(name), provision.OK)
		}
	})
}

func TestAdoptTakesOverWhatIsThere(t *testing.T) {
	for _, name := range []string{"table", "role", "function", "log group"} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if err := stranger[name](t, w); err != nil {
					t.Fatal(err)
				}
				w.cfg.Adopt = true
				w.up()
				w.cfg.Adopt = false
				for _, name := range allSteps {
					wantState(t, w.look(name), provision.OK)
				}
			})
		})
	}
}

// Whatever answer is lost, the same run goes on to the end.
func TestALostAnswerIsRepairedInTheSameRun(t *testing.T) {
	for _, operation := range []string{
		"CreateTable", "CreateRole", "PutRolePolicy", "CreateLogGroup", "PutRetentionPolicy",
		"CreateFunction", "CreateFunctionUrlConfig", "AddPermission",
	} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.losing(operation)
				w.up(allSteps[:5]...)
				for _, name := range allSteps[:5] {
					wantState(t, w.look(name), provision.OK)
				}
			})
		})
	}
	for _, operation := range []string{
		"DeleteFunctionUrlConfig", "RemovePermission", "DeleteFunction", "DeleteLogGroup",
		"DeleteRolePolicy", "DeleteRole", "DeleteTable",
	} {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up(allSteps[:4]...)
				w.losing(operation)
				w.down(allSteps[:4]...)
				for _, name := range allSteps[:5] {
					wantState(t, w.look(name), provision.Absent)
				}
			})
		})
	}
}

// The role, the budget and the alarm are the account's: the same stack in
// another Region would take them over.
func TestTheSameStackInAnotherRegionIsForeign(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		w.cfg.Region = "us-west-2"
		w.forget()
		err := w.try(provision.Up, "role", "alarm")
		var foreign *provision.ForeignError
		if !errors.As(err, &foreign) || !strings.Contains(err.Error(), `it belongs to the stack "Todo" in eu-central-1`) {
			t.Errorf("up says %v", err)
		}
		w.wantWrites()
	})
}
