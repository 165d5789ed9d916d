package local

import (
	"context"
	"fmt"

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
	switch {
	case in.ReservedConcurrentExecutions == nil || n < 0:
		return nil, invalidValue("reservedConcurrentExecutions", fmt.Sprint(n), "Member must have value greater than or equal to 0")
	case n > 0:
		// A new account has 10 in all and must leave 10 unreserved.
		return nil, invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", accountConcurrency)
	}
	_, err = x.edit(r, func(_ *bbolt.Tx, d *functionDoc) error {
		d.Reserved, d.Revision = &n, newRequestID()
		return nil
	})
	return &lambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: &n}, err
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
