package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	taggingtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// A Remain is something that is still there after down, or that could not be
// looked at.
type Remain struct {
	Kind string // "table", "log group"
	Name string // "" for a note about what could not be looked at
	ARN  string

	// Note says why it is no failure of down that it is there: it was never
	// todoctl's, or AWS is still at work. "" is a leftover.
	Note string
}

// Remains looks at every resource of the stack by its name, and for everything
// that carries the stack's tag, and returns what is left, in the walkthrough's
// order. It believes neither way alone: a resource may have lost its tag, and
// the tagging API lists what was deleted for a while longer, so what it lists
// is described before it counts.
//
// It cannot see an e-mail subscription that waits for its confirmation when the
// topic is gone; AWS forgets those within 48 hours.
func Remains(ctx context.Context, cfg Config, c Clients) ([]Remain, error) {
	s := search{cfg: cfg, c: c}
	named := []string{
		cfg.TableARN(), cfg.RoleARN(), cfg.FunctionARN(), cfg.LogGroupARN(),
		cfg.TopicARN(), cfg.AlarmARN(), cfg.BudgetARN(),
	}
	byName := make([][]Remain, len(named))
	errs := make([]error, len(named)+2)
	var byTag, inBilling []Remain
	var looks []func(context.Context) error // they keep their errors: one does not end the others
	for i, arn := range named {
		looks = append(looks, func(ctx context.Context) error { byName[i], errs[i] = s.look(ctx, arn); return nil })
	}
	looks = append(looks, func(ctx context.Context) error {
		byTag, errs[len(named)] = s.tagged(ctx, cfg.Region, c.Tagging, named)
		return nil
	})
	if cfg.Region != BillingRegion {
		looks = append(looks, func(ctx context.Context) error {
			inBilling, errs[len(named)+1] = s.tagged(ctx, BillingRegion, c.BillingTagging, named)
			return nil
		})
	}
	if err := together(ctx, looks...); err != nil {
		return nil, err
	}
	byTag = append(byTag, inBilling...)
	s.noteLogGroup(byName[2], byName[3])
	slices.SortFunc(byTag, func(a, b Remain) int { return cmp.Or(cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Note, b.Note)) })
	return append(slices.Concat(byName...), slices.Compact(byTag)...), errors.Join(errs...)
}

// noteLogGroup judges a young log group without any tag. Late log lines make a
// group anew, and without the tag todoctl does not delete it.
func (s search) noteLogGroup(function, group []Remain) {
	if len(group) == 1 && group[0].Note == untagged {
		group[0].Note = "late log lines made it again, and it has no tag; to delete it: " + s.deleteLogGroup(group[0].Name)
		if len(function) > 0 {
			group[0].Note = function[0].Note
		}
	}
}

// deleteLogGroup is the line to paste.
func (s search) deleteLogGroup(name string) string {
	return "aws logs delete-log-group --log-group-name " + name + " --region " + s.cfg.Region
}

// RemainsAfter is Remains right after a run that has deleted something, which AWS
// may show for a while longer: what seems to be left is looked at again until it is
// gone, or has been there for as long as that may take.
func RemainsAfter(ctx context.Context, cfg Config, c Clients) (left []Remain, err error) {
	late := errors.New("something is left")
	err = cfg.Clock.until(ctx, Wait{}, Spread, func() (bool, error, error) {
		left, err = Remains(ctx, cfg, c)
		return !slices.ContainsFunc(left, func(r Remain) bool { return r.Note == "" }), late, err
	})
	if errors.Is(err, late) {
		err = nil
	}
	return left, err
}

const (
	// untagged marks a log group without tags until noteLogGroup has judged it.
	untagged = "it has no tags"

	// lateLogs is how long after down a function's last log lines may make its
	// group again. They come within minutes; an older group is somebody else's.
	lateLogs = time.Hour
)

type tagsAPI interface {
	GetResources(ctx context.Context, in *resourcegroupstaggingapi.GetResourcesInput, opts ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error)
}

// A search is the proof of emptiness at work.
type search struct {
	cfg Config
	c   Clients
}

