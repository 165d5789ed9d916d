package local

import (
	"slices"
	"strings"
)

// A permission is what one call needs: an action on a resource.
type permission struct {
	action, resource string

	// keys are the condition keys that AWS fills in for this call, in small
	// letters. Of those in conditionKeys, one that is not here has no value.
	keys map[string][]string

	named   string // how a refusal names the resource, where it is not the ARN
	refusal string // the whole refusal, where it has other words
}

// needs lists the permissions that a call takes: the action of its own name on
// what it names, where the service authorization reference says nothing else.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func (s *Server) needs(region, action, service string, tree map[string]any) []permission {
	in := asked{region: region, tree: tree}
	switch service {
	case "dynamodb":
		return dynamoNeeds(in, action)
	case "iam":
		return s.roleNeeds(in, action)
	case "lambda":
		return lambdaNeeds(in, action)
	case "logs":
		return logsNeeds(in, action)
	case "sns":
		return snsNeeds(in, action)
	case "monitoring":
		return alarmNeeds(in, action)
	case "budgets":
		return budgetsNeeds(in, action)
	}
	return []permission{{action: action, resource: "*"}}
}

// asked is the input of a call.
type asked struct {
	region string
	tree   map[string]any
}

// text is the first of these members that has a text.
func (in asked) text(names ...string) string {
	for _, n := range names {
		if s, _ := in.tree[n].(string); s != "" {
			return s
		}
	}
	return ""
}

// tags says that the call brings tags, which takes the permission to tag too.
func (in asked) tags(name string) bool {
	switch tags := in.tree[name].(type) {
	case []any:
		return len(tags) > 0
	case map[string]any:
		return len(tags) > 0
	}
	return false
}

// arn makes an ARN of a name, which may be one already.
func (in asked) arn(service, prefix, name string) string {
	switch {
	case name == "":
		return "*"
	case strings.HasPrefix(name, "arn:"):
		return name
	}
	return "arn:aws:" + service + ":" + in.region + ":" + AccountID + ":" + prefix + name
}

// dynamoNeeds knows that a batch names several tables, that a transaction needs
// the action of each of its parts, and that an index is a resource of its own.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func dynamoNeeds(in asked, action string) []permission {
	table := func(v any) string {
		name, _ := v.(string)
		return in.arn("dynamodb", "table/", name)
	}
	var all []permission
	if batch, ok := in.tree["RequestItems"].(map[string]any); ok {
		for _, name := range sortedKeys(batch) {
			all = append(all, permission{action: action, resource: table(name)})
		}
	}
	parts, _ := in.tree["TransactItems"].([]any)
	for _, part := range parts {
		kinds, _ := part.(map[string]any)
		for _, kind := range sortedKeys(kinds) {
			part, _ := kinds[kind].(map[string]any)
			name := map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
				"ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}[kind]
			all = append(all, permission{action: "dynamodb:" + name, resource: table(part["TableName"])})
		}
	}
	if all != nil {
		return all
	}
	resource := table(in.text("ResourceArn", "TableName"))
	if index := in.text("IndexName"); index != "" {
		resource += "/index/" + index
	}
	all = []permission{{action: action, resource: resource}}
	if action == "dynamodb:CreateTable" && in.tags("Tags") {
		all = append(all, permission{action: "dynamodb:TagResource", resource: resource})
	}
	return all
}

// roleNeeds names roles as IAM's own refusals do: by ARN where one is to be
// made, else "role NAME".
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func (s *Server) roleNeeds(in asked, action string) []permission {
	name := in.text("RoleName")
	if name == "" { // ListRoles, ListAccountAliases; GetPolicy names a policy
		resource := in.text("PolicyArn")
		if resource == "" {
			resource = "*"
		}
		return []permission{{action: action, resource: resource}}
	}
	doc := roleDoc{Name: name, Path: in.text("Path")}
	if doc.Path == "" {
		doc.Path = "/"
	}
	if action == "iam:CreateRole" {
		all := []permission{{action: action, resource: doc.arn()}}
		if in.tags("Tags") {
			all = append(all, permission{action: "iam:TagRole", resource: doc.arn()})
		}
		return all
	}
	if there, err := s.iam.look(&name); err == nil {
		doc = there // its path is not in the call
	}
	need := permission{action: action, resource: doc.arn(), named: "role " + name}
	if action == "iam:AttachRolePolicy" || action == "iam:DetachRolePolicy" {
		need.keys = map[string][]string{"iam:policyarn": {in.text("PolicyArn")}}
	}
	return []permission{need}
}

