package provision

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"
)

// A Config is what one stack should be. Every name and every ARN follows from
// it, so that no step hands anything to another.
type Config struct {
	Account   string // 12 digits
	Partition string // "aws"
	Region    string // where the API lives
	Stack     string // "Todo"
	Version   string // todoctl's own, for the tag
	Clock     Clock
	Local     bool // AWS is the one inside the program

	// Progress is told of each page of items that was read and each batch that was
	// written: how many there were since the count, the backup or the restore
	// began. A table's 5 and 5 units make an hour of work out of some megabytes,
	// and who stops what hangs must not stop that. Nil means nobody listens.
	Progress func(items int)

	Adopt bool // take over what has the name and not our tag

	// What a person chooses. The zero value means no choice for this run: what is
	// there already stays, and what is not there gets the default. So a choice
	// need not be repeated, and no file has to remember it.
	Index    Index  // what lists are read from; IndexNone by default
	Policy   Policy // what the role may do; PolicyLeast by default
	Runtime  string // Lambda runtime identifier, or "go"; DefaultRuntime by default
	Auth     Auth   // who may call the URL; AuthNone by default
	Guard    Guard  // what watches the bill
	Email    string // who is told; "" means nobody
	LimitUSD int    // the bill that is worth a mail, in US dollars
	Code     Code   // what runs
	OwnCode  bool   // Code is the learner's own, chosen for this run

	// Codes are todoctl's own code in each language: which of them Code is follows
	// from the runtime, and that is what stands on AWS unless one was chosen.
	Codes map[string]Code

	// ReplaceCode puts Code in the place of whatever runs. Without it, code that
	// somebody has put there since the last upload stays, and the learner's own
	// stays where OwnCode is false.
	ReplaceCode bool
	Fresh       bool // the test writes an item even when one is there
}

// Policy says what the function's role may do.
type Policy string

const (
	PolicyLeast    Policy = "least"    // the table's items and the log streams, no more
	PolicyTutorial Policy = "tutorial" // the two managed policies that the book attaches
)

// Auth says who may call the Function URL.
type Auth string

const (
	AuthNone Auth = "none" // everybody who has the link
	AuthIAM  Auth = "iam"  // signed requests of the account
)

// Guard says what watches the bill.
type Guard string

const (
	GuardBudget Guard = "budget"
	GuardAlarm  Guard = "alarm"
	GuardBoth   Guard = "both"
)

// Code is a function's deployment package.
type Code struct {
	Zip      []byte
	SHA256   string // base64, as Lambda's CodeSha256
	Handler  string // "lambda_function.lambda_handler"
	Source   string // where it comes from, in words
	Language string // Python by default

	Architecture string // "x86_64" by default, or "arm64"

	// Build makes the package of a program that is built only when it is sent; nil
	// where it is there already. Digest stands for what it is built from.
	Build  func(ctx context.Context) (Code, error)
	Digest string
}

// The tags that mark what todoctl made. The stack's tag is the owner's mark;
// the version is for people.
const (
	TagStack   = "todoctl:stack"
	TagVersion = "todoctl:version"

	// TagRegion keeps two stacks of one name apart: the role, the budget and the
	// alarm are the account's and not a Region's, and would be shared.
	TagRegion = "todoctl:region"

	// TagCode marks a function whose code is the learner's own, so that a run
	// without --source does not put todoctl's handler in its place.
	TagCode   = "todoctl:code"
	ownCode   = "own"
	todosCode = "todoctl" // it was, and todoctl's handler was put there again

	// TagSHA256 has Lambda's hash of the code that todoctl has uploaded last: other
	// code was put there by somebody else. While an upload is on its way it has two,
	// that of the code which goes and that of the code which comes, so that whatever a
	// killed run leaves behind is never taken for somebody's. Without it (todoctl had
	// none at first) all code counts as known.
	TagSHA256 = "todoctl:sha256"

	// TagAuth on the function says that its URL takes signed requests only, so that
	// a URL that somebody has deleted or opened is never public by default.
	TagAuth = "todoctl:auth"

	// TagBuilt says from which files a function's program was built, and the hash of
	// what became of them. It is written before the program is sent: what a killed
	// run leaves behind is either the code of before or this one.
	TagBuilt = "todoctl:built"

	// TagGuard is the --guard that was chosen, on what it made.
	TagGuard = "todoctl:guard"
)

// DefaultRuntime is the book's. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
const DefaultRuntime = "python3.12"

// DefaultStack is the stack of the book's names.
const DefaultStack = "Todo"

