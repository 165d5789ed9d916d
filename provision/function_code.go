package provision

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// keepsCode says that the function runs the learner's own code and that this run
// brings none.
func (f *function) keepsCode(tags map[string]string) bool {
	return !f.cfg.OwnCode && tags[TagCode] == ownCode
}

func (f *function) tags() map[string]string {
	tags := f.cfg.Tags()
	if f.cfg.OwnCode {
		tags[TagCode] = ownCode
	}
	return tags
}

// codeDiffs are the differences that an upload ends. The same package is never
// sent again: its hash is Lambda's own.
func (f *function) codeDiffs(c *types.FunctionConfiguration, tags map[string]string) []Diff {
	var diffs []Diff
	if have := aws.ToString(c.CodeSha256); have != f.cfg.Code.SHA256 && !f.keepsCode(tags) {
		diffs = append(diffs, Diff{Field: "code", Have: "another package (" + short(have) + ")", Want: f.cfg.Code.Source + " (" + short(f.cfg.Code.SHA256) + ")"})
	}
	if !slices.Equal(c.Architectures, []types.Architecture{functionArch}) && len(c.Architectures) > 0 {
		diffs = append(diffs, Diff{Field: "architecture", Have: string(c.Architectures[0]), Want: string(functionArch)})
	}
	return diffs
}

func short(hash string) string { return hash[:min(len(hash), 8)] }
