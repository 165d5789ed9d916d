package provision

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// The languages of the function's code.
const (
	Python = "python"
	Node   = "nodejs"
	Go     = "go"
)

// goRuntime is where a Go program runs: Lambda has no runtime of its own for Go.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-golang.html
const goRuntime = "provided.al2023"

// usual are the runtimes that a language has unless another one is chosen. The
// first is the book's.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var usual = map[string]string{Python: DefaultRuntime, Node: "nodejs24.x", Go: goRuntime}

// LanguageOf is the language of the code that a runtime takes; "" is none that
// todoctl writes.
func LanguageOf(runtime string) string {
	switch {
	case strings.HasPrefix(runtime, Python), strings.HasPrefix(runtime, Node):
		return strings.TrimRight(strings.TrimSuffix(runtime, ".x"), ".0123456789")
	case runtime == Go, runtime == goRuntime:
		return Go
	}
	return ""
}

// A LanguageError says that the learner's own code is in another language than
// the runtime that was asked for.
type LanguageError struct {
	Function     string
	Have, Wanted string // languages
}

func (e *LanguageError) Error() string {
	return fmt.Sprintf("%s runs your own code, which is %s: it cannot run as %s", e.Function, LanguageName(e.Have), LanguageName(e.Wanted))
}

// LanguageName is a language as people write it.
func LanguageName(language string) string {
	switch language {
	case Node:
		return "Node.js"
	case Go:
		return "Go"
	}
	return "Python"
}

// runtime is what was chosen, now or in an earlier run. Code that this run brings
// may be in another language than what ran so far.
func (f *function) runtime(have *types.FunctionConfiguration) string {
	language := LanguageOf(f.cfg.Runtime)
	switch {
	case language == Go:
		return goRuntime
	case language != "":
		return f.cfg.Runtime
	case have != nil:
		language = LanguageOf(string(have.Runtime))
	}
	if language != "" && (!f.cfg.OwnCode || language == f.cfg.Code.language()) {
		return string(have.Runtime)
	}
	return usual[f.cfg.Code.language()]
}

// code is what should run: what this run brings, or todoctl's own code in the
// language of the runtime.
func (f *function) code(have *types.FunctionConfiguration) Code {
	if c, ok := f.cfg.Codes[LanguageOf(f.runtime(have))]; ok && !f.cfg.OwnCode {
		return c
	}
	return f.cfg.Code
}

func (c Code) language() string {
	if c.Language == "" {
		return Python
	}
	return c.Language
}

func (c Code) architecture() types.Architecture {
	if c.Architecture == "" {
		return types.ArchitectureX8664
	}
	return types.Architecture(c.Architecture)
}

// otherLanguage is the error of a runtime for another language than that of the
// learner's own code, which this run keeps.
func (f *function) otherLanguage(s *functionSeen) error {
	if s.config == nil || !f.keepsCode(s.config, s.tags) {
		return nil
	}
	have, wanted := LanguageOf(string(s.config.Runtime)), LanguageOf(f.runtime(s.config))
	if have == wanted {
		return nil
	}
	return &LanguageError{Function: f.cfg.FunctionName(), Have: have, Wanted: wanted}
}

// codeSetting and handlerSetting are what the function's page says of its code.
func (f *function) codeSetting() Setting {
	code := f.code(nil)
	if code.language() == Go {
		return Setting{"code", code.Source, "a program, built by your Go", "A zip with one program, built by your own Go; the first time that downloads the modules it needs."}
	}
	return Setting{"code", code.Source, "a zip; the AWS SDK is there", "A zip with one file; the AWS SDK for " + sdkName(code.language()) + " is there already."}
}

func (f *function) handlerSetting() Setting {
	code := f.code(nil)
	if code.language() == Go {
		return Setting{"handler", code.Handler, "the program to start", "The program that Lambda starts."}
	}
	return Setting{"handler", code.Handler, "file.function to call", "The file and the function in it that Lambda calls."}
}

func sdkName(language string) string {
	if language == Node {
		return "JavaScript"
	}
	return "Python"
}

// isARM says whether a function runs on the cheaper processors.
func isARM(c *types.FunctionConfiguration) bool {
	return c != nil && len(c.Architectures) > 0 && c.Architectures[0] == types.ArchitectureArm64
}
