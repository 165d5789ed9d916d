package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// Stacks are the names of the stacks of which anything carries the tag in the
// Region of cfg, in the alphabet's order. It asks once and does not try again:
// it is for a person who waits at a key.
func Stacks(ctx context.Context, cfg aws.Config) ([]string, error) {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return stacks(ctx, resourcegroupstaggingapi.NewFromConfig(cfg))
}

func stacks(ctx context.Context, api tagsAPI) ([]string, error) {
	var names []string
	in := &resourcegroupstaggingapi.GetResourcesInput{TagFilters: []taggingtypes.TagFilter{{Key: aws.String(TagStack)}}}
	for {
		out, err := api.GetResources(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("look for the tag %s: %w", TagStack, err)
		}
		for _, m := range out.ResourceTagMappingList {
			for _, t := range m.Tags {
				if name := aws.ToString(t.Value); aws.ToString(t.Key) == TagStack && CheckStack(name) == nil {
					names = append(names, name)
				}
			}
		}
		if aws.ToString(out.PaginationToken) == "" {
			slices.Sort(names)
			return slices.Compact(names), nil
		}
		in.PaginationToken = out.PaginationToken
	}
}
