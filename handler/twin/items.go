package twin

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// This file is what is done with the table.

// API is what the twin needs of DynamoDB.
type API interface {
	PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Scan(ctx context.Context, in *dynamodb.ScanInput, opts ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// How much one answer lists: see the Python file.
const (
	maxItems = 1_000
	maxList  = 2_500_000 // bytes
	minTime  = 2_500 * time.Millisecond
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func truth(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

// addItem stores a new item and returns it.
func (h *Handler) addItem(ctx context.Context, sent map[string]json.RawMessage) (map[string]any, error) {
	task := "Untitled Task"
	if raw := sent["task"]; raw != nil && string(raw) != "null" {
		var err error
		if task, err = readTask(raw); err != nil {
			return nil, err
		}
	}
	item := attributes{
		"id": text(newID()), "task": text(task), "completed": truth(false),
		"created": text(h.now().UTC().Format("2006-01-02T15:04:05.000Z")), "list": text("todo"),
	}
	if _, err := h.api.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(h.table), Item: item}); err != nil {
		return nil, err
	}
	return shown(item)
}

// getItem returns one item.
func (h *Handler) getItem(ctx context.Context, id string) (map[string]any, error) {
	out, err := h.api.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(h.table), Key: attributes{"id": text(id)}, ConsistentRead: aws.Bool(true)})
	switch {
	case err != nil:
		return nil, err
	case out.Item == nil:
		return nil, noItem
	}
	return shown(out.Item)
}

// ifThere is the condition of a change: DynamoDB by itself would make an item
// that is not there, and would not say that there was none to delete.
var ifThere = aws.String("attribute_exists(id)")

func orNoItem(err error) error {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return noItem
	}
	return err
}

// changeItem changes an item's task, or whether it is completed, and returns it.
func (h *Handler) changeItem(ctx context.Context, id string, sent map[string]json.RawMessage) (map[string]any, error) {
	in := &dynamodb.UpdateItemInput{
		TableName: aws.String(h.table), Key: attributes{"id": text(id)}, ConditionExpression: ifThere,
		ExpressionAttributeNames: map[string]string{}, ExpressionAttributeValues: attributes{}, ReturnValues: types.ReturnValueAllNew,
	}
	var sets []string
	set := func(name string, value types.AttributeValue) {
		sets = append(sets, "#"+name+" = :"+name)
		in.ExpressionAttributeNames["#"+name], in.ExpressionAttributeValues[":"+name] = name, value
	}
	if raw := sent["task"]; raw != nil {
		task, err := readTask(raw)
		if err != nil {
			return nil, err
		}
		set("task", text(task))
	}
	if raw := sent["completed"]; raw != nil {
		if s := string(raw); s != "true" && s != "false" {
			return nil, refusal{400, "completed must be true or false"}
		}
		set("completed", truth(string(raw) == "true"))
	}
	if sets == nil {
		return nil, refusal{400, "The body must have a task or completed"}
	}
	in.UpdateExpression = aws.String("SET " + strings.Join(sets, ", "))
	out, err := h.api.UpdateItem(ctx, in)
	if err != nil {
		return nil, orNoItem(err)
	}
	return shown(out.Attributes)
}

// deleteItem deletes an item.
func (h *Handler) deleteItem(ctx context.Context, id string) error {
	_, err := h.api.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: aws.String(h.table), Key: attributes{"id": text(id)}, ConditionExpression: ifThere})
	return orNoItem(err)
}

// shown is an item as callers see it: without the constant that the index needs.
func shown(item attributes) (map[string]any, error) {
	whole, err := plain(&types.AttributeValueMemberM{Value: item})
	if err != nil {
		return nil, err
	}
	out, _ := whole.(map[string]any)
	delete(out, "list")
	return out, nil
}

// newID makes a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
