package provision

// The name of this file is test_step.go, not test.go with a test_test.go beside
// it, and never *_test.go: Go would leave that out of the program.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

type testAPI interface {
	tagsLister
	GetFunctionUrlConfig(ctx context.Context, in *lambda.GetFunctionUrlConfigInput, opts ...func(*lambda.Options)) (*lambda.GetFunctionUrlConfigOutput, error)
}

// A TestResult is what the Function URL answered.
type TestResult struct {
	URL     string
	Posted  json.RawMessage // the answer to this run's POST; nil when it made none
	Signed  bool            // the URL takes signed requests only
	Own     bool            // the code behind it is the learner's own
	Status  int             // HTTP status of the latest answer; 0 when there was none
	Refused bool            // that answer is Lambda's own refusal: nothing has run
	Origins int             // how often Access-Control-Allow-Origin stands in it
	Listed  json.RawMessage // the answer to GET, when it is a list
	Count   int             // items in Listed
}

// TestTask is the to-do that the walkthrough writes first.
const TestTask = "Buy groceries"

const (
	// testOrigin makes the URL add its CORS headers, which it does for requests
	// with an Origin only. Without one, curl never shows what a browser refuses.
	testOrigin = "http://localhost:3000"

	// testPatience is how long a fresh URL may answer 403 (its policy spreads),
	// 429 or 5xx (the role's policies spread, which takes longest).
	testPatience = roleSpread

	// ownPatience is how long code of a learner's own may fail before it is that
	// which is wrong, and not what spreads: "usually 5-15 s".
	ownPatience = 30 * time.Second

	// maxAnswer is a little more than the 6 MB that Lambda lets a function answer.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxAnswer = 7 << 20
)

// testStep is step 5: it uses the API once, as a learner would. It makes no
// resource, so there is nothing that Destroy could take away.
type testStep struct {
	cfg  Config
	api  testAPI
	http *http.Client
	sign *http.Client // http, with signed requests

	posted *TestResult // what Apply's POST answered, so that the look after it shows both
	signed bool        // the URL takes signed requests only
	young  bool        // the URL is so new that its statements may not have spread
	own    atomic.Bool // the code is the learner's own
}

func newTest(cfg Config, api testAPI, http, sign *http.Client) Step {
	return &testStep{cfg: cfg, api: api, http: http, sign: sign}
}

func (s *testStep) Describe() Description {
	d := Description{
		Name:     "test",
		Resource: "the API",
		What:     "Sends one to-do to the Function URL and asks for the list, as an app of yours would.",
		Why: "It proves the four steps before it at once: the URL lets the request in, Lambda runs the function, " +
			"the role lets it use the table, and the table keeps the item. It asks as a web page would, " +
			"because a fault in CORS shows in browsers only.",
		Purpose: "One POST, one GET, as an app would.",
		Cover:   "2 of the million requests",
		Without: "Nothing is missing; nobody has tried it yet.",
		Settings: []Setting{
			{"POST", `{"task": "` + TestTask + `"}`, "makes an item, once", "Makes an item with a random id; once, when the URL is new."},
			{"GET", "the list", "a JSON array, one CORS header", "Must be a JSON array, with exactly one Access-Control-Allow-Origin header."},
		},
		Cost:   "Nothing: two requests of the million that are free each month.",
		Settle: testPatience,
	}
	if s.own.Load() {
		d.Settle = ownPatience
	}
	if s.cfg.Auth == AuthIAM {
		d.What = "Sends one to-do to the Function URL and asks for the list, both signed; and once without a signature, which must be refused."
		d.Settings = append(d.Settings, Setting{"GET, unsigned", "403", "or it is not closed", "A request without a signature must be refused, or the URL is not closed."})
	}
	return d
}

func (s *testStep) Observe(ctx context.Context) (Observation, error) {
	var at, owner string
	err := together(ctx,
		func(ctx context.Context) (err error) { at, err = s.url(ctx); return },
		func(ctx context.Context) (err error) { owner, err = s.stranger(ctx); return },
	)
	if err != nil {
		return Observation{}, err
	}
	if at == "" {
		return Observation{State: Absent}, nil
	}
	if owner != "" { // to ask for its list would be to run somebody's code
		return Observation{State: Foreign, ID: at, Owner: fmt.Sprintf("its function %s: %s", s.cfg.FunctionName(), owner)}, nil
	}
	seen, err := s.look(ctx, at)
	if err != nil {
		return Observation{}, err
	}
	if s.cfg.Fresh && seen.State == OK && s.posted == nil {
		seen.State = Absent // this run's item is what is asked for, and it is not there yet
	}
	return seen, nil
}

// stranger says whose the function is, "" when it is ours or there is none.
func (s *testStep) stranger(ctx context.Context) (owner string, err error) {
	if s.posted != nil || s.cfg.Adopt {
		return "", nil
	}
	tags, err := functionTags(ctx, s.api, s.cfg)
	if err != nil || tags == nil {
		return "", err
	}
	_, owner = s.cfg.owned(tags)
	s.own.Store(tags[TagCode] == ownCode)
	return owner, nil
}

// url returns the Function URL, "" when there is none. After Apply it is known:
// a URL never changes while its function lives.
func (s *testStep) url(ctx context.Context) (string, error) {
	if s.posted != nil {
		return s.posted.URL, nil
	}
	out, err := s.api.GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String(s.cfg.FunctionName())})
	if isGone(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s.signed = out.AuthType == types.FunctionUrlAuthTypeAwsIam
	s.young = s.cfg.Clock.Now().Sub(lambdaTime(aws.ToString(out.CreationTime))) < testPatience
	return aws.ToString(out.FunctionUrl), nil
}

