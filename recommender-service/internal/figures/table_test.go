package figures

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-rec/aisle/recommender-service/internal/store"
)

// hours are stored counts: one request in each hour.
type hours struct {
	Reports
	at []time.Time
}

// SumsPer adds up as the stores do, by multiples of everyMs since the epoch.
func (h hours) SumsPer(_ context.Context, _ string, fromMs, toMs, everyMs int64) (list []store.Sum, _ error) {
	for _, at := range h.at {
		if ms := at.UnixMilli(); ms >= fromMs && ms < toMs {
			list = append(list, store.Sum{AtMs: ms / everyMs * everyMs, Scenario: "home", Metric: Requests, Value: 1})
		}
	}
	return list, nil
}

func TestDaysAndWeeksAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	// Sunday, 29 November 2026, noon in UTC is 23:00 in Sydney (UTC+11) and 22:30 in Adelaide (UTC+10:30); the hours after it follow.
	noon := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	stored := hours{at: []time.Time{noon, noon.Add(time.Hour), noon.Add(2 * time.Hour), noon.Add(12 * time.Hour)}}
	for name, c := range map[string]struct {
		zone, interval string
		want           map[string]int64 // day → requests
	}{
		"days of UTC":      {"", "day", map[string]int64{"2026-11-29": 3, "2026-11-30": 1}},
		"days of Sydney":   {"Australia/Sydney", "day", map[string]int64{"2026-11-29": 1, "2026-11-30": 3}},
		"days of Adelaide": {"Australia/Adelaide", "day", map[string]int64{"2026-11-29": 2, "2026-11-30": 2}}, // 23:30 is of the day before
		"weeks of UTC":     {"", "week", map[string]int64{"2026-11-23": 3, "2026-11-30": 1}},
		"weeks of Sydney":  {"Australia/Sydney", "week", map[string]int64{"2026-11-23": 1, "2026-11-30": 3}},
		"hours":            {"Australia/Sydney", "hour", map[string]int64{"": 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			q := Query{
				From: noon.Add(-time.Hour), To: noon.Add(24 * time.Hour), Zone: zone, Interval: c.interval, GroupBy: []string{"scenario"},
			}
			table, err := (&Reporter{Store: stored}).Table(t.Context(), "north", q)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			for _, row := range table.Rows {
				got[row.Day] += row.Requests
				if row.Day != "" && row.At.In(zone).Format("2006-01-02 15:04") != row.Day+" 00:00" {
					t.Errorf("%s begins at %s", row.Day, row.At)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a day that begins within an hour", func(t *testing.T) {
		t.Parallel()
		zone, err := time.LoadLocation("Australia/Adelaide")
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 11, 30, 0, 0, 0, 0, zone) // 13:30 UTC
		q := Query{From: from, To: from.AddDate(0, 0, 1), Zone: zone, Interval: "day", GroupBy: []string{"scenario"}}
		table, err := (&Reporter{Store: stored}).Table(t.Context(), "north", q)
		if err != nil || len(table.Rows) != 1 || table.Rows[0].Day != "2026-11-30" || table.Rows[0].Requests != 2 {
			t.Errorf("%v, %+v", err, table.Rows)
		}
	})
}
