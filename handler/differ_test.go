package handler_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"todoctl/handler/twin"
)

// Events of random requests, to Python and to the twin: none is an internal
// error, and both answer the same. The table is the same for both and never
// changes (testdata/stub.py has it too), so each event stands for itself.
func TestPythonAndTwinAnswerRandomEventsAlike(t *testing.T) {
	found := python(t)
	n := 20_000
	if os.Getenv("TODOCTL_FULL") != "" {
		n = 400_000
	}
	made := make([]events.LambdaFunctionURLRequest, n)
	var input bytes.Buffer
	random := rand.New(rand.NewPCG(5, 2026))
	for i := range made {
		text := randomEvent(random)
		input.Write(append(text, '\n'))
		if err := json.Unmarshal(text, &made[i]); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), found.Path, "testdata/stub.py", "python")
	cmd.Env = append(os.Environ(), "PYTHONPATH="+found.Site)
	cmd.Stdin = bytes.NewReader(input.Bytes())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %.2000s", err, stderr.String())
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	handler := twin.New("TodoTable", still{}, func() time.Time { return time.Unix(0, 0) })
	statuses := map[int]int{}
	for i, event := range made {
		if !lines.Scan() {
			t.Fatalf("Python answered %d of %d events: %v", i, n, lines.Err())
		}
		var theirs events.LambdaFunctionURLResponse
		if err := json.Unmarshal(lines.Bytes(), &theirs); err != nil {
			t.Fatal(err)
		}
		ours, err := handler.Handle(t.Context(), event)
		text, _ := json.Marshal(event) // it was made of JSON
		if err != nil || ours.StatusCode >= 500 || theirs.StatusCode >= 500 {
			t.Fatalf("an internal error (%d, %d, %v) for event %d: %.2000s\n%.2000s", ours.StatusCode, theirs.StatusCode, err, i, text, stderr.String())
		}
		if ours.StatusCode != theirs.StatusCode || even(ours.Body) != even(theirs.Body) || !maps.Equal(ours.Headers, theirs.Headers) {
			t.Fatalf("event %d: %.2000s\nthe twin answers %d %v %.500s\nPython           %d %v %.500s", i, text,
				ours.StatusCode, ours.Headers, ours.Body, theirs.StatusCode, theirs.Headers, theirs.Body)
		}
		statuses[ours.StatusCode]++
	}
	for _, status := range []int{200, 201, 204, 400, 404, 413} {
		if statuses[status] == 0 {
			t.Errorf("no event was answered %d: %v", status, statuses)
		}
	}
	t.Attr("promise", "T21")
	t.Attr("cases", strconv.Itoa(n))
	t.Logf("%d events, answers by status: %v", n, statuses)
}

func even(body string) string {
	return clock.ReplaceAllString(uuid.ReplaceAllString(body, `"UUID"`), `"TIME"`)
}

