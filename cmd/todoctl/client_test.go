//go:build !windows

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// seenByBoto3 looks at the walkthrough with another SDK than ours.
const seenByBoto3 = `
import boto3, json
table = boto3.client("dynamodb").describe_table(TableName="TodoTable")["Table"]
print(table["TableStatus"], table["ProvisionedThroughput"]["ReadCapacityUnits"], table["ProvisionedThroughput"]["WriteCapacityUnits"])
role = boto3.client("iam").get_role(RoleName="LambdaTodoRole")["Role"]
print(role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"])
functions = boto3.client("lambda")
function = functions.get_function(FunctionName="TodoHandler")
print(function["Configuration"]["State"], function["Configuration"]["Runtime"], function["Tags"]["todoctl:stack"])
print(functions.get_function_url_config(FunctionName="TodoHandler")["FunctionUrl"])
for statement in json.loads(functions.get_policy(FunctionName="TodoHandler")["Policy"])["Statement"]:
    print(statement["Action"], json.dumps(statement["Condition"]))
print(boto3.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/TodoHandler")["logGroups"][0]["retentionInDays"])
alarm = boto3.client("cloudwatch").describe_alarms(AlarmNames=["TodoBillingAlarm"])["MetricAlarms"][0]
print(alarm["MetricName"], alarm["StateValue"], alarm["Period"])
budget = boto3.client("budgets").describe_budget(AccountId="000000000000", BudgetName="TodoBudget")["Budget"]
print(budget["BudgetLimit"]["Amount"], budget["CostTypes"]["IncludeCredit"])
`

func TestBoto3SeesTheSameWalkthrough(t *testing.T) {
	t.Parallel()
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 is not on this machine")
	}
	env := cloud(t, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1")
	url, errs, exit := run(t, env, "up", "--yes")
	if exit != 0 {
		t.Fatal(errs)
	}
	cmd := exec.Command("python3", "-c", seenByBoto3)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := strings.Join([]string{
		"ACTIVE 5 5",
		"lambda.amazonaws.com",
		"Active python3.12 Todo",
		strings.TrimSpace(url),
		`lambda:InvokeFunctionUrl {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}`,
		`lambda:InvokeFunction {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}`,
		"7",
		"EstimatedCharges INSUFFICIENT_DATA 21600",
		"1 False",
		"",
	}, "\n")
	if got := strings.ReplaceAll(string(out), "\n1.0 False", "\n1 False"); got != want {
		t.Errorf("boto3 sees\n%s\nwant\n%s", got, want)
	}
}

func TestTheAWSCommandSeesTheSameTable(t *testing.T) {
	t.Parallel()
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the aws command is not on this machine")
	}
	env := cloud(t, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=")
	if _, errs, exit := run(t, env, "up", "--yes"); exit != 0 {
		t.Fatal(errs)
	}
	cmd := exec.Command(aws, "dynamodb", "scan", "--table-name", "TodoTable", "--query", "Items[0].task.S", "--output", "text")
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "Buy groceries" {
		t.Errorf("aws says %q, %v", out, err)
	}
}
