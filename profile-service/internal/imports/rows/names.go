package rows

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/aisle-rec/aisle/shared/table"
)

// numbered matches a name with the number of what it names before it, as Odoo shows products: "[TEE-S] Plain Tee".
var numbered = regexp.MustCompile(`^\[([^\[\]]+)\]\s+\S`)

// bracketed reports whether the items of a file of events are named so, all of them in its first rows.
func bracketed(p *table.Plan, sample []table.Record) bool {
	items := 0
	return p.Kind == table.Events && everyValue(p, "item_id", sample, func(text string) bool {
		items++
		return numbered.MatchString(text)
	}) && items > 0
}

// everyValue reports whether each value of the column that fills a field has a property.
func everyValue(p *table.Plan, field string, sample []table.Record, has func(string) bool) bool {
	column := p.Column(field)
	for r := range sample {
		if text := sample[r].Value(column); text != "" && !has(text) {
			return false
		}
	}
	return column >= 0
}

// namesNote says that the visitors of a file seem to stand by their names, of which several people have the same one.
func namesNote(p *table.Plan, sample []table.Record) string {
	names, all := 0, 0
	everyValue(p, "user_id", sample, func(text string) bool {
		all++
		if strings.ContainsRune(text, ' ') && !strings.ContainsFunc(text, func(c rune) bool { return unicode.IsDigit(c) || c == '@' }) {
			names++
		}
		return true
	})
	if 2*names <= all {
		return ""
	}
	name := p.Columns[p.Column("user_id")].Name
	return fmt.Sprintf("The column %s seems to have names of people: all of one name count as one visitor. "+
		"Where another column has a number or an e-mail of theirs, pass --map COLUMN=user_id (mapping in the API).", name)
}
