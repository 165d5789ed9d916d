package provision

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Elsewhere is a step as it looks outside todoctl: in AWS's console, as lines of
// the `aws` command, as policies, and as CloudFormation. All of it is told of
// the very inputs that Apply sends, for the same Config, and needs no network.
//
// It is about AWS, under Config.Local too: a rehearsal shows what it rehearses.
type Elsewhere struct {
	Console string // the console's page to make it on; Console(cfg, step) is that of what is made
	Clicks  string // what the book clicks there, in a sentence or two

	// Commands do with AWS's CLI, version 2, what the step does. Each one pastes
	// into bash or zsh as it stands and may be several lines long; they go in order.
	Commands []string

	// Notes are sentences that belong beside the commands.
	Notes []string

	Policies []Document // JSON with // comments that give the reasons
	Template string     // CloudFormation in YAML: the step's Resources
}

// A Document is a text with a name.
type Document struct{ Title, Text string }

// ElsewhereOf tells a step. For a word that is no step's it is empty.
func ElsewhereOf(cfg Config, step string) Elsewhere {
	e := Elsewhere{Console: ConsoleCreate(cfg, step), Template: templateText(resourcesOf(cfg, step))}
	switch step {
	case "table":
		(&table{cfg: cfg}).elsewhere(&e)
	case "role":
		(&role{cfg: cfg}).elsewhere(&e)
	case "function":
		(&function{cfg: cfg, group: logGroup{cfg: cfg}}).elsewhere(&e)
	case "url":
		(&functionURL{cfg: cfg}).elsewhere(&e)
	case "test":
		(&testStep{cfg: cfg, signed: cfg.Auth == AuthIAM}).elsewhere(&e)
	case "alarm":
		(&alarmStep{cfg: cfg}).elsewhere(&e)
	default:
		return Elsewhere{}
	}
	if step == "test" { // its one call to AWS answers into a variable
		return e
	}
	e.Commands = append([]string{noPager}, e.Commands...)
	e.Notes = append([]string{"The first line keeps the `aws` command from stopping to show each answer in a pager, which would swallow what you paste after it."}, e.Notes...)
	return e
}

// noPager comes before all other lines: version 2 of the CLI shows what is longer
// than the screen in less. https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html
const noPager = "export AWS_PAGER="

func (t *table) elsewhere(e *Elsewhere) {
	e.Clicks = "In DynamoDB choose Create table, name it and its partition key, choose Customize settings, " +
		"set the capacity mode to Provisioned, switch auto scaling off for reads and for writes, and give each 5 units."
	if t.cfg.Index == IndexNewest {
		e.Clicks += " Under Secondary indexes choose Create global index, with the partition key " + indexPartitionKey + " and the sort key " + indexSortKey + ", and name it " + IndexName + "."
	}
	e.Commands = []string{
		awsLine("dynamodb", t.cfg.Region, t.createInput(), "TableName"),
		awsWait("dynamodb", t.cfg.Region, "table-exists", "table-name", t.cfg.TableName()),
	}
}

func (r *role) elsewhere(e *Elsewhere) {
	e.Clicks = "In IAM choose Roles, Create role, AWS service, Lambda; tick the policies AmazonDynamoDBFullAccess and " +
		"AWSLambdaBasicExecutionRole, and name the role. todoctl gives it a policy of its own instead, which allows much less."
	create := inputTree(r.createInput()).with("AssumeRolePolicyDocument", treeOf(policyDocument{policyVersion, trustStatements()}))
	e.Commands = []string{awsTree("iam", r.cfg.Region, "CreateRole", create.first("RoleName", "Description"))}
	e.Policies = []Document{{"the trust policy of " + r.cfg.RoleName(), policyText(trustStatements())}}
	if r.policy(nil) == PolicyTutorial {
		e.Clicks = "In IAM choose Roles, Create role, AWS service, Lambda; tick the policies AmazonDynamoDBFullAccess and " +
			"AWSLambdaBasicExecutionRole, and name the role."
		e.Commands = append(e.Commands,
			awsLine("iam", r.cfg.Region, r.attachInput(r.managed(fullAccess)))+" ||\n"+awsLine("iam", r.cfg.Region, r.attachInput(r.managed(fullAccessV2))),
			awsLine("iam", r.cfg.Region, r.attachInput(r.managed(basicExecution))))
		e.Notes = append(e.Notes, "AWS has marked AmazonDynamoDBFullAccess deprecated. Where it cannot be attached any more, "+
			"the second half of the line attaches what has taken its place.")
		e.Policies = append(e.Policies,
			managedText(r.managed(fullAccess), "AWS's own policy, which AWS may change. It allows everything on every table of the account."),
			managedText(r.managed(basicExecution), "AWS's own policy. It allows to make log groups, and to write to them."))
	} else {
		put := inputTree(r.putInput()).with("PolicyDocument", treeOf(policyDocument{policyVersion, leastStatements(r.cfg)}))
		e.Commands = append(e.Commands, awsTree("iam", r.cfg.Region, "PutRolePolicy", put.first("RoleName", "PolicyName")))
		e.Policies = append(e.Policies, Document{"the inline policy " + r.cfg.PolicyName(), policyText(leastStatements(r.cfg))})
	}
	e.Commands = append(e.Commands, awsWait("iam", r.cfg.Region, "role-exists", "role-name", r.cfg.RoleName()), "sleep 10")
	e.Notes = append(e.Notes, "IAM copies a new role to every Region, which the waiter does not see: hence the ten seconds. "+
		"If Lambda then says that it cannot assume the role, wait once more and paste the function's line again.")
}

