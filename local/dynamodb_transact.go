package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

const maxTransact = 100

// A decided is an outcome, or the reason why there is none.
type decided struct {
	outcome
	err error
}

// decideAll decides several mutations as if at once; two on one item are
// refused with twice.
func (x *dynamodbService) decideAll(tx *bbolt.Tx, region string, mutations []*mutation, twice string) ([]decided, error) {
	out := make([]decided, len(mutations))
	seen := map[string]bool{}
	for i, m := range mutations {
		var err error
		if out[i].outcome, err = x.decide(tx, region, m); err != nil {
			e, ok := err.(*apiError)
			if !ok || e.Code != "ValidationException" {
				return nil, err
			}
			out[i].err = err
		}
		if out[i].key == nil {
			continue
		}
		at := m.table + "\x00" + string(out[i].key)
		if seen[at] {
			return nil, invalid("%s", twice)
		}
		seen[at] = true
	}
	return out, nil
}

// A reason says why one part of a transaction failed, or that it did not.
type reason struct {
	Code    string
	Message string          `json:",omitempty"`
	Item    json.RawMessage `json:",omitempty"`
}

// cancelled is the error of a transaction of which a part failed; nil when none did.
func cancelled(parts []decided, mutations []*mutation) error {
	reasons := make([]reason, len(parts))
	codes := make([]string, len(parts))
	failed := false
	for i := range parts {
		reasons[i].Code = "None"
		switch p := &parts[i]; {
		case p.err != nil:
			reasons[i] = reason{Code: "ValidationError", Message: p.err.(*apiError).Message}
			failed = true
		case p.failed:
			e := conditionFailed(&p.outcome, mutations[i].returnOnFail).(*apiError)
			reasons[i] = reason{Code: "ConditionalCheckFailed", Message: e.Message}
			reasons[i].Item, _ = e.Fields["Item"].(json.RawMessage)
			failed = true
		}
		codes[i] = reasons[i].Code
	}
	if !failed {
		return nil
	}
	return &apiError{
		Code:    "TransactionCanceledException",
		Message: "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]",
		Fields:  map[string]any{"CancellationReasons": reasons},
	}
}

