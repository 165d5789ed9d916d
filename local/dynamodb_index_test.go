package local

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// anIndex describes an index by its keys, "list:S,created:S", and what it keeps:
// "ALL", "KEYS_ONLY" or the attributes of an INCLUDE.
func anIndex(name, keys, keep string) (types.GlobalSecondaryIndex, []types.AttributeDefinition) {
	ix := types.GlobalSecondaryIndex{
		IndexName:             aws.String(name),
		Projection:            &types.Projection{ProjectionType: types.ProjectionType(keep)},
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)},
	}
	if keep != "ALL" && keep != "KEYS_ONLY" {
		ix.Projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: strings.Split(keep, ",")}
	}
	var defined []types.AttributeDefinition
	for i, k := range strings.Split(keys, ",") {
		name, kind, _ := strings.Cut(k, ":")
		ix.KeySchema = append(ix.KeySchema, types.KeySchemaElement{AttributeName: aws.String(name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
		defined = append(defined, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeType(kind)})
	}
	return ix, defined
}

// addIndex asks for an index on a table that is there.
func (d *dynamo) addIndex(t testing.TB, table, name, keys, keep string) error {
	ix, defined := anIndex(name, keys, keep)
	create := types.CreateGlobalSecondaryIndexAction(ix)
	_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String(table), AttributeDefinitions: defined,
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &create}}})
	return err
}

func (d *dynamo) dropIndex(t testing.TB, table, name string) error {
	_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String(table),
		GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String(name)}}}})
	return err
}

const indexBuilds = 40*time.Second + 8*time.Minute // AWSLags.IndexAllocate and IndexBackfill

