package handler_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// testdata/cases.json is the contract of the API as data: what is sent, and what
// each runtime answers, byte for byte. In its texts
//
//	«x*1000»   is x a thousand times
//	«id»       is the id of the item that a step with "save": "id" was answered
//	«link»     is where the last Link header leads
//	«uuid»     in an answer is any UUID of version 4
//	«time»     in an answer is any time in the form of created
//	«token»    in a header is the token of a Link header
type group struct {
	Group string
	Cases []apiCase
}

// An apiCase begins with a table that has Items and what Filled says, and
// nothing else.
type apiCase struct {
	Name   string
	Items  []map[string]any // as DynamoDB writes JSON
	Filled filling
	Steps  []apiStep
}

// A filling is Count items with the ids "1", "2" ... and a task of so many bytes.
type filling struct {
	Count, Bytes int
	Text         string // "x" when it is empty
}

// An apiStep is one request with its answer. What AnswerHeaders does not name of
// link and retry-after must not be there.
type apiStep struct {
	Method, Path  string
	Headers       map[string]string
	Body, Hex     string
	Fault         *fault // of DynamoDB, meanwhile
	Status        int
	AnswerHeaders map[string]string
	Answer        *string
	Count         *int // instead of Answer: how many items it lists
	Save          string
}

func cases(t *testing.T, file string) []group {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []group
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// One suite for all runtimes: the same status, headers and body.
func TestEachRuntimeConforms(t *testing.T) {
	groups, total := cases(t, "cases.json"), 0
	for _, g := range groups {
		total += len(g.Cases)
	}
	ran := inEachRuntime(t, patient, func(t *testing.T, d deployment) {
		for _, g := range groups {
			t.Run(g.Group, func(t *testing.T) {
				for _, c := range g.Cases {
					t.Run(c.Name, func(t *testing.T) { conforms(t, d, c) })
				}
			})
		}
	})
	t.Attr("cases", strconv.Itoa(total*ran))
	t.Logf("%d cases x %d runtimes = %d", total, ran, total*ran)
}

func conforms(t *testing.T, d deployment, c apiCase) {
	d.empty(t)
	d.fill(t, c)
	saved := map[string]string{}
	for i, s := range c.Steps {
		d.broken.set(s.Fault)
		got := d.send(t, s, saved)
		d.broken.set(nil)
		if diff := s.differs(got, saved); diff != "" {
			t.Fatalf("step %d, %s %s: %s\nthe function's log: %s", i+1, s.Method, s.Path, diff, d.logged(t))
		}
		s.remember(got, saved)
	}
}

// logged is what the function's log has, but for the lines that it has of each
// request: why an answer was 500.
func (d deployment) logged(t *testing.T) string {
	t.Helper()
	out, err := d.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/aws/lambda/NotesHandler"), FilterPattern: aws.String("-START -END -REPORT -INIT_START")})
	if err != nil {
		return err.Error()
	}
	all := make([]string, 0, len(out.Events))
	for _, e := range out.Events {
		all = append(all, aws.ToString(e.Message))
	}
	return strings.Join(all, "")
}

// A reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

var repeated = regexp.MustCompile(`«([^«»]+?)\*(\d+)»`)

// expand writes out what stands in guillemets.
func expand(text string, saved map[string]string) string {
	text = repeated.ReplaceAllStringFunc(text, func(m string) string {
		part := repeated.FindStringSubmatch(m)
		n, _ := strconv.Atoi(part[2]) // they are digits
		return strings.Repeat(part[1], n)
	})
	for name, value := range saved {
		text = strings.ReplaceAll(text, "«"+name+"»", value)
	}
	return text
}

func (d deployment) send(t *testing.T, s apiStep, saved map[string]string) reply {
	t.Helper()
	body := expand(s.Body, saved)
	if s.Hex != "" {
		raw, err := hex.DecodeString(s.Hex)
		if err != nil {
			t.Fatal(err)
		}
		body = string(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), s.Method, d.url+strings.TrimPrefix(expand(s.Path, saved), "/"), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range s.Headers {
		r.Header.Set(name, value)
	}
	res, err := d.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

var (
	uuid  = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)
	clock = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
	token = regexp.MustCompile(`next=[A-Za-z0-9_-]+`)
	leads = regexp.MustCompile(`^<([^>]*)>; rel="next"$`)
)

// differs says what of an answer is not as it should be.
func (s apiStep) differs(got reply, saved map[string]string) string {
	if got.status != s.Status {
		return fmt.Sprintf("status %d, want %d: %.300s", got.status, s.Status, got.body)
	}
	if kind := got.header.Get("Content-Type"); kind != "application/json" && got.status != http.StatusNoContent {
		return fmt.Sprintf("content-type %q", kind)
	}
	for _, name := range []string{"link", "retry-after"} {
		have := token.ReplaceAllString(got.header.Get(name), "next=«token»")
		if want := s.AnswerHeaders[name]; have != want {
			return fmt.Sprintf("%s %q, want %q", name, have, want)
		}
	}
	if n := len(got.header.Values("Access-Control-Allow-Origin")); n != 0 {
		return fmt.Sprintf("the handler sets %d CORS headers of its own", n)
	}
	if s.Count != nil {
		if n := len(got.items()); n != *s.Count {
			return fmt.Sprintf("%d items, want %d: %.300s", n, *s.Count, got.body)
		}
		return ""
	}
	have, want := got.body, expand(*s.Answer, saved)
	if strings.Contains(want, "«uuid»") {
		have = uuid.ReplaceAllString(have, `"«uuid»"`)
	}
	if have = clock.ReplaceAllString(have, `"«time»"`); have != want {
		return fmt.Sprintf("the answer is\n%.2000s\nwant\n%.2000s", have, want)
	}
	return ""
}

// items are those of a list, or the one; nil when the body is neither.
func (r reply) items() []map[string]any {
	var many []map[string]any
	if json.Unmarshal([]byte(r.body), &many) == nil {
		return many
	}
	var one map[string]any
	if json.Unmarshal([]byte(r.body), &one) == nil {
		return []map[string]any{one}
	}
	return nil
}

// remember keeps what later steps name.
func (s apiStep) remember(got reply, saved map[string]string) {
	if m := leads.FindStringSubmatch(got.header.Get("Link")); m != nil {
		saved["link"] = m[1]
	}
	if items := got.items(); s.Save == "id" && len(items) > 0 {
		saved["id"], _ = items[0]["id"].(string)
	}
}

// empty takes all items out of the table.
func (d deployment) empty(t *testing.T) {
	t.Helper()
	var writes []dbtypes.WriteRequest
	pages := dynamodb.NewScanPaginator(d.db, &dynamodb.ScanInput{TableName: aws.String("NotesTable"), ProjectionExpression: aws.String("id")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range page.Items {
			writes = append(writes, dbtypes.WriteRequest{DeleteRequest: &dbtypes.DeleteRequest{Key: key}})
		}
	}
	d.write(t, writes)
}

// fill puts the items of a case into the table, by somebody else's hand.
func (d deployment) fill(t *testing.T, c apiCase) {
	t.Helper()
	var writes []dbtypes.WriteRequest
	put := func(item map[string]dbtypes.AttributeValue) {
		writes = append(writes, dbtypes.WriteRequest{PutRequest: &dbtypes.PutRequest{Item: item}})
	}
	for _, item := range c.Items {
		put(attribute(t, map[string]any{"M": item}).(*dbtypes.AttributeValueMemberM).Value)
	}
	text := c.Filled.Text
	if text == "" {
		text = "x"
	}
	for i := range c.Filled.Count {
		put(map[string]dbtypes.AttributeValue{
			"id":   &dbtypes.AttributeValueMemberS{Value: strconv.Itoa(i + 1)},
			"task": &dbtypes.AttributeValueMemberS{Value: strings.Repeat(text, c.Filled.Bytes)},
		})
	}
	d.write(t, writes)
}

func (d deployment) write(t *testing.T, writes []dbtypes.WriteRequest) {
	t.Helper()
	for some := range slices.Chunk(writes, 25) {
		out, err := d.db.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]dbtypes.WriteRequest{"NotesTable": some}})
		if err != nil || len(out.UnprocessedItems) > 0 {
			t.Fatalf("%v, %v", out, err)
		}
	}
}

