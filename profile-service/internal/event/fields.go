package event

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/wire"
)

// Limits of single fields.
const (
	maxID       = 256   // characters
	maxPage     = 2048  // characters
	maxValue    = 1e12  // either side of 0
	maxQuantity = 1e6   // of one line
	maxPosition = 10000 // places of a list
	maxReview   = 10000 // characters

	lowestRating, highestRating = 1, 5
)

// field reads the value of one member of an event: those that decide what it means here, the
// others in lesserField. Of a member that comes twice the last counts.
func (d *decoder) field(name []byte) {
	e := d.event
	switch string(name) {
	case "event_id":
		e.ID = d.id("/event_id")
	case "type":
		d.eventType()
	case "occurred_at":
		d.occurredAt()
	case "user_id":
		e.UserID = d.id("/user_id")
	case "session_id":
		e.SessionID = d.id("/session_id")
	case "item_id":
		d.itemID = d.id("/item_id")
	case "items":
		d.lines()
	case "order_id", "transaction_id": // GA4's name
		if id := d.id("/" + string(name)); id != "" {
			e.OrderID = id
		}
	case "value":
		d.optional(func() {
			if v, ok := d.bounded("/value", -maxValue, maxValue); ok {
				e.Value = &v
			}
		})
	default:
		d.lesserField(name)
	}
}

// eventType reads the type, in the spelling of any system that is known, as the canonical name. A name that is near one is
// told what it may have meant. A type that is a call of Segment's, such as track, says that the event has that form.
func (d *decoder) eventType() {
	if d.peek() != '"' {
		d.skip(2)
		d.wrong("/type", "wrong_type", "type is a string such as \"view_item\".")
		return
	}
	name := d.str()
	canonical, ok := d.rules.canonical[string(name)]
	if !ok && d.err == nil {
		d.foreign = d.foreign || isCallType(name)
		d.wrong(
			"/type", "unknown_type",
			fmt.Sprintf("%.64q is not a known type.%s Known are %s.", name, d.rules.meant(string(name)), d.rules.known),
		)
	}
	d.event.Type = canonical
}

// occurredAt reads the time of the event, rounded down to milliseconds; null and "" leave it to the time of receipt. It has
// to lie between the shop's retention, before which it would be deleted at once, and a little after the server's clock,
// since the future would be the freshest event of its visitor until then.
func (d *decoder) occurredAt() {
	var parsed time.Time
	switch c := d.peek(); {
	case d.null():
		return
	case c == '"':
		text := d.str()
		if len(text) == 0 {
			return
		}
		if t, err := wire.ParseTime(string(text)); err == nil {
			parsed = t.Time
		}
	case c == '-' || c >= '0' && c <= '9':
		if t, err := wire.ParseTime(string(d.numberText())); err == nil {
			parsed = t.Time
		}
	default:
		d.skip(2)
	}
	d.timed = true
	switch {
	case d.err != nil:
	case parsed.IsZero():
		d.wrong(
			"/occurred_at", "invalid_time",
			"occurred_at is neither RFC 3339 (2026-01-31T12:00:00Z) nor a date nor an epoch in seconds, milliseconds or microseconds.",
		)
	case parsed.After(d.bounds.Now.Add(maxFuture)) && d.bounds.FromPage:
		d.timed = false
		d.warn(
			"/occurred_at", "event_in_future",
			"occurred_at is more than 5 minutes ahead of the server's clock. The time of receipt counts.",
		)
	case parsed.After(d.bounds.Now.Add(maxFuture)):
		d.wrong(
			"/occurred_at", "event_in_future",
			"occurred_at is more than 5 minutes ahead of the server's clock. Correct the sender's clock.",
		)
	case parsed.Before(d.bounds.Earliest):
		d.wrong("/occurred_at", "event_too_old", "occurred_at is before the shop's retention, which begins at "+
			d.bounds.Earliest.UTC().Format(time.RFC3339)+
			". Leave such events out or raise the retention (aisle serve --retention-days, AISLE_PROFILE_RETENTION_DAYS).")
	default:
		d.event.OccurredMs = parsed.UnixMilli()
	}
}

