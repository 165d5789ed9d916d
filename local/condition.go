package local

import (
	"encoding/json"
	"slices"
	"strings"
)

// conditionKeys are the keys that permissions fill in, in small letters: case
// does not count in keys. Nothing is known of any other.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
var conditionKeys = []string{"iam:passedtoservice", "iam:policyarn", "lambda:functionurlauthtype", "lambda:invokedviafunctionurl"}

// comparisons are the operators that are understood.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var comparisons = map[string]func(want, have string) bool{
	"StringEquals": func(want, have string) bool { return want == have },
	"StringLike":   wildcard,
	"ArnEquals":    sameARN, // despite its name it takes wildcards too
	"ArnLike":      sameARN,
	"Bool":         strings.EqualFold,
}

// sameARN compares part by part, so that no * reaches over a colon.
func sameARN(want, have string) bool {
	return slices.EqualFunc(strings.SplitN(want, ":", 6), strings.SplitN(have, ":", 6), wildcard)
}

// conditions says whether all conditions of a statement are met. What is not
// understood, an operator, a key, a policy variable, is not known to be met or
// not: it must never allow, and never take the force out of a Deny.
func (s statement) conditions(keys map[string][]string) (met, known bool) {
	if s.Condition == nil {
		return true, true
	}
	var operators map[string]map[string]texts
	if json.Unmarshal(s.Condition, &operators) != nil {
		return false, false
	}
	met, known = true, true
	for operator, tests := range operators {
		for key, want := range tests {
			yes, sure := compare(operator, want, strings.ToLower(key), keys)
			met, known = met && yes, known && sure
		}
	}
	return met, known
}

// compare makes one test of a condition.
func compare(operator string, want []string, key string, keys map[string][]string) (yes, known bool) {
	set, plain, isSet := strings.Cut(operator, ":")
	if !isSet {
		set, plain = "", operator
	}
	same := comparisons[plain]
	variable := slices.ContainsFunc(want, func(w string) bool { return strings.Contains(w, "${") })
	if same == nil || !slices.Contains(conditionKeys, key) || variable || !slices.Contains([]string{"", "ForAllValues", "ForAnyValue"}, set) {
		return false, false
	}
	matches := func(have string) bool {
		return slices.ContainsFunc(want, func(w string) bool { return same(w, have) })
	}
	if set == "ForAllValues" { // true of no value at all
		return !slices.ContainsFunc(keys[key], func(have string) bool { return !matches(have) }), true
	}
	return slices.ContainsFunc(keys[key], matches), true
}
