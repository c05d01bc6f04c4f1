package rows

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// builder makes objects of records by the plan of their columns. It is of one goroutine, and
// reuses its buffers from row to row.
type builder struct {
	plan        *table.Plan
	kind        table.Kind
	now         time.Time         // when the file was opened: sales are judged by it
	set         []constant        // by field
	pointers    map[string]string // from JSON pointer to column, for the error report
	outputs     []output          // of events and users: what to write, in the order of the JSON
	timeColumn  int               // −1: none
	orderColumn int               // −1: none
	customer    int               // a further column that names the visitor, such as an e-mail beside a number; −1: none
	packed      *packer           // of cells with lines of orders; nil: none
	cells       *severalItems     // of cells with several items; nil: none
	whole       *wholePrice       // of prices of whole lines; nil: they are those of one unit
	bracketed   bool              // items stand as "[number] name"
	spareItem   int               // a further column that names the item, such as its name beside a SKU; −1: none
	states      []int             // columns that say what became of an order
	cancelTimes []int             // columns that say when an order was cancelled
	planned     int               // columns that outputs has
	stockStates map[string]string // as stockWords has them
	rooted      bool              // slashes stand between the levels of a category, of which the first is that of the whole shop
	several     bool              // commas stand between categories whatever the header says
	types       map[string]string // words of types that were seen, and what stands for them
	line        [lineParts][]byte // of the event being made
}

// constant is a field with the same value in every row, as "type" with "purchase"; of events
// the value may be "{column}".
type constant struct{ field, value string }

// output is one member of an object, of a column or a constant: "consent.analytics" has the
// group consent and the name analytics, and is written within an object of that name.
type output struct {
	group, name string // "consent", "analytics"; the group is "" at the top
	column      int    // −1: the constant
	constant    string
	text        int // one more than the column whose text stands for the constant; 0 for none
	part        linePart
}

// newBuilder returns the builder of a file whose columns are paired with fields.
func newBuilder(r *Reader, spec profileapi.ImportSpec, now time.Time) *builder {
	b := &builder{plan: r.plan, kind: table.Kind(spec.Kind), now: now, pointers: map[string]string{}, types: map[string]string{}}
	set := canonicalSet(b.kind, spec.Set)
	for _, field := range slices.Sorted(maps.Keys(set)) {
		b.set = append(b.set, constant{field, set[field]})
		for i := range b.plan.Columns { // what is set takes the place of what the file says
			if c := &b.plan.Columns[i]; c.Field == field {
				c.How = table.Ignored
			}
		}
	}
	if r.table.Format != table.NDJSON {
		b.packed = newPacker(b.plan, spec.Decimal)
	}
	b.extend()
	return b
}

// extend takes columns in that were added to the plan: NDJSON may name new ones in any row. Of
// nothing new it costs a comparison.
func (b *builder) extend() {
	if b.planned == len(b.plan.Columns) && (b.planned > 0 || len(b.outputs) > 0) {
		return
	}
	b.planned, b.outputs = len(b.plan.Columns), b.outputs[:0]
	b.timeColumn = b.plan.Column("occurred_at")
	if b.timeColumn >= 0 && b.plan.Columns[b.timeColumn].How == table.Ignored {
		b.timeColumn = -1
	}
	b.orderColumn, b.customer, b.states = b.plan.Column("order_id"), b.plan.Spare("user_id"), orderStates(b.plan)
	b.cancelTimes = cancelTimes(b.plan)
	b.spareItem = b.plan.Spare("item_id")
	if b.spareItem >= 0 && (strings.Contains(b.plan.Columns[b.spareItem].Name, "#") || b.plan.Column("item_id") < 0) {
		b.spareItem = -1 // "Item #" is the number of the line as often as that of the item
	}
	add := func(field string, column int, value string) {
		o := output{name: field, column: column, constant: value}
		if group, name, dotted := strings.Cut(field, "."); dotted {
			o.group, o.name = group, name
		} else if column >= 0 && b.plan.Columns[column].Shape == table.Document && (field == "properties" || field == "attributes" ||
			field == "consent") {
			o.group, o.name = field, "" // its members stand beside those of other columns
		} else if b.kind == table.Events {
			o.part = map[string]linePart{"item_id": partItem, "price": partPrice, "quantity": partQuantity}[field]
		}
		b.outputs = append(b.outputs, o)
	}
	for i := range b.plan.Columns {
		c := &b.plan.Columns[i]
		if c.How == table.Ignored || c.Field == "" || c.Part() { // parts are put together elsewhere
			continue
		}
		b.pointers["/"+strings.ReplaceAll(c.Field, ".", "/")] = c.Name
		add(c.Field, i, "")
	}
	for _, c := range b.set {
		add(c.field, -1, c.value)
		if name, ok := columnIn(c.value); ok && b.kind == table.Events {
			o := &b.outputs[len(b.outputs)-1]
			o.text = slices.IndexFunc(b.plan.Columns, func(c table.Column) bool { return c.Name == name }) + 1
		}
	}
	slices.SortStableFunc(b.outputs, func(x, y output) int { return strings.Compare(x.path(), y.path()) })
	for i, c := range b.plan.Columns { // a line has them below items
		if pointer, ok := map[string]string{
			"quantity": "/items/0/quantity", "price": "/items/0/price", "item_id": "/items/0/item_id",
		}[c.Field]; ok && b.kind == table.Events {
			b.pointers[pointer] = b.plan.Columns[i].Name
		}
	}
}

// path is what outputs are sorted by: those of one group stand together, which lets a group be
// written in one go.
func (o *output) path() string {
	if o.group == "" {
		return o.name
	}
	return o.group + "\x00" + o.name
}

// columnIn returns the column that a value for every row names in braces, "{timestamp}": its text is the value.
func columnIn(value string) (string, bool) {
	name, opened := strings.CutPrefix(value, "{")
	name, closed := strings.CutSuffix(name, "}")
	return name, opened && closed && name != "" && !strings.ContainsAny(name, `{}":`)
}

// row makes the row of a record. An item is put together and checked as a whole; events and
// users, of which there are many more, are written member by member.
func (b *builder) row(rec *table.Record) Row {
	b.extend()
	if b.kind == table.Items {
		return b.itemRow(rec)
	}
	return b.objectRow(rec)
}

// describe adds what was found out about values to the columns: which words of types stand for
// which.
func (b *builder) describe(columns []profileapi.ImportColumn) {
	var parts []string
	for _, from := range slices.Sorted(maps.Keys(b.types)) {
		if b.types[from] != from {
			parts = append(parts, from+" → "+b.types[from])
		}
	}
	for i := range columns {
		if columns[i].Field == "type" && len(parts) > 0 && columns[i].How != table.Ignored {
			columns[i].Detail = strings.Join(parts, ", ")
		}
	}
}
