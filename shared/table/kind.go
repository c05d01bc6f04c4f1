package table

import (
	"slices"
	"strings"
)

// KindOf tells from the columns what the rows are; ok is false when that is not certain. Events
// say who, what and when, or of an order when and what, perhaps in cells with several lines; items have an id and a title and nobody who
// touched them, nor the pieces of an order; users have an id and nothing else of these, nor anything of an order or a payment. It never
// guesses Interactions.
func KindOf(columns []string) (kind Kind, ok bool) {
	filled := func(kind Kind, fields ...string) bool {
		p, err := NewPlan(kind, columns, PlanOptions{})
		if err != nil {
			return false
		}
		for _, f := range fields {
			if p.Column(f) >= 0 {
				return true
			}
		}
		return false
	}
	who := filled(Events, "user_id", "session_id")
	what := filled(Events, "item_id", "items")
	when := filled(Events, "occurred_at", "order_id", "type")
	did := filled(Events, "type") && filled(Events, "occurred_at")
	ordered := what && filled(Events, "order_id") && filled(Events, "occurred_at")
	sold := filled(Events, "quantity", "price", "order_id")
	pieces := filled(Events, "order_id") && filled(Events, "quantity") && !slices.ContainsFunc(columns, func(c string) bool {
		return Word(c) == "order" // of a catalogue: the place of the item in a list
	})
	called := func(list string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(words(list), Word(c)) })
	}
	paid := called(amountWords) && (filled(Events, "occurred_at", "order_id") || called(paymentTimes))
	product := filled(Items, "item_id") && filled(Items, "title", "price", "category_path", "stock.status")
	named := filled(Items, "title")
	reviewed := called("reviewer, reviewer name, reviewer email, review date, review id, review title, review text, review content")
	switch {
	case slices.Contains(columns, "actionDetails"), // what Matomo knows of a visit
		who && what && when, who && did, ordered && filled(Events, "quantity"),
		filled(Events, "order_id") && filled(Events, "occurred_at") && slices.ContainsFunc(columns, linesOfOrder):
		return Events, true
	case product && named && !who && !ordered && !pieces && !reviewed:
		return Items, true
	case who && !what && !product && !sold && !paid && !reviewed:
		return Users, true
	}
	return "", false
}

// KindWith returns the kind that alone has all of some fields, such as those that the caller names; ok is false when none has, or several
// have.
func KindWith(fields []string) (kind Kind, ok bool) {
	for _, k := range []Kind{Items, Users, Events} {
		lacks := slices.ContainsFunc(fields, func(name string) bool { _, has := FieldOf(k, name); return !has })
		if !lacks && kind != "" {
			return "", false
		}
		if !lacks {
			kind = k
		}
	}
	return kind, kind != ""
}

// linesOfOrder reports whether a column has lines of the order that its row is, or parts of the first one.
func linesOfOrder(column string) bool {
	word := Word(column)
	return PackedLines(column) || strings.HasPrefix(strings.TrimPrefix(strings.TrimPrefix(word, "product"), "line"), "item1") ||
		strings.HasPrefix(word, "product1")
}

// PackedLines reports whether the name of a column is one of cells with several lines of an order each, or with one of them.
func PackedLines(column string) bool {
	return slices.Contains(words(`line item, line items, product details, products, order items, order lines, line item details,
		item details`), strings.TrimRight(Word(column), "0123456789"))
}

// amountWords are header words of an amount of money beside a time: of an order, or of a payment. What somebody spent in all is none.
const amountWords = `amount, amount paid, paid amount, total amount, total, grand total, order total, subtotal, net, gross,
	net amount, gross amount, net total, payment amount, betrag, gesamtbetrag, rechnungsbetrag, zahlbetrag, summe, gesamtsumme,
	bruttobetrag, nettobetrag, montant, montant total, montant ttc, importe, importe total, importo, importo totale, totale,
	bedrag, totaalbedrag, totaal, kwota, suma, valor, valor total, montante, belop, belopp, summa`

// paymentTimes are header words of when somebody paid, which is not when he bought.
const paymentTimes = "payment date, paid date, date paid, zahlungsdatum, zahldatum, date paiement, date de paiement, fecha de pago, " +
	"data pagamento, betaaldatum, data platnosci, data de pagamento"
