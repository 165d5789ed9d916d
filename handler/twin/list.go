package twin

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// This file is how a list is read: see the Python file.

const (
	index    = "newest"
	askAgain = time.Minute
)

// The names of what a key has, in either way of reading.
var (
	indexNames = []string{"created", "id"}
	tableNames = []string{"id"}
)

var lostOrder = refusal{400, "The list has lost its order: begin it anew, without next"}

// A page is what a Scan or a Query answers.
type page struct {
	items []attributes
	last  attributes
}

type reader func(ctx context.Context, limit int32, start key) (page, error)

// listItems returns at most limit items from behind the key start on and, when
// there are more, the key of the last one.
func (h *Handler) listItems(ctx context.Context, limit int, start key) (items []any, last key, err error) {
	byIndex := start["created"] != ""
	if start == nil {
		byIndex = h.now().UnixNano() >= h.noIndexUntil.Load()
	}
	if !byIndex {
		return h.readItems(ctx, h.scan, tableNames, limit, start)
	}
	items, last, err = h.readItems(ctx, h.query, indexNames, limit, start)
	if !withoutIndex(err) {
		return items, last, err
	}
	h.noIndexUntil.Store(h.now().Add(askAgain).UnixNano())
	if start != nil {
		return nil, nil, lostOrder
	}
	return h.readItems(ctx, h.scan, tableNames, limit, start)
}

// readItems does so with one way of reading, whose keys have these names.
func (h *Handler) readItems(ctx context.Context, read reader, names []string, limit int, start key) (items []any, last key, err error) {
	items, size := []any{}, 0
	for {
		pg, err := read(ctx, int32(limit+1-len(items)), start)
		if err != nil {
			return nil, nil, err
		}
		for _, stored := range pg.items {
			item, err := shown(stored)
			if err != nil {
				return nil, nil, err
			}
			size += len(dumps(item))
			if len(items) > 0 && (len(items) == limit || size > maxList) {
				return items, last, nil
			}
			items, last = append(items, item), partOf(stored, names)
		}
		if pg.last == nil {
			return items, nil, nil
		}
		if len(items) > 0 && timeLeft(ctx) < minTime {
			return items, last, nil
		}
		start = partOf(pg.last, names)
	}
}

func (h *Handler) scan(ctx context.Context, limit int32, start key) (page, error) {
	out, err := h.api.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(h.table), Limit: aws.Int32(limit), ExclusiveStartKey: start.attributes()})
	if err != nil {
		return page{}, err
	}
	return page{out.Items, out.LastEvaluatedKey}, nil
}

// query reads the index as scan reads the table.
func (h *Handler) query(ctx context.Context, limit int32, start key) (page, error) {
	from := start.attributes()
	if from != nil {
		from["list"] = text("todo")
	}
	out, err := h.api.Query(ctx, &dynamodb.QueryInput{
		TableName: aws.String(h.table), IndexName: aws.String(index), Limit: aws.Int32(limit), ExclusiveStartKey: from,
		KeyConditionExpression:   aws.String("#list = :list"),
		ExpressionAttributeNames: map[string]string{"#list": "list"}, ExpressionAttributeValues: attributes{":list": text("todo")},
		ScanIndexForward: aws.Bool(false), // the newest first
	})
	if err != nil {
		return page{}, err
	}
	return page{out.Items, out.LastEvaluatedKey}, nil
}

// withoutIndex says whether there is no index, or DynamoDB is still building it,
// or the function may not use it.
func withoutIndex(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && (refused.ErrorCode() == "ValidationException" || refused.ErrorCode() == "AccessDeniedException")
}

// timeLeft is how long Lambda lets the request run on. Its deadline is one of
// real time, whatever the clock of the handler says.
func timeLeft(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return minTime
	}
	return time.Until(deadline)
}

// A key is what DynamoDB needs to go on behind an item; nil is the beginning.
type key map[string]string

func partOf(item attributes, names []string) key {
	k := key{}
	for _, name := range names {
		value, ok := item[name].(*types.AttributeValueMemberS)
		if !ok {
			return nil
		}
		k[name] = value.Value
	}
	return k
}

func (k key) attributes() attributes {
	if k == nil {
		return nil
	}
	all := attributes{}
	for name, value := range k {
		all[name] = text(value)
	}
	return all
}