// BillingRegion is the only Region that has billing metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
const BillingRegion = "us-east-1"

var stackName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,31}$`)

// CheckStack says whether a stack's name makes valid names everywhere. Letters
// and digits fit all nine services; 32 keeps "Lambda...Role" under IAM's 64.
func CheckStack(name string) error {
	if !stackName.MatchString(name) {
		return fmt.Errorf("the stack name %q must be 1 to 32 letters and digits and start with a letter", name)
	}
	return nil
}

func (c Config) TableName() string    { return c.Stack + "Table" }
func (c Config) RoleName() string     { return "Lambda" + c.Stack + "Role" }
func (c Config) PolicyName() string   { return c.Stack + "Access" }
func (c Config) FunctionName() string { return c.Stack + "Handler" }
func (c Config) LogGroupName() string { return "/aws/lambda/" + c.FunctionName() }
func (c Config) TopicName() string    { return c.Stack + "BillingTopic" }
func (c Config) AlarmName() string    { return c.Stack + "BillingAlarm" }
func (c Config) BudgetName() string   { return c.Stack + "Budget" }

func (c Config) arn(service, region, resource string) string {
	return strings.Join([]string{"arn", c.Partition, service, region, c.Account, resource}, ":")
}

func (c Config) TableARN() string { return c.arn("dynamodb", c.Region, "table/"+c.TableName()) }

// IndexARN is the ARN of the table's index of the newest items, whether or not it
// has one.
func (c Config) IndexARN() string { return c.TableARN() + "/index/" + IndexName }
func (c Config) RoleARN() string  { return c.arn("iam", "", "role/"+c.RoleName()) }
func (c Config) FunctionARN() string {
	return c.arn("lambda", c.Region, "function:"+c.FunctionName())
}

// LogGroupARN has no ":*" at its end: that form is for policies.
func (c Config) LogGroupARN() string {
	return c.arn("logs", c.Region, "log-group:"+c.LogGroupName())
}
func (c Config) TopicARN() string  { return c.arn("sns", BillingRegion, c.TopicName()) }
func (c Config) AlarmARN() string  { return c.arn("cloudwatch", BillingRegion, "alarm:"+c.AlarmName()) }
func (c Config) BudgetARN() string { return c.arn("budgets", "", "budget/"+c.BudgetName()) }

// Tags are put on everything that can carry them, in the call that creates it.
func (c Config) Tags() map[string]string {
	return map[string]string{TagStack: c.Stack, TagRegion: c.Region, TagVersion: c.Version}
}

// owned judges a resource by its tags. When it is not ours, owner says what the
// tags tell.
func (c Config) owned(tags map[string]string) (ours bool, owner string) {
	switch stack, tagged := tags[TagStack]; {
	case tagged && stack == c.Stack && c.elsewhere(tags):
		return false, fmt.Sprintf("it belongs to the stack %q in %s", stack, tags[TagRegion])
	case tagged && stack == c.Stack:
		return true, ""
	case tagged:
		return false, fmt.Sprintf("it belongs to todoctl's stack %q", stack)
	case tags["aws:cloudformation:stack-name"] != "":
		return false, fmt.Sprintf("it belongs to the CloudFormation stack %q", tags["aws:cloudformation:stack-name"])
	}
	return false, "it has no tag " + TagStack
}

// elsewhere says that a resource is that of the same stack in another Region.
func (c Config) elsewhere(tags map[string]string) bool {
	region := tags[TagRegion]
	return region != "" && region != c.Region
}

// judge turns tags and differences into a state. An adopted resource is Drift,
// with its missing tag as the first difference, so that Apply tags it.
func (c Config) judge(o Observation, tags map[string]string) Observation {
	ours, owner := c.owned(tags)
	switch {
	case !ours && !c.Adopt:
		o.State, o.Owner = Foreign, owner
	case !ours:
		o.State = Drift
		o.Diffs = append([]Diff{{Field: "tag " + TagStack, Have: cmp.Or(tags[TagStack], "none"), Want: c.Stack}}, o.Diffs...)
	case len(o.Diffs) > 0 || o.Pending != "":
		o.State = Drift
	default:
		o.State = OK
	}
	return o
}

// progressed tells of a page or a batch of items.
func (c Config) progressed(items int) {
	if c.Progress != nil {
		c.Progress(items)
	}
}

// command is a todoctl command for this stack, to paste.
func (c Config) command(words string) string {
	line := "todoctl " + words
	if c.Local {
		line += " --local"
	}
	if c.Stack != DefaultStack {
		line += " --stack " + c.Stack
	}
	return line
}
