package provision_test

import (
	"slices"
	"testing"

	"todoctl/provision"
)

// The claim comes first and goes last, and nothing is made before or removed
// after what it stands on, however many steps are at work at once.
func TestStepsAtWorkAtOnceKeepTheirOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.parallel = 0
		w.up()
		inOrder(t, w.writes(), "CreateTable", "CreateRole", "PutRolePolicy", "CreateFunction", "CreateFunctionUrlConfig", "AddPermission")
		w.forget()
		w.down()
		inOrder(t, w.writes(), "DeleteFunctionUrlConfig", "DeleteFunction", "DeleteLogGroup", "DeleteRole", "DeleteTable")
		w.forget()
		if err := w.try(provision.Down); err != nil {
			t.Error(err)
		}
		w.wantWrites()
	})
}

// inOrder checks that all calls of each operation come before the first of the
// next.
func inOrder(t *testing.T, calls []string, operations ...string) {
	t.Helper()
	last := func(operation string) int {
		for i, call := range slices.Backward(calls) {
			if call == operation {
				return i
			}
		}
		return -1
	}
	for i, operation := range operations[1:] {
		before, after := last(operations[i]), slices.Index(calls, operation)
		if before < 0 || after < 0 || before > after {
			t.Errorf("%s comes before %s is done, or is missing: %v", operation, operations[i], calls)
		}
	}
}
