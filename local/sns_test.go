package local

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func snsTag(k, v string) types.Tag { return types.Tag{Key: aws.String(k), Value: aws.String(v)} }

func (a *account) topic(t *testing.T, name string, tags ...types.Tag) *string {
	t.Helper()
	return must(sns.NewFromConfig(a.config()).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String(name), Tags: tags}))(t).TopicArn
}

func TestTopicIsMadeOnceUnlessItsTagsDiffer(t *testing.T) {
	a := newAccount(t, Lags{})
	c := sns.NewFromConfig(a.config())
	arn := a.topic(t, "T", snsTag("todoctl:stack", "Todo"))
	if *arn != "arn:aws:sns:us-east-1:000000000000:T" {
		t.Errorf("ARN %s", *arn)
	}
	for _, tags := range [][]types.Tag{nil, {snsTag("todoctl:stack", "Todo")}} {
		if again := a.topic(t, "T", tags...); *again != *arn {
			t.Errorf("again with %v: %s", tags, *again)
		}
	}
	for _, tag := range []types.Tag{snsTag("todoctl:stack", "Chat"), snsTag("new", "")} {
		fails(c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("T"), Tags: []types.Tag{tag}}))(
			t, "InvalidParameter", "Invalid parameter: Tags Reason: Topic already exists with different tags")
	}
	fails(c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("T"), Attributes: map[string]string{"DisplayName": "D"}}))(
		t, "InvalidParameter", "Topic already exists with different attributes")
	fails(c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("a b")}))(t, "InvalidParameter", "Topic Name")
	list := must(c.ListTopics(t.Context(), nil))(t).Topics
	if len(list) != 1 || *list[0].TopicArn != *arn {
		t.Errorf("topics %v", list)
	}
}

func TestTopicAttributesComeBack(t *testing.T) {
	a := newAccount(t, Lags{})
	c := sns.NewFromConfig(a.config())
	arn := a.topic(t, "T")
	get := func() map[string]string {
		return must(c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: arn}))(t).Attributes
	}
	if m := get(); m["Owner"] != AccountID || m["SubscriptionsPending"] != "0" || m["TopicArn"] != *arn || !strings.Contains(m["Policy"], *arn) {
		t.Errorf("attributes %v", m)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *arn + `"}]}`
	for name, value := range map[string]string{"DisplayName": "a <b> & c", "Policy": policy} {
		must(c.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String(name), AttributeValue: aws.String(value)}))(t)
		if got := get()[name]; got != value {
			t.Errorf("%s is %q", name, got)
		}
	}
	fails(c.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String("FifoTopic"), AttributeValue: aws.String("true")}))(
		t, "InvalidParameter", "AttributeName")
	fails(c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String(*arn + "2")}))(t, "NotFound", "Topic does not exist")
	fails(c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String(strings.Replace(*arn, "us-east-1", "eu-west-1", 1))}))(
		t, "InvalidParameter", "Invalid parameter: TopicArn")
	fails(c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: aws.String("T")}))(
		t, "InvalidParameter", "An ARN must have at least 6 elements, not 1")
}

