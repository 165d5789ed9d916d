package local

import "regexp"

// A pattern is the form that AWS asks of a name, with its greatest length apart:
// "{1,512}" in a regular expression is unrolled when it is compiled, which every
// start of the program would pay for.
type pattern struct {
	form *regexp.Regexp
	most int // bytes
}

// bounded makes a pattern of a form that has no bound of its own.
func bounded(form string, most int) pattern { return pattern{regexp.MustCompile(form), most} }

// MatchString says whether s has the form and is not too long.
func (p pattern) MatchString(s string) bool { return len(s) <= p.most && p.form.MatchString(s) }
