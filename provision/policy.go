package provision

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// A statement is one statement of a policy document as we write it.
type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal any `json:",omitempty"`
	Action    any
	Resource  any `json:",omitempty"`
	Condition any `json:",omitempty"`

	why string // the reason, for a person who reads it
}

// policyVersion is that of the policy language; this is its newest.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const policyVersion = "2012-10-17"

type policyDocument struct {
	Version   string
	Statement []statement
}

// document writes a policy document.
func document(statements ...statement) string {
	text, err := json.Marshal(policyDocument{policyVersion, statements})
	if err != nil {
		panic("provision: a policy of our own does not marshal: " + err.Error())
	}
	return string(text)
}

// lambdaTrust lets Lambda, and nobody else, take the role.
func lambdaTrust() string { return document(trustStatements()...) }

func trustStatements() []statement {
	return []statement{{
		Effect:    "Allow",
		Principal: map[string]string{"Service": "lambda.amazonaws.com"},
		Action:    "sts:AssumeRole",
		why:       "Lambda may take this role on; no person and no other service may.",
	}}
}

// leastPolicy is what the function needs and no more. It has no
// logs:CreateLogGroup: the group is made beforehand, and a function that may
// make it would bring it back, without an end to its retention, after `down`.
func leastPolicy(cfg Config) string { return document(leastStatements(cfg)...) }

func leastStatements(cfg Config) []statement {
	return []statement{
		{
			Effect: "Allow",
			Action: []string{
				"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
				"dynamodb:DeleteItem", "dynamodb:Scan",
			},
			Resource: cfg.TableARN(),
			why:      "It may work on the items of this one table. It cannot change or delete the table, or see another one.",
		},
		{
			Effect:   "Allow",
			Action:   []string{"dynamodb:Query"},
			Resource: cfg.IndexARN(),
			why:      "It may ask the table's index for the newest items, whether or not the table has it yet.",
		},
		{
			Effect:   "Allow",
			Action:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resource: cfg.LogGroupARN() + ":*",
			why: "It may write its log. It may not make the log group: that is there beforehand, " +
				"and a function that may make it would bring it back, with its lines kept for ever.",
		},
	}
}

// A clause is a statement in the form that is compared: what AWS writes in
// several ways is written in one. Its Sid is apart, because it means nothing.
type clause struct {
	Sid  string
	body map[string]any
}

func (c clause) equal(other clause) bool { return reflect.DeepEqual(c.body, other.body) }

// clauses reads a policy document. IAM gives it back URL-encoded, Lambda as
// plain JSON; a single statement may stand without its list.
func clauses(text string) ([]clause, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "%7B") {
		decoded, err := url.QueryUnescape(text)
		if err != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		text = decoded
	}
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read a policy: %w", err)
	}
	var many []map[string]any
	if err := json.Unmarshal(doc.Statement, &many); err != nil {
		var one map[string]any
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil, fmt.Errorf("read a policy: %w", err)
		}
		many = []map[string]any{one}
	}
	found := make([]clause, len(many))
	for i, body := range many {
		found[i].Sid, _ = body["Sid"].(string)
		delete(body, "Sid")
		found[i].body = canonical(body)
	}
	return found, nil
}

// canonical writes a statement the one way: lists instead of single strings,
// sorted; actions and condition keys in lower case, because AWS compares them
// so; and a principal of everybody as "*".
func canonical(body map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range body {
		switch key {
		case "Action", "NotAction":
			out[key] = texts(value, strings.ToLower)
		case "Resource", "NotResource":
			out[key] = texts(value, nil)
		case "Principal", "NotPrincipal":
			out[key] = principals(value)
		case "Condition":
			if c := conditions(value); len(c) > 0 {
				out[key] = c
			}
		default:
			out[key] = value
		}
	}
	return out
}

func principals(value any) any {
	kinds, ok := value.(map[string]any)
	if !ok {
		return value
	}
	out := map[string]any{}
	for kind, who := range kinds {
		list := texts(who, nil)
		if kind == "AWS" && slices.Equal(list, []string{"*"}) {
			return "*"
		}
		out[kind] = list
	}
	return out
}

func conditions(value any) map[string]any {
	out := map[string]any{}
	operators, _ := value.(map[string]any)
	for operator, keys := range operators {
		under, _ := keys.(map[string]any)
		lowered := map[string]any{}
		for key, values := range under {
			lowered[strings.ToLower(key)] = texts(values, nil)
		}
		out[operator] = lowered
	}
	return out
}

// texts makes a sorted list of a string, a number, a boolean or a list of them.
func texts(value any, change func(string) string) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
		if change != nil {
			out[i] = change(out[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// samePolicy compares two policy documents by what they mean: the order of
// statements and the way of writing do not count. A text that is no policy
// equals nothing.
func samePolicy(a, b string) bool {
	left, err := clauses(a)
	if err != nil {
		return false
	}
	right, err := clauses(b)
	if err != nil {
		return false
	}
	for _, c := range left {
		if !slices.ContainsFunc(right, c.equal) {
			return false
		}
	}
	for _, c := range right {
		if !slices.ContainsFunc(left, c.equal) {
			return false
		}
	}
	return true
}
