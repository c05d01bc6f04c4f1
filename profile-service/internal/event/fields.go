package event

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/wire"
)

// The fields that are kept as they came, in the order in which they are stored.
const (
	restRecommendationID = iota
	restPosition
	restCurrency
	restPage
	restConsent
	restProperties
	restFields
)

var restNames = [restFields]string{"recommendation_id", "position", "currency", "page", "consent", "properties"}

// Limits of single fields.
const (
	maxID       = 256
	maxPage     = 2048
	maxValue    = 1e12
	maxQuantity = 1e6
	maxPosition = 10000
)

// field reads the value of one member of an event. Unknown members are passed over.
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
	case "order_id":
		e.OrderID = d.id("/order_id")
	case "value":
		if v, ok := d.bounded("/value", -maxValue, maxValue); ok {
			e.Value = &v
		}
	case "recommendation_id":
		d.keep(restRecommendationID, func() bool { return d.id("/recommendation_id") != "" })
	case "position":
		d.keep(restPosition, func() bool { v, ok := d.bounded("/position", 1, maxPosition); return ok && d.whole("/position", v) })
	case "currency":
		d.keep(restCurrency, d.currency)
	case "page":
		d.keep(restPage, func() bool { return d.text("/page", maxPage) != "" })
	case "consent":
		d.keep(restConsent, d.consent)
	case "properties":
		d.keep(restProperties, d.properties)
	default:
		d.skip(2)
	}
}

// keep stores the text of a value that read accepts.
func (d *decoder) keep(slot int, read func() bool) {
	d.peek()
	start := d.pos
	if read() {
		d.rest[slot] = d.data[start:d.pos]
	}
}

func (d *decoder) eventType() {
	if d.peek() != '"' {
		d.skip(2)
		d.wrong("/type", "wrong_type", "type is a string such as \"view_item\".")
		return
	}
	name := d.str()
	canonical, ok := d.rules.canonical[string(name)]
	if !ok && d.err == nil {
		d.wrong("/type", "unknown_type", fmt.Sprintf("%.64q is not a known type. Use view_item, add_to_cart, purchase or another of the documented names.", name))
	}
	d.event.Type = canonical
}

func (d *decoder) occurredAt() {
	var parsed time.Time
	switch c := d.peek(); {
	case d.null():
		return
	case c == '"':
		text := d.str()
		if t, err := time.Parse(time.RFC3339, string(text)); err == nil && t.Year() >= 1970 {
			parsed = t
		} else if t, err := wire.ParseTime(string(text)); err == nil {
			parsed = t.Time
		}
	case c == '-' || c >= '0' && c <= '9':
		if ms := d.number(); ms >= 0 && ms < 253402300800000 && ms == math.Trunc(ms) {
			parsed = time.UnixMilli(int64(ms))
		}
	default:
		d.skip(2)
	}
	d.times = 1
	switch {
	case d.err != nil:
	case parsed.IsZero():
		d.wrong("/occurred_at", "invalid_time", "occurred_at is neither RFC 3339 (2026-01-31T12:00:00Z) nor epoch milliseconds.")
	case parsed.After(d.window.Now.Add(d.rules.futureMax)):
		d.wrong("/occurred_at", "event_in_future", "occurred_at is more than 5 minutes ahead of the server's clock. Correct the sender's clock.")
	case parsed.Before(d.window.Earliest):
		d.wrong("/occurred_at", "event_too_old", "occurred_at is before the shop's retention, which begins at "+
			d.window.Earliest.UTC().Format(time.RFC3339)+". Leave such events out or raise the retention (aisle serve --retention-days, AISLE_PROFILE_RETENTION_DAYS).")
	default:
		d.event.OccurredMs = parsed.UnixMilli()
	}
}

// id reads an opaque id: 1 to 256 printable characters. null and "" count as absent.
func (d *decoder) id(pointer string) string {
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

// text reads a string of at most limit characters. null counts as "".
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
		d.wrong(pointer, "nul_character", "The value "+errNUL.Error()+".")
		return nil, false
	}
	return raw, d.err == nil
}

// bounded reads a number between low and high. null counts as absent.
func (d *decoder) bounded(pointer string, low, high float64) (float64, bool) {
	if d.null() {
		return 0, false
	}
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		d.skip(2)
		d.wrong(pointer, "wrong_type", "The value is not a number.")
		return 0, false
	}
	v := d.number()
	if d.err != nil {
		return 0, false
	}
	if !(v >= low && v <= high) {
		d.wrong(pointer, "out_of_range", fmt.Sprintf("The value is not between %g and %g.", low, high))
		return 0, false
	}
	return v, true
}

func (d *decoder) whole(pointer string, v float64) bool {
	if v != math.Trunc(v) {
		d.wrong(pointer, "not_whole", "The value is not a whole number.")
		return false
	}
	return true
}

