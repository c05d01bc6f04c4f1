package event

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/profile-service/internal/event/foreign"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Limits of a request and of one event.
const (
	MaxEvents = 1000     // per request
	maxLines  = 1000     // per event
	maxRest   = 64 << 10 // bytes of properties
)

// Rules judge events by the types that a shop's weights name. They are safe for concurrent use
// once built.
type Rules struct {
	weights   Weights
	canonical map[string]string // every accepted name of a type to its canonical name
	known     string            // the canonical names, for messages
}

// maxFuture is how far ahead of the server's clock an event may lie. Clocks of servers are
// seldom further off, and a sender whose clock is hears of it.
const maxFuture = 5 * time.Minute

// NewRules returns the rules for the types of weights.
func NewRules(weights Weights) *Rules {
	r := &Rules{weights: weights, canonical: canonicalTypes()}
	for name := range weights {
		r.canonical[name] = name
	}
	r.known = strings.Join(slices.Sorted(maps.Keys(weights)), ", ")
	return r
}

// Weights returns the weight table that the rules were built with.
func (r *Rules) Weights() Weights { return r.weights }

// Bounds are what a body keeps to.
type Bounds struct {
	Now      time.Time // events happened at most maxFuture after it
	Earliest time.Time // older events are past the retention
	Most     int       // events of the body; 0: MaxEvents
	// FromPage is set for what comes with a publishable key. Anybody can read the key, so what is told with it is not believed as a
	// server's word is; and the clock is a visitor's, who hears of nothing: what lies ahead has the time of receipt.
	FromPage bool
	// FromFile is set for the rows of a file, of which an import tells apart what is sent again, with an order_id or without.
	FromFile bool
}

// Judged is one event of a body: valid when Errors is empty. Warnings name what was not understood and left out.
type Judged struct {
	Pointer  string // of the event in its body: "" for a single one, "/3", "/events/3"
	Event    Event
	Errors   []profileapi.FieldError
	Warnings []profileapi.FieldError
}

// Body is a request body that could be read.
type Body struct {
	Events []Judged
	Single bool // the body was one event, not a list
}

// Decode reads a body: one event, an array of events, or an object with "events" (or "batch"), whose other members, such as the key of a
// beacon, are not looked at. Events may have the form of another system, see package foreign. The error is a *SyntaxError or a *SizeError;
// whatever is wrong with a single event is in its Judged. Cost O(len(data)); the result does not share memory with data.
func (r *Rules) Decode(data []byte, bounds Bounds) (Body, error) {
	if !utf8.Valid(data) {
		return Body{}, &SyntaxError{Detail: "the body is not valid UTF-8"}
	}
	d := decoder{scanner: scanner{data: data}, rules: r, bounds: bounds}
	var body Body
	switch d.peek() {
	case '[':
		body.Events = d.list("")
	case '{':
		body = d.object()
	default:
		d.fail("expected an event (an object) or a list of events")
	}
	if d.err == nil && d.peek() != 0 || d.err == nil && d.pos < len(data) {
		d.fail("unexpected text behind the end of the JSON value")
	}
	if d.err != nil {
		return Body{}, d.err
	}
	if d.tooMany {
		return Body{}, &SizeError{Detail: fmt.Sprintf("more than %d events in one request: send them in several", d.most())}
	}
	if len(body.Events) == 0 {
		return Body{}, &SizeError{Detail: "there is no event in the request"}
	}
	return body, nil
}

// most is how many events a body may hold.
func (d *decoder) most() int { return cmp.Or(d.bounds.Most, MaxEvents) }

// SizeError says that a request holds too many events or none.
type SizeError struct{ Detail string }

// Error implements error.
func (e *SizeError) Error() string { return e.Detail }

// decoder reads the events of one body. It is made for a body, and its buffers serve every
// event of it.
type decoder struct {
	scanner
	rules   *Rules
	bounds  Bounds
	tooMany bool            // there are more events than most; they were passed over
	around  foreign.Wrapper // members of the object around the events

	// of the event being read
	event      *Event
	errors     []profileapi.FieldError
	warnings   []profileapi.FieldError
	lenient    []profileapi.FieldError // of optional fields; see reportLenient
	pointer    string                  // of the event
	rest       [restFields][]byte
	itemID     string   // the member item_id, which becomes a line when there are no items
	timed      bool     // occurred_at was given
	rating     *float64 // the member rating; nil when not given
	unknown    []string // names of members that are no fields
	foreign    bool     // a member tells of another system's form
	badLines   int      // lines that were left out
	translated bool     // from another system's form already
}

