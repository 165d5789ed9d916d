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
			if got := evaluate([]*policy{p}, tt.action, tt.resource); got != tt.want {
				t.Errorf("verdict %d, want %d", got, tt.want)
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
