package provision

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// Whatever text a setting has, YAML reads it back as that text.
func TestTextIsItselfInYAML(t *testing.T) {
	check := func(t rapid.TB, text string) {
		var b strings.Builder
		yamlObject(&b, object{members: []member{{name: "Value", value: text}, {name: "List", value: []any{text, "x"}}}}, 0, false)
		var got struct {
			Value any   `yaml:"Value"`
			List  []any `yaml:"List"`
		}
		if err := yaml.Unmarshal([]byte(b.String()), &got); err != nil || got.Value != text || len(got.List) != 2 || got.List[0] != text {
			t.Fatalf("%q comes back as %v and %v, error %v, from\n%s", text, got.Value, got.List, err, b.String())
		}
	}
	for _, text := range []string{
		"", "*", "-", "yes", "No", "on", "null", "~", "1", "1.0", "1e3", "2012-10-17", "a: b", "a:", "a #b", "#b", "o'neil", `"`, `\`, "!Ref", "{}", "[", "&a", "é", "\t", "a\nb",
	} {
		check(t, text)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.StringMatching(`[ -~é]{0,20}`).Draw(t, "text")) })
}

// CloudFormation reads YAML 1.1, in which these mean something else than text.
// https://yaml.org/type/bool.html
func TestWordsOfYAML11AreQuoted(t *testing.T) {
	for _, word := range []string{"y", "N", "yes", "NO", "on", "Off", "true", "FALSE", "null", "2012-10-17", "0o7", "1_000", "12:30:45"} {
		if got := yamlText(word); got != quoted(word) {
			t.Errorf("%s is written %s", word, got)
		}
	}
}

func TestAnAWSLineSaysItsFlagsAsTheCLIDoes(t *testing.T) {
	for _, c := range []struct {
		member member
		want   string
	}{
		{member{name: "FunctionUrlAuthType", value: "NONE"}, "--function-url-auth-type NONE"},
		{member{name: "InvokedViaFunctionUrl", value: literal("true")}, "--invoked-via-function-url"},
		{member{name: "ActionsEnabled", value: literal("false")}, "--no-actions-enabled"},
		{member{name: "Threshold", value: literal("1.5")}, "--threshold 1.5"},
		{member{name: "Description", value: "o'neil & $HOME"}, `--description 'o'\''neil & $HOME'`},
		{member{name: "Tags", value: object{members: []member{{name: "a:b", value: "c"}}}}, "--tags a:b=c"},
		{member{name: "Tags", value: object{members: []member{{name: "a", value: "b,c=d"}}}}, `--tags '{"a": "b,c=d"}'`},
		{member{name: "Names", value: []any{"*", "b c"}}, `--names '*' 'b c'`},
		{member{name: "Names", value: []any{object{members: []member{{name: "A", value: "it's"}}}}}, `--names '[{"A": "it'\''s"}]'`},
	} {
		if got := flagOf(c.member); got != c.want {
			t.Errorf("the flag is %s, want %s", got, c.want)
		}
	}
}
