package local

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// indexUpdates is GlobalSecondaryIndexUpdates with what needs no table checked.
type indexUpdates struct {
	create  *types.GlobalSecondaryIndex
	delete  string
	update  map[string]*types.ProvisionedThroughput
	billing types.BillingMode
	defined attributeTypes
}

// changes says that an index is to be made or deleted.
func (u *indexUpdates) changes() bool { return u.create != nil || u.delete != "" }

func readIndexUpdates(in *dynamodb.UpdateTableInput) (*indexUpdates, error) {
	u := &indexUpdates{update: map[string]*types.ProvisionedThroughput{}, billing: in.BillingMode}
	var err error
	if u.defined, err = readAttributeTypes(in.AttributeDefinitions); err != nil {
		return nil, err
	}
	named := map[string]bool{}
	changes := 0
	for _, one := range in.GlobalSecondaryIndexUpdates {
		name, actions := "", 0
		if c := one.Create; c != nil {
			index := types.GlobalSecondaryIndex(*c)
			name, actions, u.create = aws.ToString(c.IndexName), actions+1, &index
		}
		if d := one.Delete; d != nil {
			name, actions, u.delete = aws.ToString(d.IndexName), actions+1, aws.ToString(d.IndexName)
		}
		if one.Create != nil || one.Delete != nil {
			changes++
		}
		if c := one.Update; c != nil {
			switch {
			case c.OnDemandThroughput != nil:
				return nil, lacks("UpdateTable", "OnDemandThroughput of an index")
			case c.WarmThroughput != nil:
				return nil, lacks("UpdateTable", "WarmThroughput of an index")
			}
			name, actions = aws.ToString(c.IndexName), actions+1
			u.update[name] = c.ProvisionedThroughput
			if err := checkSettings("", c.ProvisionedThroughput, ""); err != nil {
				return nil, err
			}
		}
		switch {
		case actions == 0:
			return nil, invalid("One or more parameter values were invalid: One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null")
		case actions > 1:
			return nil, invalid("One or more parameter values were invalid: Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
		case name == "":
			return nil, invalid("1 validation error detected: Value null at 'globalSecondaryIndexUpdates.1.member.indexName' failed to satisfy constraint: Member must not be null")
		case named[name]:
			return nil, invalid("One or more parameter values were invalid: Only one global secondary index update per index is allowed simultaneously. Index: %s", name)
		}
		named[name] = true
	}
	if changes > 1 {
		return nil, oneIndexAtATime()
	}
	return u, u.alone(in)
}

// oneIndexAtATime is the error of a second index that is to be made or deleted.
func oneIndexAtATime() error {
	return limitExceeded("Only 1 online index can be created or deleted simultaneously per table")
}

// alone refuses what cannot be changed together with indexes.
func (u *indexUpdates) alone(in *dynamodb.UpdateTableInput) error {
	switch {
	case !u.changes() && len(u.update) == 0:
		return nil
	case in.TableClass != "":
		return invalid("One or more parameter values were invalid: TableClass modification must be the only operation in the request")
	case in.DeletionProtectionEnabled != nil:
		return invalid("One or more parameter values were invalid: DeletionProtection modification must be the only operation in the request")
	case u.changes() && in.BillingMode != "":
		return lacks("UpdateTable", "BillingMode together with an index that is made or deleted")
	case u.changes() && in.ProvisionedThroughput != nil:
		return invalid("One or more parameter values were invalid: You cannot create or delete index while updating table IOPS")
	}
	return nil
}

// reindexingRefuses is the error of new table settings while an index is being
// made or deleted; nil when none is. While one is backfilled they are welcome.
func (t *tableDoc) reindexingRefuses(now time.Time, lags Lags) error {
	for _, ix := range t.indexes(now, lags) {
		what := "created"
		switch status, building := ix.status(t, now, lags); {
		case status == types.IndexStatusDeleting:
			what = "deleted"
		case building != allocating:
			continue
		}
		return tableInUse("Can't change table IOPS when an index is being %s. Table: %s Indexes: [%s]", what, t.Name, ix.Name)
	}
	return nil
}

// reindex carries the updates out. t is a copy, its Indexes are not.
func (t *tableDoc) reindex(tx *bbolt.Tx, u *indexUpdates, now time.Time, lags Lags) error {
	var indexes []indexDoc // without those whose deletion is over
	for _, ix := range t.indexes(now, lags) {
		indexes = append(indexes, *ix)
	}
	t.Indexes = indexes
	if err := t.changeIndex(tx, u, now, lags); err != nil {
		return err
	}
	for _, name := range sortedKeys(u.update) {
		ix, err := t.index(name)
		if err != nil {
			return err
		}
		if err := ix.resettle(t, u.update[name], u.billing != "", now, lags); err != nil {
			return err
		}
	}
	for i := range t.Indexes {
		switch ix := &t.Indexes[i]; {
		case u.billing == types.BillingModePayPerRequest:
			ix.Units, ix.Before = indexUnits{}, nil
		case u.billing == types.BillingModeProvisioned && ix.Units == indexUnits{}:
			return invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified for index: %s", ix.Name)
		}
	}
	return nil
}

// index finds an index that may be on its way out.
func (t *tableDoc) index(name string) (*indexDoc, error) {
	for i := range t.Indexes {
		if t.Indexes[i].Name == name {
			return &t.Indexes[i], nil
		}
	}
	return nil, &apiError{Code: "ResourceNotFoundException", Message: fmt.Sprintf("Requested resource not found: Index %s for table %s", name, t.Name)}
}

// changeIndex makes an index or deletes one.
func (t *tableDoc) changeIndex(tx *bbolt.Tx, u *indexUpdates, now time.Time, lags Lags) error {
	if !u.changes() {
		return nil
	}
	if u.create != nil && slices.ContainsFunc(t.Indexes, func(ix indexDoc) bool { return ix.Name == aws.ToString(u.create.IndexName) }) {
		return invalid("Attempting to create an index which already exists")
	}
	if t.resettling(now, lags) {
		if t.Before != nil && t.Before.Class != t.Settings.Class {
			return tableInUse("Can't create or delete an index when a table class update is in progress.")
		}
		return tableInUse("Can't create or delete indexes while table IOPS are being updated. Table: %s", t.Name)
	}
	for i := range t.Indexes {
		ix := &t.Indexes[i]
		if status, building := ix.status(t, now, lags); ix.Name != u.delete && (building != notBuilding || status == types.IndexStatusDeleting) {
			return oneIndexAtATime()
		}
	}
	if u.create != nil {
		return t.addIndex(tx, u, now)
	}
	ix, err := t.index(u.delete)
	if err != nil {
		return err
	}
	switch status, building := ix.status(t, now, lags); {
	case building == allocating:
		return tableInUse("Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: %s Index: %s", t.Name, ix.Name)
	case status == types.IndexStatusUpdating:
		return tableInUse("Index is being updated. Table: %s Index: %s", t.Name, ix.Name)
	case status == types.IndexStatusDeleting:
		return tableInUse("Index is being deleted. Table: %s Index: %s", t.Name, ix.Name)
	}
	ix.Deleted = now
	return dropItems(tx, ix.ID)
}

// addIndex makes an index and fills it. What it holds does not show before it is
// ACTIVE; writes count from now on.
func (t *tableDoc) addIndex(tx *bbolt.Tx, u *indexUpdates, now time.Time) error {
	if len(u.defined.names) == 0 {
		return invalid("One or more parameter values were invalid: AttributeDefinitions is not specified for index: %s", aws.ToString(u.create.IndexName))
	}
	for _, s := range append([]*keySchema{&t.keySchema}, t.schemas()...) { // what is defined already need not be sent again
		for _, k := range s.keys() {
			u.defined.of[k.Name] = k.Type
		}
	}
	if lacking := undefined(u.create.KeySchema, u.defined); lacking {
		return invalid("Invalid KeySchema: Some index key attribute have no definition")
	}
	keys, err := indexSchema("UpdateTable", u.create.KeySchema, u.defined)
	if err != nil {
		return err
	}
	ix, err := newIndex("UpdateTable", *u.create, keys, t.Settings.Billing)
	if err != nil {
		return err
	}
	if len(t.Indexes) >= maxIndexes {
		return limitExceeded("Number of global secondary indexes exceeds per-table limit of %d", maxIndexes)
	}
	ix.Created = now
	t.Indexes = append(t.Indexes, ix)
	return t.fill(tx, &t.Indexes[len(t.Indexes)-1])
}

func (t *tableDoc) schemas() []*keySchema {
	var all []*keySchema
	for i := range t.Indexes {
		all = append(all, &t.Indexes[i].keySchema)
	}
	return all
}

func undefined(keys []types.KeySchemaElement, defined attributeTypes) bool {
	return slices.ContainsFunc(keys, func(k types.KeySchemaElement) bool { return defined.of[aws.ToString(k.AttributeName)] == "" })
}

// resettle works out new units, which show after Lags.TableUpdate; rebilled says
// that the table goes to another billing mode at the same time.
func (ix *indexDoc) resettle(t *tableDoc, throughput *types.ProvisionedThroughput, rebilled bool, now time.Time, lags Lags) error {
	status, building := ix.status(t, now, lags)
	switch {
	case building == allocating:
		return tableInUse("Index is being created. Table: %s Index: %s", t.Name, ix.Name)
	case status == types.IndexStatusUpdating, status == types.IndexStatusDeleting:
		return tableInUse("Index is being %s. Table: %s Index: %s", strings.TrimSuffix(strings.ToLower(string(status)), "ing")+"ed", t.Name, ix.Name)
	case t.Settings.Billing == types.BillingModePayPerRequest:
		return invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: %s when BillingMode is PAY_PER_REQUEST", ix.Name)
	case throughput == nil:
		return invalid("One or more parameter values were invalid: ProvisionedThroughput must be specified for index: %s", ix.Name)
	}
	before, after := ix.Units, indexUnits{*throughput.ReadCapacityUnits, *throughput.WriteCapacityUnits}
	if before == after {
		if rebilled {
			return nil
		}
		return invalid("The provisioned throughput for the index %s will not change. The requested value equals the current value. "+
			"Current ReadCapacityUnits provisioned for index %[1]s: %[2]d. Requested ReadCapacityUnits: %[2]d. "+
			"Current WriteCapacityUnits provisioned for index %[1]s: %[3]d. Requested WriteCapacityUnits: %[3]d. "+
			"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.", ix.Name, after.Read, after.Write)
	}
	if after.Read > before.Read || after.Write > before.Write {
		ix.Increased = now
	}
	if after.Read < before.Read || after.Write < before.Write {
		var err error
		if ix.Decreases, err = lowered(ix.Decreases, now); err != nil {
			return err
		}
	}
	ix.Before, ix.Units, ix.Updated = &before, after, now
	return nil
}
