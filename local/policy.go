package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
)

// A policy is a parsed IAM policy document: what this evaluator understands of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type policy struct {
	Version   string
	ID        string // "Id" in the document: encoding/json does not mind
	Statement statements
}

type statement struct {
	Sid          string
	Effect       string
	Action       texts
	NotAction    texts
	Resource     texts
	NotResource  texts
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    json.RawMessage
}

// statements may be written as one object or as a list.
type statements []statement

func (l *statements) UnmarshalJSON(data []byte) error {
	return oneOrMany((*[]statement)(l), data)
}

// texts may be written as one string or as a list.
type texts []string

func (l *texts) UnmarshalJSON(data []byte) error {
	return oneOrMany((*[]string)(l), data)
}

func oneOrMany[T any](list *[]T, data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // IAM refuses a misspelt element
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return d.Decode(list)
	}
	var one T
	if err := d.Decode(&one); err != nil {
		return err
	}
	*list = []T{one}
	return nil
}

// parsePolicy reads a document strictly, as IAM does.
func parsePolicy(document string) (*policy, error) {
	var p policy
	d := json.NewDecoder(strings.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the document")
	}
	return &p, nil
}

func malformed(message string) error {
	return &apiError{Code: "MalformedPolicyDocument", Message: message}
}

// checkDocument holds what trust policies and permission policies share. The
// messages are IAM's.
func checkDocument(document string) (*policy, error) {
	p, err := parsePolicy(document)
	if err != nil {
		return nil, malformed("Syntax errors in policy.")
	}
	if p.Version != "" && p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return nil, malformed("Syntax errors in policy.")
	}
	if len(p.Statement) == 0 {
		return nil, malformed("Syntax errors in policy.")
	}
	for _, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return nil, malformed("Syntax errors in policy.")
		}
		if len(s.Action) == 0 && len(s.NotAction) == 0 {
			return nil, malformed("Policy statement must contain actions.")
		}
		for _, a := range append(slices.Clone(s.Action), s.NotAction...) {
			if a != "*" && !strings.Contains(a, ":") {
				return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
		}
	}
	return p, nil
}

// checkPolicy checks a permission policy of a role.
func checkPolicy(document string) error {
	p, err := checkDocument(document)
	if err != nil {
		return err
	}
	for _, s := range p.Statement {
		if s.Principal != nil || s.NotPrincipal != nil {
			return malformed("Policy document should not specify a principal.")
		}
		if len(s.Resource) == 0 && len(s.NotResource) == 0 {
			return malformed("Policy statement must contain resources.")
		}
		for _, r := range append(slices.Clone(s.Resource), s.NotResource...) {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return malformed("Resource " + r + " must be in ARN format or \"*\".")
			}
		}
	}
	return nil
}

// checkTrust checks the trust policy of a role.
func checkTrust(document string) error {
	p, err := checkDocument(document)
	if err != nil {
		return err
	}
	for _, s := range p.Statement {
		if len(s.Resource) > 0 || len(s.NotResource) > 0 {
			return malformed("Has prohibited field Resource.")
		}
		if s.Principal == nil && s.NotPrincipal == nil {
			return malformed("Missing required field Principal.")
		}
		for _, a := range s.Action {
			if a != "*" && !strings.HasPrefix(strings.ToLower(a), "sts:") {
				return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
	}
	return nil
}

// trusts says whether a trust policy lets a service take the role. A Deny wins.
func (p *policy) trusts(service string) bool {
	yes := false
	for _, s := range p.Statement {
		if !s.covers("sts:AssumeRole") || s.Condition != nil || !s.names(service) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		yes = true
	}
	return yes
}

// names says whether the Principal of a statement is everybody or the service.
func (s statement) names(service string) bool {
	var everybody string
	if json.Unmarshal(s.Principal, &everybody) == nil {
		return everybody == "*"
	}
	var principal map[string]texts
	if json.Unmarshal(s.Principal, &principal) != nil {
		return false
	}
	return slices.Contains(principal["Service"], service)
}

// A verdict is the outcome of an evaluation. Its zero value is the implicit
// deny: nothing allows it.
type verdict int

const (
	notAllowed verdict = iota
	allowed
	denied // by an explicit Deny, which beats every Allow
)

// evaluate decides on one action and one resource.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func evaluate(policies []*policy, need permission) verdict {
	result := notAllowed
	for _, p := range policies {
		for _, s := range p.Statement {
			if !s.covers(need.action) || !s.reaches(need.resource) {
				continue
			}
			met, known := s.conditions(need.keys)
			switch {
			case s.Effect == "Deny" && (met || !known):
				return denied
			case s.Effect == "Allow" && met: // what is not known is not met
				result = allowed
			}
		}
	}
	return result
}

// covers matches the action; case does not count in actions.
func (s statement) covers(action string) bool {
	action = strings.ToLower(action)
	matches := func(pattern string) bool { return wildcard(strings.ToLower(pattern), action) }
	if len(s.NotAction) > 0 {
		return !slices.ContainsFunc(s.NotAction, matches)
	}
	return slices.ContainsFunc(s.Action, matches)
}

// reaches matches the resource's ARN.
func (s statement) reaches(resource string) bool {
	matches := func(pattern string) bool { return wildcard(pattern, resource) }
	if len(s.NotResource) > 0 {
		return !slices.ContainsFunc(s.NotResource, matches)
	}
	return slices.ContainsFunc(s.Resource, matches)
}

// wildcard matches text against a pattern with * (any run, also of : and /) and
// ? (any one character).
func wildcard(pattern, text string) bool {
	star, mark := -1, 0 // the last * in pattern, and where its run in text ends
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0: // let the last * take one more
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// A policyCache keeps parsed documents: a function's key is checked at every
// item operation.
type policyCache struct {
	mu  sync.Mutex
	all map[string]*policy
}

// of returns the parsed document; one that does not parse allows nothing.
func (c *policyCache) of(document string) *policy {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.all[document]; p != nil {
		return p
	}
	p, err := parsePolicy(document)
	if err != nil {
		p = &policy{}
	}
	if c.all == nil || len(c.all) >= 256 { // many changes of policies; begin anew
		c.all = map[string]*policy{}
	}
	c.all[document] = p
	return p
}
