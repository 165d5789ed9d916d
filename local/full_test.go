package local

import (
	"fmt"
	"io/fs"
	"net/http"
	"testing"
)

// A full disk is no fault that passes: a 500 would be tried again for half a
// minute, and then told as AWS's.
func TestAFullDiskIsNoInternalFailure(t *testing.T) {
	err := fmt.Errorf("write the local store's journal: %w", &fs.PathError{Op: "write", Path: "aws.db-journal", Err: diskFull})
	for _, p := range []protocol{protocolQuery, protocolJSON10, protocolJSON11, protocolREST, protocolCBOR} {
		res := p.fail(t.Context(), err)
		if res.status != http.StatusInsufficientStorage || res.code != "InsufficientStorage" {
			t.Errorf("%v: %d %s", p, res.status, res.code)
		}
	}
}
