package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"go.etcd.io/bbolt"
)

// iamService is IAM: roles with their trust, their policies and their tags.
// Users, groups, customer-managed policies and instance profiles are not here.
type iamService struct {
	*Server
	parsed policyCache
}

var iamPages = paging{size: 100, code: "ValidationError", message: "Invalid Marker."}

// A roleDoc is a role as the store keeps it.
type roleDoc struct {
	Name        string
	Path        string
	ID          string // AROA...
	Description string
	MaxSession  int32 // seconds
	Created     time.Time
	Tags        map[string]string

	Trust        string    // the document, as it was sent
	TrustChanged time.Time // when Trust was last written

	Inline   map[string]policyDoc // by policy name
	Attached []attachedDoc        // in the order of attaching
}

// A policyDoc is an inline policy. Until a write has spread (Lags.RolePolicy),
// what stood there before still counts.
type policyDoc struct {
	Document string
	Written  time.Time
	Before   string // empty when there was none
}

// An attachedDoc is a managed policy on a role.
type attachedDoc struct {
	ARN     string
	Written time.Time
}

func (d roleDoc) arn() string { return "arn:aws:iam::" + AccountID + ":role" + d.Path + d.Name }

func (d roleDoc) role() *types.Role {
	r := &types.Role{
		Arn:                      aws.String(d.arn()),
		AssumeRolePolicyDocument: aws.String(escapeDocument(d.Trust)),
		CreateDate:               aws.Time(d.Created.UTC().Truncate(time.Second)),
		MaxSessionDuration:       aws.Int32(d.MaxSession),
		Path:                     aws.String(d.Path),
		RoleId:                   aws.String(d.ID),
		RoleLastUsed:             &types.RoleLastUsed{},
		RoleName:                 aws.String(d.Name),
		Tags:                     iamTags(d.Tags),
	}
	if d.Description != "" {
		r.Description = aws.String(d.Description)
	}
	return r
}

// escapeDocument writes a policy as IAM answers it: "URL-encoded compliant with
// RFC 3986", so a space is %20 and never +.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
func escapeDocument(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

var roleName = bounded(`^[\w+=,.@-]+$`, 64)

// CreateRole makes a role. A name that is taken, in whatever case, is
// EntityAlreadyExists: "names are not distinguished by case".
func (x *iamService) CreateRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	name := aws.ToString(in.RoleName)
	if !roleName.MatchString(name) {
		return nil, iamInvalid("The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	doc := roleDoc{
		Name:        name,
		Path:        cmp.Or(aws.ToString(in.Path), "/"),
		ID:          "AROA" + randomID(),
		Description: aws.ToString(in.Description),
		MaxSession:  cmp.Or(aws.ToInt32(in.MaxSessionDuration), 3600),
		Created:     x.cfg.Now(),
		Tags:        map[string]string{},
		Trust:       aws.ToString(in.AssumeRolePolicyDocument),
		Inline:      map[string]policyDoc{},
	}
	doc.TrustChanged = doc.Created
	if !strings.HasPrefix(doc.Path, "/") || !strings.HasSuffix(doc.Path, "/") {
		return nil, iamInvalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	if doc.MaxSession < 3600 || doc.MaxSession > 43200 {
		return nil, iamInvalid("The requested MaxSessionDuration must be between 3600 and 43200 seconds.")
	}
	if err := checkTrust(doc.Trust); err != nil {
		return nil, err
	}
	if err := addIAMTags(doc.Tags, in.Tags); err != nil {
		return nil, err
	}
	err := x.db.update(func(tx *bbolt.Tx) error {
		_, taken, err := get[roleDoc](tx, bucketRoles, roleKey(name))
		if err != nil {
			return err
		}
		if taken {
			return &apiError{Code: "EntityAlreadyExists", Status: http.StatusConflict,
				Message: "Role with name " + name + " already exists."}
		}
		if err := x.full("CreateRole"); err != nil {
			return err
		}
		return put(tx, bucketRoles, roleKey(name), doc)
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateRoleOutput{Role: doc.role()}, nil
}

// GetRole returns a role with its tags.
func (x *iamService) GetRole(ctx context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	doc, err := x.look(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: doc.role()}, nil
}

// ListRoles returns the roles under a path, without tags, as AWS leaves them out.
func (x *iamService) ListRoles(ctx context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	var docs []roleDoc
	err := x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[roleDoc](tx, bucketRoles, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Roles: []types.Role{}}
	docs = slices.DeleteFunc(docs, func(d roleDoc) bool { return !strings.HasPrefix(d.Path, aws.ToString(in.PathPrefix)) })
	docs, out.Marker, err = page(docs, func(d roleDoc) string { return roleKey(d.Name) }, in.Marker, in.MaxItems, iamPages)
	if err != nil {
		return nil, err
	}
	out.IsTruncated = out.Marker != nil
	for _, d := range docs {
		r := d.role()
		r.Tags, r.RoleLastUsed = nil, nil
		out.Roles = append(out.Roles, *r)
	}
	return out, nil
}

// UpdateAssumeRolePolicy replaces the trust policy.
func (x *iamService) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	if err := checkTrust(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	return &iam.UpdateAssumeRolePolicyOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		d.Trust, d.TrustChanged = *in.PolicyDocument, x.cfg.Now()
		return nil
	})
}

// DeleteRole removes a role that has no policies left.
func (x *iamService) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return &iam.DeleteRoleOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getRole(tx, in.RoleName)
		if err != nil {
			return err
		}
		conflict := ""
		switch {
		case len(doc.Attached) > 0:
			conflict = "Cannot delete entity, must detach all policies first."
		case len(doc.Inline) > 0:
			conflict = "Cannot delete entity, must delete policies first."
		}
		if conflict != "" {
			return &apiError{Code: "DeleteConflict", Status: http.StatusConflict, Message: conflict}
		}
		return remove(tx, bucketRoles, roleKey(doc.Name))
	})
}

