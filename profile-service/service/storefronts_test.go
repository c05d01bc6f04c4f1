package service_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestWarningsStandBetweenAcceptedAndRejected(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `[{"type":"purchase","user_id":"w","order_id":"1","orderDate":"x","currency":"Euro",` +
			`"items":[{"item_id":"a","quantity":2}]},{"type":"view_item","user_id":"w","item_id":"a"}]`
		status, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body)
		if status != 200 || answer.Accepted != 2 || answer.Warned != 1 {
			t.Fatalf("%d %+v", status, answer)
		}
		var got []string
		for _, w := range answer.Results[0].Warnings {
			got = append(got, w.Pointer+" "+w.Code)
		}
		if diff := cmp.Diff([]string{"/0/orderDate unknown_field", "/0/currency invalid_currency"}, got); diff != "" {
			t.Error(diff)
		}
		_, stats := send[profileapi.EventStats](t, s, "GET", "/v1/stats/events", "", "")
		if diff := cmp.Diff(map[string]int64{"invalid_currency": 1, "unknown_field": 1}, stats.Total.Warned); diff != "" {
			t.Error(diff)
		}
	})
}

func TestValidateTakesNearFieldsForErrors(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `{"type":"purchase","user_id":"u","orderId":"77","ocurred_at":"2020-01-01T00:00:00Z","items":[{"item_id":"R1","qty":3}]}`
		status, p := send[apierror.Problem](t, s, "POST", "/v1/events/validate", "application/json", body)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Pointer+" "+e.Code)
		}
		if diff := cmp.Diff([]string{"/items/0/qty near_field", "/orderId near_field", "/ocurred_at near_field"}, got); status != 422 ||
			diff != "" {
			t.Errorf("%d %s", status, diff)
		}
		if status, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body); status != 200 ||
			answer.Warned != 1 {
			t.Errorf("%d %+v", status, answer)
		}
	})
}

func TestRepeatedThankYouPageIsOnePurchase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `{"type":"purchase","user_id":"u90","transaction_id":"T-1","value":42.5,"currency":"EUR",` +
			`"items":[{"item_id":"SKU-1","item_name":"Tee","price":21.25,"quantity":2,"item_brand":"Ora","index":0}]}`
		var seen []string
		for range 3 {
			_, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body)
			seen = append(seen, answer.Results[0].Status)
		}
		if diff := cmp.Diff([]string{"accepted", "duplicate", "duplicate"}, seen); diff != "" {
			t.Error(diff)
		}
		_, profile := send[profileapi.Profile](t, s, "GET", "/v1/users/u90/profile", "", "")
		if len(profile.Purchased) != 1 || profile.Purchased[0].Count != 1 || profile.Purchased[0].Quantity != 2 {
			t.Errorf("%+v", profile.Purchased)
		}
	})
}

// TestOtherSystemsEventsAreStoredAsTheirOwn posts one list with an event of each form.
func TestOtherSystemsEventsAreStoredAsTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		body := `[{"event":"view_item","user_id":"mix","ecommerce":{"items":[{"item_id":"a"}]}},
			{"type":"track","userId":"mix","messageId":"m1","event":"Order Completed",
				"properties":{"order_id":"o1","products":[{"product_id":"b","price":"3.5","quantity":"2"}],"coupon":"X"}},
			{"type":"add_to_cart","user_id":"mix","item_id":5}]`
		_, answer := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body)
		if answer.Accepted != 3 || answer.Warned != 0 {
			t.Fatalf("%+v", answer)
		}
		_, page := send[profileapi.Page[json.RawMessage]](t, s, "GET", "/v1/events?user_id=mix", "", "")
		if len(page.Items) != 3 {
			t.Fatalf("%s", page.Items)
		}
		_, again := send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", body)
		if got := again.Results[1].Status; got != profileapi.StatusDuplicate {
			t.Errorf("the repeated message is %s", got)
		}
	})
}
