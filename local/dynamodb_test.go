package local

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// A dynamo is a local DynamoDB with a clock that the test turns.
type dynamo struct {
	*dynamodb.Client
	server *Server
	mu     sync.Mutex
	now    time.Time
}

func (d *dynamo) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *dynamo) turn(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// newDynamo starts a server with AWS's delays and points the real SDK at it.
func newDynamo(t *testing.T) *dynamo {
	t.Helper()
	d := &dynamo{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	s, err := Open(Config{Path: filepath.Join(t.TempDir(), "local.db"), Now: d.clock, Lags: AWSLags})
	if err != nil {
		t.Fatal(err)
	}
	d.server = s
	t.Cleanup(func() {
		if err := d.server.Close(); err != nil {
			t.Error(err)
		}
	})
	d.connect()
	return d
}

// connect points the real SDK at the server.
func (d *dynamo) connect() {
	d.Client = dynamodb.NewFromConfig(aws.Config{
		Region: "eu-central-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "secret"}, nil
		}),
		BaseEndpoint: aws.String("http://local.localhost"),
		HTTPClient:   &http.Client{Transport: d.server.Transport()},
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	})
}

// raw calls an item operation with a body as it comes over the wire.
func (d *dynamo) raw(t *testing.T, operation, body string) (string, error) {
	t.Helper()
	ctx := context.WithValue(t.Context(), originKey{}, origin{region: "eu-central-1", accessKey: "AKIATEST", requestID: "1"})
	out, err := d.server.dynamodb.raw(operation)(ctx, []byte(body))
	return string(out), err
}

// must is raw for calls that succeed.
func (d *dynamo) must(t *testing.T, operation, body string) string {
	t.Helper()
	out, err := d.raw(t, operation, body)
	if err != nil {
		t.Fatalf("%s %s: %v", operation, body, err)
	}
	return out
}

// table makes a table of the given keys, "id:S" or "id:S,at:N", and waits until it is ACTIVE.
func (d *dynamo) table(t *testing.T, name, keys string) {
	t.Helper()
	in := &dynamodb.CreateTableInput{
		TableName:             aws.String(name),
		BillingMode:           types.BillingModeProvisioned,
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)},
	}
	for i, k := range strings.Split(keys, ",") {
		name, kind, _ := strings.Cut(k, ":")
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: aws.String(name), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeType(kind)})
	}
	if _, err := d.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	d.turn(AWSLags.TableCreate)
}

func (d *dynamo) describe(t *testing.T, name string) *types.TableDescription {
	t.Helper()
	out, err := d.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Table
}

// wantError checks an error's code and what its message contains.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var fromSDK smithy.APIError
	var own *apiError
	switch {
	case err == nil:
		t.Errorf("no error, want %s: %s", code, message)
	case errors.As(err, &fromSDK):
		if fromSDK.ErrorCode() != code || !strings.Contains(fromSDK.ErrorMessage(), message) {
			t.Errorf("got %s: %s\nwant %s: %s", fromSDK.ErrorCode(), fromSDK.ErrorMessage(), code, message)
		}
	case errors.As(err, &own):
		if own.Code != code || !strings.Contains(own.Message, message) {
			t.Errorf("got %s: %s\nwant %s: %s", own.Code, own.Message, code, message)
		}
	default:
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestTableIsCreatingThenActive(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.turn(-time.Second)
	table := d.describe(t, "TodoTable")
	if table.TableStatus != types.TableStatusCreating {
		t.Errorf("status %s one second too early, want CREATING", table.TableStatus)
	}
	put := &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: "1"}}}
	_, err := d.PutItem(t.Context(), put)
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found")
	_, err = d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
	wantError(t, err, "ResourceInUseException", "Table is being created: TodoTable")
	_, err = d.CreateTable(t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}}})
	wantError(t, err, "ResourceInUseException", "Table is being created: TodoTable")

	d.turn(time.Second)
	table = d.describe(t, "TodoTable")
	if table.TableStatus != types.TableStatusActive {
		t.Errorf("status %s, want ACTIVE", table.TableStatus)
	}
	if _, err := d.PutItem(t.Context(), put); err != nil {
		t.Error(err)
	}
	if *table.ProvisionedThroughput.ReadCapacityUnits != 5 || *table.ProvisionedThroughput.NumberOfDecreasesToday != 0 ||
		*table.TableArn != "arn:aws:dynamodb:eu-central-1:"+AccountID+":table/TodoTable" || table.BillingModeSummary != nil {
		t.Errorf("described as %+v", table)
	}
}

