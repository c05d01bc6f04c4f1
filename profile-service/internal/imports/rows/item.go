package rows

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/table/locale"
)

// draft is an item that is being put together from the columns of one record. Columns come in
// the order of the file and may say parts of one thing, such as status and quantity of the
// stock: finish joins them. What cannot be used costs the value and a warning, seldom the row.
type draft struct {
	b                *builder
	row              Row
	item             map[string]any
	attributes       map[string]any               // what no field takes, by the name of the column
	translations     map[string]map[string]string // tag → title, description
	aliases          []string                     // further ids, without repeats: SKU, GTIN and those of a column
	status           string                       // the most restrictive that was said; "" for none
	stock            string                       // state of it; "" while no word told one
	quantity         *float64                     // nil: not said
	backorder        bool                         // can be ordered when there is none
	shortDescription string                       // short description
	google           string                       // google_product_category
	currency         string                       // from beside an amount
	offSale          bool                         // the sale price does not count at present
	saleFrom         time.Time                    // zero: no bound
	saleTo           time.Time
}

// itemRow makes the item of a record whose columns stand for fields.
func (b *builder) itemRow(rec *table.Record) Row { return b.draft(rec).finish() }

// draft reads the columns of a record.
func (b *builder) draft(rec *table.Record) *draft {
	d := b.newDraft(rec.Line)
	for i := range b.plan.Columns {
		c := &b.plan.Columns[i]
		if c.How == table.Ignored || c.Field == "" {
			continue
		}
		text := rec.Value(i)
		if text == "" {
			continue
		}
		if rec.Raw != nil && rec.Raw[i] && !d.raw(c, text) {
			continue
		}
		d.column(c, c.Say(text))
	}
	for _, s := range b.set {
		if f, ok := table.FieldOf(b.kind, s.field); ok {
			d.column(
				&table.Column{
					Name: f.Name, Field: f.Name, Shape: f.Shape, Numbers: &locale.Numbers{}, Times: &locale.Times{Zone: b.plan.Location()},
				},
				s.value,
			)
		}
	}
	return d
}

// newDraft returns an empty draft for the row of a line.
func (b *builder) newDraft(line int64) *draft {
	return &draft{b: b, row: Row{Line: line, columns: b.pointers}, item: map[string]any{}, attributes: map[string]any{}}
}

// column puts one value in its place.
func (d *draft) column(c *table.Column, text string) {
	switch c.Shape {
	case table.Number, table.Money:
		d.amount(c, text)
		return
	case table.Moment:
		d.moment(c, text)
		return
	case table.Document:
		if json.Valid([]byte(text)) {
			d.raw(c, text)
		} else {
			d.bad(c.Name, "invalid_value", "The value is not JSON.", text)
		}
		return
	case table.Words:
		d.words(c, splitWords(text))
		return
	}
	if name, ok := strings.CutPrefix(c.Field, "attributes."); ok {
		d.attribute(name, text)
		return
	}
	if name, ok := strings.CutPrefix(c.Field, "translations."); ok {
		d.translation(name, text)
		return
	}
	if c.Field == "category_path" {
		d.categories(c, text)
		return
	}
	if first, _, several := strings.Cut(text, table.List); several {
		if c.Field != "image_url" {
			d.warn("several_values", c.Name, strings.ReplaceAll(text, table.List, " | "), severalValues)
		}
		text = first
	}
	d.text(c, text)
}

// text puts a single text in its place. Titles and brands lose entities and line breaks, which
// exports of shops are full of; a description keeps its form.
func (d *draft) text(c *table.Column, text string) {
	switch c.Field {
	case "title", "brand":
		d.item[c.Field] = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	case "short_description":
		d.shortDescription = text
	case "google_product_category":
		d.google = text
	case "sku":
		d.alias(text)
	case "gtin":
		d.gtin(c, text)
	case "image_url", "url":
		d.item[c.Field] = firstURL(text)
	case "currency":
		if code, ok := locale.ParseCurrency(text); ok {
			d.item["currency"] = code
		} else {
			d.warn("unknown_word", c.Name, text, "The value is no currency such as EUR and is left out. "+
				"Say what it means with --map-value 'currency:"+clip(text)+"=EUR'.")
		}
	case "stock.status":
		d.stockWord(c, text)
	case "backorders":
		d.backorder = text != "0" && !strings.EqualFold(text, "no")
	case "on_sale":
		on, ok := parseBoolean(text)
		d.offSale = ok && !on
	case "status", "visibility", "published", "hidden":
		d.statusWord(c, text)
	case "sale_price_effective_date":
		d.saleDates(c, text)
	default:
		d.item[c.Field] = text
	}
}