// transactWrite is TransactWriteItems.
func (x *dynamodbService) transactWrite(ctx context.Context, body []byte) ([]byte, error) {
	parts, q, err := x.transaction(ctx, "TransactWriteItems", body, map[string]string{
		"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheck"})
	if err != nil {
		return nil, err
	}
	mutations := make([]*mutation, len(parts))
	for i, part := range parts {
		subject := "Key"
		if part.operation == "PutItem" {
			subject = "Item"
		}
		if err := part.require(subject); err != nil {
			return nil, err
		}
		if part.operation == "ConditionCheck" && part.condition == nil {
			return nil, invalid("1 validation error detected: Value null at 'transactItems.%d.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null", i+1)
		}
		if mutations[i], err = part.prepare(); err != nil {
			return nil, err
		}
	}
	costs := make([]cost, len(parts))
	use := x.tokens.use(q.token, body)
	err = x.changeItems(func(tx *itemTx) error {
		done, err := x.tokens.claim(use, x.cfg.Now())
		if done || err != nil {
			return err
		}
		all, err := x.decideAll(tx.Tx, from(ctx).region, mutations, "Transaction request cannot include multiple operations on one item")
		if err != nil {
			return err
		}
		for i := range all {
			costs[i] = cost{}.plus(2, all[i].cost) // a transaction reads, then writes
		}
		if err := cancelled(all, mutations); err != nil {
			return err
		}
		for i := range all {
			if err := all[i].write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		x.tokens.release(use)
	}
	for i, part := range parts {
		x.consumed(from(ctx).region, part.table, "Write", costs[i])
	}
	if err != nil {
		return nil, err
	}
	return append(appendCapacities([]byte{'{'}, q, parts, costs, "Write"), '}'), nil
}

// transactGet is TransactGetItems.
func (x *dynamodbService) transactGet(ctx context.Context, body []byte) ([]byte, error) {
	parts, q, err := x.transaction(ctx, "TransactGetItems", body, map[string]string{"Get": "GetItem"})
	if err != nil {
		return nil, err
	}
	keeps := make([]*projection, len(parts))
	for i, part := range parts {
		if err := part.require("Key"); err != nil {
			return nil, err
		}
		if keeps[i], err = part.prepareGet(); err != nil {
			return nil, err
		}
	}
	costs := make([]cost, len(parts))
	var answer []byte
	err = x.db.viewItems(func(tx *bbolt.Tx) error {
		answer = append(answer[:0], `{"Responses":[`...)
		seen := map[string]bool{}
		for i, part := range parts {
			t, err := x.ready(tx, from(ctx).region, part.table)
			if err != nil {
				return err
			}
			key, err := t.givenKey(part.key)
			if err != nil {
				return err
			}
			at := part.table + "\x00" + string(key)
			if seen[at] {
				return invalid("Transaction request cannot include multiple operations on one item")
			}
			seen[at] = true
			if i > 0 {
				answer = append(answer, ',')
			}
			answer = append(answer, '{')
			var size int
			if answer, size, err = getRecord(tx, t, key, keeps[i], answer, `"Item":`); err != nil {
				return err
			}
			answer = append(answer, '}')
			costs[i] = cost{table: 2 * readUnits(size, true)}
		}
		answer = append(answer, ']')
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, part := range parts {
		x.consumed(from(ctx).region, part.table, "Read", costs[i])
	}
	return append(appendCapacities(answer, q, parts, costs, "Read"), '}'), nil
}

// transaction reads the parts of a transaction. operations says which member of
// a part is which operation.
func (x *dynamodbService) transaction(ctx context.Context, operation string, body []byte, operations map[string]string) ([]*itemRequest, *itemRequest, error) {
	var parts []*itemRequest
	q, err := readItemRequest(operation, body, func(r *jsonReader, q *itemRequest, name string) bool {
		if name != "TransactItems" {
			return false
		}
		q.give(name)
		r.array("List", func() {
			part := &itemRequest{}
			members := 0
			r.object("TransactItem", func(name string) {
				if operations[name] == "" {
					r.skip(0)
					return
				}
				members++
				part.operation = operations[name]
				r.object(name, func(name string) { part.member(r, name) })
			})
			if members != 1 {
				part.operation = ""
			}
			parts = append(parts, part)
		})
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	if err := q.require("TransactItems"); err != nil {
		return nil, nil, err
	}
	switch n := len(parts); {
	case n == 0:
		return nil, nil, invalid("1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case n > maxTransact:
		return nil, nil, invalid("Member must have length less than or equal to 100, Member must have length greater than or equal to 1")
	}
	for _, part := range parts {
		if part.operation == "" {
			return nil, nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
		}
		if err := part.bounds(); err != nil {
			return nil, nil, err
		}
		if part.table, err = x.tableName(ctx, part.table); err != nil {
			return nil, nil, err
		}
	}
	return parts, q, nil
}

// tokenLife is how long a ClientRequestToken keeps a transaction from running twice.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const tokenLife = 10 * time.Minute

// tokens are the ClientRequestTokens of the last ten minutes. They are not in
// the store: a restart of the server forgets them, which AWS never does.
type tokens struct {
	mu    sync.Mutex
	uses  map[string]*tokenUse
	order []*tokenUse // oldest first
}

// A tokenUse is one request with a token.
type tokenUse struct {
	token string
	body  [sha256.Size]byte
	at    time.Time
}

// use makes the use of a request; nil when it has no token.
func (tk *tokens) use(token string, body []byte) *tokenUse {
	if token == "" {
		return nil
	}
	return &tokenUse{token: token, body: sha256.Sum256(bytes.TrimSpace(body))}
}

// claim takes the token for u. done is true when the same request has had it.
func (tk *tokens) claim(u *tokenUse, now time.Time) (done bool, err error) {
	if u == nil {
		return false, nil
	}
	tk.mu.Lock()
	defer tk.mu.Unlock()
	for len(tk.order) > 0 && now.Sub(tk.order[0].at) >= tokenLife {
		if old := tk.order[0]; tk.uses[old.token] == old {
			delete(tk.uses, old.token)
		}
		tk.order = tk.order[1:]
	}
	switch had := tk.uses[u.token]; {
	case had == u: // the store runs a function twice when another of its group failed
		return false, nil
	case had != nil && had.body == u.body:
		return true, nil
	case had != nil:
		return false, &apiError{Code: "IdempotentParameterMismatchException", Message: "The request uses the same client token as a previous, but non-identical request."}
	}
	if tk.uses == nil {
		tk.uses = map[string]*tokenUse{}
	}
	u.at = now
	tk.uses[u.token] = u
	tk.order = append(tk.order, u)
	return false, nil
}

// release gives the token of a request that failed back.
func (tk *tokens) release(u *tokenUse) {
	if u == nil {
		return
	}
	tk.mu.Lock()
	defer tk.mu.Unlock()
	if tk.uses[u.token] == u {
		delete(tk.uses, u.token)
	}
}
