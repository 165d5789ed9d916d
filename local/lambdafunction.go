package local

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"go.etcd.io/bbolt"
)

func (x *lambdaService) CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, nil)
	if err != nil {
		return status{}, err
	}
	settings, err := newFunction(r, in)
	if err != nil {
		return status{}, err
	}
	var zip []byte
	if in.Code != nil {
		zip = in.Code.ZipFile
	}
	if settings.Now.CodeSHA256, settings.Now.CodeSize, err = checkZip(zip); err != nil {
		return status{}, err
	}
	// A name that is taken comes before the role, as on AWS.
	if _, err := x.lookup(r); err == nil {
		return status{}, conflict("Function already exist: " + r.name)
	}
	if err := x.iam.assumable(settings.Now.Role); err != nil {
		return status{}, err
	}
	now := x.cfg.Now()
	settings.Created, settings.Modified, settings.Revision = now, now, newRequestID()
	if err := x.full("CreateFunction"); err != nil {
		return status{}, err
	}
	err = x.db.update(func(tx *bbolt.Tx) error {
		if _, taken, err := get[functionDoc](tx, bucketFunctions, r.key()); err != nil || taken {
			return cmp.Or(err, conflict("Function already exist: "+r.name))
		}
		if err := put(tx, bucketCode, settings.Now.CodeSHA256, zip); err != nil {
			return err
		}
		var err error
		if settings.URL, err = x.lostURL(tx, r); err != nil {
			return err
		}
		return put(tx, bucketFunctions, r.key(), settings)
	})
	if err != nil {
		return status{}, err
	}
	if err := x.reopen(settings); err != nil {
		return status{}, err
	}
	x.prepare(settings)
	out := configurationOutput(settings.configuration(now, x.cfg.Lags))
	return answered(schemas.CreateFunction, &out), nil
}

func (x *lambdaService) GetFunction(ctx context.Context, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	d, err := x.named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := d.configuration(x.cfg.Now(), x.cfg.Lags)
	out := &lambda.GetFunctionOutput{
		Configuration: &c,
		Code:          &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: aws.String(x.codeLocation(d))},
	}
	// Who may get the function may not yet see its tags.
	// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
	err = x.check(from(ctx), "lambda", permission{action: "lambda:ListTags", resource: d.arn()})
	if hidden, refused := errors.AsType[*apiError](err); refused {
		out.TagsError = &types.TagsError{ErrorCode: aws.String(hidden.Code), Message: aws.String(hidden.Message)}
	} else if err != nil {
		return nil, err
	} else if len(d.Tags) > 0 {
		out.Tags = d.Tags
	}
	if d.Reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: d.Reserved}
	}
	return out, nil
}

func (x *lambdaService) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	d, err := x.named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := lambda.GetFunctionConfigurationOutput(configurationOutput(d.configuration(x.cfg.Now(), x.cfg.Lags)))
	return &out, nil
}

var functionPages = paging{size: 50, code: "InvalidParameterValueException", message: "Invalid marker"}

func (x *lambdaService) ListFunctions(ctx context.Context, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	out := &lambda.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}}
	docs, err := x.functions(from(ctx).region)
	if err != nil {
		return nil, err
	}
	part, next, err := page(docs, func(d functionDoc) string { return d.Name }, in.Marker, in.MaxItems, functionPages)
	if err != nil {
		return nil, err
	}
	for _, d := range part {
		c := d.configuration(x.cfg.Now(), x.cfg.Lags)
		// ListFunctions leaves the states out.
		// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
		c.State, c.StateReason, c.StateReasonCode = "", nil, ""
		c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", nil, ""
		out.Functions = append(out.Functions, c)
	}
	out.NextMarker = next
	return out, nil
}

func (x *lambdaService) UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
	r, err := named(from(ctx).region, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.S3Bucket != nil || in.ImageUri != nil || in.Publish || in.DryRun {
		return nil, notImplemented("UpdateFunctionCode with S3Bucket, ImageUri, Publish or DryRun")
	}
	sha, size, err := checkZip(in.ZipFile)
	if err != nil {
		return nil, err
	}
	now := x.cfg.Now()
	d, err := x.edit(r, func(tx *bbolt.Tx, d *functionDoc) error {
		if err := d.busy(now, x.cfg.Lags); err != nil {
			return err
		}
		if err := d.expect(in.RevisionId); err != nil {
			return err
		}
		next := d.Now
		next.CodeSHA256, next.CodeSize = sha, size
		if len(in.Architectures) > 0 {
			next.Architecture = string(in.Architectures[0])
		}
		d.change(next, now)
		return put(tx, bucketCode, sha, in.ZipFile)
	})
	if err != nil {
		return nil, err
	}
	x.prepare(d)
	out := lambda.UpdateFunctionCodeOutput(configurationOutput(d.configuration(now, x.cfg.Lags)))
	return &out, nil
}

