package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// The fields that are kept as they came, in the order in which they are stored.
const (
	restChannel = iota // first: Channel looks for it there
	restRecommendationID
	restPosition
	restCurrency
	restPage
	restConsent
	restText
	restProperties
	restFields
)

// restNames are the names of these fields, by their constants.
var restNames = [restFields]string{"channel", "recommendation_id", "position", "currency", "page", "consent", "text", "properties"}

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
	case "rating":
		d.optional(func() {
			if v, ok := d.bounded("/rating", -maxValue, maxValue); ok {
				d.rating = &v
			}
		})
	case "text":
		d.keep(restText, func() bool { return strings.TrimSpace(d.text("/text", maxReview)) != "" })
	case "properties":
		d.keep(restProperties, d.properties)
	default:
		d.unknown = append(d.unknown, string(name))
		d.foreign = d.foreign || foreignMark(name)
		d.skip(2)
	}
}

// keep stores the text of an optional value that read accepts, as it stands in the body: what
// is not looked into is given back byte by byte.
func (d *decoder) keep(slot int, read func() bool) {
	d.optional(func() {
		d.peek()
		start := d.pos
		if read() {
			d.rest[slot] = d.data[start:d.pos]
		}
	})
}

// channel reads one of the channels. It is written anew, since Channel looks for its bytes.
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

// Channel returns where an event came from, of its Rest; "" when it did not say. It looks at
// the first bytes only: where channels are left out of learning, every event passes through
// here.
func Channel(rest []byte) string {
	after, ok := bytes.CutPrefix(rest, []byte(`{"channel":"`))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(after, []byte{'"'})
	return string(name)
}

// currency reads an ISO 4217 code, in capitals or not.
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

// consentAnswer reads the answer to a question of consent, as JSON; nil is no answer. "granted"
// and "denied" are the words of Google's consent mode.
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

// properties passes over an object and reports whether it can be kept: a number that no float64
// holds or a NUL character would fail whoever reads it back.
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
		d.wrong("/properties", "out_of_range",
			"A number in properties is beyond ±1.8e308, which no reader takes. Put it in double quotes.")
	case d.nul:
		d.wrong("/properties", "nul_character", "A text in properties "+holdsNUL)
	case len(text) > maxRest:
		d.wrong("/properties", "too_long", fmt.Sprintf("properties has more than %d bytes.", maxRest))
	default:
		return true
	}
	return false
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
