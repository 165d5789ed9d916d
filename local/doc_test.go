package local_test

import (
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"todoctl/local"
)

// The page for the person who wonders how true this is has a row for each knob.
func TestEachKnobIsOnThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/local-aws.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) > 2 {
			rows[strings.Trim(cells[1], " `")] = line
		}
	}
	knobs := 0
	check := func(kind reflect.Type) {
		for i := range kind.NumField() {
			knobs++
			name := kind.Name() + "." + kind.Field(i).Name
			row := rows[name]
			if !strings.Contains(row, "docs") && !strings.Contains(row, "field") && !strings.Contains(row, "guess") {
				t.Errorf("%s has no row that says where it is known from", name)
			}
			if kind != reflect.TypeFor[local.Lags]() {
				continue
			}
			// The figures of the two --lag values.
			cells := strings.Split(row, "|")
			for n, lags := range []local.Lags{local.ShortLags, local.AWSLags} {
				d := reflect.ValueOf(lags).Field(i).Interface().(interface{ Seconds() float64 }).Seconds()
				if want := figure(d); len(cells) < 5 || strings.TrimSpace(cells[3+n]) != want {
					t.Errorf("%s: the page does not say %s", name, want)
				}
			}
		}
	}
	check(reflect.TypeFor[local.Lags]())
	check(reflect.TypeFor[local.Account]())
	if knobs < 20 {
		t.Errorf("only %d knobs were looked for", knobs)
	}
}

// What is known from AWS's documentation says from which page.
func TestEachDocumentedBehaviourNamesItsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/local-aws.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := 0
	for line := range strings.Lines(string(page)) {
		_, source, is := strings.Cut(line, "| docs:")
		if !is {
			continue
		}
		documented++
		if !strings.Contains(source, "](https://") && !strings.HasPrefix(source, " same page") {
			t.Errorf("it does not say on which page of the documentation: %s", line)
		}
	}
	if documented < 40 {
		t.Errorf("only %d rows were looked at", documented)
	}
}

func TestEachFaultIsOnThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/local-aws.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range local.FaultKinds() {
		if !strings.Contains(string(page), "`"+string(kind)+"`") {
			t.Errorf("the fault %s has no row", kind)
		}
	}
}

// figure writes seconds as the page does: "0", "0.6 s", "6 s", "8 min".
func figure(seconds float64) string {
	switch minutes := seconds / 60; {
	case seconds == 0:
		return "0"
	case minutes >= 1 && minutes == math.Trunc(minutes):
		return strconv.FormatFloat(minutes, 'f', -1, 64) + " min"
	}
	return strconv.FormatFloat(seconds, 'f', -1, 64) + " s"
}
