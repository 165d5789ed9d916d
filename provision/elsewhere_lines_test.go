package provision_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go/middleware"

	"todoctl/local"
	"todoctl/provision"
)

// elsewhereChoices are the choices that change what a step tells elsewhere.
var elsewhereChoices = map[string]func(*provision.Config){
	"the defaults":     func(*provision.Config) {},
	"nothing chosen":   func(c *provision.Config) { *c = bareConfig(*c) },
	"tutorial":         func(c *provision.Config) { c.Policy = provision.PolicyTutorial },
	"iam":              func(c *provision.Config) { c.Auth = provision.AuthIAM },
	"another runtime":  func(c *provision.Config) { c.Runtime = "python3.13" },
	"budget":           func(c *provision.Config) { c.Guard, c.LimitUSD = provision.GuardBudget, 5 },
	"alarm":            func(c *provision.Config) { c.Guard, c.LimitUSD = provision.GuardAlarm, 20 },
	"nobody told":      func(c *provision.Config) { c.Email = "" },
	"an odd address":   func(c *provision.Config) { c.Email = "o'neil+aws@example.com" },
	"another stack":    func(c *provision.Config) { c.Stack = "Chat" },
	"own code":         func(c *provision.Config) { c.OwnCode = true },
	"billing's Region": func(c *provision.Config) { c.Region = provision.BillingRegion },
	"another version":  func(c *provision.Config) { c.Version = "1.2.3-rc.1+build" },
}

// bareConfig has no choice made, so that every default counts.
func bareConfig(c provision.Config) provision.Config {
	c.Policy, c.Runtime, c.Auth, c.Guard, c.LimitUSD, c.Email = "", "", "", "", 0, ""
	return c
}

var stepsWithResources = slices.DeleteFunc(slices.Clone(allSteps), func(s string) bool { return s == "test" })

// made runs a test for each choice, in a world in which Apply has made the stack.
func made(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for name, choose := range elsewhereChoices {
		t.Run(name, func(t *testing.T) {
			inWorldWith(t, local.Lags{}, func(t *testing.T, w *world) {
				choose(&w.cfg)
				client := &http.Client{Transport: w.aws.Transport()}
				w.clients = provision.NewClients(aws.Config{
					Region: w.cfg.Region, BaseEndpoint: aws.String("http://local.localhost"), HTTPClient: client,
					Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
					APIOptions:  []func(*middleware.Stack) error{w.intercept},
				}, client)
				w.up(stepsWithResources...)
				// Elsewhere it is another zip, of which the tag would be wrong.
				if in := only[lambda.CreateFunctionInput](w); in.Tags[provision.TagSHA256] != w.cfg.Code.SHA256 {
					t.Errorf("the tags are %v", in.Tags)
				} else {
					delete(in.Tags, provision.TagSHA256)
				}
				test(t, w)
			})
		})
	}
}

// A line of the `aws` command is read here without any of what has written it:
// into words, flags, and an SDK input of the type that Apply has sent.

// shellWords splits a line as sh does.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != '\'', quote == '"' && c != '"':
			word.WriteByte(c)
		case quote != 0:
			quote = 0
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == '\\' && i+1 < len(line) && line[i+1] == '\n':
			i++
		case c == '\\':
			i++
			word.WriteByte(line[i])
			inWord = true
		case c == ' ' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case strings.IndexByte("*?[]{}$`;&<>()#~!", c) >= 0:
			t.Fatalf("a shell would make something of the %q in\n%s", c, line)
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		t.Fatalf("a quote is open in\n%s", line)
	}
	if inWord {
		words = append(words, word.String())
	}
	return words
}

// A told line is one `aws` line in its parts.
type told struct {
	service, operation string // "dynamodb", "create-table"
	flags              map[string][]string
}

// toldLines are the lines that call AWS, waiters aside. A line may have a second
// half for when the first fails, as it does on the local AWS, which is as strict
// about deprecated policies as IAM's own pages.
func toldLines(t *testing.T, cfg provision.Config, step string) []told {
	t.Helper()
	var lines []told
	for command := range strings.SplitSeq(script(cfg, step), "\x00") {
		if !strings.HasPrefix(command, "aws ") {
			continue
		}
		words := shellWords(t, command)
		if words[2] == "wait" {
			continue
		}
		l := told{service: words[1], operation: words[2], flags: map[string][]string{}}
		flag := ""
		for _, word := range words[3:] {
			if name, is := strings.CutPrefix(word, "--"); is {
				flag = name
				l.flags[flag] = nil
				continue
			}
			l.flags[flag] = append(l.flags[flag], word)
		}
		lines = append(lines, l)
	}
	return lines
}

// script are a step's commands, and the halves of one, with a NUL between them.
func script(cfg provision.Config, step string) string {
	all := strings.Join(provision.ElsewhereOf(cfg, step).Commands, "\x00")
	return strings.ReplaceAll(all, " ||\n", "\x00")
}

var wordBegins = regexp.MustCompile(`([a-z0-9])([A-Z])`)

func dashed(name string) string { return strings.ToLower(wordBegins.ReplaceAllString(name, "$1-$2")) }

// serviceOf is the CLI's name of an input's service.
func serviceOf(input reflect.Type) string {
	if name := path.Base(input.PkgPath()); name != "cloudwatchlogs" {
		return name
	}
	return "logs"
}

