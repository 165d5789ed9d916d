package local

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func TestFormsBecomeListsMapsAndStructures(t *testing.T) {
	form := map[string][]string{
		"Action": {"X"}, "Version": {"1"}, "Name": {"n"},
		"Tags.member.1.Key": {"a"}, "Tags.member.2.Key": {"b"}, "Tags.member.10.Key": {"far"},
		"Attributes.entry.1.key": {"k"}, "Attributes.entry.1.value": {"v"},
		"Empty": {""},
	}
	want := map[string]any{
		"Name": "n", "Empty": "",
		"Tags":       []any{map[string]any{"Key": "a"}, map[string]any{"Key": "b"}}, // a gap ends a list
		"Attributes": map[string]any{"k": "v"},
	}
	if got := parseForm(form); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestFormsThatContradictThemselvesDoNotPanic(t *testing.T) {
	for _, form := range []map[string][]string{
		{"A": {"x"}, "A.B": {"y"}},
		{"A.member": {"x"}, "A.member.1": {"y"}},
		{"A.entry.1": {"x"}},
		{"A.entry.1.value": {"x"}},
		{"": {"x"}, ".": {"y"}, "..": {"z"}},
	} {
		var in sns.CreateTopicInput
		_ = fill(reflect.ValueOf(&in).Elem(), parseForm(form)) // an error is fine
	}
}

func TestFillTakesWhatTheWireMeans(t *testing.T) {
	var topic sns.CreateTopicInput
	if err := fill(reflect.ValueOf(&topic).Elem(), map[string]any{"name": "n", "Tags": "", "Attributes": "", "Unknown": "passed over", "": "x"}); err != nil {
		t.Fatal(err)
	}
	if *topic.Name != "n" || len(topic.Tags) != 0 || len(topic.Attributes) != 0 {
		t.Errorf("%+v", topic)
	}
	var data cloudwatch.GetMetricStatisticsInput
	tree := map[string]any{
		"Period": json.Number("3.0"), "StartTime": json.Number("1764000000.5"), "EndTime": "2026-11-23T09:00:00Z",
	}
	if err := fill(reflect.ValueOf(&data).Elem(), tree); err != nil {
		t.Fatal(err)
	}
	if *data.Period != 3 || data.StartTime.UnixMilli() != 1764000000500 || !data.EndTime.Equal(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("%v %v %v", *data.Period, data.StartTime, data.EndTime)
	}
}

func TestFillRefusesTheWrongKind(t *testing.T) {
	for member, value := range map[string]any{
		"Period":     json.Number("1.5"),
		"EndTime":    "tomorrow",
		"StartTime":  true,
		"Statistics": []any{json.Number("1")},
		"MetricName": map[string]any{},
		"Dimensions": []any{"FunctionName"},
	} {
		var in cloudwatch.GetMetricStatisticsInput
		if err := fill(reflect.ValueOf(&in).Elem(), map[string]any{member: value}); err == nil || !strings.HasPrefix(err.Error(), member) {
			t.Errorf("%s = %v: %v", member, value, err)
		}
	}
	var in iam.CreateRoleInput
	if err := fill(reflect.ValueOf(&in).Elem(), map[string]any{"MaxSessionDuration": json.Number("99999999999")}); err == nil {
		t.Error("a number that does not fit is taken")
	}
}

func FuzzFormsNeverPanic(f *testing.F) {
	f.Add("Tags.member.1.Key", "a", "Tags", "b")
	f.Add("Attributes.entry.1.key", "k", "Attributes.entry.1.value", "v")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		var in sns.CreateTopicInput
		_ = fill(reflect.ValueOf(&in).Elem(), parseForm(map[string][]string{name1: {value1}, name2: {value2}})) // an error is fine
	})
}
