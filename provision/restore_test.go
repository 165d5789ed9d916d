package provision

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestACutFileIsNoticedWhereverItIsCut(t *testing.T) {
	file := backedUp(t, todos(3))
	for at := range len(file) {
		if read, err := CheckBackup(strings.NewReader(file[:at])); err == nil {
			t.Fatalf("cut after %d of %d bytes, it passes as %+v", at, len(file), read)
		}
	}
}

func TestAChangedFileIsNoticed(t *testing.T) {
	file := backedUp(t, todos(3))
	lines := strings.SplitAfter(file, "\n")
	for name, changed := range map[string]string{
		"another task":     strings.Replace(file, "groceries", "graceries", 1),
		"an item twice":    lines[0] + lines[1] + strings.Join(lines[1:], ""),
		"an item less":     lines[0] + strings.Join(lines[2:], ""),
		"items swapped":    lines[0] + lines[2] + lines[1] + strings.Join(lines[3:], ""),
		"another count":    strings.Replace(file, `"items":3`, `"items":2`, 1),
		"something after":  file + lines[1],
		"no header":        strings.Join(lines[1:], ""),
		"a newer schema":   strings.Replace(file, `"schema":1`, `"schema":2`, 1),
		"another key":      strings.Replace(file, `"key":"id"`, `"key":"user"`, 1),
		"another table":    strings.Replace(file, `"TodoTable"`, `"ChatTable"`, 1),
		"not text":         "\x00\x01\x02",
		"an unknown type":  strings.Replace(file, `{"BOOL":true}`, `{"BOOLEAN":true}`, 1),
		"a wrong value":    strings.Replace(file, `{"BOOL":true}`, `{"BOOL":"yes"}`, 1),
		"a null value":     strings.Replace(file, `{"BOOL":true}`, `{"BOOL":null}`, 1),
		"two types":        strings.Replace(file, `{"BOOL":true}`, `{"BOOL":true,"S":"a"}`, 1),
		"an untyped value": strings.Replace(file, `{"BOOL":true}`, `true`, 1),
	} {
		if changed == file {
			t.Fatalf("%s: nothing was changed", name)
		}
		if read, err := CheckBackup(strings.NewReader(changed)); err == nil {
			t.Errorf("%s: it passes as %+v", name, read)
		}
	}
}

// signed makes a file with a right last line out of any items.
func signed(items ...string) string {
	text := `{"schema":1,"table":"TodoTable","key":"id"}` + "\n"
	for _, i := range items {
		text += i + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return text + fmt.Sprintf(`{"items":%d,"sha256":"%x"}`+"\n", len(items), sum)
}

func TestRestoreWritesNothingOfABadFile(t *testing.T) {
	good := backedUp(t, todos(30))
	for name, file := range map[string]string{
		"cut off":          good[:len(good)-90],
		"without a key":    signed(`{"id":{"S":"1"}}`, `{"task":{"S":"Buy"}}`),
		"an empty key":     signed(`{"id":{"S":""}}`),
		"a key of numbers": signed(`{"id":{"N":"1"}}`),
		"not an item":      signed(`[]`),
	} {
		s := &shelf{}
		if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(file)); err == nil {
			t.Errorf("%s: it was restored", name)
		}
		if s.writes > 0 {
			t.Errorf("%s: %d writes before the file was refused", name, s.writes)
		}
	}
}

func TestAnItemMayLookLikeTheLastLine(t *testing.T) {
	file := signed(`{"id":{"S":"1"},"items":{"N":"0"},"sha256":{"S":"x"}}`)
	if read, err := CheckBackup(strings.NewReader(file)); err != nil || read.Items != 1 {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestRestorePutsBackWhatWasThere(t *testing.T) {
	items := todos(60)
	s := &shelf{takes: 7, throttled: 2, items: items[:1:1]}
	done, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(backedUp(t, items)))
	if err != nil || done.Items != 60 {
		t.Fatalf("restored %+v, %v", done, err)
	}
	if !same(s.items, items) {
		t.Errorf("%d items are there, and they are not what was there", len(s.items))
	}
}

func TestRestoreNamesAMissingTable(t *testing.T) {
	_, err := Restore(t.Context(), backupConfig(), &shelf{missing: true}, strings.NewReader(backedUp(t, todos(1))))
	if err == nil || !strings.Contains(err.Error(), "TodoTable does not exist") {
		t.Errorf("err = %v", err)
	}
}

func TestRestoreGivesUpWhenTheTableTakesNothing(t *testing.T) {
	s := &shelf{throttled: 1 << 30}
	if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(backedUp(t, todos(1)))); apiCode(err) != "ProvisionedThroughputExceededException" {
		t.Errorf("err = %v", err)
	}
}

// FuzzCheckBackup looks for a file that makes the reader panic, or that it takes
// for a backup although Restore could not use it.
func FuzzCheckBackup(f *testing.F) {
	f.Add([]byte(signed(`{"id":{"S":"1"},"m":{"M":{"l":{"L":[{"NULL":true},{"BS":["AA=="]}]}}}}`)))
	f.Add([]byte("{\"schema\":1,\"table\":\"T\",\"key\":\"id\"}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		read, err := CheckBackup(bytes.NewReader(file))
		if err != nil {
			return
		}
		s := &shelf{}
		done, err := Restore(t.Context(), backupConfig(), s, io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))))
		if err != nil || done.Items != read.Items {
			t.Errorf("checked as %+v and restored as %+v, %v", read, done, err)
		}
	})
}