// translation keeps a text in a further language; name is such as "de.title".
func (d *draft) translation(name, text string) {
	tag, part, _ := strings.Cut(name, ".")
	if d.translations == nil {
		d.translations = map[string]map[string]string{}
	}
	if d.translations[tag] == nil {
		d.translations[tag] = map[string]string{}
	}
	if part == "title" {
		text = strings.Join(strings.Fields(html.UnescapeString(text)), " ")
	}
	d.translations[tag][part] = text
}

// attribute keeps what no field takes; several values are a list.
func (d *draft) attribute(name, text string) {
	if strings.Contains(text, table.List) {
		d.attributes[name] = split(text, table.List)
		return
	}
	d.attributes[name] = text
}

// words takes a list: of further ids, of country codes, or of what a field such as tags holds.
func (d *draft) words(c *table.Column, values []string) {
	switch c.Field {
	case "aliases":
		for _, v := range values {
			d.alias(v)
		}
	case "countries":
		kept := []string{}
		for _, v := range values {
			if code := strings.ToUpper(v); len(code) == 2 {
				kept = append(kept, code)
			} else {
				d.warn("unknown_word", c.Name, v, "The value is no country code such as DE and is left out.")
			}
		}
		d.item[c.Field] = kept
	default:
		for i := range values {
			values[i] = html.UnescapeString(values[i])
		}
		d.item[c.Field] = values
	}
}

// alias adds a further id.
func (d *draft) alias(id string) {
	if id != "" && !slices.Contains(d.aliases, id) {
		d.aliases = append(d.aliases, id)
	}
}

// gtin keeps a trade number, which finds the item too; one that is none does so as well.
// Spreadsheets put an apostrophe before long numbers, and people write blanks and dashes in
// them. The check digit is not looked at.
func (d *draft) gtin(c *table.Column, text string) {
	number := strings.NewReplacer(" ", "", "-", "", "'", "").Replace(text)
	d.alias(number)
	if slices.Contains([]int{8, 12, 13, 14}, len(number)) && strings.Trim(number, "0123456789") == "" {
		d.item["gtin"] = number
		return
	}
	d.warn("out_of_range", c.Name, text, "The value has not the 8, 12, 13 or 14 digits of a GTIN. It finds the item, but is no GTIN of it.")
}

// amount reads a number or a price by the way in which the column writes them. A currency
// beside the price counts before one beside another amount. One that cannot be read makes the
// row bad.
func (d *draft) amount(c *table.Column, text string) {
	text, _, _ = strings.Cut(text, table.List)
	amount, why := c.Numbers.Parse(text)
	if status, ok := d.b.stockState(text); why != "" && ok && c.Field == "stock.quantity" { // such as "unlimited"
		d.stock = status
		return
	}
	if why != "" {
		d.bad(c.Name, "invalid_value", why, text)
		if group, name, dotted := strings.Cut(c.Field, "."); dotted {
			d.item[group] = map[string]any{name: text}
		} else {
			d.item[c.Field] = text // for the report, where it can be mended
		}
		return
	}
	if amount.Currency != "" && (c.Field == "price" || d.currency == "") {
		d.currency = amount.Currency
	}
	if c.Field == "price" && amount.Value == 0 {
		d.warn("price_zero", c.Name, text, "The price is 0. Leave it out when it is not known.")
	}
	d.setNumber(c.Field, amount.Value)
}

// setNumber puts a number in its place: the stock, an attribute or a field.
func (d *draft) setNumber(field string, v float64) {
	if field == "stock.quantity" {
		d.quantity = &v
		return
	}
	if name, ok := strings.CutPrefix(field, "attributes."); ok {
		d.attributes[name] = v
		return
	}
	d.item[field] = v
}

