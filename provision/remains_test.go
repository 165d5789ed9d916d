package provision_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go/middleware"

	"todoctl/provision"
)

// remains returns what is left, as "kind name" and with the note behind it.
func (w *world) remains() []string {
	w.t.Helper()
	left, err := provision.Remains(w.t.Context(), w.cfg, w.clients)
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, r := range left {
		line := r.Kind + " " + r.Name
		if r.Note != "" {
			line += ": " + r.Note
		}
		lines = append(lines, line)
	}
	return lines
}

func (w *world) wantRemains(want ...string) {
	w.t.Helper()
	if got := w.remains(); !slices.Equal(got, want) {
		w.t.Errorf("what is left is\n%s\nshould be\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNothingRemainsAfterDown(t *testing.T) {
	for _, region := range []string{"eu-central-1", provision.BillingRegion} {
		t.Run(region, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.moveTo(region)
				w.wantRemains()
				w.up()
				if left := w.remains(); len(left) != 9 {
					t.Errorf("of a whole stack there is %v", left)
				}
				w.down()
				w.forget()
				w.wantRemains()
				w.wantWrites()
			})
		})
	}
}

// moveTo makes the stack's Region another one.
func (w *world) moveTo(region string) {
	client := &http.Client{Transport: w.aws.Transport()}
	w.cfg.Region = region
	w.clients = provision.NewClients(aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: client,
		APIOptions: []func(*middleware.Stack) error{w.intercept},
	}, client)
}

func TestEverythingRemainsBeforeDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		url := w.look("url").ID
		w.wantRemains("table TodoTable", "role LambdaTodoRole", "function TodoHandler", "url "+url, "permission statements TodoHandler",
			"log group /aws/lambda/TodoHandler", "topic TodoBillingTopic", "alarm TodoBillingAlarm", "budget TodoBudget")
	})
}

func TestAStrangersResourceIsNoLeftover(t *testing.T) {
	const note = ": it was not made by todoctl: it has no tag todoctl:stack"
	for what, want := range map[string][]string{
		"table":    {"table TodoTable" + note},
		"role":     {"role LambdaTodoRole" + note},
		"function": {"function TodoHandler" + note},
		"topic":    {"topic TodoBillingTopic" + note},
		"alarm":    {"alarm TodoBillingAlarm" + note},
		"budget":   {"budget TodoBudget" + note},
	} {
		t.Run(what, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if err := stranger[what](t, w); err != nil {
					t.Fatal(err)
				}
				w.wantRemains(want...)
			})
		})
	}
}

func TestALogGroupThatCameBackIsNamedWithTheWayToDeleteIt(t *testing.T) {
	group := func(t *testing.T, w *world) {
		if _, err := w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName())}); err != nil {
			t.Fatal(err)
		}
	}
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		w.down()
		group(t, w)
		w.wantRemains("log group /aws/lambda/TodoHandler: late log lines made it again, and it has no tag; to delete it: " +
			"aws logs delete-log-group --log-group-name /aws/lambda/TodoHandler --region eu-central-1")
		time.Sleep(2 * time.Hour) // virtual: no log line is as late as that
		w.wantRemains("log group /aws/lambda/TodoHandler: it was not made by todoctl: it has no tag todoctl:stack; if nobody needs it: " +
			"aws logs delete-log-group --log-group-name /aws/lambda/TodoHandler --region eu-central-1")
	})
	inWorld(t, func(t *testing.T, w *world) {
		if err := strangersFunction(t, w); err != nil {
			t.Fatal(err)
		}
		group(t, w)
		const note = ": it was not made by todoctl: it has no tag todoctl:stack"
		w.wantRemains("function TodoHandler"+note, "log group /aws/lambda/TodoHandler"+note)
	})
}

func TestAnotherLogGroupWithTheSameBeginningIsNotOurs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if _, err := w.clients.Logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(w.cfg.LogGroupName() + "2")}); err != nil {
			t.Fatal(err)
		}
		w.wantRemains()
	})
}

func TestATableThatIsGoingIsNoted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		if _, err := w.clients.DynamoDB.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}); err != nil {
			t.Fatal(err)
		}
		w.wantRemains("table TodoTable: AWS is still deleting it")
		time.Sleep(time.Minute) // virtual
		w.wantRemains()
	})
}

func TestWhatCarriesTheTagUnderAnotherNameIsFound(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		tag := []types.Tag{{Key: aws.String(provision.TagStack), Value: aws.String("Todo")}}
		_, err := w.clients.DynamoDB.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("OldTodoTable"), BillingMode: types.BillingModePayPerRequest, Tags: tag,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.clients.SNS.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("OldTopic"),
			Tags: []snstypes.Tag{{Key: aws.String(provision.TagStack), Value: aws.String("Todo")}}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // virtual
		w.wantRemains("table OldTodoTable", "topic OldTopic")
		w.cfg.Stack = "Chat"
		w.wantRemains()
	})
}

// The tagging API lists what was deleted for a while longer.
func TestTheTaggingAPIIsNotBelievedAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		gone := []string{
			"arn:aws:dynamodb:eu-central-1:000000000000:table/OldTodoTable",
			"arn:aws:lambda:eu-central-1:000000000000:function:OldHandler",
			"arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/OldHandler:*",
			"arn:aws:sns:us-east-1:000000000000:OldTopic",
			"arn:aws:cloudwatch:us-east-1:000000000000:alarm:OldAlarm",
			"arn:aws:iam::000000000000:role/OldRole",
			"arn:aws:budgets::000000000000:budget/OldBudget",
			w.cfg.TableARN(), w.cfg.LogGroupARN() + ":*",
		}
		w.on("GetResources", func(_ context.Context, _ func() (any, error)) (any, error) {
			out := &resourcegroupstaggingapi.GetResourcesOutput{}
			for _, arn := range gone {
				out.ResourceTagMappingList = append(out.ResourceTagMappingList, taggingtypes.ResourceTagMapping{ResourceARN: aws.String(arn)})
			}
			return out, nil
		})
		w.wantRemains()
		gone = []string{"arn:aws:sqs:eu-central-1:000000000000:OldQueue", "arn:aws:dynamodb:ap-south-1:000000000000:table/FarTable"}
		const note = ": it carries the stack's tag; AWS may list it for some minutes after it is gone"
		w.wantRemains("table FarTable"+note, "sqs OldQueue"+note)
	})
}

// What down has deleted may show for a while; what shows for longer is left.
func TestWhatIsLeftForGoodIsLookedAtUntilItMustHaveGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("role")
		began := time.Now()
		left, err := provision.RemainsAfter(t.Context(), w.cfg, w.clients)
		if took := time.Since(began); err != nil || len(left) != 1 || left[0].Kind != "role" || took < provision.Spread || took > 2*provision.Spread {
			t.Errorf("after %s left are %v (%v)", took, left, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
		defer stop()
		if _, err := provision.RemainsAfter(ctx, w.cfg, w.clients); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that is cut off ends with %v", err)
		}
		w.down("role")
		began = time.Now()
		if left, err := provision.RemainsAfter(t.Context(), w.cfg, w.clients); err != nil || len(left) > 0 || time.Since(began) > 0 {
			t.Errorf("after %s left are %v (%v)", time.Since(began), left, err)
		}
	})
}

func TestWhatMayNotBeLookedAtIsNoted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.always("DescribeBudget", errDenied)
		w.always("GetResources", errDenied)
		w.wantRemains(
			"budget : the budget TodoBudget could not be looked at: AWS does not allow you budgets:ViewBudget",
			"tag : nothing could be looked for by tag in eu-central-1: AWS does not allow you tag:GetResources",
			"tag : nothing could be looked for by tag in us-east-1: AWS does not allow you tag:GetResources")
	})
}

func TestALookThatFailsIsAnErrorAndTheOthersAreToldAllTheSame(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table", "role")
		w.always("DescribeAlarms", code("ValidationError", "no"))
		left, err := provision.Remains(t.Context(), w.cfg, w.clients)
		if err == nil || !strings.Contains(err.Error(), "look for the alarm TodoBillingAlarm") || len(left) != 2 {
			t.Errorf("left %v, err %v", left, err)
		}
	})
}
