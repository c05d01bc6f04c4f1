package rows

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

func TestTimesOfDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"9:05": true, "12:13:10.5": true, "3:04 PM": true, "12:13:10+05:30": true, "12:13:10 -0330": true, "12:13:10Z": true,
		"12:13:10 UTC+5:30": true,
		"":                  false, "12": false, "10:00-12:00": false, "2026-01-31 12:00": false, "12:13:10 IST": false,
	} {
		if got := bareClock(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestDayAndTimeOfDayWithAZone(t *testing.T) {
	t.Parallel()
	const file = "customer,sku,date,time\nu,T,2026-01-31,12:00:00+05:30\nu,S,2026-01-31,12:00:00+0545\n"
	got, err := rowsOf(t, profileapi.ImportSpec{Kind: "events", Set: map[string]string{"type": "purchase"}}, file)
	want := []string{
		`{"occurred_at":"2026-01-31T06:30:00.000Z","properties":{"date":"2026-01-31"},"type":"purchase","user_id":"u","item_id":"T"}`,
		`{"occurred_at":"2026-01-31T06:15:00.000Z","properties":{"date":"2026-01-31"},"type":"purchase","user_id":"u","item_id":"S"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}