func (x *lambdaService) UpdateFunctionConfiguration(ctx context.Context, in *lambda.UpdateFunctionConfigurationInput) (*lambda.UpdateFunctionConfigurationOutput, error) {
	r, err := named(from(ctx).region, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if in.Role != nil {
		if err := x.iam.assumable(*in.Role); err != nil {
			return nil, err
		}
	}
	now := x.cfg.Now()
	d, err := x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		if err := d.busy(now, x.cfg.Lags); err != nil {
			return err
		}
		if err := d.expect(in.RevisionId); err != nil {
			return err
		}
		return d.configure(in, now)
	})
	if err != nil {
		return nil, err
	}
	x.prepare(d)
	out := lambda.UpdateFunctionConfigurationOutput(configurationOutput(d.configuration(now, x.cfg.Lags)))
	return &out, nil
}

// DeleteFunction removes the function with its URL, its policy and, when no
// other function runs the same zip, its code. The log group stays, as on AWS.
func (x *lambdaService) DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, in.Qualifier)
	if err != nil {
		return status{}, err
	}
	var gone functionDoc
	now := x.cfg.Now()
	err = x.db.update(func(tx *bbolt.Tx) error {
		var err error
		if gone, err = find(tx, r); err != nil {
			return err
		}
		if gone.pending(now, x.cfg.Lags) {
			return gone.busy(now, x.cfg.Lags)
		}
		if err := x.keepURL(tx, gone); err != nil {
			return err
		}
		if err := remove(tx, bucketFunctions, r.key()); err != nil {
			return err
		}
		return dropUnusedCode(tx)
	})
	if err != nil {
		return status{}, err
	}
	if gone.URL != nil {
		x.closeFront(gone.URL.ID)
	}
	x.retire(r.key())
	// The model allows 200 and 204; a plain delete answers 204.
	return status{Status: 204, Output: &lambda.DeleteFunctionOutput{}}, nil
}

// dropUnusedCode removes every zip that no function runs any more.
func dropUnusedCode(tx *bbolt.Tx) error {
	docs, err := list[functionDoc](tx, bucketFunctions, "")
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, d := range docs {
		used[d.Now.CodeSHA256] = true
		if d.Before != nil {
			used[d.Before.CodeSHA256] = true
		}
	}
	b := tx.Bucket([]byte(bucketCode))
	if b == nil {
		return nil
	}
	var unused []string
	_ = b.ForEach(func(k, _ []byte) error { // the callback has no errors
		if !used[string(k)] {
			unused = append(unused, string(k))
		}
		return nil
	})
	for _, sha := range unused {
		if err := b.Delete([]byte(sha)); err != nil {
			return err
		}
	}
	return nil
}

func (x *lambdaService) GetAccountSettings(ctx context.Context, _ *lambda.GetAccountSettingsInput) (*lambda.GetAccountSettingsOutput, error) {
	docs, err := x.functions(from(ctx).region)
	if err != nil {
		return nil, err
	}
	usage := &types.AccountUsage{FunctionCount: int64(len(docs))}
	for _, d := range docs {
		usage.TotalCodeSize += d.Now.CodeSize
	}
	concurrency := x.cfg.Account.concurrency()
	return &lambda.GetAccountSettingsOutput{
		AccountLimit: &types.AccountLimit{
			CodeSizeUnzipped:               maxUnzipped,
			CodeSizeZipped:                 maxZip,
			ConcurrentExecutions:           concurrency,
			TotalCodeSize:                  75 << 30,
			UnreservedConcurrentExecutions: aws.Int32(concurrency - setAside(docs)),
		},
		AccountUsage: usage,
	}, nil
}

// named reads the function that FunctionName and Qualifier name.
func (x *lambdaService) named(ctx context.Context, name, qualifier *string) (functionDoc, error) {
	r, err := named(from(ctx).region, name, qualifier)
	if err != nil {
		return functionDoc{}, err
	}
	d, err := x.lookup(r)
	if err == nil && x.young(d.Created, x.cfg.Lags.FunctionVisible) {
		err = noFunction(r)
	}
	return d, err
}

// functions lists the functions of a Region by name.
func (x *lambdaService) functions(region string) (docs []functionDoc, err error) {
	err = x.db.view(func(tx *bbolt.Tx) error {
		docs, err = list[functionDoc](tx, bucketFunctions, key(region, ""))
		return err
	})
	return docs, err
}

func (x *lambdaService) ListTags(ctx context.Context, in *lambda.ListTagsInput) (*lambda.ListTagsOutput, error) {
	d, err := x.named(ctx, in.Resource, nil)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, d.Tags)
	return &lambda.ListTagsOutput{Tags: tags}, nil
}

func (x *lambdaService) TagResource(ctx context.Context, in *lambda.TagResourceInput) (status, error) {
	r, err := named(from(ctx).region, in.Resource, nil)
	if err != nil {
		return status{}, err
	}
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		tags := map[string]string{}
		maps.Copy(tags, d.Tags)
		maps.Copy(tags, in.Tags)
		d.Tags = tags
		return checkTags(tags)
	})
	return answered(schemas.TagResource, &lambda.TagResourceOutput{}), err
}

func (x *lambdaService) UntagResource(ctx context.Context, in *lambda.UntagResourceInput) (status, error) {
	r, err := named(from(ctx).region, in.Resource, nil)
	if err != nil {
		return status{}, err
	}
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		maps.DeleteFunc(d.Tags, func(k, _ string) bool { return slices.Contains(in.TagKeys, k) })
		return nil
	})
	return answered(schemas.UntagResource, &lambda.UntagResourceOutput{}), err
}
