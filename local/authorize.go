package local

import (
	"fmt"
	"net/http"
	"strings"
)

// authorize checks a call against the policies of who makes it: a function's
// key has those of the function's role, and a person's key has Config.Operator.
// Without one a person may do everything.
func (s *Server) authorize(o origin, action, service string, req request) error {
	if service == "sts" && req.operation == "GetCallerIdentity" {
		return nil // needs no permission, even under an explicit Deny
	}
	if s.operator == nil && !s.lambda.isFunctionKey(o.accessKey) {
		return nil
	}
	tree, err := req.tree()
	if err != nil {
		return &apiError{Code: "SerializationException", Message: err.Error()}
	}
	return s.check(o, service, s.needs(o.region, action, service, tree)...)
}

// check looks whether the caller has all permissions, and words the refusal of
// the first that is missing.
func (s *Server) check(o origin, service string, needs ...permission) error {
	who, policies := "arn:aws:iam::"+AccountID+":user/local", []*policy{s.operator}
	switch {
	case s.lambda.isFunctionKey(o.accessKey):
		role, ok := s.lambda.roleOf(o.accessKey)
		if !ok {
			return &apiError{Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid."}
		}
		var err error
		if policies, err = s.iam.policies(role); err != nil {
			return err
		}
		who = s.assumedRole(o.accessKey, role)
	case s.operator == nil:
		return nil
	}
	for _, need := range needs {
		if v := evaluate(policies, need); v != allowed {
			return accessDenied(service, who, need, v)
		}
	}
	return nil
}

// target is the resource that a call names first, "" where it names none.
func (s *Server) target(o origin, action, service string, req request) string {
	tree, err := req.tree()
	if err != nil {
		return ""
	}
	needs := s.needs(o.region, action, service, tree)
	if len(needs) == 0 {
		return ""
	}
	arn, _, _ := strings.Cut(needs[0].resource, ":log-stream:")
	return arn
}

// allows says whether a role may do something.
func (x *iamService) allows(roleARN, action, resource string) bool {
	policies, err := x.policies(roleARN)
	return err == nil && evaluate(policies, permission{action: action, resource: resource}) == allowed
}

// policies are what count of a role's policies. A role that is gone has none.
func (x *iamService) policies(roleARN string) ([]*policy, error) {
	doc, err := x.byARN(roleARN)
	if err != nil || doc == nil {
		return nil, err
	}
	var policies []*policy
	for _, text := range doc.documents(x.cfg.Now(), x.cfg.Lags) {
		policies = append(policies, x.parsed.of(text))
	}
	return policies, nil
}

// assumedRole is who a function is: its role, with the function's name as the
// session's.
func (s *Server) assumedRole(accessKey, roleARN string) string {
	return "arn:aws:sts::" + AccountID + ":assumed-role/" + roleARN[strings.LastIndexByte(roleARN, '/')+1:] + "/" + s.lambda.functionOf(accessKey)
}

// accessDenied words a refusal as AWS does.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func accessDenied(service, user string, need permission, v verdict) error {
	action, resource := need.action, need.resource
	if need.named != "" {
		resource = need.named
	}
	if service == "sns" { // SNS:Publish, in its messages alone
		action = strings.Replace(action, "sns:", "SNS:", 1)
	}
	reason := "because no identity-based policy allows the " + action + " action"
	if v == denied {
		reason = "with an explicit deny in an identity-based policy"
	}
	e := &apiError{
		Code:    "AccessDeniedException",
		Message: fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", user, action, resource, reason),
	}
	if need.refusal != "" {
		e.Message = need.refusal
	}
	switch service {
	case "iam", "sts", "monitoring":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case "sns":
		e.Code, e.Status = "AuthorizationError", http.StatusForbidden
	case "lambda":
		e.Status = http.StatusForbidden
	}
	return e
}
