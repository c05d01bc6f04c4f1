package rows

import (
	"bytes"
	"encoding/json"

	"github.com/aisle-rec/aisle/shared/table"
)

// visit is a visit as Matomo's Live API gives it, with all that was done in it.
type visit struct {
	UserID    any    `json:"userId"`
	VisitorID string `json:"visitorId"`
	Actions   []struct {
		Type      string      `json:"type"`
		Timestamp json.Number `json:"timestamp"`
		URL       string      `json:"url"`
		Product   any         `json:"productViewSku"`
		OrderID   any         `json:"orderId"`
		Revenue   any         `json:"revenue"`
		Keyword   string      `json:"siteSearchKeyword"`
		Lines     []struct {
			SKU      any `json:"itemSKU"`
			Quantity any `json:"quantity"`
			Price    any `json:"price"`
		} `json:"itemDetails"`
	} `json:"actionDetails"`
}

// visitOf takes a visit of Matomo apart into the products that were seen, the carts, the orders and the searches; other actions, such as
// pages without a product, tell nothing of items. The visitor is the session, as the client of GA4 is. ok is false for another object.
func visitOf(rec *table.Record) (events []Row, ok bool) {
	if rec.Problem != nil || !bytes.Contains(rec.Object, []byte(`"actionDetails"`)) {
		return nil, false
	}
	var v visit
	if json.Unmarshal(rec.Object, &v) != nil || v.VisitorID == "" {
		return nil, false
	}
	for i := range v.Actions {
		a := &v.Actions[i]
		e := map[string]any{"session_id": v.VisitorID, "occurred_at": a.Timestamp}
		put := func(field string, value any) {
			if value != nil && value != "" {
				e[field] = value
			}
		}
		put("user_id", v.UserID)
		put("page", a.URL)
		var lines []any
		for _, l := range a.Lines {
			lines = append(lines, map[string]any{"item_id": l.SKU, "quantity": l.Quantity, "price": l.Price})
		}
		switch {
		case a.Type == "ecommerceOrder":
			e["type"], e["items"] = "purchase", lines
			put("order_id", a.OrderID)
			put("value", a.Revenue)
		case a.Type == "ecommerceAbandonedCart":
			e["type"], e["items"] = "view_cart", lines
		case a.Type == "search":
			e["type"], e["properties"] = "search", map[string]any{"search_term": a.Keyword}
		case a.Product != nil && a.Product != "":
			e["type"], e["item_id"] = "view_item", a.Product
		default:
			continue
		}
		events = append(events, Row{Line: rec.Line, Object: Encode(e)})
	}
	return events, true
}
