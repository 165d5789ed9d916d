package main

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"todoctl/local"
)

// What is missing does not come by waiting, however new the URL is.
func TestTheTestWaitsForWhatSpreadsAndNotForWhatIsMissing(t *testing.T) {
	for name, take := range map[string]func(r *rehearsal) error{
		"a statement": func(r *rehearsal) error {
			_, err := r.account().Lambda.RemovePermission(r.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("TodoHandler"), StatementId: aws.String("FunctionURLInvokeAllowPublicAccess")})
			return err
		},
		"the role's policy": func(r *rehearsal) error {
			_, err := r.account().IAM.DeleteRolePolicy(r.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("LambdaTodoRole"), PolicyName: aws.String("TodoAccess")})
			return err
		},
		"the right to run at all": func(r *rehearsal) error {
			_, err := r.account().Lambda.PutFunctionConcurrency(r.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("TodoHandler"), ReservedConcurrentExecutions: aws.Int32(0)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			rehearse(t, local.Lags{}, func(r *rehearsal) {
				r.wantExit(r.run("up --yes"), exitDone)
				if err := take(r); err != nil {
					r.Fatal(err)
				}
				end := r.run("test")
				r.wantExit(end, exitDiffers)
				if end.took > 10*time.Second { // of the bubble's time
					r.Errorf("it waited %s:\n%s", end.took, end.err)
				}
			})
		})
	}
	t.Run("statements on their way", func(t *testing.T) {
		rehearse(t, local.AWSLags, func(r *rehearsal) {
			r.wantExit(r.run("up --yes --skip test"), exitDone)
			end := r.run("test")
			r.wantExit(end, exitDone)
		})
	})
}
