package provision

// The name of this file is test_step.go, not test.go with a test_test.go beside
// it, and never *_test.go: Go would leave that out of the program.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// checkPosted checks the answer to POST.
func checkPosted(got answer) error {
	if got.status != http.StatusCreated {
		return fmt.Errorf("the answer to POST is %s, should be 201", got.cause())
	}
	if diffs := got.form(); len(diffs) > 0 {
		return fmt.Errorf("in the answer to POST, %s", diffs[0])
	}
	var item struct {
		ID        string `json:"id"`
		Task      string `json:"task"`
		Completed *bool  `json:"completed"`
	}
	if err := json.Unmarshal(got.body, &item); err != nil {
		return fmt.Errorf("the answer to POST is not the item: %s", excerpt(got.body))
	}
	switch {
	case item.ID == "":
		return errors.New("the item that POST answers has no id")
	case item.Task != TestTask:
		return fmt.Errorf("the item that POST answers has the task %q, should be %q", item.Task, TestTask)
	case item.Completed == nil || *item.Completed:
		return errors.New("the item that POST answers should have \"completed\": false")
	}
	return nil
}

// An answer is one HTTP answer of the Function URL.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send makes one request, with a deadline of its own: the HTTP client has none.
func (s *testStep) send(ctx context.Context, method, at string, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Origin", testOrigin)
	if body != nil {
		// Without it the URL hands the body over in base64, and not as JSON.
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := s.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, err
	}
	return answer{status: res.StatusCode, header: res.Header, body: got}, nil
}

// passing says that the answer may be another one in a few seconds.
func (a answer) passing() bool {
	return a.status == http.StatusForbidden || a.status == http.StatusTooManyRequests || a.status >= 500
}

// cause is the status with what it means here.
func (a answer) cause() string {
	why := ""
	switch {
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
