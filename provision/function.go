package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

type functionAPI interface {
	GetFunction(ctx context.Context, in *lambda.GetFunctionInput, opts ...func(*lambda.Options)) (*lambda.GetFunctionOutput, error)
	CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput, opts ...func(*lambda.Options)) (*lambda.CreateFunctionOutput, error)
	UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput, opts ...func(*lambda.Options)) (*lambda.UpdateFunctionCodeOutput, error)
	UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput, opts ...func(*lambda.Options)) (*lambda.UpdateFunctionConfigurationOutput, error)
	TagResource(ctx context.Context, in *lambda.TagResourceInput, opts ...func(*lambda.Options)) (*lambda.TagResourceOutput, error)
	DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput, opts ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error)
}

// The function's settings. More memory is more CPU: at 128 MB importing boto3
// alone takes seconds, at 256 MB the first answer comes well inside the timeout,
// and the free 400,000 GB-seconds are still 1.6 million seconds.
const (
	functionTimeout = 5   // seconds; a function that hangs is billed until then
	functionMemory  = 256 // MB
)

// function is step 3: the Lambda function and its log group.
type function struct {
	cfg   Config
	api   functionAPI
	group logGroup
	ready Code // what is sent, once it is built

	// deleted says that Destroy has run: a group without our tag is then the one
	// that Lambda has made again for the function's last lines.
	deleted bool
}

func newFunction(cfg Config, api functionAPI, logs logsAPI) Step {
	return &function{cfg: cfg, api: api, group: logGroup{cfg: cfg, api: logs}}
}

func (f *function) Describe() Description {
	return Description{
		Name:     "function",
		Resource: f.cfg.FunctionName(),
		What:     fmt.Sprintf("A Lambda function named %s that runs the to-do handler, and its log group.", f.cfg.FunctionName()),
		Why: "Lambda runs a piece of code for each request and nothing in between: no server to rent, patch or forget. " +
			"This one reads the request, puts an item into the table or lists them, and answers in JSON.",
		Purpose: "Runs your code at each request.",
		Cover:   "1 million requests a month",
		Without: "There is no code to answer a request.",
		Settings: []Setting{
			{"runtime", f.runtime(nil), "AWS keeps it patched", "The language, kept patched by AWS."},
			f.codeSetting(),
			f.handlerSetting(),
			{"role", f.cfg.RoleName(), "what the code may do", "What the code may do; from the step before."},
			{"timeout", fmt.Sprintf("%d s", functionTimeout), "a call that hangs must end", "You pay for time, so a call that hangs must end."},
			{"memory", fmt.Sprintf("%d MB", functionMemory), "the CPU grows with it", "CPU comes with memory; this is quick, and 1.6 million seconds of it a month are free."},
			{"log retention", days(retentionDays), "else lines stay for ever", "Lambda's own log groups keep every line for ever; this one is made first, so that it does not."},
		},
		Cost:   "Nothing up to 1 million requests and 400,000 GB-seconds a month.",
		Settle: 5 * time.Minute,
	}
}

// functionSeen is what Observe saw; each part is nil where there is nothing.
type functionSeen struct {
	config *types.FunctionConfiguration
	tags   map[string]string
	group  *groupSeen

	reserved *int32 // its own concurrency; nil when nobody has set one
}

// Observe looks at the function, its log group and the group's tags in one go.
func (f *function) Observe(ctx context.Context) (Observation, error) {
	s := &functionSeen{}
	var group groupSeen
	err := f.cfg.Clock.whole(ctx, func() (bool, error) {
		err := together(ctx,
			func(ctx context.Context) (err error) { s.config, s.tags, s.reserved, err = f.find(ctx); return },
			func(ctx context.Context) (err error) { group.LogGroup, err = f.group.find(ctx); return },
			func(ctx context.Context) (err error) { group.tags, err = f.group.tags(ctx); return },
		)
		return group.LogGroup != nil && group.tags == nil, err
	})
	if err != nil {
		return Observation{}, err
	}
	if group.LogGroup != nil {
		s.group = &group
	}
	return f.judge(s), nil
}

// find gets the function, its tags and its reserved concurrency; a nil
// configuration means that there is none.
func (f *function) find(ctx context.Context) (*types.FunctionConfiguration, map[string]string, *int32, error) {
	out, err := f.api.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String(f.cfg.FunctionName())})
	if err != nil {
		return nil, nil, nil, unlessGone(err)
	}
	if e := out.TagsError; e != nil {
		// Without the tags nobody knows whose it is.
		return nil, nil, nil, fmt.Errorf("read the tags of %s: %w", f.cfg.FunctionName(), &smithy.OperationError{
			ServiceID: lambda.ServiceID, OperationName: "ListTags",
			Err: &smithy.GenericAPIError{Code: aws.ToString(e.ErrorCode), Message: aws.ToString(e.Message)},
		})
	}
	var reserved *int32
	if out.Concurrency != nil {
		reserved = out.Concurrency.ReservedConcurrentExecutions
	}
	return out.Configuration, out.Tags, reserved, nil
}