// id reads an opaque id: 1 to 256 printable characters, or a whole number, whose digits it is. null and "" count as absent.
// Shops that number their items post numbers, and elsewhere the same id as a text.
func (d *decoder) id(pointer string) string {
	if c := d.peek(); c == '-' || c >= '0' && c <= '9' {
		return d.numericID(pointer)
	}
	raw, ok := d.stringValue(pointer)
	if !ok || len(raw) == 0 {
		return ""
	}
	if !printable(raw) {
		d.wrong(pointer, "unprintable", "An id holds printable characters only, no control characters.")
		return ""
	}
	if len(raw) > maxID && utf8.RuneCount(raw) > maxID {
		d.wrong(pointer, "too_long", fmt.Sprintf("An id has at most %d characters.", maxID))
		return ""
	}
	return string(raw)
}

// numericID keeps the digits as they stand: as a float64 an id of 17 digits would be another
// one.
func (d *decoder) numericID(pointer string) string {
	raw := d.numberText()
	if d.err == nil && (len(raw) > maxID || bytes.ContainsAny(raw, ".eE")) {
		d.wrong(pointer, "wrong_type", "An id is a string or a whole number. Put it in double quotes.")
		return ""
	}
	return string(raw)
}

// printable reports whether every character can be seen, blanks included.
func printable(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return bytes.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
		}
		if c < 0x20 || c == 0x7f {
			return false
		}
	}
	return true
}

// text reads a string of at most limit characters. null counts as "", as what cannot be kept
// does after its error.
func (d *decoder) text(pointer string, limit int) string {
	raw, ok := d.stringValue(pointer)
	if !ok {
		return ""
	}
	if len(raw) > limit && utf8.RuneCount(raw) > limit {
		d.wrong(pointer, "too_long", fmt.Sprintf("At most %d characters are kept here.", limit))
		return ""
	}
	return string(raw)
}

// stringValue reads a string without a copy: the bytes are part of the body, or of the decoder's memory until the next
// string. false is returned for null and after an error. A NUL character is refused, for Postgres takes none in a text.
// That is why ids and texts are copied when they are kept.
func (d *decoder) stringValue(pointer string) ([]byte, bool) {
	if d.null() {
		return nil, false
	}
	if d.peek() != '"' {
		d.skip(2)
		d.wrong(pointer, "wrong_type", "The value is not a string. Put it in double quotes.")
		return nil, false
	}
	d.nul = false
	raw := d.str()
	if d.nul {
		d.wrong(pointer, "nul_character", "The value "+holdsNUL)
		return nil, false
	}
	return raw, d.err == nil
}

// bounded reads a number between low and high, which may stand in quotes, as many data layers
// have prices. null and "" count as absent, and so does what is refused. It takes no NaN and no
// Inf.
func (d *decoder) bounded(pointer string, low, high float64) (float64, bool) {
	var v float64
	switch c := d.peek(); {
	case d.null():
		return 0, false
	case c == '"':
		text := bytes.TrimSpace(d.str())
		if len(text) == 0 {
			return 0, false
		}
		quoted := scanner{data: text}
		if v = quoted.number(); quoted.err != nil || quoted.pos < len(text) {
			d.wrong(pointer, "wrong_type", fmt.Sprintf("%.40q is not a number such as 12.50.", text))
			return 0, false
		}
	case c == '-' || c >= '0' && c <= '9':
		v = d.number()
	default:
		d.skip(2)
		d.wrong(pointer, "wrong_type", "The value is not a number.")
		return 0, false
	}
	if d.err != nil {
		return 0, false
	}
	if !(v >= low && v <= high) {
		d.wrong(pointer, "out_of_range", fmt.Sprintf("The value is not between %g and %g.", low, high))
		return 0, false
	}
	return v, true
}

