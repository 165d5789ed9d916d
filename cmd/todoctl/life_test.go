package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"pgregory.net/rapid"

	"todoctl/local"
	"todoctl/provision"
)

// A life is an account in which anything may happen, in any order: the learner's
// commands, crashes, faults, strangers, time. What must hold is checked after
// each of them.
type life struct {
	*rehearsal
	rt      *rapid.T
	told    *bool // one broken promise has been told
	aws     provision.Clients
	foreign map[string]map[string]string // by what is not todoctl's: its documents, by kind and name
	file    int                          // backups so far
	deeds   []string                     // what has happened, to read when something is wrong
}

// T20. rapid finds a history that breaks a promise and makes it short. A failure
// is kept in testdata/rapid and played again before anything new.
func TestWhateverHappensThePromisesHold(t *testing.T) {
	lives := "20"
	if raced {
		lives = "5"
	}
	howMany(t, "rapid.checks", lives, "1000")
	howMany(t, "rapid.steps", "30", "50")
	howMany(t, "rapid.seed", "20", "0") // a change is judged by the same lives each time; the full form draws new ones
	checks, steps, told := 0, 0, false
	rapid.Check(t, func(rt *rapid.T) {
		var broken any
		lags := rapid.SampledFrom([]local.Lags{{}, local.ShortLags, local.AWSLags}).Draw(rt, "lags")
		lags.LogDelivery = 0 // under the book's policies late lines make a group that is nobody's, and up rightly refuses it
		rehearse(t, lags, func(r *rehearsal) {
			defer func() { broken = recover() }() // rapid's own: it belongs outside of the bubble
			l := &life{rehearsal: r, rt: rt, told: &told, foreign: map[string]map[string]string{}}
			client := &http.Client{Transport: r.cloud.Transport()}
			l.aws = provision.NewClients(aws.Config{
				Region: localRegion, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
				BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: client,
			}, client)
			rt.Repeat(map[string]func(*rapid.T){
				"up":        func(*rapid.T) { steps++; l.up() },
				"down":      func(*rapid.T) { steps++; l.down() },
				"status":    func(*rapid.T) { steps++; l.status() },
				"one step":  func(*rapid.T) { steps++; l.oneStep() },
				"crash":     func(*rapid.T) { steps++; l.crash() },
				"stranger":  func(*rapid.T) { steps++; l.strangerComes() },
				"departure": func(*rapid.T) { steps++; l.strangerGoes() },
				"drift":     func(*rapid.T) { steps++; l.drift() },
				"loss":      func(*rapid.T) { steps++; l.loss() },
				"time":      func(*rapid.T) { steps++; l.timePasses() },
				"items":     func(*rapid.T) { steps++; l.items() },
			})
			l.end()
		})
		if broken != nil {
			panic(broken)
		}
		checks++
	})
	t.Logf("%d lives of %d events", checks, steps)
	promise(t, "T20", checks)
}

// howMany sets one of rapid's flags for the short or the full form, unless the
// command line has.
func howMany(t *testing.T, name, short, long string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	usual := flag.Lookup(name).Value.String()
	t.Cleanup(func() { _ = flag.Set(name, usual) })
	if full {
		short = long
	}
	if err := flag.Set(name, short); err != nil {
		t.Fatal(err)
	}
}

func (l *life) must(held bool, format string, args ...any) {
	if held {
		return
	}
	if !*l.told { // rapid shows the shortest one, and nothing of one that does not happen again
		*l.told = true
		l.Logf("the first that is broken: %s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(l.deeds, "\n"))
	}
	l.rt.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(l.deeds, "\n"))
}

func draw[T any](l *life, label string, of ...T) T { return rapid.SampledFrom(of).Draw(l.rt, label) }

// documents are the account's, each as its text.
func (l *life) documents() map[string]string {
	all, err := l.cloud.Contents()
	l.must(err == nil, "%v", err)
	docs := map[string]string{}
	for kind, byName := range all {
		for name, doc := range byName {
			text, err := json.Marshal(doc)
			l.must(err == nil, "%v", err)
			docs[kind+" "+name] = string(text)
		}
	}
	return docs
}

// ids are the items in the table; nil when it is not todoctl's, or none.
func (l *life) ids() map[string]bool {
	if l.foreign["table"] != nil {
		return nil
	}
	out, err := l.aws.DynamoDB.Scan(l.Context(), &dynamodb.ScanInput{TableName: aws.String("TodoTable")})
	if err != nil {
		return nil
	}
	ids := map[string]bool{}
	for _, item := range out.Items {
		if id, ok := item["id"].(*types.AttributeValueMemberS); ok {
			ids[id.Value] = true
		}
	}
	return ids
}

