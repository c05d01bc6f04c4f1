package rows

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/table"
)

// timeLayout is how times are written: UTC with milliseconds. One form only, since the id of an
// event is made of its text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// objectRow makes an event or a user. The members stand in the order of their names, so that equal rows give equal objects whatever the
// order of the columns; quantity and price become a line of the event. Groups are written in
// one go because outputs are sorted by them.
func (b *builder) objectRow(rec *table.Record) Row {
	w := &objectWriter{b: b, rec: rec, out: Row{Line: rec.Line, columns: b.pointers}, data: append(make([]byte, 0, 256), '{')}
	group := ""
	for i := range b.line {
		b.line[i] = b.line[i][:0]
	}
	currency, named, several := false, false, w.severalLines()
	for i := range b.outputs {
		o := &b.outputs[i]
		if o.part != partNone && several != nil {
			continue
		}
		value, ok := w.value(o)
		if !ok || o.name == "user_id" && o.group == "" && o.column >= 0 && w.nobodyIn(o.column) {
			continue
		}
		if o.part != partNone {
			b.line[o.part] = append(b.line[o.part], value...)
			continue
		}
		currency = currency || o.name == "currency"
		named = named || o.group == "" && (o.name == "user_id" || o.name == "session_id")
		w.purchase = w.purchase || o.name == "type" && string(value) == `"purchase"`
		w.refund = w.refund || o.name == "type" && string(value) == `"refund"`
		if o.group != group {
			if group != "" {
				w.data = append(w.data, '}')
			}
			if group = o.group; group != "" {
				w.data = append(appendString(w.member(), group), ':', '{')
			}
		}
		if o.name != "" {
			w.data = append(append(appendString(w.member(), o.name), ':'), value...)
		} else {
			w.merge(&b.plan.Columns[o.column], bytes.TrimSpace(value))
		}
	}
	if group != "" {
		w.data = append(w.data, '}')
	}
	if b.kind == table.Events {
		w.noTime()
		if w.b.packed != nil {
			w.b.packed.lines(w)
		}
		if several != nil {
			w.data = append(append(w.member(), `"items":`...), Encode(several)...)
		} else {
			w.unnamed()
			w.line()
		}
		if !named {
			w.nobody()
		}
		w.state()
		if w.currency != "" && !currency {
			w.data = appendString(append(appendString(w.member(), "currency"), ':'), w.currency)
		}
	}
	w.out.Object = append(w.data, '}')
	return w.out
}

// linePart says which part of an event's line a column fills.
type linePart int

const (
	partNone linePart = iota
	partItem
	partPrice
	partQuantity
	lineParts
)

// merge puts the members of an object into the group that is open. They are not looked at: the
// API's rules judge the row as a whole.
func (w *objectWriter) merge(c *table.Column, value []byte) {
	if len(value) < 2 || value[0] != '{' {
		w.bad(c, "The value is not a JSON object.", string(value))
		return
	}
	if inner := bytes.TrimSpace(value[1 : len(value)-1]); len(inner) > 0 {
		w.data = append(w.member(), inner...)
	}
}

// noTime warns of an event without a time in a file that has times.
func (w *objectWriter) noTime() {
	if at := w.b.timeColumn; at >= 0 && w.rec.Value(at) == "" {
		w.out.Warnings = append(w.out.Warnings, Warning{
			"no_time", w.b.plan.Columns[at].Name, "", "The row has no time: it counts as done now.",
		})
	}
}

// objectWriter writes one object, as text and without a map: a file may have millions of rows.
type objectWriter struct {
	b        *builder
	rec      *table.Record // what is read
	out      Row
	data     []byte // the object so far; each has its own
	scratch  []byte // of one value
	currency string // that stood beside an amount; "" for none
	purchase bool   // the type of the event
	refund   bool   // the same
}

// member starts a member of the object or group that is open.
func (w *objectWriter) member() []byte {
	if w.data[len(w.data)-1] != '{' {
		w.data = append(w.data, ',')
	}
	return w.data
}

// line writes the item, and as a line of its own when there is a quantity or a price. A price
// without an item is left out: it would be of nothing.
func (w *objectWriter) line() {
	item, price, quantity := w.b.line[partItem], w.b.line[partPrice], w.b.line[partQuantity]
	if len(item) == 0 {
		return
	}
	if w.refund { // many write what came back with a minus
		price, quantity = bytes.TrimPrefix(price, []byte{'-'}), bytes.TrimPrefix(quantity, []byte{'-'})
	}
	price = w.unitPrice(price, quantity)
	if len(price) == 0 && len(quantity) == 0 {
		w.data = append(append(appendString(w.member(), "item_id"), ':'), item...)
		return
	}
	w.data = append(append(w.member(), `"items":[{"item_id":`...), item...)
	if len(price) > 0 {
		w.data = append(append(w.data, `,"price":`...), price...)
	}
	if len(quantity) > 0 {
		w.data = append(append(w.data, `,"quantity":`...), quantity...)
	}
	w.data = append(w.data, '}', ']')
}

