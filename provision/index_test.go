package provision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/provision"
)

// indexes are the table's indexes as they are, "newest ACTIVE list,created ALL 5/5".
func (w *world) indexes() []string {
	w.t.Helper()
	out := must[*dynamodb.DescribeTableOutput](w.t)(w.clients.DynamoDB.DescribeTable(w.t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")}))
	var all []string
	for _, ix := range out.Table.GlobalSecondaryIndexes {
		var keys []string
		for _, k := range ix.KeySchema {
			keys = append(keys, *k.AttributeName)
		}
		units := "5/5"
		if *ix.ProvisionedThroughput.ReadCapacityUnits != 5 || *ix.ProvisionedThroughput.WriteCapacityUnits != 5 {
			units = "other units"
		}
		all = append(all, strings.Join([]string{*ix.IndexName, string(ix.IndexStatus), strings.Join(keys, ","), string(ix.Projection.ProjectionType), units}, " "))
	}
	return all
}

const theIndex = "newest ACTIVE list,created ALL 5/5"

func (w *world) wantIndexes(want ...string) {
	w.t.Helper()
	if got := w.indexes(); !slices.Equal(got, want) {
		w.t.Errorf("the indexes are %q, want %q", got, want)
	}
}

// addIndex makes an index on the table, as somebody else would.
func (w *world) addIndex(name string, keys []string, keep types.ProjectionType) {
	w.t.Helper()
	create := &types.CreateGlobalSecondaryIndexAction{IndexName: aws.String(name), Projection: &types.Projection{ProjectionType: keep},
		ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)}}
	in := &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: create}}}
	for i, k := range keys {
		create.KeySchema = append(create.KeySchema, types.KeySchemaElement{AttributeName: aws.String(k), KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(k), AttributeType: types.ScalarAttributeTypeS})
	}
	must[*dynamodb.UpdateTableOutput](w.t)(w.clients.DynamoDB.UpdateTable(w.t.Context(), in))
	time.Sleep(20 * time.Minute)
	w.forget()
}

func TestANewTableGetsItsIndexInOneCall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Index = provision.IndexNewest
		w.up("table")
		w.wantWrites("CreateTable")
		w.wantIndexes(theIndex)
		w.forget()
		w.up("table")
		w.wantWrites() // and again is nothing
		w.cfg.Index = ""
		w.up("table")
		w.wantWrites() // not chosen: as it stands
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestAnIndexIsAddedAndTakenAway(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.wantIndexes()
		w.forget()
		w.cfg.Index = provision.IndexNewest
		wantState(t, w.look("table"), provision.Drift, "index newest")
		started := time.Now()
		w.up("table")
		w.wantWrites("UpdateTable")
		w.wantIndexes(theIndex)
		if took := time.Since(started); took < 8*time.Minute {
			t.Errorf("it was not waited for until it is built: %s", took)
		}
		w.forget()
		w.up("table")
		w.wantWrites()
		w.cfg.Index = provision.IndexNone
		wantState(t, w.look("table"), provision.Drift, "index newest")
		w.up("table")
		w.wantWrites("UpdateTable")
		w.wantIndexes()
		w.cfg.Index = ""
		wantState(t, w.look("table"), provision.OK)
	})
}

// A run that was killed while AWS builds the index leaves the next one to wait.
func TestAnIndexThatIsBeingBuiltIsWaitedFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.cfg.Index = provision.IndexNewest
		step := w.step("table")
		if err := step.Apply(t.Context(), must[provision.Observation](t)(step.Observe(t.Context()))); err != nil {
			t.Fatal(err)
		}
		w.forget()
		w.cfg.Index = ""
		seen := w.look("table")
		if seen.State != provision.Drift || seen.Pending != "index CREATING" || !strings.Contains(seen.Wait.What, "index") {
			t.Errorf("it is %s, pending %q, %q", seen.State, seen.Pending, seen.Wait)
		}
		w.up("table")
		w.wantWrites()
		w.wantIndexes(theIndex)
	})
}

func TestALostAnswerMakesNoSecondIndex(t *testing.T) {
	for _, index := range []provision.Index{provision.IndexNewest, provision.IndexNone} {
		inWorld(t, func(t *testing.T, w *world) {
			w.cfg.Index = map[provision.Index]provision.Index{provision.IndexNewest: provision.IndexNone, provision.IndexNone: provision.IndexNewest}[index]
			w.up("table")
			w.cfg.Index = index
			w.losing("UpdateTable")
			w.up("table")
			wantState(t, w.look("table"), provision.OK)
		})
	}
}

// An index of another make may be somebody's own: it stays until ours is asked
// for. A key and a projection cannot be changed, so that it is made anew then, and
// the plan says so.
func TestAnIndexOfAnotherMakeIsMadeAnewAndSaidSo(t *testing.T) {
	for name, c := range map[string]struct {
		keys  []string
		keep  types.ProjectionType
		field string
	}{
		"another key":        {[]string{"task"}, types.ProjectionTypeAll, "index key"},
		"another projection": {[]string{"list", "created"}, types.ProjectionTypeKeysOnly, "index attributes"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up("table")
				w.addIndex("newest", c.keys, c.keep)
				wantState(t, w.look("table"), provision.OK)
				w.cfg.Index = provision.IndexNewest
				w.forget()
				seen := w.look("table")
				wantState(t, seen, provision.Drift, c.field)
				if len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], "deleted and made anew") {
					t.Errorf("the advice is %q", seen.Advice)
				}
				w.up("table")
				w.wantWrites("UpdateTable", "UpdateTable")
				w.wantIndexes(theIndex)
			})
		})
	}
}

func TestTheIndexsOwnUnitsArePutBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Index = provision.IndexNewest
		w.up("table")
		units := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(9)}
		must[*dynamodb.UpdateTableOutput](t)(w.clients.DynamoDB.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Update: &types.UpdateGlobalSecondaryIndexAction{IndexName: aws.String("newest"), ProvisionedThroughput: units}}}}))
		time.Sleep(time.Minute)
		w.cfg.Index = ""
		w.forget()
		wantState(t, w.look("table"), provision.Drift, "index read capacity", "index write capacity")
		w.up("table")
		w.wantWrites("UpdateTable")
		w.wantIndexes(theIndex)
	})
}

func TestATableOnDemandGetsTheUnitsOfAllItsIndexesBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Index = provision.IndexNewest
		w.up("table")
		w.addIndex("byTask", []string{"task"}, types.ProjectionTypeAll)
		must[*dynamodb.UpdateTableOutput](t)(w.clients.DynamoDB.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest}))
		time.Sleep(time.Minute)
		w.forget()
		w.up("table")
		w.wantWrites("UpdateTable")
		w.wantIndexes(theIndex, "byTask ACTIVE task ALL 5/5")
	})
}

func TestSomebodyElsesIndexIsAdviceAndIsLeftAlone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.addIndex("byTask", []string{"task"}, types.ProjectionTypeAll)
		seen := w.look("table")
		wantState(t, seen, provision.OK)
		if len(seen.Advice) != 1 || !strings.Contains(seen.Advice[0], "1 index that todoctl did not make") {
			t.Errorf("the advice is %q", seen.Advice)
		}
		for _, index := range []provision.Index{provision.IndexNewest, provision.IndexNone} {
			w.cfg.Index = index
			w.up("table")
			if got := w.indexes(); got[0] != "byTask ACTIVE task ALL 5/5" {
				t.Errorf("after --index %s: %q", index, got)
			}
		}
	})
}

// An index of the name on a table that is taken over is its owner's, unless it is
// like todoctl's or one is asked for.
func TestATakenOverTableKeepsAnIndexOfTheName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if err := createTable(w, "id", types.ScalarAttributeTypeS); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		create := &types.CreateGlobalSecondaryIndexAction{IndexName: aws.String("newest"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
			KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("task"), KeyType: types.KeyTypeHash}}}
		must[*dynamodb.UpdateTableOutput](t)(w.clients.DynamoDB.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			AttributeDefinitions:        []types.AttributeDefinition{{AttributeName: aws.String("task"), AttributeType: types.ScalarAttributeTypeS}},
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{{Create: create}}}))
		time.Sleep(20 * time.Minute)
		w.cfg.Adopt = true
		w.forget()
		seen := w.look("table")
		for _, d := range seen.Diffs {
			if strings.HasPrefix(d.Field, "index") {
				t.Errorf("the plan changes the index: %+v", d)
			}
		}
		w.up("table")
		w.cfg.Adopt = false // it is ours now, and its index still is not
		w.forget()
		w.up("table")
		out := must[*dynamodb.DescribeTableOutput](t)(w.clients.DynamoDB.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")}))
		if ix := out.Table.GlobalSecondaryIndexes; len(ix) != 1 || aws.ToString(ix[0].KeySchema[0].AttributeName) != "task" {
			t.Errorf("the index is %+v", ix)
		}
	})
}

func TestDownDoesNotWaitForAnIndexToBeBuilt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.cfg.Index = provision.IndexNewest
		step := w.step("table")
		if err := step.Apply(t.Context(), must[provision.Observation](t)(step.Observe(t.Context()))); err != nil {
			t.Fatal(err)
		}
		w.cfg.Index = ""
		started := time.Now()
		w.down("table")
		wantState(t, w.look("table"), provision.Absent)
		if took := time.Since(started); took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAnIndexCountsAmongTheFreeUnits(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cfg.Index = provision.IndexNewest
		plan, outlook := w.survey()
		if cover := plan[0].Step.Describe().Cover; cover != "10 reads and 10 writes a second, of 25" {
			t.Errorf("it covers %q", cover)
		}
		outlook.Price(w.cfg, plan)
		if cost := plan[0].Cost.NowPerMonthUSD; cost != 0 {
			t.Errorf("10 of 25 cost %v", cost)
		}
		w.up("table")
		w.cfg.Index = ""
		wantState(t, w.look("table"), provision.OK)
		meter := must[provision.Meter](t)(provision.ReadMeter(t.Context(), w.cfg, w.clients))
		for _, g := range meter.Gauges {
			if strings.HasPrefix(g.Name, "DynamoDB reads") && g.Used != 10 {
				t.Errorf("%s: %v", g.Name, g.Used)
			}
		}
	})
}
