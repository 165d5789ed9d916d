package local

import (
	"cmp"
	"math/big"
	"strings"
)

// A decimal is a DynamoDB number: 0.DIGITS times ten to the power of exp, at
// most 38 digits long, with no zero at either end. Zero has no digits.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
// gives the range: 1E-130 to 9.99...E+125, and the same below zero.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

const (
	maxDigits   = 38
	maxExponent = 126  // of 0.9E126
	minExponent = -129 // of 0.1E-129
)

// A numberError is DynamoDB's own message about a number.
type numberError string

func (e numberError) Error() string { return string(e) }

const (
	errNumberOverflow  = numberError("Number overflow. Attempting to store a number with magnitude larger than supported range")
	errNumberUnderflow = numberError("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	errNumberPrecision = numberError("Attempting to store more than 38 significant digits in a Number")
	errNumberSyntax    = numberError("The parameter cannot be converted to a numeric value")
)

// parseDecimal reads a number as DynamoDB does: an optional sign, digits with
// at most one point, an optional exponent, nothing else.
func parseDecimal(text string) (decimal, error) {
	bad := func() (decimal, error) {
		if text == "" {
			return decimal{}, errNumberSyntax
		}
		return decimal{}, errNumberSyntax + numberError(": "+text)
	}
	var d decimal
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	end, point := 0, -1
	for end < len(rest) && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.' && point < 0) {
		if rest[end] == '.' {
			point = end
		}
		end++
	}
	mantissa, tail := rest[:end], rest[end:]
	if point < 0 {
		point = end
	} else {
		mantissa = mantissa[:point] + mantissa[point+1:]
	}
	if mantissa == "" {
		return bad()
	}
	exponent := 0
	if tail != "" {
		if tail[0] != 'e' && tail[0] != 'E' {
			return bad()
		}
		sign, number := 1, tail[1:]
		if number != "" && (number[0] == '-' || number[0] == '+') {
			if number[0] == '-' {
				sign = -1
			}
			number = number[1:]
		}
		if number == "" {
			return bad()
		}
		for i := range len(number) {
			if number[i] < '0' || number[i] > '9' {
				return bad()
			}
			exponent = min(exponent*10+int(number[i]-'0'), 1<<30) // far out of range either way
		}
		exponent *= sign
	}
	d.digits, d.exp = mantissa, point+exponent
	return d.normal()
}

// normal takes the zeros off both ends and checks the range.
func (d decimal) normal() (decimal, error) {
	digits := strings.TrimLeft(d.digits, "0")
	d.exp -= len(d.digits) - len(digits)
	d.digits = strings.TrimRight(digits, "0")
	switch {
	case d.digits == "":
		return decimal{}, nil
	case d.exp > maxExponent:
		return d, errNumberOverflow
	case d.exp < minExponent:
		return d, errNumberUnderflow
	case len(d.digits) > maxDigits:
		return d, errNumberPrecision
	}
	return d, nil
}

// String is the form that DynamoDB stores and returns: no exponent, no zeros
// that say nothing.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch {
	case d.exp <= 0:
		b.WriteString("0." + strings.Repeat("0", -d.exp) + d.digits)
	case d.exp >= len(d.digits):
		b.WriteString(d.digits + strings.Repeat("0", d.exp-len(d.digits)))
	default:
		b.WriteString(d.digits[:d.exp] + "." + d.digits[d.exp:])
	}
	return b.String()
}

// size is what the number counts towards an item's size, in bytes: about one
// for two digits, and one more, and one for a minus sign.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (d decimal) size() int {
	if d.digits == "" {
		return 1
	}
	n := 1 + (len(d.digits)+1)/2
	if d.negative {
		n++
	}
	return n
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compare(e decimal) int {
	s := d.sign()
	switch {
	case s != e.sign():
		return cmp.Compare(s, e.sign())
	case s == 0:
		return 0
	case d.exp != e.exp:
		return s * cmp.Compare(d.exp, e.exp)
	}
	// Without zeros at the ends, the digits compare as text: "12" < "123".
	return s * strings.Compare(d.digits, e.digits)
}

// add returns d+e, or an error when the sum does not fit a DynamoDB number.
func (d decimal) add(e decimal) (decimal, error) {
	if d.sign() == 0 {
		return e, nil
	}
	if e.sign() == 0 {
		return d, nil
	}
	low := min(d.exp-len(d.digits), e.exp-len(e.digits)) // the power of ten of the last digit
	sum := new(big.Int).Add(d.scaled(low), e.scaled(low))
	out := decimal{negative: sum.Sign() < 0, digits: sum.Abs(sum).String()}
	out.exp = low + len(out.digits)
	return out.normal()
}

// scaled is d as a whole number of ten to the power of low.
func (d decimal) scaled(low int) *big.Int {
	n, _ := new(big.Int).SetString(d.digits+strings.Repeat("0", d.exp-len(d.digits)-low), 10) // digits only
	if d.negative {
		n.Neg(n)
	}
	return n
}

func (d decimal) negated() decimal {
	d.negative = !d.negative && d.digits != ""
	return d
}

// appendKey writes d so that the bytes sort as the numbers do: a sign byte, the
// exponent, the digits in pairs; below zero all of that inverted and closed
// with 0xff, so that the longer of two sorts first.
func (d decimal) appendKey(key []byte) []byte {
	if d.digits == "" {
		return append(key, 0x80)
	}
	flip := byte(0)
	if d.negative {
		flip = 0xff
		key = append(key, 0x7f)
	} else {
		key = append(key, 0x81)
	}
	key = append(key, byte(d.exp-minExponent)^flip)
	for i := 0; i < len(d.digits); i += 2 {
		pair := (d.digits[i] - '0') * 10
		if i+1 < len(d.digits) {
			pair += d.digits[i+1] - '0'
		}
		key = append(key, (pair+1)^flip)
	}
	if d.negative {
		key = append(key, 0xff)
	}
	return key
}
