// Package names finds out which field somebody meant who wrote another name: one that is nearly right, or what other systems call it.
package names

import (
	"strings"
	"unicode"
)

// Table are the fields of a kind of object.
type Table struct {
	Fields   []string
	Synonyms map[string]string // plain form of a usual other name to the field
}

// Plain is a name in lower case without signs: userId, User-ID and user_id are one.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// Meant returns the field that a name that is none was probably meant for.
func (t Table) Meant(name string) (string, bool) {
	if field, ok := t.Synonyms[Plain(name)]; ok {
		return field, true
	}
	near := Nearest(name, t.Fields)
	return near, near != ""
}

// Nearest returns the known name that differs least from a name, by at most a third of its letters; of several the first in order; "" for
// none.
func Nearest(name string, known []string) string {
	text, best, least := Plain(name), "", 0
	for _, k := range known {
		plain := Plain(k)
		if d := Edits(text, plain); 3*d <= len(plain) && (best == "" || d < least || d == least && k < best) {
			best, least = k, d
		}
	}
	return best
}

// Edits is the least number of inserted, removed and replaced bytes between two short texts (Levenshtein 1966). Cost O(len(a)·len(b)).
func Edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
