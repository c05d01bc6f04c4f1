package rows

import (
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// variantRows knows a catalogue in which the variants of a product have rows behind it, with its id again or none, as BigCommerce, Ecwid,
// Squarespace and Wix export them. A column names the variant: its id or SKU. What such a row does not say is that of the product.
type variantRows struct {
	plan                   *table.Plan
	own                    int          // the column that names the variant
	what                   int          // the column that tells products and variants apart; −1: who has a value in own is a variant
	price, quantity, extra int          // columns of variants alone; extra is what the price is more than the product's; −1: none
	product                table.Record // the row of the last one
	id, title              int
}

// shared are the fields that a variant has from its product.
var shared = []string{
	"title", "description", "short_description", "category_path", "google_product_category", "brand", "price", "sale_price", "on_sale",
	"currency", "image_url", "url", "tags", "language", "status", "visibility", "published", "hidden",
}

// variantsOf returns nil for a file that is no such catalogue: each of its rows has an id of its own, no column names variants, or its rows
// are objects of JSON, which have no cells to fill.
func variantsOf(p *table.Plan, sample []table.Record) *variantRows {
	if p.Kind != table.Items || p.Fills("parent_id") || len(sample) == 0 || sample[0].Raw != nil {
		return nil
	}
	v := &variantRows{plan: p, own: -1, what: -1, price: -1, quantity: -1, extra: -1, id: p.Column("item_id"), title: p.Column("title")}
	for i := range p.Columns {
		switch strings.TrimPrefix(table.Word(p.Columns[i].Name), "product") {
		case "variantid", "variationid", "variationsku":
			v.own = i
		case "variationprice":
			v.price = i
		case "variationquantity":
			v.quantity = i
		case "surcharge":
			v.extra = i
		case "type", "itemtype", "fieldtype", "rowtype":
			if v.what < 0 && slices.ContainsFunc(sample, func(r table.Record) bool { return variantWord(r.Value(i)) }) {
				v.what = i
			}
		}
	}
	if v.own < 0 && v.what >= 0 {
		v.own = p.Column("sku")
	}
	if v.own < 0 || v.own == v.id {
		return nil
	}
	for r := 1; r < len(sample); r++ {
		if id := sample[r].Value(v.id); sample[r].Value(v.own) != "" && (id == "" || id == sample[r-1].Value(v.id)) {
			return v
		}
	}
	return nil
}

// variantWord reports whether a value says that its row is a variant.
func variantWord(text string) bool {
	switch table.Letters(text) {
	case "sku", "variant", "variation", "productvariation", "productvariant":
		return true
	}
	return false
}

// row makes the item of a record.
func (v *variantRows) row(b *builder, rec *table.Record) Row {
	id := rec.Value(v.id)
	variant := rec.Value(v.own) != "" && (v.what < 0 || variantWord(rec.Value(v.what)))
	if product := v.product.Value(v.id); id == "" && variant {
		id = product
	} else if id != product {
		v.product = table.Record{Values: slices.Clone(rec.Values)}
	}
	if !variant || id == "" {
		return b.itemRow(rec)
	}
	options := v.inherit(rec)
	d := b.draft(rec)
	if options != "" {
		d.attribute(v.plan.Columns[v.title].Name, options)
	}
	d.item["item_id"], d.item["parent_id"] = rec.Value(v.own), id
	return d.finish()
}

// inherit gives a variant what it has from its product. The title that is one of its options only, as BigCommerce has it, is returned.
func (v *variantRows) inherit(rec *table.Record) (options string) {
	for len(rec.Values) < len(v.plan.Columns) {
		rec.Values = append(rec.Values, "")
	}
	if v.what >= 0 && v.title >= 0 {
		options, rec.Values[v.title] = rec.Value(v.title), ""
	}
	for i := range v.plan.Columns {
		if slices.Contains(shared, v.plan.Columns[i].Field) && rec.Value(i) == "" {
			rec.Values[i] = v.product.Value(i)
		}
	}
	if at := v.plan.Column("price"); at >= 0 {
		if v.price >= 0 && rec.Value(v.price) != "" {
			rec.Values[at] = rec.Value(v.price)
		}
		if v.extra >= 0 {
			numbers := v.plan.Columns[at].Numbers
			price, why := numbers.Parse(rec.Value(at))
			if extra, why2 := numbers.Parse(rec.Value(v.extra)); why+why2 == "" && extra.Value != 0 {
				rec.Values[at] = formatNumber(price.Value+extra.Value) + " " + price.Currency
			}
		}
	}
	if at := v.plan.Column("stock.quantity"); at >= 0 && v.quantity >= 0 {
		rec.Values[at] = rec.Value(v.quantity)
	}
	return options
}
