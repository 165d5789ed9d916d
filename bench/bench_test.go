package main

import (
	"strings"
	"testing"
	"time"

	"todoctl/local"
)

// The critical path is only as good as the delays that it adds up.
func TestCriticalPathIsMadeOfTheServersLags(t *testing.T) {
	lags := local.AWSLags
	if got := lags.RoleAssume + lags.FunctionCreate + lags.URLPolicy; got != criticalPath {
		t.Errorf("role, function and URL take %v one after the other, the bench says %v", got, criticalPath)
	}
	if lags.TableCreate > criticalPath || lags.RolePolicy > criticalPath {
		t.Errorf("the table (%v) or the policy (%v) takes longer than what the bench calls critical (%v)", lags.TableCreate, lags.RolePolicy, criticalPath)
	}
}

func TestTheMiddleOfAnEvenNumberIsTheLower(t *testing.T) {
	if got := median([]time.Duration{4, 1, 3, 2}); got != 2 {
		t.Errorf("median of 4 1 3 2 is %d, want 2", got)
	}
	if got := median([]int64{9, 7, 8}); got != 8 {
		t.Errorf("median of 9 7 8 is %d, want 8", got)
	}
}

func TestBenchmarkLinesAreRead(t *testing.T) {
	const out = "goos: linux\nBenchmarkPutItem8Clients-2   \t   51234\t     46012 ns/op\t  120 B/op\nBenchmarkScan100 \t 9000\t 120034.5 ns/op\nPASS\n"
	var got []string
	for _, m := range result.FindAllStringSubmatch(out, -1) {
		got = append(got, m[1]+"="+m[2])
	}
	if want := "PutItem8Clients=46012 Scan100=120034.5"; strings.Join(got, " ") != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestTheTableSaysWhatMissedItsTarget(t *testing.T) {
	var tab table
	tab.atMost("up", 1200*time.Millisecond, 950*time.Millisecond)
	tab.atMost("again", 90*time.Millisecond, 300*time.Millisecond)
	tab.add("requests", "35")
	var out strings.Builder
	tab.print(&out)
	want := `| what     | measured | target      | met |
|----------|----------|-------------|-----|
| up       | 1.20 s   | <= 950.0 ms | no  |
| again    | 90.0 ms  | <= 300.0 ms | yes |
| requests | 35       |             |     |
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}
