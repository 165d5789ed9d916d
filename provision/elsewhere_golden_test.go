package provision_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"todoctl/provision"
)

var update = flag.Bool("update", false, "rewrite the expected texts of Elsewhere")

// learner is a stack with every default, and an address.
var learner = provision.Config{
	Account: "123456789012", Partition: "aws", Region: "eu-central-1", Stack: provision.DefaultStack, Version: "1.0.0",
	Email: "me@example.com", Code: provision.Code{Handler: "lambda_function.lambda_handler"},
}

// elsewhereFiles are what ElsewhereOf tells, as files that a person can read.
func elsewhereFiles(cfg provision.Config) map[string]string {
	files := map[string]string{}
	for _, step := range allSteps {
		e := provision.ElsewhereOf(cfg, step)
		text := "# " + e.Clicks + "\n# " + e.Console + "\n# " + provision.Console(cfg, step) + "\n"
		for _, command := range e.Commands {
			text += "\n" + command + "\n"
		}
		text += "\n# " + strings.Join(e.Notes, "\n# ") + "\n"
		files[step+".sh"] = text
		for i, p := range e.Policies {
			if i > 0 {
				files[step+".jsonc"] += "\n"
			}
			files[step+".jsonc"] += "// " + p.Title + "\n" + p.Text + "\n"
		}
	}
	for _, d := range provision.Templates(cfg) {
		files[d.Title] = d.Text
	}
	return files
}

// The texts of a stack with every default, for a person to read and to judge.
func TestElsewhereReadsWell(t *testing.T) {
	folder := filepath.Join("testdata", "elsewhere")
	files := elsewhereFiles(learner)
	for name, text := range files {
		path := filepath.Join(folder, name)
		if *update {
			if err := os.MkdirAll(folder, 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s is not the same any more; read it and run this test with -update:\n%s", name, text)
		}
	}
	for _, found := range must[[]os.DirEntry](t)(os.ReadDir(folder)) {
		if _, told := files[found.Name()]; !told {
			t.Errorf("%s is not told any more", found.Name())
		}
	}
}

// unbreakable is a line of one name and one word, which no layout can make
// shorter: an ARN, or a sentence in quotes.
var unbreakable = regexp.MustCompile(`^ *(- )?\S+ ("[^"]*"|'.*'|\S+)(,| \\)?$`)

func TestElsewhereFitsATerminal(t *testing.T) {
	wide := learner
	wide.Policy, wide.Stack = provision.PolicyTutorial, strings.Repeat("L", 32)
	for _, cfg := range []provision.Config{learner, wide} {
		for _, step := range allSteps {
			e := provision.ElsewhereOf(cfg, step)
			texts := append([]string{e.Template}, e.Commands...)
			for _, p := range e.Policies {
				texts = append(texts, p.Text)
			}
			for _, d := range provision.Templates(cfg) {
				texts = append(texts, d.Text)
			}
			for line := range strings.SplitSeq(strings.Join(texts, "\n"), "\n") {
				if len(line) > 78 && !unbreakable.MatchString(line) {
					t.Errorf("%s: %d columns: %s", step, len(line), line)
				}
			}
		}
	}
}

// Each step has all that a page of the walkthrough shows, and a word that is no
// step's has nothing.
func TestEveryStepIsToldElsewhere(t *testing.T) {
	for _, step := range allSteps {
		e := provision.ElsewhereOf(learner, step)
		if e.Console == "" || e.Clicks == "" || len(e.Commands) < 2 || len(e.Notes) == 0 || provision.Console(learner, step) == "" {
			t.Errorf("%s is told so: %+v", step, e)
		}
		if has := e.Template != ""; has == (step == "test") {
			t.Errorf("%s has a template: %t", step, has)
		}
	}
	if e := provision.ElsewhereOf(learner, "tabel"); len(e.Commands)+len(e.Policies) > 0 || e.Console+e.Clicks+e.Template != "" {
		t.Errorf("a word that is no step's is told so: %+v", e)
	}
}

// Every reason of the page that a template borrows is there: a setting of
// another name would leave a property without its reason.
func TestThePropertiesHaveTheirReasons(t *testing.T) {
	for _, choose := range elsewhereChoices {
		cfg := learner
		choose(&cfg)
		all := ""
		for _, d := range provision.Templates(cfg) {
			all += d.Text
		}
		lines := strings.Split(all, "\n")
		for i, line := range lines {
			name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
			switch name {
			case "BillingMode", "KeySchema", "ProvisionedThroughput", "TableClass", "ManagedPolicyArns", "RetentionInDays", "Runtime",
				"Handler", "Code", "MemorySize", "Timeout", "AuthType", "Cors", "Threshold", "TreatMissingData", "BudgetLimit", "CostTypes",
				"Subscription", "UrlPermission", "UrlInvokePermission":
				ofNotification := name == "Threshold" && strings.HasPrefix(line, strings.Repeat(" ", 12))
				if !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "#") && !ofNotification {
					t.Errorf("%s has no reason", name)
				}
			}
		}
	}
}

