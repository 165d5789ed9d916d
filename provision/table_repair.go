package provision

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// repair ends the differences, one kind at a time: UpdateTable takes no more.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
func (t *table) repair(ctx context.Context, s *tableSeen) error {
	if have := keyOf(s.TableDescription); have != partitionKey+" (S)" {
		return &KeySchemaError{Table: t.cfg.TableName(), Have: have}
	}
	if ours, _ := t.cfg.owned(s.tags); !ours {
		if err := t.tag(ctx); err != nil {
			return err
		}
	}
	repairs := []tableRepair{
		{
			needed: func(d *types.TableDescription) bool {
				p := d.ProvisionedThroughput
				return billingMode(d) != types.BillingModeProvisioned || p == nil ||
					aws.ToInt64(p.ReadCapacityUnits) != readCapacity || aws.ToInt64(p.WriteCapacityUnits) != writeCapacity
			},
			change: func(d *types.TableDescription) *dynamodb.UpdateTableInput {
				in := &dynamodb.UpdateTableInput{BillingMode: types.BillingModeProvisioned, ProvisionedThroughput: throughput()}
				if billingMode(d) != types.BillingModeProvisioned {
					for _, ix := range d.GlobalSecondaryIndexes { // each needs its units in this call
						in.GlobalSecondaryIndexUpdates = append(in.GlobalSecondaryIndexUpdates, resettleIndex(aws.ToString(ix.IndexName)))
					}
				}
				return in
			},
		},
		{
			needed: func(d *types.TableDescription) bool { return tableClass(d) != types.TableClassStandard },
			change: func(*types.TableDescription) *dynamodb.UpdateTableInput {
				return &dynamodb.UpdateTableInput{TableClass: types.TableClassStandard}
			},
		},
		{
			needed: protected,
			change: func(*types.TableDescription) *dynamodb.UpdateTableInput {
				return &dynamodb.UpdateTableInput{DeletionProtectionEnabled: aws.Bool(false)}
			},
		},
	}
	if !s.strange {
		repairs = append(repairs, t.indexRepairs(s.indexed)...)
	}
	made := false // the repair before
	for _, r := range repairs {
		if made = r.needed(s.TableDescription) || r.follows && made; !made {
			continue
		}
		if err := t.update(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// tag makes the table ours when it is free for that: while DynamoDB is at work on
// a table or on its tags, it takes no others.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html
func (t *table) tag(ctx context.Context) error {
	return t.cfg.Clock.until(ctx, tableBusy, t.Describe().Settle, func() (bool, error, error) {
		_, err := t.api.TagResource(ctx, &dynamodb.TagResourceInput{ResourceArn: aws.String(t.cfg.TableARN()), Tags: t.tagList()})
		if apiCode(err) == "ResourceInUseException" {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// A tableRepair is one change of a table that is there.
type tableRepair struct {
	needed  func(*types.TableDescription) bool
	change  func(*types.TableDescription) *dynamodb.UpdateTableInput
	follows bool // may be needed because of the one before it
}

// update makes one change when the table is free for it. It looks first every
// time: a change whose answer was lost must not be sent again, because the same
// capacity twice is an error.
func (t *table) update(ctx context.Context, r tableRepair) error {
	return t.cfg.Clock.until(ctx, tableUpdating, t.Describe().Settle, func() (bool, error, error) {
		now, err := t.find(ctx)
		if err != nil {
			return false, nil, err
		}
		switch {
		case now == nil:
			return false, nil, fmt.Errorf("%s is gone", t.cfg.TableName())
		case busy(now):
			return false, &UnsettledError{Waited: t.Describe().Settle, Seen: Observation{State: Drift, Pending: string(now.TableStatus)}, Goal: Up}, nil
		case !r.needed(now):
			return true, nil, nil
		}
		change := r.change(now)
		change.TableName = aws.String(t.cfg.TableName())
		if len(change.GlobalSecondaryIndexUpdates) > 0 {
			t.building.Store(true) // whoever waits for the table from now on waits for its index
		}
		_, err = t.api.UpdateTable(ctx, change)
		if apiCode(err) == "ResourceInUseException" || isAsked(err) {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// isAsked says that another look will tell more: DynamoDB is at work on another
// index of the table, or the answer to the same change was lost, and the SDK has
// sent it once more.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
func isAsked(err error) bool {
	says := func(words string) bool { return strings.Contains(err.Error(), words) }
	switch apiCode(err) {
	case "LimitExceededException":
		return says("online index")
	case "ValidationException":
		return says("index which already exists") || says("will not change") // its units
	case "ResourceNotFoundException":
		return says("Index " + IndexName)
	}
	return false
}
