package provision

import (
	"cmp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A resource is one resource of a CloudFormation template.
type resource struct {
	id         string // the name within the template
	kind       string // "AWS::DynamoDB::Table"
	after      string // a resource that it needs and does not name
	why        string
	properties object
}

// Templates are the whole walkthrough as CloudFormation, each text a template
// that can be deployed: one, or two where the stack's Region is not the one that
// billing alarms live in. The titles are names for files.
func Templates(cfg Config) []Document {
	home, billing := []resource{}, []resource{}
	for _, step := range Names() {
		if step == "alarm" && cfg.Region != BillingRegion {
			billing = append(billing, resourcesOf(cfg, step)...)
			continue
		}
		home = append(home, resourcesOf(cfg, step)...)
	}
	file := strings.ToLower(cfg.Stack)
	documents := []Document{{file + ".yaml", templateHead(cfg, file, cfg.Region) + templateText(home) + templateOutput}}
	if len(billing) > 0 {
		file += "-billing"
		documents = append(documents, Document{file + ".yaml", templateHead(cfg, file, BillingRegion) + templateText(billing)})
	}
	return documents
}

// templateHead says what the template is and how it is deployed.
func templateHead(cfg Config, file, region string) string {
	var head strings.Builder
	yamlComment(&head, "What `todoctl up` makes in "+region+", as CloudFormation. It makes resources of the same names, "+
		"so it stands in for todoctl and not beside it.", 0)
	var lines []string
	packaged := file + ".yaml"
	if region == cfg.Region {
		packaged = file + "-packaged.yaml"
		yamlComment(&head, "The code is "+cfg.zipName()+" beside this file; the `aws` lines of the function step make it. "+
			"CloudFormation takes a zip from S3: BUCKET is a bucket of yours in this Region.", 0)
		lines = append(lines, wrapLine([]string{
			"aws cloudformation package", "--template-file " + file + ".yaml", "--s3-bucket BUCKET",
			"--output-template-file " + packaged, "--region " + region,
		}))
	}
	lines = append(lines, wrapLine([]string{
		"aws cloudformation deploy", "--template-file " + packaged, "--stack-name " + file,
		"--capabilities CAPABILITY_NAMED_IAM", "--region " + region,
	}))
	for line := range strings.Lines(strings.Join(lines, "\n") + "\n") {
		head.WriteString("#   " + line)
	}
	head.WriteString("AWSTemplateFormatVersion: \"2010-09-09\"\n")
	return head.String()
}

const templateOutput = `Outputs:
  Url:
    Value: !GetAtt Url.FunctionUrl
`

// resourcesOf are a step's resources; the test has none.
func resourcesOf(cfg Config, step string) []resource {
	switch step {
	case "table":
		return (&table{cfg: cfg}).resources()
	case "role":
		return (&role{cfg: cfg}).resources()
	case "function":
		return (&function{cfg: cfg, group: logGroup{cfg: cfg}}).resources()
	case "url":
		return (&functionURL{cfg: cfg}).resources()
	case "alarm":
		return (&alarmStep{cfg: cfg}).resources()
	}
	return nil
}

func (t *table) resources() []resource {
	properties := because(inputTree(t.createInput()).first("TableName"), t.Describe(), map[string]string{
		"KeySchema": "partition key", "BillingMode": "capacity mode", "ProvisionedThroughput": "capacity", "TableClass": "table class",
	})
	return []resource{{id: "Table", kind: "AWS::DynamoDB::Table", properties: properties}}
}

func (r *role) resources() []resource {
	properties := inputTree(r.createInput()).first("RoleName", "Description").
		with("AssumeRolePolicyDocument", treeOf(policyDocument{policyVersion, trustStatements()}))
	tags := properties.member("Tags")
	properties = properties.without("Tags")
	if r.policy(nil) == PolicyTutorial {
		// A template cannot fall back from the one that AWS has deprecated.
		properties = properties.with("ManagedPolicyArns", []any{r.managed(fullAccessV2), r.managed(basicExecution)})
	} else {
		properties = properties.with("Policies", []any{object{members: []member{
			{name: "PolicyName", value: r.cfg.PolicyName()},
			{name: "PolicyDocument", value: treeOf(policyDocument{policyVersion, leastStatements(r.cfg)})},
		}}})
	}
	properties = because(properties.with("Tags", tags), r.Describe(), map[string]string{"ManagedPolicyArns": "managed policy"})
	return []resource{{id: "Role", kind: "AWS::IAM::Role", properties: properties}}
}

func (f *function) resources() []resource {
	group := inputTree(f.group.createInput())
	group = because(group.without("Tags").with("RetentionInDays", inputTree(f.group.retainInput()).member("RetentionInDays")).
		with("Tags", pairs(group.member("Tags"))), f.Describe(), map[string]string{"RetentionInDays": "log retention"})
	properties := inputTree(f.createInput(f.code(nil)))
	properties = properties.
		with("Role", literal("!GetAtt Role.Arn")).
		with("Code", f.cfg.zipName()).
		explained("Code", "the zip that the `aws` lines make; `aws cloudformation package` puts it into S3").
		with("Tags", pairs(properties.member("Tags"))).
		first("FunctionName", "Description", "Runtime", "Handler", "Code", "Role")
	properties = because(properties, f.Describe(), map[string]string{
		"Runtime": "runtime", "Handler": "handler", "Role": "role", "Timeout": "timeout", "MemorySize": "memory",
	})
	return []resource{
		{id: "LogGroup", kind: "AWS::Logs::LogGroup", properties: group},
		{id: "Function", kind: "AWS::Lambda::Function", properties: properties, after: "LogGroup"},
	}
}

// pairs makes the list of tags that CloudFormation wants of a service's map.
func pairs(tags any) any {
	o, _ := tags.(object)
	list := []any{}
	for _, m := range o.members {
		list = append(list, object{members: []member{{name: "Key", value: m.name}, {name: "Value", value: m.value}}})
	}
	return list
}

func (u *functionURL) resources() []resource {
	properties := inputTree(u.createInput()).without("FunctionName").with("TargetFunctionArn", literal("!GetAtt Function.Arn")).
		first("TargetFunctionArn", "AuthType", "InvokeMode")
	properties = because(properties, u.Describe(), map[string]string{"AuthType": "authorization", "Cors": "CORS"})
	all := []resource{{id: "Url", kind: "AWS::Lambda::Url", properties: properties}}
	if u.auth() == types.FunctionUrlAuthTypeAwsIam {
		return all
	}
	before := "Url" // one after the other: of two at once, Lambda can lose one
	for i, g := range u.grants() {
		permission := inputTree(u.statement(g, g.sid)).without("StatementId").with("FunctionName", literal("!Ref Function")).first("FunctionName")
		id := []string{"UrlPermission", "UrlInvokePermission"}[i]
		all = append(all, resource{id: id, kind: "AWS::Lambda::Permission", why: g.statement.why, properties: permission, after: before})
		before = id
	}
	return all
}

func (s *alarmStep) resources() []resource {
	var all []resource
	page := s.Describe()
	if s.wantsAlarm() {
		topic := inputTree(s.topicInput())
		topic = topic.without("Name").with("TopicName", topic.member("Name")).first("TopicName")
		all = append(all, resource{id: "Topic", kind: "AWS::SNS::Topic", properties: topic})
		if s.cfg.Email != "" {
			subscription := inputTree(s.subscribeInput()).with("TopicArn", literal("!Ref Topic")).first("TopicArn", "Protocol", "Endpoint")
			all = append(all, resource{id: "Subscription", kind: "AWS::SNS::Subscription", properties: subscription, why: whyOf(page, "who is told")})
		}
		alarm := inputTree(s.alarmInput(s.newAlarm())).with("AlarmActions", []any{literal("!Ref Topic")}).
			first("AlarmName", "AlarmDescription", "Namespace", "MetricName")
		alarm = because(alarm, page, map[string]string{"Threshold": "alarm when", "TreatMissingData": "missing data"})
		all = append(all, resource{id: "Alarm", kind: "AWS::CloudWatch::Alarm", properties: alarm})
	}
	if s.wantsBudget() {
		properties := inputTree(s.budgetInput(s.newBudget())).without("AccountId")
		budget, _ := properties.member("Budget").(object)
		properties = properties.with("Budget", because(budget.first("BudgetName"), page, map[string]string{"BudgetLimit": "budget", "CostTypes": "credits"}))
		all = append(all, resource{id: "Budget", kind: "AWS::Budgets::Budget", properties: properties})
	}
	return all
}

// because gives properties the reasons that the page has for its settings.
func because(o object, page Description, settings map[string]string) object {
	for name, setting := range settings {
		o = o.explained(name, whyOf(page, setting))
	}
	return o
}

// whyOf is why the page sets a setting; "" when it does not set it.
func whyOf(page Description, setting string) string {
	for _, s := range page.Settings {
		if s.Name == setting {
			return cmp.Or(s.More, s.Why)
		}
	}
	return ""
}

// templateText writes resources as the Resources of a template; "" for none.
func templateText(resources []resource) string {
	if len(resources) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("Resources:\n")
	for _, r := range resources {
		yamlComment(&b, r.why, 2)
		b.WriteString("  " + r.id + ":\n    Type: " + r.kind + "\n")
		if r.after != "" {
			b.WriteString("    DependsOn: " + r.after + "\n")
		}
		b.WriteString("    Properties:\n")
		yamlObject(&b, r.properties, 6, false)
	}
	return b.String()
}
