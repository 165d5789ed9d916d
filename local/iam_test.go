package local

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestRoleKeepsWhatItWasMadeWith(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	made := must(c.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("LambdaTodoRole"), AssumeRolePolicyDocument: aws.String(lambdaTrust),
		Description: aws.String("for <todoctl> & friends"),
		Tags:        []types.Tag{{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")}, {Key: aws.String("a"), Value: aws.String("")}},
	}))(t).Role
	got := must(c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("LambdaTodoRole")}))(t).Role
	if *got.Arn != "arn:aws:iam::000000000000:role/LambdaTodoRole" || *got.Arn != *made.Arn {
		t.Errorf("ARN %s", *got.Arn)
	}
	if !strings.HasPrefix(*got.RoleId, "AROA") || len(*got.RoleId) != 21 || *got.RoleId != *made.RoleId {
		t.Errorf("id %s", *got.RoleId)
	}
	if !got.CreateDate.Equal(a.clock()) || *got.Path != "/" || *got.MaxSessionDuration != 3600 {
		t.Errorf("%v %s %d", got.CreateDate, *got.Path, *got.MaxSessionDuration)
	}
	if *got.Description != "for <todoctl> & friends" {
		t.Errorf("description %q", *got.Description)
	}
	if text, err := url.QueryUnescape(*got.AssumeRolePolicyDocument); err != nil || text != lambdaTrust || strings.ContainsAny(*got.AssumeRolePolicyDocument, `{" +`) {
		t.Errorf("the trust policy is not URL-encoded as IAM does it: %s", *got.AssumeRolePolicyDocument)
	}
	if len(got.Tags) != 2 || *got.Tags[1].Key != "todoctl:stack" || *got.Tags[1].Value != "Todo" || *got.Tags[0].Value != "" {
		t.Errorf("tags %v", got.Tags)
	}
}

func TestRoleNamesAreTakenInEveryCase(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	a.role(t, "Role")
	for _, name := range []string{"Role", "ROLE"} {
		fails(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(lambdaTrust)}))(
			t, "EntityAlreadyExists", "Role with name "+name+" already exists.")
	}
}

func TestMalformedTrustIsRefused(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	for document, message := range map[string]string{
		`{`:  "Syntax errors",
		`{}`: "Syntax errors",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`:                                                         "Principal",
		`{"Version":"2012-10-17","Statement":[{"Effect":"allow","Principal":"*","Action":"sts:AssumeRole"}]}`:                                         "Syntax errors",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}`:                                           "may only specify STS",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`:                          "prohibited field Resource",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principals":"*","Action":"sts:AssumeRole"}]}`:                                        "Syntax errors",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]} trailing`: "Syntax errors",
	} {
		fails(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(document)}))(
			t, "MalformedPolicyDocument", message)
	}
	fails(c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("R")}))(t, "NoSuchEntity", "The role with name R cannot be found.")
}

func TestInlinePoliciesComeBackEncodedAndByName(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	a.role(t, "R")
	document := `{"Version": "2012-10-17", "Statement": [{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}`
	for _, name := range []string{"zeta", "alpha"} {
		must(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String(name), PolicyDocument: aws.String(document)}))(t)
	}
	got := must(c.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("alpha")}))(t)
	if text, err := url.PathUnescape(*got.PolicyDocument); err != nil || text != document {
		t.Errorf("document %s", *got.PolicyDocument)
	}
	names := must(c.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: aws.String("R")}))(t)
	if !slices.Equal(names.PolicyNames, []string{"alpha", "zeta"}) || names.IsTruncated {
		t.Errorf("names %v", names.PolicyNames)
	}
	fails(c.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("x")}))(
		t, "NoSuchEntity", "The role policy with name x cannot be found.")
	fails(c.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("x")}))(
		t, "NoSuchEntity", "The role policy with name x cannot be found.")
	fails(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("x"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*"}]}`)}))(
		t, "MalformedPolicyDocument", "must contain resources")
	fails(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("big"),
		PolicyDocument: aws.String(strings.Replace(document, `"*"`, `"arn:aws:s3:::`+strings.Repeat("x", 10240)+`"`, 1))}))(
		t, "LimitExceeded", "10240")
}

