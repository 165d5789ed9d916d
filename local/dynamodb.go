package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// dynamodbService is Amazon DynamoDB: tables with global secondary indexes, without
// streams, and all item operations with expressions. Capacity is counted, never short: the
// local DynamoDB does not throttle.
type dynamodbService struct {
	*Server
	tables sync.Map // of key(region, name) to *cachedTable
	tokens tokens   // of TransactWriteItems
}

// raw answers the item operations from the body's bytes: they are called often,
// and a Scan hands on what the store holds without decoding it.
func (x *dynamodbService) raw(operation string) func(context.Context, []byte) ([]byte, error) {
	switch operation {
	case "PutItem", "UpdateItem", "DeleteItem":
		return func(ctx context.Context, body []byte) ([]byte, error) { return x.writeItem(ctx, operation, body) }
	case "GetItem":
		return x.getItem
	case "Scan":
		return x.scan
	case "Query":
		return x.query
	case "BatchGetItem":
		return x.batchGet
	case "BatchWriteItem":
		return x.batchWrite
	case "TransactWriteItems":
		return x.transactWrite
	case "TransactGetItems":
		return x.transactGet
	}
	return nil
}

func tableNotFound(name string) error {
	return &apiError{Code: "ResourceNotFoundException", Message: "Requested resource not found: Table: " + name + " not found"}
}

func tableInUse(format string, args ...any) error {
	return &apiError{Code: "ResourceInUseException", Message: "Attempt to change a resource which is still in use: " + fmt.Sprintf(format, args...)}
}

// tableName checks a TableName parameter; one may also give the table's ARN.
func (x *dynamodbService) tableName(ctx context.Context, name string) (string, error) {
	switch bare, isARN := strings.CutPrefix(name, "arn:aws:dynamodb:"+from(ctx).region+":"+AccountID+":table/"); {
	case name == "":
		return "", invalid("The parameter 'TableName' is required but was not present in the request")
	case isARN:
		return bare, nil
	case len(name) < 3 || len(name) > 255:
		return "", invalid("TableName must be at least 3 characters long and at most 255 characters long")
	case strings.ContainsFunc(name, notInName):
		return "", invalid("1 validation error detected: Value '%s' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+", name)
	}
	return name, nil
}

// CreateTable makes a table, which is CREATING for Lags.TableCreate.
func (x *dynamodbService) CreateTable(ctx context.Context, in *dynamodb.CreateTableInput) (*dynamodb.CreateTableOutput, error) {
	name, err := x.tableName(ctx, aws.ToString(in.TableName))
	if err != nil {
		return nil, err
	}
	for parameter, given := range map[string]bool{
		"LocalSecondaryIndexes": len(in.LocalSecondaryIndexes) > 0,
		"VectorIndexes":         len(in.VectorIndexes) > 0,
		"StreamSpecification":   in.StreamSpecification != nil && aws.ToBool(in.StreamSpecification.StreamEnabled),
		"SSESpecification":      in.SSESpecification != nil && aws.ToBool(in.SSESpecification.Enabled),
		"OnDemandThroughput":    in.OnDemandThroughput != nil,
		"WarmThroughput":        in.WarmThroughput != nil,
		"ResourcePolicy":        in.ResourcePolicy != nil,
		"GlobalTableSourceArn":  in.GlobalTableSourceArn != nil,
	} {
		if given {
			return nil, lacks("CreateTable", parameter)
		}
	}
	t := tableDoc{Region: from(ctx).region, Name: name, ID: newRequestID(), Protected: aws.ToBool(in.DeletionProtectionEnabled)}
	if in.GlobalSecondaryIndexes != nil && len(in.GlobalSecondaryIndexes) == 0 {
		return nil, invalid("One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty")
	}
	if t.Settings, err = newSettings(in.BillingMode, in.ProvisionedThroughput, in.TableClass); err != nil {
		return nil, err
	}
	if err := t.schema(in); err != nil {
		return nil, err
	}
	if t.Tags, err = addTags(nil, in.Tags); err != nil {
		return nil, err
	}
	err = x.change(func(tx *bbolt.Tx) error {
		now := x.cfg.Now()
		old, err := x.load(tx, t.Region, name)
		if err != nil {
			return err
		}
		if old != nil {
			if status, _ := old.status(now, x.cfg.Lags); status == types.TableStatusCreating {
				return tableInUse("Table is being created: %s", name)
			}
			return &apiError{Code: "ResourceInUseException", Message: "Table already exists: " + name}
		}
		if err := x.full("CreateTable"); err != nil {
			return err
		}
		t.Created, t.Tagged = now, now
		if _, err := tx.CreateBucketIfNotExists([]byte(bucketItems + t.ID)); err != nil {
			return err
		}
		for i := range t.Indexes {
			t.Indexes[i].Created = now
			if err := t.fill(tx, &t.Indexes[i]); err != nil {
				return err
			}
		}
		return put(tx, bucketTables, key(t.Region, name), t)
	})
	if err != nil {
		return nil, err
	}
	return &dynamodb.CreateTableOutput{TableDescription: t.describe(t.Created, x.cfg.Lags, nil)}, nil
}

