package rows

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/table"
)

// layout is a way in which a program lays out what it exports, beyond what its header words say.
type layout int

const (
	plainLayout layout = iota
	shopifyLayout
	shopifyOrdersLayout
	wooLayout
	magentoItemsLayout  // products of Magento, with further rows for their texts in other views of the shop
	magentoOrdersLayout // lines of orders that name the line they are a part of
	amazonOrdersLayout  // a report of orders, with the price of whole lines
)

// layoutOf tells the layout by the option, else by columns that only one program writes. A
// format that names another container or program is plain.
func layoutOf(spec profileapi.ImportSpec, r *table.Reader, sample []table.Record) layout {
	switch spec.Format {
	case "shopify_csv":
		if spec.Kind == "events" {
			return shopifyOrdersLayout
		}
		return shopifyLayout
	case "shopify_orders_csv":
		return shopifyOrdersLayout
	case "woocommerce_csv":
		return wooLayout
	case "auto", "", "csv", "xlsx":
	default:
		return plainLayout
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if !slices.ContainsFunc(r.Columns, func(c string) bool { return strings.EqualFold(c, w) }) {
				return false
			}
		}
		return true
	}
	switch {
	case spec.Kind == "items" && has("Handle", "Title") && (has("Variant Price") || has("Option1 Value")):
		return shopifyLayout
	case spec.Kind == "items" && has("sku", "attribute_set_code", "product_type"):
		return magentoItemsLayout
	case spec.Kind == "events" && has("Name", "Lineitem quantity", "Lineitem name"):
		return shopifyOrdersLayout
	case spec.Kind == "events" && has("sku", partColumn):
		return magentoOrdersLayout
	case spec.Kind == "events" && (has("amazon-order-id", linePrice) || has("order-item-id", linePrice)):
		return amazonOrdersLayout
	case spec.Kind == "items" && wooKind(sample, len(r.Columns)) >= 0 && wooColumns(r.Columns):
		return wooLayout
	}
	return plainLayout
}

// container is the format of the file that a format of imports needs, "" when its content tells.
func container(format string) string {
	switch format {
	case "ndjson":
		return table.NDJSON
	case "xml", "google_merchant_xml":
		return table.XML
	case "xlsx":
		return table.XLSX
	case "", "auto":
		return ""
	}
	return table.CSV
}

// choose picks the source for the layout, and refuses a file whose rows would all be refused.
func (r *Reader) choose(spec profileapi.ImportSpec, now time.Time) error {
	var several *severalItems
	if r.layout == plainLayout || r.layout == amazonOrdersLayout {
		var note string
		if several, note = severalItemsOf(r.plan, r.table.Sample(sampleRows)); note != "" {
			r.table.Notes = append(r.table.Notes, note)
		}
	}
	b := newBuilder(r, spec, now)
	b.cells = several
	b.rooted = r.layout == magentoItemsLayout
	switch r.layout {
	case shopifyLayout:
		r.source = newShopify(r, b)
		return r.needColumns("Handle", "Title")
	case shopifyOrdersLayout:
		r.source = newShopifyOrders(r, b)
		return r.needColumns("Name", "Lineitem quantity")
	case wooLayout:
		s := newWoo(r, b)
		if r.source = s; s.kind < 0 {
			return errors.New(
				"the file is no product export of WooCommerce: no column holds types such as simple and variable. Use the format auto",
			)
		}
	default:
		if err := r.needFields(spec); err != nil {
			return err
		}
		if spec.Kind == "events" && !r.plan.Fills("occurred_at") {
			r.table.Notes = append(r.table.Notes, "No column of times: the events count as done now. "+
				"If there is one, name it with --map COLUMN=occurred_at (mapping in the API).")
		}
		if r.layout == amazonOrdersLayout && slices.Contains(spec.Ignore, linePrice) {
			r.table.Notes = append(r.table.Notes, "The "+linePrice+" of these reports is that of all pieces of a line: it is left out.")
		}
		sample := r.table.Sample(sampleRows)
		whole, note := wholePriceOf(r.plan, sample)
		if b.whole = whole; note != "" {
			r.table.Notes = append(r.table.Notes, note)
		}
		if note := namesNote(r.plan, sample); note != "" {
			r.table.Notes = append(r.table.Notes, note)
		}
		if b.bracketed = bracketed(r.plan, sample); b.bracketed {
			r.table.Notes = append(r.table.Notes, "The items are named by the number that stands in brackets before their name.")
		}
		r.source = &plain{r: r, b: b, part: r.partOf(), variants: variantsOf(r.plan, sample)}
	}
	return nil
}