func TestAnIndexIsBuiltAndDeletedInAWSsStates(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"list":{"S":"todo"},"created":{"S":"2026"}}}`)
	state := func() string {
		table := d.describe(t, "TodoTable")
		s := string(table.TableStatus)
		for _, ix := range table.GlobalSecondaryIndexes {
			s += fmt.Sprintf(" %s %s", *ix.IndexName, ix.IndexStatus)
			if ix.Backfilling != nil {
				s += fmt.Sprintf(" %t", *ix.Backfilling)
			}
		}
		return s
	}
	want := func(s string) {
		t.Helper()
		if got := state(); got != s {
			t.Errorf("%s, want %s", got, s)
		}
	}
	query := `{"TableName":"TodoTable","IndexName":"newest","KeyConditionExpression":"#l = :l","ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{":l":{"S":"todo"}}}`
	deleteTable := func() error {
		_, err := d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
		return err
	}
	throughput := func(units int64) error {
		_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(units), WriteCapacityUnits: aws.Int64(5)}})
		return err
	}

	if err := d.addIndex(t, "TodoTable", "newest", "list:S,created:S", "ALL"); err != nil {
		t.Fatal(err)
	}
	want("UPDATING newest CREATING false")
	_, err := d.raw(t, "Query", query)
	wantError(t, err, "ValidationException", "Cannot read from backfilling global secondary index: newest")
	wantError(t, d.dropIndex(t, "TodoTable", "newest"), "ResourceInUseException", "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: TodoTable Index: newest")
	wantError(t, throughput(6), "ResourceInUseException", "Can't change table IOPS when an index is being created. Table: TodoTable Indexes: [newest]")
	wantError(t, deleteTable(), "ResourceInUseException", "Cannot delete table while indexes are being created, updated, or deleted.")
	wantError(t, d.addIndex(t, "TodoTable", "other", "list:S", "ALL"), "LimitExceededException", "Only 1 online index can be created or deleted simultaneously per table")
	wantError(t, d.addIndex(t, "TodoTable", "newest", "list:S", "ALL"), "ValidationException", "Attempting to create an index which already exists")
	if _, err := d.raw(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"2"},"list":{"S":"todo"},"created":{"S":"2027"}}}`); err != nil {
		t.Error("an item cannot be written while an index is built:", err)
	}

	d.turn(AWSLags.IndexAllocate)
	want("ACTIVE newest CREATING true")
	_, err = d.raw(t, "Query", query)
	wantError(t, err, "ValidationException", "Cannot read from backfilling global secondary index: newest")
	wantError(t, deleteTable(), "ResourceInUseException", "Cannot delete table while indexes are being created, updated, or deleted.")
	if err := throughput(6); err != nil {
		t.Error("a backfill does not keep the table's own units from changing:", err)
	}

	d.turn(AWSLags.IndexBackfill)
	want("ACTIVE newest ACTIVE")
	if got := d.must(t, "Query", query); !strings.HasPrefix(got, `{"Count":2,`) {
		t.Error(got)
	}
	ix := d.describe(t, "TodoTable").GlobalSecondaryIndexes[0]
	if *ix.ItemCount != 2 || *ix.IndexSizeBytes != 2*(2+1+4+4+7+4) || !strings.HasSuffix(*ix.IndexArn, ":table/TodoTable/index/newest") {
		t.Errorf("%d items, %d bytes, %s", *ix.ItemCount, *ix.IndexSizeBytes, *ix.IndexArn)
	}

	if err := d.dropIndex(t, "TodoTable", "newest"); err != nil {
		t.Fatal(err)
	}
	want("UPDATING newest DELETING")
	_, err = d.raw(t, "Query", query)
	wantError(t, err, "ValidationException", "The table does not have the specified index: newest")
	wantError(t, d.dropIndex(t, "TodoTable", "newest"), "ResourceInUseException", "Index is being deleted. Table: TodoTable Index: newest")
	wantError(t, throughput(7), "ResourceInUseException", "Can't change table IOPS when an index is being deleted. Table: TodoTable Indexes: [newest]")
	wantError(t, deleteTable(), "ResourceInUseException", "Cannot delete table while indexes are being created, updated, or deleted.")
	d.turn(AWSLags.IndexDelete)
	want("ACTIVE")
	if defined := d.describe(t, "TodoTable").AttributeDefinitions; len(defined) != 1 {
		t.Errorf("the deleted index left %v", defined)
	}
	wantError(t, d.dropIndex(t, "TodoTable", "newest"), "ResourceNotFoundException", "Requested resource not found: Index newest for table TodoTable")

	// Of the same name, and deleted while it is being filled.
	if err := d.addIndex(t, "TodoTable", "newest", "created:S", "KEYS_ONLY"); err != nil {
		t.Fatal(err)
	}
	d.turn(AWSLags.IndexAllocate)
	if err := d.dropIndex(t, "TodoTable", "newest"); err != nil {
		t.Error("an index that is being filled cannot be deleted:", err)
	}
	d.turn(AWSLags.IndexDelete)
	if err := deleteTable(); err != nil {
		t.Error(err)
	}
}

func TestATableAndItsIndexesBecomeActiveTogether(t *testing.T) {
	d := newDynamo(t)
	newest, defined := anIndex("newest", "list:S,created:S", "ALL")
	in := &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), ProvisionedThroughput: newest.ProvisionedThroughput,
		KeySchema:              []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions:   append(defined, types.AttributeDefinition{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{newest}}
	out, err := d.CreateTable(t.Context(), in)
	if err != nil || out.TableDescription.GlobalSecondaryIndexes[0].IndexStatus != types.IndexStatusCreating {
		t.Fatalf("%+v, %v", out, err)
	}
	d.turn(AWSLags.TableCreate)
	table := d.describe(t, "TodoTable")
	ix := table.GlobalSecondaryIndexes[0]
	var names []string
	for _, a := range table.AttributeDefinitions {
		names = append(names, *a.AttributeName)
	}
	if table.TableStatus != "ACTIVE" || ix.IndexStatus != "ACTIVE" || ix.Backfilling != nil || !slices.Equal(names, []string{"created", "id", "list"}) ||
		*ix.ProvisionedThroughput.ReadCapacityUnits != 5 || ix.Projection.ProjectionType != "ALL" || len(ix.KeySchema) != 2 || *ix.KeySchema[1].AttributeName != "created" {
		t.Errorf("%+v %+v", table, ix)
	}
	if _, err := d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}); err != nil {
		t.Fatal(err)
	}
	d.turn(AWSLags.TableDelete)
	if _, err := d.CreateTable(t.Context(), in); err != nil { // of the same name, and empty
		t.Fatal(err)
	}
	d.turn(AWSLags.TableCreate)
	if got := d.must(t, "Scan", `{"TableName":"TodoTable","IndexName":"newest"}`); !strings.HasPrefix(got, `{"Count":0,`) {
		t.Error(got)
	}
}

func TestIndexesAreRefusedInAWSsWords(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	create := func(name, keys, keep string, change func(*types.CreateGlobalSecondaryIndexAction)) *dynamodb.UpdateTableInput {
		ix, defined := anIndex(name, keys, keep)
		action := types.CreateGlobalSecondaryIndexAction(ix)
		if change != nil {
			change(&action)
		}
		return &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), AttributeDefinitions: defined,
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: &action}}}
	}
	units := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)}
	update := func(name string) types.GlobalSecondaryIndexUpdate {
		return types.GlobalSecondaryIndexUpdate{Update: &types.UpdateGlobalSecondaryIndexAction{IndexName: aws.String(name), ProvisionedThroughput: units}}
	}
	remove := func(name string) types.GlobalSecondaryIndexUpdate {
		return types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String(name)}}
	}
	with := func(in *dynamodb.UpdateTableInput, change func(*dynamodb.UpdateTableInput)) *dynamodb.UpdateTableInput {
		change(in)
		return in
	}
	all := func(updates ...types.GlobalSecondaryIndexUpdate) *dynamodb.UpdateTableInput {
		return &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), GlobalSecondaryIndexUpdates: updates}
	}
	for _, c := range []struct {
		in            *dynamodb.UpdateTableInput
		code, message string
	}{
		{create("ab", "list:S", "ALL", nil), "ValidationException", "Member must have length greater than or equal to 3"},
		{create("a b c", "list:S", "ALL", nil), "ValidationException", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) {
			a.Projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude}
		}), "ValidationException", "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) { a.Projection.NonKeyAttributes = []string{"x"} }), "ValidationException", "ProjectionType is ALL, but NonKeyAttributes is specified"},
		{create("newest", "list:S", "x,x", nil), "ValidationException", "Duplicate element in NonKeyAttributes: x"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) { a.Projection = &types.Projection{} }), "ValidationException", "Unknown ProjectionType: null"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) { a.ProvisionedThroughput = nil }), "ValidationException", "ProvisionedThroughput is not specified for index: newest"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) { a.KeySchema[0].KeyType = types.KeyTypeRange }), "ValidationException", "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
		{create("newest", "a:S,b:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) {
			a.KeySchema = append(a.KeySchema, types.KeySchemaElement{AttributeName: aws.String("id"), KeyType: types.KeyTypeRange})
		}), "NotImplemented", "KeySchema with more than two attributes"},
		{create("newest", "list:S", "ALL", func(a *types.CreateGlobalSecondaryIndexAction) {
			a.OnDemandThroughput = &types.OnDemandThroughput{}
		}), "NotImplemented", "OnDemandThroughput of an index"},
		{with(create("newest", "list:S", "ALL", nil), func(in *dynamodb.UpdateTableInput) { in.AttributeDefinitions = nil }), "ValidationException", "AttributeDefinitions is not specified for index: newest"},
		{with(create("newest", "list:S", "ALL", nil), func(in *dynamodb.UpdateTableInput) { in.AttributeDefinitions[0].AttributeName = aws.String("x") }), "ValidationException", "Invalid KeySchema: Some index key attribute have no definition"},
		{with(create("newest", "list:S", "ALL", nil), func(in *dynamodb.UpdateTableInput) { in.ProvisionedThroughput = units }), "ValidationException", "You cannot create or delete index while updating table IOPS"},
		{with(create("newest", "list:S", "ALL", nil), func(in *dynamodb.UpdateTableInput) { in.DeletionProtectionEnabled = aws.Bool(true) }), "ValidationException", "DeletionProtection modification must be the only operation in the request"},
		{with(create("newest", "list:S", "ALL", nil), func(in *dynamodb.UpdateTableInput) { in.TableClass = types.TableClassStandard }), "ValidationException", "TableClass modification must be the only operation in the request"},
		{all(update("other")), "ResourceNotFoundException", "Requested resource not found: Index other for table TodoTable"},
		{all(update("other"), update("other")), "ValidationException", "Only one global secondary index update per index is allowed simultaneously. Index: other"},
		{all(remove("first"), remove("other")), "LimitExceededException", "Only 1 online index can be created or deleted simultaneously per table"},
		{all(types.GlobalSecondaryIndexUpdate{}), "ValidationException", "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null"},
		{all(types.GlobalSecondaryIndexUpdate{Update: update("first").Update, Delete: remove("first").Delete}), "ValidationException", "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"},
	} {
		_, err := d.UpdateTable(t.Context(), c.in)
		wantError(t, err, c.code, c.message)
	}
	if table := d.describe(t, "TodoTable"); len(table.GlobalSecondaryIndexes) != 0 || table.TableStatus != "ACTIVE" {
		t.Errorf("what was refused left %+v", table)
	}
}

func TestAnIndexHasUnitsOfItsOwn(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	if err := d.addIndex(t, "TodoTable", "newest", "list:S,created:S", "ALL"); err != nil {
		t.Fatal(err)
	}
	d.turn(indexBuilds)
	set := func(read int64) error {
		_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{
			{Update: &types.UpdateGlobalSecondaryIndexAction{IndexName: aws.String("newest"), ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(read), WriteCapacityUnits: aws.Int64(5)}}}}})
		return err
	}
	wantError(t, set(5), "ValidationException", "The provisioned throughput for the index newest will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for index newest: 5.")
	if err := set(9); err != nil {
		t.Fatal(err)
	}
	table := d.describe(t, "TodoTable")
	if ix := table.GlobalSecondaryIndexes[0]; table.TableStatus != "ACTIVE" || ix.IndexStatus != "UPDATING" || *ix.ProvisionedThroughput.ReadCapacityUnits != 5 {
		t.Errorf("at first: %s, %+v", table.TableStatus, ix)
	}
	wantError(t, set(8), "ResourceInUseException", "Index is being updated. Table: TodoTable Index: newest")
	wantError(t, d.dropIndex(t, "TodoTable", "newest"), "ResourceInUseException", "Index is being updated")
	d.turn(AWSLags.TableUpdate)
	for _, read := range []int64{8, 7, 6, 5} {
		if err := set(read); err != nil {
			t.Fatal(err)
		}
		d.turn(AWSLags.TableUpdate)
	}
	wantError(t, set(4), "LimitExceededException", "Number of decreases today: 4.")
	if p := d.describe(t, "TodoTable").GlobalSecondaryIndexes[0].ProvisionedThroughput; *p.ReadCapacityUnits != 5 || *p.NumberOfDecreasesToday != 4 {
		t.Errorf("%+v", p)
	}

	// On demand it has none, and going back needs its units again.
	mode := func(in *dynamodb.UpdateTableInput) error {
		in.TableName = aws.String("TodoTable")
		_, err := d.UpdateTable(t.Context(), in)
		d.turn(AWSLags.TableUpdate)
		return err
	}
	if err := mode(&dynamodb.UpdateTableInput{BillingMode: types.BillingModePayPerRequest}); err != nil {
		t.Fatal(err)
	}
	if p := d.describe(t, "TodoTable").GlobalSecondaryIndexes[0].ProvisionedThroughput; *p.ReadCapacityUnits != 0 {
		t.Errorf("on demand: %+v", p)
	}
	wantError(t, set(5), "ValidationException", "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: newest when BillingMode is PAY_PER_REQUEST")
	units := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)}
	wantError(t, mode(&dynamodb.UpdateTableInput{BillingMode: types.BillingModeProvisioned, ProvisionedThroughput: units}), "ValidationException", "ProvisionedThroughput must be specified for index: newest")
	if err := mode(&dynamodb.UpdateTableInput{BillingMode: types.BillingModeProvisioned, ProvisionedThroughput: units, GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{
		{Update: &types.UpdateGlobalSecondaryIndexAction{IndexName: aws.String("newest"), ProvisionedThroughput: units}}}}); err != nil {
		t.Fatal(err)
	}
	if p := d.describe(t, "TodoTable").GlobalSecondaryIndexes[0].ProvisionedThroughput; *p.ReadCapacityUnits != 5 {
		t.Errorf("provisioned again: %+v", p)
	}
}

func TestAValueThatAnIndexCannotHaveIsRefused(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"old"},"list":{"S":"todo"},"created":{"N":"1"}}}`)
	if err := d.addIndex(t, "TodoTable", "newest", "list:S,created:S", "ALL"); err != nil {
		t.Fatal(err)
	}
	const mismatch = "One or more parameter values were invalid: Type mismatch for Index Key created Expected: S Actual: N IndexName: newest"
	const empty = "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: newest, IndexKey: created"
	for _, c := range []struct{ operation, body, message string }{
		{"PutItem", `"Item":{"id":{"S":"1"},"created":{"N":"1"}}`, mismatch},
		{"PutItem", `"Item":{"id":{"S":"1"},"created":{"S":""}}`, empty},
		{"PutItem", `"Item":{"id":{"S":"1"},"list":{"NULL":true}}`, "Type mismatch for Index Key list Expected: S Actual: NULL IndexName: newest"},
		{"PutItem", `"Item":{"id":{"S":"1"},"created":{"S":"` + strings.Repeat("x", 1025) + `"}}`, "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"},
		{"UpdateItem", `"Key":{"id":{"S":"1"}},"UpdateExpression":"SET created = :c","ExpressionAttributeValues":{":c":{"N":"1"}}`, mismatch},
		{"UpdateItem", `"Key":{"id":{"S":"1"}},"UpdateExpression":"SET created = :c","ExpressionAttributeValues":{":c":{"S":""}}`, "The update expression attempted to update a secondary index key to a value that is not supported."},
		{"UpdateItem", `"Key":{"id":{"S":"old"}},"UpdateExpression":"SET created = :c","ExpressionAttributeValues":{":c":{"N":"2"}}`, mismatch},
	} {
		_, err := d.raw(t, c.operation, `{"TableName":"TodoTable",`+c.body+`}`)
		wantError(t, err, "ValidationException", c.message)
	}
	_, err := d.raw(t, "BatchWriteItem", `{"RequestItems":{"TodoTable":[{"PutRequest":{"Item":{"id":{"S":"1"},"created":{"N":"1"}}}}]}}`)
	wantError(t, err, "ValidationException", mismatch)
	// What was there before may stay, and something else about it may change.
	d.must(t, "UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"old"}},"UpdateExpression":"SET task = :t","ExpressionAttributeValues":{":t":{"S":"x"}}}`)
	d.turn(indexBuilds)
	if got := d.must(t, "Scan", `{"TableName":"TodoTable","IndexName":"newest"}`); !strings.HasPrefix(got, `{"Count":0,`) {
		t.Error("only items that have its keys are in an index:", got)
	}
}

// newIndexed has a table with an index that holds all of each item, and one that
// holds its keys.
func newIndexed(t *testing.T) *dynamo {
	t.Helper()
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	for _, ix := range []string{"newest ALL", "lean KEYS_ONLY"} {
		name, keep, _ := strings.Cut(ix, " ")
		if err := d.addIndex(t, "TodoTable", name, "list:S,created:S", keep); err != nil {
			t.Fatal(err)
		}
		d.turn(indexBuilds)
	}
	return d
}

func TestReadsOfAnIndexAreRefusedInAWSsWords(t *testing.T) {
	d := newIndexed(t)
	const where = `"KeyConditionExpression":"#l = :l","ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{":l":{"S":"todo"}}`
	for _, c := range []struct{ operation, body, message string }{
		{"Query", `"IndexName":"other",` + where, "The table does not have the specified index: other"},
		{"Scan", `"IndexName":"other"`, "The table does not have the specified index: other"},
		{"Query", `"IndexName":"newest","ConsistentRead":true,` + where, "Consistent reads are not supported on global secondary indexes"},
		{"Scan", `"IndexName":"newest","ConsistentRead":true`, "Consistent reads are not supported on global secondary indexes"},
		{"Query", `"IndexName":"lean","Select":"ALL_ATTRIBUTES",` + where, "Select type ALL_ATTRIBUTES is not supported for global secondary index lean because its projection type is not ALL"},
		{"Query", `"IndexName":"lean","ProjectionExpression":"id, task",` + where, "Global secondary index lean does not project [task]"},
		{"Query", `"IndexName":"newest","KeyConditionExpression":"id = :l","ExpressionAttributeValues":{":l":{"S":"todo"}}`, "Query condition missed key schema element: list"},
		{"Query", `"IndexName":"newest","FilterExpression":"created > :l",` + where, "Filter Expression can only contain non-primary key attributes: Primary key attribute: created"},
		{"Query", `"IndexName":"newest","ExclusiveStartKey":{"id":{"S":"1"}},` + where, "The provided starting key is invalid"},
		{"Query", `"IndexName":"newest","ExclusiveStartKey":{"id":{"S":"1"},"list":{"S":"todo"}},` + where, "The provided starting key is invalid"},
		{"Query", `"IndexName":"newest","ExclusiveStartKey":{"id":{"S":"1"},"list":{"S":"todo"},"created":{"N":"1"}},` + where, "The provided starting key is invalid"},
		{"Query", `"IndexName":"newest","ExclusiveStartKey":{"id":{"S":"1"},"list":{"S":"done"},"created":{"S":"1"}},` + where, "The provided starting key is outside query boundaries based on provided conditions"},
	} {
		_, err := d.raw(t, c.operation, `{"TableName":"TodoTable",`+c.body+`}`)
		wantError(t, err, "ValidationException", c.message)
	}
}

func TestConsumedCapacityOfIndexes(t *testing.T) {
	d := newIndexed(t)
	long := strings.Repeat("x", 3000)
	put := func(more string) string { return `"Item":{"id":{"S":"1"}` + more + `}` }
	in := func(created, task string) string {
		return put(`,"list":{"S":"todo"},"created":{"S":"` + created + `"},"task":{"S":"` + task + `"}`)
	}
	for _, c := range []struct{ what, operation, body, want string }{
		{"not in an index", "PutItem", put(`,"task":{"S":"x"}`), `"CapacityUnits":1,"TableName":"TodoTable","Table":{"CapacityUnits":1}`},
		{"comes into both", "PutItem", in("1", long), `"CapacityUnits":7,"TableName":"TodoTable","Table":{"CapacityUnits":3},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":1},"newest":{"CapacityUnits":3}}`},
		{"nothing changes", "PutItem", in("1", long), `"CapacityUnits":3,"TableName":"TodoTable","Table":{"CapacityUnits":3}`},
		{"what one keeps changes", "PutItem", in("1", "short"), `"CapacityUnits":6,"TableName":"TodoTable","Table":{"CapacityUnits":3},"GlobalSecondaryIndexes":{"newest":{"CapacityUnits":3}}`},
		{"a key changes", "UpdateItem", `"Key":{"id":{"S":"1"}},"UpdateExpression":"SET created = :c","ExpressionAttributeValues":{":c":{"S":"2"}}`, `"CapacityUnits":5,"TableName":"TodoTable","Table":{"CapacityUnits":1},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":2},"newest":{"CapacityUnits":2}}`},
		{"a key goes", "UpdateItem", `"Key":{"id":{"S":"1"}},"UpdateExpression":"REMOVE created"`, `"CapacityUnits":3,"TableName":"TodoTable","Table":{"CapacityUnits":1},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":1},"newest":{"CapacityUnits":1}}`},
		{"comes back", "PutItem", in("1", strings.Repeat("x", 8300)), `"CapacityUnits":19,"TableName":"TodoTable","Table":{"CapacityUnits":9},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":1},"newest":{"CapacityUnits":9}}`},
		{"read from the index", "Scan", `"IndexName":"newest"`, `"CapacityUnits":1.5,"TableName":"TodoTable","Table":{"CapacityUnits":0},"GlobalSecondaryIndexes":{"newest":{"CapacityUnits":1.5}}`},
		{"of keys only", "Scan", `"IndexName":"lean"`, `"CapacityUnits":0.5,"TableName":"TodoTable","Table":{"CapacityUnits":0},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":0.5}}`},
		{"deleted", "DeleteItem", `"Key":{"id":{"S":"1"}}`, `"CapacityUnits":19,"TableName":"TodoTable","Table":{"CapacityUnits":9},"GlobalSecondaryIndexes":{"lean":{"CapacityUnits":1},"newest":{"CapacityUnits":9}}`},
	} {
		got := d.must(t, c.operation, `{"TableName":"TodoTable","ReturnConsumedCapacity":"INDEXES",`+c.body+`}`)
		if !strings.HasSuffix(got, `"ConsumedCapacity":{`+c.want+`}}`) {
			t.Errorf("%s: %.400s\nwant %s", c.what, got[strings.LastIndex(got, `"ConsumedCapacity"`):], c.want)
		}
	}
	out, err := d.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes, TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("TodoTable"), Item: attributes{"id": text("1"), "list": text("todo"), "created": text("1")}}},
		{Put: &types.Put{TableName: aws.String("TodoTable"), Item: attributes{"id": text("2"), "list": text("todo"), "created": text("1")}}}}})
	if err != nil || *out.ConsumedCapacity[0].CapacityUnits != 12 || *out.ConsumedCapacity[0].Table.WriteCapacityUnits != 4 || *out.ConsumedCapacity[0].GlobalSecondaryIndexes["newest"].WriteCapacityUnits != 4 {
		t.Errorf("%+v, %v", out, err)
	}
}

