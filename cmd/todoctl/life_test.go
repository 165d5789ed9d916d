package main

import (
	"encoding/json"
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
	told    *bool  // one broken promise has been told
	clean   string // what a new stack holds
	aws     provision.Clients
	foreign map[string]map[string]string // by what is not this stack's: its documents, by kind and name
	marked  bool                         // the stack keeps what no setting takes away: of an index, of an adopted resource
	file    int                          // backups so far
	deeds   []string                     // what has happened, to read when something is wrong
}

// The resources of the stack Todo, and no others, are what todoctl may make.
var stackResources = []string{
	"dynamodb.tables us-east-1/TodoTable", "iam.roles lambdatodorole", "lambda.functions us-east-1/TodoHandler", "logs.groups us-east-1//aws/lambda/TodoHandler",
	"cloudwatch.alarms us-east-1/TodoBillingAlarm", "sns.topics us-east-1/TodoBillingTopic", "budgets.budgets TodoBudget",
}

// T20. rapid finds a history that breaks a promise and makes it short. It keeps that
// in testdata/rapid and plays it before anything new, for as long as what is drawn
// here stays the same: what it has found gets a test of its own as well.
func TestWhateverHappensThePromisesHold(t *testing.T) {
	lives := "20"
	if raced {
		lives = "5"
	}
	howMany(t, "rapid.checks", lives, "1000")
	howMany(t, "rapid.steps", "30", "50")
	howMany(t, "rapid.seed", "20", "0") // a change is judged by the same lives each time; the full form draws new ones
	checks, steps, told, clean := 0, 0, false, ""
	rehearse(t, local.Lags{}, func(r *rehearsal) {
		r.wantExit(r.run(firstSettings), exitDone)
		clean = r.contents()
	})
	rapid.Check(t, func(rt *rapid.T) {
		var broken any
		lags := rapid.SampledFrom([]local.Lags{{}, local.ShortLags, local.AWSLags}).Draw(rt, "lags")
		lags.Replica = rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second}).Draw(rt, "one copy is behind by")
		lags.LogDelivery = 0 // under the book's policies late lines make a group that is nobody's, and up rightly refuses it
		account := local.Account{LosesStatements: rapid.Bool().Draw(rt, "loses statements")}
		rehearseOn(t, local.Config{Lags: lags, Account: account}, func(r *rehearsal) {
			defer func() { broken = recover() }() // rapid's own: it belongs outside of the bubble
			r.env = canaries
			l := &life{rehearsal: r, rt: rt, told: &told, clean: clean, foreign: map[string]map[string]string{}}
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
				"adopt":     func(*rapid.T) { steps++; l.adopt() },
				"restore":   func(*rapid.T) { steps++; l.restore() },
				"crash":     func(*rapid.T) { steps++; l.crash() },
				"ctrl-c":    func(*rapid.T) { steps++; l.interrupt() },
				"neighbour": func(*rapid.T) { steps++; l.neighbourComes() },
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
			if fields, ok := doc.(map[string]any); ok {
				delete(fields, "Bytes") // a log group grows when its function runs, whoever made it
			}
			text, err := json.Marshal(doc)
			l.must(err == nil, "%v", err)
			docs[kind+" "+name] = string(text)
		}
	}
	return docs
}

