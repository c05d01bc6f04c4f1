package words

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// Initials are what stands where an item has no picture: the first letters of the first words,
// in capitals.
func Initials(title string) string {
	var b strings.Builder
	for _, word := range strings.Fields(title) {
		if r := []rune(word)[0]; unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToUpper(r))
		}
		if utf8.RuneCountInString(b.String()) == 2 {
			break
		}
	}
	return b.String()
}

// Tone is the colour of a state of a model, job, import, rule, event or item: good, bad, warn
// or none.
func Tone(state string) string {
	switch state {
	case "live", "succeeded", "done", "active", "running", "passed", "accepted", "in_stock":
		return "good"
	case "failed", "rejected", "refused", "interrupted", "expired", "out_of_stock":
		return "bad"
	case "cancelled", "scheduled", "queued", "unmeasured", "draft", "duplicate", "hidden", "when", "unfinished", "warned":
		return "warn"
	}
	return ""
}

// Tier says what supplied a slot; a tier without words of its own is written with blanks.
func Tier(tier string) string {
	if words, ok := map[string]string{
		"personal": "for this visitor", "session": "from this visit", "context": "fits the page", "popular": "popular",
		"category": "of the category",
	}[tier]; ok {
		return words
	}
	return strings.ReplaceAll(tier, "_", " ")
}

// Reason says a reason in words, with the title of its item where it has one.
func Reason(r recommenderapi.Reason) string {
	text := strings.ReplaceAll(r.Code, "_", " ")
	for _, more := range []string{cmp.Or(r.Title, r.ItemID), r.Value} {
		if more != "" {
			text += " " + more
		}
	}
	return text
}

// Operators are the comparisons of a condition, in words.
func Operators() map[string]string {
	return map[string]string{
		"": "is", "eq": "is", "ne": "is not", "in": "is one of", "not_in": "is none of", "gt": "is above", "gte": "is at least",
		"lt": "is below", "lte": "is at most", "contains": "contains", "contains_any": "contains one of", "starts_with": "begins with",
		"exists": "is known",
	}
}

// condition says a condition in words: "price is below 20 and brand is Ora". nil holds for
// everything.
func condition(c *recommenderapi.Condition) string {
	switch {
	case c == nil:
		return "everything"
	case len(c.All) > 0:
		return joined(c.All, " and ")
	case len(c.Any) > 0:
		return joined(c.Any, " or ")
	case c.Not != nil:
		return "not (" + condition(c.Not) + ")"
	}
	word, ok := Operators()[c.Op]
	if !ok {
		word = c.Op
	}
	if c.Op == "exists" {
		if c.Value == false {
			return c.Field + " is not known"
		}
		return c.Field + " " + word
	}
	return c.Field + " " + word + " " + ValueText(c.Value)
}

// joined says several conditions; those that have parts of their own stand in brackets.
func joined(list []recommenderapi.Condition, by string) string {
	var parts []string
	for n := range list {
		text := condition(&list[n])
		if len(list[n].All)+len(list[n].Any) > 0 {
			text = "(" + text + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, by)
}

// ValueText writes the value of a condition as JSON gave it: a list with commas, a reference to
// a field of the seed or the visitor in words.
func ValueText(v any) string {
	switch t := v.(type) {
	case []any:
		var parts []string
		for _, one := range t {
			parts = append(parts, fmt.Sprint(one))
		}
		return strings.Join(parts, ", ")
	case []string:
		return strings.Join(t, ", ")
	case map[string]any:
		if ref, ok := t["ref"].(string); ok {
			return "that of " + ref
		}
		data, _ := json.Marshal(t) // it was read from JSON
		return string(data)
	}
	return fmt.Sprint(v)
}

// Rule says in words what a rule does, and when.
func Rule(r recommenderapi.Rule) string {
	about := "items whose " + condition(r.Where)
	if r.Where == nil {
		about = "all items"
	}
	if r.ItemID != "" {
		about = "item " + r.ItemID
	}
	var text string
	switch r.Action {
	case "pin":
		text = fmt.Sprintf("pins item %s at place %d", r.ItemID, max(r.Position, 1))
	case "boost", "bury":
		text = fmt.Sprintf("multiplies the score of %s by %s", about, Short(r.Factor))
	case "hide":
		text = "hides " + about
	case "filter":
		text = "shows only " + about
	case "limit_per":
		text = fmt.Sprintf("allows %d items of one %s", r.Max, r.Field)
	default:
		text = r.Action + " " + about
	}
	if r.When != nil {
		text += ", when " + condition(r.When)
	}
	return text
}

// Unique returns the values in their order without repeats and without empty ones.
func Unique(values []string) []string {
	var list []string
	for _, v := range values {
		if v != "" && !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}

// AllowsAnalytics reports whether the visitor may be counted; an absent answer counts as given.
func AllowsAnalytics(c *profileapi.Consent) bool {
	return c == nil || c.Analytics == nil || *c.Analytics
}

// Rate writes how often something happens; what is next to never is said so.
func Rate(v float64) string {
	if v > 0 && v < 0.01 {
		return "below 0.01"
	}
	return Short(v)
}

// Brief is the beginning of an id that machines made, for tables.
func Brief(id string) string {
	if len(id) <= 14 {
		return id
	}
	return id[:12] + "…"
}

// Author names who made a change: the id of a key, or for "open", which the services write where no keys file is, that it needed none.
func Author(keyID string) string {
	if keyID == "open" {
		return "somebody without a key"
	}
	return keyID
}

// Text is a text that was decoded without its type; "" for any other value.
func Text(v any) string {
	s, _ := v.(string)
	return s
}

// Spaced writes a name of the API for people: "bought_together" is "bought together".
func Spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }
