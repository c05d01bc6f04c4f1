package service_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestAReviewIsKeptAndGoesWithItsPerson has reviews of three people, two posted and one imported: one is erased, one made anonymous.
func TestAReviewIsKeptAndGoesWithItsPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		rating := 4.5
		review := func(user, text string) profileapi.Event {
			return profileapi.Event{Type: "review", UserID: user, ItemID: "mug", Rating: &rating, Text: text}
		}
		post(t, s.client, review("dan", "Dan likes it"), review("eve", "Eve likes it, too"))
		imported, _ := runImport(t, s, profileapi.ImportSpec{Kind: "events"}, strings.NewReader(
			"type,customer,product id,stars,review text,date\nreview,kim,mug,2,\"Too small, sadly\",2026-11-20\n",
		))
		if imported.Accepted != 1 {
			t.Fatalf("the import: %+v", imported)
		}
		list := func() map[string]profileapi.StoredEvent {
			page, err := s.client.Events(t.Context(), profileapi.EventsQuery{Type: "review", ItemID: "mug"})
			if err != nil {
				t.Fatal(err)
			}
			byText := map[string]profileapi.StoredEvent{}
			for _, e := range page.Items {
				byText[e.Text] = e
			}
			return byText
		}
		all := list()
		if e := all["Dan likes it"]; len(all) != 3 || e.Rating == nil || *e.Rating != 4.5 || e.Value != nil || e.UserID != "dan" {
			t.Fatalf("stored: %+v", all)
		}
		if e := all["Too small, sadly"]; e.Rating == nil || *e.Rating != 2 || e.UserID != "kim" {
			t.Errorf("imported: %+v", e)
		}
		if all := readAll(t, s.client, profileapi.InteractionsQuery{Relation: "similar"}); len(all) > 0 {
			t.Errorf("models learn from reviews: %+v", all)
		}
		for _, path := range []string{"/v1/users/dan", "/v1/users/eve?mode=anonymize"} {
			call[profileapi.ErasureReceipt](t, s, http.MethodDelete, path, nil)
		}
		left := list()
		if e, ok := left[""]; len(left) != 2 || !ok || e.UserID == "eve" || e.Rating == nil || *e.Rating != 4.5 {
			t.Errorf("left: %+v", left)
		}
	})
}