// A sight is a resource that is there.
type sight struct {
	tags  map[string]string
	note  string
	parts []Remain // what belongs to it and has no tags of its own
}

// A place is where one kind of resource is looked at.
type place struct {
	kind   string
	region string // of the client; "" for what is global
	look   func(ctx context.Context, name, arn string) (*sight, error)
}

// place finds how to look at an ARN's resource by its service and the first
// word of its resource: "table/NAME", "function:NAME"; a topic is only "NAME".
func (s search) place(arn awsarn.ARN) (p place, name string) {
	word, name := "", arn.Resource
	if i := strings.IndexAny(arn.Resource, ":/"); i >= 0 {
		word, name = arn.Resource[:i], arn.Resource[i+1:]
	}
	switch arn.Service + " " + word {
	case "dynamodb table":
		p = place{"table", s.cfg.Region, s.table}
	case "iam role":
		p = place{"role", "", s.role}
	case "lambda function":
		p = place{"function", s.cfg.Region, s.function}
	case "logs log-group":
		p = place{"log group", s.cfg.Region, s.logGroup}
	case "sns ":
		p = place{"topic", BillingRegion, s.topic}
	case "cloudwatch alarm":
		p = place{"alarm", BillingRegion, s.alarm}
	case "budgets budget":
		p = place{"budget", "", s.budget}
	default:
		p.kind = strings.TrimSpace(arn.Service + " " + word)
	}
	return p, name
}

// look describes one resource: nothing when it is gone.
func (s search) look(ctx context.Context, arn string) ([]Remain, error) {
	parsed, err := awsarn.Parse(arn)
	if err != nil {
		return nil, fmt.Errorf("AWS lists %q, which is not an ARN", arn)
	}
	p, name := s.place(parsed)
	left := Remain{Kind: p.kind, Name: name, ARN: arn}
	if p.look == nil || parsed.Region != p.region {
		left.Note = "it carries the stack's tag; AWS may list it for some minutes after it is gone"
		return []Remain{left}, nil
	}
	found, err := p.look(ctx, name, arn)
	switch {
	case isDenied(err):
		note := fmt.Sprintf("the %s %s could not be looked at: %s", p.kind, name, notAllowed(err))
		return []Remain{{Kind: p.kind, ARN: arn, Note: note}}, nil
	case err != nil:
		return nil, fmt.Errorf("look for the %s %s: %w", p.kind, name, err)
	case found == nil:
		return nil, nil
	}
	left.Note = found.note
	if ours, owner := s.cfg.owned(found.tags); !ours && found.tags != nil {
		left.Note = "it was not made by todoctl: " + owner
		for i := range found.parts {
			found.parts[i].Note = left.Note
		}
	}
	return append([]Remain{left}, found.parts...), nil
}

// tagged returns what carries the stack's tag in a Region, without what is
// looked at by its name anyway.
func (s search) tagged(ctx context.Context, region string, api tagsAPI, named []string) ([]Remain, error) {
	var left []Remain
	in := &resourcegroupstaggingapi.GetResourcesInput{
		TagFilters: []taggingtypes.TagFilter{{Key: aws.String(TagStack), Values: []string{s.cfg.Stack}}},
	}
	for {
		out, err := api.GetResources(ctx, in)
		if isDenied(err) {
			note := "nothing could be looked for by tag in " + region + ": " + notAllowed(err)
			return append(left, Remain{Kind: "tag", Note: note}), nil
		}
		if err != nil {
			return left, fmt.Errorf("look for the tag %s in %s: %w", TagStack, region, err)
		}
		for _, m := range out.ResourceTagMappingList {
			arn := strings.TrimSuffix(aws.ToString(m.ResourceARN), ":*") // log groups have it in some answers
			if slices.Contains(named, arn) || s.cfg.elsewhere(tagMap(m.Tags, func(t taggingtypes.Tag) (*string, *string) { return t.Key, t.Value })) {
				continue
			}
			more, err := s.look(ctx, arn)
			if err != nil {
				return left, err
			}
			left = append(left, more...)
		}
		if aws.ToString(out.PaginationToken) == "" {
			return left, nil
		}
		in.PaginationToken = out.PaginationToken
	}
}
