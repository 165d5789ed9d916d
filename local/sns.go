package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"go.etcd.io/bbolt"
)

// snsService is SNS: topics and e-mail subscriptions. Publish is not here,
// because no mail is ever sent.
type snsService struct{ *Server }

var snsPages = paging{size: 100, code: "InvalidParameter", message: "Invalid parameter: NextToken"}

// A topicDoc is a topic with its subscriptions.
type topicDoc struct {
	Region        string
	Name          string
	Created       time.Time
	Attributes    map[string]string // those that the caller has set
	Tags          map[string]string
	Subscriptions []subscriptionDoc // oldest first
}

// A subscriptionDoc is one address of a topic.
type subscriptionDoc struct {
	ARN       string
	Protocol  string
	Endpoint  string
	Token     string // what the confirmation mail would carry
	Created   time.Time
	Confirmed bool
}

// confirmWithin is how long a subscription waits for its confirmation; then SNS
// removes it.
// https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
const confirmWithin = 48 * time.Hour

func (d topicDoc) arn() string { return topicARN(d.Region, d.Name) }

// alive returns the subscriptions that are confirmed or may still be.
func (d topicDoc) alive(now time.Time) []subscriptionDoc {
	return slices.DeleteFunc(slices.Clone(d.Subscriptions), func(s subscriptionDoc) bool {
		return !s.Confirmed && !now.Before(s.Created.Add(confirmWithin))
	})
}

// topicARN is the ARN of an SNS topic.
func topicARN(region, name string) string {
	return "arn:aws:sns:" + region + ":" + AccountID + ":" + name
}

var topicName = bounded(`^[A-Za-z0-9_-]+$`, 256)

// settable are the attributes of a topic that are kept. FIFO topics, encryption
// and delivery logs are not here.
var settable = []string{"DisplayName", "Policy", "DeliveryPolicy", "SignatureVersion", "TracingConfig"}

// CreateTopic makes a topic, or answers the ARN of the one that has this name:
// it never says that a topic existed, unless tags or attributes differ.
func (x *snsService) CreateTopic(ctx context.Context, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	name := aws.ToString(in.Name)
	if !topicName.MatchString(name) {
		return nil, snsInvalid("Topic Name")
	}
	if aws.ToString(in.DataProtectionPolicy) != "" {
		return nil, notImplemented("CreateTopic with DataProtectionPolicy")
	}
	for k, v := range in.Attributes {
		if err := checkTopicAttribute(k, v); err != nil {
			return nil, err
		}
	}
	doc := topicDoc{
		Region: from(ctx).region, Name: name, Created: x.cfg.Now(),
		Attributes: maps.Clone(in.Attributes), Tags: map[string]string{},
	}
	if doc.Attributes == nil {
		doc.Attributes = map[string]string{}
	}
	if err := addSNSTags(doc.Tags, in.Tags); err != nil {
		return nil, err
	}
	out := &sns.CreateTopicOutput{TopicArn: aws.String(doc.arn())}
	return out, x.db.update(func(tx *bbolt.Tx) error {
		have, ok, err := get[topicDoc](tx, bucketTopics, key(doc.Region, name))
		if err != nil {
			return err
		}
		if !ok {
			if err := x.full("CreateTopic"); err != nil {
				return err
			}
			return put(tx, bucketTopics, key(doc.Region, name), doc)
		}
		for k, v := range doc.Tags {
			if old, ok := have.Tags[k]; !ok || old != v {
				return snsInvalid("Tags Reason: Topic already exists with different tags")
			}
		}
		for k, v := range doc.Attributes {
			if have.Attributes[k] != v {
				return snsInvalid("Attributes Reason: Topic already exists with different attributes")
			}
		}
		return nil
	})
}

