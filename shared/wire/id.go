package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIDLength is how many characters an id of a user, session, item, event, order or answer has at most.
const maxIDLength = 256

// InvalidID reports why a text cannot be such an id, "" when it can: 1 to 256 printable characters.
func InvalidID(id string) string {
	if id != "" && len(id) <= maxIDLength && plain(id) {
		return ""
	}
	switch {
	case id == "":
		return "An id has at least one character."
	case !utf8.ValidString(id):
		return "An id is valid UTF-8."
	case utf8.RuneCountInString(id) > maxIDLength:
		return "An id has at most 256 characters."
	case strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "An id holds printable characters only, no control characters."
	}
	return ""
}

// plain reports whether a text is printable ASCII, as nearly every id is.
func plain(s string) bool {
	for n := range len(s) {
		if s[n] < ' ' || s[n] > '~' {
			return false
		}
	}
	return true
}
