package twin

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// This file reads what the caller sends. The limits are the Python file's, which
// says why.
const (
	maxTask  = 1_000  // characters
	maxBody  = 16_384 // bytes
	maxDepth = 32
	maxID    = 2_048 // bytes
)

var (
	notJSON   = refusal{400, "The body is not valid JSON"}
	notObject = refusal{400, "The body must be a JSON object"}
	notString = refusal{400, "The task must be a string"}
	notLimit  = refusal{400, "limit must be a whole number from 1 to " + strconv.Itoa(maxItems)}
	notNext   = refusal{400, "next must come from a Link header"}
)

// readID returns the id in a path, "" for the path of the list.
func readID(path string) (string, error) {
	name := strings.TrimPrefix(path, "/")
	if strings.Contains(name, "/") {
		return "", nothingThere
	}
	id := unquote(name)
	if !utf8.ValidString(id) || len(id) > maxID {
		return "", noItem
	}
	return id, nil
}

// unquote decodes what is percent-encoded, and leaves alone what is not quite.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.WriteByte(c[0])
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// readBody returns the members of the JSON object in the body. No body is an
// empty object.
func readBody(in request) (map[string]json.RawMessage, error) {
	sent := []byte(in.Body)
	if in.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(in.Body)
		if err != nil || strings.ContainsAny(in.Body, "\r\n") {
			return nil, notJSON
		}
		sent = decoded
	}
	if len(sent) > maxBody {
		return nil, refusal{413, tooMany("The body", maxBody, "bytes")}
	}
	if len(sent) == 0 {
		return nil, nil
	}
	// encoding/json mends bad UTF-8; Python refuses it.
	if !utf8.Valid(sent) || isDeep(sent) || !json.Valid(sent) {
		return nil, notJSON
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(sent, &members) != nil || members == nil {
		return nil, notObject
	}
	return members, nil
}

// isDeep says whether more than maxDepth lists and objects are inside each
// other. Of a text that is no JSON it may say either.
func isDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++ // what is escaped
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// readTask returns the task, when it is one.
func readTask(raw json.RawMessage) (string, error) {
	task := ""
	if raw[0] != '"' || json.Unmarshal(raw, &task) != nil {
		return "", notString
	}
	switch {
	case strings.Trim(task, " \t\r\n") == "":
		return "", refusal{400, "The task must not be empty"}
	case utf8.RuneCountInString(task) > maxTask:
		return "", refusal{400, tooMany("The task", maxTask, "characters")}
	case halfSurrogate(raw):
		return "", refusal{400, "The task has half a character"}
	}
	return task, nil
}

// readLimit returns how many items are asked for.
func readLimit(query map[string]string) (int, error) {
	text, ok := query["limit"]
	if !ok {
		return maxItems, nil
	}
	if len(text) < 1 || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, notLimit
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxItems {
		return 0, notLimit
	}
	return limit, nil
}

// maxKey is how long DynamoDB takes the attributes of a key, in bytes.
var maxKey = map[string]int{"id": maxID, "created": 1_024}

// readNext returns the key behind which the list goes on, nil for its beginning.
func readNext(query map[string]string) (key, error) {
	token, ok := query["next"]
	if !ok {
		return nil, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, notNext
	}
	var start key
	if json.Unmarshal(decoded, &start) != nil {
		return nil, notNext
	}
	// The token of an answer has one form. Nothing else comes from there.
	names := tableNames
	if _, indexed := start["created"]; indexed {
		names = indexNames
	}
	whole := key{}
	for _, name := range names {
		if n := len(start[name]); n < 1 || n > maxKey[name] {
			return nil, notNext
		}
		whole[name] = start[name]
	}
	if whole.token() != token {
		return nil, notNext
	}
	return whole, nil
}

// token writes a key as a word that an address can hold.
func (k key) token() string {
	whole := map[string]any{}
	for name, value := range k {
		whole[name] = value
	}
	return base64.RawURLEncoding.EncodeToString([]byte(dumps(whole)))
}

// halfSurrogate looks for a \uD800 to \uDFFF that has no partner, in valid JSON.
func halfSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // what is escaped
		if text[i] != 'u' {
			continue
		}
		unit := hexUnit(text[i+1:])
		i += 4
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
		case unit >= 0xDC00, len(text) < i+7, text[i+1] != '\\', text[i+2] != 'u':
			return true
		default:
			if low := hexUnit(text[i+3:]); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

func hexUnit(digits []byte) int {
	var b [2]byte
	_, _ = hex.Decode(b[:], digits[:4]) // json.Valid has seen four digits
	return int(b[0])<<8 | int(b[1])
}
