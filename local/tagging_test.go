package local

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

func TestGetResourcesFindsWhatAllFiltersMatch(t *testing.T) {
	a := newAccount(t, Lags{})
	c := tagging.NewFromConfig(a.config())
	a.role(t, "R") // has no tag, and roles are not found anyway
	a.group(t, "g", map[string]string{"todoctl:stack": "Todo", "x": "1"})
	a.group(t, "plain", nil)
	a.topic(t, "T", snsTag("todoctl:stack", "Todo"))
	a.topic(t, "Chat", snsTag("todoctl:stack", "Chat"))
	must(cloudwatch.NewFromConfig(a.config()).PutMetricAlarm(t.Context(), billingAlarm("A")))(t)
	must(budgets.NewFromConfig(a.config()).CreateBudget(t.Context(), newBudget("B")))(t)
	a.todoTable(t, "TodoTable")
	must(dynamodb.NewFromConfig(a.config()).TagResource(t.Context(), &dynamodb.TagResourceInput{
		ResourceArn: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/TodoTable"),
		Tags:        []dynamodbtypes.Tag{{Key: aws.String("todoctl:stack"), Value: aws.String("Todo")}}}))(t)

	filter := func(key string, values ...string) types.TagFilter {
		return types.TagFilter{Key: aws.String(key), Values: values}
	}
	find := func(in tagging.GetResourcesInput) string {
		var names []string
		pages := tagging.NewGetResourcesPaginator(c, &in)
		for pages.HasMorePages() {
			for _, r := range must(pages.NextPage(t.Context()))(t).ResourceTagMappingList {
				names = append(names, strings.SplitN(*r.ResourceARN, ":", 6)[5])
			}
		}
		return strings.Join(names, " ")
	}
	const todo = "budget/B alarm:A table/TodoTable log-group:g T"
	for _, tt := range []struct {
		in   tagging.GetResourcesInput
		want string
	}{
		{tagging.GetResourcesInput{TagFilters: []types.TagFilter{filter("todoctl:stack", "Todo")}}, todo},
		{tagging.GetResourcesInput{TagFilters: []types.TagFilter{filter("todoctl:stack", "Todo")}, ResourcesPerPage: aws.Int32(2)}, todo},
		{tagging.GetResourcesInput{TagFilters: []types.TagFilter{filter("todoctl:stack", "Chat", "None")}}, "Chat"},
		{tagging.GetResourcesInput{TagFilters: []types.TagFilter{filter("todoctl:stack"), filter("x", "1")}}, "log-group:g"},
		{tagging.GetResourcesInput{TagFilters: []types.TagFilter{filter("todoctl:stack"), filter("x", "2")}}, ""},
		{tagging.GetResourcesInput{ResourceTypeFilters: []string{"sns", "dynamodb:table"}}, "table/TodoTable Chat T"},
		{tagging.GetResourcesInput{ResourceTypeFilters: []string{"logs:log-group"}}, "log-group:g"},
		{tagging.GetResourcesInput{ResourceARNList: []string{"arn:aws:sns:us-east-1:000000000000:T"}}, "T"},
	} {
		if got := find(tt.in); got != tt.want {
			t.Errorf("%v %v: %q, want %q", tt.in.TagFilters, tt.in.ResourceTypeFilters, got, tt.want)
		}
	}
	out := must(tagging.NewFromConfig(a.as("AKIATEST", "eu-west-1")).GetResources(t.Context(), nil))(t)
	if len(out.ResourceTagMappingList) != 0 || out.PaginationToken == nil || *out.PaginationToken != "" {
		t.Errorf("another Region: %+v", out)
	}
	fails(c.GetResources(t.Context(), &tagging.GetResourcesInput{ResourceARNList: []string{"arn:x"}, TagFilters: []types.TagFilter{filter("a")}}))(
		t, "InvalidParameterException", "ResourceARNList")
}
