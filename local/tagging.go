package local

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggingService is the Resource Groups Tagging API: it finds what has a tag,
// whatever service it belongs to.
type taggingService struct{ *Server }

var taggingPages = paging{size: 50, code: "InvalidParameterException", message: "The pagination token is not valid."}

// A taggedResource is a resource as the Resource Groups Tagging API sees it.
type taggedResource struct {
	ARN, Region string
	Tags        map[string]string
}

// A tagger is a service whose resources the tagging API finds. IAM is none, on
// AWS neither: GetResources does not know roles.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
type tagger interface {
	tagged() ([]taggedResource, error)
}

// GetResources returns the tagged resources of the Region that all filters
// match; within a filter one of its values is enough.
func (x *taggingService) GetResources(ctx context.Context, in *tagging.GetResourcesInput) (*tagging.GetResourcesOutput, error) {
	if len(in.ResourceARNList) > 0 && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0) {
		return nil, taggingInvalid("ResourceARNList cannot be used with other filters in the same request")
	}
	if n := aws.ToInt32(in.ResourcesPerPage); in.ResourcesPerPage != nil && (n < 1 || n > 100) {
		return nil, taggingInvalid("ResourcesPerPage must be between 1 and 100")
	}
	var found []taggedResource
	for _, svc := range x.services {
		t, ok := svc.impl.(tagger)
		if !ok {
			continue
		}
		some, err := t.tagged()
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	found = slices.DeleteFunc(found, func(r taggedResource) bool {
		return r.Region != from(ctx).region || len(r.Tags) == 0 || !r.wanted(in)
	})
	slices.SortFunc(found, func(a, b taggedResource) int { return strings.Compare(a.ARN, b.ARN) })
	found, next, err := page(found, func(r taggedResource) string { return r.ARN }, in.PaginationToken, in.ResourcesPerPage, taggingPages)
	if err != nil {
		return nil, err
	}
	out := &tagging.GetResourcesOutput{
		PaginationToken:        aws.String(aws.ToString(next)), // "" on the last page
		ResourceTagMappingList: []types.ResourceTagMapping{},
	}
	for _, r := range found {
		m := types.ResourceTagMapping{ResourceARN: aws.String(r.ARN)}
		for _, k := range sortedKeys(r.Tags) {
			m.Tags = append(m.Tags, types.Tag{Key: aws.String(k), Value: aws.String(r.Tags[k])})
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, m)
	}
	return out, nil
}

// wanted says whether all filters match.
func (r taggedResource) wanted(in *tagging.GetResourcesInput) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, r.ARN) {
		return false
	}
	if len(in.ResourceTypeFilters) > 0 && !slices.ContainsFunc(in.ResourceTypeFilters, r.is) {
		return false
	}
	for _, f := range in.TagFilters {
		value, ok := r.Tags[aws.ToString(f.Key)]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, value) {
			return false
		}
	}
	return true
}

// is compares with a filter: a service ("sns") or a type of its resources
// ("dynamodb:table"). Both stand in the ARN; only a topic's has no type.
func (r taggedResource) is(filter string) bool {
	parts := strings.SplitN(r.ARN, ":", 6)
	service, resource := parts[2], parts[5]
	kind := ""
	if i := strings.IndexAny(resource, ":/"); i >= 0 {
		kind = resource[:i]
	}
	if service == "sns" {
		kind = "topic"
	}
	return filter == service || filter == service+":"+kind
}

func taggingInvalid(message string) error {
	return &apiError{Code: "InvalidParameterException", Message: message}
}
