package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

type urlAPI interface {
	GetFunctionUrlConfig(ctx context.Context, in *lambda.GetFunctionUrlConfigInput, opts ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error)
	GetPolicy(ctx context.Context, in *lambda.GetPolicyInput, opts ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
	tagsLister
	CreateFunctionUrlConfig(ctx context.Context, in *lambda.CreateFunctionUrlConfigInput, opts ...func(*lambda.Options)) (*lambda.CreateFunctionUrlConfigOutput, error)
	UpdateFunctionUrlConfig(ctx context.Context, in *lambda.UpdateFunctionUrlConfigInput, opts ...func(*lambda.Options)) (*lambda.UpdateFunctionUrlConfigOutput, error)
	DeleteFunctionUrlConfig(ctx context.Context, in *lambda.DeleteFunctionUrlConfigInput, opts ...func(*lambda.Options)) (*lambda.DeleteFunctionUrlConfigOutput, error)
	AddPermission(ctx context.Context, in *lambda.AddPermissionInput, opts ...func(*lambda.Options)) (*lambda.AddPermissionOutput, error)
	TagResource(ctx context.Context, in *lambda.TagResourceInput, opts ...func(*lambda.Options)) (*lambda.TagResourceOutput, error)
	RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput, opts ...func(*lambda.Options)) (*lambda.RemovePermissionOutput, error)
}

type tagsLister interface {
	ListTags(ctx context.Context, in *lambda.ListTagsInput, opts ...func(*lambda.Options)) (*lambda.ListTagsOutput, error)
}

// urlSpread is how long a statement may take to show and to count.
const urlSpread = time.Minute

// functionURL is step 4: the Function URL, and the two statements in the
// function's policy without which every request gets 403. It has no tags: it
// belongs to whom the function belongs.
type functionURL struct {
	cfg Config
	api urlAPI

	closed  atomic.Bool // at the last look: signed requests only, or chosen so earlier
	leaving atomic.Bool // Destroy has run: there will be no new one
}

func newURL(cfg Config, api urlAPI) Step { return &functionURL{cfg: cfg, api: api} }

func (u *functionURL) Describe() Description {
	d := Description{
		Name:     "url",
		Resource: "the Function URL of " + u.cfg.FunctionName(),
		What:     fmt.Sprintf("A public HTTPS address that calls %s.", u.cfg.FunctionName()),
		Why: "A Function URL is the shortest way from a browser to a function: no API Gateway, no domain, no certificate. " +
			"The address is random and stays the same as long as the function lives.",
		Purpose: "Its public HTTPS address.",
		Cover:   "the function's requests",
		Without: "The function is there, and nobody outside AWS can reach it.",
		Settings: []Setting{
			{"authorization", "NONE", "whoever has the link can use it", "Anyone who has the link can read and add items; nothing private belongs here. With --auth iam it takes signed requests only."},
			{"may call it", "two statements", "both are needed since 2025", "Since October 2025 AWS wants lambda:InvokeFunctionUrl and lambda:InvokeFunction both; the second holds for this address only."},
			{"CORS", "every origin", "so that a web page may call it", "So that a web page may call it; set here and not in the handler, because twice is once too often for a browser."},
			{"its methods", strings.Join(corsMethods, ", "), "set here, not in the code", "What the handler answers, or will when you extend it; AWS adds OPTIONS by itself."},
			{"a page may read", strings.Join(corsExposed, ", "), "besides the usual headers", "The next page's address, and how long to wait. What else your own code sends can be added in the console, and stays."},
		},
		Cost:   "Nothing of its own: its requests are among the function's million.",
		Settle: urlSpread,
	}
	if u.auth() == types.FunctionUrlAuthTypeAwsIam {
		d.What = fmt.Sprintf("An HTTPS address that calls %s, for signed requests of this account.", u.cfg.FunctionName())
		d.Purpose = "Its HTTPS address, for signed requests."
		d.Settings[0] = Setting{"authorization", "AWS_IAM", "signed requests of this account", "Only requests signed with credentials that may lambda:InvokeFunctionUrl and lambda:InvokeFunction get through."}
		d.Settings[1] = Setting{"may call it", "no statement", "the account's own policies decide", ""}
	}
	return d
}

// corsMethods are what the handler answers or will answer. AWS takes at most
// six characters each and adds OPTIONS, which has seven, by itself.
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
var corsMethods = []string{"GET", "POST", "PUT", "DELETE", "HEAD"}

// corsExposed are the handler's headers that a page's script may read: where the
// list goes on, and how long to wait. Without them it sees neither.
var corsExposed = []string{"link", "retry-after"}

// cors never allows credentials: together with every origin that would let any
// page act as the visitor.
func cors() *types.Cors {
	return &types.Cors{
		AllowCredentials: aws.Bool(false),
		AllowOrigins:     []string{"*"},
		AllowMethods:     corsMethods,
		AllowHeaders:     []string{"content-type"},
		ExposeHeaders:    corsExposed,
		MaxAge:           aws.Int32(300), // seconds that a browser remembers the preflight's answer
	}
}

