//go:build !windows

package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/gofrs/flock"

	"todoctl/local"
)

// keepsTable says whether the table is there, whatever it holds.
func (r *rehearsal) keepsTable() bool {
	out, err := r.tables().DescribeTable(r.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("TodoTable")})
	return err == nil && out.Table.TableStatus == types.TableStatusActive
}

// As long as the URL may bring new items, the table and its items stay: what comes
// after the last page of a backup would be in neither place.
func TestTheTableStaysWhileItsURLLives(t *testing.T) {
	cases := 0
	for _, kind := range []local.FaultKind{local.FaultDenied, local.Fault500Before, local.FaultStall} {
		for _, flags := range []string{" --backup ", ""} {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				r.up()
				if flags == "" { // no item, so down asks for nothing
					a := r.account()
					for _, item := range r.items() {
						a.done(a.DynamoDB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: aws.String(a.TableName()), Key: attributes{"id": item["id"]}}))
					}
				} else {
					flags += filepath.Join(r.dir, "items.jsonl")
				}
				end := r.run("down --yes"+flags, always(kind, "DeleteFunctionUrlConfig"), always(kind, "DeleteFunction"))
				if end.exit == exitDone || !r.keepsTable() {
					r.Errorf("%s%s: it exits with %d, and the table is there: %t\n%s", kind, flags, end.exit, r.keepsTable(), end.err)
				}
				hinted(r.T, end.err, "The table stays, with its items: the URL may still bring new ones.")
				r.wantExit(r.run("down --yes"+flags), exitDone)
				r.wantNothing()
				cases++
			})
		}
	}
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up()
		r.run("down --yes --discard-data", always(local.FaultDenied, "DeleteFunctionUrlConfig"), always(local.FaultDenied, "DeleteFunction"))
		if r.keepsTable() {
			r.Error("items that were given up kept their table")
		}
		cases++
	})
	promise(t, "T16", cases)
}

// The table that down has read and deleted is one thing, and a table of the same
// name that another run makes right after is another one.
func TestATableThatWasMadeMeanwhileIsNotDeleted(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		a := r.up().account()
		made := false
		end := r.runBetween("down --yes --backup "+filepath.Join(r.dir, "items.jsonl"), func(operation string, _ *http.Request, pass func() (*http.Response, error)) (*http.Response, error) {
			res, err := pass()
			if operation == "DeleteTable" && !made {
				made = true
				var tags []types.Tag
				for key, value := range a.Tags() {
					tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
				}
				a.done(a.DynamoDB.CreateTable(ctx, &dynamodb.CreateTableInput{
					TableName: aws.String(a.TableName()), Tags: tags, BillingMode: types.BillingModePayPerRequest,
					AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
					KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
				}))
				a.done(a.DynamoDB.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(a.TableName()), Item: attributes{"id": &types.AttributeValueMemberS{Value: "new"}}}))
			}
			return res, err
		})
		if !made || !r.keepsTable() || len(r.items()) != 1 {
			r.Errorf("the new table is there: %t\n%s", r.keepsTable(), end.err)
		}
		if end.exit != exitFailed || !strings.Contains(end.err, "TODO-RUN-07") {
			r.Errorf("it exits with %d:\n%s", end.exit, end.err)
		}
	})
}

// Who only looks holds the lock for a moment, and keeps nobody from working.
func TestALookKeepsNobodyFromWorking(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up()
		locks, err := filepath.Glob(filepath.Join(r.dir, "state", "locks", "*.lock"))
		if err != nil || len(locks) != 1 {
			r.Fatal(locks, err)
		}
		look := flock.New(locks[0])
		if held, err := look.TryRLock(); !held || err != nil {
			r.Fatal(held, err)
		}
		go func() {
			time.Sleep(lockPause + lockPause/2)
			_ = look.Close()
		}()
		r.wantExit(r.run("table --yes"), exitDone)
	})
}

// The answer to a change of the table is lost, and the SDK sends the change again:
// DynamoDB refuses the same units twice.
func TestALostAnswerOfATableRepairIsRepairedInTheSameRun(t *testing.T) {
	cases := 0
	for _, kind := range lostAnswers {
		t.Run(string(kind), func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				a := r.up().account()
				a.updateTable(&dynamodb.UpdateTableInput{BillingMode: types.BillingModePayPerRequest})
				end := r.run("table --yes", local.Fault{Kind: kind, Operation: "UpdateTable", Call: 1})
				r.wantExit(end, exitDone)
				if end.fired != 1 {
					r.Errorf("%d answers were lost", end.fired)
				}
				r.wantQuiet()
				cases++
			})
		})
	}
	promise(t, "T5", cases)
}

// Whoever may change the alarm and not look at it afterwards hears so, and does not
// wait for what she will never see.
func TestWhatCannotBeLookedAtAfterItsChangeIsSaid(t *testing.T) {
	at := 0
	for _, denied := range []bool{false, true} {
		rehearse(t, local.Lags{}, func(r *rehearsal) {
			r.up()
			var plan []local.Fault
			if denied {
				plan = []local.Fault{{Kind: local.FaultDenied, Call: at + 1, Times: local.Always}}
			}
			end := r.run("alarm --yes --limit 5 --parallel 1", plan...)
			if !denied {
				r.wantExit(end, exitDone)
				for i, call := range end.calls {
					if strings.Contains(call, "PutMetricAlarm") {
						at = i + 1
					}
				}
				if at == 0 {
					r.Fatalf("it never puts the alarm: %v", end.calls)
				}
				return
			}
			r.wantExit(end, exitCredentials)
			r.wantReason(end, local.FaultDenied)
			r.wantExit(r.run("alarm --yes --limit 5"), exitDone)
		})
	}
}

// What stays closed in the next URL is of no interest to who takes everything away.
func TestDownSpeaksOfNoNewURL(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(upLine+" --auth iam"), exitDone)
		end := r.run(downLine)
		r.wantExit(end, exitDone)
		if strings.Contains(end.err, "the new one") {
			r.Errorf("down says:\n%s", end.err)
		}
	})
}

// A backup that fails because the person may not read ends as every refusal does.
func TestABackupWithoutTheRightEndsWithItsExitCode(t *testing.T) {
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.up()
		line := "down --yes --backup " + filepath.Join(r.dir, "items.jsonl")
		end := r.run(line, local.Fault{Kind: local.FaultDenied, Operation: "Scan", Call: 2, Times: local.Always})
		r.wantExit(end, exitCredentials)
		r.wantReason(end, local.FaultDenied)
		r.wantExit(r.run(line), exitDone)
	})
}
