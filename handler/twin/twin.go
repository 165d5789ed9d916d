// Package twin is python/lambda_function.py in Go: the same answers, to the byte.
// It stands in for Python on machines without it, and is written out as a program
// of its own; so it needs nothing of the rest of todoctl.
package twin

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/smithy-go"
)

// A Handler answers the requests to one function.
type Handler struct {
	table string
	api   API
	now   func() time.Time

	noIndexUntil atomic.Int64 // a moment, as time.Time.UnixNano
}

// New makes a handler that keeps its items in the table.
func New(table string, api API, now func() time.Time) *Handler {
	return &Handler{table: table, api: api, now: now}
}

// Table is the table of a function: TABLE_NAME if that is set, else the
// stack's, as in the Python file.
func Table(function string, variables map[string]string) string {
	if name := variables["TABLE_NAME"]; name != "" {
		return name
	}
	return strings.TrimSuffix(function, "Handler") + "Table"
}

// A refusal says why what the caller asks for cannot be done.
type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string { return r.reason }

var (
	nothingThere = refusal{404, "There is nothing at this path"}
	noItem       = refusal{404, "No item has this id"}
)

type (
	request  = events.LambdaFunctionURLRequest
	response = events.LambdaFunctionURLResponse
)

// Handle answers one HTTP request. The error is what Python would have logged;
// the response is right all the same.
func (h *Handler) Handle(ctx context.Context, in events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	out, err := h.answer(ctx, in)
	var refused refusal
	switch {
	case errors.As(err, &refused):
		out, err = respond(refused.status, failure(refused.reason)), nil
	case isThrottled(err):
		out = respond(503, failure("The table is busy: try again in a second"))
		out.Headers["retry-after"] = "1"
	case err != nil:
		out = respond(500, failure("Internal server error"))
	}
	if in.RequestContext.HTTP.Method == "HEAD" {
		out.Body = ""
	}
	return out, err
}

// answer finds out what is asked for, and does it.
func (h *Handler) answer(ctx context.Context, in request) (response, error) {
	method := in.RequestContext.HTTP.Method
	if method == "" {
		return response{}, errors.New("the event has no requestContext.http.method")
	}
	id, err := readID(in.RawPath)
	switch {
	case err != nil:
		return response{}, err
	case id == "" && (method == "GET" || method == "HEAD"):
		return h.answerList(ctx, in.QueryStringParameters)
	case id == "" && method == "POST":
		sent, err := readBody(in)
		if err != nil {
			return response{}, err
		}
		return found(201)(h.addItem(ctx, sent))
	case id != "" && (method == "GET" || method == "HEAD"):
		return found(200)(h.getItem(ctx, id))
	case id != "" && method == "PUT":
		sent, err := readBody(in)
		if err != nil {
			return response{}, err
		}
		return found(200)(h.changeItem(ctx, id, sent))
	case id != "" && method == "DELETE":
		return response{StatusCode: 204}, h.deleteItem(ctx, id)
	}
	return response{}, refusal{400, "Unsupported HTTP method"}
}

// answerList answers with the list, or with the part of it that is asked for.
func (h *Handler) answerList(ctx context.Context, query map[string]string) (response, error) {
	limit, err := readLimit(query)
	if err != nil {
		return response{}, err
	}
	start, err := readNext(query)
	if err != nil {
		return response{}, err
	}
	items, last, err := h.listItems(ctx, limit, start)
	if err != nil {
		return response{}, err
	}
	out := respond(200, items)
	if last != nil {
		asked := ""
		if text, ok := query["limit"]; ok {
			asked = "limit=" + text + "&"
		}
		out.Headers["link"] = "<?" + asked + "next=" + last.token() + `>; rel="next"`
	}
	return out, nil
}

// found makes the answer that has one item.
func found(status int) func(map[string]any, error) (response, error) {
	return func(item map[string]any, err error) (response, error) {
		if err != nil {
			return response{}, err
		}
		return respond(status, item), nil
	}
}

func failure(reason string) map[string]any { return map[string]any{"error": reason} }

func respond(status int, body any) response {
	return response{
		StatusCode: status,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       dumps(body),
	}
}

// isThrottled says whether DynamoDB was asked for more than the table's units
// allow.
func isThrottled(err error) bool {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.ErrorCode() {
	case "ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException":
		return true
	}
	return false
}

// tooMany words a limit as Python does.
func tooMany(what string, limit int, unit string) string {
	return what + " must have at most " + strconv.Itoa(limit) + " " + unit
}
