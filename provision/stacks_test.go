package provision

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggedStacks answers with a page for each list of values of the stack's tag.
type taggedStacks struct {
	pages [][]string
	asked int
	err   error
}

func (a *taggedStacks) GetResources(_ context.Context, in *resourcegroupstaggingapi.GetResourcesInput, _ ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error) {
	if a.err != nil {
		return nil, a.err
	}
	if len(in.TagFilters) != 1 || aws.ToString(in.TagFilters[0].Key) != TagStack {
		return nil, errors.New("it asks for more than our tag")
	}
	out := &resourcegroupstaggingapi.GetResourcesOutput{}
	for _, name := range a.pages[a.asked] {
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, taggingtypes.ResourceTagMapping{Tags: []taggingtypes.Tag{
			{Key: aws.String("owner"), Value: aws.String("Somebody")}, {Key: aws.String(TagStack), Value: aws.String(name)},
		}})
	}
	if a.asked++; a.asked < len(a.pages) {
		out.PaginationToken = aws.String("more")
	}
	return out, nil
}

func TestStacksAreNamedOnceAndOnAllPages(t *testing.T) {
	api := &taggedStacks{pages: [][]string{{"Todo", "Chat", "Todo"}, {}, {"Blog", "not a stack; rm -rf", ""}}}
	names, err := stacks(t.Context(), api)
	if want := []string{"Blog", "Chat", "Todo"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v; want %v", names, err, want)
	}
	denied := errors.New("denied")
	if _, err := stacks(t.Context(), &taggedStacks{err: denied}); !errors.Is(err, denied) {
		t.Errorf("the error is %v", err)
	}
}
