// Package foreign reads events in the forms that storefronts already send to others and says them in Aisle's own: Segment's and
// RudderStack's track and page calls, GA4's data layer (also its elder of Universal Analytics), GA4's Measurement Protocol and its rows
// in BigQuery, and what Mixpanel and Amplitude export. It translates names and places of fields and judges nothing: the translation is
// decoded and judged like any event. docs/profile-service.md has the table. The main type is Translation.
package foreign

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Translation is an event in Aisle's form.
type Translation struct {
	Event   []byte // JSON object
	Problem string // why there is no event in it; Event is nil then
	Pointer string // of what the problem is about
	origins map[string]string
}

// Origin returns where the value at a pointer of the translated event came from.
func (t *Translation) Origin(pointer string) string {
	rest := ""
	for at := pointer; at != ""; {
		if origin, ok := t.origins[at]; ok {
			return origin + rest
		}
		cut := strings.LastIndexByte(at, '/')
		at, rest = at[:cut], at[cut:]+rest
	}
	return pointer
}

// Wrapper holds what the object around a list of events says for all of them, such as client_id and timestamp_micros of the Measurement
// Protocol.
type Wrapper map[string]json.RawMessage

// Translate translates an event of another form; nil when it is of none that is known. raw is a JSON object.
func Translate(raw []byte, around Wrapper) *Translation {
	in, ok := parse(raw)
	if !ok {
		return nil
	}
	b := &builder{in: in, out: map[string]any{}, origins: map[string]string{}}
	switch {
	case isCall(in):
		b.call()
	case in["params"] != nil && in["name"] != nil || in["name"] != nil && around["client_id"] != nil:
		b.measurement(around)
	case in["event"] != nil && object(in, "properties")["distinct_id"] != nil:
		b.mixpanel()
	case in["event_type"] != nil && in["event_properties"] != nil:
		b.amplitude()
	case in["event"] != nil:
		b.dataLayer()
	case in["event_name"] != nil && in["event_timestamp"] != nil:
		b.bigQuery()
	default:
		return nil
	}
	t := &Translation{Problem: b.problem, Pointer: b.pointer, origins: b.origins}
	if t.Problem == "" {
		t.Event, _ = json.Marshal(b.out) // it was JSON before
	}
	return t
}

// parse reads an object and keeps numbers as they are written.
func parse(raw []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var in map[string]any
	return in, d.Decode(&in) == nil && in != nil
}

// builder puts an event together and remembers where each part came from.
type builder struct {
	in, out map[string]any
	origins map[string]string

	problem, pointer string
}

// absent reports whether a value says nothing: null, or an empty text as many libraries send for "none".
func absent(v any) bool { return v == nil || v == "" }

// take puts the first value that is there under a field. names are places in from, which stands at pointer at.
func (b *builder) take(field string, from map[string]any, at string, names ...string) {
	for _, name := range names {
		if v := from[name]; !absent(v) {
			if _, have := b.out[field]; !have {
				b.out[field] = v
				b.origins["/"+field] = at + "/" + name
			}
			delete(from, name)
			return
		}
	}
}

// lines translates a list of products. Fields of Aisle's own name hold; the others are looked for in the order given.
func (b *builder) lines(list any, at string) {
	products, ok := list.([]any)
	if !ok {
		b.out["items"], b.origins["/items"] = list, at
		return
	}
	items := make([]any, len(products))
	for n, product := range products {
		place, origin := "/items/"+strconv.Itoa(n), at+"/"+strconv.Itoa(n)
		b.origins[place] = origin
		fields, ok := product.(map[string]any)
		if !ok {
			items[n] = product
			continue
		}
		items[n] = b.line(fields, place, origin)
	}
	b.out["items"] = items
}

// line translates one product. What describes the product is left to the catalogue.
func (b *builder) line(fields map[string]any, place, origin string) map[string]any {
	line := map[string]any{}
	for _, names := range [...][]string{{"item_id", "product_id", "sku", "id"}, {"quantity"}, {"price"}, {"recommendation_id"}} {
		for _, name := range names {
			if v := fields[name]; !absent(v) {
				line[names[0]] = v
				b.origins[place+"/"+names[0]] = origin + "/" + name
				break
			}
		}
	}
	return line
}

// rest keeps what nobody took as properties.
func (b *builder) rest(left map[string]any) {
	if len(left) > 0 {
		b.out["properties"] = left
	}
}

// object returns an object inside another; never nil.
func object(in map[string]any, name string) map[string]any {
	v, _ := in[name].(map[string]any)
	if v == nil {
		return map[string]any{}
	}
	return v
}
