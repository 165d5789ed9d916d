package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

func newStore(t *testing.T) (*store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	st := must(openStore(path))(t)
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	return st, path
}

func (st *store) all(t *testing.T) []int {
	t.Helper()
	var docs []int
	if err := st.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[int](tx, "b", "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return docs
}

func TestAFailedWriteUndoesOnlyItself(t *testing.T) {
	st, _ := newStore(t)
	refused := errors.New("refused")
	group := make([]*write, 9)
	for i := range group {
		group[i] = &write{do: func(tx *bbolt.Tx) error {
			if err := put(tx, "b", fmt.Sprintf("%03d", i), i); err != nil {
				return err
			}
			if i%3 == 0 {
				return refused
			}
			return nil
		}}
	}
	st.commit(group) // one transaction for all
	for i, w := range group {
		if want := map[bool]error{true: refused}[i%3 == 0]; !errors.Is(w.err, want) {
			t.Errorf("write %d: %v", i, w.err)
		}
	}
	if got := fmt.Sprint(st.all(t)); got != "[1 2 4 5 7 8]" {
		t.Errorf("kept %s", got)
	}
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	st, _ := newStore(t)
	refused := errors.New("refused")
	var writers sync.WaitGroup
	const each = 50
	for n := range 8 {
		writers.Go(func() {
			for i := range each {
				err := st.update(func(tx *bbolt.Tx) error {
					total, _, err := get[int](tx, "counter", "total")
					if err != nil {
						return err
					}
					if err := put(tx, "counter", "total", total+1); err != nil {
						return err
					}
					if i%5 == 0 {
						return refused
					}
					return put(tx, "b", fmt.Sprintf("%d-%03d", n, i), i)
				})
				if (i%5 == 0) != errors.Is(err, refused) {
					t.Errorf("writer %d, write %d: %v", n, i, err)
				}
			}
		})
	}
	writers.Wait()
	const kept = 8 * each * 4 / 5
	var total int
	if err := st.view(func(tx *bbolt.Tx) (err error) {
		total, _, err = get[int](tx, "counter", "total")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := len(st.all(t)); got != kept || total != kept {
		t.Errorf("%d documents, counted %d, want %d", got, total, kept)
	}
}

func TestASecondServerFindsTheStoreLocked(t *testing.T) {
	_, path := newStore(t)
	if _, err := openStore(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second server: %v", err)
	}
	a := newAccount(t, Lags{})
	if _, err := Open(Config{Path: a.path, Now: a.clock}); !errors.Is(err, ErrLocked) {
		t.Errorf("Open: %v", err)
	}
}

// What is on disk while the store is open is what a killed server leaves.
func TestWhatIsCommittedSurvivesAKill(t *testing.T) {
	st, path := newStore(t)
	for i := range 20 {
		if err := st.update(func(tx *bbolt.Tx) error { return put(tx, "b", fmt.Sprintf("%03d", i), i) }); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(t.TempDir(), "left.db")
	if err := os.WriteFile(left, data, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := openStore(left)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.all(t); len(got) != 20 {
		t.Errorf("%d of 20 documents are left", len(got))
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

func TestAWriteAfterCloseIsRefused(t *testing.T) {
	st, _ := newStore(t)
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
	if err := st.update(func(*bbolt.Tx) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("a write after close: %v", err)
	}
	if err := st.close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
}

func TestTheStoreIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes; the user's folder keeps others out")
	}
	_, path := newStore(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestPrefixesTakeOnlyTheirOwn(t *testing.T) {
	st, _ := newStore(t)
	if err := st.update(func(tx *bbolt.Tx) error {
		for i, k := range []string{"a", "a/1", "a/2", "a0", "b/1"} {
			if err := put(tx, "b", k, i); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var docs []int
	if err := st.update(func(tx *bbolt.Tx) (err error) {
		if docs, err = list[int](tx, "b", "a/"); err != nil {
			return err
		}
		return removeAll(tx, "b", "a/")
	}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(docs) != "[1 2]" || fmt.Sprint(st.all(t)) != "[0 3 4]" {
		t.Errorf("listed %v, left %v", docs, st.all(t))
	}
}
