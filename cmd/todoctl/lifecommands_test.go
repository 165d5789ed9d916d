package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"todoctl/local"
	"todoctl/provision"
)

func (l *life) up() {
	line := "up --yes --email me@example.com" + draw(l, "guard", "", "", " --guard both", " --guard budget", " --guard alarm") +
		draw(l, "limit", "", " --limit 1", " --limit 5") + draw(l, "policy", "", "", " --policy least", " --policy tutorial") +
		draw(l, "runtime", "", "", " --runtime python3.12", " --runtime python3.13", " --runtime nodejs24.x") +
		draw(l, "index", "", "", " --index newest", " --index none") + draw(l, "auth", "", "", " --auth iam", " --auth none")
	l.marked = l.marked || strings.Contains(line, "--index newest")
	skip := draw(l, "skip", "", "", "", " --skip test", " --skip alarm")
	plan, stray := l.faults(), l.strayGroup()
	end := l.do(line+skip, plan)
	if l.foreignTo("table", "role", "function", "log group") {
		l.must(end.writes == 0, "it has written although it had to refuse:\n%s", end.err)
		l.must(end.exit != exitDone, "it does not refuse:\n%s", end.err)
	}
	if l.alone() && !stray && plan == nil {
		l.must(end.exit == exitDone, "it fails with nothing in its way:\n%s", end.err)
	}
	lessSeen := strings.Contains(strings.Join(strings.Fields(end.err), " "), "does not allow you") // then up goes on without the alarm, and says so
	if end.exit == exitDone && skip == "" && !lessSeen {
		l.settled()
	}
}

// settled checks that there is nothing left to do.
func (l *life) settled() {
	seen := l.watch("status", "status", func() ending { return l.run(statusLine) })
	l.must(seen.exit == exitDone, "after an up that ended well, status finds:\n%s%s", seen.out, seen.err)
	again := l.watch("up again", "up", func() ending { return l.run(upLine) })
	l.must(again.exit == exitDone && again.writes == 0, "another up exits %d after %d writes:\n%s", again.exit, again.writes, again.err)
}

func (l *life) down() {
	line, plan := "down --yes", l.faults()
	switch draw(l, "items", "discard", "backup", "neither") {
	case "discard":
		line += " --discard-data"
	case "backup":
		l.file++
		line += " --backup " + l.saved()
	}
	items, stray := l.ids(), l.strayGroup()
	end := l.do(line, plan)
	unseen := strings.Contains(end.err, "could not look at the table") // it stays with its items, and the rest may go
	if len(items) > 0 && l.foreign["table"] == nil && line == "down --yes" && !unseen {
		l.must(end.writes == 0, "it has written without a word about the items:\n%s", end.err)
	}
	if end.exit == exitDone && !stray {
		left := l.documents()
		for _, docs := range l.foreign {
			maps.DeleteFunc(left, func(name, _ string) bool { return docs[name] != "" })
		}
		l.must(len(left) == 0, "after a down that ended well there is left: %v\n%s", slices.Sorted(maps.Keys(left)), end.err)
		l.marked = false
	}
}

// adopt takes over what somebody else has made under the stack's names.
func (l *life) adopt() {
	if l.alone() {
		l.rt.Skip("there is nothing to adopt")
	}
	plan := l.faults()
	end := l.do(adoptLine, plan)
	l.nowOurs()
	if plan == nil {
		l.must(end.exit == exitDone, "it fails with nothing in its way:\n%s", end.err)
		l.settled()
	}
}

const adoptLine = "up --yes --adopt --email me@example.com"

// nowOurs looks which of the strangers' things a run has taken over.
func (l *life) nowOurs() {
	docs := l.documents()
	for what, theirs := range l.foreign {
		for name := range theirs {
			if strings.Contains(docs[name], `"`+provision.TagStack+`":"Todo"`) {
				l.marked = true
				delete(theirs, name)
			} else {
				theirs[name] = docs[name]
			}
		}
		if role := "iam.roles " + strings.ToLower(somebodysRole); what == "function" && len(theirs) == 1 && theirs[role] != "" {
			l.foreign[somebodysRole] = theirs // the function is todoctl's and has another role now
			delete(l.foreign, what)
		}
		if len(theirs) == 0 {
			delete(l.foreign, what)
		}
	}
}

