package ingest

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aisle-rec/aisle/profile-service/internal/event"
	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestVerdictsAreRememberedByShopAndBounded(t *testing.T) {
	t.Parallel()
	in := &Ingest{verdictLog: newVerdictLog()}
	note := func(shop, status string, warnings ...profileapi.FieldError) {
		events := []event.Judged{{Event: event.Event{Type: "view_item"}}}
		in.verdictLog.add(shop, time.Unix(1, 0), events, &profileapi.EventsAnswer{
			Results: []profileapi.Result{{ID: status, Status: status, Warnings: warnings}},
		})
	}
	note("north", profileapi.StatusAccepted)
	note("north", profileapi.StatusRejected)
	note("north", profileapi.StatusAccepted, profileapi.FieldError{Code: "near_field"})
	if got := in.Verdicts("north"); len(got) != 2 || got[0].Status != profileapi.StatusAccepted ||
		got[1].Status != profileapi.StatusRejected || got[0].Type != "view_item" {
		t.Errorf("remembered %+v: want what was warned of, then what was refused, and nothing of the plain acceptance", got)
	}
	if got := in.Verdicts("south"); len(got) != 0 {
		t.Errorf("another shop sees %+v", got)
	}
	batch := profileapi.EventsAnswer{Results: make([]profileapi.Result, 5*maxVerdicts)}
	for n := range batch.Results {
		batch.Results[n] = profileapi.Result{Index: n, Status: profileapi.StatusAccepted}
	}
	batch.Results[0].Status, batch.Results[1].Status = profileapi.StatusRejected, profileapi.StatusDuplicate
	in.verdictLog.add("large", time.Unix(1, 0), make([]event.Judged, len(batch.Results)), &batch)
	if got := in.Verdicts("large"); len(got) != 2 || got[0].Index != 1 || got[1].Index != 0 {
		t.Errorf("of a large batch whose first two events are odd %+v are remembered", got)
	}
	for range 2 * maxVerdicts {
		note("south", profileapi.StatusDuplicate)
	}
	if got := in.Verdicts("south"); len(got) != maxVerdicts {
		t.Errorf("%d are remembered", len(got))
	}
	long := []event.Judged{{Event: event.Event{Type: strings.Repeat("é", 1<<20)}}}
	in.verdictLog.add(
		"long", time.Unix(1, 0), long,
		&profileapi.EventsAnswer{Results: []profileapi.Result{
			{ID: strings.Repeat("x", 1<<20), Status: profileapi.StatusRejected, Errors: make([]profileapi.FieldError, 5000)},
		}},
	)
	if got := in.Verdicts("long")[0]; len(got.Type) > maxText || len(got.ID) > maxText || len(got.Errors) > maxErrors ||
		!utf8.ValidString(got.Type) {
		t.Errorf("of a long event %d, %d and %d are remembered", len(got.Type), len(got.ID), len(got.Errors))
	}
	for n := range 2 * maxShops {
		note(string(rune('a'+n)), profileapi.StatusRejected)
	}
	if len(in.verdictLog.byShop) > maxShops {
		t.Errorf("%d shops are remembered", len(in.verdictLog.byShop))
	}
}