// auth is what was chosen, now or in an earlier run. What was closed once stays
// closed until somebody asks for the other thing, also when the URL itself is gone.
func (u *functionURL) auth() types.FunctionUrlAuthType {
	if u.cfg.Auth == AuthIAM || u.cfg.Auth == "" && u.closed.Load() {
		return types.FunctionUrlAuthTypeAwsIam
	}
	return types.FunctionUrlAuthTypeNone
}

// remember notes what the URL and the function's tag say of earlier choices.
func (u *functionURL) remember(s *urlSeen) {
	u.closed.Store(s.tags[TagAuth] == string(AuthIAM) || s.config != nil && s.config.AuthType == types.FunctionUrlAuthTypeAwsIam)
}

// tag is what TagAuth should say: nothing, of a URL that never was closed.
func (u *functionURL) tag(tags map[string]string) (have, want string) {
	have = tags[TagAuth]
	switch {
	case u.auth() == types.FunctionUrlAuthTypeAwsIam:
		return have, string(AuthIAM)
	case have == string(AuthIAM):
		return have, string(AuthNone)
	}
	return have, have
}

// A grant is one of the two statements that make a URL public.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
type grant struct {
	sid       string
	action    string
	statement statement // as it stands in the policy then
	clause    clause
	add       func(*lambda.AddPermissionInput)
}

// grants are both statements, in the order in which they are added. The second
// one's condition matters: without it any AWS account could invoke the function
// directly, past the URL.
func (u *functionURL) grants() []grant {
	everybody := func(sid, action, operator, key, value, why string, add func(*lambda.AddPermissionInput)) grant {
		condition := map[string]any{operator: map[string]any{key: value}}
		s := statement{Sid: sid, Effect: "Allow", Principal: "*", Action: action, Resource: u.cfg.FunctionARN(), Condition: condition, why: why}
		return grant{sid: sid, action: action, statement: s, add: add, clause: clause{body: canonical(map[string]any{
			"Effect": s.Effect, "Principal": s.Principal, "Action": s.Action, "Resource": s.Resource, "Condition": condition,
		})}}
	}
	return []grant{
		everybody("FunctionURLAllowPublicAccess", "lambda:InvokeFunctionUrl", "StringEquals", "lambda:FunctionUrlAuthType", "NONE",
			"Anyone may use the address, as long as the URL asks for no signature.",
			func(in *lambda.AddPermissionInput) { in.FunctionUrlAuthType = types.FunctionUrlAuthTypeNone }),
		everybody("FunctionURLInvokeAllowPublicAccess", "lambda:InvokeFunction", "Bool", "lambda:InvokedViaFunctionUrl", "true",
			"A request also runs the function, which AWS asks for since October 2025; "+
				"without the condition any AWS account could run it past the address.",
			func(in *lambda.AddPermissionInput) { in.InvokedViaFunctionUrl = aws.Bool(true) }),
	}
}

// urlSeen is what Observe saw.
type urlSeen struct {
	config  *lambda.GetFunctionUrlConfigOutput // nil when there is none
	clauses []clause                           // of the function's policy
	tags    map[string]string                  // of the function; nil when there is none
}

// TakesSigned says of what was seen of the url step that the URL takes signed
// requests only.
func TakesSigned(url Observation) bool {
	seen, ok := url.Detail.(*urlSeen)
	return ok && seen.config != nil && seen.config.AuthType == types.FunctionUrlAuthTypeAwsIam
}

// granted returns the statements of the policy that are exactly g.
func (s *urlSeen) granted(g grant) []clause {
	return slices.DeleteFunc(slices.Clone(s.clauses), func(c clause) bool { return !c.equal(g.clause) })
}

// Observe looks at the URL, the function's policy and its tags in one go, and
// finds the statements by what they say: consoles and tools name them differently.
func (u *functionURL) Observe(ctx context.Context) (Observation, error) {
	s := &urlSeen{}
	name := aws.String(u.cfg.FunctionName())
	err := together(ctx,
		func(ctx context.Context) (err error) { s.config, err = u.find(ctx); return },
		func(ctx context.Context) (err error) { s.clauses, err = u.policy(ctx); return },
		func(ctx context.Context) (err error) { s.tags, err = functionTags(ctx, u.api, u.cfg); return },
	)
	if err != nil {
		return Observation{}, err
	}
	return u.judge(s, *name), nil
}

// functionTags are the tags of the function; nil when there is no function.
func functionTags(ctx context.Context, api tagsLister, cfg Config) (map[string]string, error) {
	out, err := api.ListTags(ctx, &lambda.ListTagsInput{Resource: aws.String(cfg.FunctionARN())})
	switch {
	case err != nil:
		return nil, unlessGone(err)
	case out.Tags == nil:
		return map[string]string{}, nil
	}
	return out.Tags, nil
}

func (u *functionURL) find(ctx context.Context) (*lambda.GetFunctionUrlConfigOutput, error) {
	out, err := u.api.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String(u.cfg.FunctionName())})
	if err != nil {
		return nil, unlessGone(err)
	}
	return out, nil
}

