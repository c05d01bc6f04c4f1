package onlineretail

import (
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shop, err := Load(now)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]profileapi.Item{}
	for _, i := range shop.Items {
		items[i.ItemID] = i
	}

	t.Run("every line is an event line or counted as left out", func(t *testing.T) {
		t.Parallel()
		// Lines of one code within one invoice are added up, so events hold fewer lines than the file.
		left := shop.Left.NotProducts + shop.Left.Adjustments
		held := 0
		for _, e := range shop.Events {
			held += len(e.Items)
		}
		if held+left > Lines || held+left < Lines*97/100 {
			t.Errorf("%d lines in events and %d left out of %d", held, left, Lines)
		}
	})
	t.Run("postage and fees are not items", func(t *testing.T) {
		t.Parallel()
		for _, code := range []string{"POST", "DOT", "M", "D", "BANK CHARGES", "AMAZONFEE"} {
			if _, ok := items[code]; ok {
				t.Errorf("%s is an item", code)
			}
		}
		// Counted in the file: WHITE HANGING HEART T-LIGHT HOLDER is the usual text of 85123A.
		if got := items["85123A"].Title; got != "WHITE HANGING HEART T-LIGHT HOLDER" {
			t.Errorf("85123A is %q", got)
		}
	})
	t.Run("the last event is now and cancelled invoices are refunds", func(t *testing.T) {
		t.Parallel()
		if last := shop.Events[len(shop.Events)-1].OccurredAt; !last.Equal(now) {
			t.Errorf("last event at %v", last)
		}
		for _, e := range shop.Events {
			if want := map[bool]string{true: "refund", false: "purchase"}[e.OrderID[0] == 'C']; e.Type != want {
				t.Fatalf("invoice %s is a %s", e.OrderID, e.Type)
			}
			for _, i := range e.Items {
				if *i.Quantity <= 0 {
					t.Fatalf("invoice %s has quantity %v", e.OrderID, *i.Quantity)
				}
			}
		}
	})
	t.Run("event ids and order ids are distinct", func(t *testing.T) {
		t.Parallel()
		seen := map[string]bool{}
		for _, e := range shop.Events {
			if seen[e.EventID] || seen[e.OrderID] {
				t.Fatalf("event %s of order %s twice", e.EventID, e.OrderID)
			}
			seen[e.EventID], seen[e.OrderID] = true, true
		}
	})
}
