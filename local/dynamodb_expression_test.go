package local

import (
	"fmt"
	"strings"
	"testing"
)

const sample = `{"id":{"S":"1"},"s":{"S":"hello"},"n":{"N":"5"},"b":{"B":"AQI="},"yes":{"BOOL":true},"none":{"NULL":true},` +
	`"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"l":{"L":[{"S":"x"},{"N":"7"}]},"m":{"M":{"kid":{"S":"y"},"deep":{"L":[{"M":{"k":{"N":"1"}}}]}}}}`

const values = `":s":{"S":"hello"},":he":{"S":"he"},":five":{"N":"5.0"},":four":{"N":"4"},":nine":{"N":"9"},":x":{"S":"x"},":a":{"S":"a"},` +
	`":one":{"N":"1"},":ss":{"SS":["b","a"]},":type":{"S":"SS"},":yes":{"BOOL":true},":b":{"B":"AQ=="},":list":{"L":[{"S":"z"}]},":empty":{"L":[]}`

// used keeps those of the sample values that the expression names: one that is
// not used would be an error.
func used(expression string) string {
	var kept []string
	for _, v := range splitValues(values) {
		name := v[1 : 1+strings.IndexByte(v[1:], '"')]
		for _, word := range strings.FieldsFunc(expression, func(c rune) bool { return strings.ContainsRune(" (),+-=<>", c) }) {
			if word == name {
				kept = append(kept, v)
				break
			}
		}
	}
	if kept == nil {
		return ""
	}
	return `,"ExpressionAttributeValues":{` + strings.Join(kept, ",") + `}`
}

func splitValues(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, s[from:i])
				from = i + 1
			}
		}
	}
	return append(out, s[from:])
}

func TestConditions(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":`+sample+`}`)
	for condition, want := range map[string]bool{
		"s = :s":                         true,
		"s <> :s":                        false,
		"n = :five":                      true,
		"n > :four AND n < :nine":        true,
		"n BETWEEN :four AND :nine":      true,
		"n BETWEEN :nine AND :nine":      false,
		":nine >= n":                     true,
		"s < :four":                      false, // different types have no order
		"nope = :s":                      false,
		"nope <> :s":                     true,
		"nope < :four":                   false,
		"nope = gone":                    false,
		"attribute_exists(m.deep[0].k)":  true,
		"attribute_not_exists(m.deep)":   false,
		"attribute_exists(l[2])":         false,
		"attribute_type(ss, :type)":      true,
		"attribute_type(s, :type)":       false,
		"begins_with(s, :he)":            true,
		"begins_with(n, :he)":            false,
		"begins_with(b, :b)":             true,
		"contains(s, :he)":               true,
		"contains(ss, :a)":               true,
		"contains(ns, :one)":             true,
		"contains(l, :x)":                true,
		"contains(l, :a)":                false,
		"size(s) = :five":                true,
		"size(ss) < :four":               true,
		"size(m) < size(s)":              true,
		"size(n) = :one":                 false, // a number has no size
		"s IN (:a, :x, :s)":              true,
		"n IN (:a, :x, :s)":              false,
		"ss = :ss":                       true, // sets have no order
		"NOT s = :s":                     false,
		"NOT (s = :x OR n = :five)":      false,
		"s = :x OR n = :five AND s = :s": true, // AND before OR
		"(s = :x OR n = :five) and s=:s": true, // keywords in any case
		"(s) = :s":                       true,
		"not attribute_exists(gone)":     true,
		"m.kid = l[0]":                   false,
	} {
		body := `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ConditionExpression":"` + condition + `"` + used(condition) + `}`
		_, err := d.raw(t, "UpdateItem", body)
		switch {
		case want && err != nil:
			t.Errorf("%s: %v", condition, err)
		case !want:
			wantError(t, err, "ConditionalCheckFailedException", "The conditional request failed")
		}
	}
}

