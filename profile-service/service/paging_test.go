package service_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aisle-rec/aisle/shared/apierror"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

// TestEventPagesEnd reads three events in pages of one to four: a page that ends with the very first event is the last one.
func TestEventPagesEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		for n := range 3 {
			post(t, s.client, profileapi.Event{EventID: fmt.Sprint(n), Type: "view_item", UserID: "u", ItemID: "i"})
		}
		for limit := 1; limit <= 4; limit++ {
			seen, cursor := "", ""
			for page := 0; page == 0 || cursor != ""; page++ {
				if page > 3 {
					t.Fatalf("pages of %d go on behind the first event: %s", limit, seen)
				}
				p, err := s.client.Events(t.Context(), profileapi.EventsQuery{Limit: limit, Cursor: cursor})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Items {
					seen += e.EventID
				}
				cursor = ""
				if p.NextCursor != nil {
					cursor = *p.NextCursor
				}
			}
			if seen != "210" {
				t.Errorf("pages of %d show %s, want 210", limit, seen)
			}
		}
	})
}

func TestAParameterThatThereIsNotIsAnsweredWithThoseThatThereAre(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		for query, want := range map[string]string{"order_id=o1": "use after_seq, cursor, ", "user-id=u": "user_id is near it"} {
			err := s.http.Call(t.Context(), http.MethodGet, "/v1/events?"+query, nil, nil, nil)
			list := apierror.From(err).Errors
			if len(list) != 1 || list[0].Code != "unknown_field" || !strings.Contains(list[0].Detail, want) {
				t.Errorf("%s: %+v", query, list)
			}
		}
	})
}

func TestEventsOfATypeThatThereIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, s *running) {
		err := s.http.Call(t.Context(), http.MethodGet, "/v1/events?type=view_itm", nil, nil, nil)
		list := apierror.From(err).Errors
		if len(list) != 1 || list[0].Code != "unknown_type" || !strings.Contains(list[0].Detail, "view_item is near") {
			t.Errorf("%v %+v", err, list)
		}
		if err := s.http.Call(t.Context(), http.MethodGet, "/v1/events?type=refund", nil, nil, nil); err != nil {
			t.Errorf("of a type of which there are none: %v", err)
		}
	})
}
