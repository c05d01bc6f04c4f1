// Package names finds out which field somebody meant who wrote another name: one that is nearly right, or what other systems call it.
package names

import "strings"

// Table are the fields of a kind of object.
type Table struct {
	Fields   []string
	Synonyms map[string]string // plain form of a usual other name to the field
}

// Plain is a name without case and signs: userId, User-ID and user_id are one.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// Meant returns the field that a name that is none was probably meant for.
func (t Table) Meant(name string) (string, bool) {
	text := Plain(name)
	if field, ok := t.Synonyms[text]; ok {
		return field, true
	}
	best, distance := "", 3
	for _, field := range t.Fields {
		if d := Edits(text, Plain(field)); d < distance && 3*d <= len(text) {
			best, distance = field, d
		}
	}
	return best, best != ""
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
