package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type tableAPI interface {
	DescribeTable(ctx context.Context, in *dynamodb.DescribeTableInput, opts ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	ListTagsOfResource(ctx context.Context, in *dynamodb.ListTagsOfResourceInput, opts ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error)
	CreateTable(ctx context.Context, in *dynamodb.CreateTableInput, opts ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error)
	UpdateTable(ctx context.Context, in *dynamodb.UpdateTableInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error)
	TagResource(ctx context.Context, in *dynamodb.TagResourceInput, opts ...func(*dynamodb.Options)) (*dynamodb.TagResourceOutput, error)
	DeleteTable(ctx context.Context, in *dynamodb.DeleteTableInput, opts ...func(*dynamodb.Options)) (*dynamodb.DeleteTableOutput, error)
}

// The table's settings. The free tier covers 25 units of each kind in a Region,
// all tables together, so five such tables fit.
// https://aws.amazon.com/dynamodb/pricing/provisioned/
const (
	partitionKey  = "id"
	readCapacity  = 5
	writeCapacity = 5
)

// table is step 1: the DynamoDB table.
type table struct {
	cfg      Config
	api      tableAPI
	made     atomic.Bool            // by this step: it is ours, whatever its tags say as yet
	first    atomic.Pointer[string] // the TableId that this step has seen first
	indexed  atomic.Bool            // the last look found an index that stays
	building atomic.Bool            // ... and DynamoDB at work on it
}

func newTable(cfg Config, api tableAPI) Step { return &table{cfg: cfg, api: api} }

func (t *table) Describe() Description {
	reads, writes := t.units()
	settle, gone := 5*time.Minute, 10*time.Minute
	index, indexWhy, indexMore := "none", "a list reads the whole table",
		"Without one a list reads every item there is, which costs more the more there are. "+IndexName+" lists the newest first and reads only what it returns, with 5 RCU and 5 WCU of its own."
	if t.hasIndex() {
		index, indexWhy = IndexName, "lists the newest first; 5 RCU, 5 WCU of its own"
		indexMore = "Its partition key is " + indexPartitionKey + " and its sort key " + indexSortKey + ", and it keeps all attributes: a list reads only what it returns. Its 5 RCU and 5 WCU count towards the 25 as well."
	}
	if t.building.Load() || t.cfg.Index == IndexNewest {
		settle, gone = indexSettle, indexSettle
	}
	return Description{
		Name:     "table",
		Resource: t.cfg.TableName(),
		What:     fmt.Sprintf("A DynamoDB table named %s that keeps the to-do items.", t.cfg.TableName()),
		Why: "DynamoDB is a database without a server of yours: you name a table and one key, and store items under it. " +
			"The capacity is fixed on purpose: the free tier covers that, and when too much comes at once, requests are turned away instead of costing money.",
		Purpose: "Keeps the to-do items.",
		Cover:   fmt.Sprintf("%d reads and %d writes a second, of %d", reads, writes, freeRCU),
		Without: "The API has nowhere to keep its items, and answers every request with an error.",
		Settings: []Setting{
			{"partition key", partitionKey + " (String)", "every item has its own id", "Every item has its own id, and DynamoDB finds it by that."},
			{"capacity mode", "provisioned", "on-demand is not in the free tier", "The free tier covers provisioned capacity; on-demand requests are charged from the first."},
			{"capacity", fmt.Sprintf("%d RCU, %d WCU", readCapacity, writeCapacity), "reads and writes a second, of 25 free", "Read and write units: so many a second. 25 of each are free in a Region, for all tables and indexes together: five tables like this one."},
			{"index", index, indexWhy, indexMore},
			{"auto scaling", "none", "it would leave what is free", "It would raise the capacity beyond what is free, and its alarms use up the ten free ones."},
			{"table class", "Standard", "the only one in the free tier", "The other one, for data that is seldom read, is not in the free tier."},
			{"deletion protection", "off", "so that todoctl down can remove it", "So that todoctl down can remove it; it asks first and offers a backup."},
		},
		Cost:   "Nothing while the Region's tables stay at or below 25 RCU and 25 WCU.",
		Settle: settle,
		Gone:   gone,
	}
}

// hasIndex says whether the table has its index, or will have it.
func (t *table) hasIndex() bool {
	return t.cfg.Index == IndexNewest || t.cfg.Index == "" && t.indexed.Load()
}

// units are the capacity of the table and its index together.
func (t *table) units() (reads, writes int64) {
	if t.hasIndex() {
		return 2 * readCapacity, 2 * writeCapacity
	}
	return readCapacity, writeCapacity
}

// tableSeen is what Observe saw.
type tableSeen struct {
	*types.TableDescription
	tags    map[string]string
	indexed bool // it should have its index
	strange bool // the index of that name is somebody's own
	unsure  bool // no tags yet on a table that is only seconds old and that this step has not made
}

func (s *tableSeen) ownerUnknown() bool { return s.unsure }

// Observe looks at the table and, at the same time, at its tags: the ARN is
// known without asking.
func (t *table) Observe(ctx context.Context) (Observation, error) {
	var found *types.TableDescription
	var tags map[string]string // nil when there is no table for this call
	var young bool
	err := t.cfg.Clock.whole(ctx, func() (bool, error) {
		err := together(ctx,
			func(ctx context.Context) (err error) { found, err = t.find(ctx); return },
			func(ctx context.Context) (err error) { tags, err = t.tags(ctx); return },
		)
		if err != nil || found == nil {
			return false, err
		}
		young = found.CreationDateTime != nil && t.cfg.Clock.Now().Sub(*found.CreationDateTime) < Spread
		return tags == nil && !young && !t.made.Load() && found.TableStatus != types.TableStatusDeleting, nil
	})
	if err != nil || found == nil {
		return Observation{State: Absent}, err
	}
	t.first.CompareAndSwap(nil, found.TableId)
	wanted := t.wants(found)
	seen := tableSeen{TableDescription: found, tags: tags, indexed: wanted, strange: t.strange(found)}
	o := Observation{ID: t.cfg.TableARN(), Detail: &seen, Diffs: t.diffs(found), Advice: t.advise(&seen)}
	if !seen.strange {
		o.Diffs = append(o.Diffs, t.indexDiffs(found, wanted)...)
		o.Pending, o.Wait = indexWork(found)
	}
	t.indexed.Store(wanted)
	t.building.Store(o.Pending != "")
	if busy(found) && (o.Pending == "" || found.TableStatus != types.TableStatusUpdating) {
		o.Pending, o.Wait = string(found.TableStatus), waitOfTable[found.TableStatus]
	}
	// Tags are eventually consistent: for some seconds a new table may show none,
	// and one that is going may have lost them. Neither is a stranger's for that.
	// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html
	made, leaving := t.made.Load(), found.TableStatus == types.TableStatusDeleting
	if len(tags) == 0 && (young || made || leaving) {
		seen.unsure = !made && !leaving
		o.State = Drift
		if o.Pending == "" {
			o.Pending, o.Wait = "no tags yet", tagsShowing
		}
		return o, nil
	}
	return t.cfg.judge(o, tags), nil
}

// find describes the table; nil means that there is none.
func (t *table) find(ctx context.Context) (*types.TableDescription, error) {
	out, err := t.api.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(t.cfg.TableName())})
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Table, nil
}

