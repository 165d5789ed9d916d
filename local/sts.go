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
	who, err := x.identity(from(ctx).accessKey)
	if err != nil {
		return nil, err
	}
	return &sts.GetCallerIdentityOutput{Account: aws.String(AccountID), Arn: aws.String(who.arn), UserId: aws.String(who.userID)}, nil
}

// A caller is whom an access key stands for.
type caller struct{ accessKey, arn, userID string }

// identity finds out whose an access key is.
func (s *Server) identity(key string) (caller, error) {
	if !s.lambda.isFunctionKey(key) {
		return caller{key, "arn:aws:iam::" + AccountID + ":user/local", "AIDALOCALLOCALLOCAL01"}, nil
	}
	refused := &apiError{Code: "InvalidClientTokenId", Status: http.StatusForbidden,
		Message: "The security token included in the request is invalid."}
	arn, ok := s.lambda.roleOf(key)
	if !ok {
		return caller{}, refused
	}
	role, err := s.iam.byARN(arn)
	if err != nil {
		return caller{}, err
	}
	if role == nil {
		return caller{}, refused
	}
	session := s.assumedRole(key, arn)
	return caller{key, session, role.ID + ":" + session[strings.LastIndexByte(session, '/')+1:]}, nil
}
