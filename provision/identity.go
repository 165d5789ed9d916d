package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// An Identity is who the credentials belong to.
type Identity struct {
	Account   string // 12 digits
	ARN       string // of the user, the role's session or the root
	Partition string // "aws", "aws-cn", "aws-us-gov"
	Root      bool   // the account's root user: it may do everything, so nothing limits a mistake
}

// Name is who it is, without the account, which the ARN repeats:
// "user/alice", "assumed-role/Admin/alice", "root".
func (i Identity) Name() string {
	who, err := awsarn.Parse(i.ARN)
	if err != nil {
		return i.ARN
	}
	return who.Resource
}

type identityAPI interface {
	GetCallerIdentity(ctx context.Context, in *sts.GetCallerIdentityInput, opts ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Identify asks AWS who is calling. It needs no permission, so an error is
// about the credentials or the network and about nothing else.
func Identify(ctx context.Context, api identityAPI) (Identity, error) {
	out, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, err
	}
	who, err := awsarn.Parse(aws.ToString(out.Arn))
	if err != nil {
		return Identity{}, fmt.Errorf("AWS names the caller %q, which is not an ARN", aws.ToString(out.Arn))
	}
	return Identity{
		Account:   aws.ToString(out.Account),
		ARN:       aws.ToString(out.Arn),
		Partition: who.Partition,
		Root:      who.Resource == "root",
	}, nil
}

// apiCode is AWS's code of an error, "" when the error is not AWS's. Codes are
// compared and not Go types, because one meaning has several types: not found
// is NotFound, ResourceNotFound or NotFoundException, by service.
func apiCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// isGone says that AWS does not know the resource.
func isGone(err error) bool {
	return slices.Contains([]string{
		"ResourceNotFoundException", // dynamodb, lambda, logs, cloudwatch's tags
		"ResourceNotFound",          // cloudwatch, sns's tags
		"NotFound",                  // sns
		"NotFoundException",         // budgets
		"NoSuchEntity",              // iam
	}, apiCode(err))
}
