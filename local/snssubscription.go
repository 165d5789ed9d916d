package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// A Confirmation is the mail that SNS would have sent: an address that was
// subscribed, and the token that confirms it.
type Confirmation struct {
	TopicARN string
	Endpoint string
	Token    string
}

// Confirmations returns what waits for a confirmation, so that a person or a
// test can do what the link in the mail does (ConfirmSubscription).
func (s *Server) Confirmations() ([]Confirmation, error) {
	topics, err := (&snsService{s}).all("")
	var waiting []Confirmation
	for _, d := range topics {
		for _, sub := range d.alive(s.cfg.Now()) {
			if !sub.Confirmed {
				waiting = append(waiting, Confirmation{TopicARN: d.arn(), Endpoint: sub.Endpoint, Token: sub.Token})
			}
		}
	}
	return waiting, err
}

// Subscribe adds an address. The same address again gets the same subscription.
func (x *snsService) Subscribe(ctx context.Context, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	protocol, endpoint := aws.ToString(in.Protocol), aws.ToString(in.Endpoint)
	switch protocol {
	case "email", "email-json":
	case "http", "https", "sms", "sqs", "application", "lambda", "firehose":
		return nil, notImplemented("Subscribe with the protocol " + protocol)
	default:
		return nil, snsInvalid("Invalid protocol type: " + protocol)
	}
	if err := checkEmail(endpoint); err != nil {
		return nil, err
	}
	if len(in.Attributes) > 0 {
		return nil, notImplemented("Subscribe with Attributes")
	}
	var sub subscriptionDoc
	err := x.change(ctx, in.TopicArn, func(d *topicDoc) error {
		i := slices.IndexFunc(d.Subscriptions, func(s subscriptionDoc) bool {
			return s.Protocol == protocol && s.Endpoint == endpoint
		})
		if i < 0 {
			if err := x.full("Subscribe"); err != nil {
				return err
			}
			d.Subscriptions = append(d.Subscriptions, subscriptionDoc{
				ARN:      d.arn() + ":" + newRequestID(),
				Protocol: protocol, Endpoint: endpoint, Token: newToken(), Created: x.cfg.Now(),
			})
			i = len(d.Subscriptions) - 1
		}
		sub = d.Subscriptions[i]
		return nil
	})
	if err != nil {
		return nil, err
	}
	arn := sub.ARN
	if !sub.Confirmed && !in.ReturnSubscriptionArn {
		arn = "pending confirmation"
	}
	return &sns.SubscribeOutput{SubscriptionArn: aws.String(arn)}, nil
}

// newToken returns what a confirmation mail carries.
func newToken() string {
	var b [64]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	return hex.EncodeToString(b[:])
}

// ConfirmSubscription does what the link in the mail does.
func (x *snsService) ConfirmSubscription(ctx context.Context, in *sns.ConfirmSubscriptionInput) (*sns.ConfirmSubscriptionOutput, error) {
	out := &sns.ConfirmSubscriptionOutput{}
	return out, x.change(ctx, in.TopicArn, func(d *topicDoc) error {
		for i := range d.Subscriptions {
			if d.Subscriptions[i].Token == aws.ToString(in.Token) {
				d.Subscriptions[i].Confirmed = true
				out.SubscriptionArn = aws.String(d.Subscriptions[i].ARN)
				return nil
			}
		}
		return snsInvalid("Token")
	})
}