// newSettings checks what CreateTable says about billing and class.
func newSettings(billing types.BillingMode, throughput *types.ProvisionedThroughput, class types.TableClass) (tableSettings, error) {
	s := tableSettings{Billing: billing, Class: class}
	if billing == "" {
		s.Billing = types.BillingModeProvisioned
	}
	if err := checkSettings(billing, throughput, class); err != nil {
		return s, err
	}
	switch {
	case s.Billing == types.BillingModePayPerRequest && throughput != nil:
		return s, invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case s.Billing == types.BillingModeProvisioned && throughput == nil:
		return s, invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	case throughput != nil:
		s.Read, s.Write = *throughput.ReadCapacityUnits, *throughput.WriteCapacityUnits
	}
	return s, nil
}

// checkSettings are the bounds that CreateTable and UpdateTable share.
func checkSettings(billing types.BillingMode, throughput *types.ProvisionedThroughput, class types.TableClass) error {
	var wrong []string
	note := func(value, member, rule string) {
		wrong = append(wrong, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, member, rule))
	}
	if billing != "" && !slices.Contains(billing.Values(), billing) {
		note("'"+string(billing)+"'", "billingMode", "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]")
	}
	if class != "" && !slices.Contains(class.Values(), class) {
		note("'"+string(class)+"'", "tableClass", "Member must satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]")
	}
	if throughput != nil {
		for member, units := range map[string]*int64{
			"provisionedThroughput.writeCapacityUnits": throughput.WriteCapacityUnits,
			"provisionedThroughput.readCapacityUnits":  throughput.ReadCapacityUnits,
		} {
			if units == nil {
				note("null", member, "Member must not be null")
			} else if *units < 1 {
				note(fmt.Sprintf("'%d'", *units), member, "Member must have value greater than or equal to 1")
			}
		}
	}
	slices.Sort(wrong)
	return outOfBounds(wrong)
}

// existing reads a table that must be there, for the operations on tables.
func (x *dynamodbService) existing(ctx context.Context, tx *bbolt.Tx, name string) (*tableDoc, error) {
	t, err := x.load(tx, from(ctx).region, name)
	if err == nil && t == nil {
		err = tableNotFound(name)
	}
	return t, err
}

// DescribeTable shows a table and its state.
func (x *dynamodbService) DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput) (*dynamodb.DescribeTableOutput, error) {
	name, err := x.tableName(ctx, aws.ToString(in.TableName))
	if err != nil {
		return nil, err
	}
	out := &dynamodb.DescribeTableOutput{}
	err = x.db.viewItems(func(tx *bbolt.Tx) error {
		t, err := x.existing(ctx, tx, name)
		if err == nil && x.young(t.Created, x.cfg.Lags.TableVisible) {
			err = tableNotFound(name)
		}
		if err != nil {
			return err
		}
		out.Table = t.describe(x.cfg.Now(), x.cfg.Lags, tx)
		return nil
	})
	if err != nil {
		return nil, x.swept(err)
	}
	return out, nil
}

// ListTables lists the Region's tables by name, those being made or deleted too.
func (x *dynamodbService) ListTables(ctx context.Context, in *dynamodb.ListTablesInput) (*dynamodb.ListTablesOutput, error) {
	limit := 100
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	if limit < 1 || limit > 100 {
		rule := "greater than or equal to 1"
		if limit > 100 {
			rule = "less than or equal to 100"
		}
		return nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value %s", limit, rule)
	}
	out := &dynamodb.ListTablesOutput{TableNames: []string{}}
	err := x.db.view(func(tx *bbolt.Tx) error {
		docs, err := list[tableDoc](tx, bucketTables, key(from(ctx).region, ""))
		for _, t := range docs {
			if _, gone := t.status(x.cfg.Now(), x.cfg.Lags); gone || t.Name <= aws.ToString(in.ExclusiveStartTableName) {
				continue
			}
			if len(out.TableNames) == limit {
				out.LastEvaluatedTableName = aws.String(out.TableNames[limit-1])
				break
			}
			out.TableNames = append(out.TableNames, t.Name)
		}
		return err
	})
	return out, err
}

// change runs do in the store's writer. do checks everything before it writes:
// an error as AWS states it has changed nothing, so it need not undo the group
// that do runs in.
func (x *dynamodbService) change(do func(tx *bbolt.Tx) error) error {
	var refused error
	err := x.db.update(func(tx *bbolt.Tx) (err error) {
		refused, err = refusal(do(tx))
		return err
	})
	return cmp.Or(err, refused)
}

// changeItems is change for items.
func (x *dynamodbService) changeItems(do func(tx *itemTx) error) error {
	var refused error
	err := x.db.updateItems(func(tx *itemTx) (err error) {
		refused, err = refusal(do(tx))
		return err
	})
	return cmp.Or(err, refused)
}

// refusal tells the errors that AWS states from faults of the store.
func refusal(err error) (refused, fault error) {
	if _, ok := err.(*apiError); ok {
		return err, nil
	}
	return nil, err
}