func (u *functionURL) policy(ctx context.Context) ([]clause, error) {
	out, err := u.api.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(u.cfg.FunctionName())})
	if err != nil {
		return nil, unlessGone(err)
	}
	return clauses(aws.ToString(out.Policy))
}

func (u *functionURL) judge(s *urlSeen, name string) Observation {
	o := Observation{Detail: s}
	u.remember(s)
	if s.tags == nil { // no function, so nothing of it
		o.State = Absent
		return o
	}
	if s.config != nil {
		o.ID = aws.ToString(s.config.FunctionUrl)
	}
	if ours, owner := u.cfg.owned(s.tags); !ours && !u.cfg.Adopt {
		o.State, o.Owner = Foreign, fmt.Sprintf("its function %s: %s", name, owner)
		return o
	}
	present, signed := 0, u.auth() == types.FunctionUrlAuthTypeAwsIam
	for _, g := range u.grants() {
		n := len(s.granted(g))
		present += n
		field := "statement for " + g.action
		switch {
		case !signed && n == 0:
			o.Diffs = append(o.Diffs, Diff{Field: field, Have: "missing", Want: "there"})
		case signed && n > 0:
			o.Diffs = append(o.Diffs, Diff{Field: field + " by everybody", Have: "there", Want: "absent"})
		}
	}
	o.Advice = u.advise(s)
	switch {
	case s.config == nil && present == 0:
		o.State, o.Diffs = Absent, nil
		if signed && u.cfg.Auth == "" && !u.leaving.Load() {
			o.Advice = append(o.Advice, fmt.Sprintf("the URL of %s took signed requests only, and so will the new one; to open it: %s", name, u.cfg.command("url --auth none")))
		}
		return o
	case s.config == nil:
		o.Diffs = append([]Diff{{Field: "URL", Have: "missing", Want: "there"}}, o.Diffs...)
	default:
		o.Diffs = append(u.configDiffs(s.config), o.Diffs...)
	}
	if have, want := u.tag(s.tags); have != want {
		o.Diffs = append(o.Diffs, Diff{Field: "tag " + TagAuth, Have: cmp.Or(have, "none"), Want: want})
	}
	o.State = OK
	if len(o.Diffs) > 0 {
		o.State = Drift
	}
	return o
}

func (u *functionURL) configDiffs(c *lambda.GetFunctionUrlConfigOutput) []Diff {
	var diffs []Diff
	differ := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: field, Have: have, Want: want})
		}
	}
	want, have := cors(), c.Cors
	if have == nil {
		have = &types.Cors{}
	}
	differ("authorization", string(c.AuthType), string(u.auth()))
	differ("invoke mode", string(cmp.Or(c.InvokeMode, types.InvokeModeBuffered)), string(types.InvokeModeBuffered))
	differ("CORS origins", list(have.AllowOrigins, nil), list(want.AllowOrigins, nil))
	differ("CORS methods", list(have.AllowMethods, strings.ToUpper), list(want.AllowMethods, nil))
	differ("CORS headers", list(have.AllowHeaders, strings.ToLower), list(want.AllowHeaders, nil))
	differ("CORS exposed headers", list(have.ExposeHeaders, strings.ToLower), list(exposed(have), strings.ToLower))
	differ("CORS max age", fmt.Sprintf("%d s", aws.ToInt32(have.MaxAge)), fmt.Sprintf("%d s", aws.ToInt32(want.MaxAge)))
	differ("CORS credentials", onOff(aws.ToBool(have.AllowCredentials)), "off")
	return diffs
}

// exposed are the headers that a page may read: todoctl's, and whatever somebody's
// own code needs besides.
func exposed(have *types.Cors) []string {
	want := slices.Clone(corsExposed)
	if have != nil {
		for _, h := range have.ExposeHeaders {
			if !slices.Contains(corsExposed, strings.ToLower(h)) {
				want = append(want, h)
			}
		}
	}
	return want
}

// list writes a set of words one way; "none" when it is empty.
func list(words []string, change func(string) string) string {
	words = slices.Clone(words)
	for i := range words {
		if change != nil {
			words[i] = change(words[i])
		}
	}
	slices.Sort(words)
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(slices.Compact(words), ", ")
}

// advise names the statements of others, and plainly the one that lets every
// AWS account past the URL.
func (u *functionURL) advise(s *urlSeen) []string {
	var advice []string
	for _, c := range s.clauses {
		if slices.ContainsFunc(u.grants(), func(g grant) bool { return c.equal(g.clause) }) {
			continue
		}
		what := fmt.Sprintf("%s has the statement %q in its policy, which todoctl did not make", u.cfg.FunctionName(), c.Sid)
		if c.body["Principal"] == "*" && c.body["Condition"] == nil && c.body["Effect"] == "Allow" {
			what += "; it has no condition, so every AWS account may do what it allows"
		}
		advice = append(advice, what)
	}
	return advice
}
