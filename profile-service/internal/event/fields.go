package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// The fields that are kept as they came, in the order in which they are stored.
const (
	restChannel = iota // first: Channel looks for it there
	restRecommendationID
	restPosition
	restCurrency
	restPage
	restConsent
	restProperties
	restFields
)

var restNames = [restFields]string{"channel", "recommendation_id", "position", "currency", "page", "consent", "properties"}

// Limits of single fields.
const (
	maxID       = 256
	maxPage     = 2048
	maxValue    = 1e12
	maxQuantity = 1e6
	maxPosition = 10000
)

// field reads the value of one member of an event.
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

// lesserField reads a field that is kept as it came; a member that is no field is noted.
func (d *decoder) lesserField(name []byte) {
	switch string(name) {
	case "recommendation_id":
		d.keep(restRecommendationID, func() bool { return d.id("/recommendation_id") != "" })
	case "position":
		d.keep(restPosition, func() bool { v, ok := d.bounded("/position", 1, maxPosition); return ok && d.whole("/position", v) })
	case "currency":
		d.currency()
	case "channel":
		d.channel()
	case "page":
		d.keep(restPage, func() bool { return d.text("/page", maxPage) != "" })
	case "consent":
		d.keepConsent()
	case "properties":
		d.keep(restProperties, d.properties)
	default:
		d.unknown = append(d.unknown, string(name))
		d.foreign = d.foreign || foreignMark(name)
		d.skip(2)
	}
}

// keep stores the text of an optional value that read accepts.
func (d *decoder) keep(slot int, read func() bool) {
	d.optional(func() {
		d.peek()
		start := d.pos
		if read() {
			d.rest[slot] = d.data[start:d.pos]
		}
	})
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
		d.foreign = d.foreign || isCallType(name)
		d.wrong(
			"/type", "unknown_type",
			fmt.Sprintf("%.64q is not a known type.%s Known are %s.", name, d.rules.meant(string(name)), d.rules.known),
		)
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
	d.times = 1
	switch {
	case d.err != nil:
	case parsed.IsZero():
		d.wrong(
			"/occurred_at", "invalid_time",
			"occurred_at is neither RFC 3339 (2026-01-31T12:00:00Z) nor a date nor an epoch in seconds, milliseconds or microseconds.",
		)
	case parsed.After(d.window.Now.Add(d.rules.futureMax)):
		d.wrong(
			"/occurred_at", "event_in_future",
			"occurred_at is more than 5 minutes ahead of the server's clock. Correct the sender's clock.",
		)
	case parsed.Before(d.window.Earliest):
		d.wrong("/occurred_at", "event_too_old", "occurred_at is before the shop's retention, which begins at "+
			d.window.Earliest.UTC().Format(time.RFC3339)+
			". Leave such events out or raise the retention (aisle serve --retention-days, AISLE_PROFILE_RETENTION_DAYS).")
	default:
		d.event.OccurredMs = parsed.UnixMilli()
	}
}

// id reads an opaque id: 1 to 256 printable characters, or a whole number, whose digits it is. null and "" count as absent.
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

func (d *decoder) numericID(pointer string) string {
	raw := d.numberText()
	if d.err == nil && (len(raw) > maxID || bytes.ContainsAny(raw, ".eE")) {
		d.wrong(pointer, "wrong_type", "An id is a string or a whole number. Put it in double quotes.")
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

// bounded reads a number between low and high, which may stand in quotes. null and "" count as absent.
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

func (d *decoder) whole(pointer string, v float64) bool {
	if v != math.Trunc(v) {
		d.wrong(pointer, "not_whole", "The value is not a whole number.")
		return false
	}
	return true
}

// currency reads an ISO 4217 code, in capitals or not.
func (d *decoder) channel() {
	d.optional(func() {
		raw, ok := d.stringValue("/channel")
		if !ok || len(raw) == 0 {
			return
		}
		if !profileapi.ValidChannel(string(raw)) {
			d.wrong("/channel", "invalid_channel", fmt.Sprintf("%.64q is not one of %s.", raw, strings.Join(profileapi.Channels(), ", ")))
			return
		}
		d.rest[restChannel] = fmt.Appendf(nil, "%q", raw)
	})
}

// Channel returns where an event came from, of its Rest; "" when it did not say.
func Channel(rest []byte) string {
	after, ok := bytes.CutPrefix(rest, []byte(`{"channel":"`))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(after, []byte{'"'})
	return string(name)
}

func (d *decoder) currency() {
	d.optional(func() {
		raw, ok := d.stringValue("/currency")
		if !ok || len(raw) == 0 {
			return
		}
		code := bytes.ToUpper(raw)
		if len(code) != 3 || bytes.ContainsFunc(code, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			d.wrong("/currency", "invalid_currency", "currency is an ISO 4217 code such as \"GBP\".")
			return
		}
		d.rest[restCurrency] = fmt.Appendf(nil, "%q", code)
	})
}

// keepConsent keeps {"personalization": bool, "analytics": bool}. What cannot be understood counts as refused: the event is stored without
// its person.
func (d *decoder) keepConsent() {
	if d.null() {
		return
	}
	agreed := map[string]bool{}
	understood := d.peek() == '{'
	if !understood {
		d.skip(2)
	} else {
		d.pos++
		for first := true; d.next('}', first); first = false {
			name := string(d.key())
			answer, ok := consentAnswer(string(d.skip(2)))
			if name == "personalization" || name == "analytics" {
				understood = understood && ok
				if ok && answer != nil {
					agreed[name] = *answer
				}
			}
		}
	}
	if !understood {
		d.warn(
			"/consent", "unclear_consent",
			"consent is an object with personalization and analytics, each true or false. The event is kept without its person.",
		)
		agreed["personalization"] = false
	}
	personal, answered := agreed["personalization"]
	d.event.Withheld = answered && !personal
	d.rest[restConsent], _ = json.Marshal(agreed) // booleans always marshal
}

// consentAnswer reads the answer to a question of consent, as JSON; nil is no answer.
func consentAnswer(text string) (answer *bool, ok bool) {
	yes, no := true, false
	switch text {
	case "true", "1", `"true"`, `"granted"`, `"GRANTED"`:
		return &yes, true
	case "false", "0", `"false"`, `"denied"`, `"DENIED"`:
		return &no, true
	case "null", `""`:
		return nil, true
	}
	return nil, false
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
	d.nul, d.huge = false, false
	text := d.skip(2)
	switch {
	case d.huge:
		d.wrong("/properties", "out_of_range", "A number in properties is beyond ±1.8e308, which no reader takes. Put it in double quotes.")
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

// line reads one line. A line without an item is left out with a warning; if none is left, the event is refused.
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

func (d *decoder) badLine(pointer, code, detail string) {
	d.badLines++
	d.warn(pointer, code, detail+" The line is left out.")
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
	e.Timed = d.times > 0
	e.Rest = d.restObject()
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
	if e.Type == TypeRate && (e.Value == nil || *e.Value < 1 || *e.Value > 5) {
		d.wrong("/value", "invalid_rating", "A rate event needs its rating, 1 to 5, in value.")
	}
	if e.Type == TypePurchase {
		for n := range e.Lines {
			if l := &e.Lines[n]; l.HasPrice && l.Price == 0 {
				d.warn("/items/"+strconv.Itoa(n)+"/price", "price_zero", "The price is 0. Leave it out when it is not known.")
			}
		}
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
