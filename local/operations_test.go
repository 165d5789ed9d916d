package local

import (
	"context"
	"reflect"
	"testing"
	"time"
)

// TestEveryOperationIsInItsTable finds a method that looks like an operation and
// could never be called.
func TestEveryOperationIsInItsTable(t *testing.T) {
	s, err := Open(Config{Path: t.TempDir() + "/aws.db", Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ctx := reflect.TypeFor[context.Context]()
	for name, svc := range s.services {
		impl := reflect.TypeOf(svc.impl)
		found := 0
		for i := range impl.NumMethod() {
			m := impl.Method(i)
			if m.Type.NumIn() != 3 || m.Type.In(1) != ctx || m.Type.In(2).Kind() != reflect.Pointer || m.Type.NumOut() != 2 {
				continue
			}
			found++
			op, listed := svc.table[m.Name]
			if !listed {
				t.Errorf("%s: the method %s is not in operations.go", name, m.Name)
			} else if op.input != m.Type.In(2).Elem() {
				t.Errorf("%s: %s takes %s in operations.go, and its method %s", name, m.Name, op.input, m.Type.In(2).Elem())
			}
		}
		if found == 0 || found != len(svc.table) {
			t.Errorf("%s: %d methods, %d rows in operations.go", name, found, len(svc.table))
		}
	}
}
