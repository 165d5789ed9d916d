package provision

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A urlScript is a Function URL that answers from a script; the last answer stays.
type urlScript struct {
	stack   string // whose function it is
	missing bool   // there is no URL
	signed  bool   // it takes signed requests only
	ajar    *reply // what it answers to others then; nil is 403
	created string
	get     []reply
	post    []reply
	asked   []string // "GET", "POST"
	bodies  []string
	origins []string
}

type reply struct {
	status  int
	body    string
	kind    string   // content type; "" means application/json
	allow   []string // Access-Control-Allow-Origin; nil means "*" once
	refused string   // X-Amzn-Errortype
	err     error
}

func (s *urlScript) ListTags(context.Context, *lambda.ListTagsInput, ...func(*lambda.Options)) (*lambda.ListTagsOutput, error) {
	return &lambda.ListTagsOutput{Tags: map[string]string{TagStack: s.stack}}, nil
}

func (s *urlScript) GetFunctionUrlConfig(context.Context, *lambda.GetFunctionUrlConfigInput, ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error) {
	if s.missing {
		return nil, &lambdatypes.ResourceNotFoundException{}
	}
	out := &lambda.GetFunctionUrlConfigOutput{
		FunctionUrl:  aws.String("https://abc.lambda-url.eu-west-1.on.aws/"),
		AuthType:     lambdatypes.FunctionUrlAuthTypeNone,
		CreationTime: aws.String(s.created),
	}
	if s.signed {
		out.AuthType = lambdatypes.FunctionUrlAuthTypeAwsIam
	}
	return out, nil
}

func (s *urlScript) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if s.signed != (r.Header.Get("Authorization") != "") {
		s.asked = append(s.asked, r.Method+" unsigned")
		if !s.signed {
			return nil, errors.New("a public URL gets a signature")
		}
		shut := reply{status: 403}
		if s.ajar != nil {
			shut = *s.ajar
		}
		return shut.response(r), shut.err
	}
	s.asked, s.bodies, s.origins = append(s.asked, r.Method), append(s.bodies, string(body)), append(s.origins, r.Header.Get("Origin"))
	list := &s.get
	if r.Method == http.MethodPost {
		list = &s.post
		if got := r.Header.Get("Content-Type"); got != "application/json" {
			return nil, errors.New("content type " + got)
		}
	}
	now := (*list)[0]
	if len(*list) > 1 {
		*list = (*list)[1:]
	}
	if now.err != nil {
		return nil, now.err
	}
	return now.response(r), nil
}

func (now reply) response(r *http.Request) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}, "Access-Control-Allow-Origin": {"*"}}
	if now.refused != "" {
		header.Set("X-Amzn-Errortype", now.refused)
	}
	if now.kind != "" {
		header.Set("Content-Type", now.kind)
	}
	if now.allow != nil {
		header["Access-Control-Allow-Origin"] = now.allow
	}
	return &http.Response{StatusCode: now.status, Header: header, Body: io.NopCloser(strings.NewReader(now.body)), Request: r}
}

// handTurned is a clock that moves when somebody sleeps.
func handTurned() Clock {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return Clock{
		Now:   func() time.Time { return now },
		Sleep: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	}
}

const listed = `[{"id":"1","task":"Buy groceries","completed":false}]`

var (
	emptyReply = reply{status: 200, body: `[]`}
	resetReply = reply{err: errors.New("connection reset by peer")}
	listReply  = reply{status: 200, body: listed}
	itemReply  = reply{status: 201, body: `{"id":"1","task":"Buy groceries","completed":false}`}
)

func scripted(s *urlScript, edit func(*Config)) (Config, Step) {
	cfg := Config{Stack: "Todo", Region: "eu-west-1", Auth: AuthNone, Clock: handTurned()}
	if edit != nil {
		edit(&cfg)
	}
	s.stack = cfg.Stack
	return cfg, newTest(cfg, s, &http.Client{Transport: s}, &http.Client{Transport: NewSigning(cfg, keysOf(""), s)})
}