// input makes the SDK input that the line stands for, of a type.
func (l told) input(t *testing.T, cfg provision.Config, kind reflect.Type) any {
	t.Helper()
	in := reflect.New(kind)
	rest := map[string][]string{}
	for name, words := range l.flags {
		rest[name] = words
	}
	delete(rest, "region")
	for i := range kind.NumField() {
		flag := dashed(kind.Field(i).Name)
		if l.service == "sns" && flag == "endpoint" {
			flag = "notification-endpoint"
		}
		if words, is := rest["no-"+flag]; is && words == nil {
			setWords(t, in.Elem().Field(i), []string{"false"})
			delete(rest, "no-"+flag)
		}
		words, is := rest[flag]
		if !is {
			continue
		}
		if words == nil {
			words = []string{"true"}
		}
		setWords(t, in.Elem().Field(i), words)
		delete(rest, flag)
	}
	if f, is := in.Interface().(*lambda.CreateFunctionInput); is && slices.Equal(rest["zip-file"], []string{"fileb://" + cfg.FunctionName() + ".zip"}) {
		f.Code = &types.FunctionCode{ZipFile: cfg.Code.Zip}
		delete(rest, "zip-file")
	}
	if len(rest) > 0 {
		t.Errorf("%s %s has no such flags: %v", l.service, l.operation, rest)
	}
	return in.Interface()
}

// setWords sets a field from a flag's words, in any of the CLI's forms.
func setWords(t *testing.T, field reflect.Value, words []string) {
	t.Helper()
	if first := words[0]; strings.HasPrefix(first, "{") && field.Kind() != reflect.String && !isText(field) || strings.HasPrefix(first, "[") {
		if err := json.Unmarshal([]byte(first), field.Addr().Interface()); err != nil || len(words) != 1 {
			t.Fatalf("%q: %v", words, err)
		}
		return
	}
	switch field.Kind() {
	case reflect.Pointer:
		field.Set(reflect.New(field.Type().Elem()))
		setWords(t, field.Elem(), words)
	case reflect.String:
		field.SetString(one(t, words))
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(one(t, words), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		field.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(one(t, words), 64)
		if err != nil {
			t.Fatal(err)
		}
		field.SetFloat(n)
	case reflect.Bool:
		field.SetBool(one(t, words) == "true")
	case reflect.Slice:
		for _, word := range words {
			element := reflect.New(field.Type().Elem()).Elem()
			setWords(t, element, []string{word})
			field.Set(reflect.Append(field, element))
		}
	case reflect.Struct:
		for part := range strings.SplitSeq(one(t, words), ",") {
			name, value, _ := strings.Cut(part, "=")
			setWords(t, field.FieldByName(name), []string{value})
		}
	case reflect.Map:
		field.Set(reflect.MakeMap(field.Type()))
		for part := range strings.SplitSeq(one(t, words), ",") {
			name, value, _ := strings.Cut(part, "=")
			field.SetMapIndex(reflect.ValueOf(name), reflect.ValueOf(value))
		}
	default:
		t.Fatalf("there is no flag for a %s", field.Type())
	}
}

// isText says that a field is a *string: a policy is JSON and text.
func isText(field reflect.Value) bool {
	return field.Kind() == reflect.Pointer && field.Type().Elem().Kind() == reflect.String
}

func one(t *testing.T, words []string) string {
	t.Helper()
	if len(words) != 1 {
		t.Fatalf("one word is wanted, and not %q", words)
	}
	return words[0]
}

// compacted takes the layout out of the policies of an input.
func compacted(t *testing.T, in any) any {
	t.Helper()
	v := reflect.ValueOf(in).Elem()
	for _, name := range []string{"AssumeRolePolicyDocument", "PolicyDocument"} {
		field := v.FieldByName(name)
		if !field.IsValid() {
			continue
		}
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(field.Elem().String())); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		field.Set(reflect.ValueOf(&text))
	}
	return in
}

// Each line says, flag by flag, what Apply sends; and no write of Apply's is
// left untold.
func TestTheLinesSayWhatApplySends(t *testing.T) {
	made(t, func(t *testing.T, w *world) {
		var operations []string
		used := map[int]bool{}
		for _, step := range stepsWithResources {
			for _, l := range toldLines(t, w.cfg, step) {
				region := map[string][]string{
					"iam": {w.cfg.Region}, "budgets": {provision.BillingRegion}, "sns": {provision.BillingRegion}, "cloudwatch": {provision.BillingRegion},
					"dynamodb": {w.cfg.Region}, "lambda": {w.cfg.Region}, "logs": {w.cfg.Region},
				}[l.service]
				if !slices.Equal(l.flags["region"], region) {
					t.Errorf("%s %s goes to %v, not to %v", l.service, l.operation, l.flags["region"], region)
				}
				i := slices.IndexFunc(w.sent, func(in any) bool {
					kind := reflect.TypeOf(in).Elem()
					at := slices.IndexFunc(w.sent, func(other any) bool { return other == in })
					return !used[at] && serviceOf(kind) == l.service && dashed(strings.TrimSuffix(kind.Name(), "Input")) == l.operation
				})
				if i < 0 {
					t.Errorf("Apply sends no %s %s", l.service, l.operation)
					continue
				}
				used[i] = true
				kind := reflect.TypeOf(w.sent[i]).Elem()
				operations = append(operations, strings.TrimSuffix(kind.Name(), "Input"))
				if got, want := compacted(t, l.input(t, w.cfg, kind)), w.sent[i]; !reflect.DeepEqual(got, want) {
					t.Errorf("%s %s is\n%s\nand Apply sends\n%s", l.service, l.operation, asJSON(t, got), asJSON(t, want))
				}
			}
		}
		writes := w.writes()
		slices.Sort(writes)
		slices.Sort(operations)
		if !slices.Equal(writes, operations) {
			t.Errorf("the lines make the calls\n%v\nand Apply makes\n%v", operations, writes)
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	return string(must[[]byte](t)(json.MarshalIndent(v, "", " ")))
}
