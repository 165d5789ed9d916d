package local

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// stsService is STS, as far as it tells who calls. Nobody assumes a role here
// but functions, and they get their keys from Lambda.
type stsService struct{ *Server }

// GetCallerIdentity says whose key signed the call. Every key that is not a
// function's is the one person who works on this machine.
func (x *stsService) GetCallerIdentity(ctx context.Context, in *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	key := from(ctx).accessKey
	out := &sts.GetCallerIdentityOutput{
		Account: aws.String(AccountID),
		Arn:     aws.String("arn:aws:iam::" + AccountID + ":user/local"),
		UserId:  aws.String("AIDALOCALLOCALLOCAL01"),
	}
	if !x.lambda.isFunctionKey(key) {
		return out, nil
	}
	refused := &apiError{Code: "InvalidClientTokenId", Status: http.StatusForbidden,
		Message: "The security token included in the request is invalid."}
	arn, ok := x.lambda.roleOf(key)
	if !ok {
		return nil, refused
	}
	role, err := x.iam.byARN(arn)
	if err != nil {
		return nil, err
	}
	if role == nil {
		return nil, refused
	}
	session := x.assumedRole(key, arn)
	out.Arn = aws.String(session)
	out.UserId = aws.String(role.ID + ":" + session[strings.LastIndexByte(session, '/')+1:])
	return out, nil
}
