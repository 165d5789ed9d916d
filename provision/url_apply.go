package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Apply makes the URL, or repairs it, and then its statements. An existing URL
// is never deleted and made anew: its address could not be had back.
func (u *functionURL) Apply(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*urlSeen)
	if !ok {
		return errors.New("the URL has not been looked at")
	}
	u.remember(s)
	if s.config == nil {
		if err := u.stillOurs(ctx, s); err != nil {
			return err
		}
	}
	// The tag comes first: what is lost on the way leaves the URL closed.
	if have, want := u.tag(s.tags); have != want {
		if _, err := u.api.TagResource(ctx, &lambda.TagResourceInput{Resource: aws.String(u.cfg.FunctionARN()), Tags: map[string]string{TagAuth: want}}); err != nil {
			return err
		}
	}
	if s.config == nil {
		if err := u.create(ctx); err != nil {
			return err
		}
	} else if len(u.configDiffs(s.config)) > 0 {
		if err := u.update(ctx, s.config); err != nil {
			return err
		}
	}
	var added []grant
	for _, g := range u.grants() { // one after the other: of two at once, Lambda can lose one
		if u.auth() == types.FunctionUrlAuthTypeAwsIam {
			if err := u.revoke(ctx, s.granted(g)); err != nil {
				return err
			}
		} else if len(s.granted(g)) == 0 {
			if err := u.grant(ctx, g); err != nil {
				return err
			}
			added = append(added, g)
		}
	}
	return u.readBack(ctx, added)
}

// stillOurs looks at the function's tags once more: a URL has none, so its create
// call would make a stranger's function public, one that has come by since the
// look. The tags also say what was chosen, if the function was made since then.
func (u *functionURL) stillOurs(ctx context.Context, s *urlSeen) error {
	tags, err := functionTags(ctx, u.api, u.cfg)
	if err != nil || tags == nil {
		return err
	}
	s.tags = tags
	u.remember(s)
	if ours, owner := u.cfg.owned(tags); !ours && !u.cfg.Adopt {
		return &ForeignError{Step: "url", Resource: u.Describe().Resource, Owner: owner}
	}
	return nil
}

// readBack looks until the policy shows the statements that were added, and adds
// again what it does not show: of two that are added at once, by two runs of
// todoctl say, Lambda can lose one although it has accepted both.
// https://github.com/hashicorp/terraform-provider-aws, internal/service/lambda/permission.go
func (u *functionURL) readBack(ctx context.Context, added []grant) error {
	if len(added) == 0 {
		return nil
	}
	return u.cfg.Clock.until(ctx, statementShowing, urlSpread, func() (bool, error, error) {
		now := &urlSeen{}
		var err error
		if now.clauses, err = u.policy(ctx); err != nil {
			return false, nil, err
		}
		for _, g := range added {
			if len(now.granted(g)) > 0 {
				continue
			}
			if err := u.grant(ctx, g); err != nil {
				return false, nil, err
			}
			missing := Diff{Field: "statement for " + g.action, Have: "missing", Want: "there"}
			return false, &UnsettledError{Waited: urlSpread, Seen: Observation{State: Drift, Diffs: []Diff{missing}}, Goal: Up}, nil
		}
		return true, nil, nil
	})
}

// statement is g under a statement id.
func (u *functionURL) statement(g grant, sid string) *lambda.AddPermissionInput {
	in := &lambda.AddPermissionInput{
		FunctionName: aws.String(u.cfg.FunctionName()),
		StatementId:  aws.String(sid),
		Action:       aws.String(g.action),
		Principal:    aws.String("*"),
	}
	g.add(in)
	return in
}

// createInput is the URL as it is asked for, and as Elsewhere tells it.
func (u *functionURL) createInput() *lambda.CreateFunctionUrlConfigInput {
	return &lambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String(u.cfg.FunctionName()),
		AuthType:     u.auth(),
		Cors:         cors(),
		InvokeMode:   types.InvokeModeBuffered,
	}
}

