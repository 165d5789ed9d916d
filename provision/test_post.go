package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// listTries is how often the list is asked for when a request gets lost on its
// way: one lost request says nothing about the API.
const listTries = 3

// list asks for the list, as the URL wants it.
func (s *testStep) list(ctx context.Context, at string) (answer, error) {
	return s.persist(ctx, func() (answer, error) { return s.send(ctx, http.MethodGet, at, nil) })
}

// unsigned asks for the list as a stranger would.
func (s *testStep) unsigned(ctx context.Context, at string) (answer, error) {
	return s.persist(ctx, func() (answer, error) { return s.exchange(ctx, s.http, http.MethodGet, at, nil) })
}

// persist asks again when a request gets lost.
func (s *testStep) persist(ctx context.Context, ask func() (answer, error)) (answer, error) {
	for try := 1; ; try++ {
		got, err := ask()
		lost := err != nil || got.status == http.StatusTooManyRequests || got.status >= http.StatusInternalServerError
		if !lost || try == listTries || s.cfg.Clock.Sleep(ctx, pace(0)) != nil {
			return got, err
		}
	}
}

// post writes one item. It waits with requests that change nothing until the
// URL lets it in, and sends the POST then; patience is how long. When the answer
// gets lost, the item may be in the table all the same: it is looked for before
// another is sent. One that is there already and open, from a run that was cut off
// say, is enough, where not another one was asked for.
func (s *testStep) post(ctx context.Context, at string, patience time.Duration) error {
	body, err := json.Marshal(map[string]string{"task": TestTask})
	if err != nil {
		return err
	}
	var before map[string]bool // the ids of the list; nil when not known yet
	sent := false
	return s.cfg.Clock.until(ctx, Wait{}, patience, func() (bool, error, error) {
		if before == nil || sent {
			got, err := s.send(ctx, http.MethodGet, at, nil)
			switch {
			case ctx.Err() != nil:
				return false, nil, ctx.Err()
			case err != nil:
				waitingFor(ctx, urlSilent)
				return false, unanswered(err), nil
			case got.passing():
				waitingFor(ctx, s.waiting(got))
				return false, got.unlike("the answer to GET is %s", got.cause()), nil
			}
			items := testItems(got)
			if !sent && !s.cfg.Fresh && items.open() {
				return true, nil, nil
			}
			if item := items.except(before); sent && item != nil {
				s.posted = &TestResult{URL: at, Posted: item, Status: http.StatusCreated}
				return true, nil, nil
			}
			before = items.ids()
		}
		got, err := s.send(ctx, http.MethodPost, at, body)
		sent = err != nil || got.status >= http.StatusInternalServerError // with 403 and 429 the function has not run
		switch {
		case ctx.Err() != nil:
			return false, nil, ctx.Err()
		case err != nil:
			waitingFor(ctx, urlSilent)
			return false, unanswered(err), nil
		case got.passing():
			waitingFor(ctx, s.waiting(got))
			return false, got.unlike("the answer to POST is %s", got.cause()), nil
		}
		if err := checkPosted(got); err != nil {
			return false, nil, err
		}
		s.posted = &TestResult{URL: at, Posted: got.body, Status: got.status}
		return true, nil, nil
	})
}

// testList are the items with the test's own task, as the API lists them.
type testList map[string]json.RawMessage // by id

// testItems finds them in an answer; in one that is no list there are none.
func testItems(got answer) testList {
	var all []json.RawMessage
	_ = json.Unmarshal(got.body, &all) // what is wrong with the list is for look to say
	found := testList{}
	for _, text := range all {
		var item struct{ ID, Task string }
		if json.Unmarshal(text, &item) == nil && item.ID != "" && item.Task == TestTask {
			found[item.ID] = text
		}
	}
	return found
}

func (l testList) ids() map[string]bool {
	ids := map[string]bool{}
	for id := range l {
		ids[id] = true
	}
	return ids
}

// open says that one of them is not completed.
func (l testList) open() bool {
	for _, text := range l {
		var item struct{ Completed *bool }
		if json.Unmarshal(text, &item) == nil && item.Completed != nil && !*item.Completed {
			return true
		}
	}
	return false
}

// except is an item that is not among these; nil when there is none.
func (l testList) except(ids map[string]bool) json.RawMessage {
	for id, item := range l {
		if !ids[id] {
			return item
		}
	}
	return nil
}

// checkPosted checks the answer to POST.
func checkPosted(got answer) error {
	if got.status != http.StatusCreated {
		return got.unlike("the answer to POST is %s, should be 201", got.cause())
	}
	if diffs := got.form(); len(diffs) > 0 {
		return got.unlike("in the answer to POST, %s", diffs[0])
	}
	var item struct {
		ID        string `json:"id"`
		Task      string `json:"task"`
		Completed *bool  `json:"completed"`
	}
	if err := json.Unmarshal(got.body, &item); err != nil {
		return got.unlike("the answer to POST is not the item: %s", excerpt(got.body))
	}
	switch {
	case item.ID == "":
		return got.unlike("the item that POST answers has no id")
	case item.Task != TestTask:
		return got.unlike("the item that POST answers has the task %q, should be %q", item.Task, TestTask)
	case item.Completed == nil || *item.Completed:
		return got.unlike("the item that POST answers should have \"completed\": false")
	}
	return nil
}

// send makes one request, signed where the URL wants that.
func (s *testStep) send(ctx context.Context, method, at string, body []byte) (answer, error) {
	if !s.signed {
		return s.exchange(ctx, s.http, method, at, body)
	}
	got, err := s.exchange(ctx, s.sign, method, at, body)
	got.signed = true
	return got, err
}

// exchange is one request and its answer, with a deadline of its own: the HTTP
// client has none.
func (s *testStep) exchange(ctx context.Context, client *http.Client, method, at string, body []byte) (answer, error) {
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
	res, err := client.Do(req)
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
