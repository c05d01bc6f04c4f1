package foreign

import "fmt"

// isCall reports whether an object is a call of Segment's or RudderStack's libraries.
func isCall(in map[string]any) bool {
	switch in["type"] {
	case "track", "page", "screen", "identify", "group", "alias":
		return in["event"] != nil || in["messageId"] != nil || in["anonymousId"] != nil || in["userId"] != nil || in["properties"] != nil
	}
	return false
}

// call translates a track or page call. Who: userId, anonymousId as the session. When: timestamp, or RudderStack's originalTimestamp.
func (b *builder) call() {
	switch b.in["type"] {
	case "track":
		b.take("type", b.in, "", "event")
	case "page", "screen":
		b.out["type"] = "page_view"
	default:
		b.pointer = "/type"
		b.problem = fmt.Sprintf(
			"A call of type %q tells of a person, not of an event: use PUT /v1/users/{id}, or POST /v1/users/{id}/merge for alias.",
			b.in["type"],
		)
		return
	}
	b.take("event_id", b.in, "", "messageId")
	b.take("user_id", b.in, "", "userId", "user_id")
	b.take("session_id", b.in, "", "anonymousId", "session_id")
	b.take("occurred_at", b.in, "", "timestamp", "originalTimestamp")
	b.take("consent", b.in, "", "consent")
	p := object(b.in, "properties")
	b.take("order_id", p, "/properties", "order_id", "checkout_id")
	b.take("currency", p, "/properties", "currency")
	b.take("recommendation_id", p, "/properties", "recommendation_id")
	b.take("position", p, "/properties", "recommendation_position")
	if b.out["type"] == "Product Reviewed" {
		b.take("value", p, "/properties", "rating")
	}
	b.take("value", p, "/properties", "revenue", "value", "total")
	b.take("page", p, "/properties", "url")
	switch {
	case p["products"] != nil:
		b.lines(p["products"], "/properties/products")
		delete(p, "products")
	case !absent(p["product_id"]) || !absent(p["sku"]):
		b.lines([]any{p}, "")
		b.single("/properties")
	}
	b.rest(p)
}

// single says that the only line was not in a list but at a pointer.
func (b *builder) single(at string) {
	for place, origin := range b.origins {
		if len(origin) >= 2 && origin[:2] == "/0" {
			b.origins[place] = at + origin[2:]
		}
	}
}