// judge makes one observation of the function and its group. A group without
// any tag under a function of ours belongs to the function: Lambda makes one
// when it is missing. Without a function it may be anybody's.
func (f *function) judge(s *functionSeen) Observation {
	o := Observation{Detail: s}
	mine, _ := f.cfg.owned(s.tags)
	if s.group != nil && !f.cfg.Adopt {
		if ours, owner := f.ownsGroup(s); !ours {
			o.State, o.Owner = Foreign, fmt.Sprintf("the log group %s: %s", f.cfg.LogGroupName(), owner)
		}
	}
	if s.config == nil {
		switch {
		case o.State == Foreign:
		case s.group == nil:
			o.State = Absent
		default:
			o.State = Drift
			if f.deleted {
				o.Wait = groupAgain
			}
			o.Diffs = append([]Diff{{Field: "function", Have: "missing", Want: "there"}}, f.group.diffs(s.group)...)
		}
		return o
	}
	o.ID = f.cfg.FunctionARN()
	f.judgeCode(&o, s.config, s.tags)
	o.Diffs = slices.Concat(o.Diffs, f.configDiffs(s.config), f.group.diffs(s.group))
	o.Pending, o.Failed = progress(s.config)
	o.Wait = waitOfFunction(s.config)
	if o.Failed != "" {
		o.Diffs = append(o.Diffs, Diff{Field: "state", Have: "Failed: " + o.Failed, Want: string(types.StateActive)})
	}
	if o.State == Foreign {
		if mine {
			o.State = Mixed
		}
		return o
	}
	o = f.cfg.judge(o, s.tags)
	if o.State == Foreign && s.group != nil {
		if ours, _ := f.ownsGroup(s); ours {
			o.State, o.Owner = Mixed, fmt.Sprintf("the function %s: %s", f.cfg.FunctionName(), o.Owner)
		}
	}
	return o
}

// ownsGroup says whether the group that was seen is ours, and if not, whose.
func (f *function) ownsGroup(s *functionSeen) (ours bool, owner string) {
	ours, owner = f.cfg.owned(s.group.tags)
	mine, _ := f.cfg.owned(s.tags)
	return ours || len(s.group.tags) == 0 && (f.deleted || s.config != nil && mine), owner
}

// progress says what Lambda is doing with the function by itself, or why it has
// given up. No update status means an update that has only begun.
// https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
func progress(c *types.FunctionConfiguration) (pending, failed string) {
	switch c.State {
	case types.StatePending, types.StateDeleting:
		return string(c.State), ""
	case types.StateFailed:
		return "", whyFailed(c.StateReason, string(c.StateReasonCode))
	}
	switch c.LastUpdateStatus {
	case types.LastUpdateStatusInProgress, "":
		return "an update in progress", ""
	case types.LastUpdateStatusFailed:
		return "", whyFailed(c.LastUpdateStatusReason, string(c.LastUpdateStatusReasonCode))
	}
	return "", ""
}

func whyFailed(text *string, code string) string {
	if t := strings.TrimSpace(aws.ToString(text)); t != "" {
		return t
	}
	if code != "" {
		return code
	}
	return "AWS gives no reason"
}

func (f *function) configDiffs(c *types.FunctionConfiguration) []Diff {
	var diffs []Diff
	differ := func(field, have, want string) {
		if have != want {
			diffs = append(diffs, Diff{Field: field, Have: have, Want: want})
		}
	}
	differ("runtime", string(c.Runtime), f.runtime(c))
	differ("handler", aws.ToString(c.Handler), f.code(c).Handler)
	differ("role", aws.ToString(c.Role), f.cfg.RoleARN())
	differ("timeout", fmt.Sprintf("%d s", aws.ToInt32(c.Timeout)), fmt.Sprintf("%d s", functionTimeout))
	differ("memory", fmt.Sprintf("%d MB", aws.ToInt32(c.MemorySize)), fmt.Sprintf("%d MB", functionMemory))
	return diffs
}

// Apply makes the log group and the function, or repairs them. The group comes
// first, because Lambda would make its own; its retention is set while the
// function is being created, which nobody can call yet.
func (f *function) Apply(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*functionSeen)
	if !ok {
		return errors.New("the function has not been looked at")
	}
	if err := f.otherLanguage(s); err != nil {
		return err
	}
	if err := f.build(ctx, s); err != nil {
		return err
	}
	made, err := f.group.ensure(ctx, s.group)
	if apiCode(err) == "ResourceAlreadyExistsException" {
		return f.again(ctx, err, func(s *functionSeen) bool { return s.group != nil })
	}
	if err != nil {
		return err
	}
	err = together(ctx,
		func(ctx context.Context) error { return f.group.retain(ctx, s.group) },
		func(ctx context.Context) error { return f.ensure(ctx, s) },
	)
	var foreign *ForeignError
	if made && errors.As(err, &foreign) {
		// Somebody has just made a function of this name: take our group away again.
		return errors.Join(err, f.group.remove(ctx))
	}
	return err
}

