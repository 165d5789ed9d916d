package provision

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

type snsAPI interface {
	ListTagsForResource(ctx context.Context, in *sns.ListTagsForResourceInput, opts ...func(*sns.Options)) (*sns.ListTagsForResourceOutput, error)
	ListSubscriptionsByTopic(ctx context.Context, in *sns.ListSubscriptionsByTopicInput, opts ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error)
	CreateTopic(ctx context.Context, in *sns.CreateTopicInput, opts ...func(*sns.Options)) (*sns.CreateTopicOutput, error)
	Subscribe(ctx context.Context, in *sns.SubscribeInput, opts ...func(*sns.Options)) (*sns.SubscribeOutput, error)
	TagResource(ctx context.Context, in *sns.TagResourceInput, opts ...func(*sns.Options)) (*sns.TagResourceOutput, error)
	DeleteTopic(ctx context.Context, in *sns.DeleteTopicInput, opts ...func(*sns.Options)) (*sns.DeleteTopicOutput, error)
}

// topicSeen is the SNS topic with its e-mail subscriptions.
type topicSeen struct {
	part
	confirmed []string // addresses
	pending   []string // addresses whose owner has not clicked the link yet
}

// lookTopic asks for the tags and not for the topic's attributes: they say as
// well that it is missing, and whose it is.
func (s *alarmStep) lookTopic(ctx context.Context) (topicSeen, error) {
	seen := topicSeen{part: part{kind: "SNS topic", name: s.cfg.TopicName()}}
	seen.ID = s.cfg.TopicARN()
	var tags map[string]string // nil when there is no topic
	var subscriptions []snstypes.Subscription
	err := together(ctx,
		func(ctx context.Context) error {
			out, err := s.sns.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: aws.String(seen.ID)})
			if err != nil {
				return unlessGone(err)
			}
			tags = tagMap(out.Tags, func(t snstypes.Tag) (*string, *string) { return t.Key, t.Value })
			return nil
		},
		func(ctx context.Context) error {
			for token := (*string)(nil); ; {
				out, err := s.sns.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(seen.ID), NextToken: token})
				if err != nil {
					return unlessGone(err)
				}
				subscriptions = append(subscriptions, out.Subscriptions...)
				if token = out.NextToken; aws.ToString(token) == "" {
					return nil
				}
			}
		},
	)
	if _, made := s.made.Load(seen.kind); made && isDenied(err) {
		seen.State, seen.Pending, seen.Wait = Drift, "access to the new topic that does not count yet", topicOpening
		return seen, nil
	}
	if err != nil || tags == nil {
		return seen, seen.missing(err)
	}
	for _, sub := range subscriptions {
		if aws.ToString(sub.Protocol) != "email" {
			continue
		}
		switch address := aws.ToString(sub.Endpoint); aws.ToString(sub.SubscriptionArn) {
		case "PendingConfirmation":
			seen.pending = append(seen.pending, address)
		case "Deleted": // by the link at the end of a mail; it stays in the list for a while
		default:
			seen.confirmed = append(seen.confirmed, address)
		}
	}
	if s.cfg.Email != "" && !has(slices.Concat(seen.confirmed, seen.pending), s.cfg.Email) {
		have := strings.Join(slices.Concat(seen.confirmed, seen.pending), ", ")
		seen.Diffs = []Diff{{Field: "the e-mail subscription", Have: cmp.Or(have, "missing"), Want: s.cfg.Email}}
	}
	s.judge(&seen.part, tags)
	return seen, nil
}

// has compares addresses as mail does, without regard to case.
func has(addresses []string, email string) bool {
	return slices.ContainsFunc(addresses, func(a string) bool { return strings.EqualFold(a, email) })
}

func (s *alarmStep) applyTopic(ctx context.Context, seen topicSeen) error {
	create := s.topicInput()
	switch {
	case seen.State == Absent:
		_, err := s.sns.CreateTopic(ctx, create)
		if code := apiCode(err); code == "InvalidParameter" || code == "InvalidParameterException" {
			// CreateTopic adopts an existing topic silently; only other tags make it
			// complain. Somebody was faster, and the tags say who.
			now, lookErr := s.lookTopic(ctx)
			switch {
			case lookErr != nil:
				return lookErr
			case now.State == Foreign:
				return &ForeignError{Step: "alarm", Resource: now.String(), Owner: now.Owner}
			case now.State != Absent:
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("create the %s: %w", seen, err)
		}
		s.made.Store(seen.kind, true)
	case seen.untagged():
		if _, err := s.sns.TagResource(ctx, &sns.TagResourceInput{ResourceArn: aws.String(seen.ID), Tags: create.Tags}); err != nil {
			return fmt.Errorf("tag the %s: %w", seen, err)
		}
	}
	return nil
}

// topicInput and subscribeInput are the topic as it is asked for, and as
// Elsewhere tells it.
func (s *alarmStep) topicInput() *sns.CreateTopicInput {
	in := &sns.CreateTopicInput{Name: aws.String(s.cfg.TopicName())}
	for k, v := range inOrder(s.tags()) {
		in.Tags = append(in.Tags, snstypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return in
}

func (s *alarmStep) subscribeInput() *sns.SubscribeInput {
	return &sns.SubscribeInput{
		TopicArn: aws.String(s.cfg.TopicARN()),
		Protocol: aws.String("email"),
		Endpoint: aws.String(s.cfg.Email),
	}
}

func (s *alarmStep) applySubscription(ctx context.Context, seen topicSeen) error {
	if s.cfg.Email == "" || has(slices.Concat(seen.confirmed, seen.pending), s.cfg.Email) {
		return nil
	}
	// A topic that was made a moment ago may not be found yet, or not let its own
	// maker in.
	_, made := s.made.Load(seen.kind)
	return s.cfg.Clock.until(ctx, topicOpening, Spread, func() (bool, error, error) {
		_, err := s.sns.Subscribe(ctx, s.subscribeInput())
		if err != nil {
			err = fmt.Errorf("subscribe %s: %w", s.cfg.Email, err)
		}
		if isGone(err) || made && isDenied(err) {
			return false, err, nil
		}
		return err == nil, nil, err
	})
}

func (s *alarmStep) removeTopic(ctx context.Context) error {
	_, err := s.sns.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: aws.String(s.cfg.TopicARN())})
	return err
}
