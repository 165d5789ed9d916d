package local

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
)

// A second client, which shares no code with the Go SDK: botocore reads AWS's
// models at run time, and speaks JSON to CloudWatch where Go speaks CBOR.

// besides runs a program beside the server with an environment in which
// nothing of this machine's AWS settings is left.
func (a *account) besides(t *testing.T, endpoint string, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	for _, entry := range cmd.Environ() {
		variable, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		if !strings.HasPrefix(variable, "AWS_") && !strings.HasSuffix(variable, "_PROXY") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	cmd.Env = append(cmd.Env,
		"AWS_ENDPOINT_URL="+endpoint, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE="+nowhere, "AWS_SHARED_CREDENTIALS_FILE="+nowhere, "AWS_PAGER=")
	return cmd
}

const botocoreScript = `
import json, sys, boto3
from botocore.config import Config
from botocore.exceptions import ClientError
endpoint = sys.argv[1]
def client(name):  # named outright: an old botocore passes AWS_ENDPOINT_URL over, and would reach AWS
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="AKIATEST",
                        aws_secret_access_key="secret", config=Config(retries={"max_attempts": 0}))
def code(call, **kw):
    try:
        call(**kw)
        return "no error"
    except ClientError as e:
        return "%s: %s" % (e.response["Error"]["Code"], e.response["Error"]["Message"])
seen = {}

seen["arn"] = client("sts").get_caller_identity()["Arn"]

iam = client("iam")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
iam.create_role(RoleName="LambdaTodoRole", AssumeRolePolicyDocument=json.dumps(trust), Tags=[{"Key": "todoctl:stack", "Value": "Todo"}])
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
iam.put_role_policy(RoleName="LambdaTodoRole", PolicyName="todoctl", PolicyDocument=json.dumps(policy))
role = iam.get_role(RoleName="LambdaTodoRole")["Role"]
seen["role"] = [role["Arn"], role["AssumeRolePolicyDocument"] == trust, role["Tags"], role["CreateDate"].isoformat()]
seen["policy"] = iam.get_role_policy(RoleName="LambdaTodoRole", PolicyName="todoctl")["PolicyDocument"] == policy
seen["again"] = code(iam.create_role, RoleName="LambdaTodoRole", AssumeRolePolicyDocument=json.dumps(trust))
seen["conflict"] = code(iam.delete_role, RoleName="LambdaTodoRole")

sns = client("sns")
topic = sns.create_topic(Name="T", Tags=[{"Key": "todoctl:stack", "Value": "Todo"}])["TopicArn"]
seen["subscribe"] = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ada@example.com")["SubscriptionArn"]
seen["subscriptions"] = [s["SubscriptionArn"] for s in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]]
seen["pending"] = sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"]
seen["notopic"] = code(sns.get_topic_attributes, TopicArn=topic + "x")

cw = client("cloudwatch")
cw.put_metric_alarm(AlarmName="A", Namespace="AWS/Billing", MetricName="EstimatedCharges", Statistic="Maximum", Period=21600,
    EvaluationPeriods=1, Threshold=1.5, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
    Dimensions=[{"Name": "Currency", "Value": "USD"}], Tags=[{"Key": "todoctl:stack", "Value": "Todo"}])
alarm = cw.describe_alarms(AlarmNames=["A"])["MetricAlarms"][0]
seen["alarm"] = [alarm["AlarmArn"], alarm["StateValue"], alarm["Threshold"], alarm["Dimensions"], alarm["StateUpdatedTimestamp"].isoformat()]
seen["alarmtags"] = cw.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
seen["noalarm"] = code(cw.delete_alarms, AlarmNames=["never"])
seen["nometric"] = code(cw.get_metric_statistics, Namespace="N", MetricName="M", StartTime=0, EndTime=60, Period=60)

logs = client("logs")
logs.create_log_group(logGroupName="/aws/lambda/TodoHandler", tags={"todoctl:stack": "Todo"})
logs.put_retention_policy(logGroupName="/aws/lambda/TodoHandler", retentionInDays=7)
logs.create_log_stream(logGroupName="/aws/lambda/TodoHandler", logStreamName="s")
now = alarm["StateUpdatedTimestamp"].timestamp()
logs.put_log_events(logGroupName="/aws/lambda/TodoHandler", logStreamName="s", logEvents=[{"timestamp": int(now * 1000), "message": "grüß dich"}])
group = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/TodoHandler")["logGroups"][0]
seen["group"] = [group["retentionInDays"], group["storedBytes"]]
seen["lines"] = [e["message"] for e in logs.filter_log_events(logGroupName="/aws/lambda/TodoHandler")["events"]]
seen["nogroup"] = code(logs.delete_log_group, logGroupName="never")

budgets = client("budgets")
budgets.create_budget(AccountId="000000000000", Budget={"BudgetName": "B", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": "1", "Unit": "USD"}},
    NotificationsWithSubscribers=[{"Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80},
                                   "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "ada@example.com"}]}])
budget = budgets.describe_budget(AccountId="000000000000", BudgetName="B")["Budget"]
seen["budget"] = [budget["BudgetLimit"], budget["CalculatedSpend"]["ActualSpend"]["Amount"], budget["TimePeriod"]["Start"].timestamp()]
seen["nobudget"] = code(budgets.describe_budget, AccountId="000000000000", BudgetName="C")

db = client("dynamodb")
db.create_table(TableName="TodoTable", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}, Tags=[{"Key": "todoctl:stack", "Value": "Todo"}])
db.put_item(TableName="TodoTable", Item={"id": {"S": "1"}, "n": {"N": "1.50"}})
seen["item"] = db.get_item(TableName="TodoTable", Key={"id": {"S": "1"}})["Item"]
seen["table"] = db.describe_table(TableName="TodoTable")["Table"]["TableStatus"]
seen["notable"] = code(db.describe_table, TableName="never")

tagging = client("resourcegroupstaggingapi")
found = tagging.get_resources(TagFilters=[{"Key": "todoctl:stack", "Values": ["Todo"]}])["ResourceTagMappingList"]
seen["found"] = sorted(r["ResourceARN"] for r in found)
try:
    seen["plan"] = client("freetier").get_account_plan_state()["accountPlanType"]
except Exception as e:
    seen["plan"] = "PAID" if "Unknown service" in str(e) or "has no attribute" in str(e) else str(e)
seen["missing"] = code(client("iam").create_user, UserName="u")
print(json.dumps(seen))
`

func TestBotocoreSeesTheSameAccount(t *testing.T) {
	t.Parallel()
	python, err := exec.Command("python3", "-c", "import boto3, sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("python3 with boto3 is not on this machine; the Go SDK's tests still run")
	}
	a := newAccount(t, Lags{})
	endpoint := "http://" + a.listening(t)
	cmd := a.besides(t, endpoint, strings.TrimSpace(string(python)), "-c", botocoreScript, endpoint)
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, trouble.String())
	}
	tags := `[{"Key":"todoctl:stack","Value":"Todo"}]`
	var got, want map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal([]byte(`{
		"arn": "arn:aws:iam::000000000000:user/local",
		"role": ["arn:aws:iam::000000000000:role/LambdaTodoRole", true, `+tags+`, "2026-11-23T09:00:00+00:00"],
		"policy": true,
		"again": "EntityAlreadyExists: Role with name LambdaTodoRole already exists.",
		"conflict": "DeleteConflict: Cannot delete entity, must delete policies first.",
		"subscribe": "pending confirmation",
		"subscriptions": ["PendingConfirmation"],
		"pending": "1",
		"notopic": "NotFound: Topic does not exist",
		"alarm": ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:A", "INSUFFICIENT_DATA", 1.5, [{"Name":"Currency","Value":"USD"}], "2026-11-23T09:00:00+00:00"],
		"alarmtags": `+tags+`,
		"noalarm": "ResourceNotFound: Alarm with name never does not exist",
		"nometric": "MissingParameter: The parameter Statistics is required.",
		"group": [7, 37],
		"lines": ["grüß dich"],
		"nogroup": "ResourceNotFoundException: The specified log group does not exist.",
		"budget": [{"Amount":"1.0","Unit":"USD"}, "0.0", 1793491200],
		"nobudget": "NotFoundException: Unable to get budget: C - the budget doesn't exist.",
		"item": {"id":{"S":"1"},"n":{"N":"1.5"}},
		"table": "ACTIVE",
		"notable": "ResourceNotFoundException: Requested resource not found: Table: never not found",
		"found": ["arn:aws:cloudwatch:us-east-1:000000000000:alarm:A", "arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable",
			"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/TodoHandler", "arn:aws:sns:us-east-1:000000000000:T"],
		"plan": "PAID",
		"missing": "NotImplemented: todoctl's local AWS does not have the operation CreateUser"
	}`), &want); err != nil {
		t.Fatal(err)
	}
	for _, name := range sortedKeys(want) {
		if !reflect.DeepEqual(got[name], want[name]) {
			t.Errorf("%s: botocore sees %v\nwant %v", name, got[name], want[name])
		}
	}
}

