package local

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"
)

// The fuzz targets of T21 that look at the whole server. Their seeds run as
// ordinary tests; `make fuzz` runs them for longer.

// A path of each of Lambda's operations, its labels filled in.
func restPaths() (methods, paths []string) {
	for _, r := range lambdaRoutes() {
		var path []string
		for _, segment := range r.path {
			if strings.HasPrefix(segment, "{") {
				segment = "TodoHandler"
			}
			path = append(path, segment)
		}
		methods, paths = append(methods, r.method), append(paths, "/"+strings.Join(path, "/"))
	}
	return methods, paths
}

// FuzzAPIRequests sends any body, in any protocol, to any operation. The answer
// may be an error of the caller; it is never a panic and never a fault of ours.
func FuzzAPIRequests(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s, err := Open(Config{Path: filepath.Join(f.TempDir(), "local.db"), Now: func() time.Time { return now }, Volatile: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	a := &account{server: s, now: now}
	names := slices.Sorted(maps.Keys(s.services))
	methods, paths := restPaths()
	operations := map[string][]string{}
	for _, name := range names {
		svc := s.services[name]
		operations[name] = slices.Sorted(maps.Keys(svc.table))
		if name == "dynamodb" {
			operations[name] = append(operations[name], "PutItem", "UpdateItem", "DeleteItem", "GetItem", "Scan", "Query",
				"BatchGetItem", "BatchWriteItem", "TransactWriteItems", "TransactGetItems")
		}
	}
	for i, name := range names {
		for n, operation := range operations[name] {
			f.Add(uint8(i), uint8(n), uint8(0), "", []byte(`{"TableName":"TodoTable","logGroupName":"g","AlarmName":"a","AccountId":"000000000000","RoleName":"R","Name":"n"}`))
			f.Add(uint8(i), uint8(n), uint8(1), "", []byte("Action="+operation+"&RoleName=R&Name=n&AlarmName=a&TopicArn=arn:aws:sns:us-east-1:000000000000:n&Tags.member.1.Key=k&Tags.member.1.Value=v"))
			f.Add(uint8(i), uint8(n), uint8(2), "", cbor.Encode(cbor.Map{"AlarmName": cbor.String("a"), "Period": cbor.Uint(60), "Threshold": cbor.Float64(1)}))
		}
	}
	for n := range paths {
		f.Add(uint8(slices.Index(names, "lambda")), uint8(n), uint8(3), "Qualifier=%24LATEST&Marker=x&tagKeys=a&tagKeys=b",
			[]byte(`{"FunctionName":"TodoHandler","Runtime":"python3.12","Role":"arn:aws:iam::000000000000:role/R","Handler":"a.b","Code":{"ZipFile":"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},"Tags":{"a":"b"},"Cors":{"AllowOrigins":["*"]},"AuthType":"NONE"}`))
	}
	dynamo := uint8(slices.Index(names, "dynamodb"))
	for n, operation := range operations["dynamodb"] {
		for _, body := range []string{
			`{"TableName":"TodoTable","KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"BillingMode":"PAY_PER_REQUEST"}`,
			`{"TableName":"TodoTable","Item":{"id":{"S":"1"},"n":{"N":"1e99"},"m":{"M":{"l":{"L":[{"NULL":true}]}}}},"Key":{"id":{"S":"1"}},"ConditionExpression":"attribute_exists(id)","UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"NS":["1","2"]}}}`,
			`{"TableName":"TodoTable","KeyConditionExpression":"id = :v","FilterExpression":"size(a) > :v","ExpressionAttributeValues":{":v":{"S":"1"}},"Segment":1,"TotalSegments":2,"Limit":1,"ExclusiveStartKey":{"id":{"S":"0"}}}`,
			`{"RequestItems":{"TodoTable":[{"PutRequest":{"Item":{"id":{"S":"1"}}}},{"DeleteRequest":{"Key":{"id":{"S":"2"}}}}]}}`,
			`{"TransactItems":[{"Put":{"TableName":"TodoTable","Item":{"id":{"S":"1"}}}},{"ConditionCheck":{"TableName":"TodoTable","Key":{"id":{"S":"2"}},"ConditionExpression":"a = a"}},{"Get":{"TableName":"TodoTable","Key":{"id":{"S":"1"}}}}],"ClientRequestToken":"t"}`,
		} {
			if operation != "" {
				f.Add(dynamo, uint8(n), uint8(0), "", []byte(body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, service, operation, protocol uint8, query string, body []byte) {
		ran.Add(1)
		name := names[int(service)%len(names)]
		list := operations[name]
		op := list[int(operation)%len(list)]
		method, path, header := "POST", "/", map[string]string{}
		switch protocol % 4 {
		case 0:
			header["X-Amz-Target"], header["Content-Type"] = "X."+op, "application/x-amz-json-1.0"
		case 1:
			header["Content-Type"] = "application/x-www-form-urlencoded"
		case 2:
			path = "/service/X/operation/" + op
			header["Smithy-Protocol"], header["Content-Type"] = "rpc-v2-cbor", "application/cbor"
		case 3:
			method, path = methods[int(operation)%len(methods)], paths[int(operation)%len(paths)]
		}
		r := signed(method, "http://local.localhost"+path, name, string(body))
		r.URL.RawQuery = query
		for k, v := range header {
			r.Header.Set(k, v)
		}
		if status, answer := a.answer(r); status >= 500 && status != http.StatusNotImplemented {
			t.Errorf("%s %s: %d %s", name, op, status, answer)
		}
	})
}

// FuzzPolicies holds the policy language to what can be said of every document:
// no panic; what a document denies stays denied beside any other; and a pattern
// matches what a regular expression of the same meaning does.
func FuzzPolicies(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	f.Add(lambdaTrust, "sts:AssumeRole", "*", "arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable")
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotAction":"a:*","NotResource":["arn:*"],"Condition":{"Bool":{"x":"true"}}}}`, "a:B", "a?:*B*", "arn:x")
	f.Add(`{"Statement":[{"Effect":"Allow","Action":3}]}`, "", "**?", "")
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["*"],"Resource":"*"}]}`, "x:Y", "x:?", "z")
	denyAll, err := parsePolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, document, action, pattern, resource string) {
		ran.Add(1)
		_, _ = checkPolicy(document), checkTrust(document) // an error is fine
		if p, err := parsePolicy(document); err == nil {
			_ = p.trusts("lambda.amazonaws.com")
			if evaluate([]*policy{p}, permission{action: action, resource: resource}) > evaluate([]*policy{p, denyAll}, permission{action: action, resource: resource}) {
				t.Errorf("%s allows %s on %s beside a policy that denies everything", document, action, resource)
			}
		}
		if !utf8.ValidString(pattern) || !utf8.ValidString(resource) || len(pattern)+len(resource) > 200 {
			return
		}
		// A ? is one byte here and one character there.
		if strings.ContainsRune(pattern, '?') && len(resource) != utf8.RuneCountInString(resource) {
			return
		}
		same := regexp.QuoteMeta(pattern)
		same = strings.ReplaceAll(strings.ReplaceAll(same, `\*`, `.*`), `\?`, `.`)
		if got, want := wildcard(pattern, resource), regexp.MustCompile(`(?s)\A`+same+`\z`).MatchString(resource); got != want {
			t.Errorf("%q matches %q: %t, want %t", pattern, resource, got, want)
		}
	})
}

// FuzzJournalReplay opens a journal of any bytes, and one that a killed server
// left with any bytes changed. What is replayed is what was written, up to some
// point, or the journal is refused. (TestRandomDamageIsNoticedOrHarmless goes
// on from there to what a reader sees.)
func FuzzJournalReplay(f *testing.F) {
	var ran atomic.Int64
	f.Attr("promise", "T21")
	f.Cleanup(func() { f.Attr("cases", strconv.FormatInt(ran.Load(), 10)) })
	const epoch = 7
	whole := &journal{path: filepath.Join(f.TempDir(), "journal"), epoch: epoch}
	var written []string
	for i := range 20 {
		frame := appendEntry(make([]byte, frameHeader), bucketSizes, fmt.Appendf(nil, "%03d", i), make([]byte, 16))
		frame = appendEntry(frame, bucketSizes, []byte("gone"), nil)
		written = append(written, string(frame[frameHeader:]))
		if err := whole.append(frame); err != nil {
			f.Fatal(err)
		}
	}
	left, err := os.ReadFile(whole.path)
	if err := errors.Join(err, whole.close()); err != nil {
		f.Fatal(err)
	}
	left = left[:whole.end]
	f.Add([]byte{}, []byte{})
	f.Add([]byte("garbage"), []byte{})
	f.Add([]byte(nil), []byte{0, 20, 1})
	f.Add([]byte(nil), []byte{0, 3, 0xff, 1, 0, 7, 5, 5, 5})
	f.Add(make([]byte, 5000), []byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, raw, edits []byte) {
		ran.Add(1)
		data := raw
		if len(edits) > 0 {
			data = append(slices.Clone(left), raw...)
			for ; len(edits) >= 3; edits = edits[3:] {
				data[int(binary.BigEndian.Uint16(edits))%len(data)] ^= edits[2]
			}
		}
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(path, epoch)
		if err != nil {
			if !errors.As(err, new(*DamagedError)) {
				t.Error(err)
			}
			return
		}
		next := 0
		_, err = j.each(j.end, func(payload []byte) error {
			if next >= len(written) || string(payload) != written[next] {
				t.Errorf("frame %d says %q", next, payload)
			}
			next++
			return nil
		})
		if err := errors.Join(err, j.close()); err != nil {
			t.Error(err)
		}
	})
}
