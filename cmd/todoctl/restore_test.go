package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"todoctl/local"
	"todoctl/provision"
)

func TestRestoreRefusesWhatIsNoWholeBackup(t *testing.T) {
	items := notes(3, 100)
	good := newBackupOf(t, items)
	there := notes(1, 10)
	v := newVault(t, there...)
	put := func(name, text string) string {
		if err := os.WriteFile(v.file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if err := os.Mkdir(v.file("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	before, cases := len(v.cloud.Calls()), 0
	for what, c := range map[string]struct {
		path, says string
		exit       int
	}{
		"a cut file":        {put("cut", good[:len(good)-1]), "cut is not a whole backup, so nothing was written the backup is cut off", exitFailed},
		"a changed file":    {put("changed", strings.Replace(good, "note-0001", "note-0007", 1)), "the backup was changed", exitFailed},
		"a newer schema":    {put("newer", strings.Replace(good, `"schema":1`, `"schema":2`, 1)), "a newer todoctl made it", exitFailed},
		"an empty file":     {put("empty", ""), "is not a whole backup", exitFailed},
		"another text":      {put("text", strings.Repeat("Dear diary\n", 9)), "its first line is no header", exitFailed},
		"no file":           {"missing", "open missing: no such file or directory", exitUsage},
		"a folder":          {"folder", "folder is not a regular file", exitUsage},
		"a pipe's name":     {"/dev/stdin", "is not a regular file", exitUsage},
		"an endless device": {"/dev/zero", "/dev/zero is not a regular file", exitUsage},
		"stdin":             {"-", "open -: no such file or directory", exitUsage},
	} {
		if _, err := os.Stat(c.path); filepath.IsAbs(c.path) && err != nil {
			continue
		}
		end := v.todoctl(nil, "restore", "--yes", c.path)
		if end.exit != c.exit || !end.says(c.says) || !end.says("try: ") {
			t.Errorf("%s: exit %d:\n%s", what, end.exit, end.err)
		}
		cases++
	}
	if calls := len(v.cloud.Calls()); calls != before || !sameItems(v.items(), there) {
		t.Errorf("%d calls were made, and there are %d items", calls-before, len(v.items()))
	}
	counted(t, cases)
}

func TestRestoreOverwritesTheSameIDAndLeavesTheOthers(t *testing.T) {
	items := notes(3, 100)
	good := newBackupOf(t, items)
	other := notes(9, 50)[5:]
	v := newVault(t, append(notes(2, 10), other...)...)
	if err := os.WriteFile(v.file("b"), []byte(strings.ReplaceAll(good, "\r", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if end := v.todoctl(nil, "restore", "--dry-run", "b"); end.exit != exitDiffers || len(v.items()) != 2+len(other) {
		t.Errorf("--dry-run: exit %d, %d items", end.exit, len(v.items()))
	}
	end := v.todoctl(nil, "restore", "--yes", "b")
	if end.exit != exitDone || !sameItems(v.items(), append(items, other...)) {
		t.Errorf("exit %d, %d items:\n%s", end.exit, len(v.items()), end.err)
	}
	if !end.says("3 items, saved from TodoTable, will be written to TodoTable. An item with the same id is overwritten; the others stay.") {
		t.Errorf("it says\n%s", end.err)
	}
	if end := v.todoctl(nil, "restore", "--yes", "b"); end.exit != exitDone || !sameItems(v.items(), append(items, other...)) {
		t.Errorf("a second time: exit %d, %d items", end.exit, len(v.items()))
	}
	counted(t, 3)
}

func TestRestoreIntoWhatIsNotThereOrNotOurs(t *testing.T) {
	items := notes(3, 100)
	good := newBackupOf(t, items)
	v := newVault(t)
	if err := os.WriteFile(v.file("b"), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if end := v.todoctl(nil, "restore", "--yes", "b", "--stack", "Chat"); end.exit != exitFailed || !end.says("ChatTable does not exist") || !end.says("try: todoctl up --stack Chat") {
		t.Errorf("exit %d:\n%s", end.exit, end.err)
	}
	if end := v.todoctl(nil, "table", "--yes", "--stack", "Chat"); end.exit != exitDone {
		t.Fatal(end.err)
	}
	if end := v.todoctl(nil, "restore", "--yes", "b", "--stack", "Chat"); end.exit != exitDone || !end.says("3 items, saved from TodoTable, will be written to ChatTable") {
		t.Errorf("exit %d:\n%s", end.exit, end.err)
	}
	if len(v.items()) > 0 {
		t.Error("they went into TodoTable")
	}
	counted(t, 2)
}

// A table of some seconds that shows no tags may be anybody's.
func TestRestoreDoesNotWriteIntoATableThatShowsNoTagsYet(t *testing.T) {
	good := newBackupOf(t, notes(3, 100))
	v := newVault(t)
	if err := os.WriteFile(v.file("b"), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := v.sdk.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("ChatTable"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{{"--yes"}, {"--dry-run"}} {
		end := v.todoctl(nil, append([]string{"restore", "b", "--stack", "Chat"}, flags...)...)
		if end.exit != exitFailed || !end.says("AWS is still at work on ChatTable") || !end.says("try: todoctl restore b --stack Chat "+flags[0]+" (in a minute)") {
			t.Errorf("%s: exit %d:\n%s", flags, end.exit, end.err)
		}
	}
	for _, call := range v.cloud.Calls() {
		if call.Operation == "BatchWriteItem" {
			t.Error("items were written")
		}
	}
	counted(t, 2)
}

// asked does something when a question is read out, and then answers it.
type asked struct {
	first  func()
	answer io.Reader
}

func (a *asked) Read(p []byte) (int, error) {
	if a.first != nil {
		a.first()
		a.first = nil
	}
	return a.answer.Read(p)
}

// While the person thinks, the table may become somebody else's.
func TestRestoreLooksAgainAfterItsQuestion(t *testing.T) {
	good := newBackupOf(t, notes(3, 100))
	v := newVault(t)
	if err := os.WriteFile(v.file("b"), []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	table := "arn:aws:dynamodb:eu-west-1:" + local.AccountID + ":table/TodoTable"
	end := v.todoctl(func(a *App) {
		a.InTerminal, a.ErrTerminal = true, true
		a.In = &asked{answer: typed("2\n"), first: func() {
			if _, err := v.sdk.UntagResource(t.Context(), &dynamodb.UntagResourceInput{ResourceArn: aws.String(table), TagKeys: []string{provision.TagStack, provision.TagRegion, provision.TagVersion}}); err != nil {
				t.Error(err)
			}
		}}
	}, "restore", "b")
	if end.exit != exitFailed || !end.says("Write them?") || !end.says("AWS is still at work on TodoTable") || len(v.items()) > 0 {
		t.Errorf("exit %d, %d items:\n%s", end.exit, len(v.items()), end.err)
	}
	counted(t, 1)
}
