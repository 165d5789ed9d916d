package provision_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"go.yaml.in/yaml/v3"

	"todoctl/provision"
)

type template struct {
	AWSTemplateFormatVersion string `yaml:"AWSTemplateFormatVersion"`
	Resources                map[string]struct {
		Type       string    `yaml:"Type"`
		DependsOn  string    `yaml:"DependsOn"`
		Properties yaml.Node `yaml:"Properties"`
	} `yaml:"Resources"`
	Outputs map[string]struct {
		Value yaml.Node `yaml:"Value"`
	} `yaml:"Outputs"`
}

func readTemplate(t *testing.T, text string) template {
	t.Helper()
	var all template
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return all
}

// references are what CloudFormation puts in the place of a reference.
func references(cfg provision.Config) map[string]string {
	return map[string]string{
		"!GetAtt Role.Arn": cfg.RoleARN(), "!GetAtt Function.Arn": cfg.FunctionARN(),
		"!Ref Function": cfg.FunctionName(), "!Ref Topic": cfg.TopicARN(),
	}
}

// valueOf is a YAML node as plain values, its references followed.
func valueOf(t *testing.T, cfg provision.Config, node *yaml.Node) any {
	t.Helper()
	var resolve func(*yaml.Node)
	resolve = func(n *yaml.Node) {
		if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
			value, known := references(cfg)[n.Tag+" "+n.Value]
			if !known {
				t.Errorf("%s %s refers to nothing", n.Tag, n.Value)
			}
			n.Tag, n.Value = "!!str", value
		}
		for _, child := range n.Content {
			resolve(child)
		}
	}
	resolve(node)
	var value any
	if err := node.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return plainly(t, value)
}

// plainly makes maps, lists, texts and numbers of anything; what is not set is
// left out.
func plainly(t *testing.T, v any) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(must[[]byte](t)(json.Marshal(v)), &value); err != nil {
		t.Fatal(err)
	}
	var prune func(any) any
	prune = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			maps.DeleteFunc(v, func(_ string, e any) bool { return e == nil || e == "" })
			for k := range v {
				v[k] = prune(v[k])
			}
		case []any:
			for i := range v {
				v[i] = prune(v[i])
			}
		}
		return v
	}
	return prune(value)
}

func fields(t *testing.T, v any) map[string]any {
	t.Helper()
	m, ok := plainly(t, v).(map[string]any)
	if !ok {
		t.Fatalf("%T has no fields", v)
	}
	return m
}

// tagPairs are a map of tags as CloudFormation has tags.
func tagPairs(tags any) []any {
	m, _ := tags.(map[string]any)
	var list []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, map[string]any{"Key": k, "Value": m[k]})
	}
	return list
}

// sentResources are the resources that CloudFormation would have to make to come
// to what Apply has sent, by their type, in the order of the calls.
func sentResources(t *testing.T, w *world) map[string][]map[string]any {
	t.Helper()
	parsed := func(text *string) any {
		var document any
		if err := json.Unmarshal([]byte(*text), &document); err != nil {
			t.Fatal(err)
		}
		return document
	}
	all := map[string][]map[string]any{}
	add := func(kind string, properties map[string]any, without ...string) {
		for _, name := range without {
			delete(properties, name)
		}
		all[kind] = append(all[kind], properties)
	}
	add("AWS::DynamoDB::Table", fields(t, only[dynamodb.CreateTableInput](w)))

	in := only[iam.CreateRoleInput](w)
	role := fields(t, in)
	role["AssumeRolePolicyDocument"] = parsed(in.AssumeRolePolicyDocument)
	for _, put := range inputs[iam.PutRolePolicyInput](w) {
		role["Policies"] = []any{map[string]any{"PolicyName": *put.PolicyName, "PolicyDocument": parsed(put.PolicyDocument)}}
	}
	var managed []any
	for _, attach := range inputs[iam.AttachRolePolicyInput](w) {
		if !strings.HasSuffix(*attach.PolicyArn, "AmazonDynamoDBFullAccess") { // which the local AWS refuses
			managed = append(managed, *attach.PolicyArn)
		}
	}
	if managed != nil {
		role["ManagedPolicyArns"] = managed
	}
	add("AWS::IAM::Role", role)

	group := fields(t, only[cloudwatchlogs.CreateLogGroupInput](w))
	group["RetentionInDays"] = fields(t, only[cloudwatchlogs.PutRetentionPolicyInput](w))["RetentionInDays"]
	group["Tags"] = tagPairs(group["Tags"])
	add("AWS::Logs::LogGroup", group)

	function := fields(t, only[lambda.CreateFunctionInput](w))
	function["Tags"] = tagPairs(function["Tags"])
	function["Code"] = w.cfg.FunctionName() + ".zip" // a file's name, for aws cloudformation package
	add("AWS::Lambda::Function", function, "Publish")

	url := fields(t, only[lambda.CreateFunctionUrlConfigInput](w))
	url["TargetFunctionArn"] = w.cfg.FunctionARN()
	add("AWS::Lambda::Url", url, "FunctionName")
	for _, permission := range inputs[lambda.AddPermissionInput](w) {
		add("AWS::Lambda::Permission", fields(t, permission), "StatementId")
	}
	for _, create := range inputs[sns.CreateTopicInput](w) {
		topic := fields(t, create)
		topic["TopicName"] = *create.Name
		add("AWS::SNS::Topic", topic, "Name")
	}
	for _, subscribe := range inputs[sns.SubscribeInput](w) {
		add("AWS::SNS::Subscription", fields(t, subscribe), "ReturnSubscriptionArn")
	}
	for _, put := range inputs[cloudwatch.PutMetricAlarmInput](w) {
		add("AWS::CloudWatch::Alarm", fields(t, put))
	}
	for _, create := range inputs[budgets.CreateBudgetInput](w) {
		add("AWS::Budgets::Budget", fields(t, create), "AccountId")
	}
	return all
}

