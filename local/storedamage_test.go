package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"go.etcd.io/bbolt"
)

// leftBehind is what a server that was killed leaves: a store with some of
// everything, and a journal with items that are in no checkpoint.
func leftBehind(t testing.TB) (store, journal []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	st, err := openStore(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.close() }() // it was read as a killed server leaves it
	err = st.update(func(tx *bbolt.Tx) error {
		for i := range 40 {
			for _, bucket := range []string{bucketRoles, bucketGroups, bucketEvents} {
				if err := put(tx, bucket, fmt.Sprintf("us-east-1/%03d", i), map[string]string{"Name": strings.Repeat("x", 10*i)}); err != nil {
					return err
				}
			}
		}
		return put(tx, bucketCode, "sha", bytes.Repeat([]byte("code"), 5000)) // more than a page
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if i == 40 { // what comes after stays in the journal
			if err := st.checkpoint(); err != nil {
				t.Fatal(err)
			}
		}
		err := st.updateItems(func(tx *itemTx) error {
			return tx.set(bucketItems+"T", fmt.Appendf(nil, "%03d", i), newRecord(item{{name: "id", value: value{kind: kindS, text: fmt.Sprint(i)}}, {name: "text", value: value{kind: kindS, text: strings.Repeat("y", 200)}}}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if store, err = os.ReadFile(path); err == nil {
		journal, err = os.ReadFile(path + "-journal")
	}
	if err != nil {
		t.Fatal(err)
	}
	return store, bytes.TrimRight(journal, "\x00")
}

// opened opens a store of these bytes and reads all of it. A store that is
// refused must be as it was; how many items it holds is the result.
func opened(t *testing.T, store, journal []byte) (items int, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	for name, data := range map[string][]byte{path: store, path + "-journal": journal} {
		if data == nil {
			continue
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st, err := openStore(path)
	if err != nil {
		if again := Examine(path); again == nil || again.Error() != err.Error() {
			t.Errorf("opening says %q, and examining %q", err, again)
		}
		for name, data := range map[string][]byte{path: store, path + "-journal": journal} {
			if now, _ := os.ReadFile(name); !bytes.Equal(now, data) {
				t.Errorf("%s was refused (%v), and is another now", filepath.Base(name), err)
			}
		}
		return 0, err
	}
	err = st.viewItems(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(_, v []byte) error {
				if string(name) == bucketItems+"T" {
					items++
				}
				if !readable(string(name), v) {
					t.Errorf("a value of %s cannot be read", name)
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Errorf("it was opened, and cannot be read: %v", err)
	}
	// What is opened is written to, too.
	if err := st.update(func(tx *bbolt.Tx) error { return put(tx, bucketRoles, "us-east-1/new", "x") }); err != nil {
		t.Errorf("it was opened, and cannot be written: %v", err)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
	return items, nil
}

func TestADamagedStoreIsRefusedAndLeftAlone(t *testing.T) {
	store, journal := leftBehind(t)
	if items, err := opened(t, store, journal); err != nil || items != 60 {
		t.Fatalf("undamaged: %d items, %v", items, err)
	}
	page := int(binary.LittleEndian.Uint32(store[24:]))
	other := bytes.Clone(store)
	for _, at := range []int{0, page} { // another format, with its sum
		binary.LittleEndian.PutUint32(other[at+20:], 3)
		sum := fnv.New64a()
		_, _ = sum.Write(other[at+16 : at+72])
		binary.LittleEndian.PutUint64(other[at+72:], sum.Sum64())
	}
	middle := bytes.Clone(journal)
	middle[len(middle)/4] ^= 1 // half of it is from before the checkpoint
	for _, c := range []struct {
		name           string
		store, journal []byte
		why            string
	}{
		{"cut in half", store[:len(store)/2], journal, "cut off"},
		{"cut by a page", store[:len(store)-page], journal, ""}, // the last pages may be free
		{"one page", store[:page], journal, "beginning"},
		{"ten bytes", store[:10], journal, "beginning"},
		{"empty", []byte{}, journal, "it is empty, and its journal is not"},
		{"another format", other, journal, "another format"},
		{"zeros", make([]byte, len(store)), journal, "beginning"},
		{"a text", []byte(strings.Repeat("Dear diary\n", 1000)), journal, "beginning"},
		{"a short text", []byte("hello"), nil, "beginning"},
		{"a bit in the middle of the journal", store, middle, "something has changed what was written"},
	} {
		items, err := opened(t, c.store, c.journal)
		var damaged *DamagedError
		if c.why == "" && err == nil && items == 60 {
			continue
		}
		if !errors.As(err, &damaged) || !strings.Contains(err.Error(), c.why) || items != 0 {
			t.Errorf("%s: %d items, %v", c.name, items, err)
		}
	}
	if _, err := opened(t, []byte{}, nil); err != nil {
		t.Errorf("a server that was killed in its first moment leaves an empty file: %v", err)
	}
}

// Wherever the damage is, the store is refused, or all that it holds can be read
// and written. There is no third: no panic, no half of it.
func TestRandomDamageIsNoticedOrHarmless(t *testing.T) {
	store, journal := leftBehind(t)
	n := 300
	if os.Getenv("TODOCTL_FULL") != "" {
		n = 20_000
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for i := range n {
		s, j := bytes.Clone(store), bytes.Clone(journal)
		target := &s
		if i%4 == 3 {
			target = &j
		}
		at := random.IntN(len(*target))
		switch i / 4 % 5 {
		case 0:
			(*target)[at] ^= 1 << random.IntN(8)
		case 1:
			*target = (*target)[:at]
		case 2:
			clear((*target)[at:min(at+512, len(*target))])
		case 3:
			for k := at; k < min(at+64, len(*target)); k++ {
				(*target)[k] = byte(random.Uint32())
			}
		case 4: // a page where another belongs
			to := random.IntN(len(*target)) &^ 4095
			copy((*target)[to:], (*target)[at&^4095:min(at&^4095+4096, len(*target))])
		}
		items, err := opened(t, s, j)
		if err != nil {
			refused++
			if !errors.As(err, new(*DamagedError)) {
				t.Errorf("case %d: %v", i, err)
			}
		}
		if items > 60 {
			t.Errorf("case %d: %d items, which is more than there were", i, items)
		}
		if t.Failed() {
			t.Fatalf("case %d, at %d", i, at)
		}
	}
	t.Logf("%d of %d refused", refused, n)
	t.Attr("promise", "T14")
	t.Attr("cases", strconv.Itoa(n))
}

// A store that is refused says so through Open, too.
func TestOpenSaysWhichFileIsDamaged(t *testing.T) {
	a := newAccount(t, Lags{})
	must(dynamodb.NewFromConfig(a.config()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("Table"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}))(t)
	if err := a.server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(a.path, 9000); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Config{Path: a.path, Now: a.clock})
	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.Path != a.path {
		t.Errorf("%v", err)
	}
}
