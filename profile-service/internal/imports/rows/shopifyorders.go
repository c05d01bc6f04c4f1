package rows

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/table/locale"
)

// shopifyOrders makes purchases of an order export of Shopify: a row per line, in which only the first row of an order says who bought and
// when. Columns about people, such as addresses, are left out.
type shopifyOrders struct {
	r       *Reader
	b       *builder
	sheet   *sheet
	times   *locale.Times
	numbers locale.Numbers
	order   map[string]string // of the present order: what its first row says
}

// shopifyOrderColumns is which field each column of the export goes into, by lower-case name.
func shopifyOrderColumns() map[string]string {
	return map[string]string{
		"name": "order_id", "email": "user_id", "paid at": "occurred_at", "created at": "occurred_at", "currency": "currency",
		"financial status": "type", "cancelled at": "type",
		"lineitem quantity": "quantity", "lineitem name": "item_id", "lineitem price": "price", "lineitem sku": "item_id",
		"discount code": "properties",
	}
}

// filled are the columns that only the first row of an order has.
func filled() []string {
	return []string{"email", "paid at", "created at", "currency", "financial status", "cancelled at", "discount code"}
}

// newShopifyOrders returns the source of a file of that layout. Every column that it does not
// know is left out, names and addresses above all, unless the caller mapped it.
func newShopifyOrders(r *Reader, b *builder) *shopifyOrders {
	s := &shopifyOrders{
		r: r, b: b, sheet: newSheet(r.table.Columns, shopifyOrderColumns()), numbers: locale.Numbers{Decimal: '.'},
		order: map[string]string{},
	}
	for i := range r.plan.Columns {
		c := &r.plan.Columns[i]
		if !s.sheet.known(c.Name) && c.How != table.Mapped {
			c.Field, c.How = "", table.Ignored
		}
	}
	b.pointers = s.sheet.pointersOf(r.table.Columns)
	s.times = &locale.Times{Zone: r.plan.Location()}
	return s
}

func (s *shopifyOrders) describe(columns []profileapi.ImportColumn) { s.sheet.describe(columns) }

// next makes a purchase of each line; those of one order share its id, so that they are counted
// as one.
func (s *shopifyOrders) next() (Row, error) {
	rec, err := s.r.record()
	if err != nil {
		return Row{}, err
	}
	if rec.Problem != nil {
		return Row{Line: rec.Line, Bad: rec.Problem}, nil
	}
	name := s.sheet.get(&rec, "name")
	if name != s.order["name"] {
		clear(s.order)
		s.order["name"] = name
	}
	for _, column := range filled() {
		if v := s.sheet.get(&rec, column); v != "" {
			s.order[column] = v
		}
	}
	return s.purchase(&rec), nil
}

// purchase makes the event of one line of the present order. Without a customer the order is
// its own visit, so that its items still count as bought together.
func (s *shopifyOrders) purchase(rec *table.Record) Row {
	out := Row{Line: rec.Line, columns: s.b.pointers}
	bad := func(column, code, why, sample string) {
		if out.Bad == nil {
			out.Bad = &table.Problem{Column: column, Code: code, Message: why, Sample: sample}
		}
	}
	warn := func(code, column, example, detail string) {
		out.Warnings = append(out.Warnings, Warning{code, column, example, detail})
	}
	event := map[string]any{"type": "purchase", "order_id": s.order["name"]}
	if email := s.order["email"]; email != "" {
		event["user_id"] = email
	} else {
		event["session_id"] = "order " + s.order["name"]
		warn("no_customer", "Email", s.order["name"], noCustomer)
	}
	item := s.sheet.get(rec, "lineitem sku")
	if item = strings.TrimPrefix(item, "'"); item == "" {
		item = s.sheet.get(rec, "lineitem name")
		warn(
			"no_sku", "Lineitem sku", item,
			"The line has no SKU; its name stands for the item. Give the variant a SKU, or the item this name as an alias.",
		)
	}
	line := map[string]any{"item_id": item}
	for field, column := range map[string]string{"quantity": "Lineitem quantity", "price": "Lineitem price"} {
		if text := s.sheet.get(rec, strings.ToLower(column)); text != "" {
			amount, why := s.numbers.Parse(text)
			if line[field] = amount.Value; why != "" {
				line[field] = text
				bad(column, "invalid_value", why, text)
			}
		}
	}
	event["items"] = []any{line}
	if currency := s.order["currency"]; currency != "" {
		event["currency"] = currency
	}
	if code := s.order["discount code"]; code != "" {
		event["properties"] = map[string]any{"discount_code": code}
	}
	s.when(event, bad)
	s.paid(bad, warn)
	out.Object = Encode(event)
	return out
}

// when takes the moment of the order, not that of its payment, which may be days later.
func (s *shopifyOrders) when(event map[string]any, bad func(column, code, why, sample string)) {
	for _, column := range []string{"Created at", "Paid at"} {
		text := s.order[strings.ToLower(column)]
		if text == "" {
			continue
		}
		at, why := s.times.Parse(text)
		if why != "" {
			bad(column, "invalid_value", why, text)
			return
		}
		event["occurred_at"] = formatTime(at)
		return
	}
	bad("Created at", "required", "The order has no time.", "")
}

// paid refuses what never became a purchase. Pending payments are purchases: whoever pays on
// account has bought.
func (s *shopifyOrders) paid(bad, warn func(column, code, why, sample string)) {
	if at := s.order["cancelled at"]; at != "" {
		bad("Cancelled at", "order_voided", "The order was cancelled: it is no purchase.", at)
		return
	}
	switch status := strings.ToLower(s.order["financial status"]); status {
	case "voided", "expired":
		bad("Financial Status", "order_voided", "The order was cancelled before it was paid: it is no purchase.", status)
	case "refunded", "partially_refunded":
		warn(
			"order_refunded", "Financial Status", s.order["name"],
			"The export does not say which lines were refunded: they are stored as bought. Send refund events for them.",
		)
	}
}