// lambdaTime reads a time as Lambda writes it: ISO 8601, with Z or an offset. The
// zero time stands for one that cannot be read.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html
func lambdaTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// look asks for the list and judges the answer.
func (s *testStep) look(ctx context.Context, at string) (Observation, error) {
	result := TestResult{URL: at, Signed: s.signed, Own: s.own.Load()}
	if s.posted != nil {
		result.Posted = s.posted.Posted
	}
	seen := Observation{ID: at, Detail: &result}
	got, err := s.list(ctx, at)
	if err != nil {
		if ctx.Err() != nil {
			return Observation{}, ctx.Err()
		}
		seen.State, seen.Wait = Drift, urlSilent
		seen.Diffs = []Diff{{Field: "the answer to GET", Have: "missing (" + plain(err) + ")", Want: "200"}}
		return seen, nil
	}
	result.Status, result.Origins = got.status, got.origins()
	result.Refused = s.signed && got.refusal() != ""
	var items []json.RawMessage
	if got.status != http.StatusOK {
		seen.Diffs = append(seen.Diffs, Diff{Field: "the answer to GET", Have: got.cause(), Want: "200"})
	} else {
		seen.Diffs = append(seen.Diffs, got.form()...)
		if err := json.Unmarshal(got.body, &items); err != nil || items == nil {
			seen.Diffs = append(seen.Diffs, Diff{Field: "the list", Have: "something else (" + excerpt(got.body) + ")", Want: "a JSON array"})
		} else {
			result.Listed, result.Count = got.body, len(items)
		}
	}
	if s.signed {
		open, err := s.unsigned(ctx, at)
		switch {
		case ctx.Err() != nil:
			return Observation{}, ctx.Err()
		case err != nil:
			seen.Diffs = append(seen.Diffs, Diff{Field: "the answer to an unsigned GET", Have: "missing (" + plain(err) + ")", Want: "403"})
		case open.status != http.StatusForbidden:
			seen.Diffs = append(seen.Diffs, Diff{Field: "the answer to an unsigned GET", Have: open.cause(), Want: "403"})
		}
	}
	seen.State = OK
	if len(seen.Diffs) > 0 {
		seen.State, seen.Wait = Drift, s.waiting(got)
		seen.Advice = s.mend(got)
		if s.young {
			seen.Pending = got.spreading()
		}
	}
	return seen, nil
}

// waiting is what the test waits for when the URL gives this answer.
func (s *testStep) waiting(got answer) Wait {
	if (s.own.Load() || s.cfg.OwnCode) && got.status >= http.StatusInternalServerError {
		return Wait{What: fmt.Sprintf("the API answers %d: perhaps your code fails", got.status)}
	}
	return got.answering()
}

// mend says what to do about an answer that is not right.
func (s *testStep) mend(got answer) []string {
	switch {
	case got.refusal() != "":
		return []string{"ask for lambda:InvokeFunctionUrl and lambda:InvokeFunction on " + s.cfg.FunctionARN()}
	case got.status == http.StatusForbidden:
		return []string{"look at the URL's two permission statements: " + s.cfg.command("url")}
	case got.status >= 500:
		return []string{"read what the function says: " + s.cfg.command("logs --since 10m")}
	case got.origins() > 1:
		return []string{"take the Access-Control-Allow-Origin header out of the handler: the Function URL adds it already"}
	case got.status == http.StatusOK && got.origins() == 0:
		return []string{"look at the URL's CORS settings: " + s.cfg.command("url")}
	}
	return nil
}

// Apply writes one item, when there was no URL at the time of the plan or when
// the test is asked to. In any other case it has nothing to do: what was wrong
// has been mended by the steps before, and Run looks until the list answers.
func (s *testStep) Apply(ctx context.Context, seen Observation) error {
	if seen.State != Absent && !s.cfg.Fresh {
		return nil
	}
	at := "" // it has just been seen by the step before: a look that misses it is an odd one
	err := s.cfg.Clock.until(ctx, urlShowing, tornPatience, func() (_ bool, _ error, err error) {
		at, err = s.url(ctx)
		return at != "", errors.New("there is no Function URL to test"), err
	})
	if err != nil {
		return err
	}
	patience := testPatience
	if seen.State != Absent { // the look before has waited for what may still spread, and nothing was changed since
		patience = 0
	}
	return s.post(ctx, at, patience)
}

func (s *testStep) Destroy(context.Context, Observation) error { return nil }

// CurlLines returns the two lines that do by hand what the test does. They are
// good for sh and for PowerShell 7.3 and later, which pass what is in single
// quotes on as it stands. Windows PowerShell 5.1 strips the inner double quotes
// and has another program under the name of curl: there, cmd.exe or
// PowerShell 7 is needed.
func CurlLines(url string) (post, get string) { return curlLines(Quote(url)) }

// SignedCurlLine is the one for a URL that takes signed requests only: it signs
// for the service lambda, with the credentials in the environment. curl leaves
// out a header without a value, so it is good without a session token too. curl
// signs since 7.75.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func SignedCurlLine(cfg Config, url string) string { return signedCurlLine(cfg, Quote(url)) }

// signedCurlLine is SignedCurlLine for a word of the shell that stands for the URL.
func signedCurlLine(cfg Config, url string) string {
	keys := `--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-security-token: $AWS_SESSION_TOKEN" `
	if cfg.Local {
		keys = "--user local:local "
	}
	return "curl --aws-sigv4 " + Quote("aws:amz:"+cfg.Region+":lambda") + " " + keys + url
}

// curlLines are CurlLines for a word of the shell that stands for the URL.
func curlLines(url string) (post, get string) {
	return "curl " + url + " -H 'content-type: application/json' -d '{\"task\": \"" + TestTask + "\"}'", "curl " + url
}
