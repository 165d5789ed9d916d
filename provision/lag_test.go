package provision_test

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"todoctl/local"
	"todoctl/provision"
)

// iamLags are those of IAM, which may take two minutes.
var iamLags = []string{"RoleAssume", "RolePolicy", "RoleVisible", "PolicyVisible"}

// lagDurations are those that every lag takes: all with TODOCTL_FULL=1, and the
// longest of them without.
func lagDurations() []time.Duration {
	if os.Getenv("TODOCTL_FULL") != "" {
		return []time.Duration{0, time.Second, 10 * time.Second, 29 * time.Second}
	}
	return []time.Duration{29 * time.Second}
}

// eachLag calls do for each lag of local.Lags with each of its durations, on top
// of what an ordinary day has.
func eachLag(do func(name string, d time.Duration, lags local.Lags)) {
	fields := reflect.TypeFor[local.Lags]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		durations := lagDurations()
		if slices.Contains(iamLags, name) {
			durations = append(durations, 119*time.Second)
		}
		for _, d := range durations {
			lags := local.AWSLags
			setLag(&lags, name, d)
			do(name, d, lags)
		}
	}
}

func setLag(lags *local.Lags, name string, d time.Duration) {
	reflect.ValueOf(lags).Elem().FieldByName(name).SetInt(int64(d))
}

// allLags are all lags at once.
func allLags(d, iam time.Duration) local.Lags {
	var lags local.Lags
	fields := reflect.TypeFor[local.Lags]()
	for i := range fields.NumField() {
		setLag(&lags, fields.Field(i).Name, d)
	}
	for _, slow := range iamLags {
		setLag(&lags, slow, iam)
	}
	lags.Replica = 0 // on top of another lag it doubles that; replica_test.go has it
	return lags
}

// wantNothing checks that after every lag has passed there is nothing left.
func wantNothing(t *testing.T, w *world, late time.Duration) {
	t.Helper()
	time.Sleep(late) // virtual
	for _, name := range allSteps {
		wantState(t, w.look(name), provision.Absent)
	}
	left, err := provision.Remains(t.Context(), w.cfg, w.clients)
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v (%v)", left, err)
	}
}

func TestUpAndDownBearEveryLag(t *testing.T) {
	t.Attr("promise", "T8")
	cases := 0
	bear := func(name string, parallel int, lags local.Lags, longest time.Duration) {
		cases++
		t.Run(name, func(t *testing.T) {
			inWorldWith(t, lags, func(t *testing.T, w *world) {
				w.parallel = parallel
				w.up()
				time.Sleep(lags.Replica) // virtual: before that, what is there need not show
				w.forget()
				w.up()
				w.wantWrites()
				w.down()
				wantNothing(t, w, longest)
			})
		})
	}
	eachLag(func(name string, d time.Duration, lags local.Lags) { bear(name+" "+d.String(), 1, lags, d) })
	for _, d := range lagDurations() {
		bear("all "+d.String(), 1, allLags(d, d), d)
		bear("all "+d.String()+", all at once", 0, allLags(d, d), d)
	}
	bear("all 29s, IAM 119s", 0, allLags(29*time.Second, 119*time.Second), 2*time.Minute)
	t.Attr("cases", strconv.Itoa(cases))
}

// A lost answer looks like somebody else's resource for as long as nothing shows.
func TestALostAnswerIsRepairedUnderEveryLag(t *testing.T) {
	t.Attr("promise", "T8")
	cases := 0
	for _, operation := range []string{
		"CreateTable", "CreateRole", "PutRolePolicy", "CreateLogGroup", "PutRetentionPolicy", "CreateFunction",
		"CreateFunctionUrlConfig", "AddPermission", "CreateTopic", "Subscribe", "PutMetricAlarm", "CreateBudget",
	} {
		for _, d := range lagDurations() {
			cases++
			t.Run(operation+" "+d.String(), func(t *testing.T) {
				inWorldWith(t, allLags(d, d), func(t *testing.T, w *world) {
					w.losing(operation)
					w.up()
					w.forget()
					w.up()
					w.wantWrites()
				})
			})
		}
	}
	t.Attr("cases", strconv.Itoa(cases))
}

// What takes longer than todoctl waits ends in an error that does not call our
// own resource somebody else's, and a later run finishes.
func TestALagBeyondTheLimitIsNobodyElses(t *testing.T) {
	t.Attr("promise", "T8")
	const late = 20 * time.Minute
	cases := 0
	fields := reflect.TypeFor[local.Lags]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		cases++
		t.Run(name, func(t *testing.T) {
			lags := local.AWSLags
			setLag(&lags, name, late)
			inWorldWith(t, lags, func(t *testing.T, w *world) {
				begin := time.Now()
				err := w.try(provision.Up)
				var foreign *provision.ForeignError
				if errors.As(err, &foreign) {
					t.Errorf("our own is called somebody else's: %v", err)
				}
				t.Logf("after %s: %v", time.Since(begin), err)
				if took := time.Since(begin); took > 15*time.Minute {
					t.Errorf("it took %s", took)
				}
				time.Sleep(late) // virtual
				for n := 0; err != nil; n++ {
					if n == len(allSteps) { // each run makes one more, and each is as late as the first
						t.Fatalf("after %d runs: %v", n, err)
					}
					if err = w.try(provision.Up); errors.As(err, &foreign) {
						t.Errorf("our own is called somebody else's: %v", err)
					}
					time.Sleep(late)
				}
				w.forget()
				w.up()
				w.wantWrites()
			})
		})
	}
	t.Attr("cases", strconv.Itoa(cases))
}
