package main

import (
	"go/format"
	"testing"
)

// A mutant whose text is not there any more would only be noticed when somebody
// runs them all.
func TestEachMutantChangesItsFileInOnePlace(t *testing.T) {
	t.Chdir("../..")
	all, err := parse(archive)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Errorf("there are %d mutants", len(all))
	}
	for _, m := range all {
		broken, err := m.apply()
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if _, err := format.Source(broken); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
