package local

import (
	"reflect"
	"testing"
)

// A route without a method would be a 501 for an operation that the table
// claims.
func TestEveryLambdaRouteHasItsOperation(t *testing.T) {
	routes := lambdaRoutes()
	if len(routes) != len(lambdaOperations) {
		t.Errorf("%d operations have %d routes", len(lambdaOperations), len(routes))
	}
	x := &lambdaService{}
	for _, r := range routes {
		if !reflect.ValueOf(x).MethodByName(r.operation).IsValid() && x.direct(r.operation) == nil {
			t.Errorf("%s %v: there is no %s", r.method, r.path, r.operation)
		}
	}
}
