package local

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawNumber draws a number that DynamoDB takes, in any notation.
func drawNumber(t *rapid.T, label string) string {
	digits := rapid.StringMatching(`[1-9][0-9]{0,37}|0`).Draw(t, label+" digits")
	exp := rapid.IntRange(-125-len(digits), 125-len(digits)).Draw(t, label+" exponent")
	point := rapid.IntRange(0, len(digits)).Draw(t, label+" point")
	sign := rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, label+" sign")
	return fmt.Sprintf("%s%s.%se%d", sign, digits[:point], digits[point:], exp+len(digits)-point)
}

func rat(t *rapid.T, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(strings.TrimPrefix(text, "+"))
	if !ok {
		t.Fatalf("math/big cannot read %q", text)
	}
	return r
}

func TestNumbersKeepTheirValueAndOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ta, tb := drawNumber(t, "a"), drawNumber(t, "b")
		if strings.Contains(ta, ".e") && strings.HasPrefix(strings.TrimLeft(ta, "+-"), ".e") {
			t.Skip("no digits")
		}
		a, err := parseDecimal(ta)
		if err != nil {
			t.Fatalf("%s: %v", ta, err)
		}
		b, err := parseDecimal(tb)
		if err != nil {
			t.Fatalf("%s: %v", tb, err)
		}
		ra, rb := rat(t, ta), rat(t, tb)
		if rat(t, a.String()).Cmp(ra) != 0 {
			t.Fatalf("%s became %s", ta, a)
		}
		if again, err := parseDecimal(a.String()); err != nil || again != a {
			t.Fatalf("%s read again is %s, %v", a, again, err)
		}
		want := ra.Cmp(rb)
		if got := a.compare(b); got != want {
			t.Fatalf("compare(%s, %s) = %d, want %d", a, b, got, want)
		}
		if got := bytes.Compare(a.appendKey(nil), b.appendKey(nil)); got != want {
			t.Fatalf("the keys of %s and %s compare as %d, want %d", a, b, got, want)
		}
		if (a.String() == b.String()) != (want == 0) {
			t.Fatalf("%s and %s: equal numbers must have one form", a, b)
		}
		checkSum(t, a, b, new(big.Rat).Add(ra, rb))
		checkSum(t, a, b.negated(), new(big.Rat).Sub(ra, rb))
	})
}

func checkSum(t *rapid.T, a, b decimal, want *big.Rat) {
	sum, err := a.add(b)
	if err != nil { // only because the exact sum does not fit
		if _, again := parseDecimal(want.FloatString(300)); again == nil {
			t.Fatalf("%s + %s: %v, but the sum fits", a, b, err)
		}
		return
	}
	if rat(t, sum.String()).Cmp(want) != 0 {
		t.Fatalf("%s + %s = %s", a, b, sum)
	}
}

func TestNumbersThatDynamoDBRefuses(t *testing.T) {
	const nines = "99999999999999999999999999999999999999" // 38
	for text, want := range map[string]string{
		"":                 "The parameter cannot be converted to a numeric value",
		"x":                "The parameter cannot be converted to a numeric value: x",
		"1 ":               "The parameter cannot be converted to a numeric value: 1 ",
		"1e":               "The parameter cannot be converted to a numeric value: 1e",
		".":                "The parameter cannot be converted to a numeric value: .",
		"1.2.3":            "The parameter cannot be converted to a numeric value: 1.2.3",
		"NaN":              "The parameter cannot be converted to a numeric value: NaN",
		"1e126":            string(errNumberOverflow),
		"-1e126":           string(errNumberOverflow),
		"1e-131":           string(errNumberUnderflow),
		"1e99999999999":    string(errNumberOverflow),
		nines + "9":        string(errNumberPrecision),
		"0." + nines + "1": string(errNumberPrecision),
		nines + "e89":      string(errNumberOverflow),
	} {
		if _, err := parseDecimal(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"9.9999999999999999999999999999999999999E+125": "99999999999999999999999999999999999999" + strings.Repeat("0", 88),
		"1e-130":                      "0." + strings.Repeat("0", 129) + "1",
		"00012.3400":                  "12.34",
		"-0":                          "0",
		"0e999":                       "0",
		"+5":                          "5",
		"1000":                        "1000",
		"1" + strings.Repeat("0", 60): "1" + strings.Repeat("0", 60),
		".5":                          "0.5",
		"5.":                          "5",
	} {
		if d, err := parseDecimal(text); err != nil || d.String() != want {
			t.Errorf("%q became %s, %v; want %s", text, d, err, want)
		}
	}
}