func TestEmailWaitsForItsConfirmationAndIsDroppedAfterTwoDays(t *testing.T) {
	a := newAccount(t, Lags{})
	c := sns.NewFromConfig(a.config())
	arn := a.topic(t, "T")
	subscribe := func(address string) string {
		return *must(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String(address)}))(t).SubscriptionArn
	}
	arns := func() (all []string) {
		for _, s := range must(c.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: arn}))(t).Subscriptions {
			all = append(all, *s.SubscriptionArn)
		}
		return all
	}
	for range 2 { // the same address again is the same subscription
		if got := subscribe("ada@example.com"); got != "pending confirmation" {
			t.Errorf("Subscribe answers %q", got)
		}
	}
	subscribe("bob@example.com")
	if got := arns(); len(got) != 2 || got[0] != "PendingConfirmation" || got[1] != "PendingConfirmation" {
		t.Errorf("before the confirmation: %v", got)
	}
	fails(c.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: aws.String("PendingConfirmation")}))(
		t, "InvalidParameter", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")

	waiting := must(a.server.Confirmations())(t)
	if len(waiting) != 2 {
		t.Fatalf("waiting: %v", waiting)
	}
	var token string
	for _, w := range waiting {
		if w.Endpoint == "ada@example.com" && w.TopicARN == *arn {
			token = w.Token
		}
	}
	fails(c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: aws.String("wrong")}))(t, "InvalidParameter", "Token")
	confirmed := *must(c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: aws.String(token)}))(t).SubscriptionArn
	if !strings.HasPrefix(confirmed, *arn+":") || subscribe("ada@example.com") != confirmed {
		t.Errorf("confirmed as %s", confirmed)
	}
	m := must(c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: arn}))(t).Attributes
	if m["SubscriptionsPending"] != "1" || m["SubscriptionsConfirmed"] != "1" {
		t.Errorf("attributes %v", m)
	}

	a.turn(48*time.Hour - time.Second)
	if got := arns(); len(got) != 2 {
		t.Errorf("just before 48 hours: %v", got)
	}
	a.turn(time.Second)
	if got := arns(); len(got) != 1 || got[0] != confirmed {
		t.Errorf("after 48 hours: %v", got)
	}
	one := must(c.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: aws.String(confirmed)}))(t).Attributes
	if one["PendingConfirmation"] != "false" || one["Endpoint"] != "ada@example.com" {
		t.Errorf("subscription %v", one)
	}
	must(c.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: aws.String(confirmed)}))(t)
	if got := must(c.ListSubscriptions(t.Context(), nil))(t).Subscriptions; len(got) != 0 {
		t.Errorf("after Unsubscribe: %v", got)
	}
	must(c.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: aws.String(confirmed)}))(t)
	fails(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String("nobody")}))(t, "InvalidParameter", "Email address")
	fails(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:x")}))(t, "NotImplemented", "sqs")
}

func TestDeleteTopicTakesWaitingSubscriptionsAndIsIdempotent(t *testing.T) {
	a := newAccount(t, Lags{})
	c := sns.NewFromConfig(a.config())
	arn := a.topic(t, "T")
	must(c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")}))(t)
	for range 2 {
		must(c.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: arn}))(t)
	}
	a.topic(t, "T")
	if got := must(c.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: arn}))(t).Subscriptions; len(got) != 0 {
		t.Errorf("a new topic of that name has %v", got)
	}
}

func TestTopicTagsHaveTheirOwnNotFound(t *testing.T) {
	a := newAccount(t, Lags{})
	c := sns.NewFromConfig(a.config())
	arn := a.topic(t, "T", snsTag("a", "1"), snsTag("b", "2"))
	must(c.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{snsTag("b", "3")}}))(t)
	must(c.UntagResource(t.Context(), &sns.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}}))(t)
	tags := must(c.ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: arn}))(t).Tags
	if len(tags) != 1 || *tags[0].Key != "b" || *tags[0].Value != "3" {
		t.Errorf("tags %v", tags)
	}
	gone := aws.String(*arn + "2")
	fails(c.ListTagsForResource(t.Context(), &sns.ListTagsForResourceInput{ResourceArn: gone}))(t, "ResourceNotFound", "Resource does not exist")
	fails(c.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: gone, Tags: []types.Tag{snsTag("b", "3")}}))(t, "ResourceNotFound", "Resource does not exist")
}

func TestTopicsStayInTheirRegion(t *testing.T) {
	a := newAccount(t, Lags{})
	a.topic(t, "T")
	elsewhere := sns.NewFromConfig(a.as("AKIATEST", "eu-west-1"))
	if got := must(elsewhere.ListTopics(t.Context(), nil))(t).Topics; len(got) != 0 {
		t.Errorf("topics in eu-west-1: %v", got)
	}
	fails(elsewhere.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:eu-west-1:000000000000:T"), Message: aws.String("m")}))(
		t, "NotImplemented", "Publish")
}
