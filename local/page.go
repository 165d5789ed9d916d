package local

import (
	"encoding/base64"
	"slices"
)

// A paging is how a service cuts its lists.
type paging struct {
	size    int    // when the caller names none
	code    string // of the error for a token that is not ours
	message string
}

// page cuts one page out of items, which must be in the order of name: those
// after the token, at most limit. next is nil on the last page. The token holds
// the last name of the page before, so a page stays right when resources come
// and go between two calls.
func page[T any](items []T, name func(T) string, token *string, limit *int32, p paging) (part []T, next *string, err error) {
	if token != nil && *token != "" {
		last, err := base64.URLEncoding.DecodeString(*token)
		if err != nil {
			return nil, nil, &apiError{Code: p.code, Message: p.message}
		}
		items = items[countWhile(items, func(item T) bool { return name(item) <= string(last) }):]
	}
	size := p.size
	if limit != nil && *limit > 0 {
		size = int(*limit)
	}
	if len(items) <= size {
		return items, nil, nil
	}
	after := base64.URLEncoding.EncodeToString([]byte(name(items[size-1])))
	return items[:size], &after, nil
}

// countWhile returns how many items at the front satisfy ok.
func countWhile[T any](items []T, ok func(T) bool) int {
	if n := slices.IndexFunc(items, func(item T) bool { return !ok(item) }); n >= 0 {
		return n
	}
	return len(items)
}