func TestMistakesInExpressions(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":`+sample+`}`)
	const condition, update, projection = "ConditionExpression", "UpdateExpression", "ProjectionExpression"
	for _, c := range []struct{ what, text, message string }{
		{condition, "", `Invalid ConditionExpression: The expression can not be empty;`},
		{condition, "attribute_exists(s) AND NOT n", `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "n"`},
		{condition, "a-b", `Invalid ConditionExpression: Syntax error; token: "-", near: "a-b"`},
		{condition, "s = = :s", `Invalid ConditionExpression: Syntax error; token: "=", near: "= = :s"`},
		{condition, "s = :s n", `Invalid ConditionExpression: Syntax error; token: "n", near: ":s n"`},
		{condition, "s = :s AND __t = :a", `Invalid ConditionExpression: Syntax error; token: "_", near: "AND __"`},
		{condition, "begins_with(", `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("`},
		{condition, "begins_with()", `Invalid ConditionExpression: Syntax error; token: ")", near: "()"`},
		{condition, "((s = :s))", `Invalid ConditionExpression: The expression has redundant parentheses;`},
		{condition, "starts_with(s, :s)", `Invalid ConditionExpression: Invalid function name; function: starts_with`},
		{condition, "size(s)", `Invalid ConditionExpression: The function is not allowed to be used this way in an expression; function: size`},
		{condition, "attribute_exists(s) = :yes", `Invalid ConditionExpression: The function is not allowed to be used this way in an expression; function: attribute_exists`},
		{condition, "name = :s", `Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name`},
		{condition, "#x = :s", `Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #x`},
		{condition, "s = :undefined", `Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :undefined`},
		{condition, "attribute_exists(s, n)", `Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2`},
		{condition, "attribute_exists(:s)", `Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists`},
		{condition, "begins_with(s, :four)", `Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`},
		{condition, "attribute_type(s, :four)", `Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N`},
		{condition, "attribute_type(s, :a)", `Invalid ConditionExpression: Invalid attribute type name found; type: a, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`},
		{condition, "size(:four) = :four", `Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: size, operand type: N`},
		{condition, "s < :yes", `Invalid ConditionExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL`},
		{condition, "s = s", `Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [s]`},
		{condition, "n BETWEEN :nine AND :four", `Invalid ConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:4}`},
		{condition, "n BETWEEN :nine AND :s", `Invalid ConditionExpression: The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {S:hello}`},
		{condition, "a = " + strings.Repeat("a", 5000), `Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 5004`},

		{update, "", `Invalid UpdateExpression: The expression can not be empty;`},
		{update, "SET", `Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"`},
		{update, "INVALID SYNTAX HERE", `Invalid UpdateExpression: Syntax error; token: "INVALID", near: "INVALID SYNTAX"`},
		{update, "SET n = if_not_exists(n, 0)", `Invalid UpdateExpression: Syntax error; token: "0", near: ", 0)"`},
		{update, "SET s = :s SET n = :four", `Invalid UpdateExpression: The "SET" section can only be used once in an update expression;`},
		{update, "SET s = :s, status = :s", `Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status`},
		{update, "SET s = upper(:s)", `Invalid UpdateExpression: Invalid function name; function: upper`},
		{update, "SET s = :undefined", `Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :undefined`},
		{update, "SET #u = :s", `Invalid UpdateExpression: An expression attribute name used in the document path is not defined; attribute name: #u`},
		{update, "SET m.kid = :s REMOVE m", `Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, kid], path two: [m]`},
		{update, "SET m.kid = :s REMOVE m[0]", `Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, kid], path two: [m, [0]]`},
		{update, "ADD s :s", `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING`},
		{update, "DELETE n :four", `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER`},
		{update, "SET l = list_append(l, :s)", `Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: list_append, operand type: S`},
		{update, "SET n = n + :s", `Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S`},
		{update, "SET n = if_not_exists(n)", `Invalid UpdateExpression: Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1`},
		{update, "SET n = if_not_exists(:four, :four)", `Invalid UpdateExpression: Operator or function requires a document path; operator or function: if_not_exists`},
		{update, "SET id = :s", `One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key`},
		{update, "SET gone.x = :s", `The document path provided in the update expression is invalid for update`},
		{update, "SET s.x = :s", `The document path provided in the update expression is invalid for update`},
		{update, "SET n = gone + :four", `The provided expression refers to an attribute that does not exist in the item`},
		{update, "SET n = s + :four", `An operand in the update expression has an incorrect data type`},
		{update, "ADD s :four", `An operand in the update expression has an incorrect data type`},

		{projection, "s, s", `Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [s], path two: [s]`},
		{projection, "!!!", `Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"`},
		{projection, "a b", `Invalid ProjectionExpression: Syntax error; token: "b", near: "a b"`},
		{projection, "a,", `Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","`},
		{projection, "l[x]", `Invalid ProjectionExpression: Syntax error; token: "x", near: "[x]"`},
		{projection, "id.x", `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id`},
	} {
		operation, valuesOf := "UpdateItem", used(c.text)
		if c.what == projection {
			operation, valuesOf = "GetItem", ""
		}
		_, err := d.raw(t, operation, fmt.Sprintf(`{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"%s":"%s"%s}`, c.what, c.text, valuesOf))
		wantError(t, err, "ValidationException", c.message)
		if e, ok := err.(*apiError); ok && e.Message != c.message {
			t.Errorf("%s:\ngot  %s\nwant %s", c.text, e.Message, c.message)
		}
	}
}

