package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"todoctl/local"
	"todoctl/provision"
)

// A scene is a command in a story, and its exit code; before it, somebody may
// have done something.
type scene struct {
	before func(a account)
	args   string
	exit   int
}

// story visits every ending of every command that runs in a rehearsal.
func story(dir string) []scene {
	backup := filepath.Join(dir, "items.jsonl")
	return []scene{
		{nil, "up", exitUsage},
		{nil, "up --yes --bogus", exitUsage},
		{nil, "pu", exitUsage},
		{nil, "up --yes --skip nothing", exitUsage},
		{nil, "up --yes --stack 1", exitUsage},
		{nil, "completion bash", exitUsage},
		{nil, "local", exitUsage},
		{nil, "version", exitDone},
		{nil, "handler", exitDone},
		{nil, "handler eject " + filepath.Join(dir, "mine") + " --dry-run", exitDone},
		{nil, "handler eject " + filepath.Join(dir, "mine"), exitDone},
		{nil, "handler eject " + filepath.Join(dir, "mine"), exitFailed},
		{nil, "status", exitDiffers},
		{nil, "test", exitFailed},
		{nil, "logs", exitFailed},
		{nil, "logs --since forever", exitUsage},
		{nil, "down --yes", exitDone},
		{nil, "up --dry-run", exitDiffers},
		{nil, "url --yes", exitFailed},
		{nil, "table --yes", exitDone},
		{nil, "up --yes --email me@example.com", exitDone},
		{nil, "up --yes --email me@example.com", exitDone},
		{nil, "up --dry-run --email me@example.com", exitDone},
		{nil, "status", exitDone},
		{nil, "test --post", exitDone},
		{nil, "logs", exitDone},
		{nil, "logs --raw -n 3", exitDone},
		{func(a account) {
			a.updateTable(&dynamodb.UpdateTableInput{ProvisionedThroughput: &dynamodbtypes.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(25), WriteCapacityUnits: aws.Int64(10)}})
		}, "up --dry-run", exitDiffers},
		{nil, "status", exitDiffers},
		{nil, "table --yes", exitDone},
		{nil, "down --dry-run", exitDiffers},
		{nil, "down --yes", exitUsage},
		{nil, "down --yes --backup " + backup, exitDone},
		{nil, "restore --yes " + backup, exitFailed},
		{nil, "table --yes", exitDone},
		{nil, "restore --dry-run " + backup, exitDiffers},
		{nil, "restore --yes " + backup, exitDone},
		{nil, "restore --yes nowhere.jsonl", exitUsage},
		{nil, "down --yes --discard-data", exitDone},
		{func(a account) {
			a.done(a.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(a.RoleName()), AssumeRolePolicyDocument: aws.String(trust)}))
		}, "up --yes", exitForeign},
		{nil, "up --dry-run", exitForeign},
		{nil, "status", exitDiffers},
		{nil, "down --yes", exitForeign},
	}
}

// printed is what the story's scenes have printed, by format.
var printed = map[string][]string{}

// tellStory plays the story in one format and returns what each scene printed.
func tellStory(t *testing.T, format string) (outs []string) {
	t.Helper()
	if printed[format] != nil {
		return printed[format]
	}
	rehearse(t, local.ShortLags, func(r *rehearsal) {
		for _, s := range story(r.dir) {
			if s.before != nil {
				s.before(r.account())
				settled()
			}
			end := r.run(s.args + " --output " + format) // which holds it to the schema
			if end.exit != s.exit || end.err != "" {
				r.Errorf("%s in %s ends with %d, want %d; stderr: %s\n%s", s.args, format, end.exit, s.exit, end.err, end.out)
			}
			outs = append(outs, end.out)
		}
	})
	printed[format] = outs
	return outs
}

// Every ending of every command prints JSON that the schema describes, whole, and
// nothing on stderr; and both formats come to the same result.
func TestEveryEndingFitsTheSchemaInBothFormats(t *testing.T) {
	documents, streams := tellStory(t, formatDocument), tellStory(t, formatLines)
	for i, stream := range streams {
		last := stream[1+strings.LastIndex(strings.TrimSuffix(stream, "\n"), "\n"):]
		var result, document map[string]any
		if err := errors.Join(json.Unmarshal([]byte(last), &result), json.Unmarshal([]byte(documents[i]), &document)); err != nil {
			t.Fatal(err)
		}
		delete(result, "type")
		delete(result, "time")
		for _, v := range []map[string]any{result, document} {
			delete(v, "meter") // what was used until then
			delete(v, "url")   // drawn at random
			delete(v, "files") // where they lie
			delete(v, "lines") // the document's; a stream has told them one by one
			delete(v, "since")
			delete(v, "backup")
			delete(v, "restore")
			delete(v, "error") // repeats the command line
		}
		if !reflect.DeepEqual(plainSteps(result), plainSteps(document)) {
			t.Errorf("scene %d ends in jsonl with\n%v\nand in json with\n%v", i, result, document)
		}
	}
}

