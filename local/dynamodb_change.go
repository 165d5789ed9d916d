package local

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// UpdateTable changes capacity, billing mode, class or deletion protection. All
// but the last take Lags.TableUpdate, and until then the old values show.
func (x *dynamodbService) UpdateTable(ctx context.Context, in *dynamodb.UpdateTableInput) (*dynamodb.UpdateTableOutput, error) {
	name, err := x.tableName(ctx, aws.ToString(in.TableName))
	if err != nil {
		return nil, err
	}
	for parameter, given := range map[string]bool{
		"VectorIndexUpdates":        len(in.VectorIndexUpdates) > 0,
		"ReplicaUpdates":            len(in.ReplicaUpdates) > 0,
		"GlobalTableWitnessUpdates": len(in.GlobalTableWitnessUpdates) > 0,
		"StreamSpecification":       in.StreamSpecification != nil,
		"SSESpecification":          in.SSESpecification != nil,
		"OnDemandThroughput":        in.OnDemandThroughput != nil,
		"WarmThroughput":            in.WarmThroughput != nil,
	} {
		if given {
			return nil, lacks("UpdateTable", parameter)
		}
	}
	if in.ProvisionedThroughput == nil && in.BillingMode == "" && in.TableClass == "" && in.DeletionProtectionEnabled == nil && len(in.GlobalSecondaryIndexUpdates) == 0 {
		return nil, invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	if err := checkSettings(in.BillingMode, in.ProvisionedThroughput, in.TableClass); err != nil {
		return nil, err
	}
	if in.BillingMode == types.BillingModeProvisioned && in.ProvisionedThroughput == nil {
		return nil, invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
	}
	updates, err := readIndexUpdates(in)
	if err != nil {
		return nil, err
	}
	var out *dynamodb.UpdateTableOutput
	err = x.change(func(tx *bbolt.Tx) error {
		shared, err := x.existing(ctx, tx, name)
		if err != nil {
			return err
		}
		t := *shared
		now := x.cfg.Now()
		switch status, _ := t.status(now, x.cfg.Lags); {
		case status == types.TableStatusCreating:
			return tableInUse("Table is being created: %s", name)
		case status == types.TableStatusDeleting:
			return tableInUse("Table is being deleted: %s", name)
		case in.ProvisionedThroughput == nil && in.BillingMode == "" && in.TableClass == "":
		case t.resettling(now, x.cfg.Lags):
			return tableInUse("Table IOPS are currently being updated. Table: %s", name)
		default:
			if err := t.reindexingRefuses(now, x.cfg.Lags); err != nil {
				return err
			}
		}
		if err := t.resettle(in, now); err != nil {
			return err
		}
		if err := t.reindex(tx, updates, now, x.cfg.Lags); err != nil {
			return err
		}
		if in.DeletionProtectionEnabled != nil {
			t.Protected = *in.DeletionProtectionEnabled
		}
		out = &dynamodb.UpdateTableOutput{TableDescription: t.describe(now, x.cfg.Lags, tx)}
		return put(tx, bucketTables, key(t.Region, name), t)
	})
	return out, err
}

// resettle works out the new settings, and from when on they are on their way.
func (t *tableDoc) resettle(in *dynamodb.UpdateTableInput, now time.Time) error {
	before, after := t.Settings, t.Settings
	if in.BillingMode != "" {
		after.Billing = in.BillingMode
	}
	if in.TableClass != "" && !(before.Class == "" && in.TableClass == types.TableClassStandard) {
		after.Class = in.TableClass
	}
	throughput := in.ProvisionedThroughput
	switch {
	case after.Billing == types.BillingModePayPerRequest && throughput != nil:
		return invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case after.Billing == types.BillingModePayPerRequest:
		after.Read, after.Write = 0, 0
	case throughput != nil:
		after.Read, after.Write = *throughput.ReadCapacityUnits, *throughput.WriteCapacityUnits
		if after.Read == before.Read && after.Write == before.Write {
			return invalid("The provisioned throughput for the table will not change. The requested value equals the current value. "+
				"Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. "+
				"Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. "+
				"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
				before.Read, after.Read, before.Write, after.Write)
		}
	}
	if after == before {
		return nil
	}
	if throughput != nil && before.Billing == types.BillingModeProvisioned {
		if after.Read > before.Read || after.Write > before.Write {
			t.Increased = now
		}
		if after.Read < before.Read || after.Write < before.Write {
			var err error
			if t.Decreases, err = lowered(t.Decreases, now); err != nil {
				return err
			}
		}
	}
	if after.Billing == types.BillingModePayPerRequest && before.Billing != after.Billing {
		t.ToOnDemand = now
	}
	t.Before, t.Settings, t.Updated = &before, after, now
	return nil
}

// lowered notes a lowering of the capacity of a table or an index: four in a UTC day
// are free, each further one needs an hour since the last.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
func lowered(decreases []time.Time, now time.Time) ([]time.Time, error) {
	if n := today(decreases, now); n >= 4 {
		last := decreases[len(decreases)-1].UTC()
		if next := last.Add(time.Hour); now.Before(next) {
			const form = "Monday, January 2, 2006 at 3:04:05 PM Coordinated Universal Time"
			return nil, limitExceeded("Provisioned throughput decreases are limited within a given UTC day. "+
				"After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. "+
				"Number of decreases today: %d. Last decrease at %s. Next decrease can be made at %s", n, last.Format(form), next.Format(form))
		}
	}
	young := slices.DeleteFunc(slices.Clone(decreases), func(d time.Time) bool { return now.Sub(d) > 24*time.Hour })
	return append(young, now), nil
}

// DeleteTable empties the table at once; it is DELETING for Lags.TableDelete.
func (x *dynamodbService) DeleteTable(ctx context.Context, in *dynamodb.DeleteTableInput) (*dynamodb.DeleteTableOutput, error) {
	name, err := x.tableName(ctx, aws.ToString(in.TableName))
	if err != nil {
		return nil, err
	}
	var out *dynamodb.DeleteTableOutput
	err = x.change(func(tx *bbolt.Tx) error {
		shared, err := x.existing(ctx, tx, name)
		if err != nil {
			return err
		}
		t := *shared
		now := x.cfg.Now()
		count, size := itemSizes(tx, t.ID)
		status, _ := t.status(now, x.cfg.Lags)
		switch {
		case status == types.TableStatusCreating:
			return tableInUse("Table is being created: %s", name)
		case status != types.TableStatusDeleting && t.indexAtWork(now, x.cfg.Lags):
			return tableInUse("Cannot delete table while indexes are being created, updated, or deleted.")
		case status == types.TableStatusUpdating:
			return tableInUse("Table: %s is in the process of being updated.", name)
		case status == types.TableStatusDeleting: // no error, says the API reference
		case t.Protected:
			return invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
		default:
			t.Deleted = now
			if err := dropItems(tx, t.ID); err != nil {
				return err
			}
			for _, ix := range t.kept() {
				if err := dropItems(tx, ix.ID); err != nil {
					return err
				}
			}
			if err := x.forget(tx, now); err != nil {
				return err
			}
			if err := put(tx, bucketTables, key(t.Region, name), t); err != nil {
				return err
			}
		}
		out = &dynamodb.DeleteTableOutput{TableDescription: &types.TableDescription{
			TableName: aws.String(name), TableArn: aws.String(t.arn()), TableId: aws.String(t.ID),
			TableStatus: types.TableStatusDeleting, ItemCount: aws.Int64(count), TableSizeBytes: aws.Int64(size),
			DeletionProtectionEnabled: aws.Bool(false), BillingModeSummary: t.describe(now, x.cfg.Lags, nil).BillingModeSummary,
			ProvisionedThroughput: t.describe(now, x.cfg.Lags, nil).ProvisionedThroughput,
		}}
		return nil
	})
	return out, err
}

// forget removes the documents of tables whose deletion is over.
func (x *dynamodbService) forget(tx *bbolt.Tx, now time.Time) error {
	docs, err := list[tableDoc](tx, bucketTables, "")
	for _, t := range docs {
		if _, gone := t.status(now, x.cfg.Lags); gone {
			k := key(t.Region, t.Name)
			x.tables.Delete(k)
			if err := remove(tx, bucketTables, k); err != nil {
				return err
			}
		}
	}
	return err
}

// swept takes the chance of a "not found" to forget what is deleted: whoever
// waits for a deletion asks until it hears that.
func (x *dynamodbService) swept(notFound error) error {
	if err := x.change(func(tx *bbolt.Tx) error { return x.forget(tx, x.cfg.Now()) }); err != nil {
		return err
	}
	return notFound
}

func limitExceeded(format string, args ...any) error {
	return &apiError{Code: "LimitExceededException", Message: "Subscriber limit exceeded: " + fmt.Sprintf(format, args...)}
}

// copyTags is a table's tags as a map of its own.
func copyTags(tags map[string]string) map[string]string {
	if out := maps.Clone(tags); out != nil {
		return out
	}
	return map[string]string{}
}
