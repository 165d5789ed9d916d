package local

import (
	"net/http"
	"strings"
)

// A permission is what one call needs: an action on a resource.
type permission struct{ action, resource string }

// authorize checks a call made with a function's key against the policies of
// the function's role. A person's key may do everything.
func (s *Server) authorize(o origin, action, service string, req request) error {
	if service == "sts" && req.operation == "GetCallerIdentity" {
		return nil // needs no permission, even under an explicit Deny
	}
	role, ok := s.lambda.roleOf(o.accessKey)
	if !ok {
		return &apiError{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
	}
	tree, err := req.tree()
	if err != nil {
		return &apiError{Code: "SerializationException", Message: err.Error()}
	}
	for _, need := range needs(o.region, action, service, tree) {
		v, err := s.iam.verdict(role, need.action, need.resource)
		if err != nil {
			return err
		}
		if v != allowed {
			return accessDenied(service, s.assumedRole(o.accessKey, role), need, v)
		}
	}
	return nil
}

// allows says whether a role may do something.
func (x *iamService) allows(roleARN, action, resource string) bool {
	v, err := x.verdict(roleARN, action, resource)
	return err == nil && v == allowed
}

// verdict evaluates the policies of a role. A role that is gone allows nothing.
func (x *iamService) verdict(roleARN, action, resource string) (verdict, error) {
	doc, err := x.byARN(roleARN)
	if err != nil || doc == nil {
		return notAllowed, err
	}
	var policies []*policy
	for _, text := range doc.documents(x.cfg.Now(), x.cfg.Lags) {
		policies = append(policies, x.parsed.of(text))
	}
	return evaluate(policies, action, resource), nil
}

// assumedRole is who a function is: its role, with the function's name as the
// session's.
func (s *Server) assumedRole(accessKey, roleARN string) string {
	return "arn:aws:sts::" + AccountID + ":assumed-role/" + roleARN[strings.LastIndexByte(roleARN, '/')+1:] + "/" + s.lambda.functionOf(accessKey)
}

// accessDenied words a refusal as AWS does.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func accessDenied(service, user string, need permission, v verdict) error {
	reason := "because no identity-based policy allows the " + need.action + " action"
	if v == denied {
		reason = "with an explicit deny in an identity-based policy"
	}
	e := &apiError{
		Code:    "AccessDeniedException",
		Message: "User: " + user + " is not authorized to perform: " + need.action + " on resource: " + need.resource + " " + reason,
	}
	switch service {
	case "iam", "sts":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case "monitoring":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case "sns":
		e.Code, e.Status = "AuthorizationError", http.StatusForbidden
	case "lambda":
		e.Status = http.StatusForbidden
	}
	return e
}

// needs lists the permissions that a call takes, in the order of its items.
func needs(region, action, service string, tree map[string]any) []permission {
	text := func(names ...string) string {
		for _, n := range names {
			if s, _ := tree[n].(string); s != "" {
				return s
			}
		}
		return ""
	}
	// A name may be given as an ARN, or a part of one.
	arn := func(prefix, name string) string {
		if strings.HasPrefix(name, "arn:") {
			return name
		}
		return prefix + name
	}
	resource := "*"
	switch service {
	case "dynamodb":
		return dynamoNeeds(region, action, tree)
	case "logs":
		if group := text("logGroupName", "logGroupIdentifier", "resourceArn"); group != "" {
			resource = strings.TrimSuffix(arn("arn:aws:logs:"+region+":"+AccountID+":log-group:", group), ":*") +
				":log-stream:" + text("logStreamName")
		}
	case "lambda":
		if name := text("FunctionName", "Resource"); name != "" {
			resource = arn("arn:aws:lambda:"+region+":"+AccountID+":function:", name)
		}
	case "iam":
		if name := text("RoleName"); name != "" {
			resource = "arn:aws:iam::" + AccountID + ":role/" + name
		}
	case "sns":
		if topic := text("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"); topic != "" {
			resource = topic
		} else if name := text("Name"); name != "" {
			resource = topicARN(region, name)
		}
	case "monitoring":
		if name := text("AlarmName", "ResourceARN"); name != "" {
			resource = arn("arn:aws:cloudwatch:"+region+":"+AccountID+":alarm:", name)
		}
	case "budgets":
		return []permission{{budgetsAction(action), "arn:aws:budgets::" + AccountID + ":budget/" + text("BudgetName")}}
	}
	return []permission{{action, resource}}
}

// dynamoNeeds knows that a batch names several tables, that a transaction needs
// the action of each of its parts, and that an index is a resource of its own.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
func dynamoNeeds(region, action string, tree map[string]any) []permission {
	table := func(v any) string {
		name, _ := v.(string)
		switch {
		case name == "":
			return "*"
		case strings.HasPrefix(name, "arn:"):
			return name
		}
		return "arn:aws:dynamodb:" + region + ":" + AccountID + ":table/" + name
	}
	var all []permission
	if batch, ok := tree["RequestItems"].(map[string]any); ok {
		for _, name := range sortedKeys(batch) {
			all = append(all, permission{action, table(name)})
		}
	}
	parts, _ := tree["TransactItems"].([]any)
	for _, part := range parts {
		kinds, _ := part.(map[string]any)
		for _, kind := range sortedKeys(kinds) {
			part, _ := kinds[kind].(map[string]any)
			name := map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
				"ConditionCheck": "ConditionCheckItem", "Get": "GetItem"}[kind]
			all = append(all, permission{"dynamodb:" + name, table(part["TableName"])})
		}
	}
	if all != nil {
		return all
	}
	resource := table(tree["TableName"])
	if arn, ok := tree["ResourceArn"].(string); ok {
		resource = arn
	}
	if index, ok := tree["IndexName"].(string); ok && index != "" {
		resource += "/index/" + index
	}
	return []permission{{action, resource}}
}

// budgetsAction maps an operation to the action that guards it: Budgets has one
// for looking and one for changing.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
func budgetsAction(action string) string {
	_, operation, _ := strings.Cut(action, ":")
	switch {
	case operation == "TagResource" || operation == "UntagResource" || operation == "ListTagsForResource":
		return action
	case strings.HasPrefix(operation, "Describe"):
		return "budgets:ViewBudget"
	}
	return "budgets:ModifyBudget"
}
