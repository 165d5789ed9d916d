package provision

import (
	"net/url"
	"testing"
	"time"
)

func TestPoliciesAreComparedByWhatTheyMean(t *testing.T) {
	cfg := Config{Account: "000000000000", Partition: "aws", Region: "eu-central-1", Stack: "Todo"}
	ours := leastPolicy(cfg)
	const table, logs = `"arn:aws:dynamodb:eu-central-1:000000000000:table/TodoTable"`, `"arn:aws:logs:eu-central-1:000000000000:log-group:/aws/lambda/TodoHandler:*"`
	same := map[string]string{
		"itself":          ours,
		"as IAM gives it": url.QueryEscape(ours),
		"path escaped":    url.PathEscape(ours),
		"turned round, with lists, ids and other letters": `{
			"Version": "2012-10-17", "Statement": [
			{"Sid": "Logs", "Effect": "Allow", "Resource": [` + logs + `], "Action": ["logs:PutLogEvents", "logs:createLogStream"]},
			{"Resource": "arn:aws:dynamodb:eu-central-1:000000000000:table/TodoTable/index/newest", "Effect": "Allow", "Action": "dynamodb:Query"},
			{"Resource": ` + table + `, "Effect": "Allow", "Action":
			 ["dynamodb:Scan", "dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem"]}]}`,
	}
	for name, text := range same {
		if !samePolicy(text, ours) {
			t.Errorf("%s is another policy", name)
		}
	}
	for name, text := range map[string]string{
		"nothing":        "",
		"no policy":      "hello",
		"no statement":   `{"Version":"2012-10-17","Statement":[]}`,
		"half of it":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":` + logs + `}]}`,
		"a denial":       `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":` + logs + `}]}`,
		"one right more": ours[:len(ours)-len(`]}`)] + `,{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`,
		"another stack":  leastPolicy(Config{Account: "000000000000", Partition: "aws", Region: "eu-central-1", Stack: "Chat"}),
	} {
		if samePolicy(text, ours) || samePolicy(ours, text) {
			t.Errorf("%s is taken for ours", name)
		}
	}
}

func TestStatementsOfAFunctionsPolicyAreRead(t *testing.T) {
	u := &functionURL{cfg: Config{Account: "1", Partition: "aws", Region: "r", Stack: "Todo"}}
	two := u.grants()[1].clause
	for text, want := range map[string]bool{
		`{"Sid":"x","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`:                 true,
		`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["lambda:InvokeFunction"],"Resource":["arn:aws:lambda:r:1:function:TodoHandler"],"Condition":{"Bool":{"lambda:invokedViaFunctionUrl":[true]}}}`:               true,
		`{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler"}`:                                                                                        false,
		`{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler","Condition":{}}`:                                                                         false,
		`{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"false"}}}`:                          false,
		`{"Effect":"Deny","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`:                            false,
		`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::2:root"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:TodoHandler","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`: false,
		`{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:r:1:function:Other","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`:                                 false,
	} {
		for _, form := range []string{`{"Statement":[` + text + `]}`, `{"Statement":` + text + `}`} {
			got, err := clauses(form)
			if err != nil || len(got) != 1 || got[0].equal(two) != want {
				t.Errorf("%s: equal is %t, error %v", form, !want, err)
			}
		}
	}
}

func FuzzPolicyText(f *testing.F) {
	f.Add(leastPolicy(Config{Stack: "Todo"}))
	f.Add(lambdaTrust())
	f.Add(`%7B%22Statement%22%3A%5B%7B%22Principal%22%3A%7B%22AWS%22%3A%5B%5D%7D%7D%5D%7D`)
	f.Add(`{"Statement":{"Condition":{"Bool":3},"Action":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := clauses(text); err == nil && !samePolicy(text, text) {
			t.Errorf("%q is not the same as itself", text)
		}
	})
}

// Marks do not drift, come often at first, and are never more than five seconds
// (and the skipped rest of a mark) apart.
func TestPaceKeepsItsMarks(t *testing.T) {
	var passed time.Duration
	looks := map[time.Duration]int{}
	for passed < 5*time.Minute {
		wait := pace(passed)
		if wait <= 0 || wait > 6*time.Second {
			t.Fatalf("after %s it waits %s", passed, wait)
		}
		passed += wait
		for _, until := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
			if passed <= until {
				looks[until]++
			}
		}
	}
	if looks[time.Second] != 4 || looks[10*time.Second] != 24 || looks[time.Minute] != 59 {
		t.Errorf("looks within a second, ten and a minute: %v", looks)
	}
	if wait := pace(1030 * time.Millisecond); wait != 220*time.Millisecond {
		t.Errorf("a slow answer moves the marks: %s", wait)
	}
	if wait := pace(1240 * time.Millisecond); wait != 260*time.Millisecond {
		t.Errorf("an answer just before a mark is followed by a look at once: %s", wait)
	}
}