// Every property of every resource is what Apply sends, and nothing that Apply
// sends is left out.
func TestTheTemplateHasWhatApplySends(t *testing.T) {
	made(t, func(t *testing.T, w *world) {
		want := sentResources(t, w)
		seen := map[string]int{}
		for _, step := range stepsWithResources {
			all := readTemplate(t, provision.ElsewhereOf(w.cfg, step).Template)
			for _, id := range inFileOrder(t, provision.ElsewhereOf(w.cfg, step).Template) {
				r := all.Resources[id]
				i := seen[r.Type]
				seen[r.Type]++
				if i >= len(want[r.Type]) {
					t.Errorf("Apply sends no %s that would be %s", r.Type, id)
					continue
				}
				if got := valueOf(t, w.cfg, &r.Properties); !reflect.DeepEqual(got, any(want[r.Type][i])) {
					t.Errorf("%s is\n%s\nand Apply sends\n%s", id, asJSON(t, got), asJSON(t, want[r.Type][i]))
				}
			}
		}
		for kind, resources := range want {
			if seen[kind] != len(resources) {
				t.Errorf("there are %d of %s in the template, and %d in Apply", seen[kind], kind, len(resources))
			}
		}
	})
}

// inFileOrder are the resources' names in the order in which they stand there.
func inFileOrder(t *testing.T, text string) []string {
	t.Helper()
	var all struct {
		Resources yaml.Node `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := 0; i < len(all.Resources.Content); i += 2 {
		ids = append(ids, all.Resources.Content[i].Value)
	}
	return ids
}

// A whole template can be deployed: it names nothing that is in another one, and
// all of them together have every step's resources.
func TestTheWholeTemplatesStandByThemselves(t *testing.T) {
	made(t, func(t *testing.T, w *world) {
		var want, got []string
		for _, step := range stepsWithResources {
			want = append(want, inFileOrder(t, provision.ElsewhereOf(w.cfg, step).Template)...)
		}
		documents := provision.Templates(w.cfg)
		if want := 2; w.cfg.Region != provision.BillingRegion && len(documents) != want {
			t.Errorf("there are %d templates", len(documents))
		} else if w.cfg.Region == provision.BillingRegion && len(documents) != 1 {
			t.Errorf("there are %d templates for one Region", len(documents))
		}
		for _, d := range documents {
			all := readTemplate(t, d.Text)
			got = append(got, inFileOrder(t, d.Text)...)
			if all.AWSTemplateFormatVersion != "2010-09-09" {
				t.Errorf("%s has the version %q", d.Title, all.AWSTemplateFormatVersion)
			}
			if !strings.Contains(d.Text, "--template-file "+d.Title) && !strings.Contains(d.Text, "package --template-file "+d.Title) {
				t.Errorf("%s does not say how it is deployed", d.Title)
			}
			exists := func(id string) {
				if _, ok := all.Resources[id]; !ok {
					t.Errorf("%s refers to %s, which is not in it", d.Title, id)
				}
			}
			var walk func(*yaml.Node)
			walk = func(n *yaml.Node) {
				switch n.Tag {
				case "!Ref":
					exists(n.Value)
				case "!GetAtt":
					id, _, _ := strings.Cut(n.Value, ".")
					exists(id)
				}
				for _, child := range n.Content {
					walk(child)
				}
			}
			for _, r := range all.Resources {
				walk(&r.Properties)
				if r.DependsOn != "" {
					exists(r.DependsOn)
				}
			}
			for _, o := range all.Outputs {
				walk(&o.Value)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the templates have\n%v\nand the steps\n%v", got, want)
		}
	})
}
