package main

import (
	"os"
	"strings"
	"testing"
)

func TestThePageHasARowForEachPromise(t *testing.T) {
	page, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), begin)
	table, _, _ := strings.Cut(rest, end)
	for _, p := range promises {
		if !strings.Contains(table, "| "+p.number+" ") || !strings.Contains(table, p.words) {
			t.Errorf("docs/reliability.md has no row for %s: go run ./bench/promises -write", p.number)
		}
	}
}

func TestTheTableIsReadFromWhatTheTestsSay(t *testing.T) {
	lines := `{"Action":"attr","Package":"p","Test":"TestA","Key":"promise","Value":"T1"}
{"Action":"attr","Package":"p","Test":"TestA","Key":"cases","Value":"7"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":1.5}
{"Action":"attr","Package":"p","Test":"TestB","Key":"promise","Value":"T1"}
{"Action":"attr","Package":"p","Test":"TestB","Key":"cases","Value":"3"}
{"Action":"output","Package":"p","Test":"TestB","Output":"an item is gone\n"}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":0.5}
{"Action":"pass","Package":"p","Test":"TestC","Elapsed":9}
`
	var told strings.Builder
	results, err := read(strings.NewReader(lines), &told)
	if err != nil || told.String() != "failed: p TestB\nan item is gone\n" {
		t.Errorf("it says %q (%v)", told.String(), err)
	}
	table, missing := tell(results)
	if !strings.Contains(table, "| 2     | 10    | 1        | 2.0 s |") || len(missing) != len(promises)-1 {
		t.Errorf("missing %v, and the table is\n%s", missing, table)
	}
}
