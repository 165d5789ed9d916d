package local

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPolicyVerdicts(t *testing.T) {
	const table = "arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable"
	for _, tt := range []struct {
		name, statements, action, resource string
		want                               verdict
	}{
		{"nothing allows", ``, "dynamodb:PutItem", table, notAllowed},
		{"exactly", `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"` + table + `"}`, "dynamodb:PutItem", table, allowed},
		{"another action", `{"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*"}`, "dynamodb:Scan", table, notAllowed},
		{"another table", `{"Effect":"Allow","Action":"*","Resource":"` + table + `"}`, "dynamodb:Scan", table + "2", notAllowed},
		{"an index is another resource", `{"Effect":"Allow","Action":"*","Resource":"` + table + `"}`, "dynamodb:Query", table + "/index/a", notAllowed},
		{"star spans slashes", `{"Effect":"Allow","Action":"*","Resource":"` + table + `/*"}`, "dynamodb:Query", table + "/index/a", allowed},
		{"question mark", `{"Effect":"Allow","Action":"dynamodb:?canX","Resource":"*"}`, "dynamodb:Scan", table, notAllowed},
		{"question mark is one", `{"Effect":"Allow","Action":"dynamodb:?can","Resource":"*"}`, "dynamodb:Scan", table, allowed},
		{"actions ignore case", `{"Effect":"Allow","Action":"DYNAMODB:putitem","Resource":"*"}`, "dynamodb:PutItem", table, allowed},
		{"resources do not", `{"Effect":"Allow","Action":"*","Resource":"` + strings.ToUpper(table) + `"}`, "dynamodb:PutItem", table, notAllowed},
		{"lists", `{"Effect":"Allow","Action":["a:b","dynamodb:Get*"],"Resource":["arn:x","` + table + `"]}`, "dynamodb:GetItem", table, allowed},
		{"deny wins after", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"}`, "dynamodb:GetItem", table, denied},
		{"deny wins before", `{"Effect":"Deny","Action":"dynamodb:*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}`, "dynamodb:GetItem", table, denied},
		{"not action", `{"Effect":"Allow","NotAction":"dynamodb:Delete*","Resource":"*"}`, "dynamodb:GetItem", table, allowed},
		{"not action holds", `{"Effect":"Allow","NotAction":"dynamodb:Delete*","Resource":"*"}`, "dynamodb:DeleteItem", table, notAllowed},
		{"not resource", `{"Effect":"Allow","Action":"*","NotResource":"` + table + `"}`, "dynamodb:GetItem", table, notAllowed},
		{"not resource lets others", `{"Effect":"Allow","Action":"*","NotResource":"` + table + `"}`, "dynamodb:GetItem", table + "2", allowed},
		{"a condition never allows", `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`, "dynamodb:GetItem", table, notAllowed},
		{"a conditional deny counts", `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a":"b"}}}`, "dynamodb:GetItem", table, denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parsePolicy(`{"Version":"2012-10-17","Statement":[` + tt.statements + `]}`)
			if err != nil {
				t.Fatal(err)
			}
			if got := evaluate([]*policy{p}, permission{action: tt.action, resource: tt.resource}); got != tt.want {
				t.Errorf("verdict %d, want %d", got, tt.want)
			}
		})
	}
}

