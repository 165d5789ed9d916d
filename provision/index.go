package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Index says whether lists are read from an index.
type Index string

const (
	IndexNone   Index = "none"   // the handler scans the table, as the book does
	IndexNewest Index = "newest" // it reads the newest items first, by Query
)

// IndexName is the index that todoctl makes, and the handler's Query names. Every
// item that the handler writes has both of its key attributes.
const (
	IndexName         = "newest"
	indexPartitionKey = "list"
	indexSortKey      = "created"
	indexKey          = indexPartitionKey + " (S), " + indexSortKey + " (S)"
	indexKeeps        = "all attributes"
)

// indexSettle is how long a table is waited for that gets an index. Filling an
// empty one was seen to take up to 17 minutes.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html
const indexSettle = 25 * time.Minute

// newest is the index of todoctl's name; nil when there is none.
func newest(d *types.TableDescription) *types.GlobalSecondaryIndexDescription {
	i := slices.IndexFunc(d.GlobalSecondaryIndexes, func(ix types.GlobalSecondaryIndexDescription) bool { return aws.ToString(ix.IndexName) == IndexName })
	if i < 0 {
		return nil
	}
	return &d.GlobalSecondaryIndexes[i]
}

// wants says whether the table should have the index: what was chosen, or else
// what is there. What is there and is not like ours is somebody's own, also on a
// table that is ours: it may have been taken over with it.
func (t *table) wants(d *types.TableDescription) bool {
	switch t.cfg.Index {
	case IndexNewest:
		return true
	case IndexNone:
		return false
	}
	ix := newest(d)
	return ix != nil && ix.IndexStatus != types.IndexStatusDeleting && alike(d, ix)
}

// strange says that an index of todoctl's name is not todoctl's concern.
func (t *table) strange(d *types.TableDescription) bool {
	ix := newest(d)
	return ix != nil && t.cfg.Index == "" && !alike(d, ix)
}

// alike says that an index has the key and the attributes of todoctl's. Neither
// can be changed.
func alike(d *types.TableDescription, ix *types.GlobalSecondaryIndexDescription) bool {
	return keyText(ix.KeySchema, d.AttributeDefinitions) == indexKey && keptBy(ix) == indexKeeps
}

// keptBy is an index's projection in words.
func keptBy(ix *types.GlobalSecondaryIndexDescription) string {
	switch p := ix.Projection; {
	case p == nil || p.ProjectionType == types.ProjectionTypeAll:
		return indexKeeps
	case p.ProjectionType == types.ProjectionTypeInclude:
		return "the keys and " + strings.Join(p.NonKeyAttributes, ", ")
	}
	return "the keys only"
}

// indexDiffs lists what differs about the index.
func (t *table) indexDiffs(d *types.TableDescription, wanted bool) []Diff {
	ix := newest(d)
	leaving := ix != nil && ix.IndexStatus == types.IndexStatusDeleting
	switch {
	case wanted && (ix == nil || leaving):
		return []Diff{{Field: "index " + IndexName, Have: "missing", Want: indexKey}}
	case !wanted && ix != nil && !leaving:
		return []Diff{{Field: "index " + IndexName, Have: keyText(ix.KeySchema, d.AttributeDefinitions), Want: "none"}}
	case !wanted:
		return nil
	}
	var diffs []Diff
	differ := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: "index " + field, Have: have, Want: want})
		}
	}
	differ("key", keyText(ix.KeySchema, d.AttributeDefinitions), indexKey)
	differ("attributes", keptBy(ix), indexKeeps)
	if p := ix.ProvisionedThroughput; p != nil && billingMode(d) == types.BillingModeProvisioned {
		differ("read capacity", fmt.Sprint(aws.ToInt64(p.ReadCapacityUnits)), fmt.Sprint(readCapacity))
		differ("write capacity", fmt.Sprint(aws.ToInt64(p.WriteCapacityUnits)), fmt.Sprint(writeCapacity))
	}
	return diffs
}

