package rows

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
	"github.com/aisle-rec/aisle/shared/table/locale"
)

// wholePrice is a column of prices that are those of whole lines, of two pieces as of one, and the column that proves it. A price is that
// of one unit, so that it is divided in each row in which the proof holds.
type wholePrice struct {
	price, proof int
	unit         bool // the proof is the price of one unit; otherwise the total of the line
	prices       *locale.Numbers
	proofs       *locale.Numbers
}

// lineTotals are header words of the total of a line, as table.Word writes them.
const lineTotals = "total linetotal rowtotal itemtotal totalprice pricetotal subtotal linesubtotal lineamount linevalue totalamount " +
	"gesamt gesamtpreis gesamtbetrag zeilensumme zeilenpreis positionssumme summe totalligne montanttotal prixtotal totallinea " +
	"importetotal preciototal totaleriga totale prezzototale regeltotaal totaal totaalprijs wartosc valortotal precototal"

// minProofs is how many lines of several pieces have to agree before a price is divided.
const minProofs = 2

// wholePriceOf judges the prices by the first rows. The note says what was found: that prices are divided, or only that they may be those
// of whole lines, where one line is all there is to tell it, where no other column does, or where the caller named the column himself.
func wholePriceOf(p *table.Plan, sample []table.Record) (w *wholePrice, note string) {
	price, quantity := p.Column("price"), p.Column("quantity")
	if p.Kind != table.Events || price < 0 || quantity < 0 ||
		p.Columns[price].How == table.Ignored || p.Columns[quantity].How == table.Ignored {
		return nil, ""
	}
	name := p.Columns[price].Name
	for i := range p.Columns {
		c := &p.Columns[i]
		total := slices.Contains(strings.Fields(lineTotals), table.Word(c.Name))
		if c.How != table.Property || !total && i != p.Spare("price") {
			continue
		}
		w := &wholePrice{price: price, proof: i, unit: !total, prices: p.Columns[price].Numbers, proofs: &locale.Numbers{
			Decimal: p.Columns[price].Numbers.Decimal,
		}}
		for r := range sample {
			w.proofs.Learn(sample[r].Value(i))
		}
		several, singles := w.agree(p.Columns[quantity].Numbers, quantity, sample)
		says := fmt.Sprintf("%s has the same value in each line of several pieces", c.Name)
		if w.unit {
			says = fmt.Sprintf("it is the %s times the pieces in each line of several", c.Name)
		}
		switch {
		case several == 0:
		case several >= minProofs && singles && p.Columns[price].How != table.Mapped:
			return w, fmt.Sprintf("The column %s has the price of whole lines: %s. It is divided by the pieces. "+
				"If it is the price of one unit, pass --map '%s=price' (mapping in the API).", name, says, name)
		default:
			return nil, mayBeWhole(name, says)
		}
	}
	if growsWithPieces(p, price, quantity, sample) {
		return nil, mayBeWhole(name, "that of an item grows with its pieces")
	}
	return nil, ""
}

// mayBeWhole is the note where nothing proves it.
func mayBeWhole(column, why string) string {
	return fmt.Sprintf("The column %s may have the price of whole lines: %s. It is taken for that of one unit. If it is not, "+
		"pass --ignore '%s' (ignore in the API), or name the price of one unit with --map COLUMN=price (mapping in the API).",
		column, why, column)
}

// agree counts the lines of several pieces, of which all have to prove the price to be that of the line, else it is 0; singles says that
// the lines of one piece do not speak against it.
func (w *wholePrice) agree(quantities *locale.Numbers, quantity int, sample []table.Record) (several int, singles bool) {
	singles = true
	for r := range sample {
		rec := &sample[r]
		pieces, why := quantities.Parse(rec.Value(quantity))
		if rec.Problem != nil || why != "" || pieces.Value < 1 || rec.Value(w.price) == "" {
			continue
		}
		price, why := w.prices.Parse(rec.Value(w.price))
		if why != "" || price.Value == 0 {
			continue
		}
		switch holds := w.holds(rec, price.Value, pieces.Value); {
		case pieces.Value == 1:
			singles = singles && holds
		case !holds:
			return 0, false
		default:
			several++
		}
	}
	return several, singles
}

// holds reports whether a row proves its price to be that of the line.
func (w *wholePrice) holds(rec *table.Record, price, pieces float64) bool {
	other, why := w.proofs.Parse(rec.Value(w.proof))
	if why != "" || rec.Value(w.proof) == "" {
		return false
	}
	if w.unit {
		return math.Abs(price-other.Value*pieces) <= .005*pieces+1e-9 // a unit's price is rounded to a cent
	}
	return math.Abs(price-other.Value) < 1e-9
}

// growsWithPieces reports whether items that were sold in several numbers of pieces always cost in proportion to them.
func growsWithPieces(p *table.Plan, price, quantity int, sample []table.Record) bool {
	type sold struct{ price, pieces float64 }
	items, seen, grown := p.Column("item_id"), map[string]sold{}, 0
	for r := range sample {
		rec := &sample[r]
		amount, why := p.Columns[price].Numbers.Parse(rec.Value(price))
		pieces, why2 := p.Columns[quantity].Numbers.Parse(rec.Value(quantity))
		if items < 0 || rec.Problem != nil || why != "" || why2 != "" || amount.Value <= 0 || pieces.Value < 1 {
			continue
		}
		now, item := sold{amount.Value, pieces.Value}, rec.Value(items)
		before, known := seen[item]
		switch {
		case !known:
			seen[item] = now
		case before.pieces == now.pieces:
		case math.Abs(before.price/before.pieces-now.price/now.pieces) > .01:
			return false
		default:
			grown++
		}
	}
	return grown > minProofs
}

// unitPrice returns the price of one unit, as text, of a line with a price and pieces; a line in which the proof does not hold keeps its
// price, with a warning.
func (w *objectWriter) unitPrice(price, quantity []byte) []byte {
	whole := w.b.whole
	if whole == nil || len(price) == 0 || len(quantity) == 0 {
		return price
	}
	amount, err := strconv.ParseFloat(string(price), 64)
	pieces, err2 := strconv.ParseFloat(string(quantity), 64)
	if err != nil || err2 != nil || pieces <= 1 || amount == 0 {
		return price
	}
	if !whole.holds(w.rec, amount, pieces) {
		w.out.Warnings = append(w.out.Warnings, Warning{"price_not_divided", w.b.plan.Columns[whole.price].Name, w.rec.Value(whole.price),
			"The price is taken for that of one unit, since " + w.b.plan.Columns[whole.proof].Name + " does not agree with it here."})
		return price
	}
	return strconv.AppendFloat(nil, amount/pieces, 'f', -1, 64)
}