// A page of an index ends at 1 MB of what the index keeps.
func TestAPageOfAnIndexEndsAt1MB(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	for _, ix := range []string{"newest ALL", "lean KEYS_ONLY"} {
		name, keep, _ := strings.Cut(ix, " ")
		if err := d.addIndex(t, "TodoTable", name, "list:S", keep); err != nil {
			t.Fatal(err)
		}
		d.turn(indexBuilds)
	}
	for i := range 6 {
		d.must(t, "PutItem", fmt.Sprintf(`{"TableName":"TodoTable","Item":{"id":{"S":"%d"},"list":{"S":"todo"},"a":{"S":"%s"}}}`, i, strings.Repeat("x", 300<<10)))
	}
	for name, want := range map[string]string{"newest": `{"Count":4,"ScannedCount":4}`, "lean": `{"Count":6,"ScannedCount":6}`} {
		got := d.must(t, "Query", `{"TableName":"TodoTable","IndexName":"`+name+`","Select":"COUNT","KeyConditionExpression":"#l = :l","ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{":l":{"S":"todo"}}}`)
		if before, _, _ := strings.Cut(got, `,"LastEvaluatedKey"`); strings.TrimSuffix(before, "}") != strings.TrimSuffix(want, "}") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A listed item is what a read of an index found.
type listedItem struct {
	ID      map[string]string `json:"id"`
	Created map[string]string `json:"created"`
	N       map[string]string `json:"n"`
	Task    map[string]string `json:"task"`
}

// list reads all pages of a Query of an index, as "created/id" or "n/id".
func (d *dynamo) list(t *testing.T, index, condition, values string, forward bool, limit int) []string {
	t.Helper()
	var all []string
	for start := ""; ; {
		body := fmt.Sprintf(`{"TableName":"TodoTable","IndexName":%q,"KeyConditionExpression":%q,"ExpressionAttributeNames":{"#l":"list"},"ExpressionAttributeValues":{%s},"ScanIndexForward":%t,"Limit":%d%s}`,
			index, condition, values, forward, limit, start)
		var out struct {
			Items            []listedItem
			LastEvaluatedKey json.RawMessage
		}
		if err := json.Unmarshal([]byte(d.must(t, "Query", body)), &out); err != nil {
			t.Fatal(err)
		}
		for _, it := range out.Items {
			all = append(all, cmp.Or(it.Created["S"], it.N["N"])+"/"+it.ID["S"])
		}
		if out.LastEvaluatedKey == nil {
			return all
		}
		start = `,"ExclusiveStartKey":` + string(out.LastEvaluatedKey)
	}
}

// Whatever is written, in whichever way, with the server stopped or killed in
// between and the indexes made before, after or anew: each lists what it should.
func TestIndexesFollowTheirTable(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		var did []string // for whoever reads of a failure
		pick := func(from ...string) string { return from[r.IntN(len(from))] }
		d := newDynamo(t)
		d.table(t, "TodoTable", "id:S")
		type written struct{ list, created, n string }
		model := map[string]written{}
		anID := func() string { return pick("a", "b", "c", "ab", "\x00", "a\x00", "a\x01") }
		quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
		add := func(name, keys, keep string) {
			if err := d.addIndex(t, "TodoTable", name, keys, keep); err != nil {
				t.Fatal(err)
			}
			d.turn(indexBuilds)
		}
		add("newest", "list:S,created:S", "ALL")
		attributesOf := func(id string, w written) string {
			b := `"id":{"S":` + quoted(id) + `},"task":{"S":"x"}`
			for name, v := range map[string]string{"list": w.list, "created": w.created} {
				if v != "" {
					b += `,"` + name + `":{"S":` + quoted(v) + `}`
				}
			}
			if w.n != "" {
				b += `,"n":{"N":"` + w.n + `"}`
			}
			return b
		}
		draw := func() (string, written) {
			return anID(), written{pick("", "todo", "todo", "todo", "to"), pick("", "1", "2", "10", "1\x00", "1\x00\x01", "1\x01", "1\xc3\xbf"), pick("", "0", "-1", "10", "9.5", "-100")}
		}
		reopen := func(from string) {
			s, err := Open(Config{Path: from, Now: d.clock, Lags: AWSLags})
			if err != nil {
				t.Fatal(err)
			}
			d.server = s
			d.connect()
		}
		check := func() {
			for _, c := range []struct {
				index, condition, values string
				in                       func(w written) bool
				text                     func(w written) string
			}{
				{"newest", "#l = :l", `":l":{"S":"todo"}`, func(w written) bool { return w.list == "todo" && w.created != "" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created >= :c", `":l":{"S":"todo"},":c":{"S":"1\u0000"}`, func(w written) bool { return w.list == "todo" && w.created >= "1\x00" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created > :c", `":l":{"S":"todo"},":c":{"S":"1"}`, func(w written) bool { return w.list == "todo" && w.created > "1" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created < :c", `":l":{"S":"todo"},":c":{"S":"10"}`, func(w written) bool { return w.list == "todo" && w.created != "" && w.created < "10" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created <= :c", `":l":{"S":"todo"},":c":{"S":"1\u0000"}`, func(w written) bool { return w.list == "todo" && w.created != "" && w.created <= "1\x00" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created = :c", `":l":{"S":"todo"},":c":{"S":"1"}`, func(w written) bool { return w.list == "todo" && w.created == "1" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND created BETWEEN :c AND :e", `":l":{"S":"todo"},":c":{"S":"1\u0000"},":e":{"S":"10"}`, func(w written) bool { return w.list == "todo" && w.created >= "1\x00" && w.created <= "10" }, func(w written) string { return w.created }},
				{"newest", "#l = :l AND begins_with(created, :c)", `":l":{"S":"todo"},":c":{"S":"1\u0000"}`, func(w written) bool { return w.list == "todo" && strings.HasPrefix(w.created, "1\x00") }, func(w written) string { return w.created }},
				{"byNumber", "#l = :l", `":l":{"S":"todo"}`, func(w written) bool { return w.list == "todo" && w.n != "" }, func(w written) string { return w.n }},
			} {
				has := false
				for _, ix := range d.describe(t, "TodoTable").GlobalSecondaryIndexes {
					has = has || *ix.IndexName == c.index && ix.IndexStatus == types.IndexStatusActive
				}
				if !has {
					continue
				}
				type at struct{ sort, id string }
				var want []at
				for id, w := range model {
					if c.in(w) {
						want = append(want, at{c.text(w), id})
					}
				}
				slices.SortFunc(want, func(x, y at) int {
					if c.index == "byNumber" {
						a, _ := strconv.ParseFloat(x.sort, 64)
						b, _ := strconv.ParseFloat(y.sort, 64)
						return cmp.Compare(a, b)
					}
					return strings.Compare(x.sort, y.sort)
				})
				sorts := func(all []string) (s, whole []string) {
					for _, one := range all {
						sort, _, _ := strings.Cut(one, "/")
						s = append(s, sort)
					}
					return s, slices.Sorted(slices.Values(all))
				}
				var wanted []string
				for _, w := range want {
					wanted = append(wanted, w.sort+"/"+w.id)
				}
				limit, forward := []int{100, 1, 2}[r.IntN(3)], r.IntN(2) == 0
				got := d.list(t, c.index, c.condition, c.values, forward, limit)
				if !forward {
					slices.Reverse(got)
				}
				gotSorts, gotAll := sorts(got)
				wantSorts, wantAll := sorts(wanted)
				if !slices.Equal(gotSorts, wantSorts) || !slices.Equal(gotAll, wantAll) {
					t.Fatalf("after %q\n%s %s %s, limit %d, forward %t:\n got %q\nwant %q", did, c.index, c.condition, c.values, limit, forward, got, wanted)
				}
			}
		}
		actions := map[string]func(){
			"put": func() {
				id, w := draw()
				d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{`+attributesOf(id, w)+`}}`)
				model[id] = w
			},
			"batch": func() {
				id, w := draw()
				d.must(t, "BatchWriteItem", `{"RequestItems":{"TodoTable":[{"PutRequest":{"Item":{`+attributesOf(id, w)+`}}},{"DeleteRequest":{"Key":{"id":{"S":"other"}}}}]}}`)
				model[id] = w
			},
			"transaction": func() {
				id, w := draw()
				fails := r.IntN(2) == 0
				condition := "attribute_exists(nothing)"
				if !fails {
					condition = "attribute_not_exists(nothing)"
				}
				_, err := d.raw(t, "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"TodoTable","Item":{`+attributesOf(id, w)+`}}},
					{"ConditionCheck":{"TableName":"TodoTable","Key":{"id":{"S":"other"}},"ConditionExpression":"`+condition+`"}}]}`)
				if (err != nil) != fails {
					t.Fatal(err)
				}
				if !fails {
					model[id] = w
				}
			},
			"update": func() {
				id, w := draw()
				if w.created == "" {
					d.must(t, "UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":`+quoted(id)+`}},"UpdateExpression":"REMOVE created SET task = :t","ExpressionAttributeValues":{":t":{"S":"y"}}}`)
				} else {
					d.must(t, "UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":`+quoted(id)+`}},"UpdateExpression":"SET created = :c","ExpressionAttributeValues":{":c":{"S":`+quoted(w.created)+`}}}`)
				}
				had := model[id]
				had.created = w.created
				model[id] = had
			},
			"delete": func() {
				id := anID()
				d.must(t, "DeleteItem", `{"TableName":"TodoTable","Key":{"id":{"S":`+quoted(id)+`}}}`)
				delete(model, id)
			},
			"index": func() {
				if len(d.describe(t, "TodoTable").GlobalSecondaryIndexes) == 2 {
					name := pick("newest", "byNumber")
					if err := d.dropIndex(t, "TodoTable", name); err != nil {
						t.Fatal(err)
					}
					d.turn(AWSLags.IndexDelete)
					return
				}
				if *d.describe(t, "TodoTable").GlobalSecondaryIndexes[0].IndexName == "newest" {
					add("byNumber", "list:S,n:N", "KEYS_ONLY")
				} else {
					add("newest", "list:S,created:S", "ALL")
				}
			},
			"restart": func() {
				from := d.server.db.bolt.Path()
				if err := d.server.Close(); err != nil {
					t.Fatal(err)
				}
				reopen(from)
			},
			"kill": func() {
				from, path := d.server.db.bolt.Path(), filepath.Join(t.TempDir(), "copy.db")
				for _, end := range []string{"", "-journal"} {
					data, err := os.ReadFile(from + end)
					if err == nil {
						err = os.WriteFile(path+end, data, 0o600)
					}
					if err != nil && (end == "" || !errors.Is(err, fs.ErrNotExist)) {
						t.Fatal(err)
					}
				}
				if err := d.server.Close(); err != nil {
					t.Fatal(err)
				}
				if err := Examine(path); err != nil {
					t.Fatal(err)
				}
				reopen(path)
			},
		}
		names := slices.Concat(slices.Repeat([]string{"put", "update", "transaction"}, 4), slices.Repeat([]string{"delete", "batch"}, 2), []string{"index", "restart", "kill"})
		for step := range 40 {
			name := pick(names...)
			did = append(did, name)
			actions[name]()
			if step%4 == 3 {
				check()
			}
		}
		count, size := int64(0), int64(0)
		for _, ix := range d.describe(t, "TodoTable").GlobalSecondaryIndexes {
			if *ix.IndexName == "newest" {
				count, size = *ix.ItemCount, *ix.IndexSizeBytes
				in := 0
				for _, w := range model {
					if w.list != "" && w.created != "" {
						in++
					}
				}
				if count != int64(in) || (size == 0) != (in == 0) {
					t.Fatalf("%d items and %d bytes in the index, want %d", count, size, in)
				}
			}
		}
	}
}