// ids are the items in the table; none when there is no table.
func (l *life) ids() map[string]bool {
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
			Times: draw(l, "times", 1, 1, 3, 8, local.Always), Message: gossip(),
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

// watch runs a command, and holds it to what it must never do, whatever happens.
func (l *life) watch(what, line string, run func() ending) ending {
	l.flapped() // what may follow a change at once is in docs/reliability.md (4)
	items, address := l.ids(), l.address()
	end := run()
	l.flapped()
	l.deeds = append(l.deeds, fmt.Sprintf("%s: exit %d, %d writes, %s", what, end.exit, end.writes, end.took))
	l.wantOneStack(end, strings.Contains(line, "--adopt"))
	l.wantWords(end, what)
	l.wantItems(end, line, items)
	if !strings.HasPrefix(line, "down") && address != "" {
		l.must(l.address() == address, "the URL was %s and is %s", address, l.address())
	}
	return end
}

// wantOneStack checks that nobody else's resource has changed, and that beside those
// there is one stack at most.
func (l *life) wantOneStack(end ending, adopting bool) {
	now := l.documents()
	for whose, docs := range l.foreign {
		for name, doc := range docs {
			mayChange := adopting && slices.Contains(stackResources, name)
			l.must(now[name] == doc || mayChange && now[name] != "", "somebody else's %s, %s, was\n%s\nand is\n%s\n%s", whose, name, doc, now[name], end.err)
			delete(now, name)
		}
	}
	for name := range now {
		l.must(slices.Contains(stackResources, name), "there is %s, which the stack does not have:\n%s", name, end.err)
	}
}

// wantWords checks that a run says how to go on, in words for people and without a
// secret.
func (l *life) wantWords(end ending, what string) {
	kept := end.exit == exitForeign && strings.Contains(end.err, "what it did not make was kept")
	plain := end.exit == exitDone || end.exit == exitDiffers || kept || strings.Contains(end.err, "try: ") || strings.Contains(what, "crash")
	l.must(plain, "it does not say how to go on:\n%s", end.err)
	raw := rawWords(end.err)
	l.must(raw == nil, "it shows the SDK's own words (%q):\n%s", raw, end.err)
	found := leaks(end.out+end.err, personKey, personSecret, personToken, personEmail)
	l.must(found == nil, "it shows %q:\n%s", found, end.err)
	l.must(end.took <= 15*time.Minute, "it took %s:\n%s", end.took, end.err)
}

// wantItems checks that no item has gone that was not given up, or saved.
func (l *life) wantItems(end ending, line string, before map[string]bool) {
	gone, left := map[string]bool{}, l.ids()
	for id := range before {
		if !left[id] {
			gone[id] = true
		}
	}
	if l.foreign["table"] != nil && !strings.Contains(line, "--adopt") {
		l.must(len(gone) == 0 && len(left) == len(before), "items of somebody else's table: %v, now %v\n%s", before, left, end.err)
	}
	if saved, _ := os.ReadFile(l.saved()); strings.Contains(line, "--backup") {
		maps.DeleteFunc(gone, func(id string, _ bool) bool { return strings.Contains(string(saved), `"`+id+`"`) })
	}
	l.must(len(gone) == 0 || strings.Contains(line, "--discard-data"), "items are gone: %v\n%s", gone, end.err)
}

// saved is the last backup.
func (l *life) saved() string { return filepath.Join(l.dir, fmt.Sprintf("saved-%d.jsonl", l.file)) }

// alone says that all that has a name of the stack's is todoctl's: a neighbour's
// things have others.
func (l *life) alone() bool {
	for _, docs := range l.foreign {
		for name := range docs {
			if slices.Contains(stackResources, name) {
				return false
			}
		}
	}
	return true
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

// end is the way out of every history: once the strangers have gone, up makes
// what it makes in a new account, and down leaves nothing.
func (l *life) end() {
	for _, what := range slices.Sorted(maps.Keys(l.foreign)) {
		l.evict(what)
	}
	end := l.watch("the last up", "up", func() ending { return l.run(firstSettings) })
	l.must(end.exit == exitDone, "the last up exits %d:\n%s", end.exit, end.err)
	l.settled()
	if !l.marked {
		for line := range strings.Lines(difference(l.clean, l.contents())) {
			remembers := func(tag string) bool { return strings.Contains(line, tag) } // what was chosen once
			l.must(line == sameLines || slices.ContainsFunc([]string{provision.TagCode, provision.TagAuth, provision.TagGuard}, remembers), "the account is not as after the first up of a new stack: %s", line)
		}
	}
	end = l.watch("the last down", downLine, func() ending { return l.run(downLine) })
	l.must(end.exit == exitDone, "the last down exits %d:\n%s", end.exit, end.err)
	l.must(l.contents() == "{}", "the last down leaves:\n%s", l.contents())
}
