package provision

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
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

func TestAFailedRestoreTellsHowManyItemsItHasWritten(t *testing.T) {
	s := &shelf{takes: 7}
	ctx, stop := context.WithCancel(t.Context())
	cfg := backupConfig()
	batches := 0
	cfg.Progress = func(int) {
		if batches++; batches == 5 { // 7, 7, 7, 4, and 7 of the next
			stop()
			s.throttled = 1 << 30
		}
	}
	done, err := Restore(ctx, cfg, s, strings.NewReader(backedUp(t, todos(60))))
	if !errors.Is(err, context.Canceled) || done.Items != 32 || len(s.items) != 32 {
		t.Errorf("%d items are there, and it tells of %d (%v)", len(s.items), done.Items, err)
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

// refuses says whether a file is not restored, and sees to it that then nothing
// was written.
func refuses(t *testing.T, file string) bool {
	t.Helper()
	s := &shelf{}
	_, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(file))
	if err != nil && s.writes > 0 {
		t.Errorf("%d writes of a file that is not whole (%v)", s.writes, err)
	}
	return err != nil
}

func TestABackupWithAnyByteChangedIsRefused(t *testing.T) {
	file := backedUp(t, todos(2))
	cases := 0
	flips := []int{1, 2, 4, 8, 16, 32, 64, 128, 0x03, 0x07, 0x2a, 0xff} // each bit; a line feed to a tab, a return, a blank
	if os.Getenv("TODOCTL_FULL") != "" {
		flips = nil
		for flip := 1; flip < 256; flip++ {
			flips = append(flips, flip)
		}
	}
	for at := range len(file) {
		for _, flip := range flips {
			cases++
			changed := []byte(file)
			changed[at] ^= byte(flip)
			if !refuses(t, string(changed)) {
				t.Fatalf("byte %d was %q and is %q, and the file passes", at, file[at], changed[at])
			}
		}
		for name, other := range map[string]string{
			"cut off here":     file[:at],
			"one byte missing": file[:at] + file[at+1:],
			"one byte more":    file[:at] + "\r" + file[at:],
			"begun here":       file[at+1:],
		} {
			cases++
			if !refuses(t, other) {
				t.Fatalf("byte %d, %s: the file passes", at, name)
			}
		}
	}
	t.Attr("promise", "T16")
	t.Attr("cases", strconv.Itoa(cases))
}

// A line that is nested deep would be read again for every level.
func TestAFileMadeToHurtIsRefusedSoon(t *testing.T) {
	deep := func(levels int) string {
		return `{"id":{"S":"1"},"a":` + strings.Repeat(`{"L":[`, levels) + `{"NULL":true}` + strings.Repeat(`]}`, levels) + "}"
	}
	if refuses(t, signed(deep(32))) {
		t.Error("32 levels, which DynamoDB takes, are refused")
	}
	for name, file := range map[string]string{
		"thousands of levels": signed(deep(4_000)),
		"a million levels":    signed(deep(1_000_000)),
		"an endless line":     strings.Repeat("x", maxLine+1),
		"an endless header":   `{"schema":1,"table":"` + strings.Repeat("x", maxLine+1),
		"only line feeds":     strings.Repeat("\n", 1<<20),
		"zeros, as of a disk": strings.Repeat("\x00", 1<<20),
	} {
		s := &shelf{}
		_, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(file))
		if err == nil || s.writes > 0 || len(err.Error()) > 200 {
			t.Errorf("%s: %d writes, %.300v", name, s.writes, err)
		}
	}
}

// What one BatchWriteItem takes: 16 MB, and 25 items of 400 KB can be more.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func TestNoBatchIsLargerThanDynamoDBTakes(t *testing.T) {
	var items []attributes
	for i := range 9 {
		items = append(items, attributes{
			"id":   &dynamodbtypes.AttributeValueMemberS{Value: fmt.Sprint(i)},
			"text": &dynamodbtypes.AttributeValueMemberS{Value: strings.Repeat("\x01", 390<<10)}, // six letters each
		})
	}
	s := &shelf{}
	if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(backedUp(t, items))); err != nil {
		t.Fatal(err)
	}
	if s.largest > 16<<20 || !same(s.items, items) {
		t.Errorf("the largest batch had %d bytes of JSON, and %d items are there", s.largest, len(s.items))
	}
}

// The items of 400 KB whose text is longest: small numbers come back with all
// their zeros.
func TestTheLongestLineCanBeReadBack(t *testing.T) {
	item := attributes{"id": &dynamodbtypes.AttributeValueMemberS{Value: "1"}}
	var set []string
	for n := 11; n < 100; n++ {
		set = append(set, "0."+strings.Repeat("0", 128)+fmt.Sprint(n))
	}
	for size := 0; size < 400<<10; size += 4 + 2*len(set) { // name, and 2 bytes a number
		item[fmt.Sprintf("%04d", size/(4+2*len(set)))] = &dynamodbtypes.AttributeValueMemberNS{Value: set}
	}
	file := backedUp(t, []attributes{item})
	s := &shelf{}
	if _, err := Restore(t.Context(), backupConfig(), s, strings.NewReader(file)); err != nil || !same(s.items, []attributes{item}) {
		t.Errorf("a backup of %d bytes: %v", len(file), err)
	}
}

// FuzzReadBackup looks for a file that makes the reader panic, or that it takes
// for a backup although Restore could not use it.
func FuzzReadBackup(f *testing.F) {
	f.Add([]byte(signed(`{"id":{"S":"1"},"m":{"M":{"l":{"L":[{"NULL":true},{"BS":["AA=="]}]}}}}`)))
	f.Add([]byte("{\"schema\":1,\"table\":\"T\",\"key\":\"id\"}\n"))
	f.Add([]byte(signed()))
	f.Add([]byte(signed(`{"id":{"S":"1"},"items":{"N":"0"},"sha256":{"S":"x"}}`, `{"id":{"S":"1"}}`)))
	f.Add([]byte(signed(`{"id":{"S":"\ud800"},"n":{"N":"1E-130"},"b":{"B":"AP8K"},"s":{"SS":["a","a"]},"e":{"M":{}},"l":{"L":[]},"x":{"BOOL":false}}`)))
	f.Add([]byte(signed(`{"id":{"S":"1"},"a":` + strings.Repeat(`{"L":[`, 50) + strings.Repeat(`]}`, 50) + `}`)))
	f.Add([]byte(strings.ToUpper(signed(`{"id":{"S":"1"}}`))))
	f.Add([]byte(strings.ReplaceAll(signed(`{"id":{"S":"1"}}`), "\n", "\r\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		read, err := CheckBackup(bytes.NewReader(file))
		if err != nil {
			return
		}
		s := &shelf{}
		done, err := Restore(t.Context(), backupConfig(), s, io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))))
		if err != nil || done.Items != read.Items || done.Sum != read.Sum {
			t.Errorf("checked as %+v and restored as %+v, %v", read, done, err)
		}
		if len(s.items) > read.Items {
			t.Errorf("of %d items, %d were written", read.Items, len(s.items))
		}
	})
}