func (t *table) tags(ctx context.Context) (map[string]string, error) {
	tags := map[string]string{}
	in := &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(t.cfg.TableARN())}
	for {
		out, err := t.api.ListTagsOfResource(ctx, in)
		if isGone(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, tag := range out.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return tags, nil
		}
	}
}

// busy says that DynamoDB is at work on the table and will be done by itself.
func busy(d *types.TableDescription) bool {
	return slices.Contains([]types.TableStatus{types.TableStatusCreating, types.TableStatusUpdating, types.TableStatusDeleting}, d.TableStatus)
}

// diffs lists what differs. What nobody has ever changed DynamoDB leaves out:
// no billing mode means provisioned, no table class means Standard.
func (t *table) diffs(d *types.TableDescription) []Diff {
	var diffs []Diff
	differ := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: field, Have: have, Want: want})
		}
	}
	if !busy(d) {
		differ("status", string(d.TableStatus), string(types.TableStatusActive))
	}
	differ("partition key", keyOf(d), partitionKey+" (S)")
	differ("capacity mode", string(billingMode(d)), string(types.BillingModeProvisioned))
	if billingMode(d) == types.BillingModeProvisioned && d.ProvisionedThroughput != nil {
		differ("read capacity", fmt.Sprint(aws.ToInt64(d.ProvisionedThroughput.ReadCapacityUnits)), fmt.Sprint(readCapacity))
		differ("write capacity", fmt.Sprint(aws.ToInt64(d.ProvisionedThroughput.WriteCapacityUnits)), fmt.Sprint(writeCapacity))
	}
	differ("table class", string(tableClass(d)), string(types.TableClassStandard))
	differ("deletion protection", onOff(protected(d)), "off")
	return diffs
}

func billingMode(d *types.TableDescription) types.BillingMode {
	if d.BillingModeSummary == nil || d.BillingModeSummary.BillingMode == "" {
		return types.BillingModeProvisioned
	}
	return d.BillingModeSummary.BillingMode
}

func tableClass(d *types.TableDescription) types.TableClass {
	if d.TableClassSummary == nil || d.TableClassSummary.TableClass == "" {
		return types.TableClassStandard
	}
	return d.TableClassSummary.TableClass
}

func protected(d *types.TableDescription) bool { return aws.ToBool(d.DeletionProtectionEnabled) }

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// keyOf writes a table's key in words: "id (S)", "user (S), day (N)".
func keyOf(d *types.TableDescription) string { return keyText(d.KeySchema, d.AttributeDefinitions) }

