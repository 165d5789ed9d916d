package provision

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// othersCode says that somebody else has changed the function's code since the
// last upload: in the console, or with another tool. A function that is not ours
// yet is taken over with its code, after the difference was shown.
func (f *function) othersCode(c *types.FunctionConfiguration, tags map[string]string) bool {
	ours, _ := f.cfg.owned(tags)
	have, sent := aws.ToString(c.CodeSha256), uploads(tags)
	return ours && len(sent) > 0 && !slices.Contains(sent, have) && have != f.wants(c, tags)
}

// uploads are the hashes of the code that todoctl has sent last: of the one that
// was there before and of the one that was to replace it, because nobody knows of
// an upload that was cut off whether it arrived.
func uploads(tags map[string]string) []string { return strings.Fields(tags[TagSHA256]) }

// noted is what TagSHA256 says before an upload. Somebody else's code is not noted,
// and so is asked about again where the upload that should replace it never arrives.
func (f *function) noted(c *types.FunctionConfiguration, tags map[string]string) string {
	have, want, sent := aws.ToString(c.CodeSha256), f.wants(c, tags), uploads(tags)
	if have != want && (len(sent) == 0 || slices.Contains(sent, have)) {
		return have + " " + want
	}
	return want
}

// keepsCode says that what runs stays: somebody else's, or the learner's own when
// this run brings none.
func (f *function) keepsCode(c *types.FunctionConfiguration, tags map[string]string) bool {
	return !f.cfg.ReplaceCode && (f.othersCode(c, tags) || !f.cfg.OwnCode && tags[TagCode] == ownCode)
}

func (f *function) tags() map[string]string {
	tags := f.cfg.Tags()
	if f.cfg.OwnCode {
		tags[TagCode] = ownCode
	}
	if f.cfg.Auth == AuthIAM {
		tags[TagAuth] = string(AuthIAM)
	}
	return tags
}

// codeTags are the tags that say what was uploaded, as they should be, and those
// that are otherwise.
func (f *function) codeTags(c *types.FunctionConfiguration, tags map[string]string) (wrong map[string]string, diffs []Diff) {
	wrong = map[string]string{}
	if !f.cfg.OwnCode && tags[TagCode] == ownCode {
		wrong[TagCode] = todosCode
		diffs = append(diffs, Diff{Field: "tag " + TagCode, Have: ownCode, Want: todosCode})
	}
	if want := f.wants(c, tags); tags[TagSHA256] != want {
		wrong[TagSHA256] = want
		diffs = append(diffs, Diff{Field: "tag " + TagSHA256, Have: cmp.Or(short(tags[TagSHA256]), "none"), Want: short(want)})
	}
	return wrong, diffs
}

// judgeCode says how the code and its tags differ from what they should be, and
// what of it stays on purpose.
func (f *function) judgeCode(o *Observation, c *types.FunctionConfiguration, tags map[string]string) {
	o.CodeChanged = f.othersCode(c, tags)
	if f.cfg.OwnCode && tags[TagCode] != ownCode && !f.keepsCode(c, tags) {
		o.Diffs = append(o.Diffs, Diff{Field: "tag " + TagCode, Have: cmp.Or(tags[TagCode], "none"), Want: ownCode})
	}
	o.Diffs = append(o.Diffs, f.codeDiffs(c, tags)...)
	have := aws.ToString(c.CodeSha256)
	switch {
	case o.CodeChanged && !f.cfg.ReplaceCode:
		o.Advice = append(o.Advice, fmt.Sprintf("the code of %s was changed outside todoctl, perhaps in the console, and is kept. See it: %s",
			f.cfg.FunctionName(), f.cfg.command("handler pull DIR")),
			"put todoctl's or your own in its place: "+f.cfg.command("function --replace-code [--source DIR]"))
	case f.keepsCode(c, tags) && have != f.wants(c, tags):
		o.Advice = append(o.Advice, fmt.Sprintf("%s runs your own code, from an earlier --source, and keeps it", f.cfg.FunctionName()))
	case !f.keepsCode(c, tags) && have == f.wants(c, tags):
		_, diffs := f.codeTags(c, tags)
		o.Diffs = append(o.Diffs, diffs...)
	}
}

// codeDiffs are the differences that an upload ends. The same package is never
// sent again: its hash is Lambda's own. The architecture goes with the code: they
// are one call, so where the code stays, it stays.
func (f *function) codeDiffs(c *types.FunctionConfiguration, tags map[string]string) []Diff {
	if f.keepsCode(c, tags) {
		return nil
	}
	var diffs []Diff
	code := f.code(c)
	if have, want := aws.ToString(c.CodeSha256), f.wants(c, tags); have != want {
		diffs = append(diffs, Diff{Field: "code", Have: "another package (" + short(have) + ")", Want: code.Source + " (" + cmp.Or(short(want), "still to be built") + ")"})
	}
	if !slices.Equal(c.Architectures, []types.Architecture{code.architecture()}) && len(c.Architectures) > 0 {
		diffs = append(diffs, Diff{Field: "architecture", Have: string(c.Architectures[0]), Want: string(code.architecture())})
	}
	return diffs
}

// tagUpload notes what is about to be sent, and what it was built from.
func (f *function) tagUpload(ctx context.Context, now *types.FunctionConfiguration, tags map[string]string) (map[string]string, error) {
	wrong := map[string]string{}
	if note := f.noted(now, tags); tags[TagSHA256] != note {
		wrong[TagSHA256] = note
	}
	if built := f.ready.built(); f.ready.Digest != "" && tags[TagBuilt] != built {
		wrong[TagBuilt] = built
	}
	if len(wrong) == 0 {
		return tags, nil
	}
	noted := maps.Clone(tags)
	maps.Copy(noted, wrong)
	return noted, f.tag(ctx, wrong)
}

// tagCode corrects the tags that say what was uploaded, once it is there.
func (f *function) tagCode(ctx context.Context, now *types.FunctionConfiguration, tags map[string]string) error {
	wrong, _ := f.codeTags(now, tags)
	if f.keepsCode(now, tags) || aws.ToString(now.CodeSha256) != f.wants(now, tags) || len(wrong) == 0 {
		return nil
	}
	return f.tag(ctx, wrong)
}

// wants is the hash of the code that should run; "" of a program that is still to
// be built. Its hash depends on the Go that builds it, so what it was built from
// decides whether it is the one.
func (f *function) wants(c *types.FunctionConfiguration, tags map[string]string) string {
	code := f.code(c)
	if code.Digest == "" {
		return code.SHA256
	}
	if f.ready.Digest == code.Digest && f.ready.SHA256 != "" {
		return f.ready.SHA256
	}
	if from, hash, _ := strings.Cut(tags[TagBuilt], " "); from == code.Digest {
		return hash
	}
	return ""
}

// ID tells packages apart, also those that are still to be built.
func (c Code) ID() string { return cmp.Or(c.SHA256, c.Digest) }

// built is the text of TagBuilt.
func (c Code) built() string { return c.Digest + " " + c.SHA256 }

// build makes the package that is sent, where it is still to be built: before
// anything is changed, because it may fail.
func (f *function) build(ctx context.Context, s *functionSeen) error {
	code := f.code(s.config)
	if code.Build != nil && (s.config == nil || len(f.codeDiffs(s.config, s.tags)) > 0) {
		var err error
		if code, err = code.Build(ctx); err != nil {
			return err
		}
	}
	f.ready = code
	return nil
}

func short(hash string) string { return hash[:min(len(hash), 8)] }
