package table

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// spelling brings a header word to the one that it says with more or other letters.
type spelling struct {
	from *regexp.Regexp
	to   string
}

// spellings are the rules of a kind: whose column it is, as in "Product Description" of a catalogue and "line_items.quantity" of orders,
// whether it has the tax in it, "nr" and "no" for a number, and the first of several. An "order_item_id" is the number of a line, and no
// item.
var spellings = sync.OnceValue(func() map[Kind][]spelling {
	rules := func(pairs ...string) []spelling {
		var out []spelling
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, spelling{regexp.MustCompile(pairs[i]), pairs[i+1]})
		}
		return out
	}
	general := []string{
		`^(.+)incl?(?:vat|tax)$`, "$1", `^(.+)excl?(?:vat|tax)$`, "${1}net", `^(.+)net$`, "$1", `^(.+)nr$`, "${1}nummer",
		`^(.+)no$`, "${1}number", `^(.*[a-z])1$`, "$1",
	}
	return map[Kind][]spelling{
		Items:  rules(append(general, `^(?:product|prod|item|article|artikel)(.+)$`, "$1")...),
		Events: rules(append(general, `^(?:line|order)(?:items?|lines?)(.+)$`, "$1", `^order([^ilp].*)$`, "$1")...),
	}
})

// spelledFields are the fields that a column may fill by another spelling of its name, in which a short word such as "type" or "country"
// mostly is of something else.
const spelledFields = " item_id sku title description category_path brand price sale_price cost stock.status stock.quantity " +
	"tags image_url url gtin published visibility short_description occurred_at user_id session_id order_id quantity currency "

// spelled returns the words that a header says in other spellings, the likelier first, as letters writes them: each name of "UPC/EAN",
// the last of a path such as "order_customer.email", and what the rules of the kind make of these.
func spelled(kind Kind, header string) []string {
	header = strings.ToLower(strings.TrimSpace(header))
	if _, own := FieldOf(kind, header); own { // such as attributes.brand
		return nil
	}
	words := []string{letters(header), Word(header)}
	known := len(words)
	add := func(word string) {
		if word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	if at := strings.LastIndexByte(header, '.'); at > 0 {
		add(letters(header[at+1:]))
	}
	if names := strings.Split(header, "/"); len(names) == 2 && !strings.Contains(header, "(") {
		add(letters(names[0]))
		add(letters(names[1]))
	}
	for i := 0; i < len(words); i++ { // each rule makes a word shorter, or one that no rule changes
		for _, s := range spellings()[kind] {
			if s.from.MatchString(words[i]) {
				add(s.from.ReplaceAllString(words[i], s.to))
			}
		}
	}
	return words[known:]
}
