package provision

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A Wait is what AWS is at while a step waits for it.
type Wait struct {
	What  string // who does what: "IAM is copying the new role"
	Usual string // how long that usually takes: "5-15 s"; "" where nobody says
}

func (w Wait) String() string {
	if w.Usual == "" {
		return w.What
	}
	return w.What + ", usually " + w.Usual
}

// What steps wait for. Where AWS says how long something takes, or people who
// measured it do, the Wait says so, and a comment names them. docs/local-aws.md
// has the same figures for the local AWS.
var (
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
	// has the states; how long is what people see.
	tableCreating = Wait{"DynamoDB is making the table", "5-10 s"}
	tableUpdating = Wait{"DynamoDB is changing the table", ""}
	tableDeleting = Wait{"DynamoDB is deleting the table and its items", ""}
	tableBusy     = Wait{"DynamoDB is still at work on the table", ""}

	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
	// has the phases; how long is what people see of small tables.
	indexCreating = Wait{"DynamoDB is making room for the index", "under a minute"}
	indexFilling  = Wait{"DynamoDB is filling the index; lists come by Scan meanwhile", "8-17 min"}
	indexUpdating = Wait{"DynamoDB is changing the index", "2-4 s"}
	indexDeleting = Wait{"DynamoDB is deleting the index, and no item", "3-6 s"}
	capacityUsed  = Wait{fmt.Sprintf("the table has used up its %d reads or %d writes a second", readCapacity, writeCapacity), ""}

	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html says
	// that IAM copies what was changed around the world, and not how long that
	// takes; these do. https://github.com/aws/aws-sdk-js/issues/4408
	roleCopying       = Wait{"IAM is copying the new role to Lambda", "5-15 s"}
	roleShowing       = Wait{"IAM does not find the new role everywhere yet", "5-15 s"}
	rolePolicyCopying = Wait{"IAM is copying the role's new policy", "5-15 s"}
	roleLosing        = Wait{"IAM is taking the policies off the role", "5-15 s"}

	// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html has the
	// states; how long is what people see.
	functionPending  = Wait{"Lambda is preparing the function", "2-5 s"}
	functionUpdating = Wait{"Lambda is updating the function", "2-5 s"}
	functionBusy     = Wait{"Lambda is still at work on the function", ""}
	functionDeleting = Wait{"Lambda is deleting the function", ""}
	functionShowing  = Wait{"Lambda does not find the new function everywhere yet", ""}

	// https://github.com/ansible-collections/amazon.aws/pull/1702
	urlOpening = Wait{"the URL answers 403 until its policy spreads", "1-20 s"}
	urlSilent  = Wait{"the URL does not answer yet", ""}
	urlCrowded = Wait{"the URL answers 429: too many requests at once", ""}

	urlShowing       = Wait{"Lambda does not find the new URL everywhere yet", ""}
	statementShowing = Wait{"Lambda does not show the URL's permissions yet", ""}

	groupShowing = Wait{"CloudWatch Logs does not find the new log group yet", ""}
	groupAgain   = Wait{"CloudWatch Logs is taking in the function's last lines", ""}

	// https://github.com/hashicorp/terraform-provider-aws, internal/service/sns
	topicOpening = Wait{"SNS does not open the new topic yet", "about 10 s"}
	tagsShowing  = Wait{"AWS does not show the new tags yet", "a few seconds"}
	nameTaken    = Wait{"the name is taken, and AWS does not show yet by whom", ""}
)

// waitOfTable are DynamoDB's words for being at work, in ours.
var waitOfTable = map[dynamodbtypes.TableStatus]Wait{
	dynamodbtypes.TableStatusCreating: tableCreating,
	dynamodbtypes.TableStatusUpdating: tableUpdating,
	dynamodbtypes.TableStatusDeleting: tableDeleting,
}

// waitOfFunction is what Lambda is at, in words.
func waitOfFunction(c *lambdatypes.FunctionConfiguration) Wait {
	switch pending, _ := progress(c); pending {
	case "":
		return Wait{}
	case string(lambdatypes.StatePending):
		return functionPending
	case string(lambdatypes.StateDeleting):
		return functionDeleting
	}
	return functionUpdating
}

// answering is what the test waits for when the URL gives this answer.
func (a answer) answering() Wait {
	switch {
	case a.status == 0:
		return urlSilent
	case a.status == http.StatusForbidden:
		return urlOpening
	case a.status == http.StatusTooManyRequests:
		return urlCrowded
	case a.status >= http.StatusInternalServerError:
		// A role's policies spread last. https://github.com/aws/aws-sdk-js/issues/4408
		return Wait{fmt.Sprintf("the API answers %d: its policy may be late", a.status), "5-15 s"}
	}
	return Wait{What: "the API does not answer as it should yet"}
}

// waited is what a look that was not enough yet waits for.
func (o Observation) waited(goal Goal) Wait {
	switch {
	case o.Wait != Wait{}:
		return o.Wait
	case o.Pending != "":
		return Wait{What: "AWS says " + o.Pending}
	case goal == Down && o.State == Absent:
		return Wait{What: "AWS does not show it now, and is asked once more"}
	case goal == Down:
		return Wait{What: "AWS still shows it"}
	case o.State == Absent:
		return Wait{What: "AWS has accepted it, and does not show it yet"}
	case len(o.Diffs) > 0 && o.Diffs[0].Have == "missing":
		return Wait{What: fmt.Sprintf("AWS does not show the %s yet", strings.TrimPrefix(o.Diffs[0].Field, "the "))}
	case len(o.Diffs) > 0:
		return Wait{What: fmt.Sprintf("AWS still says that %s is %s", o.Diffs[0].Field, o.Diffs[0].Have)}
	}
	return Wait{What: "AWS does not show yet whose it is"}
}

// A walk is the run that a step is part of, as the step's own waits see it.
type walk struct {
	going   context.Context // ended by the first failure going up; calls go on, waits do not
	waiting func(Wait)      // told what the step waits for
}

type walkKey struct{}

// Telling tells of every wait that something under the returned context makes:
// once for each time that it looks, so the same Wait comes again and again. Run
// tells its steps' waits as events instead.
func Telling(ctx context.Context, tell func(Wait)) context.Context {
	return context.WithValue(ctx, walkKey{}, walk{going: ctx, waiting: tell})
}

// waitingFor tells whoever listens what a wait is about; the zero Wait has been
// told already.
func waitingFor(ctx context.Context, wait Wait) {
	if w, ok := ctx.Value(walkKey{}).(walk); ok && wait != (Wait{}) {
		w.waiting(wait)
	}
}
