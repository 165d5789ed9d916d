package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// otherwise are the settings that are not among the drifts, each with the test that
// has it: the local AWS refuses to change them, a flag is what asks for them, or
// nobody can set them.
var otherwise = map[string]string{
	"partition key":                 "TestAnotherKeyIsAnErrorThatSaysSo",
	"status":                        "TestATableOutOfReachIsNotAsItShouldBe",
	"index key":                     "TestAnIndexOfAnotherMakeIsMadeAnewAndSaidSo",
	"index attributes":              "TestAnIndexOfAnotherMakeIsMadeAnewAndSaidSo",
	"ARN":                           "TestARoleOfAnotherPathCannotBeAdopted",
	"state":                         "TestAFailedFunctionIsToldWithAWSsReason",
	"function":                      "TestWhateverWasDeletedBehindItsBackIsNoticedAndMended",
	"code":                          "TestCodeOfAnEarlierTodoctlIsUpdated",
	"runtime":                       "TestARuntimeChosenOnceStays",
	"URL":                           "TestWhateverWasDeletedBehindItsBackIsNoticedAndMended",
	"authorization":                 "TestAClosedURLIsNeverMadePublicByDefault",
	"invoke mode":                   "TestAURLThatStreamsIsPutBack",
	"the answer to GET":             "TestObserveJudgesTheList",
	"the list":                      "TestObserveJudgesTheList",
	"the content type":              "TestObserveJudgesTheList",
	"Access-Control-Allow-Origin":   "TestObserveJudgesTheList",
	"the answer to an unsigned GET": "TestASignedURLThatIsNotClosedFailsTheTest",
	"the e-mail subscription":       "TestAForgottenConfirmationIsAskedForAgain",
	"the alarm's threshold":         "TestALimitOfZeroKeepsWhatIsThere",
	"the budget's limit":            "TestALimitOfZeroKeepsWhatIsThere",
	"the budget's notification":     "TestWithoutAnAddressEverythingIsMadeAndNobodyIsTold",
}

var (
	// What provision's source says of what it compares: Diff{Field: "code", ...}, or
	// differ("memory", ...), where the closure may put a word before the field.
	saidField = regexp.MustCompile(`(?:Field:|field :=) "([^"]+)"( \+ field\b)?`)
	compared  = regexp.MustCompile(`\b(?:differ|compare)\("([^"]+)"`)
)

// auditedSettings are what a Diff of provision's can name, as far as it is written
// out: "managed policy " of those whose names follow.
func auditedSettings(t *testing.T) (settings []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "provision", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, lead := sources(t, file), ""
		for _, m := range saidField.FindAllStringSubmatch(source, -1) {
			if m[2] != "" {
				lead = m[1]
				continue
			}
			settings = append(settings, m[1])
		}
		for _, m := range compared.FindAllStringSubmatch(source, -1) {
			settings = append(settings, lead+m[1])
		}
	}
	slices.Sort(settings)
	return slices.Compact(settings)
}

// T13. A setting that todoctl compares, and that no test changes, is noticed.
func TestEachAuditedSettingIsChangedByATest(t *testing.T) {
	audited, tests := auditedSettings(t), sources(t, "*_test.go", filepath.Join("..", "..", "provision", "*_test.go"))
	if len(audited) < 50 {
		t.Errorf("only %d settings were found: %q", len(audited), audited)
	}
	for _, setting := range audited {
		drifts := slices.ContainsFunc(drifts, func(d drift) bool {
			return slices.ContainsFunc(d.fields, func(f string) bool {
				return f == setting || strings.HasSuffix(setting, " ") && strings.HasPrefix(f, setting)
			})
		})
		test, other := otherwise[setting]
		switch {
		case drifts == other:
			t.Errorf("%q is among the drifts (%t) and has the test %q", setting, drifts, test)
		case other && !strings.Contains(tests, "\nfunc "+test+"("):
			t.Errorf("%q has the test %q, which is not there", setting, test)
		}
	}
	for setting := range otherwise {
		if !slices.Contains(audited, setting) {
			t.Errorf("%q is not compared any more", setting)
		}
	}
}

// sources is the text of all files of these patterns.
func sources(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}
