package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

// setItems writes items of bucket "i" in one updateItems; "key=" deletes.
func (st *store) setItems(t *testing.T, items ...string) {
	t.Helper()
	err := st.updateItems(func(tx *itemTx) error { return setAll(tx, items) })
	if err != nil {
		t.Fatal(err)
	}
}

func setAll(tx *itemTx, items []string) error {
	for _, it := range items {
		k, v, _ := strings.Cut(it, "=")
		var value []byte
		if v != "" {
			value = []byte(v)
		}
		if err := tx.set("i", []byte(k), value); err != nil {
			return err
		}
	}
	return nil
}

// items lists bucket "i" as readers see it.
func (st *store) items(t *testing.T) string {
	t.Helper()
	var all []string
	err := st.viewItems(func(tx *bbolt.Tx) error {
		all = nil
		b := tx.Bucket([]byte("i"))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			all = append(all, string(k)+"="+string(v))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// killed opens a copy of the store's files as they are at this moment, which is
// what a server that was killed leaves. change may damage the journal first.
func killed(t *testing.T, path string, change func(journal []byte)) *store {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-journal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if suffix != "" && change != nil {
			change(data)
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st := must(openStore(to))(t)
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func TestItemsSurviveAKill(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=1", "b=1")
	st.setItems(t, "a=2", "b=", "c=3")
	if got := st.items(t); got != "a=2 c=3" {
		t.Errorf("before the kill: %s", got)
	}
	again := killed(t, path, nil)
	if got := again.items(t); got != "a=2 c=3" {
		t.Errorf("after the kill: %s", got)
	}
	if again.journal.end != 0 {
		t.Errorf("opening left %d bytes in the journal", again.journal.end)
	}
}

func TestATornFrameIsDroppedAlone(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=1")
	first := st.journal.end
	st.setItems(t, "b=2")
	for name, change := range map[string]func([]byte){
		"a byte of the payload": func(j []byte) { j[first+frameHeader+2] ^= 1 },
		"the end is missing":    func(j []byte) { clear(j[st.journal.end-3:]) },
		"a wild length":         func(j []byte) { j[first] = 0x7f },
	} {
		if got := killed(t, path, change).items(t); got != "a=1" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAFrameFromBeforeACheckpointIsVoid(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=old", "b=old", "c=a long value so that the next frame does not cover this one")
	if err := st.checkpoint(); err != nil {
		t.Fatal(err)
	}
	st.setItems(t, "a=new")
	if err := st.checkpoint(); err != nil {
		t.Fatal(err)
	}
	st.setItems(t, "b=")
	if got := killed(t, path, nil).items(t); !strings.HasPrefix(got, "a=new c=") {
		t.Error(got)
	}
}

func TestAJournalWithoutItsStoreDoesNotCount(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=1")
	data, err := os.ReadFile(path + "-journal")
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	if err := os.WriteFile(fresh+"-journal", data, 0o600); err != nil {
		t.Fatal(err)
	}
	other := must(openStore(fresh))(t)
	if got := other.items(t); got != "" {
		t.Errorf("a new store has %s", got)
	}
	if err := other.close(); err != nil {
		t.Error(err)
	}
}

func TestAFailedItemWriteUndoesOnlyItself(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "before=1")
	refused := errors.New("refused")
	group := make([]*write, 9)
	for i := range group {
		group[i] = &write{items: func(tx *itemTx) error {
			if err := setAll(tx, []string{fmt.Sprintf("%d=x", i)}); err != nil {
				return err
			}
			if i%3 == 0 {
				return refused
			}
			return nil
		}}
	}
	st.applyItems(group)
	for i, w := range group {
		if want := map[bool]error{true: refused}[i%3 == 0]; !errors.Is(w.err, want) {
			t.Errorf("write %d: %v", i, w.err)
		}
	}
	const want = "1=x 2=x 4=x 5=x 7=x 8=x before=1"
	if got := st.items(t); got != want {
		t.Errorf("kept %s", got)
	}
	if got := killed(t, path, nil).items(t); got != want {
		t.Errorf("after a kill: %s", got)
	}
}

func TestItemsThatTheJournalCannotTakeAreUndone(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=1")
	if err := st.journal.file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := st.updateItems(func(tx *itemTx) error { return setAll(tx, []string{"b=2"}) }); err == nil {
		t.Error("a write that did not reach the disk succeeded")
	}
	f, err := os.OpenFile(path+"-journal", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	st.live.Lock()
	st.journal.file = f
	st.live.Unlock()
	if got := st.items(t); got != "a=1" {
		t.Errorf("kept %s", got)
	}
	st.setItems(t, "c=3")
	if got := killed(t, path, nil).items(t); got != "a=1 c=3" {
		t.Errorf("after a kill: %s", got)
	}
}

func TestDocumentsComeAfterTheItemsBeforeThem(t *testing.T) {
	st, path := newStore(t)
	st.setItems(t, "a=1")
	err := st.update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("i")) })
	if err != nil {
		t.Fatal(err)
	}
	if got := killed(t, path, nil).items(t); got != "" {
		t.Errorf("the deleted items came back: %s", got)
	}
}

func TestManyItemWritersLoseNothing(t *testing.T) {
	st, path := newStore(t)
	const clients, each = 8, 700 // more than one checkpoint
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := range each {
				err := st.updateItems(func(tx *itemTx) error { return setAll(tx, []string{fmt.Sprintf("%d/%04d=x", c, i)}) })
				if err == nil && i%100 == 0 {
					err = st.update(func(tx *bbolt.Tx) error { return put(tx, "b", fmt.Sprint(c, i), i) })
				}
				if err == nil {
					err = st.viewItems(func(tx *bbolt.Tx) error {
						if tx.Bucket([]byte("i")).Get(fmt.Appendf(nil, "%d/%04d", c, i)) == nil {
							return fmt.Errorf("client %d does not see its write %d", c, i)
						}
						return nil
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := len(strings.Fields(killed(t, path, nil).items(t))); got != clients*each {
		t.Errorf("%d items after a kill, want %d", got, clients*each)
	}
}

func TestReadingBackwardsPassesDeletedPages(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "Ranged", "id:S,seq:N")
	const rows = 400
	for i := range rows {
		d.must(t, "PutItem", fmt.Sprintf(`{"TableName":"Ranged","Item":{"id":{"S":"a"},"seq":{"N":"%d"},"pad":{"S":"%s"}}}`, i, strings.Repeat("x", 200)))
	}
	if err := d.server.db.checkpoint(); err != nil {
		t.Fatal(err)
	}
	for i := 50; i < 350; i++ { // whole pages, not yet committed
		d.must(t, "DeleteItem", fmt.Sprintf(`{"TableName":"Ranged","Key":{"id":{"S":"a"},"seq":{"N":"%d"}}}`, i))
	}
	for _, forward := range []bool{true, false} {
		got := d.must(t, "Query", fmt.Sprintf(`{"TableName":"Ranged","Select":"COUNT","ScanIndexForward":%t,"KeyConditionExpression":"id = :a","ExpressionAttributeValues":{":a":{"S":"a"}}}`, forward))
		if got != `{"Count":100,"ScannedCount":100}` {
			t.Errorf("forward %t: %s", forward, got)
		}
	}
}

func FuzzJournalEntries(f *testing.F) {
	f.Add(appendEntry(appendEntry(nil, "b", []byte("k"), []byte("v")), "b", []byte("k"), nil))
	f.Add([]byte{1, 'b', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var again []byte
		err := entries(payload, func(bucket string, key, value []byte) error {
			again = appendEntry(again, bucket, key, value)
			return nil
		})
		if err == nil && len(again) > len(payload) {
			t.Errorf("%d bytes became %d", len(payload), len(again))
		}
	})
}