func runTest(t *testing.T, cfg Config, step Step) ([]Change, error) {
	t.Helper()
	plan, err := Plan(t.Context(), []Page{{Step: step}}, Up)
	if err != nil {
		t.Fatal(err)
	}
	return plan, Run(t.Context(), plan, Options{Goal: Up, Clock: cfg.Clock})
}

func TestTheFirstTestPostsOnceAndThenAsksForTheList(t *testing.T) {
	s := &urlScript{missing: true, get: []reply{emptyReply, listReply}, post: []reply{itemReply}}
	cfg, step := scripted(s, nil)
	plan, err := Plan(t.Context(), []Page{{Step: step}}, Up)
	if err != nil || plan[0].Action != Create || len(s.asked) != 0 {
		t.Fatalf("without a URL the plan is %v, %v, after %v", plan[0].Action, err, s.asked)
	}
	s.missing = false // the step before has made it
	var last Observation
	if err := Run(t.Context(), plan, Options{Goal: Up, Clock: cfg.Clock, On: func(e Event) { last = e.Seen }}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.asked, []string{"GET", "POST", "GET"}) {
		t.Errorf("asked %v, should be one POST between two GETs", s.asked)
	}
	if s.bodies[1] != `{"task":"Buy groceries"}` || s.origins[0] == "" || s.origins[1] == "" {
		t.Errorf("sent %q with the origins %q", s.bodies[0], s.origins)
	}
	result, _ := last.Detail.(*TestResult)
	if result == nil || string(result.Posted) != itemReply.body || string(result.Listed) != listed || result.Count != 1 || result.Status != 200 {
		t.Errorf("the result is %+v", result)
	}
}

func TestTheSecondTestOnlyGets(t *testing.T) {
	s := &urlScript{get: []reply{listReply}}
	cfg, step := scripted(s, nil)
	plan, err := runTest(t, cfg, step)
	if err != nil || plan[0].Action != Keep || !slices.Equal(s.asked, []string{"GET"}) {
		t.Errorf("action %s, asked %v, err %v; should keep after one GET", plan[0].Action, s.asked, err)
	}
}

func TestFreshPostsAlthoughTheListAnswers(t *testing.T) {
	s := &urlScript{get: []reply{listReply}, post: []reply{itemReply}}
	cfg, step := scripted(s, func(c *Config) { c.Fresh = true })
	if _, err := runTest(t, cfg, step); err != nil || !slices.Equal(s.asked, []string{"GET", "GET", "POST", "GET"}) {
		t.Errorf("asked %v, err %v", s.asked, err)
	}
}

func TestARepairedAPIIsNotPostedTo(t *testing.T) {
	s := &urlScript{get: []reply{{status: 403}, {status: 403}, listReply}}
	cfg, step := scripted(s, nil)
	plan, err := runTest(t, cfg, step)
	if err != nil || plan[0].Action != Update || !slices.Equal(s.asked, []string{"GET", "GET", "GET"}) {
		t.Errorf("action %s, asked %v, err %v; should look until the list answers", plan[0].Action, s.asked, err)
	}
}

func TestPostWaitsForAFreshURL(t *testing.T) {
	s := &urlScript{
		missing: true,
		get:     []reply{{status: 403}, {status: 429}, {status: 502}, resetReply, emptyReply, listReply},
		post:    []reply{{status: 403}, {status: 429}, itemReply},
	}
	if err := runUntilPosted(t, s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.asked, " "); got != "GET GET GET GET GET POST POST POST GET" {
		t.Errorf("asked %s", got)
	}
}