// Unsubscribe removes a confirmed subscription; one that is gone is no error.
// One that waits cannot be removed: it has no ARN in the lists, and SNS drops
// it after 48 hours.
func (x *snsService) Unsubscribe(ctx context.Context, in *sns.UnsubscribeInput) (*sns.UnsubscribeOutput, error) {
	arn := aws.ToString(in.SubscriptionArn)
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return nil, snsInvalid(fmt.Sprintf("SubscriptionArn Reason: An ARN must have at least 6 elements, not %d", len(parts)))
	}
	if len(parts) != 7 {
		return nil, snsInvalid("SubscriptionId")
	}
	topic := strings.Join(parts[:6], ":")
	err := x.change(ctx, &topic, func(d *topicDoc) error {
		i := slices.IndexFunc(d.Subscriptions, func(s subscriptionDoc) bool { return s.ARN == arn })
		if i < 0 {
			return nil
		}
		if !d.Subscriptions[i].Confirmed {
			return snsInvalid("Cannot unsubscribe a subscription that is pending confirmation")
		}
		d.Subscriptions = slices.Delete(d.Subscriptions, i, i+1)
		return nil
	})
	if e := (*apiError)(nil); errors.As(err, &e) && e.Code == "NotFound" {
		err = nil // its topic is gone, and the subscription with it
	}
	return &sns.UnsubscribeOutput{}, err
}

// GetSubscriptionAttributes describes one subscription.
func (x *snsService) GetSubscriptionAttributes(ctx context.Context, in *sns.GetSubscriptionAttributesInput) (*sns.GetSubscriptionAttributesOutput, error) {
	arn := aws.ToString(in.SubscriptionArn)
	topics, err := x.all(from(ctx).region)
	if err != nil {
		return nil, err
	}
	for _, d := range topics {
		for _, s := range d.alive(x.cfg.Now()) {
			if s.ARN == arn {
				return &sns.GetSubscriptionAttributesOutput{Attributes: map[string]string{
					"SubscriptionArn":              s.ARN,
					"TopicArn":                     d.arn(),
					"Owner":                        AccountID,
					"Protocol":                     s.Protocol,
					"Endpoint":                     s.Endpoint,
					"PendingConfirmation":          fmt.Sprint(!s.Confirmed),
					"ConfirmationWasAuthenticated": "false",
					"RawMessageDelivery":           "false",
				}}, nil
			}
		}
	}
	return nil, &apiError{Code: "NotFound", Status: http.StatusNotFound, Message: "Subscription does not exist"}
}

// ListSubscriptionsByTopic returns the subscriptions of a topic, 100 a page.
// One that waits shows "PendingConfirmation" where its ARN will be.
func (x *snsService) ListSubscriptionsByTopic(ctx context.Context, in *sns.ListSubscriptionsByTopicInput) (*sns.ListSubscriptionsByTopicOutput, error) {
	doc, err := x.look(ctx, in.TopicArn)
	if err != nil {
		return nil, err
	}
	out := &sns.ListSubscriptionsByTopicOutput{}
	out.Subscriptions, out.NextToken, err = x.shown([]topicDoc{doc}, in.NextToken)
	return out, err
}

// ListSubscriptions returns the subscriptions of all topics of the Region.
func (x *snsService) ListSubscriptions(ctx context.Context, in *sns.ListSubscriptionsInput) (*sns.ListSubscriptionsOutput, error) {
	topics, err := x.all(from(ctx).region)
	if err != nil {
		return nil, err
	}
	out := &sns.ListSubscriptionsOutput{}
	out.Subscriptions, out.NextToken, err = x.shown(topics, in.NextToken)
	return out, err
}

// shown cuts one page out of the subscriptions of topics.
func (x *snsService) shown(topics []topicDoc, token *string) (shown []types.Subscription, next *string, err error) {
	type row struct {
		topic string
		subscriptionDoc
	}
	var rows []row
	for _, d := range topics {
		for _, s := range d.alive(x.cfg.Now()) {
			rows = append(rows, row{d.arn(), s})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.ARN, b.ARN) })
	rows, next, err = page(rows, func(r row) string { return r.ARN }, token, nil, snsPages)
	shown = []types.Subscription{}
	for _, r := range rows {
		arn := r.ARN
		if !r.Confirmed {
			arn = "PendingConfirmation"
		}
		shown = append(shown, types.Subscription{
			Endpoint: aws.String(r.Endpoint), Owner: aws.String(AccountID), Protocol: aws.String(r.Protocol),
			SubscriptionArn: aws.String(arn), TopicArn: aws.String(r.topic),
		})
	}
	return shown, next, err
}