func TestConditionsAllowOnlyWhatIsKnownToBeMet(t *testing.T) {
	const full, basic = "arn:aws:iam::aws:policy/Full", "arn:aws:iam::aws:policy/service-role/Basic"
	passing := permission{action: "iam:PassRole", resource: "*", keys: map[string][]string{"iam:passedtoservice": {"lambda.amazonaws.com"}}}
	attaching := permission{action: "iam:AttachRolePolicy", resource: "*", keys: map[string][]string{"iam:policyarn": {basic}}}
	plain := permission{action: "iam:GetRole", resource: "*"}
	for _, tt := range []struct {
		name, condition string
		need            permission
		allow, deny     verdict // what a statement with this Effect makes of it; beside the Deny stands an Allow of everything
	}{
		{"met", `{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, passing, allowed, denied},
		{"met, keys ignore case", `{"StringEquals":{"IAM:passedtoservice":"lambda.amazonaws.com"}}`, passing, allowed, denied},
		{"met by one of a list", `{"StringEquals":{"iam:PassedToService":["ec2.amazonaws.com","lambda.amazonaws.com"]}}`, passing, allowed, denied},
		{"not met", `{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`, passing, notAllowed, allowed},
		{"values do not ignore case", `{"StringEquals":{"iam:PassedToService":"Lambda.amazonaws.com"}}`, passing, notAllowed, allowed},
		{"equals knows no star", `{"StringEquals":{"iam:PassedToService":"*.amazonaws.com"}}`, passing, notAllowed, allowed},
		{"like does", `{"StringLike":{"iam:PassedToService":"*.amazonaws.com"}}`, passing, allowed, denied},
		{"an ARN", `{"ArnEquals":{"iam:PolicyARN":["` + full + `","` + basic + `"]}}`, attaching, allowed, denied},
		{"another ARN", `{"ArnEquals":{"iam:PolicyARN":"` + full + `"}}`, attaching, notAllowed, allowed},
		{"a star in an ARN", `{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/service-role/*"}}`, attaching, allowed, denied},
		{"no star over a colon", `{"ArnLike":{"iam:PolicyARN":"arn:*:policy/service-role/Basic"}}`, attaching, notAllowed, allowed},
		{"a key that the call does not have", `{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, plain, notAllowed, allowed},
		{"for all of no values", `{"ForAllValues:StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, plain, allowed, denied},
		{"for all of one that does not match", `{"ForAllValues:StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`, passing, notAllowed, allowed},
		{"for any of no values", `{"ForAnyValue:StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, plain, notAllowed, allowed},
		{"both must be met", `{"StringLike":{"iam:PassedToService":"*"},"StringEquals":{"iam:PolicyARN":"` + full + `"}}`, passing, notAllowed, allowed},
		{"an unknown key", `{"StringEquals":{"aws:PrincipalTag/team":"a"}}`, passing, notAllowed, denied},
		{"an unknown operator", `{"StringNotEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`, passing, notAllowed, denied},
		{"an unknown set", `{"ForSomeValues:StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`, passing, notAllowed, denied},
		{"an operator with more behind it", `{"StringEqualsIfExists":{"iam:PassedToService":"lambda.amazonaws.com"}}`, passing, notAllowed, denied},
		{"a policy variable", `{"StringLike":{"iam:PassedToService":"${aws:username}*"}}`, passing, notAllowed, denied},
		{"met, and an unknown one besides", `{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"},"Bool":{"aws:SecureTransport":"true"}}`, passing, notAllowed, denied},
		{"no condition at all", `"yes"`, passing, notAllowed, denied},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for effect, want := range map[string]verdict{"Allow": tt.allow, "Deny": tt.deny} {
				statements := `{"Effect":"` + effect + `","Action":"*","Resource":"*","Condition":` + tt.condition + `}`
				if effect == "Deny" {
					statements += `,{"Effect":"Allow","Action":"*","Resource":"*"}`
				}
				p, err := parsePolicy(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
				if err != nil {
					t.Fatal(err)
				}
				if got := evaluate([]*policy{p}, tt.need); got != want {
					t.Errorf("%s gives verdict %d, want %d", effect, got, want)
				}
			}
		})
	}
}

// path.Match is another matcher with the same * and ? as long as there is no
// slash, bracket or backslash.
func TestWildcardsAgreeWithAnotherMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "text")
		want, err := path.Match(pattern, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := wildcard(pattern, text); got != want {
			t.Fatalf("wildcard(%q, %q) = %v", pattern, text, got)
		}
	})
}
