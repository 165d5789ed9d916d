package local

import (
	"errors"
	"fmt"
	"strings"
)

// A token is one word of an expression.
type token struct {
	class      tokenClass
	text       string
	start, end int // in the expression
}

type tokenClass int

const (
	tokenEnd    tokenClass = iota
	tokenWord              // an attribute name, a keyword or a function
	tokenName              // #placeholder
	tokenValue             // :placeholder
	tokenNumber            // an index
	tokenMark              // an operator, a bracket, or a character that has no meaning
)

// lex cuts an expression into tokens. It never fails: what has no meaning
// becomes a mark that the parser then refuses.
func lex(text string) []token {
	var tokens []token
	for at := 0; at < len(text); {
		start := at
		c := text[at]
		class := tokenMark
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			at++
			continue
		case isLetter(c):
			class = tokenWord
			at = wordEnd(text, at)
		case isDigit(c):
			class = tokenNumber
			for at < len(text) && isDigit(text[at]) {
				at++
			}
		case (c == '#' || c == ':') && wordEnd(text, at+1) > at+1:
			class = tokenName
			if c == ':' {
				class = tokenValue
			}
			at = wordEnd(text, at+1)
		case strings.HasPrefix(text[at:], "<=") || strings.HasPrefix(text[at:], ">=") || strings.HasPrefix(text[at:], "<>"):
			at += 2
		default:
			at++
			for at < len(text) && text[at]&0xc0 == 0x80 { // the rest of a character beyond ASCII
				at++
			}
		}
		tokens = append(tokens, token{class, text[start:at], start, at})
	}
	return append(tokens, token{tokenEnd, "<EOF>", len(text), len(text)})
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

func wordEnd(text string, at int) int {
	for at < len(text) && (isLetter(text[at]) || isDigit(text[at]) || text[at] == '_') {
		at++
	}
	return at
}

// maxExpression is the length of an expression in bytes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxExpression = 4096

// placeholders are ExpressionAttributeNames and ExpressionAttributeValues, and
// which of them the expressions of the request have used.
type placeholders struct {
	names      map[string]string
	values     map[string]value
	usedNames  map[string]bool
	usedValues map[string]bool
}

// A parser reads one expression. DynamoDB reports mistakes by their sort, not
// by their place: a reserved word anywhere comes before an undefined
// placeholder anywhere. So the parser notes the first of each sort and goes on.
type parser struct {
	what   string // "ConditionExpression"
	text   string
	tokens []token
	at     int
	with   *placeholders
	faults [faultSorts]string
}

// A fault is a sort of mistake in an expression.
type fault int

const (
	faultParens fault = iota
	faultFunction
	faultMisuse
	faultReserved
	faultSection
	faultCondition // the first of the sorts below, in the first condition that has one
	faultName
	faultValue
	faultOverlap
	faultConflict
	faultOperandType
	faultOperands
	faultDistinct
	faultType
	faultSorts
)

func (p *parser) note(f fault, format string, args ...any) {
	if p.faults[f] == "" {
		p.faults[f] = fmt.Sprintf(format, args...)
	}
}

// first returns the noted mistake that DynamoDB would report.
func (p *parser) first(order ...fault) error {
	for _, f := range order {
		if p.faults[f] != "" {
			return p.invalid(p.faults[f])
		}
	}
	return nil
}

func (p *parser) invalid(message string) error {
	return invalid("Invalid %s: %s", p.what, message)
}

// invalid is a ValidationException.
func invalid(format string, args ...any) error {
	return &apiError{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// errSyntax leaves the recursive descent; parse turns it into the message.
var errSyntax = errors.New("syntax error")

// parse runs one of the grammars over the whole text.
func (p *parser) parse(grammar func() error) error {
	switch {
	case strings.TrimSpace(p.text) == "":
		return p.invalid("The expression can not be empty;")
	case len(p.text) > maxExpression:
		return p.invalid(fmt.Sprintf("Expression size has exceeded the maximum allowed size; expression size: %d", len(p.text)))
	}
	p.tokens = lex(p.text)
	err := grammar()
	if err == nil && p.peek().class != tokenEnd {
		err = errSyntax
	}
	if errors.Is(err, errSyntax) {
		return p.invalid(p.syntaxError())
	}
	return err
}

// syntaxError names the token that did not fit, with its neighbours.
func (p *parser) syntaxError() string {
	t := p.tokens[p.at]
	from, to := t.start, t.end
	if p.at > 0 {
		from = p.tokens[p.at-1].start
		if t.class == tokenEnd {
			to = p.tokens[p.at-1].end
		}
	}
	if p.at+1 < len(p.tokens) && p.tokens[p.at+1].class != tokenEnd {
		to = p.tokens[p.at+1].end
	}
	return fmt.Sprintf(`Syntax error; token: "%s", near: "%s"`, t.text, p.text[from:to])
}

func (p *parser) peek() token { return p.tokens[p.at] }

// next takes a token; at the end it stays there.
func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.class != tokenEnd {
		p.at++
	}
	return t
}

// mark takes the operator or bracket if it is next.
func (p *parser) mark(text string) bool {
	if t := p.peek(); t.class != tokenMark || t.text != text {
		return false
	}
	p.at++
	return true
}

// keyword takes the keyword, in any case, if it is next.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.class != tokenWord || !strings.EqualFold(t.text, word) {
		return false
	}
	p.at++
	return true
}

// want takes a mark that must come now.
func (p *parser) want(text string) error {
	if !p.mark(text) {
		return errSyntax
	}
	return nil
}
