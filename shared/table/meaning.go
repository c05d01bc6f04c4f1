package table

import (
	"slices"
	"strings"
)

// meansOther reports whether a column is none for a field whose word it has, as other columns tell. A number is not the shop's own where
// its kind has a column, as Amazon's "product-id-type" says whether an EAN or an ASIN is meant. A position without the recommendation that
// it is in is that of a line in its order.
func (p *Plan) meansOther(field, word string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(p.Columns, func(c Column) bool { return Letters(c.Name) == name })
	}
	return field == "item_id" && strings.HasSuffix(word, "id") && has(word+"type") ||
		field == "position" && !p.o.JSON && !has("recommendationid") && !p.taken["recommendation_id"]
}

// overview reports whether the columns are those of a list of orders without their lines, as PrestaShop shows it: how each was paid, and
// nothing of its items. Its "Reference" is the number of the order, which in all other files is that of a product.
func (p *Plan) overview(columns []Column) bool {
	paid, counted := false, false
	for i := range columns {
		w := Word(columns[i].Name)
		paid = paid || w == "payment" || w == "paiement" || w == "zahlung" || w == "pago" || w == "pagamento"
		counted = counted || slices.ContainsFunc(p.byWord[w], func(f int) bool { return p.fields[f].Name == "quantity" })
	}
	return p.Kind == Events && paid && !counted
}