// indexWork is what DynamoDB is at with the index: its own word, and ours.
func indexWork(d *types.TableDescription) (status string, wait Wait) {
	ix := newest(d)
	if ix == nil {
		return "", Wait{}
	}
	switch ix.IndexStatus {
	case types.IndexStatusCreating:
		wait = indexCreating
		if aws.ToBool(ix.Backfilling) {
			wait = indexFilling
		}
	case types.IndexStatusUpdating:
		wait = indexUpdating
	case types.IndexStatusDeleting:
		wait = indexDeleting
	default:
		return "", Wait{}
	}
	return "index " + string(ix.IndexStatus), wait
}

// index is todoctl's index as it is asked for.
func (t *table) index() types.GlobalSecondaryIndex {
	return types.GlobalSecondaryIndex{
		IndexName: aws.String(IndexName),
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String(indexPartitionKey), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(indexSortKey), KeyType: types.KeyTypeRange},
		},
		Projection:            &types.Projection{ProjectionType: types.ProjectionTypeAll},
		ProvisionedThroughput: throughput(),
	}
}

// indexAttributes are the attributes that the index needs to be defined.
func indexAttributes() []types.AttributeDefinition {
	return []types.AttributeDefinition{
		{AttributeName: aws.String(indexPartitionKey), AttributeType: types.ScalarAttributeTypeS},
		{AttributeName: aws.String(indexSortKey), AttributeType: types.ScalarAttributeTypeS},
	}
}

// indexRepairs are the changes that end the differences of the index, in their
// order. A key or a projection cannot be changed: such an index is deleted, which
// loses no item, and made anew.
func (t *table) indexRepairs(wanted bool) []tableRepair {
	create := types.CreateGlobalSecondaryIndexAction(t.index())
	return []tableRepair{
		{
			needed: func(d *types.TableDescription) bool {
				ix := newest(d)
				return ix != nil && ix.IndexStatus != types.IndexStatusDeleting && (!wanted || !alike(d, ix))
			},
			change: func(*types.TableDescription) *dynamodb.UpdateTableInput { return removeIndex() },
		},
		{
			needed: func(d *types.TableDescription) bool {
				ix := newest(d)
				return wanted && (ix == nil || ix.IndexStatus == types.IndexStatusDeleting)
			},
			follows: true,
			change: func(*types.TableDescription) *dynamodb.UpdateTableInput {
				return &dynamodb.UpdateTableInput{AttributeDefinitions: indexAttributes(),
					GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &create}}}
			},
		},
		{
			needed: func(d *types.TableDescription) bool {
				ix := newest(d)
				return wanted && ix != nil && ix.ProvisionedThroughput != nil &&
					(aws.ToInt64(ix.ProvisionedThroughput.ReadCapacityUnits) != readCapacity || aws.ToInt64(ix.ProvisionedThroughput.WriteCapacityUnits) != writeCapacity)
			},
			change: func(*types.TableDescription) *dynamodb.UpdateTableInput {
				return &dynamodb.UpdateTableInput{GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{resettleIndex(IndexName)}}
			},
		},
	}
}

func removeIndex() *dynamodb.UpdateTableInput {
	return &dynamodb.UpdateTableInput{GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{
		{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String(IndexName)}}}}
}

func resettleIndex(name string) types.GlobalSecondaryIndexUpdate {
	return types.GlobalSecondaryIndexUpdate{Update: &types.UpdateGlobalSecondaryIndexAction{
		IndexName: aws.String(name), ProvisionedThroughput: throughput()}}
}

// dropBuilding takes away an index of ours that is being filled, because the table
// cannot go before that is over, which may take a quarter of an hour.
func (t *table) dropBuilding(ctx context.Context) error {
	d, err := t.find(ctx)
	if err != nil || d == nil {
		return err
	}
	ix := newest(d)
	if ix == nil || ix.IndexStatus != types.IndexStatusCreating || !aws.ToBool(ix.Backfilling) {
		return nil
	}
	in := removeIndex()
	in.TableName = aws.String(t.cfg.TableName())
	_, err = t.api.UpdateTable(ctx, in)
	if isGone(err) || apiCode(err) == "ResourceInUseException" || isAsked(err) {
		return nil // the next look tells
	}
	return err
}