func (f *function) elsewhere(e *Elsewhere) {
	e.Clicks = "In Lambda choose Create function, Author from scratch, the name, the runtime and the existing role; paste the " +
		"handler into the editor, choose Deploy, and set memory and timeout under Configuration, General configuration."
	create := inputTree(f.createInput(f.code(nil))).without("Code").with("ZipFile", "fileb://"+f.cfg.zipName())
	e.Commands = []string{
		"todoctl handler > lambda_function.py",
		"zip " + Quote(f.cfg.zipName()) + " lambda_function.py",
	}
	e.Notes = []string{"The zip holds the same file as todoctl's and has other bytes, because it notes the time: " +
		"`todoctl status` calls its code another package, and `todoctl up` then puts todoctl's in its place."}
	switch {
	case f.cfg.OwnCode:
	case f.code(nil).language() == Node:
		e.Commands[0] = "todoctl handler --runtime nodejs24.x > index.mjs"
		e.Commands[1] = "zip " + Quote(f.cfg.zipName()) + " index.mjs"
	case f.code(nil).language() == Go:
		e.Clicks = "In Lambda choose Create function, Author from scratch, the name, the runtime Amazon Linux 2023, the architecture arm64 and the existing role; " +
			"upload the zip, and set memory and timeout under Configuration, General configuration."
		e.Commands = []string{
			"todoctl handler eject todo-go --runtime go",
			"(cd todo-go && GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w' -o ../bootstrap .)",
			"zip " + Quote(f.cfg.zipName()) + " bootstrap",
		}
	}
	if f.cfg.OwnCode {
		e.Commands = nil
		e.Notes = []string{"The code is your own: zip the files of its folder, not the folder itself, to " + f.cfg.zipName() + " first."}
	}
	e.Commands = append(e.Commands,
		awsLine("logs", f.cfg.Region, f.group.createInput()),
		awsLine("logs", f.cfg.Region, f.group.retainInput()),
		awsTree("lambda", f.cfg.Region, "CreateFunction", create.first("FunctionName", "Description", "Runtime", "Handler", "Role", "ZipFile")),
		awsWait("lambda", f.cfg.Region, "function-active-v2", "function-name", f.cfg.FunctionName()),
	)
}

func (u *functionURL) elsewhere(e *Elsewhere) {
	e.Clicks = "On the function's page choose Configuration, Function URL, Create function URL, auth type NONE, tick Configure " +
		"cross-origin resource sharing (CORS), save, and copy the address. The console adds the two statements by itself."
	e.Commands = []string{awsLine("lambda", u.cfg.Region, u.createInput(), "FunctionName", "AuthType", "InvokeMode")}
	if u.auth() == types.FunctionUrlAuthTypeAwsIam {
		e.Clicks = "On the function's page choose Configuration, Function URL, Create function URL, auth type AWS_IAM, tick " +
			"Configure cross-origin resource sharing (CORS), save, and copy the address."
		return
	}
	var statements []statement
	for _, g := range u.grants() {
		e.Commands = append(e.Commands, awsLine("lambda", u.cfg.Region, u.statement(g, g.sid), "FunctionName", "StatementId"))
		statements = append(statements, g.statement)
	}
	e.Notes = []string{"Without both statements every request gets the answer 403, also at auth type NONE. " +
		"Add them one after the other: of two at once, Lambda can lose one."}
	e.Policies = []Document{{"the policy of the function " + u.cfg.FunctionName(), policyText(statements)}}
}