// create makes the URL. A conflict means that it is there, or that the function
// is busy; not found means that the function does not show everywhere yet.
func (u *functionURL) create(ctx context.Context) error {
	return u.cfg.Clock.until(ctx, functionShowing, urlSpread, func() (bool, error, error) {
		_, err := u.api.CreateFunctionUrlConfig(ctx, u.createInput())
		if isGone(err) {
			return false, err, nil
		}
		if apiCode(err) != "ResourceConflictException" {
			return err == nil, nil, err
		}
		there, lookErr := u.find(ctx)
		switch {
		case lookErr != nil:
			return false, nil, lookErr
		case there == nil:
			return false, err, nil
		case len(u.configDiffs(there)) > 0:
			return true, nil, u.update(ctx, there)
		}
		return true, nil, nil
	})
}

// update sets what todoctl sets and keeps the rest: UpdateFunctionUrlConfig
// replaces the CORS settings as a whole.
func (u *functionURL) update(ctx context.Context, have *lambda.GetFunctionUrlConfigOutput) error {
	want := cors()
	want.ExposeHeaders = exposed(have.Cors)
	return u.cfg.Clock.until(ctx, functionBusy, urlSpread, func() (bool, error, error) {
		_, err := u.api.UpdateFunctionUrlConfig(ctx, &lambda.UpdateFunctionUrlConfigInput{
			FunctionName: aws.String(u.cfg.FunctionName()),
			AuthType:     u.auth(),
			Cors:         want,
			InvokeMode:   types.InvokeModeBuffered,
		})
		if apiCode(err) == "ResourceConflictException" {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

// grant adds one statement. A conflict is settled by reading the policy: the
// statement may be there (a lost answer), its id may be taken by something else,
// or the function may be busy.
func (u *functionURL) grant(ctx context.Context, g grant) error {
	sid := g.sid
	return u.cfg.Clock.until(ctx, functionBusy, urlSpread, func() (bool, error, error) {
		_, err := u.api.AddPermission(ctx, u.statement(g, sid))
		switch {
		case isGone(err):
			return false, err, nil
		case apiCode(err) != "ResourceConflictException":
			return err == nil, nil, err
		}
		now := &urlSeen{}
		var lookErr error
		if now.clauses, lookErr = u.policy(ctx); lookErr != nil {
			return false, nil, lookErr
		}
		if len(now.granted(g)) > 0 {
			return true, nil, nil
		}
		sid = free(g.sid, now.clauses)
		return false, err, nil
	})
}

// free is a statement id that no statement has.
func free(sid string, taken []clause) string {
	for candidate, n := sid, 2; ; n++ {
		if !slices.ContainsFunc(taken, func(c clause) bool { return c.Sid == candidate }) {
			return candidate
		}
		candidate = fmt.Sprint(sid, n)
	}
}

func (u *functionURL) revoke(ctx context.Context, found []clause) error {
	for _, c := range found {
		err := u.cfg.Clock.until(ctx, functionBusy, urlSpread, func() (bool, error, error) {
			_, err := u.api.RemovePermission(ctx, &lambda.RemovePermissionInput{
				FunctionName: aws.String(u.cfg.FunctionName()),
				StatementId:  aws.String(c.Sid),
			})
			if apiCode(err) == "ResourceConflictException" {
				return false, err, nil
			}
			return err == nil || isGone(err), nil, unlessGone(err)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Destroy deletes the URL and then both statements, which do not go with it.
// The function comes later: deleting it first would let AWS give this URL to the
// next function of the same name.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
func (u *functionURL) Destroy(ctx context.Context, seen Observation) error {
	s, ok := seen.Detail.(*urlSeen)
	if !ok {
		return errors.New("the URL has not been looked at")
	}
	u.leaving.Store(true)
	if s.config != nil {
		err := u.cfg.Clock.until(ctx, functionBusy, urlSpread, func() (bool, error, error) {
			_, err := u.api.DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String(u.cfg.FunctionName())})
			if apiCode(err) == "ResourceConflictException" {
				return false, err, nil
			}
			return err == nil || isGone(err), nil, unlessGone(err)
		})
		if err != nil {
			return err
		}
	}
	var errs []error
	for _, g := range u.grants() {
		errs = append(errs, u.revoke(ctx, s.granted(g)))
	}
	return errors.Join(errs...)
}