func TestOnlyKnownManagedPoliciesAttach(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	a.role(t, "R")
	for _, arn := range []string{dynamoFullAccess, basicExecution, basicExecution} {
		must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(arn)}))(t)
	}
	for _, arn := range []string{"arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", "arn:aws:iam::aws:policy/Nothing"} {
		fails(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(arn)}))(
			t, "NoSuchEntity", "Policy "+arn+" does not exist or is not attachable.")
	}
	list := must(c.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("R")}))(t).AttachedPolicies
	if len(list) != 2 || *list[0].PolicyName != "AmazonDynamoDBFullAccess_v2" || *list[1].PolicyArn != basicExecution {
		t.Errorf("attached %v", list)
	}
}

func TestRoleGoesOnlyWithoutPolicies(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	a.role(t, "R")
	role := aws.String("R")
	must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: aws.String(basicExecution)}))(t)
	must(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}}`)}))(t)
	fails(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role}))(t, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	must(c.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: aws.String(basicExecution)}))(t)
	fails(c.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: aws.String(basicExecution)}))(
		t, "NoSuchEntity", "Policy "+basicExecution+" was not found.")
	fails(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role}))(t, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	must(c.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("p")}))(t)
	must(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role}))(t)
	fails(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: role}))(t, "NoSuchEntity", "The role with name R cannot be found.")
}

func TestRoleTagsComeAndGo(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	a.role(t, "R")
	must(c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("R"), Tags: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}}))(t)
	must(c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("R"), Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("3")}}}))(t)
	must(c.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: aws.String("R"), TagKeys: []string{"a", "never"}}))(t)
	tags := must(c.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: aws.String("R")}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "b" || *tags[0].Value != "3" {
		t.Errorf("tags %v", tags)
	}
	fails(c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("R"), Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}}))(
		t, "InvalidInput", "reserved")
}

func TestRolesAreListedPageByPage(t *testing.T) {
	a := newAccount(t, Lags{})
	c := iam.NewFromConfig(a.config())
	for i := range 5 {
		a.role(t, fmt.Sprintf("Role%d", i))
	}
	var names []string
	pages := iam.NewListRolesPaginator(c, &iam.ListRolesInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		for _, r := range must(pages.NextPage(t.Context()))(t).Roles {
			names = append(names, *r.RoleName)
		}
	}
	if strings.Join(names, " ") != "Role0 Role1 Role2 Role3 Role4" {
		t.Errorf("roles %v", names)
	}
	fails(c.ListRoles(t.Context(), &iam.ListRolesInput{Marker: aws.String("%")}))(t, "ValidationError", "Marker")
	if out := must(c.ListInstanceProfilesForRole(t.Context(), &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("Role1")}))(t); len(out.InstanceProfiles) != 0 {
		t.Errorf("instance profiles %v", out.InstanceProfiles)
	}
	if out := must(c.ListAccountAliases(t.Context(), nil))(t); len(out.AccountAliases) != 0 {
		t.Errorf("aliases %v", out.AccountAliases)
	}
}

func TestLambdaTakesARoleOnlyAfterAWhileAndWithTrust(t *testing.T) {
	const notYet = "The role defined for the function cannot be assumed by Lambda."
	a := newAccount(t, AWSLags)
	c := iam.NewFromConfig(a.config())
	arn := a.role(t, "R")
	x := a.server.iam
	wantError(t, x.assumable(arn), "InvalidParameterValueException", notYet)
	a.turn(AWSLags.RoleAssume - time.Nanosecond)
	wantError(t, x.assumable(arn), "InvalidParameterValueException", notYet)
	a.turn(time.Nanosecond)
	if err := x.assumable(arn); err != nil {
		t.Errorf("after the lag: %v", err)
	}
	wantError(t, x.assumable(arn+"x"), "InvalidParameterValueException", notYet)

	for _, trust := range []string{
		strings.Replace(lambdaTrust, "lambda.", "ec2.", 1),
		strings.Replace(lambdaTrust, "Allow", "Deny", 1),
		strings.Replace(lambdaTrust, `"Action"`, `"Condition":{"StringEquals":{"aws:SourceAccount":"1"}},"Action"`, 1),
	} {
		must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("R"), PolicyDocument: aws.String(trust)}))(t)
		a.turn(time.Hour)
		wantError(t, x.assumable(arn), "InvalidParameterValueException", notYet)
	}
	must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("R"), PolicyDocument: aws.String(lambdaTrust)}))(t)
	wantError(t, x.assumable(arn), "InvalidParameterValueException", notYet)
	a.turn(AWSLags.RoleAssume)
	if err := x.assumable(arn); err != nil {
		t.Errorf("after the change has spread: %v", err)
	}
}
