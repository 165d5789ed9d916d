package local

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// hold closes the account and opens it again under a policy for its people.
func (a *account) hold(t *testing.T, statements string) {
	t.Helper()
	if err := a.server.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: a.path, Now: a.clock, Operator: `{"Version":"2012-10-17","Statement":[` + statements + `]}`})
	if err != nil {
		t.Fatal(err)
	}
	a.server = s
}

func allow(action, resource string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}`
}

// A personCall is a call that a person makes, and what it takes: actions with
// their resources, "ACTION RESOURCE", in the order in which they are looked at.
type personCall struct {
	name  string
	code  string
	do    func(ctx context.Context, c aws.Config) error
	needs []string
	shown []string // how refusals name the resources, where it is not as in needs
}

func called[T any](_ T, err error) error { return err }

var personCalls = []personCall{
	{"ListTables", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(dynamodb.NewFromConfig(c).ListTables(ctx, nil))
	}, []string{"dynamodb:ListTables *"}, nil},
	{"CreateTable with tags", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(dynamodb.NewFromConfig(c).CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String("T"), Tags: []dynamodbtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	}, []string{"dynamodb:CreateTable arn:aws:dynamodb:us-east-1:000000000000:table/T", "dynamodb:TagResource arn:aws:dynamodb:us-east-1:000000000000:table/T"}, nil},
	{"ListTagsOfResource", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(dynamodb.NewFromConfig(c).ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/T")}))
	}, []string{"dynamodb:ListTagsOfResource arn:aws:dynamodb:us-east-1:000000000000:table/T"}, nil},
	{"CreateRole with tags", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(iam.NewFromConfig(c).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("New"), Path: aws.String("/p/"), AssumeRolePolicyDocument: aws.String(lambdaTrust),
			Tags: []iamtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	}, []string{"iam:CreateRole arn:aws:iam::000000000000:role/p/New", "iam:TagRole arn:aws:iam::000000000000:role/p/New"}, nil},
	{"GetRole", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("Deep")}))
	}, []string{"iam:GetRole arn:aws:iam::000000000000:role/deep/Deep"}, []string{"role Deep"}},
	{"ListRoles", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(iam.NewFromConfig(c).ListRoles(ctx, nil))
	}, []string{"iam:ListRoles *"}, nil},
	{"CreateFunction with tags", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("F"), Role: aws.String("arn:aws:iam::000000000000:role/R"),
			Code: &lambdatypes.FunctionCode{ZipFile: []byte("x")}, Tags: map[string]string{"k": "v"}}))
	}, []string{"lambda:CreateFunction arn:aws:lambda:us-east-1:000000000000:function:F", "lambda:TagResource arn:aws:lambda:us-east-1:000000000000:function:F",
		"iam:PassRole arn:aws:iam::000000000000:role/R"}, nil},
	{"UpdateFunctionConfiguration with a role", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("F"), Role: aws.String("arn:aws:iam::000000000000:role/R")}))
	}, []string{"lambda:UpdateFunctionConfiguration arn:aws:lambda:us-east-1:000000000000:function:F", "iam:PassRole arn:aws:iam::000000000000:role/R"}, nil},
	{"UpdateFunctionConfiguration without", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("F"), Timeout: aws.Int32(3)}))
	}, []string{"lambda:UpdateFunctionConfiguration arn:aws:lambda:us-east-1:000000000000:function:F"}, nil},
	{"Invoke", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("F")}))
	}, []string{"lambda:InvokeFunction arn:aws:lambda:us-east-1:000000000000:function:F"}, nil},
	{"GetAccountSettings", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).GetAccountSettings(ctx, nil))
	}, []string{"lambda:GetAccountSettings *"}, nil},
	{"ListTags of a function", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(lambda.NewFromConfig(c).ListTags(ctx, &lambda.ListTagsInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:function:F")}))
	}, []string{"lambda:ListTags arn:aws:lambda:us-east-1:000000000000:function:F"}, nil},
	{"CreateLogGroup with tags", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(logs.NewFromConfig(c).CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String("/g"), Tags: map[string]string{"k": "v"}}))
	}, []string{"logs:CreateLogGroup arn:aws:logs:us-east-1:000000000000:log-group:/g:log-stream:", "logs:TagResource arn:aws:logs:us-east-1:000000000000:log-group:/g"},
		[]string{"", "with Tags"}},
	{"ListTagsForResource of a log group", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(logs.NewFromConfig(c).ListTagsForResource(ctx, &logs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:us-east-1:000000000000:log-group:/g")}))
	}, []string{"logs:ListTagsForResource arn:aws:logs:us-east-1:000000000000:log-group:/g"}, nil},
	{"DescribeLogGroups by prefix", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(logs.NewFromConfig(c).DescribeLogGroups(ctx, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/g")}))
	}, []string{"logs:DescribeLogGroups arn:aws:logs:us-east-1:000000000000:log-group::log-stream:"}, nil},
	{"PutRetentionPolicy", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(logs.NewFromConfig(c).PutRetentionPolicy(ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("/g"), RetentionInDays: aws.Int32(7)}))
	}, []string{"logs:PutRetentionPolicy arn:aws:logs:us-east-1:000000000000:log-group:/g:log-stream:"}, nil},
	{"CreateTopic with tags", "AuthorizationError", func(ctx context.Context, c aws.Config) error {
		return called(sns.NewFromConfig(c).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("n"), Tags: []snstypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	}, []string{"sns:CreateTopic arn:aws:sns:us-east-1:000000000000:n", "sns:TagResource arn:aws:sns:us-east-1:000000000000:n"}, nil},
	{"Subscribe", "AuthorizationError", func(ctx context.Context, c aws.Config) error {
		return called(sns.NewFromConfig(c).Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:n"), Protocol: aws.String("email"), Endpoint: aws.String("me@example.com")}))
	}, []string{"sns:Subscribe arn:aws:sns:us-east-1:000000000000:n"}, nil},
	{"PutMetricAlarm with tags", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(cloudwatch.NewFromConfig(c).PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("A"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: "GreaterThanThreshold",
			Tags: []cloudwatchtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	}, []string{"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:us-east-1:000000000000:alarm:A", "cloudwatch:TagResource arn:aws:cloudwatch:us-east-1:000000000000:alarm:A"}, nil},
	{"DescribeAlarms by name", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(cloudwatch.NewFromConfig(c).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"A"}}))
	}, []string{"cloudwatch:DescribeAlarms arn:aws:cloudwatch:us-east-1:000000000000:alarm:*"}, nil},
	{"DeleteAlarms", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(cloudwatch.NewFromConfig(c).DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"A", "B"}}))
	}, []string{"cloudwatch:DeleteAlarms arn:aws:cloudwatch:us-east-1:000000000000:alarm:A", "cloudwatch:DeleteAlarms arn:aws:cloudwatch:us-east-1:000000000000:alarm:B"}, nil},
	{"GetMetricStatistics", "AccessDenied", func(ctx context.Context, c aws.Config) error {
		return called(cloudwatch.NewFromConfig(c).GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"),
			StartTime: aws.Time(time.Unix(0, 0)), EndTime: aws.Time(time.Unix(60, 0)), Period: aws.Int32(60)}))
	}, []string{"cloudwatch:GetMetricStatistics *"}, nil},
	{"CreateBudget with tags", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(budgets.NewFromConfig(c).CreateBudget(ctx, &budgets.CreateBudgetInput{AccountId: aws.String(AccountID), Budget: &budgetstypes.Budget{BudgetName: aws.String("B"), BudgetType: "COST", TimeUnit: "MONTHLY"},
			ResourceTags: []budgetstypes.ResourceTag{{Key: aws.String("k"), Value: aws.String("v")}}}))
	}, []string{"budgets:ModifyBudget arn:aws:budgets::000000000000:budget/B", "budgets:TagResource arn:aws:budgets::000000000000:budget/B"}, nil},
	{"UpdateBudget", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(budgets.NewFromConfig(c).UpdateBudget(ctx, &budgets.UpdateBudgetInput{AccountId: aws.String(AccountID), NewBudget: &budgetstypes.Budget{BudgetName: aws.String("B"), BudgetType: "COST", TimeUnit: "MONTHLY"}}))
	}, []string{"budgets:ModifyBudget arn:aws:budgets::000000000000:budget/B"}, nil},
	{"DescribeBudget", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(budgets.NewFromConfig(c).DescribeBudget(ctx, &budgets.DescribeBudgetInput{AccountId: aws.String(AccountID), BudgetName: aws.String("B")}))
	}, []string{"budgets:ViewBudget arn:aws:budgets::000000000000:budget/B"}, nil},
	{"ListTagsForResource of a budget", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(budgets.NewFromConfig(c).ListTagsForResource(ctx, &budgets.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:budgets::000000000000:budget/B")}))
	}, []string{"budgets:ListTagsForResource arn:aws:budgets::000000000000:budget/B"}, nil},
	{"GetAccountPlanState", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(freetier.NewFromConfig(c).GetAccountPlanState(ctx, nil))
	}, []string{"freetier:GetAccountPlanState *"}, nil},
	{"GetResources", "AccessDeniedException", func(ctx context.Context, c aws.Config) error {
		return called(tagging.NewFromConfig(c).GetResources(ctx, &tagging.GetResourcesInput{}))
	}, []string{"tag:GetResources *"}, nil},
}

// Each call is tried with one permission more each time: the refusal must name
// the first that is missing, and with all of them there must be none.
func TestAPersonsCallTakesWhatTheAuthorizationReferenceSays(t *testing.T) {
	a := newAccount(t, Lags{})
	must(iam.NewFromConfig(a.config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("Deep"), Path: aws.String("/deep/"), AssumeRolePolicyDocument: aws.String(lambdaTrust)}))(t)
	for _, call := range personCalls {
		t.Run(call.name, func(t *testing.T) {
			statements := []string{allow("none:Nothing", "*")}
			for i, need := range call.needs {
				action, resource, _ := strings.Cut(need, " ")
				a.hold(t, strings.Join(statements, ","))
				said := action + " on resource: " + resource + " because no identity-based policy allows the " + action + " action"
				if strings.HasPrefix(action, "sns:") {
					said = strings.ReplaceAll(said, "sns:", "SNS:")
					said = strings.Replace(said, "arn:aws:SNS:", "arn:aws:sns:", 1)
				}
				switch {
				case call.shown == nil || call.shown[i] == "":
				case strings.HasPrefix(call.shown[i], "role "):
					said = strings.Replace(said, resource, call.shown[i], 1)
				default:
					said = call.shown[i]
				}
				wantError(t, call.do(t.Context(), a.config()), call.code, said)
				statements = append(statements, allow(action, resource))
			}
			a.hold(t, strings.Join(statements, ","))
			var api smithy.APIError
			if err := call.do(t.Context(), a.config()); errors.As(err, &api) && strings.Contains(api.ErrorCode(), "Denied") {
				t.Errorf("with all of them: %v", err)
			}
		})
	}
}

func TestWithoutAnOperatorPolicyAPersonMayDoEverything(t *testing.T) {
	a := newAccount(t, Lags{})
	a.todoTable(t, "TodoTable")
	a.hold(t, allow("none:Nothing", "*"))
	fails(dynamodb.NewFromConfig(a.config()).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")}))(
		t, "AccessDeniedException", "User: arn:aws:iam::000000000000:user/local is not authorized to perform: dynamodb:DescribeTable")
	must(sts.NewFromConfig(a.config()).GetCallerIdentity(t.Context(), nil))(t) // takes no permission
}

func TestAnExplicitDenyForAPersonSaysSo(t *testing.T) {
	a := newAccount(t, Lags{})
	a.hold(t, allow("*", "*")+`,{"Effect":"Deny","Action":"dynamodb:ListTables","Resource":"*"}`)
	fails(dynamodb.NewFromConfig(a.config()).ListTables(t.Context(), nil))(t, "AccessDeniedException", "with an explicit deny in an identity-based policy")
}

func TestTheOperatorPolicyDoesNotHoldFunctions(t *testing.T) {
	a := newAccount(t, Lags{})
	arn := a.role(t, "LambdaTodoRole")
	a.todoTable(t, "TodoTable")
	a.inline(t, "LambdaTodoRole", leastPrivilege)
	a.hold(t, allow("none:Nothing", "*"))
	must(dynamodb.NewFromConfig(a.function("TodoHandler", arn)).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable")}))(t)
}

func TestAFunctionsTagsAreHiddenFromWhoMayNotListThem(t *testing.T) {
	a := newAccount(t, Lags{})
	arn := a.role(t, "R")
	var code bytes.Buffer
	w := zip.NewWriter(&code)
	must(w.Create("a.py"))(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	must(lambda.NewFromConfig(a.config()).CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: aws.String("F"), Role: aws.String(arn), Runtime: "python3.12",
		Handler: aws.String("a.b"), Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()}, Tags: map[string]string{"k": "v"}}))(t)
	get := func() *lambda.GetFunctionOutput {
		return must(lambda.NewFromConfig(a.config()).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("F")}))(t)
	}
	a.hold(t, allow("lambda:GetFunction", "*"))
	if f := get(); f.Tags != nil || f.TagsError == nil || *f.TagsError.ErrorCode != "AccessDeniedException" || !strings.Contains(*f.TagsError.Message, "lambda:ListTags") {
		t.Errorf("tags %v, error %+v", f.Tags, f.TagsError)
	}
	a.hold(t, allow("lambda:GetFunction", "*")+","+allow("lambda:ListTags", "*"))
	if f := get(); f.Tags["k"] != "v" || f.TagsError != nil {
		t.Errorf("tags %v, error %+v", f.Tags, f.TagsError)
	}
}

func TestARoleIsPassedOnlyWhereItsConditionIsMet(t *testing.T) {
	a := newAccount(t, Lags{})
	arn := a.role(t, "R")
	update := func() error {
		return called(lambda.NewFromConfig(a.config()).UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("F"), Role: aws.String(arn)}))
	}
	pass := func(service string) string {
		return allow("lambda:*", "*") + `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	a.hold(t, pass("ec2.amazonaws.com"))
	wantError(t, update(), "AccessDeniedException", "iam:PassRole on resource: "+arn)
	a.hold(t, pass("lambda.amazonaws.com"))
	wantError(t, update(), "ResourceNotFoundException", "")

	attach := func(policy string) error {
		return called(iam.NewFromConfig(a.config()).AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(policy)}))
	}
	a.hold(t, `{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"`+basicExecution+`"}}}`)
	if err := attach(basicExecution); err != nil {
		t.Error(err)
	}
	wantError(t, attach("arn:aws:iam::aws:policy/AdministratorAccess"), "AccessDenied", "iam:AttachRolePolicy on resource: role R")
}

func TestAnOperatorPolicyThatIsNoPolicyIsRefused(t *testing.T) {
	for _, document := range []string{"{", `{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb","Resource":"*"}]}`} {
		s, err := Open(Config{Path: filepath.Join(t.TempDir(), "local.db"), Now: (&account{}).clock, Operator: document})
		if err == nil {
			t.Errorf("%s was taken", document)
			_ = s.Close()
		}
	}
}