func (l *life) address() string {
	if l.foreign["function"] != nil {
		return ""
	}
	out, err := l.aws.Lambda.GetFunctionUrlConfig(l.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("TodoHandler")})
	if err != nil {
		return ""
	}
	return aws.ToString(out.FunctionUrl)
}

// faults draws what goes wrong in one command: mostly nothing.
func (l *life) faults() []local.Fault {
	if draw(l, "network", "fine", "fine", "fine", "bad") == "fine" {
		return nil
	}
	var plan []local.Fault
	for range draw(l, "faults", 1, 1, 2) {
		plan = append(plan, local.Fault{
			Kind: draw(l, "kind", local.FaultKinds()...), Call: rapid.IntRange(1, 80).Draw(l.rt, "call"),
			Times: draw(l, "times", 1, 1, 3, 8, local.Always),
		})
	}
	return plan
}

// do runs a command and checks what holds after every one of them.
func (l *life) do(line string, plan []local.Fault) ending {
	if plan != nil || draw(l, "parallel", "one", "all") == "one" { // with more, the k-th call is not always the same one
		line += " --parallel 1"
	}
	return l.watch(fmt.Sprint(line, " ", describe(plan)), line, func() ending {
		return l.runThrough(l.Context(), l.network(plan...), line)
	})
}

func describe(plan []local.Fault) string {
	text := ""
	for _, f := range plan {
		text += fmt.Sprintf(" %s at %d x%d", f.Kind, f.Call, f.Times)
	}
	return text
}

func (l *life) watch(what, line string, run func() ending) ending {
	items, address := l.ids(), l.address()
	end := run()
	l.deeds = append(l.deeds, fmt.Sprintf("%s: exit %d, %d writes, %s", what, end.exit, end.writes, end.took))
	now := l.documents()
	for whose, docs := range l.foreign {
		for name, doc := range docs {
			l.must(now[name] == doc, "somebody else's %s, %s, was\n%s\nand is\n%s\n%s", whose, name, doc, now[name], end.err)
		}
	}
	kept := end.exit == exitForeign && strings.Contains(end.err, "what it did not make was kept")
	plain := end.exit == exitDone || end.exit == exitDiffers || kept || strings.Contains(end.err, "try: ") || strings.Contains(what, "crash")
	l.must(plain, "it does not say how to go on:\n%s", end.err)
	for _, raw := range []string{"operation error", "https response error", "RequestID", "goroutine ", "smithy", "<html", "0x"} {
		l.must(!strings.Contains(end.err, raw), "it shows the SDK's own words (%q):\n%s", raw, end.err)
	}
	l.must(end.took <= 15*time.Minute, "it took %s:\n%s", end.took, end.err)
	gone := map[string]bool{}
	left := l.ids()
	for id := range items {
		if !left[id] {
			gone[id] = true
		}
	}
	if saved, _ := os.ReadFile(filepath.Join(l.dir, fmt.Sprintf("saved-%d.jsonl", l.file))); strings.Contains(line, "--backup") {
		maps.DeleteFunc(gone, func(id string, _ bool) bool { return strings.Contains(string(saved), `"`+id+`"`) })
	}
	l.must(len(gone) == 0 || strings.Contains(line, "--discard-data"), "items are gone: %v\n%s", gone, end.err)
	if !strings.HasPrefix(line, "down") && address != "" {
		l.must(l.address() == address, "the URL was %s and is %s", address, l.address())
	}
	return end
}

// foreignTo says whether something that a command needs is somebody else's.
func (l *life) foreignTo(parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return l.foreign[p] != nil })
}

// strayGroup says that there is a log group without a tag, and no function. Lambda
// makes one again where somebody has deleted it and the role's policy lets it; when
// the function has gone too, it may be anybody's.
func (l *life) strayGroup() bool {
	a := l.account()
	_, err := a.Lambda.GetFunction(l.Context(), &lambda.GetFunctionInput{FunctionName: aws.String(a.FunctionName())})
	tags, tagsErr := a.Logs.ListTagsForResource(l.Context(), &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(a.LogGroupARN())})
	return err != nil && tagsErr == nil && len(tags.Tags) == 0
}