// partColumn is what names the line that a line of a Magento order is a part of: the variant below its configurable product, with the same
// SKU, or a piece of a bundle.
const partColumn = "parent_item_id"

// viewColumn is what names the view of a Magento shop, such as one in another language, for whose sake a row repeats a product. It has
// nothing of a product but what differs there.
const viewColumn = "store_view_code"

// linePrice is the column of Amazon's reports with the price of all pieces of a line.
const linePrice = "item-price"

// settle says of the columns what the layout knows. Of Magento's lines item_id is the number of the line, and the item is named by its SKU;
// the price of a line is not that of a unit. A product of Magento is online with 1 and not with 2. What the caller says of the columns
// holds.
func (l layout) settle(spec profileapi.ImportSpec) profileapi.ImportSpec {
	mapped := func(column, field string) bool { return spec.Mapping[column] != "" || hasValue(spec.Mapping, field) }
	switch {
	case l == magentoOrdersLayout && !mapped("sku", "item_id"):
		spec.Mapping = maps.Clone(spec.Mapping)
		if spec.Mapping == nil {
			spec.Mapping = map[string]string{}
		}
		spec.Mapping["sku"] = "item_id"
	case l == magentoItemsLayout && spec.MapValues["published"] == nil:
		spec.MapValues = maps.Clone(spec.MapValues)
		if spec.MapValues == nil {
			spec.MapValues = map[string]map[string]string{}
		}
		spec.MapValues["published"] = map[string]string{"2": "0"}
	case l == amazonOrdersLayout && !mapped(linePrice, "price"):
		spec.Ignore = append(slices.Clip(spec.Ignore), linePrice)
	}
	return spec
}

func hasValue(m map[string]string, value string) bool {
	return slices.Contains(slices.Collect(maps.Values(m)), value)
}

// partOf returns the index of the column whose rows are parts of another line and left out, −1 for none.
func (r *Reader) partOf() int {
	name, note := "", ""
	switch r.layout {
	case magentoOrdersLayout:
		name, note = partColumn, "Rows with a "+partColumn+
			" are parts of the line that it names: they are left out, since that line counts."
	case magentoItemsLayout:
		name, note = viewColumn, "Rows with a "+viewColumn+" have texts of one view of the shop: they are left out. "+
			"Send them as translations."
	default:
		return -1
	}
	at := slices.IndexFunc(r.table.Columns, func(c string) bool { return strings.EqualFold(c, name) })
	if at >= 0 {
		r.table.Notes = append(r.table.Notes, note)
	}
	return at
}

// needColumns reports a column that a layout cannot do without.
func (r *Reader) needColumns(names ...string) error {
	for _, name := range names {
		if !slices.ContainsFunc(r.table.Columns, func(c string) bool { return strings.EqualFold(c, name) }) {
			return fmt.Errorf("the file has no column %q as this export of Shopify has; its columns are %s. Use the format auto",
				name, strings.Join(r.table.Columns, ", "))
		}
	}
	return nil
}

// needFields reports the fields that no column fills and that no row of the kind can do
// without. The message says which option mends it.
func (r *Reader) needFields(spec profileapi.ImportSpec) error {
	missing := func(field string) bool { return !r.plan.Fills(field) && spec.Set[field] == "" }
	columns := "; the columns are " + strings.Join(r.table.Columns, ", ")
	if numbered := r.table.Numbered(); numbered != "" {
		columns = "; the file has no header, its columns are called by their numbers, here with their first value: " + numbered
	}
	for _, field := range slices.Sorted(maps.Keys(spec.Set)) {
		if name, ok := columnIn(spec.Set[field]); ok && spec.Kind == "events" && !slices.Contains(r.table.Columns, name) {
			return fmt.Errorf("set takes %s from the column %q, which is not in the file%s", field, name, columns)
		}
	}
	switch {
	case spec.Kind == "items" && missing("item_id"):
		return errors.New("the file has no column for item_id: pass --map COLUMN=item_id (mapping in the API)" + columns)
	case spec.Kind == "users" && missing("user_id"):
		return errors.New("the file has no column for user_id: pass --map COLUMN=user_id (mapping in the API)" + columns)
	case spec.Kind != "events":
	case missing("type"):
		return errors.New("the file has no column for type: say what its rows are with --set type=purchase, or view_item, …, " +
			"or name the column with --map COLUMN=type (set and mapping in the API)" + columns)
	case missing("user_id") && missing("session_id") && missing("order_id"):
		return errors.New(
			"the file has no column for user_id, session_id or order_id: pass --map COLUMN=user_id (mapping in the API)" + columns,
		)
	}
	return nil
}