func TestALostAnswerToPostMakesNoSecondItem(t *testing.T) {
	for name, lost := range map[string]reply{"reset": resetReply, "502": {status: 502}} {
		s := &urlScript{missing: true, get: []reply{emptyReply, resetReply, listReply}, post: []reply{lost}}
		if err := runUntilPosted(t, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(s.asked, " "); got != "GET POST GET GET GET" {
			t.Errorf("%s: asked %s", name, got)
		}
	}
}

func TestAPostThatNeverArrivedIsSentAgain(t *testing.T) {
	older := reply{status: 200, body: `[{"id":"0","task":"Buy groceries","completed":true}]`}
	s := &urlScript{missing: true, get: []reply{older}, post: []reply{resetReply, itemReply}}
	if err := runUntilPosted(t, s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.asked, " "); got != "GET POST GET POST GET" {
		t.Errorf("asked %s", got)
	}
}

func TestAnOpenItemOfARunThatWasCutOffIsEnough(t *testing.T) {
	open := reply{status: 200, body: `[{"id":"0","task":"Buy groceries","completed":false}]`}
	s := &urlScript{missing: true, get: []reply{open}, post: []reply{itemReply}}
	if err := runUntilPosted(t, s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.asked, " "); got != "GET GET" {
		t.Errorf("asked %s", got)
	}
}

// runUntilPosted runs the test of a URL that is made after the plan.
func runUntilPosted(t *testing.T, s *urlScript) error {
	t.Helper()
	cfg, step := scripted(s, nil)
	plan, err := Plan(t.Context(), []Page{{Step: step}}, Up)
	if err != nil {
		t.Fatal(err)
	}
	s.missing = false
	return Run(t.Context(), plan, Options{Goal: Up, Clock: cfg.Clock})
}

func TestPostGivesUpWhenIAMMustHaveSpread(t *testing.T) {
	s := &urlScript{missing: true, get: []reply{{status: 403}}}
	cfg, step := scripted(s, nil)
	plan, err := Plan(t.Context(), []Page{{Step: step}}, Up)
	if err != nil {
		t.Fatal(err)
	}
	s.missing = false
	started := cfg.Clock.Now()
	err = Run(t.Context(), plan, Options{Goal: Up, Clock: cfg.Clock})
	if err == nil || !strings.Contains(err.Error(), "403") || !strings.Contains(err.Error(), "statement") {
		t.Errorf("err = %v, should name the 403 and its cause", err)
	}
	if waited := cfg.Clock.Now().Sub(started); waited < roleSpread || waited > roleSpread+10*time.Second {
		t.Errorf("gave up after %s, should be two minutes", waited)
	}
}

func TestPostChecksTheItem(t *testing.T) {
	for _, c := range []struct {
		name string
		post reply
		want string
	}{
		{"another status", reply{status: 200, body: itemReply.body}, "200, should be 201"},
		{"a bad request", reply{status: 400, body: `{}`}, "400"},
		{"not JSON", reply{status: 201, body: "ok"}, "not the item"},
		{"another content type", reply{status: 201, body: itemReply.body, kind: "text/plain"}, "text/plain"},
		{"no id", reply{status: 201, body: `{"task":"Buy groceries","completed":false}`}, "no id"},
		{"another task", reply{status: 201, body: `{"id":"1","task":"Untitled Task","completed":false}`}, "Untitled Task"},
		{"completed", reply{status: 201, body: `{"id":"1","task":"Buy groceries","completed":true}`}, "completed"},
		{"completed is missing", reply{status: 201, body: `{"id":"1","task":"Buy groceries"}`}, "completed"},
		{"CORS twice", reply{status: 201, body: itemReply.body, allow: []string{"*", "*"}}, "Access-Control-Allow-Origin"},
	} {
		s := &urlScript{get: []reply{emptyReply}, post: []reply{c.post}}
		_, step := scripted(s, nil)
		err := step.Apply(t.Context(), Observation{State: Absent})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: err = %v, should say %q", c.name, err, c.want)
		}
		if !slices.Equal(s.asked, []string{"GET", "POST"}) {
			t.Errorf("%s: asked %v; a wrong answer does not become right by asking again", c.name, s.asked)
		}
	}
}

