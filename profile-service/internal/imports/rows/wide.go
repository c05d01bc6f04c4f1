package rows

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// wideLine is a line of an order that has columns of its own in the row of the order: "Product Item 1 SKU", "Product Item 1 Quantity".
type wideLine struct {
	number  int
	columns []int
	keys    []string // of the columns: "SKU", "Quantity"
}

// wideLines finds such columns, in the order of the numbers of the lines. A number whose columns name no item is none of a line.
func wideLines(p *table.Plan) []wideLine {
	name := regexp.MustCompile(`(?i)^(?:(?:product|line|order)[ _-]?)?(?:item|product)[ _-]?#?(\d{1,3})[ _-]+(\S.*)$`)
	var lines []wideLine
	for i := range p.Columns {
		m := name.FindStringSubmatch(p.Columns[i].Name)
		if m == nil || p.Columns[i].How != table.Property {
			continue
		}
		number, _ := strconv.Atoi(m[1]) // it has digits only
		at := slices.IndexFunc(lines, func(l wideLine) bool { return l.number == number })
		if at < 0 {
			at, lines = len(lines), append(lines, wideLine{number: number})
		}
		lines[at].columns, lines[at].keys = append(lines[at].columns, i), append(lines[at].keys, strings.TrimSpace(m[2]))
	}
	lines = slices.DeleteFunc(lines, func(l wideLine) bool {
		plan, err := table.NewPlan(table.Events, l.keys, table.PlanOptions{})
		return err != nil || !plan.Fills("item_id") && !slices.ContainsFunc(l.keys, func(k string) bool { return table.Letters(k) == "id" })
	})
	slices.SortFunc(lines, func(a, b wideLine) int { return a.number - b.number })
	return lines
}

// wideItems returns the lines of a row that stand in columns of their own. One that names no item, or whose numbers cannot be read, makes
// the row bad.
func (k *packer) wideItems(w *objectWriter) []any {
	var lines []any
	for _, l := range k.wide {
		var pairs [][2]string
		id, name, empty := "", "", true
		for n, column := range l.columns {
			text := w.rec.Value(column)
			pairs = append(pairs, [2]string{l.keys[n], text})
			switch table.Letters(l.keys[n]) {
			case "id":
				id = text
			case "name", "productname", "title":
				name = text
			}
			empty = empty && strings.Trim(text, "0.,") == ""
		}
		if empty {
			continue
		}
		first := &w.b.plan.Columns[l.columns[0]]
		line := k.line(pairs, k.decimal)
		if line == nil && id != "" {
			line = k.line(append(pairs, [2]string{"item_id", id}), k.decimal)
		}
		if line == nil && name != "" {
			if line = k.line(append(pairs, [2]string{"item", name}), k.decimal); line != nil {
				w.out.Warnings = append(w.out.Warnings, Warning{"no_sku", first.Name, name,
					"The line has no SKU; its name stands for the item. Give the item this as an alias."})
			}
		}
		if line == nil {
			w.bad(first, "The line of the order names no item by these columns, or has a number that cannot be read. "+
				"Pass --decimal where it is written with another mark.", w.rec.Value(l.columns[0]))
			continue
		}
		lines = append(lines, line)
	}
	return lines
}
