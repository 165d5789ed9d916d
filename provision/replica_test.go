package provision_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"todoctl/local"
	"todoctl/provision"
)

// whereReadsFlap runs a test for reads that flap for so long, in another order each
// time. For up to ten seconds a down that comes at once bears it too.
func whereReadsFlap(t *testing.T, test func(t *testing.T, w *world, d time.Duration)) {
	t.Attr("promise", "T8")
	cases, begins, durations := 0, 3, []time.Duration{10 * time.Second, 29 * time.Second}
	if os.Getenv("TODOCTL_FULL") != "" {
		begins, durations = 16, append(durations, time.Second)
	}
	for _, d := range durations {
		for begin := range begins {
			cases++
			t.Run(fmt.Sprintf("%s from read %d", d, begin), func(t *testing.T) {
				lags := local.AWSLags
				lags.Replica = d
				inWorldWith(t, lags, func(t *testing.T, w *world) {
					w.parallel = begin % 2
					for range begin {
						w.look("role")
					}
					test(t, w, d)
				})
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// What was there in one look and is gone in the next, or the other way round, is
// neither foreign nor an error, and is never made twice.
func TestReadsMayFlap(t *testing.T) {
	whereReadsFlap(t, func(t *testing.T, w *world, d time.Duration) {
		w.up()
		w.up()
		if out, err := w.clients.DynamoDB.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(w.cfg.TableName())}); err != nil || out.Count > 1 {
			t.Errorf("there are %d items (%v)", out.Count, err)
		}
		time.Sleep(d) // virtual
		w.forget()
		w.up()
		w.wantWrites()
		w.down()
		left, err := provision.RemainsAfter(t.Context(), w.cfg, w.clients)
		if err != nil || slices.ContainsFunc(left, func(r provision.Remain) bool { return r.Note == "" }) { // "AWS is still deleting it" is a note
			t.Errorf("left are %v (%v)", left, err)
		}
		wantNothing(t, w, d)
	})
}

// A down that comes at once may not see a part of what it is to remove. Then the
// next one does.
func TestDownRightAfterUpWhereReadsFlap(t *testing.T) {
	whereReadsFlap(t, func(t *testing.T, w *world, d time.Duration) {
		w.up()
		w.down()
		time.Sleep(d) // virtual
		left, err := provision.Remains(t.Context(), w.cfg, w.clients)
		if err != nil || len(left) > 0 && d <= 10*time.Second {
			t.Errorf("left are %v (%v)", left, err)
		}
		w.down()
		wantNothing(t, w, d)
	})
}

// Two changes of the function, one after the other, and one of the role's.
func TestUpMendsWhereReadsFlap(t *testing.T) {
	whereReadsFlap(t, func(t *testing.T, w *world, d time.Duration) {
		w.up()
		must[*iam.DeleteRolePolicyOutput](t)(w.clients.IAM.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{
			RoleName: aws.String(w.cfg.RoleName()), PolicyName: aws.String(w.cfg.PolicyName()),
		}))
		time.Sleep(d) // virtual
		w.cfg.Code, w.cfg.Runtime = pack(t, "def lambda_handler(event, context):\n    return []\n"), "python3.13"
		w.up("table", "role", "function")
		time.Sleep(d)
		for _, name := range []string{"role", "function"} {
			wantState(t, w.look(name), provision.OK)
		}
		w.forget()
		w.up("table", "role", "function")
		w.wantWrites()
	})
}