func (d *decoder) currency() bool {
	raw, ok := d.stringValue("/currency")
	if !ok || len(raw) == 0 {
		return false
	}
	if len(raw) != 3 || bytes.ContainsFunc(raw, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		d.wrong("/currency", "invalid_currency", "currency is an ISO 4217 code such as \"GBP\".")
		return false
	}
	return true
}

// consent reads {"personalization": bool, "analytics": bool}.
func (d *decoder) consent() bool {
	if d.null() {
		return false
	}
	if d.peek() != '{' {
		d.skip(2)
		d.wrong("/consent", "wrong_type", "consent is an object with personalization and analytics.")
		return false
	}
	ok := true
	d.pos++
	for first := true; d.next('}', first); first = false {
		name := string(d.key())
		value := string(d.skip(2))
		known := name == "personalization" || name == "analytics"
		if known && value != "true" && value != "false" && value != "null" {
			d.wrong("/consent/"+name, "wrong_type", "The value is true or false.")
			ok = false
		}
		if name == "personalization" {
			d.event.Withheld = value == "false"
		}
	}
	return ok
}

// properties passes over an object and keeps its text.
func (d *decoder) properties() bool {
	if d.null() {
		return false
	}
	if d.peek() != '{' {
		d.skip(2)
		d.wrong("/properties", "wrong_type", "properties is an object.")
		return false
	}
	d.nul = false
	text := d.skip(2)
	switch {
	case d.nul:
		d.wrong("/properties", "nul_character", "A text in properties "+errNUL.Error()+".")
	case len(text) > maxRest:
		d.wrong("/properties", "too_long", fmt.Sprintf("properties has more than %d bytes.", maxRest))
	default:
		return true
	}
	return false
}

// lines reads the items of an event.
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
		if n++; n > MaxLines {
			d.skip(3)
			continue
		}
		d.line("/items/" + strconv.Itoa(n-1))
	}
	if n > MaxLines {
		d.wrong("/items", "too_many", fmt.Sprintf("An event has at most %d items.", MaxLines))
	}
}

func (d *decoder) line(pointer string) {
	if d.peek() != '{' {
		d.skip(3)
		d.wrong(pointer, "wrong_type", "A line is an object with an item_id.")
		return
	}
	l := Line{Quantity: 1}
	before := len(d.errors)
	d.pos++
	for first := true; d.next('}', first); first = false {
		switch string(d.key()) {
		case "item_id":
			l.ItemID = d.id(pointer + "/item_id")
		case "quantity":
			if v, ok := d.bounded(pointer+"/quantity", 0, maxQuantity); ok {
				l.Quantity = v
			}
		case "price":
			l.Price, l.HasPrice = d.bounded(pointer+"/price", 0, maxValue)
		case "recommendation_id":
			l.RecommendationID = d.id(pointer + "/recommendation_id")
		default:
			d.skip(3)
		}
	}
	if l.ItemID == "" && len(d.errors) == before && d.err == nil {
		d.wrong(pointer+"/item_id", "required", "A line needs an item_id.")
	}
	d.event.Lines = append(d.event.Lines, l)
}

// finish checks what only the whole event shows, and fills in defaults.
func (d *decoder) finish() {
	e := d.event
	if len(e.Lines) == 0 && d.itemID != "" {
		e.Lines = []Line{{ItemID: d.itemID, Quantity: 1}}
	}
	if d.times == 0 {
		e.OccurredMs = d.window.Now.UnixMilli()
	}
	e.Rest = d.restObject()
	if len(d.errors) > 0 {
		return
	}
	if e.Type == "" {
		d.wrong("/type", "required", "An event needs a type such as \"view_item\".")
	}
	if e.UserID == "" && e.SessionID == "" && !e.Withheld {
		d.wrong("/user_id", "required", "An event needs a user_id or a session_id.")
	}
	if len(e.Lines) == 0 && d.rules.weights.needsItem(e.Type) {
		d.wrong("/item_id", "required", "An event of type "+e.Type+" needs an item_id or items.")
	}
	if e.Type == TypeRate && (e.Value == nil || *e.Value < 1 || *e.Value > 5) {
		d.wrong("/value", "invalid_rating", "A rate event needs its rating, 1 to 5, in value.")
	}
}

// restObject joins the kept fields to one JSON object, nil when there are none.
func (d *decoder) restObject() []byte {
	size := 0
	for i, v := range d.rest {
		if v != nil {
			size += len(v) + len(restNames[i]) + 4
		}
	}
	if size == 0 {
		return nil
	}
	object := make([]byte, 0, size+2)
	for i, v := range d.rest {
		if v == nil {
			continue
		}
		separator := byte(',')
		if len(object) == 0 {
			separator = '{'
		}
		object = append(object, separator, '"')
		object = append(object, restNames[i]...)
		object = append(append(object, '"', ':'), v...)
	}
	return append(object, '}')
}
