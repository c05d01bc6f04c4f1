package rows

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// variationsColumn is what names the variants of a product of Magento, which have rows of their own that do not name it:
// "sku=TEE-S,size=S|sku=TEE-M,size=M".
const variationsColumn = "configurable_variations"

// variations returns the index of that column in a file of Magento, −1 for none.
func (r *Reader) variations() int {
	if r.layout != magentoItemsLayout || r.plan.Fills("parent_id") {
		return -1
	}
	return slices.IndexFunc(r.table.Columns, func(c string) bool { return strings.EqualFold(c, variationsColumn) })
}

// magentoProducts has what only a whole file of Magento says of its configurable products.
type magentoProducts struct {
	parents  map[string]string  // the product of a variant, by their SKUs
	families map[string]*family // by the SKU of the product
}

// readMagento reads a file to its end. Of two products for one variant the first counts.
func (r *Reader) readMagento(variations int) (*magentoProducts, error) {
	m, members := &magentoProducts{map[string]string{}, map[string]*family{}}, map[string]*family{}
	s := r.source.(*plain) // it was chosen so
	for {
		rec, err := r.record()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if rec.Problem != nil || s.part >= 0 && rec.Value(s.part) != "" {
			continue
		}
		d := s.b.draft(&rec)
		id, _ := d.item["item_id"].(string)
		for variant := range strings.SplitSeq(rec.Value(variations), "|") {
			for pair := range strings.SplitSeq(variant, ",") {
				name, sku, _ := strings.Cut(pair, "=")
				if sku = strings.TrimSpace(sku); strings.TrimSpace(name) == "sku" && sku != "" && id != "" && m.parents[sku] == "" {
					m.parents[sku] = id
				}
			}
		}
		if rec.Value(variations) == "" && id != "" {
			d.resolveSale()
			d.resolveStock()
			members[id] = &family{}
			members[id].add(d)
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(m.parents)) {
		product := m.parents[sku]
		if members[sku] == nil {
			continue
		}
		if m.families[product] == nil {
			m.families[product] = &family{counted: true}
		}
		m.families[product].join(members[sku])
	}
	return m, nil
}

// row makes the item of a record: a variant names its product, which takes stock and price from its variants.
func (m *magentoProducts) row(b *builder, rec *table.Record) Row {
	d := b.draft(rec)
	id, _ := d.item["item_id"].(string)
	if parent := m.parents[id]; parent != "" {
		d.item["parent_id"] = parent
	}
	if members := m.families[id]; members != nil {
		d.resolveSale()
		members.give(d)
	}
	return d.finish()
}
