package provision_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/provision"
)

func TestTableIsCreatedWithTheFreeTiersSettings(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		got := only[dynamodb.CreateTableInput](w)
		want := &dynamodb.CreateTableInput{
			TableName:             aws.String("TodoTable"),
			BillingMode:           types.BillingModeProvisioned,
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(5), WriteCapacityUnits: aws.Int64(5)},
			TableClass:            types.TableClassStandard,
			AttributeDefinitions:  []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
			KeySchema:             []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			Tags: []types.Tag{
				{Key: aws.String("todoctl:region"), Value: aws.String("eu-central-1")},
				{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")},
				{Key: aws.String("todoctl:version"), Value: aws.String("test")},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it was created as %+v", got)
		}
		w.wantWrites("CreateTable")
	})
}

// hideTags makes ListTagsOfResource answer with no tags until a moment.
func hideTags(w *world, until time.Time) {
	w.on("ListTagsOfResource", func(_ context.Context, send func() (any, error)) (any, error) {
		out, err := send()
		if tags, ok := out.(*dynamodb.ListTagsOfResourceOutput); ok && time.Now().Before(until) {
			tags.Tags = nil
		}
		return out, err
	})
}

func TestTagsThatShowLateAreWaitedFor(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 10 * time.Second, 29 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				hideTags(w, time.Now().Add(lag))
				w.up("table")
				w.wantWrites("CreateTable")
			})
		})
	}
}

func TestAnotherRunFindsItsYoungTableAlthoughTheTagsAreLate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		hideTags(w, time.Now().Add(10*time.Second))
		w.forget()
		if seen := w.look("table"); seen.State != provision.Drift || seen.Pending == "" {
			t.Errorf("it is %s, pending %q", seen.State, seen.Pending)
		}
		w.up("table")
		w.wantWrites()
	})
}

// A table that is seconds old and has no tags may be anybody's. Nothing may be
// made next to it before that is known.
func TestAStrangersYoungTableHoldsEverythingBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if err := createTable(w, "id", types.ScalarAttributeTypeS); err != nil {
			t.Fatal(err)
		}
		w.forget()
		w.parallel = 0
		var foreign *provision.ForeignError
		if err := w.try(provision.Up); !errors.As(err, &foreign) || foreign.Resource != "TodoTable" {
			t.Errorf("up says %v", err)
		}
		w.wantWrites()
		if err := createTable(w, "id", types.ScalarAttributeTypeS); err == nil {
			t.Error("the table is gone")
		}
	})
}

func createTable(w *world, key string, kind types.ScalarAttributeType) error {
	_, err := w.clients.DynamoDB.CreateTable(w.t.Context(), &dynamodb.CreateTableInput{TableName: aws.String("TodoTable"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String(key), AttributeType: kind}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String(key), KeyType: types.KeyTypeHash}}})
	return err
}

func TestAStrangersTableThatAppearsBetweenLookAndCreateIsForeign(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.overtaking("CreateTable", func() error {
			defer w.forget()
			return createTable(w, "id", types.ScalarAttributeTypeS)
		})
		var foreign *provision.ForeignError
		if err := w.try(provision.Up); !errors.As(err, &foreign) {
			t.Errorf("up says %v", err)
		}
		w.wantWrites("CreateTable")
	})
}

func TestAnotherKeyIsAnErrorThatSaysSo(t *testing.T) {
	for name, make := range map[string]func(*world) error{
		"another name": func(w *world) error { return createTable(w, "user", types.ScalarAttributeTypeS) },
		"another type": func(w *world) error { return createTable(w, "id", types.ScalarAttributeTypeN) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if err := make(w); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				w.cfg.Adopt = true
				w.forget()
				err := w.try(provision.Up)
				var key *provision.KeySchemaError
				if !errors.As(err, &key) || !strings.Contains(err.Error(), "id (S)") {
					t.Errorf("up says %v", err)
				}
				w.wantWrites() // not even the tag
			})
		})
	}
}

func TestDeletionProtectionIsNeverSwitchedOffByDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		protect := &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), DeletionProtectionEnabled: aws.Bool(true)}
		if _, err := w.clients.DynamoDB.UpdateTable(t.Context(), protect); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.forget()
		err := w.try(provision.Down, "table")
		var protected *provision.ProtectedError
		if !errors.As(err, &protected) || protected.Table != "TodoTable" || protected.Region != "eu-central-1" {
			t.Errorf("down says %v", err)
		}
		w.wantWrites()
	})
}