func (s *testStep) elsewhere(e *Elsewhere) {
	e.Clicks = "The book sends the two requests with curl, Postman or a small web page; the table's items then show under Explore items."
	e.Commands = []string{"url=$(" + wrapLine([]string{
		"aws lambda get-function-url-config", "--function-name " + Quote(s.cfg.FunctionName()),
		"--query FunctionUrl --output text", "--region " + Quote(s.cfg.Region),
	}) + ")"}
	if s.signed {
		e.Commands = append(e.Commands, `curl -i "$url"`, signedCurlLine(s.cfg, `"$url"`))
		e.Notes = []string{"The URL takes signed requests only, so the first must get the answer 403. The second signs with the keys " +
			"in the environment; `todoctl curl` signs with whatever you are signed in with."}
		return
	}
	post, get := curlLines(`"$url"`)
	e.Commands = append(e.Commands, post, get)
	e.Notes = []string{"For some seconds a new URL may answer 403, while its statements spread."}
}

func (s *alarmStep) elsewhere(e *Elsewhere) {
	alarm := "In CloudWatch, in the Region " + BillingRegion + ", choose Alarms, Create alarm, the metric Billing, Total Estimated Charge, USD; " +
		"set the threshold, and let it tell a new SNS topic with your address."
	budget := "In Billing and Cost Management choose Budgets, Create budget, a monthly cost budget with your limit, an alert at " +
		"100% of the actual cost with your address, and leave credits and refunds out of it."
	switch {
	case !s.wantsBudget():
		e.Clicks = alarm
	case !s.wantsAlarm():
		e.Clicks = budget
	default:
		e.Clicks = alarm + " " + budget
	}
	if s.wantsAlarm() {
		e.Commands = append(e.Commands, awsLine("sns", BillingRegion, s.topicInput()))
		if s.cfg.Email != "" {
			subscribe := inputTree(s.subscribeInput())
			// The CLI has a global flag of the name --endpoint-url, and so another word here.
			subscribe = subscribe.with("NotificationEndpoint", subscribe.member("Endpoint")).without("Endpoint")
			e.Commands = append(e.Commands, awsTree("sns", BillingRegion, "Subscribe", subscribe.first("TopicArn")))
			e.Notes = append(e.Notes, "AWS sends a mail to "+s.cfg.Email+": its link must be clicked within 48 hours, or the alarm tells nobody.")
		}
		e.Commands = append(e.Commands, awsLine("cloudwatch", BillingRegion, s.alarmInput(s.newAlarm()), "AlarmName", "AlarmDescription", "Namespace", "MetricName"))
		e.Notes = append(e.Notes, "There are billing figures only after \"Receive CloudWatch billing alerts\" is ticked, by hand, under Alert preferences on "+
			ConsoleBillingPreferences(s.cfg)+".")
	}
	if s.wantsBudget() {
		e.Commands = append(e.Commands, awsLine("budgets", BillingRegion, s.budgetInput(s.newBudget())))
	}
	if s.cfg.Email == "" {
		e.Notes = append(e.Notes, "Nobody is told, because no address is given: "+s.cfg.command("alarm --email YOU@EXAMPLE.COM"))
	}
}

// newAlarm and newBudget are what a look finds before anything is there.
func (s *alarmStep) newAlarm() alarmSeen {
	return alarmSeen{part: part{Observation: Observation{State: Absent}, kind: "alarm", name: s.cfg.AlarmName()}, limit: s.limit(0)}
}

func (s *alarmStep) newBudget() budgetSeen {
	return budgetSeen{part: part{Observation: Observation{State: Absent}, kind: kindBudget, name: s.cfg.BudgetName()}, limit: s.limit(0)}
}

// policyText is a policy document with its reasons.
func policyText(statements []statement) string {
	return jsonText(treeOf(policyDocument{policyVersion, statements}), 0, 0, true)
}

// managedText names a policy whose text is AWS's.
func managedText(arn, why string) Document {
	text := ""
	for _, line := range foldWords(why, paper-len("// ")) {
		text += "// " + line + "\n"
	}
	return Document{"the managed policy " + policyName(arn), text + quoted(arn)}
}