func TestUpdates(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	for _, c := range []struct{ update, want string }{ // want: UPDATED_NEW
		{"SET s = :a, gone = :x", `{"s":{"S":"a"},"gone":{"S":"x"}}`},
		{"SET n = n + :nine", `{"n":{"N":"14"}}`},
		{"SET n = :four - n", `{"n":{"N":"-1"}}`},
		{"SET n = if_not_exists(gone, n) + :one", `{"n":{"N":"6"}}`},
		{"SET s = n, n = s", `{"s":{"N":"5"},"n":{"S":"hello"}}`}, // both sides are as before
		{"SET l = list_append(:list, l)", `{"l":{"L":[{"S":"z"},{"S":"x"},{"N":"7"}]}}`},
		{"SET gone = list_append(if_not_exists(gone, :empty), :list)", `{"gone":{"L":[{"S":"z"}]}}`},
		{"SET m.#new = :s, l[1] = :a, l[9] = :x", `{"m":{"M":{"new":{"S":"hello"}}},"l":{"L":[{"S":"a"}]}}`},
		{"SET m.deep[0].k = m.deep[0].k + :one", `{"m":{"M":{"deep":{"L":[{"M":{"k":{"N":"2"}}}]}}}}`},
		{"ADD n :five, gone :nine", `{"n":{"N":"10"},"gone":{"N":"9"}}`},
		{"ADD ss :ss", `{"ss":{"SS":["a","b"]}}`},
		{"SET s = :a REMOVE n DELETE none2 :ss", `{"s":{"S":"a"}}`},
		{"remove s", ``},
		{"DELETE ss :ss", ``},
	} {
		d.must(t, "PutItem", `{"TableName":"TodoTable","Item":`+sample+`}`)
		names := ""
		if strings.Contains(c.update, "#new") {
			names = `,"ExpressionAttributeNames":{"#new":"new"}`
		}
		got := d.must(t, "UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ReturnValues":"UPDATED_NEW","UpdateExpression":"`+c.update+`"`+used(c.update)+names+`}`)
		want := "{}"
		if c.want != "" {
			want = `{"Attributes":` + c.want + `}`
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.update, got, want)
		}
	}
}

func TestListActionsMeanTheListAsItWas(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":{"id":{"S":"1"},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"3"}]}}}`)
	got := d.must(t, "UpdateItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ReturnValues":"ALL_NEW",`+
		`"UpdateExpression":"REMOVE l[0], l[2] SET l[3] = :v, l[8] = :late, l[7] = :early",`+
		`"ExpressionAttributeValues":{":v":{"S":"v"},":late":{"S":"late"},":early":{"S":"early"}}}`)
	if want := `{"Attributes":{"id":{"S":"1"},"l":{"L":[{"N":"1"},{"S":"v"},{"S":"early"},{"S":"late"}]}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestProjections(t *testing.T) {
	d := newDynamo(t)
	d.table(t, "TodoTable", "id:S")
	d.must(t, "PutItem", `{"TableName":"TodoTable","Item":`+sample+`}`)
	for text, want := range map[string]string{
		"s, n":                `{"Item":{"s":{"S":"hello"},"n":{"N":"5"}}}`,
		"l[1], m.deep[0].k":   `{"Item":{"l":{"L":[{"N":"7"}]},"m":{"M":{"deep":{"L":[{"M":{"k":{"N":"1"}}}]}}}}}`,
		"gone, l[5], s.x":     `{"Item":{}}`,
		"#in.#in":             `{"Item":{}}`,
		"m.#in":               `{"Item":{"m":{"M":{"kid":{"S":"y"}}}}}`,
		"l[1],\\nl[0],\\tyes": `{"Item":{"l":{"L":[{"S":"x"},{"N":"7"}]},"yes":{"BOOL":true}}}`,
	} {
		names := ""
		if strings.Contains(text, "#in") {
			names = `,"ExpressionAttributeNames":{"#in":"kid"}`
		}
		got := d.must(t, "GetItem", `{"TableName":"TodoTable","Key":{"id":{"S":"1"}},"ProjectionExpression":"`+text+`"`+names+`}`)
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{
		"a = :v", "SET a.b[0] = if_not_exists(#n, :v) + :v REMOVE c", "((a", "a BETWEEN :v AND :v", "NOT NOT a", "size(size(a)) = :v",
		"begins_with(a, :v) OR a IN (:v, b)", "a[99999999999999999999]", "#n.#n", "é", "SET", "ADD a :s DELETE b :s", "a,b[1],c.d",
		"(((((a)))))=:v", "a=:v AND", "list_append(:v,:v)", "SET a=list_append(a,:v)", "a[0]=:v,a.b=:v",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		with := func() *placeholders {
			return &placeholders{names: map[string]string{"#n": "n"}, values: map[string]value{
				":v": {kind: kindN, text: "1"}, ":s": {kind: kindSS, set: []string{"a"}}},
				usedNames: map[string]bool{}, usedValues: map[string]bool{}}
		}
		r := &jsonReader{data: []byte(sample)}
		bad := ""
		it := r.item(&bad)
		// Whatever the text: no panic, and what parses can be carried out.
		if n, err := parseCondition("ConditionExpression", text, with()); err == nil {
			n.holds(it)
			n.holds(nil)
		}
		if u, err := parseUpdate(text, with()); err == nil {
			if after, err := u.apply(it); err == nil {
				newRecord(after)
			}
		}
		if p, err := parseProjection(text, with()); err == nil {
			p.of(it)
		}
		_, _ = parseKeyCondition(text, with())
		_, _ = readItemRequest("PutItem", []byte(text), nil)
	})
}
