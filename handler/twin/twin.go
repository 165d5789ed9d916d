// Package twin is python/lambda_function.py in Go: the same answers, to the byte.
// It stands in for Python on machines without it, and is written out as a program
// of its own; so it needs nothing of the rest of todoctl.
package twin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// API is what the twin needs of DynamoDB.
type API interface {
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
}

// A Handler answers the requests to one function.
type Handler struct {
	table string
	api   API
}

// New makes a handler that keeps its items in the table.
func New(table string, api API) *Handler { return &Handler{table: table, api: api} }

// Table is the table of a function: TABLE_NAME if that is set, else the
// stack's, as in the Python file.
func Table(function string, variables map[string]string) string {
	if name := variables["TABLE_NAME"]; name != "" {
		return name
	}
	return strings.TrimSuffix(function, "Handler") + "Table"
}

// badRequest is the caller's mistake, in a sentence.
type badRequest string

func (b badRequest) Error() string { return string(b) }

const (
	notJSON   badRequest = "The body is not valid JSON"
	notObject badRequest = "The body must be a JSON object"
	notString badRequest = "The task must be a string"
)

// Handle answers one HTTP request. The error is what Python would have logged;
// the response is right all the same.
func (h *Handler) Handle(ctx context.Context, request events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	status, body, err := h.handle(ctx, request)
	var bad badRequest
	switch {
	case errors.As(err, &bad):
		status, body, err = 400, map[string]any{"error": string(bad)}, nil
	case err != nil:
		status, body = 500, map[string]any{"error": "Internal server error"}
	}
	return events.LambdaFunctionURLResponse{
		StatusCode: status,
		Headers:    map[string]string{"content-type": "application/json"},
		Body:       dumps(body),
	}, err
}

func (h *Handler) handle(ctx context.Context, request events.LambdaFunctionURLRequest) (status int, body any, err error) {
	switch request.RequestContext.HTTP.Method {
	case "":
		return 0, nil, errors.New("the event has no requestContext.http.method")
	case "POST":
		sent, err := readBody(request)
		if err != nil {
			return 0, nil, err
		}
		item, err := h.addItem(ctx, sent)
		return 201, item, err
	case "GET":
		items, err := h.listItems(ctx)
		return 200, items, err
	}
	return 400, map[string]any{"error": "Unsupported HTTP method"}, nil
}

func (h *Handler) addItem(ctx context.Context, sent map[string]json.RawMessage) (map[string]any, error) {
	task := ""
	if raw := sent["task"]; raw != nil && string(raw) != "null" {
		if json.Unmarshal(raw, &task) != nil {
			return nil, notString
		}
	}
	if task == "" {
		task = "Untitled Task"
	}
	item := map[string]any{"id": newID(), "task": task, "completed": false}
	_, err := h.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(h.table), Item: map[string]types.AttributeValue{
		"id":        &types.AttributeValueMemberS{Value: item["id"].(string)},
		"task":      &types.AttributeValueMemberS{Value: task},
		"completed": &types.AttributeValueMemberBOOL{Value: false},
	}})
	return item, err
}

func (h *Handler) listItems(ctx context.Context) ([]any, error) {
	items := []any{}
	in := &dynamodb.ScanInput{TableName: aws.String(h.table)}
	for {
		page, err := h.api.Scan(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			v, err := plain(&types.AttributeValueMemberM{Value: item})
			if err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		if len(page.LastEvaluatedKey) == 0 {
			return items, nil
		}
		in.ExclusiveStartKey = page.LastEvaluatedKey
	}
}

func readBody(request events.LambdaFunctionURLRequest) (map[string]json.RawMessage, error) {
	text := []byte(request.Body)
	if len(text) == 0 {
		return nil, nil
	}
	if request.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(request.Body)
		if err != nil {
			return nil, notJSON
		}
		text = decoded
	}
	// encoding/json mends bad UTF-8 and half surrogate pairs; Python refuses them.
	if !utf8.Valid(text) || !json.Valid(text) || halfSurrogate(text) {
		return nil, notJSON
	}
	var sent map[string]json.RawMessage
	if json.Unmarshal(text, &sent) != nil || sent == nil {
		return nil, notObject
	}
	return sent, nil
}

// halfSurrogate looks for a \uD800 to \uDFFF that has no partner, in valid JSON.
func halfSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // what is escaped
		if text[i] != 'u' {
			continue
		}
		unit := hexUnit(text[i+1:])
		i += 4
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
		case unit >= 0xDC00, len(text) < i+7, text[i+1] != '\\', text[i+2] != 'u':
			return true
		default:
			if low := hexUnit(text[i+3:]); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

func hexUnit(digits []byte) int {
	var b [2]byte
	_, _ = hex.Decode(b[:], digits[:4]) // json.Valid has seen four digits
	return int(b[0])<<8 | int(b[1])
}

// newID makes a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
