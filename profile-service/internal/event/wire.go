package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Wire returns the event in the form of the API, as it would be posted again: a review has its
// rating where it was posted. The error tells of a damaged Rest.
func (e *Event) Wire() (profileapi.Event, error) {
	var out profileapi.Event
	if len(e.Rest) > 0 {
		rest := json.NewDecoder(bytes.NewReader(e.Rest))
		rest.UseNumber() // properties are given back as they came, digit by digit
		if err := rest.Decode(&out); err != nil {
			return out, fmt.Errorf("read the stored fields of event %s: %w", e.ID, err)
		}
	}
	out.EventID, out.Type, out.UserID, out.SessionID, out.OrderID = e.ID, e.Type, e.UserID, e.SessionID, e.OrderID
	out.OccurredAt = wire.TimeOf(time.UnixMilli(e.OccurredMs))
	if out.Value = e.Value; e.Type == TypeReview {
		out.Value, out.Rating = nil, e.Value
	}
	e.wireLines(&out)
	return out, nil
}

// wireLines writes the lines as items, or as item_id when there is one plain line.
func (e *Event) wireLines(out *profileapi.Event) {
	if len(e.Lines) == 1 {
		if l := e.Lines[0]; l.Quantity == 1 && !l.HasPrice && l.RecommendationID == "" {
			out.ItemID = l.ItemID
			return
		}
	}
	for i := range e.Lines {
		l := &e.Lines[i]
		item := profileapi.EventItem{ItemID: l.ItemID, RecommendationID: l.RecommendationID}
		if l.Quantity != 1 {
			item.Quantity = &l.Quantity
		}
		if l.HasPrice {
			item.Price = &l.Price
		}
		out.Items = append(out.Items, item)
	}
}
