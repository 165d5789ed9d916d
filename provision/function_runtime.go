package provision

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// runtime is what was chosen, now or in an earlier run.
func (f *function) runtime(have *types.FunctionConfiguration) string {
	switch {
	case f.cfg.Runtime != "":
		return f.cfg.Runtime
	case have != nil && strings.HasPrefix(string(have.Runtime), "python"):
		return string(have.Runtime)
	}
	return DefaultRuntime
}
