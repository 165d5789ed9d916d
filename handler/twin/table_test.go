package twin_test

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// A memory is a table of DynamoDB, as far as the handler uses it: keys as the
// service takes them, conditions, and lists in order of the ids.
type memory struct {
	mu    sync.Mutex
	items map[string]map[string]types.AttributeValue
}

func (m *memory) key(key map[string]types.AttributeValue) (string, error) {
	id, ok := key["id"].(*types.AttributeValueMemberS)
	if !ok || id.Value == "" || len(id.Value) > 2048 || len(key) != 1 {
		return "", errInvalid
	}
	return id.Value, nil
}

func (m *memory) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	id, err := m.key(map[string]types.AttributeValue{"id": in.Item["id"]})
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items == nil {
		m.items = map[string]map[string]types.AttributeValue{}
	}
	m.items[id] = in.Item
	return &dynamodb.PutItemOutput{}, nil
}

func (m *memory) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	id, err := m.key(in.Key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &dynamodb.GetItemOutput{Item: m.items[id]}, nil
}

func (m *memory) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	id, err := m.key(in.Key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	item := maps.Clone(m.items[id])
	if item == nil {
		return nil, &types.ConditionalCheckFailedException{}
	}
	for name, attribute := range in.ExpressionAttributeNames {
		item[attribute] = in.ExpressionAttributeValues[":"+name[1:]]
	}
	m.items[id] = item
	return &dynamodb.UpdateItemOutput{Attributes: item}, nil
}

func (m *memory) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	id, err := m.key(in.Key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items[id] == nil {
		return nil, &types.ConditionalCheckFailedException{}
	}
	delete(m.items, id)
	return &dynamodb.DeleteItemOutput{}, nil
}

func (m *memory) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	after := ""
	if in.ExclusiveStartKey != nil {
		var err error
		if after, err = m.key(in.ExclusiveStartKey); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := &dynamodb.ScanOutput{}
	for _, id := range slices.Sorted(maps.Keys(m.items)) {
		if id <= after {
			continue
		}
		out.Items = append(out.Items, m.items[id])
		if len(out.Items) == int(aws.ToInt32(in.Limit)) {
			out.LastEvaluatedKey = map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}
			break
		}
	}
	return out, nil
}

// Query says what DynamoDB says of a table without the index.
func (m *memory) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "The table does not have the specified index: newest"}
}