// ListInstanceProfilesForRole is always empty: there is no EC2 here.
func (x *iamService) ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	if _, err := x.look(in.RoleName); err != nil {
		return nil, err
	}
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, nil
}

// ListAccountAliases lists the one alias that an account may have.
func (x *iamService) ListAccountAliases(ctx context.Context, in *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
	out := &iam.ListAccountAliasesOutput{AccountAliases: []string{}}
	if alias := x.cfg.Account.Alias; alias != "" {
		out.AccountAliases = append(out.AccountAliases, alias)
	}
	return out, nil
}

// TagRole adds tags or gives them new values.
func (x *iamService) TagRole(ctx context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return &iam.TagRoleOutput{}, x.change(in.RoleName, func(d *roleDoc) error { return addIAMTags(d.Tags, in.Tags) })
}

// UntagRole removes tags; one that is not there is no error.
func (x *iamService) UntagRole(ctx context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return &iam.UntagRoleOutput{}, x.change(in.RoleName, func(d *roleDoc) error {
		for _, k := range in.TagKeys {
			delete(d.Tags, k)
		}
		return nil
	})
}

// ListRoleTags returns the tags of a role, by key.
func (x *iamService) ListRoleTags(ctx context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	doc, err := x.look(in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRoleTagsOutput{}
	out.Tags, out.Marker, err = page(iamTags(doc.Tags), func(t types.Tag) string { return *t.Key }, in.Marker, in.MaxItems, iamPages)
	out.IsTruncated = out.Marker != nil
	return out, err
}

// look reads a role, or fails with NoSuchEntity.
func (x *iamService) look(name *string) (doc roleDoc, err error) {
	err = x.db.view(func(tx *bbolt.Tx) error {
		doc, err = x.getRole(tx, name)
		return err
	})
	return doc, err
}

// change reads a role, lets do change it, and writes it back.
func (x *iamService) change(name *string, do func(*roleDoc) error) error {
	return x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getRole(tx, name)
		if err != nil {
			return err
		}
		if err := do(&doc); err != nil {
			return err
		}
		return put(tx, bucketRoles, roleKey(doc.Name), doc)
	})
}

func (x *iamService) getRole(tx *bbolt.Tx, name *string) (roleDoc, error) {
	doc, ok, err := get[roleDoc](tx, bucketRoles, roleKey(aws.ToString(name)))
	if err == nil && (!ok || x.young(doc.Created, x.cfg.Lags.RoleVisible)) {
		err = noSuchEntity("The role with name " + aws.ToString(name) + " cannot be found.")
	}
	return doc, err
}

// roleKey makes names that differ in case only the same.
func roleKey(name string) string { return strings.ToLower(name) }

func noSuchEntity(message string) error {
	return &apiError{Code: "NoSuchEntity", Status: http.StatusNotFound, Message: message}
}

func iamInvalid(message string) error {
	return &apiError{Code: "ValidationError", Message: message}
}

// randomID returns 17 characters as in AWS's unique ids.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func randomID() string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	return base32.StdEncoding.EncodeToString(b[:])[:17]
}

func iamTags(tags map[string]string) []types.Tag {
	out := make([]types.Tag, 0, len(tags))
	for _, k := range sortedKeys(tags) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func addIAMTags(have map[string]string, tags []types.Tag) error {
	for _, t := range tags {
		k := aws.ToString(t.Key)
		if k == "" || len(k) > 128 || len(aws.ToString(t.Value)) > 256 {
			return iamInvalid("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length between 1 and 128 (key) and 0 and 256 (value)")
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return &apiError{Code: "InvalidInput", Message: "Invalid tag key: aws: prefixed tag key names are reserved for AWS use."}
		}
		have[k] = aws.ToString(t.Value)
	}
	if len(have) > 50 {
		return &apiError{Code: "LimitExceeded", Status: http.StatusConflict, Message: "The number of tags has reached the maximum limit."}
	}
	return nil
}
