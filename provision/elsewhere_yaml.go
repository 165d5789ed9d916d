package provision

import (
	"regexp"
	"strings"
)

// yamlObject writes an object's members, each on a line of its own. begun says
// that the first line has its indent already, after a list's dash.
func yamlObject(b *strings.Builder, o object, indent int, begun bool) {
	for i, m := range o.members {
		if i == 0 && begun {
			b.WriteString(yamlText(m.name) + ":")
		} else {
			yamlComment(b, m.why, indent)
			b.WriteString(strings.Repeat(" ", indent) + yamlText(m.name) + ":")
		}
		yamlValue(b, m.value, indent, indent+len(m.name)+2)
	}
}

// yamlValue writes a value after its key's colon, or under it.
func yamlValue(b *strings.Builder, value any, indent, column int) {
	if line, ok := yamlLine(value); ok && (column+len(line) <= paper || isScalar(value)) {
		b.WriteString(" " + line + "\n")
		return
	}
	b.WriteString("\n")
	switch v := value.(type) {
	case object:
		yamlObject(b, v, indent+2, false)
	case []any:
		for _, e := range v {
			o, nested := e.(object)
			if nested {
				yamlComment(b, o.why, indent+2)
			}
			b.WriteString(strings.Repeat(" ", indent+2) + "-")
			if nested {
				b.WriteString(" ")
				yamlObject(b, o, indent+4, true)
				continue
			}
			yamlValue(b, e, indent+4, indent+4)
		}
	}
}

// yamlLine writes what goes on one line: a scalar, or a list of scalars.
func yamlLine(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return yamlText(v), true
	case literal:
		return string(v), true
	case []any:
		var parts []string
		for _, e := range v {
			if !isScalar(e) {
				return "", false
			}
			part, _ := yamlLine(e)
			if strings.HasPrefix(part, "!") && len(v) == 1 { // a tag in brackets reads badly
				return "", false
			}
			parts = append(parts, part)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return "", false
}

func isScalar(value any) bool {
	switch value.(type) {
	case string, literal:
		return true
	}
	return false
}

// plainYAML is text that means itself in YAML without quotes. It begins with a
// letter, which no number and no date does.
var plainYAML = regexp.MustCompile(`^[A-Za-z/]([A-Za-z0-9_./:@+*-]*[A-Za-z0-9_./@+*-])?$`)

// notText are the words that YAML 1.1, which CloudFormation reads, takes for
// something else than text. https://yaml.org/type/bool.html
var notText = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|nan|inf)$`)

// yamlText writes text. A JSON string is a YAML string too.
func yamlText(text string) string {
	if plainYAML.MatchString(text) && !notText.MatchString(text) {
		return text
	}
	return quoted(text)
}

func yamlComment(b *strings.Builder, why string, indent int) {
	if why == "" {
		return
	}
	for _, line := range foldWords(why, paper-indent-len("# ")) {
		b.WriteString(strings.Repeat(" ", indent) + "# " + line + "\n")
	}
}