// whole refuses a number with a fraction.
func (d *decoder) whole(pointer string, v float64) bool {
	if v != math.Trunc(v) {
		d.wrong(pointer, "not_whole", "The value is not a whole number.")
		return false
	}
	return true
}

// lines reads the items of an event. Lines beyond maxLines are passed over, and the event is
// refused: some of an order would pass for all of it.
func (d *decoder) lines() {
	if d.null() {
		return
	}
	if d.peek() != '[' {
		d.skip(2)
		d.wrong("/items", "wrong_type", "items is a list of objects with an item_id each.")
		return
	}
	d.event.Lines = nil
	n := 0
	d.pos++
	for first := true; d.next(']', first); first = false {
		if n++; n > maxLines {
			d.skip(3)
			continue
		}
		d.line("/items/" + strconv.Itoa(n-1))
	}
	if n > maxLines {
		d.wrong("/items", "too_many", fmt.Sprintf("An event has at most %d items.", maxLines))
	}
}

// line reads one line. A line without an item is left out with a warning; if none is left, the event is refused.
// Prices and recommendations that cannot be read cost only themselves; an item id or a quantity
// costs the line, since it would count for another item or another number.
func (d *decoder) line(pointer string) {
	if d.peek() != '{' {
		d.skip(3)
		d.badLine(pointer, "wrong_type", "A line is an object with an item_id.")
		return
	}
	l := Line{Quantity: 1}
	before := len(d.errors)
	d.pos++
	for first := true; d.next('}', first); first = false {
		name := d.key()
		switch string(name) {
		case "item_id":
			l.ItemID = d.id(pointer + "/item_id")
		case "quantity":
			l.Quantity = d.quantity(pointer + "/quantity")
		case "price":
			d.optional(func() { l.Price, l.HasPrice = d.bounded(pointer+"/price", 0, maxValue) })
		case "recommendation_id":
			d.optional(func() { l.RecommendationID = d.id(pointer + "/recommendation_id") })
		default:
			if !describesItem(string(name)) {
				d.unknownOfLine(pointer, string(name))
			}
			d.skip(3)
		}
	}
	switch {
	case d.err != nil:
	case len(d.errors) > before: // an item id or a quantity that cannot be what is meant
		bad := d.errors[before]
		d.errors = d.errors[:before]
		d.badLine(bad.Pointer[len(d.pointer):], bad.Code, bad.Detail)
	case l.ItemID == "":
		d.badLine(pointer+"/item_id", "required", "A line needs an item_id.")
	default:
		d.event.Lines = append(d.event.Lines, l)
	}
}

// quantity reads how many; 1 when it cannot be read, which is said. Fewer than none is no quantity: it is a refund.
func (d *decoder) quantity(pointer string) float64 {
	q := 1.0
	d.optional(func() {
		if v, ok := d.bounded(pointer, -maxQuantity, maxQuantity); ok {
			q = v
		}
	})
	if q < 0 {
		d.wrong(pointer, "out_of_range", "A quantity is not below 0. Send what came back as an event of type refund.")
	}
	return q
}

// badLine leaves a line out and says why.
func (d *decoder) badLine(pointer, code, detail string) {
	d.badLines++
	d.warn(pointer, code, detail+" The line is left out.")
}

