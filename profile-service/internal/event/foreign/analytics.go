package foreign

import "strings"

// mixpanel translates an event as Mixpanel exports it. Who: distinct_id, which is a device until somebody logs in.
func (b *builder) mixpanel() {
	b.take("type", b.in, "", "event")
	p := object(b.in, "properties")
	b.take("event_id", p, "/properties", "$insert_id")
	b.take("session_id", p, "/properties", "$device_id")
	who := "user_id"
	if id, _ := p["distinct_id"].(string); strings.HasPrefix(id, "$device:") {
		who = "session_id"
	}
	b.take("user_id", p, "/properties", "$user_id")
	b.take(who, p, "/properties", "distinct_id")
	b.take("occurred_at", p, "/properties", "time")
	b.bought(p, "/properties")
}

// amplitude translates an event as Amplitude exports it. The device is the session: it stays when Amplitude's own session ends. Times are
// UTC, without saying so.
func (b *builder) amplitude() {
	b.take("type", b.in, "", "event_type")
	b.take("event_id", b.in, "", "$insert_id", "uuid", "insert_id")
	b.take("user_id", b.in, "", "user_id")
	b.take("session_id", b.in, "", "device_id")
	if text, _ := b.in["event_time"].(string); len(text) > len("2026-01-31 ") && text[10] == ' ' && !strings.ContainsAny(text[11:], "Z+-") {
		b.in["event_time"] = text[:10] + "T" + text[11:] + "Z"
	}
	b.take("occurred_at", b.in, "", "event_time", "time")
	b.bought(object(b.in, "event_properties"), "/event_properties")
}

// bought takes the order and the products of the properties of an event, which stand at a pointer. What an analytics library notes for
// itself, under names with a $ or mp_, is left out.
func (b *builder) bought(p map[string]any, at string) {
	b.take("order_id", p, at, "order_id", "transaction_id")
	b.take("currency", p, at, "currency")
	b.take("value", p, at, "revenue", "value", "total")
	b.take("page", p, at, "page", "url", "$current_url")
	list := "products"
	if p[list] == nil {
		list = "items"
	}
	switch {
	case p[list] != nil:
		b.lines(p[list], at+"/"+list)
		delete(p, list)
	case !absent(p["product_id"]) || !absent(p["sku"]) || !absent(p["item_id"]):
		b.lines([]any{p}, "")
		b.single(at)
	}
	for name := range p {
		if strings.HasPrefix(name, "$") || strings.HasPrefix(name, "mp_") {
			delete(p, name)
		}
	}
	b.rest(p)
}