func TestObserveJudgesTheList(t *testing.T) {
	for _, c := range []struct {
		name   string
		get    reply
		diff   string // "" means OK
		advice string
	}{
		{"a list", listReply, "", ""},
		{"an empty list", reply{status: 200, body: `[]`}, "", ""},
		{"with a charset", reply{status: 200, body: `[]`, kind: "application/json; charset=utf-8"}, "", ""},
		{"the origin itself", reply{status: 200, body: `[]`, allow: []string{testOrigin}}, "", ""},
		{"null", reply{status: 200, body: `null`}, "should be a JSON array", ""},
		{"an object", reply{status: 200, body: `{"a":1}`}, `something else ({"a":1})`, ""},
		{"text", reply{status: 200, body: `[]`, kind: "text/plain"}, "the content type is text/plain", ""},
		{"CORS twice", reply{status: 200, body: `[]`, allow: []string{"*", "*"}}, "Access-Control-Allow-Origin is there twice", "take the"},
		{"CORS twice in one line", reply{status: 200, body: `[]`, allow: []string{"*, *, *"}}, "Access-Control-Allow-Origin is there 3 times", "take the"},
		{"no CORS", reply{status: 200, body: `[]`, allow: []string{}}, "Access-Control-Allow-Origin is missing", "todoctl url --stack Chat"},
		{"forbidden", reply{status: 403}, "a statement of its policy is missing", "todoctl url --stack Chat"},
		{"throttled", reply{status: 429}, "too many requests", ""},
		{"failed", reply{status: 502, body: "Internal Server Error"}, "the function failed", "todoctl logs --since 10m --stack Chat"},
		{"no answer", reply{err: errors.New("no such host")}, "missing (no such host)", ""},
	} {
		s := &urlScript{get: []reply{c.get}}
		_, step := scripted(s, func(cfg *Config) { cfg.Stack = "Chat" })
		seen, err := step.Observe(t.Context())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.diff == "" {
			if seen.State != OK || len(seen.Diffs) > 0 {
				t.Errorf("%s: %s with %v, should be ok", c.name, seen.State, seen.Diffs)
			}
			continue
		}
		if seen.State != Drift || !strings.Contains(seen.Diffs[0].String(), c.diff) {
			t.Errorf("%s: %s with %v, should be drift with %q", c.name, seen.State, seen.Diffs, c.diff)
		}
		if got := strings.Join(seen.Advice, "\n"); !strings.Contains(got, c.advice) {
			t.Errorf("%s: advice %q, should contain %q", c.name, got, c.advice)
		}
		if slices.Contains(s.asked, http.MethodPost) {
			t.Errorf("%s: a look wrote something", c.name)
		}
	}
}

func TestASignedURLIsTestedSignedAndOnceWithout(t *testing.T) {
	s := &urlScript{missing: true, signed: true, get: []reply{emptyReply, listReply}, post: []reply{itemReply}}
	cfg, step := scripted(s, func(c *Config) { c.Auth = AuthIAM })
	plan, err := Plan(t.Context(), []Page{{Step: step}}, Up)
	if err != nil || plan[0].Action != Create {
		t.Fatalf("%v, %v", plan, err)
	}
	s.missing = false
	if err := Run(t.Context(), plan, Options{Goal: Up, Clock: cfg.Clock}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET", "POST", "GET", "GET unsigned"}; !slices.Equal(s.asked, want) {
		t.Errorf("it asked %v, should be %v", s.asked, want)
	}
	seen, err := step.Observe(t.Context())
	if result, ok := seen.Detail.(*TestResult); err != nil || seen.State != OK || !ok || !result.Signed || result.Count != 1 || result.Posted == nil {
		t.Errorf("it sees %v, %v, %v", seen, seen.Detail, err)
	}
}

