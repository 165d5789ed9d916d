//go:build linux || darwin

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const page = `Step 2 of 6: role
  An IAM role named LambdaTodoRole that the function runs as.
? Create LambdaTodoRole?
> Create it
  Change a setting
  Explain more
  Skip this step
  Quit; what exists stays

↑ up • ↓ down • enter choose`

const explanation = `? Read more?
> Back to the question
  The same as aws lines
  The inline policy TodoAccess
  The same as CloudFormation`

// The learner presses Enter to the end, but looks once behind the curtain.
func TestTheLearnerWantsOneExplanation(t *testing.T) {
	l := &learner{stack: "Todo"}
	for i, asked := range []struct {
		screen string
		want   []string
	}{
		{page, []string{enter}},
		{page, []string{down, down, enter}},
		{explanation, []string{down, down, enter}},
		{explanation, []string{enter}},
		{page, []string{enter}},
		{page, []string{enter}},
	} {
		if got := l.answer(strings.Split(asked.screen, "\n")); !slices.Equal(got, asked.want) {
			t.Errorf("at question %d the learner presses %q, want %q", i+1, got, asked.want)
		}
	}
}

func TestTheLearnerTypesTheStacksNameAndNothingElse(t *testing.T) {
	l := &learner{stack: "Todo"}
	for screen, want := range map[string][]string{
		"? Type Todo to remove all this\n>": {"T", "o", "d", "o", enter},
		"? Type Chat to remove all this\n>": {enter},
		"? Which e-mail address?\n>":        {enter},
	} {
		if got := l.answer(strings.Split(screen, "\n")); !slices.Equal(got, want) {
			t.Errorf("%q is answered with %q, want %q", screen, got, want)
		}
	}
}

// A program's pieces end where they like; the recording's never within a letter.
func TestLettersAreNeverCutInTwo(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	const said = "✓ done … ┃"
	go func() {
		defer out.Close()
		for i := range len(said) {
			_, _ = out.Write([]byte(said[i : i+1]))
		}
	}()
	var got strings.Builder
	read(in, func(data string) {
		for _, r := range data {
			if r == '\uFFFD' {
				t.Errorf("%q is no whole letter", data)
			}
		}
		got.WriteString(data)
	}, func() {})
	if got.String() != said {
		t.Errorf("read %q, want %q", got.String(), said)
	}
}
