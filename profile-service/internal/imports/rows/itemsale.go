package rows

import (
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/table/locale"
)

// saleDates reads "2026-11-01T00:00+0100/2026-11-30T23:59+0100". The text is kept as an
// attribute, since an item has no dates of a sale: what counts is whether it holds when the
// file is read.
func (d *draft) saleDates(c *table.Column, text string) {
	from, to, ok := strings.Cut(text, "/")
	times := locale.Times{Zone: d.b.plan.Location()}
	start, why := times.Parse(from)
	end, why2 := times.Parse(to)
	if !ok || why+why2 != "" {
		d.warn("invalid_time", c.Name, text, "The dates of the sale are not two times with a / between them, so that they do not end it.")
		return
	}
	if len(strings.TrimSpace(to)) == len("2026-11-30") {
		end = end.AddDate(0, 0, 1) // a date alone: until its end
	}
	d.saleFrom, d.saleTo = start, end
	d.attributes["sale_price_effective_date"] = text
}

// resolveSale leaves out a sale price of 0, which many exports have where there is none, one that does not count at present, one whose
// dates do not hold now, or that is higher than the price. One without dates holds.
func (d *draft) resolveSale() {
	price, has := d.item["sale_price"].(float64)
	if !has {
		return
	}
	full, known := d.item["price"].(float64)
	switch {
	case price == 0 || d.offSale:
		delete(d.item, "sale_price")
	case known && price > full:
		d.warn(
			"sale_price_higher", "sale_price", formatNumber(price), "The sale price is higher than the price, so that it does not count.",
		)
		delete(d.item, "sale_price")
	case !d.saleTo.IsZero() && !d.saleTo.After(d.b.now):
		d.warn("sale_over", "sale_price", formatNumber(price), "The sale ended before now, so that its price does not count.")
		delete(d.item, "sale_price")
	case d.saleFrom.After(d.b.now):
		d.warn(
			"sale_not_begun", "sale_price", formatNumber(price),
			"The sale begins later, so that its price does not count yet. Send the file again then.",
		)
		delete(d.item, "sale_price")
	}
}
