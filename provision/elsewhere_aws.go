package provision

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode"
)

// zipName is the file that the function's `aws` line reads its code from.
func (c Config) zipName() string { return c.FunctionName() + ".zip" }

// awsLine is the command line of AWS's CLI that sends an SDK input: the CLI
// derives the names of its commands and flags from the same models as the SDK.
// A service without Regions gets one too: it says in which partition it is. The
// flags named first come first.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-types.html
func awsLine(service, region string, input any, first ...string) string {
	operation := strings.TrimSuffix(reflect.TypeOf(input).Elem().Name(), "Input")
	return awsTree(service, region, operation, inputTree(input).first(first...))
}

// inputTree is the tree of an SDK input, which is always an object, with the tags
// at its end: they are the same everywhere and teach nothing new.
func inputTree(input any) object {
	tree, ok := treeOf(input).(object)
	if !ok {
		panic(fmt.Sprintf("provision: %T is no input", input))
	}
	return tree.last("Tags").last("ResourceTags")
}

// awsTree is awsLine for a tree that is not quite the input's.
func awsTree(service, region, operation string, tree object) string {
	words := []string{"aws " + service + " " + kebab(operation)}
	for _, m := range tree.members {
		words = append(words, flagOf(m))
	}
	return wrapLine(append(words, "--region "+Quote(region)))
}

// wrapLine puts a line's words on one line, or each on its own with a backslash
// at the end.
func wrapLine(words []string) string {
	if line := strings.Join(words, " "); len(line) <= paper && !strings.Contains(line, "\n") {
		return line
	}
	return strings.Join(words, " \\\n  ")
}

// flagOf writes one flag with its value.
func flagOf(m member) string {
	flag := "--" + kebab(m.name)
	if b, ok := m.value.(literal); ok && (b == "true" || b == "false") {
		if b == "false" {
			return "--no-" + kebab(m.name)
		}
		return flag
	}
	return flagWords(flag, valuesOf(m.value, len("  "+flag+" ")))
}

// flagWords puts a flag's values after it, and on lines of their own what does
// not fit.
func flagWords(flag string, values []string) string {
	text, column := flag, len("  "+flag)
	for _, value := range values {
		head, _, _ := strings.Cut(value, "\n")
		if column+1+len(head)+len(" \\") > paper && column > len("  "+flag) {
			text += " \\\n   "
			column = len("   ")
		}
		text += " " + value
		column += 1 + len(value)
	}
	return text
}

// valuesOf are the words that stand for a value, quoted for the shell: text as
// it is, flat objects in the CLI's shorthand, everything else as JSON. A policy
// is text that is JSON, and is laid out as such.
func valuesOf(value any, column int) []string {
	switch v := value.(type) {
	case string:
		return []string{Quote(v)}
	case literal:
		return []string{string(v)}
	case object:
		if short, ok := shorthand(v); ok {
			return []string{short}
		}
	case []any:
		var words []string
		for _, e := range v {
			word, ok := e.(string)
			if o, is := e.(object); is {
				word, ok = shorthand(o)
			}
			if !ok {
				words = nil
				break
			}
			words = append(words, Quote(word))
		}
		if words != nil {
			return words
		}
	}
	return []string{quoteJSON(value, column)}
}

func quoteJSON(tree any, column int) string {
	return "'" + strings.ReplaceAll(jsonText(tree, column+1+len("' \\"), 2, false), "'", `'\''`) + "'"
}

// plainWord is what the shorthand takes as it stands; the comma, the equals sign
// and brackets mean something in it.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@+-]+$`)

// shorthand writes an object of single words as A=1,B=2.
func shorthand(o object) (string, bool) {
	var parts []string
	for _, m := range o.members {
		word, ok := m.value.(string)
		if b, is := m.value.(literal); is {
			word, ok = string(b), true
		}
		if !ok || !plainWord.MatchString(word) || !plainWord.MatchString(m.name) {
			return "", false
		}
		parts = append(parts, m.name+"="+word)
	}
	return strings.Join(parts, ","), len(parts) > 0
}

// kebab writes a name as the CLI does: CreateFunctionUrlConfig is
// create-function-url-config.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// awsWait is the command line of one of the CLI's waiters.
func awsWait(service, region, waiter, flag, name string) string {
	return wrapLine([]string{"aws " + service + " wait " + waiter, "--" + flag + " " + Quote(name), "--region " + Quote(region)})
}
