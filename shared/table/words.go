package table

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Word brings a header word to the form in which words are compared: lower case, letters and digits only, without accents, without a
// namespace before a colon ("g:id") or a type behind one ("user_id:token"), and without what stands in brackets ("Weight (kg)"). A column
// of "Product(s)" is one of products, of which a cell may have several.
func Word(header string) string {
	header = strings.ToLower(strings.TrimSpace(header))
	if before, after, ok := strings.Cut(header, ":"); ok {
		if len(before) <= 2 {
			header = after
		} else {
			header = before
		}
	}
	header = strings.ReplaceAll(header, "(s)", "s")
	if at := strings.IndexAny(header, "(["); at > 0 {
		header = header[:at]
	}
	return letters(header)
}

// letters keeps letters and digits, without accents. text is in lower case. Letters that have
// no accent to take off, such as those of Greek, stay.
func letters(text string) string {
	plain := true
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	var b strings.Builder
	for _, c := range norm.NFKD.String(strings.ReplaceAll(text, "ß", "ss")) {
		switch {
		case c == 'ł':
			b.WriteByte('l')
		case c == 'ø':
			b.WriteByte('o')
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}

// words splits a list such as "sku, product id" into words as Word writes them.
func words(list string) []string {
	var out []string
	for w := range strings.SplitSeq(list, ",") {
		if w = letters(strings.ToLower(w)); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Letters is Word without cutting anything off: letters and digits in lower case, without accents.
func Letters(header string) string { return letters(strings.ToLower(header)) }
