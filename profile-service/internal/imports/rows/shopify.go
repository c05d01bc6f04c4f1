package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/table/locale"
)

// maxVariants bounds the lines of one product that are held in memory. Lines beyond it are
// taken for a product of their own.
const maxVariants = 4096

// shopify makes items of a product export of Shopify. The lines of one handle are a product; those with an option, a SKU or a price are
// its variants. The product is the item of its handle, with the stock and the price of its variants. A product with one variant is one
// item, found by the SKU too.
type shopify struct {
	r       *Reader
	b       *builder
	sheet   *sheet
	extra   []int          // columns without a meaning here: attributes of the product
	held    []table.Record // the lines of the handle that is being read
	pending []Row          // made and not yet handed out
	ended   error          // what next returns once pending is empty
}

// shopifyColumns is which field each column of the export goes into, by lower-case name; "" for
// those that say nothing of use here.
func shopifyColumns() map[string]string {
	used := map[string]string{
		"handle": "item_id", "title": "title", "body (html)": "description", "vendor": "brand", "type": "category_path",
		"product category": "category_path", "tags": "tags",
		"published": "status", "status": "status", "variant sku": "aliases", "variant barcode": "gtin", "variant price": "price",
		"variant compare at price":  "price",
		"variant inventory tracker": "stock.status", "variant inventory qty": "stock.quantity", "variant inventory policy": "stock.status",
		"cost per item": "cost",
		"image src":     "image_url", "variant image": "image_url",
	}
	for n := range 3 {
		used[fmt.Sprintf("option%d name", n+1)] = "attributes"
		used[fmt.Sprintf("option%d value", n+1)] = "attributes"
		used[fmt.Sprintf("option%d linked to", n+1)] = ""
	}
	for left := range strings.SplitSeq(
		"variant grams,variant fulfillment service,variant requires shipping,variant taxable,variant tax code,variant weight unit,image "+
			"position,image alt text,gift card,seo title,seo description",
		",",
	) {
		used[left] = ""
	}
	return used
}

// newShopify returns the source of a file of that layout. Columns that Shopify does not have of
// itself, such as metafields, become attributes, unless the caller said something else.
func newShopify(r *Reader, b *builder) *shopify {
	s := &shopify{r: r, b: b, sheet: newSheet(r.table.Columns, shopifyColumns())}
	b.pointers = s.sheet.pointersOf(r.table.Columns)
	for i := range r.plan.Columns {
		c := &r.plan.Columns[i]
		if s.sheet.known(c.Name) {
			continue
		}
		if c.How != table.Mapped && c.How != table.Ignored && c.How != table.Attribute {
			c.Field, c.How, c.Shape, c.Numbers, c.Times = "attributes."+c.Name, table.Attribute, table.Text, nil, nil
		}
		s.extra = append(s.extra, i)
	}
	return s
}

func (s *shopify) describe(columns []profileapi.ImportColumn) { s.sheet.describe(columns) }

// next returns the product of a handle before its variants. A line that cannot be read ends the
// product before it, and is reported after it.
func (s *shopify) next() (Row, error) {
	for len(s.pending) == 0 {
		if s.ended != nil {
			return Row{}, s.ended
		}
		rec, err := s.r.record()
		switch {
		case err != nil:
			s.ended = err
			if !errors.Is(err, io.EOF) {
				return Row{}, err
			}
			s.flush()
		case rec.Problem != nil:
			s.flush()
			s.pending = append(s.pending, Row{Line: rec.Line, Bad: rec.Problem})
		default:
			if len(s.held) > 0 && (s.sheet.get(&rec, "handle") != s.sheet.get(&s.held[0], "handle") || len(s.held) >= maxVariants) {
				s.flush()
			}
			s.held = append(s.held, rec)
		}
	}
	first := s.pending[0]
	s.pending = s.pending[1:]
	return first, nil
}

// flush makes the items of the lines of one handle, which begin with the line that has the
// product's own columns. Lines with only an image are no variants.
func (s *shopify) flush() {
	if len(s.held) == 0 {
		return
	}
	lines := s.held
	s.held = nil
	first := &lines[0]
	var variants []*table.Record
	for i := range lines {
		if s.sheet.get(&lines[i], "variant price") != "" || s.sheet.get(&lines[i], "variant sku") != "" ||
			s.sheet.get(&lines[i], "option1 value") != "" {
			variants = append(variants, &lines[i])
		}
	}
	handle := s.sheet.get(first, "handle")
	product := s.product(first, handle)
	if len(variants) == 0 {
		s.pending = append(s.pending, product.finish())
		return
	}
	if len(variants) == 1 {
		s.variant(product, first, variants[0])
		product.alias(s.sku(variants[0]))
		s.pending = append(s.pending, product.finish())
		return
	}
	f := &family{}
	var rows []Row
	for _, v := range variants {
		d := s.product(first, s.variantID(handle, v))
		d.row.Line, d.row.Warnings = v.Line, nil
		d.item["parent_id"] = handle
		s.variant(d, first, v)
		d.resolveStock()
		f.add(d)
		rows = append(rows, d.finish())
	}
	f.give(product)
	s.pending = append(append(s.pending, product.finish()), rows...)
}