func TestCountAndSizeAreExact(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"a"},"task":{"S":"Buy"}}}`)
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"b"},"n":{"N":"-12.5"},"l":{"L":[{"BOOL":true}]}}}`)
	table := d.describe(t, "TodoTable")
	// id+a task+Buy = 3+7; id+b n+(2 bytes of digits, 1, sign) l+(3+1+1)
	if *table.ItemCount != 2 || *table.TableSizeBytes != 10+3+1+4+1+5 {
		t.Errorf("%d items of %d bytes", *table.ItemCount, *table.TableSizeBytes)
	}
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"a"}}}`)
	d.must(t, "DeleteItem", `{"TableName":"TodoTable","Key":{"id":{"S":"b"}}}`)
	d.must(t, "DeleteItem", `{"TableName":"TodoTable","Key":{"id":{"S":"never"}}}`)
	if table = d.describe(t, "TodoTable"); *table.ItemCount != 1 || *table.TableSizeBytes != 3 {
		t.Errorf("%d items of %d bytes, want 1 of 3", *table.ItemCount, *table.TableSizeBytes)
	}
}

func TestUpdateTableTakesTimeAndShowsOldValuesUntilThen(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	to := func(read, write int64) error {
		_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(read), WriteCapacityUnits: aws.Int64(write)}})
		return err
	}
	wantError(t, to(5, 5), "ValidationException", "The provisioned throughput for the table will not change. The requested value equals the current value. "+
		"Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. "+
		"Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5. "+
		"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.")
	if err := to(8, 5); err != nil {
		t.Fatal(err)
	}
	table := d.describe(t, "TodoTable")
	if table.TableStatus != types.TableStatusUpdating || *table.ProvisionedThroughput.ReadCapacityUnits != 5 {
		t.Errorf("%s with %d", table.TableStatus, *table.ProvisionedThroughput.ReadCapacityUnits)
	}
	wantError(t, to(9, 5), "ResourceInUseException", "Table IOPS are currently being updated. Table: TodoTable")
	_, err := d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
	wantError(t, err, "ResourceInUseException", "Table: TodoTable is in the process of being updated.")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"while updating"}}}`)
	d.turn(AWSLags.TableUpdate)
	table = d.describe(t, "TodoTable")
	if table.TableStatus != types.TableStatusActive || *table.ProvisionedThroughput.ReadCapacityUnits != 8 || table.ProvisionedThroughput.LastIncreaseDateTime == nil {
		t.Errorf("after the update: %s, %+v", table.TableStatus, table.ProvisionedThroughput)
	}
}

func TestFifthDecreaseOfTheDayWaitsAnHour(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	set := func(units int64) error {
		d.turn(AWSLags.TableUpdate)
		_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(units), WriteCapacityUnits: aws.Int64(5)}})
		return err
	}
	for _, units := range []int64{25, 20, 15, 10, 5} {
		if err := set(units); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, set(1), "LimitExceededException", "Number of decreases today: 4.")
	d.turn(time.Hour)
	if err := set(1); err != nil {
		t.Error(err)
	}
	if n := *d.describe(t, "TodoTable").ProvisionedThroughput.NumberOfDecreasesToday; n != 5 {
		t.Errorf("%d decreases, want 5", n)
	}
	d.turn(24 * time.Hour)
	if n := *d.describe(t, "TodoTable").ProvisionedThroughput.NumberOfDecreasesToday; n != 0 {
		t.Errorf("%d decreases the day after, want 0", n)
	}
}

