package main

import (
	"strings"
	"unicode"
)

// words cuts an identifier of the API at dashes, underscores and dots.
func words(id string) []string {
	return strings.FieldsFunc(id, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// pascal writes an identifier as Go exports it, with initials in capitals: "put-items" is
// PutItems, "user_id" UserID.
func pascal(id string) string {
	out := ""
	for _, w := range words(id) {
		// The initials that Go's own style has in capitals and that occur in names of the API.
		switch strings.ToLower(w) {
		case "id", "url", "api", "ms", "json":
			out += strings.ToUpper(w)
		case "ids":
			out += "IDs"
		default:
			out += strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return out
}

// camel writes an identifier as JavaScript does, and Go within a function: "put-items" is
// putItems, "user_id" userId.
func camel(id string) string {
	out := ""
	for n, w := range words(id) {
		if n == 0 {
			out = strings.ToLower(w[:1]) + w[1:]
			continue
		}
		out += strings.ToUpper(w[:1]) + w[1:]
	}
	return out
}

// snake writes an identifier as Python does: "put-items" is put_items.
func snake(id string) string { return strings.ToLower(strings.Join(words(id), "_")) }

// lowered begins a summary with a small letter, behind the name and a dash.
func lowered(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// comment writes text behind a name as lines that each begin with prefix; other stands in for no text.
func comment(prefix, name, text, other string) string {
	if text == "" {
		text = other
	}
	text = strings.TrimSpace(name + " " + text)
	if text == "" {
		return ""
	}
	out := ""
	for _, line := range wrapped(text, 130) {
		out += strings.TrimRight(prefix+line, " ") + "\n"
	}
	return out
}

// wrapped breaks text into lines of at most width where it has spaces. Its own line breaks stay.
func wrapped(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line := ""
		for _, w := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(w) > width {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += w
		}
		lines = append(lines, line)
	}
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines
}