func TestTheCommandLineSeesTheSameAccount(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("the aws command is not on this machine; the Go SDK's tests still run")
	}
	a := newAccount(t, Lags{})
	endpoint := "http://" + a.listening(t)
	run := func(args ...string) string {
		t.Helper()
		cmd := a.besides(t, endpoint, path, append([]string{"--endpoint-url", endpoint, "--output", "text"}, args...)...)
		out, _ := cmd.CombinedOutput() // a failure shows in the text, which the test compares
		return strings.Join(strings.Fields(string(out)), " ")
	}
	a.todoTable(t, "TodoTable")
	a.role(t, "LambdaTodoRole")
	a.group(t, "g", nil)
	type line struct{ args, want string }
	says := func(lines ...line) { // all at once: the program takes a second to start
		t.Helper()
		var running sync.WaitGroup
		defer running.Wait()
		for _, l := range lines {
			running.Go(func() {
				if got := run(strings.Fields(l.args)...); !strings.Contains(got, l.want) || l.want == "" && got != "" {
					t.Errorf("aws %s\nsays %q, want %q", l.args, got, l.want)
				}
			})
		}
	}
	says(
		line{"sns create-topic --name T --query TopicArn", "arn:aws:sns:us-east-1:000000000000:T"},
		line{"cloudwatch put-metric-alarm --alarm-name A --namespace AWS/Billing --metric-name EstimatedCharges --statistic Maximum --period 21600 " +
			"--evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanThreshold --dimensions Name=Currency,Value=USD", ""},
		line{"iam get-role --role-name LambdaTodoRole --query Role.AssumeRolePolicyDocument.Statement[0].Principal.Service", "lambda.amazonaws.com"},
		line{"dynamodb describe-table --table-name TodoTable --query Table.[TableStatus,ProvisionedThroughput.ReadCapacityUnits]", "ACTIVE 5"},
		line{"logs describe-log-groups --query logGroups[].arn", "arn:aws:logs:us-east-1:000000000000:log-group:g:*"},
		line{"iam get-role --role-name never", "(NoSuchEntity) when calling the GetRole operation: The role with name never cannot be found."},
	)
	says(line{"cloudwatch describe-alarms --query MetricAlarms[].[AlarmName,StateValue]", "A INSUFFICIENT_DATA"})
}