// plainSteps leaves out of the steps what two accounts do not share.
func plainSteps(v map[string]any) map[string]any {
	steps, _ := v["steps"].([]any)
	for _, s := range steps {
		delete(s.(map[string]any), "id")
		delete(s.(map[string]any), "advice")
	}
	return v
}

// A run is told in order: whose account, what is planned, each step from its
// start to one end, the result.
func TestAStreamTellsEachStepFromItsStartToOneEnd(t *testing.T) {
	rehearse(t, local.AWSLags, func(r *rehearsal) {
		for _, args := range []string{"up --yes", "up --yes", "down --yes --discard-data"} {
			end := r.runThrough(r.Context(), r.network(), args+" --output jsonl")
			lines, ended, err := printedLines(end.out)
			if err != nil || !ended || end.exit != exitDone {
				r.Fatalf("%s ends with %d: %v\n%s", args, end.exit, err, end.out)
			}
			if lines[0].Type != "session" || lines[1].Type != "plan" {
				r.Errorf("%s begins with %v and %v", args, lines[0], lines[1])
			}
			stages := map[string]string{}
			for _, l := range lines {
				if l.Type == "event" {
					stages[l.Step] += " " + l.Stage
				}
			}
			if args == "up --yes" && strings.Contains(end.out, `"action":"create"`) {
				for _, step := range []string{"table", "function"} { // AWS takes its time for these
					if !strings.Contains(stages[step], " started waiting") {
						r.Errorf("%s: the %s went through%s", args, step, stages[step])
					}
				}
			}
			for step, told := range stages {
				if waited := strings.ReplaceAll(told, " waiting", ""); waited != " started done" && told != " kept" {
					r.Errorf("%s: the %s went through%s", args, step, told)
				}
			}
		}
	})
}

// kept are members that no document may be without, where its kind has them.
var kept = []string{"schema", "type", "time", "command", "exit", "goal", "steps", "step", "stage", "state", "text", "name", "resource", "action", "result", "field", "gauges", "cover", "nowPerMonthUSD", "worstPerDayUSD", "kind", "what"}

// The schema is strict: it refuses a member that it does not describe, one of
// another type, a word that is none of its words, and a member that is missing.
func TestTheSchemaRefusesWhatItDoesNotDescribe(t *testing.T) {
	t.Parallel()
	cases := map[string]int{}
	refuse := func(kind, definition, object, why string, whole any) {
		text, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		cases[kind]++
		if describes(definition, string(text)) == nil {
			t.Errorf("the schema takes %s:\n%s\nmade of\n%s", why, text, object)
		}
	}
	mutate := func(definition, object string) {
		var whole any
		if err := json.Unmarshal([]byte(object), &whole); err != nil {
			t.Fatal(err)
		}
		var walk func(at string, v any)
		walk = func(at string, v any) {
			switch v := v.(type) {
			case []any:
				for _, element := range v {
					walk(at, element)
				}
			case map[string]any:
				v["surprise"] = true
				refuse("surprise", definition, object, "a surprise in "+at, whole)
				delete(v, "surprise")
				for _, name := range slices.Sorted(maps.Keys(v)) {
					was := v[name]
					for kind, other := range map[string]any{"type": []any{"list"}, "word": "no such word"} {
						_, isText := was.(string)
						if kind == "word" && isText && !slices.Contains([]string{"schema", "type", "time", "exit", "goal", "stage", "state", "action", "result", "level", "step"}, name) ||
							kind == "type" && reflect.TypeOf(was) == reflect.TypeOf(other) {
							continue
						}
						if name == "type" && at == "plan" { // AWS's own word
							continue
						}
						v[name] = other
						refuse(kind, definition, object, fmt.Sprintf("%q as the %s of %s", other, name, at), whole)
					}
					if delete(v, name); slices.Contains(kept, name) && (name != "steps" || at == "event") && (name != "step" || at == "line") {
						refuse("missing", definition, object, at+" without its "+name, whole)
					}
					v[name] = was
					walk(name, was)
				}
			}
		}
		walk(definition, whole)
	}
	for _, d := range tellStory(t, formatDocument) {
		mutate("document", d)
	}
	for _, out := range tellStory(t, formatLines) {
		for line := range strings.Lines(out) {
			mutate("line", line)
		}
	}
	for _, kind := range []string{"surprise", "type", "word", "missing"} {
		if cases[kind] < 100 {
			t.Errorf("only %d cases of %s", cases[kind], kind)
		}
	}
}