func TestTheConsolesPages(t *testing.T) {
	for _, c := range []struct{ step, partition, region, create, made string }{
		{"table", "aws", "eu-central-1", "https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#create-table", "https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#table?name=TodoTable"},
		{"role", "aws", "eu-central-1", "https://console.aws.amazon.com/iam/home#/roles/create?trustedEntityType=AWS_SERVICE&selectedService=Lambda&selectedUseCase=Lambda", "https://console.aws.amazon.com/iam/home#/roles/details/LambdaTodoRole"},
		{"function", "aws", "us-east-1", "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/create/function", "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/functions/TodoHandler"},
		{"url", "aws", "us-east-1", "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/functions/TodoHandler?subtab=url&tab=configure", "https://us-east-1.console.aws.amazon.com/lambda/home?region=us-east-1#/functions/TodoHandler?subtab=url&tab=configure"},
		{"test", "aws", "us-east-1", "https://us-east-1.console.aws.amazon.com/dynamodbv2/home?region=us-east-1#item-explorer?table=TodoTable", "https://us-east-1.console.aws.amazon.com/dynamodbv2/home?region=us-east-1#item-explorer?table=TodoTable"},
		{"alarm", "aws", "eu-central-1", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:create", "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/TodoBillingAlarm"},
		{"table", "aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/dynamodbv2/home?region=cn-north-1#create-table", "https://cn-north-1.console.amazonaws.cn/dynamodbv2/home?region=cn-north-1#table?name=TodoTable"},
		{"table", "aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/dynamodbv2/home?region=us-gov-west-1#create-table", "https://us-gov-west-1.console.amazonaws-us-gov.com/dynamodbv2/home?region=us-gov-west-1#table?name=TodoTable"},
		{"role", "aws-cn", "cn-north-1", "https://console.amazonaws.cn/iam/home#/roles/create?trustedEntityType=AWS_SERVICE&selectedService=Lambda&selectedUseCase=Lambda", "https://console.amazonaws.cn/iam/home#/roles/details/LambdaTodoRole"},
	} {
		cfg := learner
		cfg.Partition, cfg.Region = c.partition, c.region
		if got := provision.ConsoleCreate(cfg, c.step); got != c.create {
			t.Errorf("the %s is made on %s, want %s", c.step, got, c.create)
		}
		if got := provision.Console(cfg, c.step); got != c.made {
			t.Errorf("the %s is seen on %s, want %s", c.step, got, c.made)
		}
		must[*url.URL](t)(url.Parse(c.made))
	}
	cfg := learner
	cfg.Guard = provision.GuardBudget
	if got, want := provision.Console(cfg, "alarm"), "https://console.aws.amazon.com/costmanagement/home#/budgets/details?name=TodoBudget"; got != want {
		t.Errorf("the budget is seen on %s, want %s", got, want)
	}
	if got, want := provision.ConsoleCreate(cfg, "alarm"), "https://console.aws.amazon.com/costmanagement/home#/budgets/create"; got != want {
		t.Errorf("the budget is made on %s, want %s", got, want)
	}
	for _, c := range []struct{ got, want string }{
		{provision.ConsoleBillingPreferences(cfg), "https://console.aws.amazon.com/billing/home#/preferences"},
		{provision.ConsoleAccount(cfg), "https://console.aws.amazon.com/billing/home#/account"},
		{provision.ConsoleBills(cfg), "https://console.aws.amazon.com/billing/home#/bills"},
		{provision.ConsoleFreeTier(cfg), "https://console.aws.amazon.com/billing/home#/freetier"},
		{provision.ConsoleBudgets(cfg), "https://console.aws.amazon.com/costmanagement/home#/budgets"},
	} {
		if c.got != c.want {
			t.Errorf("the page is %s, want %s", c.got, c.want)
		}
	}
}
