package provision

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

type caller struct {
	arn string
	err error
}

func (c caller) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: aws.String("123456789012"), Arn: aws.String(c.arn)}, c.err
}

func TestIdentifyTellsWhoAndWhere(t *testing.T) {
	for _, c := range []struct {
		arn       string
		partition string
		root      bool
	}{
		{"arn:aws:iam::123456789012:user/ada", "aws", false},
		{"arn:aws:iam::123456789012:root", "aws", true},
		{"arn:aws:iam::123456789012:user/root", "aws", false},
		{"arn:aws-cn:sts::123456789012:assumed-role/Admin/ada", "aws-cn", false},
		{"arn:aws-us-gov:iam::123456789012:user/ada", "aws-us-gov", false},
	} {
		who, err := Identify(t.Context(), caller{arn: c.arn})
		want := Identity{Account: "123456789012", ARN: c.arn, Partition: c.partition, Root: c.root}
		if err != nil || who != want {
			t.Errorf("Identify(%s) = %+v, %v, should be %+v", c.arn, who, err, want)
		}
	}
}

func TestIdentifyHandsOnWhatAWSRefuses(t *testing.T) {
	refusal := &smithy.GenericAPIError{Code: "ExpiredToken"}
	if _, err := Identify(t.Context(), caller{err: refusal}); !errors.Is(err, refusal) {
		t.Errorf("err = %v, should be AWS's own", err)
	}
	if _, err := Identify(t.Context(), caller{arn: "not an arn"}); err == nil {
		t.Error("an answer without an ARN was taken for an identity")
	}
}
