package rows

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// totals are what begins the row of a table that sums up those above it, as table.Letters writes it.
const totals = "total totals grandtotal subtotal sum summe gesamt gesamtsumme zwischensumme totalgeneral totale totaal suma somme razem"

// noItem says why a row of a text table is none: it is the total of those above it, or the name of a section of a catalogue, which would
// be an item without a title otherwise. It is nil for any other row.
func (b *builder) noItem(rec *table.Record) *table.Problem {
	field := map[table.Kind]string{table.Items: "title", table.Events: "item_id"}[b.kind]
	if rec.Raw != nil || field == "" || !b.plan.Fills(field) || len(b.plan.Columns) < 3 {
		return nil
	}
	first, filled := -1, 0
	for i, text := range rec.Values {
		if text != "" && filled == 0 {
			first = i
		}
		if text != "" {
			filled++
		}
	}
	if first < 0 {
		return nil
	}
	for _, field := range [...]string{"title", "item_id", "user_id", "occurred_at"} { // what only a row of one item or event says
		if at := b.plan.Column(field); at != first && rec.Value(at) != "" {
			return nil
		}
	}
	text := rec.Value(first)
	switch {
	case filled < len(b.plan.Columns) && slices.Contains(strings.Fields(totals), table.Letters(text)):
		return &table.Problem{Column: b.plan.Columns[first].Name, Code: "total_row", Sample: text,
			Message: "The row is the total of those above it."}
	case b.kind == table.Items && filled == 1 && first == b.plan.Column("item_id"):
		return &table.Problem{Column: b.plan.Columns[first].Name, Code: "section_row", Sample: text,
			Message: "The row says nothing but this: it is taken for the name of a section of the table, and for no item."}
	}
	return nil
}
