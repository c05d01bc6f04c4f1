package foreign

import (
	"encoding/json"
	"strconv"
)

// measurement translates an event of GA4's Measurement Protocol: name and params, with client, user and time around it. The client is the
// session: it stays when params.session_id changes.
func (b *builder) measurement(around Wrapper) {
	b.take("type", b.in, "", "name")
	outer := map[string]any{}
	for name, raw := range around {
		var v any
		if json.Unmarshal(raw, &v) == nil { // it was read as JSON before
			outer[name] = v
			if text := string(raw); text != "" && text[0] != '"' && text[0] != '{' {
				outer[name] = json.RawMessage(raw) // numbers as they are written
			}
		}
	}
	b.take("occurred_at", b.in, "", "timestamp_micros")
	p := object(b.in, "params")
	b.ecommerce(p, "/params")
	b.take("user_id", p, "/params", "user_id")
	b.take("user_id", outer, "", "user_id")
	b.take("session_id", outer, "", "client_id", "app_instance_id")
	b.take("session_id", p, "/params", "session_id", "ga_session_id")
	b.take("occurred_at", outer, "", "timestamp_micros")
	delete(p, "session_id")
	delete(p, "engagement_time_msec")
	b.rest(p)
}

// dataLayer translates an object pushed to GA4's data layer, with its fields in ecommerce or beside the event's name.
func (b *builder) dataLayer() {
	b.take("type", b.in, "", "event")
	for _, name := range [...]string{
		"event_id", "user_id", "session_id", "item_id", "occurred_at", "recommendation_id", "position", "consent", "properties",
	} {
		b.take(name, b.in, "", name)
	}
	b.take("user_id", b.in, "", "userId")
	b.take("session_id", b.in, "", "client_id", "clientId", "user_pseudo_id", "ga_session_id", "sessionId")
	b.take("occurred_at", b.in, "", "timestamp", "timestamp_micros", "event_timestamp")
	b.take("page", b.in, "", "page", "page_location", "pageUrl")
	if e := object(b.in, "ecommerce"); len(e) > 0 {
		b.ecommerce(e, "/ecommerce")
		b.universal(e)
	}
	delete(b.in, "ecommerce")
	b.ecommerce(b.in, "")
	for name := range b.in {
		if len(name) > 4 && name[:4] == "gtm." {
			delete(b.in, name) // what the tag manager numbers for itself
		}
	}
	if b.out["properties"] == nil {
		b.rest(b.in)
	}
}

// ecommerce translates GA4's parameters of an e-commerce event.
func (b *builder) ecommerce(p map[string]any, at string) {
	b.take("order_id", p, at, "transaction_id", "order_id")
	b.take("currency", p, at, "currency")
	b.take("value", p, at, "value")
	if items := p["items"]; items != nil && b.out["items"] == nil {
		b.lines(items, at+"/items")
		delete(p, "items")
	}
}

// universal translates the enhanced e-commerce of Universal Analytics, whose data layers are still about: the action is the name of an
// object.
func (b *builder) universal(e map[string]any) {
	actions := [...]struct{ name, eventType string }{
		{"detail", "view_item"}, {"click", "select_item"}, {"add", "add_to_cart"}, {"remove", "remove_from_cart"},
		{"checkout", "begin_checkout"},
		{"purchase", "purchase"}, {"refund", "refund"},
	}
	b.take("currency", e, "/ecommerce", "currencyCode")
	for _, action := range actions {
		inner := object(e, action.name)
		if len(inner) == 0 {
			continue
		}
		at := "/ecommerce/" + action.name
		b.out["type"], b.origins["/type"] = action.eventType, at
		field := object(inner, "actionField")
		b.take("order_id", field, at+"/actionField", "id")
		b.take("value", field, at+"/actionField", "revenue")
		if inner["products"] != nil {
			b.lines(inner["products"], at+"/products")
		}
		return
	}
}

// bigQuery translates a row of GA4's export to BigQuery. The client is the session, as in the Measurement Protocol. What GA4 knows of the
// device, the place and the campaign is left out.
func (b *builder) bigQuery() {
	b.take("type", b.in, "", "event_name")
	b.take("occurred_at", b.in, "", "event_timestamp")
	b.take("user_id", b.in, "", "user_id")
	b.take("session_id", b.in, "", "user_pseudo_id")
	e := object(b.in, "ecommerce")
	if e["transaction_id"] == "(not set)" { // which every event without an order has
		delete(e, "transaction_id")
	}
	b.take("value", e, "/ecommerce", "purchase_revenue")
	b.ecommerce(e, "/ecommerce")
	if items, _ := b.in["items"].([]any); len(items) > 0 {
		b.lines(items, "/items")
	}
	p, at := parameters(b.in["event_params"])
	for _, taken := range []struct{ field, name string }{
		{"order_id", "transaction_id"}, {"currency", "currency"}, {"value", "value"}, {"page", "page_location"},
	} {
		if b.out[taken.field] == nil && !absent(p[taken.name]) {
			b.out[taken.field], b.origins["/"+taken.field] = p[taken.name], at[taken.name]
		}
	}
}

// parameters returns the event_params of a row by name, and where each value stands.
func parameters(list any) (values map[string]any, at map[string]string) {
	values, at = map[string]any{}, map[string]string{}
	rows, _ := list.([]any)
	for n, row := range rows {
		fields, _ := row.(map[string]any)
		name, _ := fields["key"].(string)
		value := object(fields, "value")
		for _, kind := range [...]string{"string_value", "int_value", "double_value", "float_value"} {
			if v := value[kind]; !absent(v) {
				values[name], at[name] = v, "/event_params/"+strconv.Itoa(n)+"/value/"+kind
			}
		}
	}
	return values, at
}
