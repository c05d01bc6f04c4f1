package overview

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/console/internal/page/pagetest"
	"github.com/aisle-rec/aisle/console/internal/words"
	"github.com/aisle-rec/aisle/shared/httpclient"
	"github.com/aisle-rec/aisle/shared/profileapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

func TestTrafficIsWhatVisitorsDidToday(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 30, 0, 0, time.UTC)
	at := func(hour int) wire.Time { return wire.TimeOf(time.Date(2026, 11, 30, hour, 0, 0, 0, time.UTC)) }
	visits := profileapi.HourStats{
		Hour: at(11), AcceptedTotal: 7, Accepted: map[string]int64{"view_item": 6, "purchase": 1}, MeanLagSeconds: 2,
	}
	imported := profileapi.HourStats{
		Hour: at(12), AcceptedTotal: 5001, Accepted: map[string]int64{"purchase": 5000, "view_item": 1}, MeanLagSeconds: 40 * 86400,
	}
	listed := []profileapi.StoredEvent{{Event: profileapi.Event{Type: "view_item", OccurredAt: at(12)}},
		{Event: profileapi.Event{Type: "purchase", OccurredAt: at(11)}}}
	more := "further"
	for name, c := range map[string]struct {
		hours  []profileapi.HourStats
		page   profileapi.Page[profileapi.StoredEvent]
		byType map[string]int64
		byHour map[time.Time]int64
		hint   string
	}{
		"all that came in, while it came in as it happened": {
			[]profileapi.HourStats{visits}, profileapi.Page[profileapi.StoredEvent]{},
			map[string]int64{"view_item": 6, "purchase": 1}, map[time.Time]int64{at(11).Time: 7}, "",
		},
		"by the time that it happened, beside an import": {
			[]profileapi.HourStats{visits, imported}, profileapi.Page[profileapi.StoredEvent]{Items: listed},
			map[string]int64{"view_item": 1, "purchase": 1}, map[time.Time]int64{at(11).Time: 1, at(12).Time: 1},
			"Older events came in as well",
		},
		"nothing beside an import": {
			[]profileapi.HourStats{imported}, profileapi.Page[profileapi.StoredEvent]{Items: []profileapi.StoredEvent{}},
			map[string]int64{}, map[time.Time]int64{}, "Older events came in as well",
		},
		"without the hours of the import, when too much happened": {
			[]profileapi.HourStats{visits, imported}, profileapi.Page[profileapi.StoredEvent]{Items: listed, NextCursor: &more},
			map[string]int64{"view_item": 6, "purchase": 1}, map[time.Time]int64{at(11).Time: 7},
			words.Number(5001) + " events that came in hours",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v1/events" || r.URL.Query().Get("from") != "2026-11-29T12:30:00Z" {
					t.Errorf("asked %s", r.URL)
				}
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(c.page)
			}))
			defer server.Close()
			v := pagetest.Posted(nil)
			v.Ctx, v.Profile = t.Context(), httpclient.New(httpclient.Options{BaseURL: server.URL})
			d := &overviewData{}
			d.events(trafficOf(v, &profileapi.EventStats{Hours: c.hours}, now), now)
			if !maps.Equal(d.Traffic.byType, c.byType) || !maps.Equal(d.Traffic.byHour, c.byHour) {
				t.Errorf("%v, %v", d.Traffic.byType, d.Traffic.byHour)
			}
			var b strings.Builder
			if err := d.eventsOfTheDay().Render(&b); err != nil || strings.Contains(b.String(), "not counted here") != (c.hint != "") ||
				!strings.Contains(b.String(), c.hint) {
				t.Errorf("%v: %s", err, b.String())
			}
		})
	}
}