// GetTopicAttributes returns the attributes, those that SNS computes included.
func (x *snsService) GetTopicAttributes(ctx context.Context, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	doc, err := x.look(ctx, in.TopicArn)
	if err != nil {
		return nil, err
	}
	pending, confirmed := 0, 0
	for _, s := range doc.alive(x.cfg.Now()) {
		if s.Confirmed {
			confirmed++
		} else {
			pending++
		}
	}
	attributes := map[string]string{
		"TopicArn":                doc.arn(),
		"Owner":                   AccountID,
		"DisplayName":             "",
		"Policy":                  defaultTopicPolicy(doc.arn()),
		"EffectiveDeliveryPolicy": effectiveDelivery,
		"SubscriptionsPending":    fmt.Sprint(pending),
		"SubscriptionsConfirmed":  fmt.Sprint(confirmed),
		"SubscriptionsDeleted":    "0",
	}
	maps.Copy(attributes, doc.Attributes)
	return &sns.GetTopicAttributesOutput{Attributes: attributes}, nil
}

// SetTopicAttributes sets one attribute.
func (x *snsService) SetTopicAttributes(ctx context.Context, in *sns.SetTopicAttributesInput) (*sns.SetTopicAttributesOutput, error) {
	name, value := aws.ToString(in.AttributeName), aws.ToString(in.AttributeValue)
	if err := checkTopicAttribute(name, value); err != nil {
		return nil, err
	}
	return &sns.SetTopicAttributesOutput{}, x.change(ctx, in.TopicArn, func(d *topicDoc) error {
		d.Attributes[name] = value
		return nil
	})
}

// DeleteTopic removes a topic with its subscriptions, the waiting ones
// included. One that is not there is no error.
func (x *snsService) DeleteTopic(ctx context.Context, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	name, err := topicOf(ctx, aws.ToString(in.TopicArn))
	if err != nil {
		return nil, err
	}
	return &sns.DeleteTopicOutput{}, x.db.update(func(tx *bbolt.Tx) error {
		return remove(tx, bucketTopics, key(from(ctx).region, name))
	})
}

// ListTopics returns the topics of the Region, 100 a page.
func (x *snsService) ListTopics(ctx context.Context, in *sns.ListTopicsInput) (*sns.ListTopicsOutput, error) {
	docs, err := x.all(from(ctx).region)
	if err != nil {
		return nil, err
	}
	out := &sns.ListTopicsOutput{Topics: []types.Topic{}}
	docs, out.NextToken, err = page(docs, func(d topicDoc) string { return d.Name }, in.NextToken, nil, snsPages)
	for _, d := range docs {
		out.Topics = append(out.Topics, types.Topic{TopicArn: aws.String(d.arn())})
	}
	return out, err
}

// TagResource adds tags to a topic.
func (x *snsService) TagResource(ctx context.Context, in *sns.TagResourceInput) (*sns.TagResourceOutput, error) {
	return &sns.TagResourceOutput{}, tagError(x.change(ctx, in.ResourceArn, func(d *topicDoc) error { return addSNSTags(d.Tags, in.Tags) }))
}

// UntagResource removes tags from a topic.
func (x *snsService) UntagResource(ctx context.Context, in *sns.UntagResourceInput) (*sns.UntagResourceOutput, error) {
	return &sns.UntagResourceOutput{}, tagError(x.change(ctx, in.ResourceArn, func(d *topicDoc) error {
		for _, k := range in.TagKeys {
			delete(d.Tags, k)
		}
		return nil
	}))
}

// ListTagsForResource returns the tags of a topic.
func (x *snsService) ListTagsForResource(ctx context.Context, in *sns.ListTagsForResourceInput) (*sns.ListTagsForResourceOutput, error) {
	doc, err := x.look(ctx, in.ResourceArn)
	if err != nil {
		return nil, tagError(err)
	}
	out := &sns.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, k := range sortedKeys(doc.Tags) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(doc.Tags[k])})
	}
	return out, nil
}

// tagged lists the topics with their tags.
func (x *snsService) tagged() ([]taggedResource, error) {
	docs, err := x.all("")
	found := make([]taggedResource, 0, len(docs))
	for _, d := range docs {
		found = append(found, taggedResource{ARN: d.arn(), Region: d.Region, Tags: d.Tags})
	}
	return found, err
}

// all lists the topics of a Region, or of every Region for "".
func (x *snsService) all(region string) (docs []topicDoc, err error) {
	prefix := ""
	if region != "" {
		prefix = key(region, "")
	}
	err = x.db.view(func(tx *bbolt.Tx) (err error) {
		docs, err = list[topicDoc](tx, bucketTopics, prefix)
		return err
	})
	return docs, err
}