func TestProtectionSwitchedOnAfterTheLookIsTheSameError(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		step := w.step("table")
		seen := must[provision.Observation](t)(step.Observe(t.Context()))
		protect := &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"), DeletionProtectionEnabled: aws.Bool(true)}
		if _, err := w.clients.DynamoDB.UpdateTable(t.Context(), protect); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var protected *provision.ProtectedError
		if err := step.Destroy(t.Context(), seen); !errors.As(err, &protected) {
			t.Errorf("it says %v", err)
		}
	})
}

func TestATableThatIsBeingMadeIsDeletedWhenItIsReady(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if err := w.step("table").Apply(t.Context(), provision.Observation{State: provision.Absent}); err != nil {
			t.Fatal(err)
		}
		if seen := w.look("table"); seen.Pending != "CREATING" {
			t.Fatalf("it is %q", seen.Pending)
		}
		w.down("table")
		wantState(t, w.look("table"), provision.Absent)
	})
}

func TestATableThatIsGoingIsMadeAnew(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		if err := vanish["table"](t, w); err != nil {
			t.Fatal(err)
		}
		if seen := w.look("table"); seen.Pending != "DELETING" {
			t.Fatalf("it is %q", seen.Pending)
		}
		w.up("table")
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestSeveralKindsOfChangeGoOneAtATime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		for _, change := range []dynamodb.UpdateTableInput{
			{BillingMode: types.BillingModePayPerRequest},
			{TableClass: types.TableClassStandardInfrequentAccess},
			{DeletionProtectionEnabled: aws.Bool(true)},
		} {
			change.TableName = aws.String("TodoTable")
			if _, err := w.clients.DynamoDB.UpdateTable(t.Context(), &change); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Second)
		}
		before := len(inputs[dynamodb.UpdateTableInput](w))
		w.up("table")
		for _, in := range inputs[dynamodb.UpdateTableInput](w)[before:] {
			kinds := 0
			for _, set := range []bool{in.BillingMode != "", in.TableClass != "", in.DeletionProtectionEnabled != nil} {
				if set {
					kinds++
				}
			}
			if kinds != 1 {
				t.Errorf("one UpdateTable changes %d kinds: %+v", kinds, in)
			}
		}
		wantState(t, w.look("table"), provision.OK)
	})
}

// A lost answer repeats the same capacity, which DynamoDB refuses.
func TestALostUpdateIsNotSentAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		change := &dynamodb.UpdateTableInput{TableName: aws.String("TodoTable"),
			ProvisionedThroughput: &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(9), WriteCapacityUnits: aws.Int64(9)}}
		if _, err := w.clients.DynamoDB.UpdateTable(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		w.losing("UpdateTable")
		w.up("table")
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestThrottlingIsRiddenOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.failing("CreateTable", 7, code("ThrottlingException", "Rate exceeded"))
		w.up("table")
		wantState(t, w.look("table"), provision.OK)
	})
}

func TestIndexesAreAdviceAndNoFault(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.on("DescribeTable", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if d, ok := out.(*dynamodb.DescribeTableOutput); ok {
				d.Table.GlobalSecondaryIndexes = []types.GlobalSecondaryIndexDescription{{IndexName: aws.String("byTask")}}
			}
			return out, err
		})
		seen := w.look("table")
		if wantState(t, seen, provision.OK); len(seen.Advice) != 1 {
			t.Errorf("the advice is %q", seen.Advice)
		}
	})
}

// Without the tags nobody knows whose table it is, so nothing may be decided.
func TestTagsThatMayNotBeReadAreAnError(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.failing("ListTagsOfResource", 100, code("AccessDeniedException", "no"))
		if _, err := w.step("table").Observe(t.Context()); err == nil {
			t.Error("it was judged without its tags")
		}
	})
}

func TestATableOutOfReachIsNotAsItShouldBe(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up("table")
		w.on("DescribeTable", func(_ context.Context, send func() (any, error)) (any, error) {
			out, err := send()
			if d, ok := out.(*dynamodb.DescribeTableOutput); ok {
				d.Table.TableStatus = types.TableStatusInaccessibleEncryptionCredentials
			}
			return out, err
		})
		wantState(t, w.look("table"), provision.Drift, "status")
	})
}