// lambdaNeeds knows that who gives a function a role must be allowed to pass it
// on, to Lambda.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func lambdaNeeds(in asked, action string) []permission {
	need := permission{action: action, resource: in.arn("lambda", "function:", in.text("FunctionName", "Resource"))}
	also := func(action string) permission { return permission{action: action, resource: need.resource} }
	pass := permission{action: "iam:PassRole", resource: in.text("Role"), keys: map[string][]string{"iam:passedtoservice": {"lambda.amazonaws.com"}}}
	switch action {
	case "lambda:Invoke":
		need.action = "lambda:InvokeFunction"
	case "lambda:InvokeFunctionUrl": // a URL takes both
		need.keys = map[string][]string{"lambda:functionurlauthtype": {"AWS_IAM"}}
		run := also("lambda:InvokeFunction")
		run.keys = map[string][]string{"lambda:invokedviafunctionurl": {"true"}}
		return []permission{need, run}
	case "lambda:CreateFunction":
		all := []permission{need}
		if in.tags("Tags") {
			all = append(all, also("lambda:TagResource"))
		}
		return append(all, pass)
	case "lambda:UpdateFunctionConfiguration":
		if pass.resource != "" {
			return []permission{need, pass}
		}
	}
	return []permission{need}
}

// logsNeeds knows the two forms of a log group's ARN: tags take the plain one,
// everything else the one of its streams. A search counts as one for all
// groups, whatever prefix it has.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
func logsNeeds(in asked, action string) []permission {
	if action == "logs:DescribeLogGroups" {
		return []permission{{action: action, resource: in.arn("logs", "log-group:", ":log-stream:")}}
	}
	group := strings.TrimSuffix(in.arn("logs", "log-group:", in.text("logGroupName", "logGroupIdentifier", "resourceArn")), ":*")
	if slices.Contains([]string{"logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"}, action) {
		return []permission{{action: action, resource: group}}
	}
	all := []permission{{action: action, resource: group + ":log-stream:" + in.text("logStreamName")}}
	if action == "logs:CreateLogGroup" && in.tags("tags") {
		all = append(all, permission{action: "logs:TagResource", resource: group,
			refusal: "User with accountId: " + AccountID + " is not authorized to perform CreateLogGroup with Tags"})
	}
	return all
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
func snsNeeds(in asked, action string) []permission {
	topic := in.arn("sns", "", in.text("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn", "Name"))
	all := []permission{{action: action, resource: topic}}
	if action == "sns:CreateTopic" && in.tags("Tags") {
		all = append(all, permission{action: "sns:TagResource", resource: topic})
	}
	return all
}

// alarmNeeds knows that DescribeAlarms counts as one for all alarms, whatever
// names it has, and that metrics are no resources.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
func alarmNeeds(in asked, action string) []permission {
	alarm := func(name string) string { return in.arn("cloudwatch", "alarm:", name) }
	switch action {
	case "cloudwatch:DescribeAlarms":
		return []permission{{action: action, resource: alarm("*")}}
	case "cloudwatch:DeleteAlarms":
		var all []permission
		names, _ := in.tree["AlarmNames"].([]any)
		for _, name := range names {
			name, _ := name.(string)
			all = append(all, permission{action: action, resource: alarm(name)})
		}
		return all
	}
	all := []permission{{action: action, resource: alarm(in.text("AlarmName", "ResourceARN"))}}
	if action == "cloudwatch:PutMetricAlarm" && in.tags("Tags") {
		all = append(all, permission{action: "cloudwatch:TagResource", resource: all[0].resource})
	}
	return all
}

// budgetsNeeds maps an operation to the action that guards it: Budgets has one
// for looking and one for changing, and those for tags.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
func budgetsNeeds(in asked, action string) []permission {
	name := in.text("BudgetName")
	for _, whole := range []string{"Budget", "NewBudget"} {
		if budget, ok := in.tree[whole].(map[string]any); ok {
			name, _ = budget["BudgetName"].(string)
		}
	}
	budget := func(action string) permission {
		resource := in.text("ResourceARN")
		if resource == "" {
			resource = "arn:aws:budgets::" + AccountID + ":budget/" + name
		}
		return permission{action: action, resource: resource}
	}
	_, operation, _ := strings.Cut(action, ":")
	switch {
	case operation == "TagResource", operation == "UntagResource", operation == "ListTagsForResource":
		return []permission{budget(action)}
	case strings.HasPrefix(operation, "Describe"):
		return []permission{budget("budgets:ViewBudget")}
	case operation == "CreateBudget" && in.tags("ResourceTags"):
		return []permission{budget("budgets:ModifyBudget"), budget("budgets:TagResource")}
	}
	return []permission{budget("budgets:ModifyBudget")}
}
