package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestAnImportIsTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		post(t, s.client, view("ann", "tab", "lamp"))
		before := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "ann"})
		stats := call[profileapi.EventStats](t, s, http.MethodGet, "/v1/stats/events", nil)
		var file strings.Builder
		for n := range 2500 { // more than one piece of an undo
			fmt.Fprintf(&file, `{"type":"purchase","user_id":"%s","order_id":"o%d","item_id":"i%d","occurred_at":"%s"}`+"\n",
				[]string{"ann", "bob"}[n%2], n%50, n, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
		}
		state, _ := runImport(t, s, profileapi.ImportSpec{Kind: "events", Format: "ndjson"}, strings.NewReader(file.String()))
		checkCounts(t, state, 2500, 0, 0)
		undone, err := s.client.UndoImport(t.Context(), state.ImportID)
		if err != nil || undone.Events != 2500 || undone.Import.UndoneAt.IsZero() {
			t.Fatalf("undone %+v, %v", undone, err)
		}
		after := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "ann"})
		passed := cmpopts.IgnoreFields(profileapi.ProfileItem{}, "AgeHours", "Decayed")
		if diff := cmp.Diff(before, after, passed, cmpopts.IgnoreFields(profileapi.Profile{}, "AsOf", "Watermark")); diff != "" {
			t.Error(diff)
		}
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "bob"}); p.Known || len(p.Purchased) > 0 {
			t.Errorf("who came with the import: %+v", p)
		}
		if now := call[profileapi.EventStats](
			t, s, http.MethodGet, "/v1/stats/events", nil,
		); now.Total.AcceptedTotal != stats.Total.AcceptedTotal {
			t.Errorf("%d events are counted, %d before", now.Total.AcceptedTotal, stats.Total.AcceptedTotal)
		}
		if again, err := s.client.UndoImport(t.Context(), state.ImportID); err != nil || again.Events != 0 ||
			!again.Import.UndoneAt.Equal(undone.Import.UndoneAt.Time) {
			t.Errorf("a repeat: %+v, %v", again, err)
		}
		state, _ = runImport(t, s, profileapi.ImportSpec{Kind: "events", Format: "ndjson"}, strings.NewReader(file.String()))
		checkCounts(t, state, 2500, 0, 0)
	})
}

func TestAnImportOfItemsGivesBackWhatWas(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		if _, err := s.client.PutItems(t.Context(), []profileapi.Item{
			{ItemID: "lamp", Title: "Lamp"}, {ItemID: "vase", Title: "Vase"},
		}); err != nil {
			t.Fatal(err)
		}
		state, _ := runImport(t, s, profileapi.ImportSpec{Kind: "items", Format: "ndjson"},
			strings.NewReader(
				`{"item_id":"lamp","title":"Wrong"}`+"\n"+`{"item_id":"vase","title":"Wrong"}`+"\n"+`{"item_id":"new","title":"New"}`,
			))
		checkCounts(t, state, 3, 0, 0)
		if _, err := s.client.PutItems(t.Context(), []profileapi.Item{{ItemID: "vase", Title: "Mended"}}); err != nil {
			t.Fatal(err)
		}
		undone, err := s.client.UndoImport(t.Context(), state.ImportID)
		if err != nil || undone.Items != 2 || undone.Kept != 1 {
			t.Fatalf("undone %+v, %v", undone, err)
		}
		for id, want := range map[string]string{"lamp": "Lamp", "vase": "Mended"} {
			if got := itemOf(t, s, id); got.Title != want {
				t.Errorf("%s is %q", id, got.Title)
			}
		}
		if status, _ := send[apierror.Problem](t, s, "GET", "/v1/items/new", "", ""); status != http.StatusNotFound {
			t.Errorf("the new item: %d", status)
		}
		if status, p := send[apierror.Problem](t, s, "POST", "/v1/imports/none/undo", "", ""); status != http.StatusNotFound {
			t.Errorf("an import that is not there: %d %+v", status, p)
		}
	})
}

// TestAReloadedThankYouPageIsOnePurchase is case 06, and the API part of case 07: an order in two calls.
func TestAReloadedThankYouPageIsOnePurchase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		two, price := 2.0, 21.25
		page := profileapi.Event{
			Type: "purchase", UserID: "u90", OrderID: "T-1",
			Items: []profileapi.EventItem{{ItemID: "SKU-1", Quantity: &two, Price: &price}},
		}
		for n, want := range []string{profileapi.StatusAccepted, profileapi.StatusDuplicate} {
			if answer := post(t, s.client, page); answer.Results[0].Status != want {
				t.Errorf("the %d. time: %+v", n+1, answer)
			}
		}
		page.Items = append(page.Items, profileapi.EventItem{ItemID: "SKU-2"})
		answer := post(t, s.client, page)
		if answer.Accepted != 1 || answer.Warned != 1 || answer.Results[0].Warnings[0].Code != "duplicate_line" ||
			answer.Results[0].Warnings[0].Pointer != "/0/items/0" {
			t.Errorf("with a line more: %+v", answer)
		}
		one := `{"type":"purchase","user_id":"u90","order_id":"T-1","items":[{"item_id":"SKU-2"},{"item_id":"SKU-3"}]}`
		_, answer = send[profileapi.EventsAnswer](t, s, "POST", "/v1/events", "application/json", one)
		if w := answer.Results[0].Warnings; len(w) != 1 || w[0].Pointer != "/items/0" {
			t.Errorf("a single event: %+v", answer)
		}
		post(t, s.client, profileapi.Event{Type: "refund", UserID: "u90", OrderID: "T-1", ItemID: "SKU-3"})
		p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "u90"})
		if len(p.Purchased) != 2 || p.Purchased[0].Quantity+p.Purchased[1].Quantity != 3 || p.Purchased[0].Count != 1 {
			t.Errorf("purchased: %+v", p.Purchased)
		}
		orders := map[string]bool{}
		for _, i := range readAll(t, s.client, profileapi.InteractionsQuery{}) {
			orders[i.OrderID] = true
		}
		if len(orders) != 1 || !orders["T-1"] {
			t.Errorf("orders of the interactions: %v", orders)
		}
		post(t, s.client, profileapi.Event{Type: "refund", UserID: "u90", OrderID: "T-1", ItemID: "SKU-2"})
		if p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "u90"}); len(p.Purchased) != 1 || p.Purchased[0].ItemID != "SKU-1" {
			t.Errorf("behind the refund of a line: %+v", p.Purchased)
		}
	})
}

func TestTheCartFollowsFromEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		rating := 2.0
		at := wire.TimeOf(time.Now().Add(-time.Minute))
		for _, e := range []profileapi.Event{
			{Type: "add_to_cart", UserID: "u", ItemID: "kept", OccurredAt: at},
			{Type: "add_to_cart", UserID: "u", ItemID: "bought", OccurredAt: at},
			{Type: "add_to_cart", UserID: "u", ItemID: "out", OccurredAt: at}, {Type: "remove_from_cart", UserID: "u", ItemID: "out"},
			{Type: "purchase", UserID: "u", ItemID: "bought"},
			{Type: "rate", UserID: "u", ItemID: "bad", Value: &rating},
		} {
			post(t, s.client, e)
		}
		p := profileOf(t, s.client, profileapi.ProfileQuery{UserID: "u"})
		if len(p.Cart) != 1 || p.Cart[0].ItemID != "kept" || len(p.Hidden) != 1 || p.Hidden[0] != "bad" {
			t.Errorf("cart %+v, hidden %v", p.Cart, p.Hidden)
		}
	})
}
