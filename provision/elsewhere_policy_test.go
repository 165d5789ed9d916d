package provision_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/provision"
)

// uncommented is a document without its comments and its layout.
func uncommented(t *testing.T, text string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			lines = append(lines, line)
		}
	}
	if len(lines) == strings.Count(text, "\n")+1 {
		t.Errorf("there is no reason in\n%s", text)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(strings.Join(lines, ""))); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return b.String()
}

func TestThePoliciesAreTheOnesThatApplyPuts(t *testing.T) {
	made(t, func(t *testing.T, w *world) {
		var want, got []string
		want = append(want, *only[iam.CreateRoleInput](w).AssumeRolePolicyDocument)
		for _, in := range inputs[iam.PutRolePolicyInput](w) {
			want = append(want, *in.PolicyDocument)
		}
		for _, in := range inputs[iam.AttachRolePolicyInput](w) {
			if !strings.HasSuffix(*in.PolicyArn, "_v2") { // what takes the first one's place
				want = append(want, `"`+*in.PolicyArn+`"`)
			}
		}
		for _, d := range provision.ElsewhereOf(w.cfg, "role").Policies {
			got = append(got, uncommented(t, d.Text))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the policies are\n%s\nand Apply puts\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// The function's own policy is written by Lambda, so it is compared with what
// Lambda has written.
func TestTheFunctionsPolicyIsTheOneThatLambdaHas(t *testing.T) {
	made(t, func(t *testing.T, w *world) {
		policies := provision.ElsewhereOf(w.cfg, "url").Policies
		out, err := w.clients.Lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: fn(w)})
		if w.cfg.Auth == provision.AuthIAM {
			if len(policies) > 0 || err == nil {
				t.Errorf("at --auth iam there are %d policies, and Lambda has one: %t", len(policies), err == nil)
			}
			return
		}
		if err != nil || len(policies) != 1 {
			t.Fatalf("%d policies, %v", len(policies), err)
		}
		var got, want struct{ Statement []map[string]any }
		if err := json.Unmarshal([]byte(uncommented(t, policies[0].Text)), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(*out.Policy), &want); err != nil {
			t.Fatal(err)
		}
		if len(want.Statement) != 2 || !reflect.DeepEqual(got, want) {
			t.Errorf("the policy is\n%s\nand Lambda has\n%s", asJSON(t, got), asJSON(t, want))
		}
	})
}

func TestOnlyTheRoleAndTheURLHavePolicies(t *testing.T) {
	for _, step := range allSteps {
		has := len(provision.ElsewhereOf(provision.Config{Partition: "aws"}, step).Policies) > 0
		if want := step == "role" || step == "url"; has != want {
			t.Errorf("%s has policies: %t", step, has)
		}
	}
}
