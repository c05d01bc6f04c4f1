package event

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// Limits of a request and of one event.
const (
	MaxEvents = 1000 // per request
	MaxLines  = 1000 // per event
	maxRest   = 64 << 10
)

// Rules judge events. They are safe for concurrent use once built.
type Rules struct {
	weights   Weights
	canonical map[string]string // every accepted name of a type to its canonical name
	futureMax time.Duration
}

// MaxFuture is how far ahead of the server's clock an event may lie.
const MaxFuture = 5 * time.Minute

// NewRules returns the rules for the types of weights.
func NewRules(weights Weights) *Rules {
	r := &Rules{weights: weights, canonical: map[string]string{}, futureMax: MaxFuture}
	for alias, name := range canonicalTypes() {
		r.canonical[alias] = name
	}
	for name := range weights {
		r.canonical[name] = name
	}
	return r
}

// Weights returns the weight table that the rules were built with.
func (r *Rules) Weights() Weights { return r.weights }

// Window is when acceptable events happened.
type Window struct {
	Now      time.Time
	Earliest time.Time // older events are past the retention
}

// Judged is one event of a body: valid when Errors is empty.
type Judged struct {
	Event  Event
	Errors []profileapi.FieldError
}

// Body is a request body that could be read.
type Body struct {
	Key    string // of a beacon: the publishable key
	Events []Judged
	Single bool // the body was one event, not a list
}

// Decode reads a body: one event, an array of events, or an object with "events" and, for beacons, "key". The error is a *SyntaxError or a
// *SizeError; whatever is wrong with a single event is in its Judged. Cost O(len(data)); the result does not share memory with data.
func (r *Rules) Decode(data []byte, w Window) (Body, error) {
	if !utf8.Valid(data) {
		return Body{}, &SyntaxError{Detail: "the body is not valid UTF-8"}
	}
	d := decoder{scanner: scanner{data: data}, rules: r, window: w}
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
		return Body{}, &SizeError{Detail: fmt.Sprintf("more than %d events in one request: send them in several", MaxEvents)}
	}
	if len(body.Events) == 0 {
		return Body{}, &SizeError{Detail: "there is no event in the request"}
	}
	return body, nil
}

// SizeError says that a request holds too many events or none.
type SizeError struct{ Detail string }

// Error implements error.
func (e *SizeError) Error() string { return e.Detail }

// decoder reads the events of one body.
type decoder struct {
	scanner
	rules   *Rules
	window  Window
	tooMany bool

	// of the event being read
	event   *Event
	errors  []profileapi.FieldError
	pointer string // of the event
	rest    [restFields][]byte
	itemID  string
	times   int // 1 when occurred_at was given
}

// object reads an object that is an event or wraps a list of them.
func (d *decoder) object() Body {
	start := d.pos
	wrapped := false
	d.pos++
	for first := true; d.next('}', first); first = false {
		if string(d.key()) == "events" {
			wrapped = true
		}
		d.skip(1)
	}
	if d.err != nil {
		return Body{}
	}
	d.pos = start
	if !wrapped {
		return Body{Single: true, Events: []Judged{d.one("")}}
	}
	return d.wrapper()
}

func (d *decoder) wrapper() Body {
	var body Body
	d.pos++
	for first := true; d.next('}', first); first = false {
		switch string(d.key()) {
		case "events":
			if d.peek() != '[' {
				d.fail("\"events\" is not a list")
				return body
			}
			body.Events = d.list("/events")
		case "key":
			if d.peek() == '"' {
				body.Key = string(d.str())
			} else {
				d.skip(1)
			}
		default:
			d.skip(1)
		}
	}
	return body
}

func (d *decoder) list(prefix string) []Judged {
	var events []Judged
	d.pos++
	for first := true; d.next(']', first); first = false {
		if len(events) == MaxEvents {
			d.tooMany = true
			d.skip(1)
			continue
		}
		events = append(events, d.one(prefix+"/"+strconv.Itoa(len(events))))
	}
	return events
}

// one reads and judges one event.
func (d *decoder) one(pointer string) Judged {
	var judged Judged
	d.event, d.errors, d.pointer, d.itemID, d.times = &judged.Event, nil, pointer, "", 0
	clear(d.rest[:])
	if d.peek() != '{' {
		d.skip(1)
		d.wrong("", "wrong_type", "An event is a JSON object.")
		return Judged{Errors: d.errors}
	}
	d.pos++
	for first := true; d.next('}', first); first = false {
		d.field(d.key())
	}
	if d.err == nil {
		d.finish()
	}
	judged.Errors = d.errors
	return judged
}

// wrong notes a bad field. Its pointer is relative to the event.
func (d *decoder) wrong(pointer, code, detail string) {
	d.errors = append(d.errors, profileapi.FieldError{Pointer: d.pointer + pointer, Code: code, Detail: detail})
}