// One of them is picked, or a few of them are put together.
var (
	methods = []string{"GET", "GET", "POST", "POST", "PUT", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "get", "TRACE"}
	paths   = []string{"/", "/", "/", "/a", "/b", "/%C3%BC%2F%25", "/%61", "/never", "//", "/a/", "/a/b", "/%", "/%f", "/%ff", "/%zz", "/%00", "/%2e%2e", "/a%", "/" + strings.Repeat("x", 2049), "/" + strings.Repeat("%C3%BC", 1024), ""}
	limits  = []string{"1", "2", "3", "1000", "1001", "0", "-1", "", "1.0", "01", "1e1", " 1", "1,2", "٣", "１", "99999999999999999999"}
	nexts   = []string{"eyJpZCI6ICJhIn0", "eyJpZCI6ICJiIn0", "eyJpZCI6ImEifQ", "eyJpZCI6IDF9", "", "a", "====", "ü", "bnVsbA", "W10", "eyJpZCI6ICLDvCJ9", "eyJpZCI6ICIifQ", "eyJpZCI6ICJcdWQ4MDAifQ",
		"eyJjcmVhdGVkIjogIjIwMjYiLCAiaWQiOiAiYSJ9", "eyJjcmVhdGVkIjogIiIsICJpZCI6ICJhIn0", "eyJjcmVhdGVkIjogIngifQ", "eyJpZCI6ICJhIiwgImNyZWF0ZWQiOiAieCJ9", "eyJjcmVhdGVkIjogbnVsbCwgImlkIjogImEifQ", "eyJjcmVhdGVkIjogMSwgImlkIjogImEifQ", "WyJjcmVhdGVkIiwgImlkIl0", "ImNyZWF0ZWQi", "eyJjcmVhdGVkIjogIlx1ZDgwMCIsICJpZCI6ICJhIn0"}
	names  = []string{`"task"`, `"task"`, `"completed"`, `"Task"`, `"\u0074ask"`, `"id"`, `"\ud800"`, `""`, `"é"`}
	values = []string{`"x"`, `"Buy groceries"`, `true`, `false`, `null`, `1`, `-0`, `1.5e400`, `NaN`, `Infinity`, `[]`, `{}`, `""`, `" "`, `"\u00a0"`, `"\ud83e\uddc0"`, `"\ud83e"`, `"\uddc0\ud83e"`, `"\\ud83e"`, `"é🧀\u0000\u2028"`, "\"\x7f\"", "\"a\nb\"", `"\x"`, `'x'`, `01`, `+1`, `.5`, `5.`, `tru`, `[1, {"a": [null]}]`, strings.Repeat("9", 5000), "\"\xff\"", "\"\xed\xa0\x80\""}
	joints = []string{"{", "}", "[", "]", ",", ":", `"`, `\`, " ", "\n", "\t", "\ufeff", "\x00", "\xff", "é", "0", "-", "e", "u"}
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func randomBody(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return ""
	case 1:
		return pick(r, values)
	case 2:
		return strings.Repeat(pick(r, joints), r.IntN(20_000))
	case 3:
		depth := 28 + r.IntN(8)
		return `{"n": ` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
	case 4:
		return `{"task": "` + strings.Repeat(pick(r, []string{"x", "é", "🧀", `\ud83e\uddc0`, `\n`, " "}), 990+r.IntN(20)) + `"}`
	case 5:
		return `{"task": "x", "n": "` + strings.Repeat("x", 16_355+r.IntN(15)) + `"}`
	}
	members := make([]string, r.IntN(4))
	for i := range members {
		value := pick(r, values)
		if r.IntN(2) == 0 {
			value = values[r.IntN(4)]
		}
		members[i] = pick(r, names) + ": " + value
	}
	body := "{" + strings.Join(members, ", ") + "}"
	for r.IntN(4) == 0 { // something is put in, or taken out
		at := r.IntN(len(body) + 1)
		if r.IntN(2) == 0 || at == len(body) {
			body = body[:at] + pick(r, joints) + body[at:]
		} else {
			body = body[:at] + body[at+1:]
		}
	}
	return body
}

// randomEvent is the event of a request, as the Function URL makes it: what the
// request does not have is missing, or null.
func randomEvent(r *rand.Rand) []byte {
	event := map[string]any{
		"requestContext": map[string]any{"http": map[string]any{"method": pick(r, methods)}},
		"rawPath":        pick(r, paths),
	}
	query := map[string]string{}
	if r.IntN(4) == 0 {
		query["limit"] = pick(r, limits)
	}
	if r.IntN(4) == 0 {
		query["next"] = pick(r, nexts)
	}
	if r.IntN(8) == 0 {
		query[pick(r, limits)] = url.QueryEscape(pick(r, joints))
	}
	if len(query) > 0 {
		event["queryStringParameters"] = query
	} else if r.IntN(2) == 0 {
		event["queryStringParameters"] = nil
	}
	switch body := randomBody(r); {
	case body == "" && r.IntN(2) == 0:
		event["body"] = nil
	case body == "":
	case !utf8.ValidString(body) || r.IntN(2) == 0:
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString([]byte(body)), true
	default:
		event["body"], event["isBase64Encoded"] = body, false
	}
	text, err := json.Marshal(event)
	if err != nil {
		panic(err) // these are strings and booleans
	}
	return text
}

// still is the table of testdata/stub.py.
type still struct{}

type item = map[string]dbtypes.AttributeValue

func textOf(s string) dbtypes.AttributeValue { return &dbtypes.AttributeValueMemberS{Value: s} }

var stillItems = map[string]item{
	"a": {"id": textOf("a"), "task": textOf("Buy groceries"), "completed": &dbtypes.AttributeValueMemberBOOL{}, "n": &dbtypes.AttributeValueMemberN{Value: "1.50"}, "list": textOf("todo")},
	"b": {"id": textOf("b"), "b": &dbtypes.AttributeValueMemberB{Value: []byte("\x00\xff")}, "s": &dbtypes.AttributeValueMemberNS{Value: []string{"10", "-9.5"}}},
	"ü/%": {"id": textOf("ü/%"), "m": &dbtypes.AttributeValueMemberM{Value: item{"é": &dbtypes.AttributeValueMemberNULL{Value: true},
		"Z": &dbtypes.AttributeValueMemberL{Value: []dbtypes.AttributeValue{&dbtypes.AttributeValueMemberBOOL{Value: true}, textOf("\x01")}}}}},
}

func (still) stored(key item) (item, error) {
	id, ok := key["id"].(*dbtypes.AttributeValueMemberS)
	if !ok || len(key) != 1 || id.Value == "" || len(id.Value) > 2048 || !utf8.ValidString(id.Value) {
		return nil, &smithy.GenericAPIError{Code: "ValidationException"}
	}
	return stillItems[id.Value], nil
}

func (still) PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return &dynamodb.PutItemOutput{}, nil
}

func (s still) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	found, err := s.stored(in.Key)
	return &dynamodb.GetItemOutput{Item: found}, err
}

func (s still) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	found, err := s.stored(in.Key)
	if err == nil && found == nil {
		err = &dbtypes.ConditionalCheckFailedException{}
	}
	found = maps.Clone(found)
	for name, value := range in.ExpressionAttributeValues {
		if found != nil {
			found[in.ExpressionAttributeNames["#"+name[1:]]] = value
		}
	}
	return &dynamodb.UpdateItemOutput{Attributes: found}, err
}

func (s still) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	found, err := s.stored(in.Key)
	if err == nil && found == nil {
		err = &dbtypes.ConditionalCheckFailedException{}
	}
	return &dynamodb.DeleteItemOutput{}, err
}

func (still) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, &smithy.GenericAPIError{Code: "ValidationException"}
}

func (s still) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	behind := ""
	if in.ExclusiveStartKey != nil {
		if _, err := s.stored(in.ExclusiveStartKey); err != nil {
			return nil, err
		}
		behind = in.ExclusiveStartKey["id"].(*dbtypes.AttributeValueMemberS).Value
	}
	out := &dynamodb.ScanOutput{}
	for _, id := range slices.Sorted(maps.Keys(stillItems)) {
		if id <= behind {
			continue
		}
		out.Items = append(out.Items, stillItems[id])
		if len(out.Items) == int(aws.ToInt32(in.Limit)) {
			out.LastEvaluatedKey = item{"id": textOf(id)}
			break
		}
	}
	return out, nil
}