// object reads an object that is an event or wraps a list of them. It goes over the members
// twice: the list may stand before what is said for all of its events, such as the client_id of
// a beacon.
func (d *decoder) object() Body {
	start := d.pos
	wrapped, list := false, ""
	around := foreign.Wrapper{}
	d.pos++
	for first := true; d.next('}', first); first = false {
		name := string(d.key())
		value := d.skip(1)
		if (name == "events" || name == "batch") && len(value) > 0 && (value[0] == '[' || name == "events") {
			wrapped, list = true, name
		} else {
			around[name] = value
		}
	}
	if d.err != nil {
		return Body{}
	}
	d.pos = start
	if !wrapped {
		return Body{Single: true, Events: []Judged{d.one("")}}
	}
	d.around = around
	return d.wrapper(list)
}

// wrapper reads the events under the name of list, and passes over the other members, which
// object has noted.
func (d *decoder) wrapper(list string) Body {
	var body Body
	d.pos++
	for first := true; d.next('}', first); first = false {
		if string(d.key()) != list {
			d.skip(1)
			continue
		}
		if d.peek() != '[' {
			d.fail("\"events\" is not a list")
			return body
		}
		body.Events = d.list("/" + list)
	}
	return body
}

// list reads events one by one, each with its pointer below prefix. What is beyond the limit is
// only passed over: the body is refused as a whole.
func (d *decoder) list(prefix string) []Judged {
	var events []Judged
	d.pos++
	for first := true; d.next(']', first); first = false {
		if len(events) == d.most() {
			d.tooMany = true
			d.skip(1)
			continue
		}
		pointer := prefix + "/" + strconv.Itoa(len(events))
		judged := d.one(pointer)
		judged.Pointer = pointer
		events = append(events, judged)
	}
	return events
}

// one reads and judges one event. A member that tells of another system's form has the event
// translated, once, and judged again. An error of syntax ends the body, not the event.
func (d *decoder) one(pointer string) Judged {
	var judged Judged
	d.event, d.errors, d.warnings, d.pointer, d.itemID, d.timed = &judged.Event, nil, nil, pointer, "", false
	d.unknown, d.foreign, d.badLines, d.lenient, d.rating = d.unknown[:0], false, 0, d.lenient[:0], nil
	clear(d.rest[:])
	if d.peek() != '{' {
		d.skip(1)
		d.wrong("", "wrong_type", "An event is a JSON object.")
		return Judged{Errors: d.errors}
	}
	start := d.pos
	d.pos++
	for first := true; d.next('}', first); first = false {
		d.field(d.key())
	}
	if d.err != nil {
		return judged
	}
	if d.foreign && !d.translated {
		if t := foreign.Translate(d.data[start:d.pos], d.around); t != nil {
			return d.rules.translated(t, pointer, d.bounds)
		}
	}
	d.finish()
	d.reportLenient()
	judged.Errors, judged.Warnings = d.errors, d.warnings
	return judged
}

// translated judges an event that had another form. Pointers name the fields as they were sent.
func (r *Rules) translated(t *foreign.Translation, pointer string, bounds Bounds) Judged {
	if t.Problem != "" {
		return Judged{Errors: []profileapi.FieldError{{Pointer: pointer + t.Pointer, Code: "no_event", Detail: t.Problem}}}
	}
	d := decoder{scanner: scanner{data: t.Event}, rules: r, bounds: bounds, translated: true}
	judged := d.one("")
	if d.err != nil { // too deep for a body is too deep for an event
		judged.Errors = []profileapi.FieldError{{Code: "invalid_json", Detail: d.err.Detail}}
	}
	for _, list := range [...][]profileapi.FieldError{judged.Errors, judged.Warnings} {
		for n := range list {
			list[n].Pointer = pointer + t.Origin(list[n].Pointer)
		}
	}
	return judged
}

// wrong notes a bad field. Its pointer is relative to the event.
func (d *decoder) wrong(pointer, code, detail string) {
	d.errors = append(d.errors, profileapi.FieldError{Pointer: d.pointer + pointer, Code: code, Detail: detail})
}

// warn notes what is left out of an event that is accepted without it. Its pointer is relative to the event.
func (d *decoder) warn(pointer, code, detail string) {
	d.warnings = append(d.warnings, profileapi.FieldError{Pointer: d.pointer + pointer, Code: code, Detail: detail})
}

// optional reads a field that an event can do without: what is wrong with it is a warning, and the field is left out.
// A page whose price is "on request" still wants its view counted.
func (d *decoder) optional(read func()) {
	before := len(d.errors)
	read()
	d.lenient = append(d.lenient, d.errors[before:]...)
	d.errors = d.errors[:before]
}

// reportLenient makes warnings of what optional fields lack, or errors too when the event is refused anyway: whoever mends it mends all.
func (d *decoder) reportLenient() {
	if len(d.errors) > 0 {
		d.errors = append(d.errors, d.lenient...)
		return
	}
	for _, e := range d.lenient {
		e.Detail += " The event is kept without it."
		d.warnings = append(d.warnings, e)
	}
}