// promised are members that the schema describes before any document has them.
var promised = []string{"cost", "id"}

// Each member of each document stands in the schema with a sentence, and the
// schema describes no other.
func TestEveryMemberIsDescribed(t *testing.T) {
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	type definition struct {
		Title, Description string
		Ref                string `json:"$ref"`
		Const              any
		Properties         map[string]definition
		Items              *definition
	}
	var s struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	for name, def := range s.Defs {
		for member, p := range def.Properties {
			there := s.Defs[strings.TrimPrefix(p.Ref, "#/$defs/")]
			if p.Description == "" && there.Description+there.Title == "" && p.Const == nil && member != "command" {
				t.Errorf("%s.%s has no description", name, member)
			}
		}
	}
	for def, v := range map[string]any{
		"stack": document{}, "step": stepDocument{}, "diff": diffDocument{}, "error": errorDocument{}, "remain": remain{},
		"restore": restored{}, "savedItems": backupDocument{}, "meter": meterDocument{}, "gauge": gaugeDocument{},
		"accountPlan": planDocument{}, "cost": costDocument{}, "finding": findDocument{}, "version": versionDocument{},
		"localAWS": localDocument{}, "handler": handlerDocument{}, "codeFile": codeFile{}, "calls": callCounts{}, "call": callCount{},
		"session": sessionLine{}, "plan": planLine{}, "event": eventLine{}, "note": noteLine{}, "timed": head{}, "headline": headline{},
	} {
		var members []string
		for field := range reflect.TypeOf(v).Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); !field.Anonymous {
				members = append(members, name)
			}
		}
		for _, m := range members {
			if _, known := s.Defs[def].Properties[m]; !known {
				t.Errorf("the schema's %s lacks %s", def, m)
			}
		}
		for m, p := range s.Defs[def].Properties {
			if !slices.Contains(members, m) && !slices.Contains(promised, m) && p.Const == nil && m != "command" {
				t.Errorf("the schema's %s has %s, and no document has it", def, m)
			}
		}
	}
}

// A writer that fails once, as a full disk does for a while.
type hiccup struct {
	text         string
	writes, fail int
}

func (h *hiccup) Write(p []byte) (int, error) {
	if h.writes++; h.writes == h.fail {
		h.text += string(p[:len(p)/2])
		return len(p) / 2, errors.New("no space left")
	}
	h.text += string(p)
	return len(p), nil
}

func TestNothingFollowsALineThatWasCutOff(t *testing.T) {
	out := &hiccup{fail: 2}
	s := &stream{w: out, clock: provision.Clock{Now: time.Now}}
	for range 3 {
		s.note("a sentence")
	}
	if err := s.print("result", &document{}); err == nil || out.writes != 2 {
		t.Errorf("after a failure: %v, %d writes:\n%s", err, out.writes, out.text)
	}
	if strings.Count(out.text, "\n") != 1 {
		t.Errorf("printed:\n%s", out.text)
	}
}

func TestALineHoldsNoCharacterThatATerminalObeys(t *testing.T) {
	var out bytes.Buffer
	s := &stream{w: &out, clock: provision.Clock{Now: time.Now}}
	const text = "a\x1b[2J\u202e\u009b\r\n\u2028b\xff"
	s.note(text)
	var line noteLine
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.ToValidUTF8(text, "\ufffd") != line.Text {
		t.Errorf("%q came back as %q: %v", text, line.Text, err)
	}
	if _, _, err := printedLines(out.String()); err != nil || strings.Contains(out.String(), "\u2028") {
		t.Errorf("%q: %v", out.String(), err)
	}
}

// What asks for JSON is known also where the rest of the line is wrong.
func TestTheFormatIsReadFromAnyCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"up": "", "up --output json": "json", "up --output=jsonl": "jsonl", "-o json": "json", "-ojsonl": "jsonl", "-o=json": "json",
		"up -yo jsonl": "jsonl", "up -yojson": "json", "up --output": "", "up -- --output json": "", "restore o --yes": "",
		"up --output json --output text": "text", "up --outputs=json": "", "down --no-input": "",
	} {
		if got := typedFormat(strings.Fields(line)); got != want {
			t.Errorf("%q asks for %q, want %q", line, got, want)
		}
	}
}
