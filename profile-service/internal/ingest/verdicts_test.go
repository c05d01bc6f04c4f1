package ingest

import (
	"testing"
	"time"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestVerdictsAreRememberedByShopAndBounded(t *testing.T) {
	t.Parallel()
	in := &Ingest{verdictLog: newVerdictLog()}
	note := func(shop, status string, warnings ...profileapi.FieldError) {
		events := []event.Judged{{Event: event.Event{Type: "view_item"}}}
		in.verdictLog.add(shop, time.Unix(1, 0), events, &profileapi.EventsAnswer{Results: []profileapi.Result{{ID: status, Status: status, Warnings: warnings}}})
	}
	note("north", profileapi.StatusAccepted)
	note("north", profileapi.StatusRejected)
	note("north", profileapi.StatusAccepted, profileapi.FieldError{Code: "near_field"})
	if got := in.Verdicts("north"); len(got) != 2 || got[0].Status != profileapi.StatusAccepted || got[1].Status != profileapi.StatusRejected || got[0].Type != "view_item" {
		t.Errorf("remembered %+v: want what was warned of, then what was refused, and nothing of the plain acceptance", got)
	}
	if got := in.Verdicts("south"); len(got) != 0 {
		t.Errorf("another shop sees %+v", got)
	}
	for range 2 * maxVerdicts {
		note("south", profileapi.StatusDuplicate)
	}
	if got := in.Verdicts("south"); len(got) != maxVerdicts {
		t.Errorf("%d are remembered", len(got))
	}
	for n := range 2 * maxShops {
		note(string(rune('a'+n)), profileapi.StatusRejected)
	}
	if len(in.verdictLog.byShop) > maxShops {
		t.Errorf("%d shops are remembered", len(in.verdictLog.byShop))
	}
}