// A taken is the step as claimed sees it when the name of one of its two parts
// was found taken: the other part, which does show, says nothing about it.
type taken struct {
	*function
	shows func(*functionSeen) bool
}

func (t taken) Observe(ctx context.Context) (Observation, error) {
	o, err := t.function.Observe(ctx)
	if s, looked := o.Detail.(*functionSeen); looked && !t.shows(s) {
		o.State = Absent
	}
	return o, err
}

// again decides who has the name that was found taken, and goes on from there.
func (f *function) again(ctx context.Context, conflict error, shows func(*functionSeen) bool) error {
	seen, err := f.cfg.Clock.claimed(ctx, taken{f, shows}, Spread, conflict)
	if err != nil || seen.State == OK {
		return err
	}
	return f.Apply(ctx, seen)
}

func (f *function) ensure(ctx context.Context, s *functionSeen) error {
	if s.config != nil && s.config.State == types.StateDeleting {
		if err := f.waitGone(ctx); err != nil {
			return err
		}
		return f.create(ctx)
	}
	if s.config == nil {
		return f.create(ctx)
	}
	return f.update(ctx, s)
}

// notYet are what Lambda says while IAM is still spreading a new role. The same
// code also stands for real mistakes, so the text decides.
// https://github.com/hashicorp/terraform-provider-aws, internal/service/lambda
var notYet = []string{
	"cannot be assumed by Lambda",
	"does not have permissions",
	"KMS key is invalid for CreateGrant",
	"throttled by EC2",
}

func isNotYet(err error) bool {
	return apiCode(err) == "InvalidParameterValueException" &&
		slices.ContainsFunc(notYet, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// CannotAssume says that Lambda could not take the function's role, after all the
// time that IAM may need to spread it.
func CannotAssume(err error) bool {
	return isNotYet(err) && strings.Contains(err.Error(), notYet[0])
}

func (f *function) create(ctx context.Context) error {
	err := f.cfg.Clock.until(ctx, roleCopying, roleSpread, func() (bool, error, error) {
		in := f.createInput(f.ready)
		in.Tags[TagSHA256] = f.ready.SHA256
		if f.ready.Digest != "" {
			in.Tags[TagBuilt] = f.ready.built()
		}
		_, err := f.api.CreateFunction(ctx, in)
		if isNotYet(err) {
			return false, err, nil
		}
		return err == nil, nil, err
	})
	if apiCode(err) != "ResourceConflictException" {
		return err
	}
	return f.again(ctx, err, func(s *functionSeen) bool { return s.config != nil })
}

// createInput is the function as it is asked for, and as Elsewhere tells it; the
// hash of the code is added to what is asked for, as elsewhere it is another zip.
func (f *function) createInput(code Code) *lambda.CreateFunctionInput {
	return &lambda.CreateFunctionInput{
		FunctionName:  aws.String(f.cfg.FunctionName()),
		Description:   aws.String("The to-do handler. Made by todoctl."),
		Runtime:       types.Runtime(f.runtime(nil)),
		Handler:       aws.String(code.Handler),
		Role:          aws.String(f.cfg.RoleARN()),
		Code:          &types.FunctionCode{ZipFile: code.Zip},
		PackageType:   types.PackageTypeZip,
		Architectures: []types.Architecture{code.architecture()},
		Timeout:       aws.Int32(functionTimeout),
		MemorySize:    aws.Int32(functionMemory),
		Tags:          f.tags(),
	}
}

// Destroy deletes the function, waits until it is gone, and deletes its log
// group: the other way round its last lines could make the group again. Of the
// two it leaves the one that is not ours.
func (f *function) Destroy(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*functionSeen)
	if !ok {
		return errors.New("the function has not been looked at")
	}
	ownsGroup := true
	if s.group != nil {
		ownsGroup, _ = f.ownsGroup(s)
	}
	mine, _ := f.cfg.owned(s.tags)
	if s.config != nil && mine {
		err := f.cfg.Clock.until(ctx, functionBusy, f.Describe().Settle, func() (bool, error, error) {
			_, err := f.api.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String(f.cfg.FunctionName())})
			if apiCode(err) == "ResourceConflictException" { // being created, changed or deleted
				return false, err, nil
			}
			return err == nil || isGone(err), nil, unlessGone(err)
		})
		if err != nil {
			return err
		}
		if err := f.waitGone(ctx); err != nil {
			return err
		}
	}
	f.deleted = f.deleted || s.config == nil || mine
	if !ownsGroup {
		return nil
	}
	return f.group.remove(ctx)
}

func (f *function) waitGone(ctx context.Context) error {
	return f.cfg.Clock.until(ctx, functionDeleting, f.Describe().Settle, func() (bool, error, error) {
		config, _, _, err := f.find(ctx)
		return config == nil, &UnsettledError{Waited: f.Describe().Settle, Seen: Observation{State: Drift, Pending: string(types.StateDeleting)}, Goal: Down}, err
	})
}
