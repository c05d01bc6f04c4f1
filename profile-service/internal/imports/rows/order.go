package rows

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aisle-rec/aisle/shared/table"
)

// orderStates lists the columns that say what became of an order and that no field takes. Those of parcels, coupons and people say what
// became of these.
func orderStates(p *table.Plan) []int {
	state := regexp.MustCompile("stat(?:us|e|ut|o)|etat|estado")
	other := regexp.MustCompile("^(?:ship|deliver|tracking|mail|email|newsletter|coupon|voucher|customer|user|account|buyer|billing|" +
		"product|stock)")
	var columns []int
	for i := range p.Columns {
		word := table.Letters(p.Columns[i].Name)
		if p.Kind == table.Events && p.Columns[i].How == table.Property && state.MatchString(word) && !other.MatchString(word) {
			columns = append(columns, i)
		}
	}
	return columns
}

// cancelTimes lists the columns that have a time, or yes, in the rows of orders that were cancelled or are tests, and nothing or no in the
// others.
func cancelTimes(p *table.Plan) []int {
	var columns []int
	for i := range p.Columns {
		switch table.Letters(p.Columns[i].Name) {
		case "test", "istest", "testorder", "istestorder", "testmode", "testbestellung",
			"void", "voided", "cancelled", "canceled", "iscancelled", "iscanceled", "isvoid", "storniert",
			"cancelledat", "canceledat", "cancelleddate", "canceleddate", "cancellationdate", "cancellationtime", "datecancelled",
			"datecanceled", "storniertam", "stornodatum", "dateannulation":
			if p.Kind == table.Events && p.Columns[i].How == table.Property {
				columns = append(columns, i)
			}
		}
	}
	return columns
}

// saysTime reports whether a value tells that something has happened: not the 0, false or NULL that databases write for "not yet".
func saysTime(text string) bool { return strings.ContainsAny(text, "123456789") }

// cancelled and refunded are the words for what became of an order, as table.Letters writes them.
const (
	cancelled = "cancelled canceled cancel voided expired failed declined wccancelled wcfailed paymenterror erreurdepaiement " +
		"storniert abgebrochen annule annulee annulled cancelado cancelada annullato annullata geannuleerd anulowane avbruten"
	refunded = "refunded partiallyrefunded fullyrefunded refundedpartially partialrefund wcrefunded returned " +
		"erstattet rembourse remboursee reembolsado rimborsato terugbetaald"
)

// state refuses a purchase that was cancelled, and warns of one that was refunded. Pending payments are purchases: whoever pays on account
// has bought.
func (w *objectWriter) state() {
	if !w.purchase {
		return
	}
	voided := func(column, text, what string) {
		if w.out.Bad == nil {
			became := "was cancelled"
			if strings.HasPrefix(strings.TrimPrefix(table.Letters(column), "is"), "test") {
				became = "is a test"
			}
			w.out.Bad = &table.Problem{
				Column: column, Code: "order_voided", Sample: text,
				Message: "The order " + became + ": it is no purchase. " +
					"If the " + what + " means something else here, pass --ignore '" + column + "'.",
			}
		}
	}
	for _, i := range w.b.cancelTimes {
		text := w.rec.Value(i)
		if yes, word := parseBoolean(text); yes || !word && saysTime(text) {
			voided(w.b.plan.Columns[i].Name, text, map[bool]string{true: "word", false: "time"}[word])
		}
	}
	for _, i := range w.b.states {
		c := &w.b.plan.Columns[i]
		text := w.rec.Value(i)
		switch word := table.Letters(text); {
		case word == "":
		case slices.Contains(strings.Fields(cancelled), word):
			voided(c.Name, text, "word")
		case slices.Contains(strings.Fields(refunded), word):
			w.out.Warnings = append(w.out.Warnings, Warning{
				"order_refunded", c.Name, text, "The order was refunded: its lines are stored as bought. Send refund events for them.",
			})
		}
	}
}

// fillDown gives a line of an order what only the first line of it says: who bought, when, in which currency and what became of it. Many
// exports leave these cells empty from the second line on. Objects of JSON have no cells, and stay as they are.
func (b *builder) fillDown(rec, before *table.Record) {
	if rec.Raw != nil || rec.Value(b.orderColumn) == "" || rec.Value(b.orderColumn) != before.Value(b.orderColumn) {
		return
	}
	fill := func(column int) {
		if text := before.Value(column); text != "" && rec.Value(column) == "" {
			for len(rec.Values) <= column {
				rec.Values = append(rec.Values, "")
			}
			rec.Values[column] = text
		}
	}
	for _, field := range [...]string{"occurred_at", "currency", "type"} {
		fill(b.plan.Column(field))
	}
	user, session := b.plan.Column("user_id"), b.plan.Column("session_id")
	other := rec.Value(b.customer) // a line that names somebody else is his
	if rec.Value(user) == "" && rec.Value(session) == "" && (other == "" || other == before.Value(b.customer)) {
		fill(user)
		fill(session)
		fill(b.customer)
	}
	for _, columns := range [...][]int{b.states, b.cancelTimes} {
		for _, column := range columns {
			fill(column)
		}
	}
}

// unnamed names the item of a purchase whose own column is empty, as a SKU is in many shops, by another column that names it, such as
// its name. The warning says so, since the catalogue has to know the item by that.
func (w *objectWriter) unnamed() {
	i := w.b.spareItem
	if !w.purchase || len(w.b.line[partItem]) > 0 || i < 0 || w.rec.Value(i) == "" {
		return
	}
	own, spare := w.b.plan.Columns[w.b.plan.Column("item_id")].Name, w.b.plan.Columns[i].Name
	w.b.line[partItem] = appendString(w.b.line[partItem], w.rec.Value(i))
	w.out.Warnings = append(w.out.Warnings, Warning{
		"no_sku", own, w.rec.Value(i), "The line has no value here: its " + spare + " stands for the item. Give the item this as an alias.",
	})
}

// nobodies are what shops and databases write in the place of a customer's id where there is none, as table.Letters writes them. \N is
// MySQL's.
const nobodies = "0 n null none nil nan na guest gast invite invitado ospite notset undefined anonymous"

// nobodyIn reports whether a column of a row that belongs to an order names no customer: all guests would be one otherwise. Logs may
// number their visitors from 0, so that rows without an order are as they say.
func (w *objectWriter) nobodyIn(column int) bool {
	if w.b.kind != table.Events || w.b.orderColumn < 0 || w.rec.Value(w.b.orderColumn) == "" {
		return false
	}
	text := w.rec.Value(column)
	if len(text) > len("undefined")+2 { // quickly, since nearly every id is none of them
		return false
	}
	word := table.Letters(text)
	return word == "" || slices.Contains(strings.Fields(nobodies), word)
}

// nobody names the visitor of a row whose own column names none: by another column, such as the e-mail of a guest, else an order is a
// visit of its own, so that its items still count as bought together.
func (w *objectWriter) nobody() {
	if i := w.b.customer; i >= 0 && w.rec.Value(i) != "" && !w.nobodyIn(i) {
		w.data = appendString(append(appendString(w.member(), "user_id"), ':'), w.rec.Value(i))
		return
	}
	if i := w.b.orderColumn; i >= 0 && w.rec.Value(i) != "" {
		order := w.rec.Value(i)
		w.data = appendString(append(appendString(w.member(), "session_id"), ':'), "order "+order)
		w.out.Warnings = append(w.out.Warnings, Warning{"no_customer", w.b.plan.Columns[i].Name, order, noCustomer})
	}
}

const noCustomer = "The order names no customer: it counts as one visit of somebody unknown."