// attribute reads DynamoDB's own JSON: {"S": "text"}.
func attribute(t *testing.T, v map[string]any) dbtypes.AttributeValue {
	t.Helper()
	for kind, value := range v {
		switch value := value.(type) {
		case string:
			switch kind {
			case "S":
				return &dbtypes.AttributeValueMemberS{Value: value}
			case "N":
				return &dbtypes.AttributeValueMemberN{Value: value}
			case "B":
				return &dbtypes.AttributeValueMemberB{Value: bytesOf(t, value)}
			}
		case bool:
			if kind == "NULL" {
				return &dbtypes.AttributeValueMemberNULL{Value: value}
			}
			return &dbtypes.AttributeValueMemberBOOL{Value: value}
		case map[string]any:
			m := &dbtypes.AttributeValueMemberM{Value: map[string]dbtypes.AttributeValue{}}
			for name, member := range value {
				m.Value[name] = attribute(t, member.(map[string]any))
			}
			return m
		case []any:
			return many(t, kind, value)
		}
	}
	t.Fatalf("%v is no attribute", v)
	return nil
}

func many(t *testing.T, kind string, values []any) dbtypes.AttributeValue {
	t.Helper()
	if kind == "L" {
		l := &dbtypes.AttributeValueMemberL{}
		for _, v := range values {
			l.Value = append(l.Value, attribute(t, v.(map[string]any)))
		}
		return l
	}
	var texts []string
	var blobs [][]byte
	for _, v := range values {
		if texts = append(texts, v.(string)); kind == "BS" {
			blobs = append(blobs, bytesOf(t, v.(string)))
		}
	}
	switch kind {
	case "BS":
		return &dbtypes.AttributeValueMemberBS{Value: blobs}
	case "NS":
		return &dbtypes.AttributeValueMemberNS{Value: texts}
	}
	return &dbtypes.AttributeValueMemberSS{Value: texts}
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
