package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/budgets"
	budgetstypes "github.com/aws/aws-sdk-go-v2/service/budgets/types"
	"github.com/aws/aws-sdk-go-v2/service/freetier"
	freetiertypes "github.com/aws/aws-sdk-go-v2/service/freetier/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func TestXMLIsWhatTheFormProtocolWants(t *testing.T) {
	ctx := context.WithValue(t.Context(), originKey{}, origin{requestID: "id-1"})
	res := protocolQuery.encode(ctx, "GetRole", &iam.GetRoleOutput{Role: &iamtypes.Role{
		RoleName: aws.String(`<&">`), MaxSessionDuration: aws.Int32(3600),
		CreateDate: aws.Time(time.Date(2026, 11, 23, 9, 0, 0, 0, time.FixedZone("", 3600))),
		Tags:       []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("")}},
	}})
	const want = `<GetRoleResponse><GetRoleResult><Role><CreateDate>2026-11-23T08:00:00Z</CreateDate>` +
		`<RoleName>&lt;&amp;&#34;&gt;</RoleName><MaxSessionDuration>3600</MaxSessionDuration>` +
		`<Tags><member><Key>a</Key><Value></Value></member></Tags></Role></GetRoleResult>` +
		`<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetRoleResponse>`
	if string(res.body) != want || res.header.Get("Content-Type") != "text/xml" {
		t.Errorf("%s", res.body)
	}
	res = protocolQuery.encode(ctx, "GetTopicAttributes", &sns.GetTopicAttributesOutput{Attributes: map[string]string{"b": "2", "a": "1"}})
	if !strings.Contains(string(res.body), `<Attributes><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Attributes>`) {
		t.Errorf("%s", res.body)
	}
}

func TestOldOutputsAreWrittenByTheirNames(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 500e6, time.UTC)
	for _, tt := range []struct {
		out  any
		want string
	}{
		{&budgets.DescribeBudgetOutput{Budget: &budgetstypes.Budget{BudgetName: aws.String("B"), LastUpdatedTime: &at, CostFilters: map[string][]string{"Service": {"x"}}}},
			`{"Budget":{"BudgetName":"B","LastUpdatedTime":1795424400.5,"CostFilters":{"Service":["x"]}}}`},
		{&budgets.CreateBudgetOutput{}, `{}`},
		{camel{&freetier.GetFreeTierUsageOutput{FreeTierUsages: []freetiertypes.FreeTierUsage{{UsageType: aws.String("U"), Limit: 1}}}},
			`{"freeTierUsages":[{"actualUsageAmount":0,"forecastedUsageAmount":0,"limit":1,"usageType":"U"}]}`},
	} {
		res := protocolJSON11.encode(t.Context(), "X", tt.out)
		var got, want any
		if err := errors.Join(json.Unmarshal(res.body, &got), json.Unmarshal([]byte(tt.want), &want)); err != nil {
			t.Fatal(err)
		}
		g, _ := json.Marshal(got) // what came out of JSON goes in again
		w, _ := json.Marshal(want)
		if !bytes.Equal(g, w) {
			t.Errorf("wrote %s\nwant %s", g, w)
		}
	}
}

func TestErrorsSpeakEachProtocol(t *testing.T) {
	ctx := context.WithValue(t.Context(), originKey{}, origin{requestID: "id-1"})
	e := &apiError{Code: "InvalidParameterValueException", Query: "InvalidParameterValue", Message: "a < b"}
	res := protocolQuery.fail(ctx, e)
	if want := `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameterValue</Code><Message>a &lt; b</Message></Error><RequestId>id-1</RequestId></ErrorResponse>`; string(res.body) != want || res.status != 400 {
		t.Errorf("%d %s", res.status, res.body)
	}
	res = protocolJSON10.fail(ctx, e)
	if res.header.Get("X-Amzn-Query-Error") != "InvalidParameterValue;Sender" || !bytes.Contains(res.body, []byte(`"__type":"InvalidParameterValueException"`)) {
		t.Errorf("%v %s", res.header, res.body)
	}
	res = protocolREST.fail(ctx, &apiError{Code: "ResourceConflictException", Status: http.StatusConflict, Message: "m", Fields: map[string]any{"Reason": "r"}})
	if res.header.Get("X-Amzn-Errortype") != "ResourceConflictException" || res.status != 409 ||
		string(res.body) != `{"Message":"m","Reason":"r","Type":"User","message":"m"}` {
		t.Errorf("%d %v %s", res.status, res.header, res.body)
	}
	res = protocolCBOR.fail(ctx, errors.New("the disk is full"))
	if res.status != 500 || res.code != "InternalFailure" || res.header.Get("X-Amzn-Query-Error") != "InternalFailure;Receiver" {
		t.Errorf("%d %s", res.status, res.code)
	}
}