func (x *snsService) look(ctx context.Context, arn *string) (doc topicDoc, err error) {
	name, err := topicOf(ctx, aws.ToString(arn))
	if err != nil {
		return doc, err
	}
	err = x.db.view(func(tx *bbolt.Tx) error {
		doc, err = x.getTopic(tx, from(ctx).region, name)
		return err
	})
	return doc, err
}

// change reads a topic, lets do change it, and writes it back without the
// subscriptions that nobody has confirmed in time.
func (x *snsService) change(ctx context.Context, arn *string, do func(*topicDoc) error) error {
	region := from(ctx).region
	name, err := topicOf(ctx, aws.ToString(arn))
	if err != nil {
		return err
	}
	now := x.cfg.Now()
	return x.db.update(func(tx *bbolt.Tx) error {
		doc, err := x.getTopic(tx, region, name)
		if err != nil {
			return err
		}
		doc.Subscriptions = doc.alive(now)
		if err := do(&doc); err != nil {
			return err
		}
		return put(tx, bucketTopics, key(region, name), doc)
	})
}

func (x *snsService) getTopic(tx *bbolt.Tx, region, name string) (topicDoc, error) {
	doc, ok, err := get[topicDoc](tx, bucketTopics, key(region, name))
	switch {
	case err != nil:
	case !ok, x.young(doc.Created, x.cfg.Lags.TopicVisible):
		err = &apiError{Code: "NotFound", Status: http.StatusNotFound, Message: "Topic does not exist"}
	case x.young(doc.Created, x.cfg.Lags.TopicAccess):
		err = &apiError{Code: "AuthorizationError", Status: http.StatusForbidden,
			Message: "User: arn:aws:iam::" + AccountID + ":user/local is not authorized to perform this action on resource: " + doc.arn()}
	}
	return doc, err
}

// topicOf takes the name out of a topic's ARN, which must be of this account
// and of the Region that is asked.
func topicOf(ctx context.Context, arn string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return "", snsInvalid(fmt.Sprintf("TopicArn Reason: An ARN must have at least 6 elements, not %d", len(parts)))
	}
	if len(parts) > 6 || parts[2] != "sns" || parts[3] != from(ctx).region || parts[4] != AccountID {
		return "", snsInvalid("TopicArn")
	}
	return parts[5], nil
}

// tagError gives the tag operations their own code for a topic that is not there.
// https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html
func tagError(err error) error {
	if e := (*apiError)(nil); errors.As(err, &e) && e.Code == "NotFound" {
		return &apiError{Code: "ResourceNotFound", Status: http.StatusNotFound, Message: "Resource does not exist"}
	}
	return err
}

func snsInvalid(what string) error {
	return &apiError{Code: "InvalidParameter", Message: "Invalid parameter: " + what}
}

func addSNSTags(have map[string]string, tags []types.Tag) error {
	for _, t := range tags {
		k := aws.ToString(t.Key)
		if k == "" || len(k) > 128 || len(aws.ToString(t.Value)) > 256 || strings.HasPrefix(strings.ToLower(k), "aws:") {
			return snsInvalid("Tags")
		}
		have[k] = aws.ToString(t.Value)
	}
	if len(have) > 50 {
		return &apiError{Code: "TagLimitExceeded", Message: "Could not complete request: tag quota of per resource exceeded"}
	}
	return nil
}

func checkTopicAttribute(name, value string) error {
	if !slices.Contains(settable, name) {
		return snsInvalid("AttributeName")
	}
	if name == "Policy" {
		if _, err := checkDocument(value); err != nil {
			return snsInvalid("Policy Error: null")
		}
	}
	if name == "DisplayName" && len(value) > 100 {
		return snsInvalid("DisplayName")
	}
	return nil
}

func checkEmail(address string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address {
		return snsInvalid("Email address")
	}
	return nil
}

func defaultTopicPolicy(arn string) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
		`"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",` +
		`"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],` +
		`"Resource":"` + arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + AccountID + `"}}}]}`
}

const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
	`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},` +
	`"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`
