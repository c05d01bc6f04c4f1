package rows

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// packer takes the lines of an order apart that stand in one cell, or a cell each: "sku:T|quantity:2", "Product ID: 1, Product Qty: 2|…",
// "2× Tee, 1× Cap". Many exports of orders have a row per order and such cells. It is of one goroutine.
type packer struct {
	columns []int
	wide    []wideLine
	decimal string                 // of wide lines; "": by each number
	plans   map[string]*table.Plan // of the keys within a line, by the decimal mark and the keys
	pair    *regexp.Regexp         // a key and a value
	counted *regexp.Regexp         // "2× "
}

// maxPackedPlans bounds the combinations of keys that a packer remembers.
const maxPackedPlans = 64

// newPacker finds the columns by their names; nil where a column names the item of each row, or none has lines.
func newPacker(p *table.Plan, decimal string) *packer {
	if p.Kind != table.Events || !p.Fills("order_id") || p.Fills("item_id") || p.Fills("items") {
		return nil
	}
	k := &packer{
		decimal: decimal, wide: wideLines(p),
		plans: map[string]*table.Plan{}, pair: regexp.MustCompile(`(?:^|[,;|\n])\s*([\pL_][\pL\d_ #]{0,40}):\s*([^,;|\n]*)`),
		counted: regexp.MustCompile(`(?:^|, )(\d+)\s?× `),
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		if c.How == table.Property && table.PackedLines(c.Name) {
			k.columns = append(k.columns, i)
		}
	}
	taken := slices.Clip(k.columns)
	for _, l := range k.wide {
		taken = append(taken, l.columns...)
	}
	for _, i := range taken {
		c := &p.Columns[i]
		c.Field, c.Into, c.How = "items", "items", table.Part
	}
	if len(taken) == 0 {
		return nil
	}
	return k
}

// lines writes the lines of all cells of a row as the items of its event. A cell that cannot be taken apart makes the row bad.
func (k *packer) lines(w *objectWriter) {
	var lines []any
	for _, i := range k.columns {
		text := w.rec.Value(i)
		if text == "" {
			continue
		}
		read, named := k.read(text)
		if len(read) == 0 {
			w.bad(&w.b.plan.Columns[i], "The lines of the order cannot be read: they are no pairs such as sku:T|quantity:2. "+
				"Export a row for each line, or, where they are ids alone, pass --map '"+
				w.b.plan.Columns[i].Name+"=items' (mapping in the API).",
				clip(text))
			continue
		}
		if named {
			w.out.Warnings = append(w.out.Warnings, Warning{
				"no_sku", w.b.plan.Columns[i].Name, clip(text),
				"The lines have no SKU; their names stand for the items. Give the items these as aliases.",
			})
		}
		lines = append(lines, read...)
	}
	if lines = append(lines, k.wideItems(w)...); len(lines) > 0 {
		w.data = append(append(w.member(), `"items":`...), Encode(lines)...)
	}
}

// read takes one cell apart; nil when a line has no item or a number that is none. named says that items stand by their names.
func (k *packer) read(text string) (lines []any, named bool) {
	if starts := k.counted.FindAllStringSubmatchIndex(text, -1); len(starts) > 0 && starts[0][0] == 0 {
		for n, at := range starts {
			end := len(text)
			if n+1 < len(starts) {
				end = starts[n+1][0]
			}
			line := k.line([][2]string{{"quantity", text[at[2]:at[3]]}, {"item_id", text[at[1]:end]}}, ".")
			if line == nil {
				return nil, false
			}
			lines = append(lines, line)
		}
		return lines, true
	}
	var pairs [][2]string
	flush := func() bool {
		line := k.line(pairs, ".")
		lines, pairs = append(lines, line), nil
		return line != nil
	}
	for _, m := range k.pair.FindAllStringSubmatch(text, -1) {
		key, value := strings.TrimSpace(m[1]), strings.TrimSpace(m[2])
		if slices.ContainsFunc(pairs, func(p [2]string) bool { return p[0] == key }) && !flush() { // a key that comes again begins a line
			return nil, false
		}
		pairs = append(pairs, [2]string{key, value})
	}
	if !flush() {
		return nil, false
	}
	return lines, false
}

// line makes a line of keys and values; nil when it names no item, or a number cannot be read.
func (k *packer) line(pairs [][2]string, decimal string) map[string]any {
	var keys []string
	for _, p := range pairs {
		if p[1] != "" {
			keys = append(keys, p[0])
		}
	}
	joined := decimal + "\n" + strings.Join(keys, "\n")
	plan := k.plans[joined]
	if plan == nil {
		var err error
		if plan, err = table.NewPlan(table.Events, keys, table.PlanOptions{Decimal: decimal}); err != nil {
			return nil
		}
		if len(k.plans) < maxPackedPlans {
			k.plans[joined] = plan
		}
	}
	line := map[string]any{}
	for _, p := range pairs {
		at := slices.Index(keys, p[0])
		if at < 0 || p[1] == "" {
			continue
		}
		switch c := &plan.Columns[at]; c.Field {
		case "item_id":
			line[c.Field] = p[1]
		case "quantity", "price":
			amount, why := c.Numbers.Parse(p[1])
			if why != "" {
				return nil
			}
			line[c.Field] = amount.Value
		}
	}
	if line["item_id"] == nil {
		return nil
	}
	return line
}
