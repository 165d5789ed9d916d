package local

import (
	"slices"
	"sync"
)

// races knows which AddPermission calls are under way for a function, for
// Account.LosesStatements: each of them writes the policy that stood when the
// first of them began.
type races struct {
	mu    sync.Mutex
	bases map[string]*raceBase // by the function's key
	calls map[string]string    // the function's key, by request ID
}

type raceBase struct {
	calls      int
	statements []statementDoc
}

// begin notes a call and returns the statements that it starts from. It is
// under way until end is called with its request ID.
func (r *races) begin(requestID, function string, read func() []statementDoc) []statementDoc {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bases == nil {
		r.bases, r.calls = map[string]*raceBase{}, map[string]string{}
	}
	b := r.bases[function]
	if b == nil {
		b = &raceBase{statements: read()}
		r.bases[function] = b
	}
	b.calls++
	r.calls[requestID] = function
	return slices.Clone(b.statements)
}

// end forgets a call; one that begin has not seen is passed over.
func (r *races) end(requestID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	function, ok := r.calls[requestID]
	if !ok {
		return
	}
	delete(r.calls, requestID)
	if b := r.bases[function]; b.calls > 1 {
		b.calls--
	} else {
		delete(r.bases, function)
	}
}
