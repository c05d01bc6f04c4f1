package event

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// readAt reads a body as if it had arrived at the end of November 2026, when the files of testdata/storefronts were written.
func readAt(t *testing.T, body string) []Judged {
	t.Helper()
	w := Bounds{Now: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Earliest: time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)}
	got, err := NewRules(profileapi.DefaultEventWeights()).Decode([]byte(body), w)
	if err != nil {
		t.Fatal(err)
	}
	return got.Events
}

func amount(v float64) *float64 { return &v }

// TestEventsAsStorefrontsSendThem reads each file as what it plainly says, without a warning.
func TestEventsAsStorefrontsSendThem(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]Event{
		"ga4-data-layer.json": {
			Type: "view_item", UserID: "u81", Value: amount(9.99),
			Lines: []Line{{ItemID: "SKU_1", Quantity: 1, Price: 9.99, HasPrice: true}},
		},
		"ga4-measurement-protocol.json": {Type: "purchase", UserID: "u79", SessionID: "4.17", OrderID: "257",
			OccurredMs: 1795775100000, Timed: true, Value: amount(31),
			Lines: []Line{
				{ItemID: "p-1", Quantity: 1, Price: 16.4, HasPrice: true}, {ItemID: "p-2", Quantity: 1, Price: 14.6, HasPrice: true},
			}},
		"ga4-bigquery.json": {Type: "purchase", SessionID: "1.17", OrderID: "T_1", OccurredMs: 1795775100000, Timed: true,
			Value: amount(42.5),
			Lines: []Line{{ItemID: "SKU-1", Quantity: 2, Price: 21.25, HasPrice: true}}},
		"ga4-strings.json": {
			Type: "purchase", UserID: "u78", OrderID: "T-1", Value: amount(42.5),
			Lines: []Line{{ItemID: "SKU-1", Quantity: 2, Price: 21.25, HasPrice: true}},
		},
		"numeric-ids.json": {
			Type: "view_item", UserID: "5403815936036", Lines: []Line{{ItemID: "6788257415204", Quantity: 1, Price: 19.5, HasPrice: true}},
		},
		"purchase.json": {
			Type: "purchase", UserID: "u90", OrderID: "T-1", Value: amount(42.5),
			Lines: []Line{{ItemID: "SKU-1", Quantity: 2, Price: 21.25, HasPrice: true}},
		},
		"segment-order.json": {Type: "purchase", UserID: "u77", OrderID: "#123", OccurredMs: time.Date(
			2026, 11, 27, 10, 0, 0, 0, time.UTC,
		).UnixMilli(), Timed: true, Value: amount(20),
			Lines: []Line{{ItemID: "123", Quantity: 1, Price: 20, HasPrice: true}}},
		"rudderstack-track.json": {ID: "m-1", Type: "view_item", SessionID: "a-1", OccurredMs: time.Date(
			2026, 11, 27, 11, 45, 28, 209e6, time.UTC,
		).UnixMilli(), Timed: true,
			Lines: []Line{{ItemID: "blue-door", Quantity: 1, Price: 955, HasPrice: true}}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(filepath.Join("testdata", "storefronts", file))
			if err != nil {
				t.Fatal(err)
			}
			judged := readAt(t, string(data))
			if len(judged) != 1 || len(judged[0].Errors)+len(judged[0].Warnings) > 0 {
				t.Fatalf("%+v", judged)
			}
			got := judged[0].Event
			if !want.Timed {
				got.OccurredMs = 0
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Event{}, "Rest")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhatStorefrontsSendFurther has more of the same kinds: what of an event comes out, and what is said about it.
func TestWhatStorefrontsSendFurther(t *testing.T) {
	t.Parallel()
	const anna = `"user_id":"anna"`
	for name, c := range map[string]struct {
		body     string
		want     Event    // of fields that are compared: type, order, session, lines
		warnings []string // pointer and code
		errors   []string
	}{
		"data layer without ecommerce": {body: `{"event":"add_to_cart",` + anna +
			`,"items":[{"item_id":"a","item_name":"A","index":0,"quantity":"2"}],"gtm.uniqueEventId":7}`,
			want: Event{Type: "add_to_cart", Lines: []Line{{ItemID: "a", Quantity: 2}}}},
		"data layer of Universal Analytics": {body: `{"event":"purchase",` + anna +
			`,"ecommerce":{"currencyCode":"EUR","purchase":{"actionField":{"id":"T1","revenue":"30.00"},` +
			`"products":[{"id":"a","name":"A","price":"15.00","quantity":2}]}}}`,
			want: Event{Type: "purchase", OrderID: "T1", Lines: []Line{{ItemID: "a", Quantity: 2, Price: 15, HasPrice: true}}}},
		"an event that no shop means": {body: `{"event":"gtm.js",` + anna + `,"gtm.start":1}`, errors: []string{"/event unknown_type"}},
		"Segment single product": {
			body: `{"type":"track","event":"Product Added","anonymousId":"s1","messageId":"m",` +
				`"properties":{"product_id":17,"quantity":3,"price":"4.5","name":"A"}}`,
			want: Event{Type: "add_to_cart", SessionID: "s1", Lines: []Line{{ItemID: "17", Quantity: 3, Price: 4.5, HasPrice: true}}},
		},
		"Segment identify": {body: `{"type":"identify","userId":"anna","traits":{}}`, errors: []string{"/type no_event"}},
		"Segment page": {
			body: `{"type":"page","userId":"anna","properties":{"url":"https://x.example/"}}`, want: Event{Type: "page_view"},
		},
		"Segment, unknown event": {
			body: `{"type":"track","userId":"anna","event":"Quiz Done","properties":{}}`, errors: []string{"/event unknown_type"},
		},
		"Segment, bad product": {
			body:   `{"type":"track","userId":"anna","event":"Product Viewed","properties":{"product_id":{}}}`,
			errors: []string{"/properties/product_id wrong_type"},
		},
		"refund of a whole order": {
			body: `{"type":"refund",` + anna + `,"transaction_id":"T1"}`, want: Event{Type: "refund", OrderID: "T1"},
		},
		"refund of an amount": { // of money alone, or of a part whose lines were forgotten: all of the order is taken back
			body: `{"type":"refund",` + anna + `,"transaction_id":"T1","value":15}`, want: Event{Type: "refund", OrderID: "T1"},
			warnings: []string{"/value whole_order"},
		},
		"refund of a line and its amount": {
			body: `{"type":"refund",` + anna + `,"transaction_id":"T1","value":15,"items":[{"item_id":"a"}]}`,
			want: Event{Type: "refund", OrderID: "T1", Lines: []Line{{ItemID: "a", Quantity: 1}}},
		},
		"odd optional fields": {body: `{"type":"purchase",` + anna +
			`,"order_id":7,"currency":"Euro","value":"viel","position":0,"page":{},"properties":[],` +
			`"items":[{"item_id":"a","quantity":"two","price":-1}]}`,
			want: Event{Type: "purchase", OrderID: "7", Lines: []Line{{ItemID: "a", Quantity: 1}}},
			warnings: []string{
				"/currency invalid_currency", "/items/0/price out_of_range", "/items/0/quantity wrong_type", "/page wrong_type",
				"/position out_of_range", "/properties wrong_type", "/value wrong_type",
			}},
		"a line without an item": {body: `{"type":"purchase",` + anna +
			`,"order_id":"7","items":[{"item_id":"a"},{"quantity":2},{"item_id":{}}]}`,
			want: Event{
				Type: "purchase", OrderID: "7", Lines: []Line{{ItemID: "a", Quantity: 1}},
			}, warnings: []string{"/items/1/item_id required", "/items/2/item_id wrong_type"}},
		"only lines without an item": {
			body: `{"type":"purchase",` + anna + `,"items":[{"product_id":"a"}]}`, errors: []string{"/items/0/item_id required"},
			warnings: []string{"/items/0/product_id near_field"},
		},
		"a negative quantity": {
			body:   `{"type":"purchase",` + anna + `,"items":[{"item_id":"a","quantity":-1}]}`,
			errors: []string{"/items/0/quantity out_of_range"},
		},
		"a price of 0": {
			body:     `{"type":"purchase",` + anna + `,"order_id":"7","items":[{"item_id":"a","price":0}]}`,
			want:     Event{Type: "purchase", OrderID: "7", Lines: []Line{{ItemID: "a", Quantity: 1, HasPrice: true}}},
			warnings: []string{"/items/0/price price_zero"},
		},
		"unknown and nearly known": {
			body: `{"type":"purchase",` + anna +
				`,"orderId":"77","ocurred_at":"2020-01-01","colour":"red","items":[{"item_id":"R1","qty":3}]}`,
			want: Event{Type: "purchase", Lines: []Line{{ItemID: "R1", Quantity: 1}}},
			warnings: []string{"/colour unknown_field", "/items/0/qty near_field", "/ocurred_at near_field", "/orderId near_field",
				"/order_id no_order_id"},
		},
		"Gorse feedback": {
			body:     `{"FeedbackType":"read","UserId":"bob","ItemId":"x","Timestamp":"2026-11-27T00:00:00Z"}`,
			errors:   []string{"/type required", "/user_id required"},
			warnings: []string{"/FeedbackType near_field", "/ItemId near_field", "/Timestamp near_field", "/UserId near_field"},
		},
		"a word that is no type": {body: `{"type":"view",` + anna + `,"item_id":"a"}`, errors: []string{"/type unknown_type"}},
		"consent that nobody can read": {
			body:     `{"type":"view_item",` + anna + `,"item_id":"a","consent":"maybe"}`,
			want:     Event{Type: "view_item", Lines: []Line{{ItemID: "a", Quantity: 1}}, Withheld: true},
			warnings: []string{"/consent unclear_consent"},
		},
		"consent in words": {
			body: `{"type":"view_item",` + anna + `,"item_id":"a","consent":{"personalization":"granted"}}`,
			want: Event{Type: "view_item", Lines: []Line{{ItemID: "a", Quantity: 1}}},
		},
		"a fraction as an id": {body: `{"type":"view_item","user_id":1.5,"item_id":"a"}`, errors: []string{"/user_id wrong_type"}},
		"seconds": {
			body: `{"type":"view_item",` + anna + `,"item_id":"a","occurred_at":1795775100}`,
			want: Event{Type: "view_item", Lines: []Line{{ItemID: "a", Quantity: 1}}, OccurredMs: 1795775100000},
		},
		"microseconds in quotes": {
			body: `{"type":"view_item",` + anna + `,"item_id":"a","occurred_at":"1795775100000000"}`,
			want: Event{Type: "view_item", Lines: []Line{{ItemID: "a", Quantity: 1}}, OccurredMs: 1795775100000},
		},
		"a date": {
			body: `{"type":"view_item",` + anna + `,"item_id":"a","occurred_at":"2026-11-27"}`,
			want: Event{
				Type: "view_item", Lines: []Line{{ItemID: "a", Quantity: 1}},
				OccurredMs: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC).UnixMilli(),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judged := readAt(t, c.body)[0]
			said := func(list []string, got []string) {
				t.Helper()
				if diff := cmp.Diff(
					list, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(func(a, b string) bool { return a < b }),
				); diff != "" {
					t.Errorf("%s\n%+v", diff, judged)
				}
			}
			var errs, warnings []string
			for _, e := range judged.Errors {
				errs = append(errs, e.Pointer+" "+e.Code)
			}
			for _, w := range judged.Warnings {
				warnings = append(warnings, w.Pointer+" "+w.Code)
			}
			said(c.errors, errs)
			said(c.warnings, warnings)
			if len(c.errors) > 0 {
				return
			}
			e := judged.Event
			got := Event{Type: e.Type, OrderID: e.OrderID, SessionID: e.SessionID, Lines: e.Lines, Withheld: e.Withheld}
			if c.want.OccurredMs > 0 {
				got.OccurredMs = e.OccurredMs
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMeasurementProtocolSaysOnceWhatHoldsForAll(t *testing.T) {
	t.Parallel()
	body := `{"events":[{"name":"view_item","params":{"session_id":"9","items":[{"item_id":"a"}]}},{"name":"search",` +
		`"params":{"search_term":"x"}}],"client_id":"c.1","timestamp_micros":1795775100000000}`
	judged := readAt(t, body)
	if len(judged) != 2 || len(judged[0].Errors)+len(judged[1].Errors) > 0 {
		t.Fatalf("%+v", judged)
	}
	for _, j := range judged {
		if j.Event.SessionID != "c.1" || j.Event.OccurredMs != 1795775100000 {
			t.Errorf("%+v", j.Event)
		}
	}
	if string(judged[1].Event.Rest) != `{"properties":{"search_term":"x"}}` {
		t.Errorf("%s", judged[1].Event.Rest)
	}
}

func TestMendsNameTheField(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"type":"view_item","userId":"u","item_id":"a"}`: `An event needs a user_id or a session_id. "userId" is ` +
			`not a field: name it user_id.`,
		`{"type":"view_item","user_id":"u","product_id":"a"}`: `An event of type view_item needs an item_id or items. ` +
			`"product_id" is not a field: name it item_id.`,
	} {
		judged := readAt(t, body)[0]
		if len(judged.Errors) != 1 || judged.Errors[0].Detail != want {
			t.Errorf("%s: %+v", body, judged.Errors)
		}
	}
	judged := readAt(t, `{"type":"dislike","user_id":"u","item_id":"a"}`)[0]
	if want := `"dislike" is not a known type. Is "not_interested" meant? Known are add_payment_info,`; len(judged.Errors) == 0 ||
		judged.Errors[0].Detail[:len(want)] != want {
		t.Errorf("%+v", judged.Errors)
	}
}