// Older botocores and scripts speak the form protocol to CloudWatch.
func TestCloudWatchStillSpeaksTheFormProtocol(t *testing.T) {
	a := newAccount(t, Lags{})
	form := func(body string) (int, string) {
		r := signed("POST", "http://local.localhost/", "monitoring", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		return a.answer(r)
	}
	code, body := form("Action=PutMetricAlarm&Version=2010-08-01&AlarmName=A&Namespace=AWS%2FBilling&MetricName=EstimatedCharges&Statistic=Maximum&Period=21600" +
		"&EvaluationPeriods=1&Threshold=1.5&ComparisonOperator=GreaterThanThreshold&Dimensions.member.1.Name=Currency&Dimensions.member.1.Value=USD" +
		"&AlarmActions.member.1=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3AT&ActionsEnabled=true")
	if code != http.StatusOK || !strings.HasPrefix(body, "<PutMetricAlarmResponse>") {
		t.Fatalf("%d %s", code, body)
	}
	code, body = form("Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=A")
	for _, part := range []string{
		"<MetricAlarms><member>", "<AlarmName>A</AlarmName>", "<Threshold>1.5</Threshold>", "<StateValue>INSUFFICIENT_DATA</StateValue>",
		"<Dimensions><member><Name>Currency</Name><Value>USD</Value></member></Dimensions>", "<StateUpdatedTimestamp>2026-11-23T09:00:00Z</StateUpdatedTimestamp>",
	} {
		if code != http.StatusOK || !strings.Contains(body, part) {
			t.Errorf("%d, no %s in %s", code, part, body)
		}
	}
	code, body = form("Action=GetMetricStatistics&Version=2010-08-01&Namespace=N")
	if code != http.StatusBadRequest || !strings.Contains(body, "<Code>MissingParameter</Code>") {
		t.Errorf("%d %s", code, body)
	}
}
