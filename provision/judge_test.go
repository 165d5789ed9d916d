package provision

import (
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// FuzzJudges shows the judges tags, policies and names of any content. Whatever
// AWS says: no panic, and nothing without our tag is ours; and what is judged as
// it should be has our policy and our URL's two statements.
func FuzzJudges(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	cfg := Config{Account: "000000000000", Partition: "aws", Region: "us-east-1", Stack: "Todo"}
	f.Add(TagStack, "Todo", TagRegion, "us-east-1", lambdaTrust(), leastPolicy(cfg), cfg.RoleARN(), "arn:aws:iam::aws:policy/X", "NONE", "*")
	f.Add(TagStack, "Other", "aws:cloudformation:stack-name", "s", "{}", "%7B%7D", "", "", "AWS_IAM", "")
	f.Add("todoctl:Stack", "Todo", TagStack, "todo", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}]}`, "", "x", "/", "", "https://*")
	f.Add(TagStack, "Todo", "", "", `{"Statement":{"Principal":{"AWS":[{}]},"Condition":[1],"Action":{"a":null}}}`, `%7B"Statement":"%zz"}`, "a/b", "//", "NONE", "\x00")
	f.Fuzz(func(t *testing.T, key1, value1, key2, value2, document, inline, arn, attached, auth, origin string) {
		ran.Add(1)
		tags := map[string]string{key1: value1, key2: value2}
		ours := tags[TagStack] == cfg.Stack
		r := &role{cfg: cfg}
		s := &roleSeen{Role: &types.Role{Arn: aws.String(arn), AssumeRolePolicyDocument: aws.String(document)}, tags: tags, inline: inline, attached: []string{attached}}
		o := cfg.judge(Observation{ID: arn, Detail: s, Diffs: r.diffs(s), Advice: r.advise(s)}, tags)
		if !ours && o.State != Foreign {
			t.Errorf("a role with the tags %v is %v", tags, o.State)
		}
		if o.State == OK && (!samePolicy(document, lambdaTrust()) || inline != "" && !samePolicy(inline, leastPolicy(cfg))) {
			t.Errorf("a role with the policies %q and %q is as it should be", document, inline)
		}

		u := &functionURL{cfg: cfg}
		found, err := clauses(document)
		if err != nil {
			return
		}
		seen := &urlSeen{clauses: found, tags: tags, config: &lambda.GetFunctionUrlConfigOutput{
			FunctionUrl: aws.String(arn), AuthType: lambdatypes.FunctionUrlAuthType(auth),
			Cors: &lambdatypes.Cors{AllowOrigins: []string{origin}, AllowHeaders: []string{value1}, AllowMethods: []string{value2}},
		}}
		for _, config := range []*lambda.GetFunctionUrlConfigOutput{seen.config, {}, nil} {
			seen.config = config
			o = u.judge(seen, "TodoHandler")
			if !ours && o.State != Foreign {
				t.Errorf("a URL of a function with the tags %v is %v", tags, o.State)
			}
			if o.State == OK && config == nil {
				t.Errorf("no URL is as it should be")
			}
		}
	})
}
