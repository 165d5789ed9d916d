package provision

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// An answer is one HTTP answer of the Function URL.
type answer struct {
	status int
	header http.Header
	body   []byte
	signed bool // the request was
}

// refusal is why a signed request was not let in, in words; "" when it was.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (a answer) refusal() string {
	if !a.signed || a.status != http.StatusForbidden || a.header.Get("X-Amzn-Errortype") == "" {
		return ""
	}
	var said struct{ Message string }
	if a.header.Get("X-Amzn-Errortype") != "AccessDeniedException" && json.Unmarshal(a.body, &said) == nil && said.Message != "" {
		return refusedSignature + excerpt([]byte(said.Message))
	}
	return "your identity may not call the URL: that takes lambda:InvokeFunctionUrl and lambda:InvokeFunction"
}

// An AnswerError says that the API does not answer as it should.
type AnswerError struct {
	Status  int  // HTTP status; 0 when no answer came
	Refused bool // the request was signed, and Lambda itself refused it
	Text    string
}

func (e *AnswerError) Error() string { return e.Text }

// unlike is an AnswerError about this answer.
func (a answer) unlike(format string, args ...any) error {
	return &AnswerError{Status: a.status, Refused: a.refusal() != "", Text: fmt.Sprintf(format, args...)}
}

// unanswered is one about none.
func unanswered(err error) error {
	return &AnswerError{Text: "the Function URL does not answer: " + plain(err)}
}

// misSigned says that the signature itself was refused, which no waiting mends.
func (a answer) misSigned() bool { return strings.HasPrefix(a.refusal(), refusedSignature) }

const refusedSignature = "the signature is refused: "

// passing says that the answer may be another one in a few seconds.
func (a answer) passing() bool {
	return a.status == http.StatusForbidden && !a.misSigned() || a.status == http.StatusTooManyRequests || a.status >= 500
}

// spreading is why a new URL may give another answer in a few seconds; "" when
// nothing says that it will.
func (a answer) spreading() string {
	switch {
	case a.misSigned():
		return ""
	case a.refusal() != "":
		return "a new URL may refuse signed requests until it has spread"
	case a.status == http.StatusForbidden:
		return "a new URL may answer 403 until its statements have spread"
	case a.status >= http.StatusInternalServerError:
		return "a new API may answer 5xx until its role's policy has spread"
	}
	return ""
}

// cause is the status with what it means here.
func (a answer) cause() string {
	why := ""
	switch {
	case a.refusal() != "":
		why = a.refusal()
	case a.status == http.StatusForbidden:
		why = "the URL lets nobody in: a statement of its policy is missing or has not spread yet"
	case a.status == http.StatusTooManyRequests:
		why = "too many requests at once for the account's limit"
	case a.status == http.StatusBadGateway:
		why = "the function failed or timed out"
	case a.status >= 500:
		why = "the function answers with an error: " + excerpt(a.body)
	case a.status >= 300:
		why = cmp.Or(http.StatusText(a.status), "not a known status")
	default:
		return fmt.Sprint(a.status)
	}
	return fmt.Sprintf("%d (%s)", a.status, why)
}

// form says what is wrong with the headers of a good answer.
func (a answer) form() []Diff {
	var diffs []Diff
	if kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type")); kind != "application/json" {
		diffs = append(diffs, Diff{Field: "the content type", Have: cmp.Or(kind, "missing"), Want: "application/json"})
	}
	switch n := a.origins(); {
	case n == 0:
		diffs = append(diffs, Diff{Field: "Access-Control-Allow-Origin", Have: "missing, so browsers refuse the answer", Want: "there once"})
	case n > 1:
		diffs = append(diffs, Diff{Field: "Access-Control-Allow-Origin", Have: fmt.Sprintf("there %s, so browsers refuse the answer", times(n)), Want: "there once"})
	}
	return diffs
}

// origins counts the values of Access-Control-Allow-Origin. Two header lines and
// one line with a comma are the same to a browser: it refuses both.
func (a answer) origins() int {
	n := 0
	for _, line := range a.header.Values("Access-Control-Allow-Origin") {
		n += strings.Count(line, ",") + 1
	}
	return n
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// excerpt is the beginning of an answer's body, on one line.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if text == "" {
		return "an empty body"
	}
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:80]) + "..."
	}
	return text
}

// plain is an HTTP client's error without the method and the URL before it.
func plain(err error) string {
	var outer *url.Error
	if errors.As(err, &outer) {
		if outer.Timeout() {
			return "no answer within " + attemptTimeout.String()
		}
		err = outer.Err
	}
	return err.Error()
}