// restore writes the last backup's items back.
func (l *life) restore() {
	if backedUp(l.saved()) < 0 {
		l.rt.Skip("there is no backup")
	}
	end := l.do("restore --yes "+l.saved(), l.faults())
	if l.foreign["table"] != nil {
		l.must(end.exit != exitDone && end.writes == 0, "it writes to somebody else's table:\n%s", end.err)
	}
	if end.exit == exitDone {
		saved, err := os.ReadFile(l.saved())
		l.must(err == nil, "%v", err)
		there := 0
		for id := range l.ids() {
			if strings.Contains(string(saved), `"`+id+`"`) {
				there++
			}
		}
		l.must(there == backedUp(l.saved()), "only %d of %d items are there", there, backedUp(l.saved()))
	}
}

func (l *life) status() {
	end := l.do("status", l.faults())
	l.must(end.writes == 0, "status has written")
}

func (l *life) oneStep() {
	name := draw(l, "step", "table", "role", "function", "url", "alarm", "test")
	l.do(name+" --yes", l.faults())
}

// anyLine is one of the commands that are cut off.
func (l *life) anyLine() string {
	line := draw(l, "line", upLine, downLine, adoptLine, "down --yes --backup", "restore --yes")
	if strings.HasSuffix(line, "--backup") {
		l.file++
	}
	if strings.HasPrefix(line, "restore") || strings.HasSuffix(line, "--backup") {
		line += " " + l.saved()
	}
	return line
}

func (l *life) crash() {
	line := l.anyLine()
	k, kind := rapid.IntRange(1, 90).Draw(l.rt, "call"), draw(l, "kind", local.FaultBefore, local.FaultAfter)
	l.watch(fmt.Sprintf("crash of %s %s call %d", line, kind, k), line, func() ending { return l.killed(line, k, kind) })
	l.nowOurs()
}

func (l *life) interrupt() {
	line := l.anyLine()
	k, kind := rapid.IntRange(1, 90).Draw(l.rt, "call"), draw(l, "kind", ctrlCKinds...)
	var took time.Duration
	end := l.watch(fmt.Sprintf("ctrl-c in %s %s call %d", line, kind, k), line, func() (end ending) {
		end, took = l.stoppedAt(line, k, kind)
		return end
	})
	l.nowOurs()
	l.must(took <= stopLimit, "it took %s to stop:\n%s", took, end.err)
	l.must(end.fired == 0 || end.exit == exitInterrupted || end.exit == exitDone || !l.alone(), "it exits %d:\n%s", end.exit, end.err)
}

func (l *life) items() {
	ids := l.ids()
	if draw(l, "items", "add", "remove") == "add" || len(ids) == 0 {
		id := fmt.Sprintf("by-hand-%d", len(l.deeds))
		_, err := l.aws.DynamoDB.PutItem(l.Context(), &dynamodb.PutItemInput{TableName: aws.String("TodoTable"), Item: map[string]types.AttributeValue{
			"id": &types.AttributeValueMemberS{Value: id}, "task": &types.AttributeValueMemberS{Value: "Water the plants"}, "completed": &types.AttributeValueMemberBOOL{},
		}})
		if err != nil {
			l.rt.Skip("there is no table")
		}
		l.deeds = append(l.deeds, "an item "+id)
		return
	}
	id := slices.Sorted(maps.Keys(ids))[0]
	_, err := l.aws.DynamoDB.DeleteItem(l.Context(), &dynamodb.DeleteItemInput{TableName: aws.String("TodoTable"), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}})
	l.must(err == nil, "%v", err)
	l.deeds = append(l.deeds, "no item "+id)
}