func TestASignedURLThatIsNotClosedFailsTheTest(t *testing.T) {
	for _, c := range []struct {
		name string
		ajar reply
		have string
	}{
		{"the list", listReply, "200"},
		{"an error of the function's", reply{status: 502}, "502"},
		{"nothing", resetReply, "missing (connection reset by peer)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, step := scripted(&urlScript{signed: true, get: []reply{listReply}, ajar: &c.ajar}, nil)
			seen, err := step.Observe(t.Context())
			if err != nil || seen.State != Drift || len(seen.Diffs) != 1 || seen.Diffs[0].Field != "the answer to an unsigned GET" || !strings.HasPrefix(seen.Diffs[0].Have, c.have) {
				t.Errorf("it sees %v with %v, %v", seen.State, seen.Diffs, err)
			}
		})
	}
}

func TestARefusedSignatureIsSaid(t *testing.T) {
	for _, c := range []struct {
		reply reply
		have  string
		mine  bool
	}{
		{reply{status: 403, refused: "AccessDeniedException", body: `{"Message":"Forbidden."}`}, "your identity may not call the URL", true},
		{reply{status: 403, refused: "InvalidSignatureException", body: `{"message":"Signature expired: now."}`}, "the signature is refused: Signature expired: now.", true},
		{reply{status: 403, body: `{"error":"the function's own"}`}, "403 (the URL lets nobody in", false},
	} {
		_, step := scripted(&urlScript{signed: true, get: []reply{c.reply}}, nil)
		seen, err := step.Observe(t.Context())
		if err != nil || seen.State != Drift || !strings.Contains(seen.Diffs[0].Have, c.have) {
			t.Errorf("it sees %v with %v, %v", seen.State, seen.Diffs, err)
			continue
		}
		if got := seen.Detail.(*TestResult).Refused; got != c.mine {
			t.Errorf("%s: refused is %t", c.have, got)
		}
	}
}

func TestOnlyAYoungURLIsWaitedFor(t *testing.T) {
	for created, pending := range map[string]bool{
		"2026-11-23T11:59:30.000+0000": true,
		"2026-11-23T11:59:30.123Z":     true,
		"2026-11-23T11:58:00.000+0000": false,
		"":                             false,
	} {
		s := &urlScript{created: created, get: []reply{{status: 403}}}
		_, step := scripted(s, nil)
		seen, err := step.Observe(t.Context())
		if err != nil || seen.State != Drift || (seen.Pending != "") != pending {
			t.Errorf("of a URL made at %q the look at 12:00 says %s, pending %q, %v", created, seen.State, seen.Pending, err)
		}
	}
}

func TestACancelledLookIsAnErrorAndNoDrift(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &urlScript{get: []reply{{err: context.Canceled}}}
	_, step := scripted(s, nil)
	cancel()
	if seen, err := step.Observe(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("seen %v, err %v", seen, err)
	}
}

func TestCurlLinesAreWhatAShellPassesOn(t *testing.T) {
	_, get := CurlLines("http://127.0.0.1:8080/")
	if get != "curl http://127.0.0.1:8080/" {
		t.Errorf("get = %s", get)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	for _, url := range []string{"http://127.0.0.1:8080/", "https://x/?a=b&c='d'; echo e"} {
		post, _ := CurlLines(url)
		out, err := exec.Command(sh, "-c", `curl() { for word in "$@"; do printf '%s\n' "$word"; done; }; `+post).Output()
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Split(strings.TrimSpace(string(out)), "\n")
		if !slices.Contains(words, url) || !slices.Contains(words, "content-type: application/json") {
			t.Errorf("a shell passes %q on", words)
		}
		var sent map[string]string
		if err := json.Unmarshal([]byte(words[len(words)-1]), &sent); err != nil || sent["task"] != TestTask {
			t.Errorf("the body %q is not the to-do: %v", words[len(words)-1], err)
		}
	}
}