func keyText(schema []types.KeySchemaElement, attributes []types.AttributeDefinition) string {
	var parts []string
	for _, k := range schema {
		kind := "?"
		for _, a := range attributes {
			if aws.ToString(a.AttributeName) == aws.ToString(k.AttributeName) {
				kind = string(a.AttributeType)
			}
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", aws.ToString(k.AttributeName), kind))
	}
	return strings.Join(parts, ", ")
}

// advise names what counts towards the free tier too and is not todoctl's.
func (t *table) advise(d *tableSeen) []string {
	var advice []string
	others := len(d.GlobalSecondaryIndexes)
	if ix := newest(d.TableDescription); ix != nil && !d.strange {
		others--
		if d.indexed && ix.IndexStatus != types.IndexStatusDeleting && !alike(d.TableDescription, ix) {
			advice = append(advice, fmt.Sprintf("an index's key and attributes cannot be changed: %s is deleted and made anew, which loses no item", IndexName))
		}
	}
	if others > 0 {
		advice = append(advice, fmt.Sprintf("%s has %s that todoctl did not make, whose capacity counts towards the free 25 as well", t.cfg.TableName(), indexCount(others)))
	}
	return advice
}

func indexCount(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indexes", n)
}

// Apply creates the table, or repairs it. It returns when DynamoDB has accepted
// the last change.
func (t *table) Apply(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*tableSeen)
	if seen.State == Absent || !ok {
		return t.create(ctx)
	}
	switch {
	case s.unsure:
		// Whose it is must be known before any other step changes anything.
		o, err := t.cfg.Clock.claimed(ctx, t, Spread, nil)
		if err != nil || o.State == OK {
			return err
		}
		return t.Apply(ctx, o)
	case s.TableStatus == types.TableStatusDeleting:
		if err := t.waitGone(ctx); err != nil {
			return err
		}
		return t.create(ctx)
	}
	return t.repair(ctx, s)
}

func (t *table) create(ctx context.Context) error {
	_, err := t.api.CreateTable(ctx, t.createInput())
	if apiCode(err) != "ResourceInUseException" {
		t.made.Store(err == nil)
		return err
	}
	seen, err := t.cfg.Clock.claimed(ctx, t, Spread, err)
	if err != nil || seen.State == OK {
		return err
	}
	return t.Apply(ctx, seen)
}

// createInput is the table as it is asked for, and as Elsewhere tells it.
func (t *table) createInput() *dynamodb.CreateTableInput {
	in := &dynamodb.CreateTableInput{
		TableName:            aws.String(t.cfg.TableName()),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(partitionKey), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(partitionKey), KeyType: types.KeyTypeHash}},
		// AWS's pages now recommend on-demand, which the free tier does not cover.
		BillingMode:           types.BillingModeProvisioned,
		ProvisionedThroughput: throughput(),
		TableClass:            types.TableClassStandard,
		Tags:                  t.tagList(),
	}
	if t.cfg.Index == IndexNewest {
		in.AttributeDefinitions = append(in.AttributeDefinitions, indexAttributes()...)
		in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{t.index()}
	}
	return in
}

func throughput() *types.ProvisionedThroughput {
	return &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(readCapacity), WriteCapacityUnits: aws.Int64(writeCapacity)}
}

func (t *table) tagList() []types.Tag {
	var tags []types.Tag
	for k, v := range t.cfg.Tags() {
		tags = append(tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	slices.SortFunc(tags, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	return tags
}

// Destroy deletes the table with its items. The person has been asked, and
// offered a backup, by then.
func (t *table) Destroy(ctx context.Context, seen Observation) error {
	if s, ok := seen.Detail.(*tableSeen); ok {
		switch first := t.first.Load(); {
		case first != nil && *first != aws.ToString(s.TableId):
			// The one that was to go has gone. This one was made since by another run,
			// and its items are in no backup.
			return &ChangedError{Resource: t.cfg.TableName()}
		case s.TableStatus == types.TableStatusDeleting:
			return nil
		case s.unsure:
			if _, err := t.cfg.Clock.claimed(ctx, t, Spread, nil); err != nil {
				return err
			}
		case protected(s.TableDescription):
			return &ProtectedError{Table: t.cfg.TableName(), Region: t.cfg.Region}
		}
	}
	return t.cfg.Clock.until(ctx, tableBusy, t.Describe().Gone, func() (bool, error, error) {
		_, err := t.api.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(t.cfg.TableName())})
		switch {
		case err == nil, isGone(err):
			return true, nil, nil
		case apiCode(err) == "ResourceInUseException": // CREATING, UPDATING or DELETING, or an index of it
			return false, err, t.dropBuilding(ctx)
		case apiCode(err) == "ValidationException" && strings.Contains(strings.ToLower(err.Error()), "protect"):
			return false, nil, &ProtectedError{Table: t.cfg.TableName(), Region: t.cfg.Region}
		}
		return false, nil, err
	})
}

func (t *table) waitGone(ctx context.Context) error {
	return t.cfg.Clock.until(ctx, tableDeleting, t.Describe().Gone, func() (bool, error, error) {
		now, err := t.find(ctx)
		return now == nil, &UnsettledError{Waited: t.Describe().Gone, Seen: Observation{State: Drift, Pending: "DELETING"}, Goal: Down}, err
	})
}