// moment reads a time; one that makes no sense is left out, since an item can do without. A
// year before 1980 is mostly a zero that stands for no time.
func (d *draft) moment(c *table.Column, text string) {
	at, why := c.Times.Parse(text)
	if why == "" && (at.Year() < 1980 || at.Year() > 9999) {
		why = "The time is not between the years 1980 and 9999."
	}
	if why != "" {
		d.warn("invalid_time", c.Name, text, "The time is left out. "+why)
		return
	}
	switch c.Field {
	case "sale_starts":
		d.saleFrom = at
	case "sale_ends":
		if d.saleTo = at; at.Equal(at.Truncate(24 * time.Hour)) {
			d.saleTo = at.Add(24 * time.Hour) // a date alone: until its end
		}
	default:
		d.item[c.Field] = formatTime(at)
	}
}

// warn notes what was not understood of a row that is stored all the same; the example is the
// value as the file has it.
func (d *draft) warn(code, column, example, detail string) {
	d.row.Warnings = append(d.row.Warnings, Warning{code, column, example, detail})
}

// bad makes the row one that is not stored. The first reason stays.
func (d *draft) bad(column, code, why, sample string) {
	if d.row.Bad == nil {
		d.row.Bad = &table.Problem{Column: column, Code: code, Message: why, Sample: sample}
	}
}

// finish resolves what several columns say together, and encodes the item. It is called once.
func (d *draft) finish() Row {
	d.complete()
	if len(d.aliases) > 0 {
		d.aliases = slices.DeleteFunc(d.aliases, func(a string) bool { return a == d.item["item_id"] })
		if len(d.aliases) > maxAliases {
			d.warn(
				"too_many", "aliases", d.aliases[maxAliases],
				fmt.Sprintf("An item has at most %d further ids; the others are left out.", maxAliases),
			)
			d.aliases = d.aliases[:maxAliases]
		}
	}
	if len(d.aliases) > 0 {
		d.item["aliases"] = d.aliases
	}
	if len(d.attributes) > 0 {
		d.item["attributes"] = d.attributes
	}
	if len(d.translations) > 0 && d.item["translations"] == nil {
		d.item["translations"] = d.translations
	}
	d.row.Object = Encode(d.item)
	return d.row
}

// maxAliases is how many further ids an item has.
const maxAliases = 32

// complete fills in what one column says when another is silent. An item that names itself as
// its parent has none.
func (d *draft) complete() {
	if d.item["description"] == nil && d.shortDescription != "" {
		d.item["description"] = d.shortDescription
	}
	d.googleCategory()
	if d.item["currency"] == nil && d.currency != "" {
		d.item["currency"] = d.currency
	}
	if d.item["cost"] == 0.0 { // which many exports have where it is not known
		delete(d.item, "cost")
	}
	d.resolveSale()
	d.resolveStock()
	if d.status != "" {
		d.item["status"] = d.status
	}
	if d.item["parent_id"] == d.item["item_id"] {
		delete(d.item, "parent_id")
	}
}

// resolveStock joins status and quantity: without a word the number tells. A state that was
// said stays, whatever the number, but for one that is out of stock and can be ordered. It may
// be called twice.
func (d *draft) resolveStock() {
	if d.stock == "" && d.quantity != nil {
		d.stock = stockStatus(*d.quantity)
	}
	if d.backorder && d.stock == profileapi.OutOfStock {
		d.stock = profileapi.Backorder
	}
	if d.stock == "" {
		return
	}
	stock := map[string]any{"status": d.stock}
	if d.quantity != nil {
		stock["quantity"] = *d.quantity
	}
	d.item["stock"] = stock
}

// stockStatus is the state that a number of pieces means; below zero is sold beyond the stock.
func stockStatus(quantity float64) string {
	if quantity > 0 {
		return profileapi.InStock
	}
	return profileapi.OutOfStock
}

// firstURL returns the first of several addresses, however the export has them apart. A comma
// alone may belong to an address.
func firstURL(text string) string {
	for _, separator := range []string{"|", ",http", ", http", ";http", "; http", " http", "\n"} {
		if before, _, ok := strings.Cut(text, separator); ok && strings.Contains(before, ":") {
			return strings.TrimSpace(before)
		}
	}
	return text
}

// clip cuts a text that is shown within a message, to 40 bytes.
func clip(text string) string {
	if len(text) > 40 {
		return strings.ToValidUTF8(text[:40], "")
	}
	return text
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