func (l *life) up() {
	line := "up --yes --email me@example.com" + draw(l, "guard", "", "", " --guard both", " --guard budget", " --guard alarm") +
		draw(l, "limit", "", " --limit 1", " --limit 5") + draw(l, "policy", "", "", " --policy least", " --policy tutorial") +
		draw(l, "runtime", "", "", " --runtime python3.12", " --runtime python3.13")
	skip := draw(l, "skip", "", "", "", " --skip test", " --skip alarm")
	plan, stray := l.faults(), l.strayGroup()
	end := l.do(line+skip, plan)
	if l.foreignTo("table", "role", "function", "log group") {
		l.must(end.writes == 0, "it has written although it had to refuse:\n%s", end.err)
		l.must(end.exit != exitDone, "it does not refuse:\n%s", end.err)
	}
	if len(l.foreign) == 0 && !stray && plan == nil {
		l.must(end.exit == exitDone, "it fails with nothing in its way:\n%s", end.err)
	}
	if end.exit == exitDone && skip == "" {
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
		line += fmt.Sprintf(" --backup %s", filepath.Join(l.dir, fmt.Sprintf("saved-%d.jsonl", l.file)))
	}
	items := l.ids()
	end := l.do(line, plan)
	unseen := strings.Contains(end.err, "could not look at the table") // it stays with its items, and the rest may go
	if len(items) > 0 && line == "down --yes" && !unseen {
		l.must(end.writes == 0, "it has written without a word about the items:\n%s", end.err)
	}
	if len(l.foreign) == 0 && end.exit == exitDone {
		l.must(l.contents() == "{}", "after a down that ended well there is left:\n%s", l.contents())
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

func (l *life) crash() {
	line := draw(l, "line", upLine, downLine)
	k, kind := rapid.IntRange(1, 90).Draw(l.rt, "call"), draw(l, "kind", local.FaultBefore, local.FaultAfter)
	l.watch(fmt.Sprintf("crash of %s %s call %d", line, kind, k), line, func() ending { return l.killed(line, k, kind) })
}

func (l *life) timePasses() {
	d := draw(l, "how long", time.Second, time.Minute, 3*time.Hour, 72*time.Hour)
	time.Sleep(d) // virtual
	l.deeds = append(l.deeds, fmt.Sprint(d, " pass"))
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

func (l *life) strangerComes() {
	what := draw(l, "stranger", slices.Sorted(maps.Keys(strangers))...)
	before := l.documents()
	if err := strangers[what](l); err != nil {
		l.rt.Skip("the name is taken")
	}
	time.Sleep(time.Minute) // virtual: its tags would show by now
	docs := l.documents()
	maps.DeleteFunc(docs, func(name, _ string) bool { _, was := before[name]; return was })
	l.foreign[what] = docs
	l.deeds = append(l.deeds, "somebody else's "+what)
}

func (l *life) strangerGoes() {
	if len(l.foreign) == 0 {
		l.rt.Skip("there is none")
	}
	l.evict(draw(l, "stranger", slices.Sorted(maps.Keys(l.foreign))...))
}

func (l *life) evict(what string) {
	err := losses[what](l)
	if what == "function" {
		_, gone := l.aws.IAM.DeleteRole(l.Context(), &iam.DeleteRoleInput{RoleName: aws.String(somebodysRole)})
		err = errors.Join(err, gone)
	}
	l.must(err == nil, "%v", err)
	delete(l.foreign, what)
	l.deeds = append(l.deeds, "no more of somebody else's "+what)
}

func (l *life) loss() {
	what := draw(l, "what", slices.Sorted(maps.Keys(losses))...)
	if l.foreign[what] != nil || what == "url" && l.foreign["function"] != nil || losses[what](l) != nil {
		l.rt.Skip("there is none of ours")
	}
	l.deeds = append(l.deeds, "somebody has deleted the "+what)
}

func (l *life) drift() {
	what := draw(l, "what", slices.Sorted(maps.Keys(changes))...)
	if l.foreign[what] != nil || (what == "url" || what == "statement") && l.foreign["function"] != nil || changes[what](l) != nil {
		l.rt.Skip("there is none of ours")
	}
	l.deeds = append(l.deeds, "somebody has changed the "+what)
}

// end is the way out of every history: once the strangers have gone, up makes
// it whole and down leaves nothing.
func (l *life) end() {
	for _, what := range slices.Sorted(maps.Keys(l.foreign)) {
		l.evict(what)
	}
	end := l.watch("the last up", "up", func() ending { return l.run(upLine) })
	l.must(end.exit == exitDone, "the last up exits %d:\n%s", end.exit, end.err)
	l.settled()
	end = l.watch("the last down", downLine, func() ending { return l.run(downLine) })
	l.must(end.exit == exitDone, "the last down exits %d:\n%s", end.exit, end.err)
	l.must(l.contents() == "{}", "the last down leaves:\n%s", l.contents())
}
