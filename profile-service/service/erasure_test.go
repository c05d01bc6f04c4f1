package service_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// exported reads the export of a user.
func exported(t *testing.T, s *running, user string) (kinds map[string]int, end profileapi.ExportEntry, text string) {
	t.Helper()
	status, text := s.send(t, http.MethodGet, "/v1/users/"+user+"/export", "")
	if status != http.StatusOK {
		t.Fatalf("export: %d %s", status, text)
	}
	kinds = map[string]int{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		end = profileapi.ExportEntry{}
		if err := json.Unmarshal(lines.Bytes(), &end); err != nil {
			t.Fatal(err)
		}
		kinds[end.Kind]++
	}
	return kinds, end, text
}

func TestEraseReachesWhatImportsHaveLeft(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		call[profileapi.User](t, s, http.MethodPut, "/v1/users/dan-the-man", profileapi.User{
			Locale: "en-GB", Attributes: map[string]any{"city": "Old"},
		})
		post(t, s.client, view("dan-the-man", "tab-4711", "a"))
		users := `{"user_id":"dan-the-man","locale":"fr","attributes":{"city":"New"}}` + "\n" +
			// two errors, the row with the first
			`{"user_id":"dan-the-man","attributes":{"phone":{"no":"at home"}},"segments":[""]}` + "\n" +
			`{"user_id":"eve","segments":[""]}` + "\n"
		put, report := runImport(t, s, profileapi.ImportSpec{Kind: "users", Format: "ndjson"}, strings.NewReader(users))
		if put.Accepted != 1 || len(report) != 3 {
			t.Fatalf("%+v, %d entries", put, len(report))
		}
		rejected, _ := runImport(t, s, profileapi.ImportSpec{Kind: "events", Format: "ndjson"}, strings.NewReader(
			`{"type":"dance","session_id":"tab-4711","item_id":"a"}`+"\n"+`{"type":"dance","user_id":"eve","item_id":"a"}`+"\n"))
		tried, _ := runImport(t, s, profileapi.ImportSpec{Kind: "users", Format: "ndjson", DryRun: true}, strings.NewReader(users))
		if len(tried.Preview) != 1 {
			t.Fatalf("preview: %s", tried.Preview)
		}

		kinds, end, text := exported(t, s, "dan-the-man")
		if diff := cmp.Diff(map[string]int{"user": 1, "event": 1, "import_error": 5, "undo_copy": 1, "end": 1}, kinds); diff != "" {
			t.Errorf("export: %s\n%s", diff, text)
		}
		var held []string
		for _, h := range end.Held {
			held = append(held, fmt.Sprintf("%s %d %t", h.What[:6], h.Count, h.Until.IsZero()))
		}
		if diff := cmp.Diff([]string{"record 1 true", "events 1 false", "rows t 5 false", "what t 1 false"}, held); diff != "" {
			t.Errorf("held: %s", diff)
		}
		if !strings.Contains(text, `"city":"Old"`) {
			t.Errorf("the export lacks what the record was: %s", text)
		}

		receipt := call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/dan-the-man", nil)
		if want := (profileapi.ErasedRows{Users: 1, Events: 1, ImportErrors: 5, ImportPreviews: 1, UndoCopies: 1}); receipt.Rows != want {
			t.Errorf("receipt: %+v", receipt.Rows)
		}
		for _, h := range receipt.Left {
			if h.Where == "" || h.What == "" || h.Until.IsZero() && h.Ends == "" {
				t.Errorf("left, but not until when: %+v", h)
			}
		}
		for _, id := range []string{put.ImportID, rejected.ImportID, tried.ImportID} {
			for _, path := range []string{"", "/errors"} {
				_, text := s.send(t, http.MethodGet, "/v1/imports/"+id+path, "")
				if strings.Contains(text, "dan-the-man") || strings.Contains(text, "tab-4711") || strings.Contains(text, "at home") {
					t.Errorf("import %s%s still names the person: %s", id, path, text)
				}
			}
		}
		if _, text := s.send(t, http.MethodGet, "/v1/imports/"+rejected.ImportID+"/errors", ""); !strings.Contains(text, "eve") {
			t.Errorf("the row of somebody else went as well: %q", text)
		}
		if status, text := s.send(t, http.MethodPost, "/v1/imports/"+put.ImportID+"/undo", ""); status != http.StatusOK {
			t.Errorf("undo: %d %s", status, text)
		}
		if kinds, _, text := exported(t, s, "dan-the-man"); len(kinds) != 1 {
			t.Errorf("after erasing and undoing: %s", text)
		}
		if again := call[profileapi.ErasureReceipt](
			t, s, http.MethodDelete, "/v1/users/dan-the-man", nil,
		); again.Rows != (profileapi.ErasedRows{}) {
			t.Errorf("again: %+v", again.Rows)
		}
	})
}

func TestAnonymousEventsLeadToNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		one := profileapi.Event{EventID: "gus-1", Type: "purchase", UserID: "gus", SessionID: "tab", OrderID: "order-9",
			RecommendationID: "rec-of-event", Page: "/thanks?u=gus",
			Properties: map[string]any{"mail": "gus@example.org"}, Items: []profileapi.EventItem{
				{ItemID: "a", RecommendationID: "rec-of-line"},
			}}
		no := false
		withheld := one
		withheld.EventID, withheld.OrderID, withheld.Consent = "", "order-10", &profileapi.Consent{Personalization: &no}
		post(t, s.client, one, withheld)
		receipt := call[profileapi.ErasureReceipt](t, s, http.MethodDelete, "/v1/users/gus?mode=anonymize", nil)
		if receipt.Rows.Events != 1 || len(receipt.Left) < 2 || receipt.Left[1].Count != 1 || receipt.Left[1].Until.IsZero() {
			t.Errorf("receipt: %+v", receipt)
		}
		_, text := s.send(t, http.MethodGet, "/v1/events", "")
		for _, leads := range []string{"rec-of", "gus", "tab", "order-", "thanks"} {
			if strings.Contains(text, leads) {
				t.Errorf("%q is still in %s", leads, text)
			}
		}
		if strings.Count(text, `"type":"purchase"`) != 2 {
			t.Errorf("the events themselves: %s", text)
		}
	})
}
