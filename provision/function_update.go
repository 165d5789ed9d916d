package provision

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// update brings a function of ours to what it should be: whose it is, then the tag
// that has the hash of the code to come, then the code, then the configuration,
// because Lambda takes one change at a time. The tag with the hash of the code that is
// there comes last: Lambda takes tags from whoever has an old look too, and refuses
// such a run its changes, which so come first.
//
// A role that was deleted and made again under its old name is no difference
// here: the ARN is the same, and without environment variables Lambda holds no
// KMS grant that names the old one.
func (f *function) update(ctx context.Context, s *functionSeen) error {
	ours, _ := f.cfg.owned(s.tags)
	if !ours || f.cfg.OwnCode && s.tags[TagCode] != ownCode && !f.keepsCode(s.config, s.tags) {
		if err := f.tag(ctx, f.tags()); err != nil {
			return err
		}
	}
	if s.config.State == types.StateFailed {
		_, failed := progress(s.config)
		return &FailedError{Resource: f.cfg.FunctionName() + " (run down, then up again)", Reason: failed}
	}
	code := func(c *types.FunctionConfiguration) bool { return len(f.codeDiffs(c, s.tags)) > 0 }
	settings := func(c *types.FunctionConfiguration) bool {
		return len(f.configDiffs(c)) > 0 || c.LastUpdateStatus == types.LastUpdateStatusFailed
	}
	now, tags := s.config, s.tags
	if code(now) {
		var err error
		if tags, err = f.tagUpload(ctx, now, tags); err != nil {
			return err
		}
		if now, err = f.change(ctx, now, code, f.sendCode); err != nil {
			return err
		}
		if _, failed := progress(now); failed != "" {
			return &FailedError{Resource: f.cfg.FunctionName(), Reason: failed}
		}
	}
	if settings(now) {
		var err error
		if now, err = f.change(ctx, now, settings, f.sendConfiguration); err != nil {
			return err
		}
	}
	return f.tagCode(ctx, now, tags)
}

// tag writes tags of the function when it is free for that.
// https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
func (f *function) tag(ctx context.Context, tags map[string]string) error {
	return f.cfg.Clock.until(ctx, functionBusy, f.Describe().Settle, func() (bool, error, error) {
		_, err := f.api.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(f.cfg.FunctionARN()), Tags: tags})
		if apiCode(err) == "ResourceConflictException" {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// sendCode returns when the function was changed by it.
func (f *function) sendCode(ctx context.Context, now *types.FunctionConfiguration) (time.Time, error) {
	out, err := f.api.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
		FunctionName:  aws.String(f.cfg.FunctionName()),
		ZipFile:       f.ready.Zip,
		Architectures: []types.Architecture{f.ready.architecture()},
		RevisionId:    now.RevisionId,
	})
	if err != nil {
		return time.Time{}, err
	}
	return lambdaTime(aws.ToString(out.LastModified)), nil
}

// sendConfiguration does so too.
func (f *function) sendConfiguration(ctx context.Context, now *types.FunctionConfiguration) (time.Time, error) {
	out, err := f.api.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(f.cfg.FunctionName()),
		Runtime:      types.Runtime(f.runtime(now)),
		Handler:      aws.String(f.code(now).Handler),
		Role:         aws.String(f.cfg.RoleARN()),
		Timeout:      aws.Int32(functionTimeout),
		MemorySize:   aws.Int32(functionMemory),
		RevisionId:   now.RevisionId,
	})
	if err != nil {
		return time.Time{}, err
	}
	return lambdaTime(aws.ToString(out.LastModified)), nil
}

// change sends one change when the function is free for it, and returns what it
// found last. The revision makes Lambda refuse when somebody else has changed
// the function since our look. It does so too when our own answer was lost, and
// when Lambda has only put the function to sleep or woken it: the look that
// follows tells these apart.
func (f *function) change(
	ctx context.Context,
	seen *types.FunctionConfiguration,
	needed func(*types.FunctionConfiguration) bool,
	send func(context.Context, *types.FunctionConfiguration) (time.Time, error),
) (*types.FunctionConfiguration, error) {
	now, sent := seen, false
	latest := lambdaTime(aws.ToString(seen.LastModified)) // what is older comes from a copy that is behind
	waiting := func(pending string) error {
		return &UnsettledError{Waited: f.Describe().Settle, Seen: Observation{State: Drift, Pending: pending}, Goal: Up}
	}
	err := f.cfg.Clock.until(ctx, functionUpdating, f.Describe().Settle, func() (bool, error, error) {
		if now == nil { // not the first round
			var err error
			if now, _, _, err = f.find(ctx); err != nil {
				return false, nil, err
			}
			if now == nil {
				return false, nil, &ChangedError{Resource: f.cfg.FunctionName()}
			}
		}
		c := now
		now = nil
		pending, _ := progress(c)
		switch {
		case pending != "":
			return false, waiting(pending), nil
		case lambdaTime(aws.ToString(c.LastModified)).Before(latest):
			return false, waiting("an older state of it"), nil
		case sent || !needed(c):
			now = c
			return true, nil, nil
		case aws.ToString(c.LastModified) != aws.ToString(seen.LastModified):
			return false, nil, &ChangedError{Resource: f.cfg.FunctionName()}
		}
		changed, err := send(ctx, c)
		switch {
		case err == nil:
			sent, latest = true, changed
			return false, waiting("an update in progress"), nil
		case isNotYet(err), apiCode(err) == "ResourceConflictException", apiCode(err) == "PreconditionFailedException":
			return false, err, nil
		}
		return false, nil, err
	})
	return now, err
}
