package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Somebody writes to the table, in every way, before and after each page that
// todoctl reads of it. Then either the table stays, or the backup holds what the
// table held at its end.
//
// One gap is AWS's: between the moment when todoctl has read a page for the last
// time and the DeleteTable, nothing tells that an item was written.
func TestWhatIsWrittenDuringABackupIsNotLost(t *testing.T) {
	items, pages := pagesOf(2), 3 // the last is empty: the one before ends with the last item
	if full {
		items, pages = pagesOf(3), 4
	}
	var inOrder []attributes // of a scan
	key := func(i int) attributes { return attributes{"id": inOrder[i]["id"]} }
	changes := map[string]func(v *vault, i int) error{
		"added": func(v *vault, i int) error {
			_, err := v.sdk.PutItem(v.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: attributes{"id": &types.AttributeValueMemberS{Value: fmt.Sprint("late-", i)}}})
			return err
		},
		"changed": func(v *vault, i int) error { // the count stays
			_, err := v.sdk.UpdateItem(v.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String("TodoTable"), Key: key(i), UpdateExpression: aws.String("SET yes = :no"),
				ExpressionAttributeValues: attributes{":no": &types.AttributeValueMemberS{Value: "changed"}},
			})
			return err
		},
		"deleted": func(v *vault, i int) error {
			_, err := v.sdk.DeleteItem(v.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("TodoTable"), Key: key(i)})
			return err
		},
		"replaced": func(v *vault, i int) error { // one goes and another comes: the count stays
			if _, err := v.sdk.DeleteItem(v.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("TodoTable"), Key: key(i)}); err != nil {
				return err
			}
			_, err := v.sdk.PutItem(v.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: attributes{"id": &types.AttributeValueMemberS{Value: fmt.Sprint("other-", i)}}})
			return err
		},
	}
	whom := []int{0} // read first, so that most of the scan comes after it
	if full {
		whom = append(whom, len(items)-1)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			v := newVault(t, items...)
			inOrder = v.items()
			cases, kept := 0, 0
			for _, i := range whom {
				stride := 2
				if full {
					stride = 1
				}
				for k := 1; ; k += stride {
					scans, fired := 0, false
					v.on(func(operation string) *http.Response {
						if operation != "Scan" {
							return nil
						}
						if scans++; scans == k {
							fired = true
							if err := change(v, i); err != nil {
								t.Error(err)
							}
						}
						return nil
					}, nil)
					end := v.todoctl(nil, "down", "--yes", "--backup", "items.jsonl")
					v.on(nil, nil)
					what := fmt.Sprintf("item %d %s before page %d", i, name, k)
					if !fired {
						v.goes(what, v.file("items.jsonl"), items, end)
						if scans < 3*pages { // a page whose answer is lost is read again
							t.Fatalf("a run reads %d pages, should be three times %d", scans, pages)
						}
						v.begin(items)
						break
					}
					switch {
					case v.deletes() == 0:
						kept++
						if end.exit != exitFailed || !end.says("the table changed while it was saved") || len(v.files()) > 0 {
							t.Errorf("%s: exit %d, files %v:\n%s", what, end.exit, v.files(), end.err)
						}
					case k <= 2*pages+1:
						if err := v.whole(v.file("items.jsonl"), v.deleted); err != nil {
							t.Errorf("%s: the table is gone and of the backup: %v", what, err)
						}
					}
					cases++
					v.empty()
					v.begin(items)
				}
			}
			if kept < len(whom) {
				t.Errorf("the table was kept in only %d cases of %d", kept, cases)
			}
			counted(t, cases)
		})
	}
}

// empty deletes the table behind todoctl's back.
func (v *vault) empty() {
	v.Helper()
	if _, err := v.sdk.DeleteTable(v.Context(), &dynamodb.DeleteTableInput{TableName: aws.String("TodoTable")}); err != nil && v.items() != nil {
		v.Fatal(err)
	}
}

// The same run again ends it, once nobody writes.
func TestAfterAChangeTheSameCommandEndsWell(t *testing.T) {
	items := notes(3, 100)
	v := newVault(t, items...)
	scans := 0
	v.on(nil, func(operation string) {
		if operation != "Scan" {
			return
		}
		if scans++; scans == 2 {
			items[1]["text"] = &types.AttributeValueMemberS{Value: "changed"}
			if _, err := v.sdk.PutItem(v.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: items[1]}); err != nil {
				t.Error(err)
			}
		}
	})
	end := v.todoctl(nil, "down", "--yes", "--backup", "items.jsonl")
	v.stays("changed", items, end)
	v.goesAgain("changed", items)
	counted(t, 1)
}

func TestAnItemThatComesAfterTheCountKeepsAnEmptyTable(t *testing.T) {
	for _, flags := range [][]string{{"--yes"}, {"--yes", "--backup", "items.jsonl"}} {
		v := newVault(t)
		scans := 0
		late := notes(1, 10)
		v.on(nil, func(operation string) {
			if operation != "Scan" {
				return
			}
			if scans++; scans == 1 {
				if _, err := v.sdk.PutItem(v.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: late[0]}); err != nil {
					t.Error(err)
				}
			}
		})
		end := v.todoctl(nil, append([]string{"down"}, flags...)...)
		if len(flags) == 1 {
			v.stays("late", late, end)
		} else {
			v.goes("late", v.file("items.jsonl"), late, end)
		}
	}
	counted(t, 2)
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}
}

// What DynamoDB says about its table is believed only when a second look agrees.
func TestATableThatCannotBeReadStays(t *testing.T) {
	const gone = `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}`
	const denied = `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:Scan"}`
	items := pagesOf(2)
	for what, c := range map[string]struct {
		body string
		exit int
	}{"not found": {gone, exitFailed}, "denied": {denied, exitCredentials}} {
		t.Run(what, func(t *testing.T) {
			v := newVault(t, items...)
			cases := 0
			for _, flags := range [][]string{{"--yes"}, {"--yes", "--backup", "items.jsonl"}} {
				for k := 1; ; k++ {
					scans := 0
					v.on(func(operation string) *http.Response {
						if operation == "Scan" {
							if scans++; scans >= k {
								return answer(http.StatusBadRequest, c.body)
							}
						}
						return nil
					}, nil)
					end := v.todoctl(nil, append([]string{"down"}, flags...)...)
					v.on(nil, nil)
					if scans < k {
						break
					}
					v.stays(fmt.Sprint(what, " from page ", k, " on, ", flags), items, end)
					if len(v.files()) > 0 {
						t.Errorf("left: %v", v.files())
					}
					cases++
				}
				if v.deletes() > 0 {
					if err := os.Remove(v.file("items.jsonl")); err != nil {
						t.Error(err)
					}
					v.fill(items...)
				}
			}
			counted(t, cases)
		})
	}
}

// With no table left, --backup has nothing to save and is no reason to fail.
func TestABackupOfNoTableIsNone(t *testing.T) {
	v := newVault(t)
	if end := v.todoctl(nil, "role", "--yes"); end.exit != exitDone {
		t.Fatal(end.err)
	}
	v.empty()
	end := v.todoctl(nil, "down", "--yes", "--backup", "items.jsonl")
	if end.exit != exitDone || !end.says("0 left") || len(v.files()) > 0 {
		t.Errorf("exit %d, files %v:\n%s", end.exit, v.files(), end.err)
	}
	counted(t, 1)
}