func TestBillingModeAndClassChange(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
		BillingMode: types.BillingModePayPerRequest, TableClass: types.TableClassStandardInfrequentAccess})
	if err != nil {
		t.Fatal(err)
	}
	d.turn(AWSLags.TableUpdate)
	table := d.describe(t, "TodoTable")
	if table.BillingModeSummary == nil || table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest ||
		*table.ProvisionedThroughput.ReadCapacityUnits != 0 || table.TableClassSummary.TableClass != types.TableClassStandardInfrequentAccess {
		t.Errorf("after the change: %+v", table)
	}
	_, err = d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModeProvisioned})
	wantError(t, err, "ValidationException", "ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
}

func TestDeletionProtectionHoldsTheTable(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	protect := func(on bool) {
		t.Helper()
		_, err := d.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), DeletionProtectionEnabled: aws.Bool(on)})
		if err != nil {
			t.Fatal(err)
		}
	}
	protect(true)
	_, err := d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")})
	wantError(t, err, "ValidationException", "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	protect(false)
	if _, err := d.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}); err != nil {
		t.Error(err)
	}
}

func TestDeletedTableIsDeletingThenGoneAndStartsEmptyAgain(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"a"}}}`)
	in := &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}
	for range 2 { // the second finds it DELETING, which is no error
		out, err := d.DeleteTable(t.Context(), in)
		if err != nil || out.TableDescription.TableStatus != types.TableStatusDeleting {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	if got := d.describe(t, "TodoTable").TableStatus; got != types.TableStatusDeleting {
		t.Errorf("status %s, want DELETING", got)
	}
	d.turn(AWSLags.TableDelete)
	_, err := d.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found: Table: TodoTable not found")
	_, err = d.DeleteTable(t.Context(), in)
	wantError(t, err, "ResourceNotFoundException", "Table: TodoTable not found")
	d.table(t, "TodoTable", "id:S")
	if got := d.must(t, "Scan", `{"TableName":"TodoTable"}`); got != `{"Count":0,"ScannedCount":0,"Items":[]}` {
		t.Error(got)
	}
}

func TestTablesAreListedPageByPageAndByRegion(t *testing.T) {
	d := newDynamo(t)
	for _, name := range []string{"CTable", "ATable", "BTable"} {
		d.table(t, name, "id:S")
	}
	var names []string
	pages := dynamodb.NewListTablesPaginator(d, &dynamodb.ListTablesInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, out.TableNames...)
	}
	if got := strings.Join(names, " "); got != "ATable BTable CTable" {
		t.Errorf("listed %s", got)
	}
	out, err := d.ListTables(t.Context(), nil, func(o *dynamodb.Options) { o.Region = "us-east-1" })
	if err != nil || len(out.TableNames) != 0 {
		t.Errorf("in another Region: %v, %v", out, err)
	}
}

func TestCreateTableRefusals(t *testing.T) {
	d := newDynamo(t)
	throughput := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)}
	base := func() *dynamodb.CreateTableInput {
		return &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), ProvisionedThroughput: throughput,
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}}}
	}
	for _, c := range []struct {
		change        func(in *dynamodb.CreateTableInput)
		code, message string
	}{
		{func(in *dynamodb.CreateTableInput) { in.ProvisionedThroughput = nil }, "ValidationException",
			"One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"},
		{func(in *dynamodb.CreateTableInput) { in.BillingMode = types.BillingModePayPerRequest }, "ValidationException",
			"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"},
		{func(in *dynamodb.CreateTableInput) {
			in.ProvisionedThroughput = &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(0), WriteCapacityUnits: aws.Int64(5)}
		}, "ValidationException", "1 validation error detected: Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("ab") }, "ValidationException",
			"TableName must be at least 3 characters long and at most 255 characters long"},
		{func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("a b c") }, "ValidationException",
			"Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{func(in *dynamodb.CreateTableInput) { in.KeySchema[0].KeyType = types.KeyTypeRange }, "ValidationException",
			"Invalid KeySchema: The first KeySchemaElement is not a HASH key type"},
		{func(in *dynamodb.CreateTableInput) { in.KeySchema[0].AttributeName = aws.String("other") }, "ValidationException",
			"Some index key attributes are not defined in AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]"},
		{func(in *dynamodb.CreateTableInput) {
			in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String("x"), AttributeType: types.ScalarAttributeTypeS})
		}, "ValidationException", "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"},
		{func(in *dynamodb.CreateTableInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}, "ValidationException", "Tag Key cannot be prefixed with aws:, Key: aws:x"},
		{func(in *dynamodb.CreateTableInput) {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true)}
		}, "NotImplemented", "the parameter StreamSpecification of CreateTable"},
		{func(in *dynamodb.CreateTableInput) { in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{} }, "ValidationException",
			"List of GlobalSecondaryIndexes is empty"},
		{func(in *dynamodb.CreateTableInput) {
			ix, defined := anIndex("byTask", "task:S", "ALL")
			in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{ix}
			in.AttributeDefinitions = append(in.AttributeDefinitions, defined[0], types.AttributeDefinition{AttributeName: aws.String("x"), AttributeType: types.ScalarAttributeTypeS})
		}, "ValidationException", "Some AttributeDefinitions are not used. AttributeDefinitions: [id, task, x], keys used: [id, task]"},
		{func(in *dynamodb.CreateTableInput) {
			ix, defined := anIndex("byTask", "task:S", "ALL")
			in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{ix, ix}
			in.AttributeDefinitions = append(in.AttributeDefinitions, defined[0])
		}, "ValidationException", "Duplicate index name: byTask"},
		{func(in *dynamodb.CreateTableInput) {
			ix, _ := anIndex("byTask", "id:S", "ALL")
			in.GlobalSecondaryIndexes = slices.Repeat([]types.GlobalSecondaryIndex{ix}, 21)
		}, "ValidationException", "GlobalSecondaryIndex count exceeds the per-table limit of 20"},
	} {
		in := base()
		c.change(in)
		_, err := d.CreateTable(t.Context(), in)
		wantError(t, err, c.code, c.message)
	}
	out, err := d.ListTables(t.Context(), nil)
	if err != nil || len(out.TableNames) != 0 {
		t.Errorf("a refused CreateTable left %v, %v", out.TableNames, err)
	}
}

func TestTagsLiveWithTheTable(t *testing.T) {
	d := newDynamo(t)
	in := &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		Tags:                 []types.Tag{{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")}}}
	out, err := d.CreateTable(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	arn := out.TableDescription.TableArn
	tag := &dynamodb.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}}
	_, err = d.TagResource(t.Context(), tag)
	wantError(t, err, "ResourceInUseException", "Table is being created")
	d.turn(AWSLags.TableCreate)
	if _, err := d.TagResource(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UntagResource(t.Context(), &dynamodb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"todoctl:stack", "none"}}); err != nil {
		t.Fatal(err)
	}
	d.turn(AWSLags.TableTags)
	tags, err := d.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: arn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "a" {
		t.Errorf("%+v, %v", tags, err)
	}
	resources, err := d.server.dynamodb.tagged()
	if err != nil || len(resources) != 1 || resources[0].ARN != *arn || resources[0].Tags["a"] != "1" {
		t.Errorf("%+v, %v", resources, err)
	}
	_, err = d.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(*arn + "x")})
	wantError(t, err, "ResourceNotFoundException", "Requested resource not found: ResourceArn: ")
}

func TestSmallDescriptions(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	ttl, err := d.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("TodoTable")})
	if err != nil || ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusDisabled {
		t.Errorf("%+v, %v", ttl, err)
	}
	backups, err := d.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("TodoTable")})
	if err != nil || backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled {
		t.Errorf("%+v, %v", backups, err)
	}
	_, err = d.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("None")})
	wantError(t, err, "TableNotFoundException", "Table not found: None")
	limits, err := d.DescribeLimits(t.Context(), nil)
	if err != nil || *limits.TableMaxReadCapacityUnits != 40000 {
		t.Errorf("%+v, %v", limits, err)
	}
	endpoints, err := d.DescribeEndpoints(t.Context(), nil)
	if err != nil || strings.Contains(*endpoints.Endpoints[0].Address, "amazonaws.com") {
		t.Errorf("%+v, %v", endpoints, err)
	}
	_, err = d.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: aws.String("TodoTable"),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)}})
	wantError(t, err, "NotImplemented", "UpdateTimeToLive")
}
