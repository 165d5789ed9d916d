package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"todoctl/provision"
)

func TestReadMeterOfAFreshStack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.up()
		time.Sleep(10 * time.Minute) // virtual: metrics come late
		w.forget()
		m := must[provision.Meter](t)(provision.ReadMeter(t.Context(), w.cfg, w.clients))
		w.wantWrites()
		if len(m.Unread) > 0 {
			t.Errorf("could not be read: %v", m.Unread)
		}
		used := map[string]provision.Gauge{}
		for _, g := range m.Gauges {
			used[g.Name] = g
		}
		if g := used["Lambda requests"]; g.Used != 3 || g.Limit != 1_000_000 {
			t.Errorf("the requests are %+v, should be a POST between two GETs", g)
		}
		if g := used["URL requests"]; g.Used < 2 {
			t.Errorf("the URL's requests are %+v", g)
		}
		if r, wr := used["DynamoDB reads"], used["DynamoDB writes"]; r.Used != 5 || wr.Used != 5 || r.Limit != 25 || wr.Limit != 25 {
			t.Errorf("the capacity is %+v and %+v", r, wr)
		}
		for _, name := range []string{"Lambda compute", "DynamoDB storage", "read load", "write load", "logs"} {
			if _, there := used[name]; !there {
				t.Errorf("there is no gauge %s", name)
			}
		}
		if used["write load"].Used <= 0 {
			t.Errorf("the item's write does not show: %+v", used["write load"])
		}
		if m.Cost.NowPerMonthUSD != 0 || m.Cost.WorstPerDayUSD <= 0 {
			t.Errorf("the cost is %+v", m.Cost)
		}
		if rcu, wcu, tables, crowded := provision.Foresee(t.Context(), w.cfg, w.clients).Crowded(w.cfg); rcu != 0 || wcu != 0 || tables != 0 || crowded {
			t.Errorf("other tables have %d and %d, %d tables, crowded: %v", rcu, wcu, tables, crowded)
		}
		for _, in := range inputs[cloudwatch.GetMetricDataInput](w) {
			t.Errorf("GetMetricData is never free: %+v", in)
		}
	})
}

func TestReadMeterLeavesOutWhatItMayNotRead(t *testing.T) {
	operations := []string{"GetMetricStatistics", "ListTables", "GetFunction", "GetAccountSettings", "DescribeLogGroups", "GetAccountPlanState"}
	for _, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.up("table")
				w.always(operation, errDenied)
				m := must[provision.Meter](t)(provision.ReadMeter(t.Context(), w.cfg, w.clients))
				if len(m.Unread) != 1 || !strings.Contains(m.Unread[0], "AWS does not allow you ") || !strings.HasSuffix(m.Unread[0], ":"+operation) {
					t.Errorf("unread is %q, should be one line", m.Unread)
				}
			})
		})
	}
	inWorld(t, func(t *testing.T, w *world) {
		for _, operation := range operations {
			w.always(operation, errDenied)
		}
		if _, err := provision.ReadMeter(t.Context(), w.cfg, w.clients); err == nil {
			t.Error("nothing could be read, and that is no error")
		}
	})
}
