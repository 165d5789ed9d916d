package local

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"go.etcd.io/bbolt"
)

func (x *lambdaService) PutFunctionConcurrency(ctx context.Context, in *lambda.PutFunctionConcurrencyInput) (*lambda.PutFunctionConcurrencyOutput, error) {
	r, err := named(from(ctx).region, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	n := aws.ToInt32(in.ReservedConcurrentExecutions)
	if in.ReservedConcurrentExecutions == nil || n < 0 {
		return nil, invalidValue("reservedConcurrentExecutions", fmt.Sprint(n), "Member must have value greater than or equal to 0")
	}
	now := x.cfg.Now()
	_, err = x.edit(r, func(tx *bbolt.Tx, d *functionDoc) error {
		if d.pending(now, x.cfg.Lags) {
			return d.busy(now, x.cfg.Lags)
		}
		docs, err := list[functionDoc](tx, bucketFunctions, key(d.Region, ""))
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(docs, func(o functionDoc) bool { return o.Name == d.Name })
		least := x.cfg.Account.unreserved()
		if n > 0 && x.cfg.Account.concurrency()-setAside(others)-n < least {
			return invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", least)
		}
		d.Reserved, d.Revision = &n, newRequestID()
		return nil
	})
	return &lambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: &n}, err
}

// setAside is what functions have set aside of the account's concurrency.
func setAside(docs []functionDoc) int32 {
	sum := int32(0)
	for _, d := range docs {
		sum += aws.ToInt32(d.Reserved)
	}
	return sum
}

func (x *lambdaService) GetFunctionConcurrency(ctx context.Context, in *lambda.GetFunctionConcurrencyInput) (*lambda.GetFunctionConcurrencyOutput, error) {
	d, err := x.named(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: d.Reserved}, nil
}

func (x *lambdaService) DeleteFunctionConcurrency(ctx context.Context, in *lambda.DeleteFunctionConcurrencyInput) (status, error) {
	r, err := named(from(ctx).region, in.FunctionName, nil)
	if err != nil {
		return status{}, err
	}
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		d.Reserved = nil
		return nil
	})
	return answered(schemas.DeleteFunctionConcurrency, &lambda.DeleteFunctionConcurrencyOutput{}), err
}
