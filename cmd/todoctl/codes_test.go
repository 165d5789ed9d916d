package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"todoctl/local"
)

// A refusedCall is an error that the reference page of an operation lists, or that
// people report of it.
type refusedCall struct {
	run       string // the trial in which the operation is called
	service   string // by its signing name
	operation string
	code      string
	message   string
	times     int // 0 is once
}

const (
	newAccount = "up of a new account"
	plainDown  = "down"
)

// plainTrials are the runs that the other loops are about.
var plainTrials = []trial{
	{name: newAccount, line: upLine, begin: func(*rehearsal) {}},
	{name: plainDown, line: downLine, begin: func(r *rehearsal) { r.wantExit(r.run(upLine), exitDone) }},
}

// waits are the answers that only mean: not yet, not at this moment, or gone
// already.
var waits = []refusedCall{
	{newAccount, "dynamodb", "CreateTable", "LimitExceededException", "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously", 3},
	{newAccount, "dynamodb", "CreateTable", "RequestLimitExceeded", "Throughput exceeds the current throughput limit for your account", 3},
	{"up that mends", "dynamodb", "UpdateTable", "ResourceInUseException", "Attempt to change a resource which is still in use: Table is being updated: TodoTable", 2},
	{"up that mends", "dynamodb", "UpdateTable", "LimitExceededException", "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously", 2},
	{"up that adopts", "dynamodb", "TagResource", "ResourceInUseException", "Attempt to change a resource which is still in use: Table tags are being updated: TodoTable", 2},
	{"up that adopts", "dynamodb", "TagResource", "LimitExceededException", "Subscriber limit exceeded: Only 500 tables can be created, updated, or deleted simultaneously", 2},
	{plainDown, "dynamodb", "DeleteTable", "ResourceInUseException", "Attempt to change a resource which is still in use: Table is being updated: TodoTable", 2},
	{plainDown, "dynamodb", "DeleteTable", "ResourceNotFoundException", "Requested resource not found: Table: TodoTable not found", 1},

	{newAccount, "iam", "CreateRole", "ConcurrentModification", "Please try again.", 3},
	{newAccount, "iam", "CreateRole", "MalformedPolicyDocument", `Invalid principal in policy: "SERVICE":"lambda.amazonaws.com"`, 3},
	{newAccount, "iam", "PutRolePolicy", "NoSuchEntity", "The role with name LambdaTodoRole cannot be found.", 3},
	{"up with other settings", "iam", "AttachRolePolicy", "NoSuchEntity", "The role with name LambdaTodoRole cannot be found.", 3},
	{"up with other settings", "iam", "DeleteRolePolicy", "NoSuchEntity", "The role policy with name TodoAccess cannot be found.", 1},
	{"up with the first settings again", "iam", "DetachRolePolicy", "NoSuchEntity", "Policy arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess was not found.", 1},
	{"up that mends", "iam", "UpdateAssumeRolePolicy", "ConcurrentModification", "Please try again.", 3},
	{"up that adopts", "iam", "TagRole", "ConcurrentModification", "Please try again.", 3},
	{plainDown, "iam", "DeleteRole", "DeleteConflict", "Cannot delete entity, must delete policies first.", 3},
	{plainDown, "iam", "DeleteRole", "ConcurrentModification", "Please try again.", 3},
	{plainDown, "iam", "DeleteRolePolicy", "NoSuchEntity", "The role policy with name TodoAccess cannot be found.", 1},

	{newAccount, "lambda", "CreateFunction", "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.", 4},
	{newAccount, "lambda", "CreateFunction", "InvalidParameterValueException", "The provided execution role does not have permissions to call CreateNetworkInterface on EC2", 4},
	{newAccount, "lambda", "CreateFunction", "InvalidParameterValueException", "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant.", 4},
	{newAccount, "lambda", "CreateFunction", "InvalidParameterValueException", "Your request has been throttled by EC2, please make sure you have enough API rate limit.", 4},
	{newAccount, "lambda", "CreateFunction", "EC2ThrottledException", "Lambda was throttled by Amazon EC2.", 3},
	{newAccount, "lambda", "CreateFunctionUrlConfig", "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending", 3},
	{newAccount, "lambda", "CreateFunctionUrlConfig", "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{newAccount, "lambda", "AddPermission", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{newAccount, "lambda", "AddPermission", "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{"up that mends", "lambda", "UpdateFunctionConfiguration", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 3},
	{"up that mends", "lambda", "UpdateFunctionConfiguration", "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id.", 1},
	{"up that mends", "lambda", "UpdateFunctionCode", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 3},
	{"up that mends", "lambda", "UpdateFunctionUrlConfig", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{"up that adopts", "lambda", "TagResource", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{"up with other settings", "lambda", "RemovePermission", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{plainDown, "lambda", "RemovePermission", "ResourceNotFoundException", "No policy is associated with the given resource.", 1},
	{plainDown, "lambda", "DeleteFunctionUrlConfig", "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:TodoHandler", 2},
	{plainDown, "lambda", "DeleteFunction", "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending", 2},

	{newAccount, "logs", "CreateLogGroup", "OperationAbortedException", "A conflicting operation is currently in progress against this resource. Please try again.", 3},
	{newAccount, "logs", "PutRetentionPolicy", "OperationAbortedException", "A conflicting operation is currently in progress against this resource. Please try again.", 3},
	{newAccount, "logs", "PutRetentionPolicy", "ResourceNotFoundException", "The specified log group does not exist.", 2},
	{plainDown, "logs", "DeleteLogGroup", "OperationAbortedException", "A conflicting operation is currently in progress against this resource. Please try again.", 3},
	{plainDown, "logs", "DeleteLogGroup", "ResourceNotFoundException", "The specified log group does not exist.", 1},

	{newAccount, "sns", "CreateTopic", "ConcurrentAccess", "Can't perform multiple operations on a tag simultaneously.", 3},
	{newAccount, "sns", "CreateTopic", "StaleTag", "A tag has been added to a resource with the same ARN as a deleted resource.", 3},
	{newAccount, "sns", "Subscribe", "NotFound", "Topic does not exist", 2},
	{newAccount, "sns", "Subscribe", "AuthorizationError", "User: arn:aws:iam::000000000000:user/local is not authorized to perform: SNS:Subscribe on resource: arn:aws:sns:us-east-1:000000000000:TodoBillingTopic", 2},
	{"up that adopts", "sns", "TagResource", "ConcurrentAccess", "Can't perform multiple operations on a tag simultaneously.", 3},
	{"up that adopts", "sns", "TagResource", "StaleTag", "A tag has been added to a resource with the same ARN as a deleted resource.", 3},
	{plainDown, "sns", "DeleteTopic", "ConcurrentAccess", "Can't perform multiple operations on a tag simultaneously.", 3},
	{plainDown, "sns", "DeleteTopic", "StaleTag", "A tag has been added to a resource with the same ARN as a deleted resource.", 3},

	{newAccount, "monitoring", "PutMetricAlarm", "InternalServiceFault", "Request processing has failed because of an unknown error.", 2},
	{"up that adopts", "monitoring", "TagResource", "ConcurrentModificationException", "More than one process tried to modify a resource at the same time.", 3},
	{plainDown, "monitoring", "DeleteAlarms", "ResourceNotFound", "The named resource does not exist.", 1},

	{newAccount, "budgets", "CreateBudget", "ThrottlingException", "Rate exceeded", 3},
	{"up that mends", "budgets", "UpdateBudget", "InternalErrorException", "An error on the server occurred.", 2},
	{plainDown, "budgets", "DeleteBudget", "NotFoundException", "Unable to delete budget: TodoBudget - the budget doesn't exist.", 1},
}

// stops are the answers that no waiting helps against.
var stops = []refusedCall{
	{newAccount, "dynamodb", "CreateTable", "LimitExceededException", "Subscriber limit exceeded: There is a limit of 2500 tables per subscriber", 0},
	{newAccount, "dynamodb", "CreateTable", "ValidationException", "One or more parameter values were invalid", 0},
	{newAccount, "dynamodb", "CreateTable", "OptInRequired", "The AWS Access Key Id needs a subscription for the service", 0},
	{newAccount, "iam", "CreateRole", "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", 0},
	{newAccount, "iam", "PutRolePolicy", "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role LambdaTodoRole", 0},
	{newAccount, "iam", "PutRolePolicy", "UnmodifiableEntity", "Cannot perform the operation on the protected role", 0},
	{newAccount, "lambda", "CreateFunction", "CodeStorageExceededException", "Code storage limit exceeded.", 0},
	{newAccount, "lambda", "CreateFunction", "InvalidParameterValueException", "The runtime parameter of python3.12 is no longer supported for creating or updating AWS Lambda functions.", 0},
	{newAccount, "lambda", "CreateFunction", "SubscriptionRequiredException", "The AWS Access Key Id needs a subscription for the service", 0},
	{newAccount, "lambda", "AddPermission", "PolicyLengthExceededException", "The final policy size is bigger than the limit (20480).", 0},
	{newAccount, "logs", "CreateLogGroup", "LimitExceededException", "Resource limit exceeded.", 0},
	{newAccount, "logs", "PutRetentionPolicy", "InvalidParameterException", "1 validation error detected", 0},
	{newAccount, "sns", "CreateTopic", "TopicLimitExceeded", "Topic limit exceeded", 0},
	{newAccount, "sns", "CreateTopic", "TagPolicy", "The request doesn't comply with the IAM tag policy.", 0},
	{newAccount, "sns", "Subscribe", "SubscriptionLimitExceeded", "Subscription limit exceeded", 0},
	{newAccount, "monitoring", "PutMetricAlarm", "LimitExceededFault", "The maximum number of alarms has been reached.", 0},
	{newAccount, "budgets", "CreateBudget", "CreationLimitExceededException", "You've exceeded the notification or subscriber limit.", 0},
	{newAccount, "budgets", "CreateBudget", "ServiceQuotaExceededException", "You've reached the limit of the number of budgets.", 0},
}

// trial finds the run of an answer.
func (a refusedCall) trial(t *testing.T) trial {
	t.Helper()
	all := slices.Concat(plainTrials, trials)
	i := slices.IndexFunc(all, func(x trial) bool { return x.name == a.run })
	if i < 0 {
		t.Fatalf("there is no run %q", a.run)
	}
	return all[i]
}

func (a refusedCall) fault(times int) local.Fault {
	fault := local.Fault{Kind: local.FaultError, Service: a.service, Operation: a.operation, Code: a.code, Message: a.message, Times: times}
	if strings.HasPrefix(a.code, "Internal") {
		fault.Status = http.StatusInternalServerError
	}
	return fault
}

func (a refusedCall) String() string {
	words, _, _ := strings.Cut(a.message, ":")
	return fmt.Sprintf("%s %s %s %s", a.run, a.operation, a.code, words)
}

// T5. What only delays a call is waited out: the same run goes on to the end.
func TestEachCodeThatPassesIsWaitedOut(t *testing.T) {
	t.Parallel()
	cleans := map[string]cleanRun{}
	cases := 0
	for _, a := range waits {
		x := a.trial(t)
		if _, known := cleans[x.name]; !known {
			cleans[x.name] = x.clean(t)
		}
		t.Run(a.String(), func(t *testing.T) {
			cleans[x.name].from.rehearse(t, func(r *rehearsal) {
				end := r.run(x.command(r), a.fault(a.times))
				if end.fired == 0 {
					t.Fatal("it was never called")
				}
				if a.times > 1 && end.fired != a.times {
					t.Errorf("it was called %d times only", end.fired)
				}
				if gone := strings.HasPrefix(a.operation, "De") && a.times == 1; gone { // what AWS calls gone is there in truth
					r.wantExit(end, exitDone, exitFailed)
					r.wantExit(r.run(x.command(r)), exitDone)
				} else {
					r.wantExit(end, exitDone)
				}
				x.wantEnd(r, cleans[x.name])
			})
			cases++
		})
	}
	promise(t, "T5", cases)
}

// T6. What no waiting helps against is said at once, in words, and with a way on
// that leads to the end when the reason has gone.
func TestEachCodeThatStaysIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	clean := cleanUp(t)
	cases := 0
	for _, a := range stops {
		t.Run(a.String(), func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				end := r.run(upLine, a.fault(local.Always))
				if end.fired != 1 {
					t.Errorf("it was tried %d times", end.fired)
				}
				want := exitFailed
				if a.code == "OptInRequired" || a.code == "SubscriptionRequiredException" { // of an account that is not active yet
					want = exitCredentials
				}
				r.wantExit(end, want)
				r.wantPlain(end)
				r.wantExit(r.run(upLine), exitDone)
				r.wantWhole(clean)
			})
			cases++
		})
	}
	promise(t, "T6", cases)
}
