package event

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEventsAsAnalyticsExportThem(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Event{
		`{"event":"Order Completed","properties":{"time":1795775100,"distinct_id":"u1","$device_id":"d1","$insert_id":"m1",` +
			`"mp_lib":"web","order_id":"o1","revenue":9,"products":[{"product_id":"A","quantity":2,"price":4.5}]}}`: {
			ID: "m1", Type: "purchase", UserID: "u1", SessionID: "d1", OrderID: "o1", OccurredMs: 1795775100000, Timed: true,
			Value: amount(9), Lines: []Line{{ItemID: "A", Quantity: 2, Price: 4.5, HasPrice: true}},
		},
		`{"event":"Product Viewed","properties":{"time":1795775100,"distinct_id":"$device:7","product_id":"A"}}`: {
			Type: "view_item", SessionID: "$device:7", OccurredMs: 1795775100000, Timed: true, Lines: []Line{{ItemID: "A", Quantity: 1}},
		},
		`{"event_date":"20261127","event_timestamp":"1795775100000000","event_name":"view_item","user_pseudo_id":"1.2",` +
			`"items":[{"item_id":"A"}]}`: {
			Type: "view_item", SessionID: "1.2", OccurredMs: 1795775100000, Timed: true, Lines: []Line{{ItemID: "A", Quantity: 1}},
		},
		`{"event_type":"Product Viewed","event_time":"2026-11-27 10:25:00.250000","user_id":null,"device_id":"d1","session_id":-1,` +
			`"uuid":"m2","amplitude_id":5,"event_properties":{"product_id":"A"},"user_properties":{"a":1}}`: {
			ID: "m2", Type: "view_item", SessionID: "d1", OccurredMs: 1795775100250, Timed: true, Lines: []Line{{ItemID: "A", Quantity: 1}},
		},
	} {
		got := readAt(t, body)[0]
		if len(got.Errors) > 0 || len(got.Warnings) > 0 {
			t.Errorf("%s: errors %v, warnings %v", body, got.Errors, got.Warnings)
		}
		if diff := cmp.Diff(want, got.Event, cmpopts.IgnoreFields(Event{}, "Rest")); diff != "" {
			t.Error(diff)
		}
	}
}
