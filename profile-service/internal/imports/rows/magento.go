package rows

import (
	"errors"
	"io"
	"slices"
	"strings"
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

// readParents reads a file to its end and returns the products of its variants, by their SKUs. Of two products for one variant the first
// counts.
func (r *Reader) readParents(variations int) (map[string]string, error) {
	parents, id := map[string]string{}, r.plan.Column("item_id")
	for {
		rec, err := r.table.Next()
		if errors.Is(err, io.EOF) {
			return parents, nil
		}
		if err != nil {
			return nil, err
		}
		product := rec.Value(id)
		for variant := range strings.SplitSeq(rec.Value(variations), "|") {
			for pair := range strings.SplitSeq(variant, ",") {
				name, sku, _ := strings.Cut(pair, "=")
				if sku = strings.TrimSpace(sku); strings.TrimSpace(name) == "sku" && sku != "" && product != "" && parents[sku] == "" {
					parents[sku] = product
				}
			}
		}
	}
}