// sku returns the SKU without the apostrophe that keeps a spreadsheet from making a number of
// it.
func (s *shopify) sku(rec *table.Record) string {
	return strings.TrimPrefix(s.sheet.get(rec, "variant sku"), "'")
}

// variantID is the SKU, else made of the handle and the options, which Shopify keeps unique.
func (s *shopify) variantID(handle string, rec *table.Record) string {
	id := s.sku(rec)
	if id != "" {
		return id
	}
	id = handle
	for n := range 3 {
		if value := s.sheet.get(rec, fmt.Sprintf("option%d value", n+1)); value != "" {
			id += "/" + value
		}
	}
	return id
}

// product starts an item with what all variants share.
func (s *shopify) product(first *table.Record, id string) *draft {
	d := s.b.newDraft(first.Line)
	d.item["item_id"] = id
	set := func(field, column string) {
		if v := s.sheet.get(first, column); v != "" {
			d.text(&table.Column{Name: column, Field: field}, v)
		}
	}
	set("title", "title")
	set("description", "body (html)")
	set("brand", "vendor")
	set("image_url", "image src")
	set("status", "status")
	set("published", "published")
	if category := s.sheet.get(first, "product category"); category != "" {
		d.item["category_path"] = split(category, ">")
	}
	if kind := s.sheet.get(first, "type"); kind != "" { // the shop's own word before Shopify's taxonomy
		if d.item["category_path"] != nil {
			d.attributes[otherCategories] = []string{strings.Join(d.item["category_path"].([]string), " > ")} // it was set so above
		}
		d.item["category_path"] = split(kind, ">")
	}
	if tags := split(s.sheet.get(first, "tags"), ","); len(tags) > 0 {
		d.item["tags"] = tags
	}
	for _, i := range s.extra {
		if c := &s.r.plan.Columns[i]; c.How != table.Ignored && first.Value(i) != "" {
			d.column(c, c.Say(first.Value(i)))
		}
	}
	return d
}

// variant adds what one variant has of its own: image, GTIN, price, stock and options.
// Shopify's price is what it costs now, and its "compare at" price what it cost before: here
// that is price and sale price.
func (s *shopify) variant(d *draft, product, v *table.Record) {
	if image := s.sheet.get(v, "variant image"); image != "" {
		d.item["image_url"] = image
	}
	if barcode := s.sheet.get(v, "variant barcode"); barcode != "" {
		d.gtin(&table.Column{Name: "Variant Barcode"}, barcode)
	}
	plain := locale.Numbers{Decimal: '.'} // Shopify writes numbers so in every language
	d.amountOf("cost", "Cost per item", &plain, s.sheet.get(v, "cost per item"))
	d.amountOf("price", "Variant Price", &plain, s.sheet.get(v, "variant price"))
	if before, why := plain.Parse(s.sheet.get(v, "variant compare at price")); why == "" {
		if price, ok := d.item["price"].(float64); ok && before.Value > price {
			d.item["price"], d.item["sale_price"] = before.Value, price
		}
	}
	s.stock(d, v)
	for n := range 3 {
		name, value := s.sheet.get(product, fmt.Sprintf("option%d name", n+1)), s.sheet.get(v, fmt.Sprintf("option%d value", n+1))
		if name != "" && value != "" && value != "Default Title" {
			d.attributes[name] = value
		}
	}
}

// amountOf is amount for a text that is no column of the plan; "" is left out.
func (d *draft) amountOf(field, column string, numbers *locale.Numbers, text string) {
	if text != "" {
		d.amount(&table.Column{Name: column, Field: field, Numbers: numbers}, text)
	}
}

// stock reads the inventory; a variant that is not tracked can always be bought. Where the file
// has no such column at all, nothing is known of the stock.
func (s *shopify) stock(d *draft, v *table.Record) {
	if s.sheet.get(v, "variant inventory tracker") == "" {
		if _, tracks := s.sheet.index["variant inventory tracker"]; tracks {
			d.stock = profileapi.InStock
		}
		return
	}
	text := s.sheet.get(v, "variant inventory qty")
	if text == "" {
		return
	}
	amount, why := (&locale.Numbers{Decimal: '.'}).Parse(text)
	if why != "" {
		d.warn("out_of_range", "Variant Inventory Qty", text, "The quantity is no number and is left out.")
		return
	}
	d.quantity = &amount.Value
	d.backorder = s.sheet.get(v, "variant inventory policy") == "continue"
}