// finish checks what only the whole event shows, and fills in defaults: a line of item_id
// alone, the time of receipt, the rating as the value. Errors here name what is missing, and
// which member was probably meant for it.
func (d *decoder) finish() {
	e := d.event
	if len(e.Lines) == 0 && d.itemID != "" {
		e.Lines = []Line{{ItemID: d.itemID, Quantity: 1}}
	}
	if !d.timed {
		e.OccurredMs = d.bounds.Now.UnixMilli()
	}
	e.Timed, e.FromPage = d.timed, d.bounds.FromPage
	if e.FromPage && e.Type == TypeRefund {
		d.wrong("/type", "not_allowed", "A page cannot give money back: send refunds from a server, with a secret key.")
	}
	if len(d.unknown) > 0 {
		d.nameUnknown()
	}
	if e.Type == "" && len(d.errors) == 0 {
		d.wrong("/type", "required", "An event needs a type such as \"view_item\"."+d.mend("type"))
	}
	if e.UserID == "" && e.SessionID == "" && !e.Withheld {
		d.required("/user_id", "An event needs a user_id or a session_id."+d.mend("user_id", "session_id"))
	}
	if len(e.Lines) == 0 && e.Type != "" && needsItem(d.rules.weights, e) {
		d.required("/item_id", "An event of type "+e.Type+" needs an item_id or items."+d.mend("item_id", "items"))
	}
	if e.Type == TypeRefund && len(e.Lines) == 0 && e.OrderID != "" && e.Value != nil {
		d.warn(
			"/value", "whole_order", "The refund names no items, so that all of its order counts as given back, whatever the value. "+
				"Name what came back in items; of money alone, for which nothing came back, send no refund.",
		)
	}
	d.finishRating()
	e.Rest = d.restObject()
	if e.Type == TypePurchase {
		if e.OrderID == "" && len(d.errors) == 0 && !e.Withheld && !d.bounds.FromFile {
			d.warn(
				"/order_id", "no_order_id", "The purchase has no order_id: without an event_id it counts again when it is sent again, "+
					"and no refund can name it. Send the shop's number of the order.",
			)
		}
		for n := range e.Lines {
			if l := &e.Lines[n]; l.HasPrice && l.Price == 0 {
				d.warn("/items/"+strconv.Itoa(n)+"/price", "price_zero", "The price is 0. Leave it out when it is not known.")
			}
		}
	}
}

// finishRating takes the rating of an event for its value, and wants what a rating or a review cannot do without.
// Either field will do; of other types value is what was paid, which has no such bounds.
func (d *decoder) finishRating() {
	e := d.event
	rated := e.Type == TypeRate || e.Type == TypeReview
	switch {
	case d.rating == nil:
	case !rated && e.Type != "":
		d.warn("/rating", codeUnknownField, "Only events of type review and rate have a rating. It is left out.")
	case e.Value == nil:
		e.Value = d.rating
	}
	if d.rest[restText] != nil && e.Type != TypeReview && e.Type != "" {
		d.rest[restText] = nil
		d.warn("/text", codeUnknownField, "Only events of type review have a text. It is left out; put what is to be kept into properties.")
	}
	outside, at := e.Value != nil && (*e.Value < lowestRating || *e.Value > highestRating), "/value"
	if e.Type == TypeReview && (d.rating != nil || e.Value == nil) {
		at = "/rating"
	}
	switch {
	case e.Type == TypeRate && (e.Value == nil || outside):
		d.wrong("/value", "invalid_rating", "A rate event needs its rating, 1 to 5, in value.")
	case e.Type == TypeReview && outside:
		d.wrong(at, "invalid_rating", "The rating of a review is 1 to 5.")
	case e.Type == TypeReview && e.Value == nil && d.rest[restText] == nil:
		d.wrong(at, "invalid_rating", "A review needs a rating, 1 to 5, or a text.")
	}
}

// required notes an absent field, unless what stands there is wrong already. Lines that were left out are what is wrong with an event
// without any.
func (d *decoder) required(pointer, detail string) {
	for _, e := range d.errors {
		if e.Pointer == d.pointer+pointer || pointer == "/user_id" && e.Pointer == d.pointer+"/session_id" || pointer == "/item_id" &&
			e.Pointer == d.pointer+"/items" {
			return
		}
	}
	if pointer == "/item_id" && d.badLines > 0 {
		kept := d.warnings[:0]
		for _, w := range d.warnings {
			if text, bad := strings.CutSuffix(w.Detail, " The line is left out."); bad {
				w.Detail = text
				d.errors = append(d.errors, w)
			} else {
				kept = append(kept, w)
			}
		}
		d.warnings = kept
		return
	}
	d.wrong(pointer, "required", detail)
}
