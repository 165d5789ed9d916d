package local

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func (a *account) inline(t *testing.T, role, document string) {
	t.Helper()
	must(iam.NewFromConfig(a.config()).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String(role), PolicyName: aws.String("p"), PolicyDocument: aws.String(document)}))(t)
}

func (a *account) todoTable(t *testing.T, name string) {
	t.Helper()
	must(dynamodb.NewFromConfig(a.config()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:             aws.String(name),
		BillingMode:           types.BillingModeProvisioned,
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)},
		KeySchema:             []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions:  []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}))(t)
}

const leastPrivilege = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem","dynamodb:Scan"],
  "Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable"},
 {"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],
  "Resource":"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/TodoHandler:*"}]}`

func TestFunctionMayDoWhatItsRoleAllows(t *testing.T) {
	a := newAccount(t, Lags{})
	arn := a.role(t, "LambdaTodoRole")
	a.todoTable(t, "TodoTable")
	a.todoTable(t, "Other")
	item := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}}
	function := a.function("TodoHandler", arn)
	db := dynamodb.NewFromConfig(function)
	put := func(table string) error {
		_, err := db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: item})
		return err
	}
	const who = "User: arn:aws:sts::000000000000:assumed-role/LambdaTodoRole/TodoHandler is not authorized to perform: "

	wantError(t, put("TodoTable"), "AccessDeniedException", who+"dynamodb:PutItem on resource: "+
		"arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable because no identity-based policy allows the dynamodb:PutItem action")

	a.inline(t, "LambdaTodoRole", leastPrivilege)
	if err := put("TodoTable"); err != nil {
		t.Errorf("with the policy: %v", err)
	}
	if err := put("arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable"); err != nil {
		t.Errorf("by ARN: %v", err)
	}
	wantError(t, put("Other"), "AccessDeniedException", "table/Other because no identity-based policy")
	fails(db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("TodoTable"), Key: item}))(t, "AccessDeniedException", "dynamodb:DeleteItem")
	fails(db.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable"), IndexName: aws.String("byName")}))(t, "AccessDeniedException", "table/TodoTable/index/byName")

	// A transaction needs the action of each part, on the table of each part.
	part := func(table string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: aws.String(table), Item: item}}
	}
	must(db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{part("TodoTable")}}))(t)
	fails(db.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{part("TodoTable"), part("Other")}}))(
		t, "AccessDeniedException", "dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/Other")
	fails(db.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
		"TodoTable": {Keys: []map[string]types.AttributeValue{item}}}}))(t, "AccessDeniedException", "dynamodb:BatchGetItem")

	// Log groups: streams and events of its own group, but no group.
	l := logs.NewFromConfig(function)
	fails(l.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/TodoHandler")}))(t, "AccessDeniedException", "logs:CreateLogGroup")
	must(logs.NewFromConfig(a.config()).CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("/aws/lambda/TodoHandler")}))(t)
	must(l.CreateLogStream(t.Context(), &logs.CreateLogStreamInput{LogGroupName: aws.String("/aws/lambda/TodoHandler"), LogStreamName: aws.String("s")}))(t)
	fails(l.CreateLogStream(t.Context(), &logs.CreateLogStreamInput{LogGroupName: aws.String("/aws/lambda/Other"), LogStreamName: aws.String("s")}))(
		t, "AccessDeniedException", "log-group:/aws/lambda/Other")

	// The form protocol has other codes.
	fails(sns.NewFromConfig(function).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("n")}))(t, "AuthorizationError", "SNS:CreateTopic on resource: arn:aws:sns:us-east-1:000000000000:n")
	fails(iam.NewFromConfig(function).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("LambdaTodoRole")}))(t, "AccessDenied", "iam:GetRole")

	a.inline(t, "LambdaTodoRole", strings.Replace(leastPrivilege, `[`, `[{"Effect":"Deny","Action":"dynamodb:Put*","Resource":"*"},`, 1))
	wantError(t, put("TodoTable"), "AccessDeniedException", "with an explicit deny in an identity-based policy")
}

func TestPolicyWritesCountAfterTheyHaveSpread(t *testing.T) {
	a := newAccount(t, Lags{RolePolicy: 2 * time.Second})
	arn := a.role(t, "R")
	x := a.server.iam
	may := func(action string) bool { return x.allows(arn, action, "*") }
	policy := func(action string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"` + action + `","Resource":"*"}}`
	}
	a.inline(t, "R", policy("sns:One"))
	if may("sns:One") {
		t.Error("a new policy counts at once")
	}
	a.turn(2 * time.Second)
	if !may("sns:One") {
		t.Error("the policy does not count after the lag")
	}
	a.inline(t, "R", policy("sns:Two"))
	if !may("sns:One") || may("sns:Two") {
		t.Error("a changed policy counts at once")
	}
	a.turn(2 * time.Second)
	if may("sns:One") || !may("sns:Two") {
		t.Error("the changed policy does not count after the lag")
	}

	c := iam.NewFromConfig(a.config())
	must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(dynamoFullAccess)}))(t)
	if may("dynamodb:Scan") {
		t.Error("an attached policy counts at once")
	}
	a.turn(2 * time.Second)
	if !may("dynamodb:Scan") || may("logs:PutLogEvents") {
		t.Error("the attached policy does not say what AWS's says")
	}
	must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(basicExecution)}))(t)
	a.turn(2 * time.Second)
	if !may("logs:CreateLogGroup") || !may("logs:PutLogEvents") || may("logs:DeleteLogGroup") {
		t.Error("AWSLambdaBasicExecutionRole does not say what AWS's says")
	}
}

func TestCallerIdentityIsThePersonOrTheFunction(t *testing.T) {
	a := newAccount(t, Lags{})
	me := must(sts.NewFromConfig(a.config()).GetCallerIdentity(t.Context(), nil))(t)
	if *me.Arn != "arn:aws:iam::000000000000:user/local" || *me.Account != AccountID {
		t.Errorf("%s of %s", *me.Arn, *me.Account)
	}
	arn := a.role(t, "LambdaTodoRole") // without any policy: the call needs none
	it := must(sts.NewFromConfig(a.function("TodoHandler", arn)).GetCallerIdentity(t.Context(), nil))(t)
	if *it.Arn != "arn:aws:sts::000000000000:assumed-role/LambdaTodoRole/TodoHandler" || !strings.HasPrefix(*it.UserId, "AROA") || !strings.HasSuffix(*it.UserId, ":TodoHandler") {
		t.Errorf("%s, %s", *it.Arn, *it.UserId)
	}
	old := a.as(functionKeyPrefix+"GONE", "us-east-1")
	fails(sts.NewFromConfig(old).GetCallerIdentity(t.Context(), nil))(t, "InvalidClientTokenId", "security token")
	fails(dynamodb.NewFromConfig(old).ListTables(t.Context(), nil))(t, "UnrecognizedClientException", "security token")
}
