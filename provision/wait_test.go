package provision_test

import (
	"context"
	"testing"
	"time"
	"unicode/utf8"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
	"todoctl/provision"
)

// Whatever AWS is late with, the person is told what it is, in words that fit
// beside a step's name and a time on 80 columns.
func TestEveryLagIsTold(t *testing.T) {
	for lag, told := range map[string]string{
		"TableCreate":      "DynamoDB is making the table",
		"TableDelete":      "DynamoDB is deleting the table and its items",
		"TableTags":        "AWS does not show the new tags yet",
		"RoleAssume":       "IAM is copying the new role to Lambda",
		"RoleVisible":      "IAM does not find the new role everywhere yet",
		"RolePolicy":       "the API answers 502: its policy may be late",
		"FunctionCreate":   "Lambda is preparing the function",
		"FunctionVisible":  "AWS does not show the function yet",
		"URLPolicy":        "the URL answers 403 until its policy spreads",
		"StatementVisible": "Lambda does not show the URL's permissions yet",
		"GroupVisible":     "CloudWatch Logs does not find the new log group yet",
		"TopicAccess":      "SNS does not open the new topic yet",
	} {
		t.Run(lag, func(t *testing.T) {
			lags := local.AWSLags
			setLag(&lags, lag, 20*time.Second)
			inWorldWith(t, lags, func(t *testing.T, w *world) {
				heard := map[string]bool{}
				for _, goal := range []provision.Goal{provision.Up, provision.Down} {
					for _, wait := range w.waits(goal) {
						heard[wait.What] = true
						if n := utf8.RuneCountInString(wait.String()); n > 61 {
							t.Errorf("%d characters are too many: %s", n, wait)
						}
					}
				}
				if !heard[told] {
					t.Errorf("it never says %q, only %v", told, heard)
				}
			})
		})
	}
}

// waits are what a run waits for, as its events tell it.
func (w *world) waits(goal provision.Goal) []provision.Wait {
	w.t.Helper()
	pages := provision.Steps(w.cfg, w.clients)
	if goal == provision.Down {
		pages = provision.Teardown(w.cfg, w.clients)
	}
	plan, err := provision.Plan(w.t.Context(), pages, goal)
	if err != nil {
		w.t.Fatal(err)
	}
	var waits []provision.Wait
	err = provision.Run(w.t.Context(), plan, provision.Options{Goal: goal, Clock: bubble, On: func(e provision.Event) {
		if e.Stage == provision.Waiting {
			waits = append(waits, e.Wait)
		}
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return waits
}

// Items wait for the table's units, without any step.
func TestItemsTellThatTheTablesUnitsAreUsedUp(t *testing.T) {
	inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
		var heard []provision.Wait
		ctx := provision.Telling(t.Context(), func(w provision.Wait) { heard = append(heard, w) })
		w.up()
		throttled := 30 // attempts: the SDK makes some by itself
		w.hooks["Scan"] = func(_ context.Context, send func() (any, error)) (any, error) {
			if throttled--; throttled >= 0 {
				return nil, &dynamodbtypes.ProvisionedThroughputExceededException{}
			}
			return send()
		}
		if _, err := provision.CountItems(ctx, w.cfg, w.clients.DynamoDB); err != nil {
			t.Fatal(err)
		}
		if len(heard) == 0 || heard[0].What != "the table has used up its 5 reads or 5 writes a second" {
			t.Errorf("it tells of %v", heard)
		}
	})
}