// value returns the JSON of one member, valid until the next call; false when the row has none.
func (w *objectWriter) value(o *output) ([]byte, bool) {
	if o.text > 0 {
		text := w.rec.Value(o.text - 1)
		w.scratch = appendString(w.scratch[:0], text)
		return w.scratch, text != ""
	}
	if o.column < 0 {
		w.scratch = appendString(w.scratch[:0], w.b.typeWord(o.name, o.constant))
		return w.scratch, true
	}
	c := &w.b.plan.Columns[o.column]
	text := w.rec.Value(o.column)
	if text == "" {
		return nil, false
	}
	text = c.Say(text)
	if o.part == partItem && w.b.bracketed {
		if m := numbered.FindStringSubmatch(text); m != nil {
			text = m[1]
		}
	}
	if raw := w.rec.Raw; raw != nil && raw[o.column] {
		return w.raw(c, text)
	}
	if at := strings.Index(text, table.List); at >= 0 && c.Shape != table.Words {
		w.out.Warnings = append(w.out.Warnings, Warning{
			"several_values", c.Name, strings.ReplaceAll(text, table.List, " | "), severalValues,
		})
		text = text[:at]
	}
	return w.shaped(c, text)
}

// shaped writes a text in the shape of its column; what cannot be read makes the row bad and stays as it is, for the report.
func (w *objectWriter) shaped(c *table.Column, text string) ([]byte, bool) {
	switch c.Shape {
	case table.Number, table.Money:
		amount, why := c.Numbers.Parse(text)
		if why == "" {
			if amount.Currency != "" {
				w.currency = amount.Currency
			}
			w.scratch = strconv.AppendFloat(w.scratch[:0], amount.Value, 'f', -1, 64)
			return w.scratch, true
		}
		w.bad(c, why, text)
	case table.Moment:
		at, why := c.Times.Parse(text)
		if why == "" && (at.Year() < 1970 || at.Year() > 9999) {
			why = "The time is not between the years 1970 and 9999."
		}
		if why == "" {
			w.scratch = append(at.UTC().AppendFormat(append(w.scratch[:0], '"'), timeLayout), '"')
			return w.scratch, true
		}
		w.bad(c, why, text)
	case table.Boolean:
		if v, ok := parseBoolean(text); ok {
			w.scratch = strconv.AppendBool(w.scratch[:0], v)
			return w.scratch, true
		}
		w.bad(c, "The value is not true or false, yes or no, 1 or 0.", text)
	case table.Words:
		return Encode(splitWords(text)), true
	case table.Document:
		if json.Valid([]byte(text)) {
			return []byte(text), true
		}
		w.bad(c, "The value is not JSON.", text)
	}
	w.scratch = appendString(w.scratch[:0], w.b.typeWord(c.Field, text))
	return w.scratch, true
}

// raw passes JSON on. An id may be a number, which becomes a text; times are numbers of any
// size, which the column reads.
func (w *objectWriter) raw(c *table.Column, text string) ([]byte, bool) {
	switch {
	case c.Shape == table.Moment:
		return w.shaped(c, text)
	case c.Shape == table.Text && c.Field != "" && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') && !strings.Contains(c.Field, "."):
		return appendString(w.scratch[:0], text), true
	}
	return []byte(text), true
}

// bad makes the row one that is not stored. The first reason stays.
func (w *objectWriter) bad(c *table.Column, why, sample string) {
	if w.out.Bad == nil {
		w.out.Bad = &table.Problem{Column: c.Name, Code: "invalid_value", Message: why, Sample: sample}
	}
}

// typeWord brings the usual words of event logs to the names of types, as "pageview" to
// "view_item". An unknown word stays as it is and is refused by the API's rules. Answers are
// remembered: there are few words, and describe shows them.
func (b *builder) typeWord(field, text string) string {
	if field != "type" || b.kind != table.Events {
		return text
	}
	if said, ok := b.types[text]; ok {
		return said
	}
	said, ok := table.EventType(text)
	if !ok {
		said = text
	}
	if len(b.types) < maxTypes {
		b.types[text] = said
	}
	return said
}

const severalValues = "The row has several values of this column; the first is taken."

// maxTypes bounds the words that a builder remembers.
const maxTypes = 256

// parseBoolean reads yes and no as exports write them in several languages; −1 is WooCommerce's
// word for a draft.
func parseBoolean(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "y", "1", "on", "ja", "oui", "si", "sí", "wahr", "vrai", "x":
		return true, true
	case "false", "no", "n", "0", "off", "nein", "non", "falsch", "faux", "-1":
		return false, true
	}
	return false, false
}

// splitWords takes a list apart: by | when it has one, else by ; else by commas.
func splitWords(text string) []string {
	separator := ","
	for _, s := range []string{table.List, "|", ";"} {
		if strings.Contains(text, s) {
			separator = s
			break
		}
	}
	return split(text, separator)
}

// split returns the trimmed parts that are not empty.
func split(raw, separator string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(raw, separator) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// appendString appends text as a JSON string.
func appendString(data []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return append(data, Encode(text)...)
		}
	}
	return append(append(append(data, '"'), text...), '"')
}

func formatTime(at time.Time) string { return at.UTC().Format(timeLayout) }
