package popularity

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/aisle-rec/aisle/shared/profileapi"
)

// block holds an event of weight 1 on each item, at so many days after a moment.
func block(from time.Time, days map[string]float64) *profileapi.InteractionBlock {
	b := &profileapi.InteractionBlock{Types: []string{"purchase"}}
	for item, day := range days {
		b.Item = append(b.Item, int32(len(b.Items)))
		b.Items = append(b.Items, item)
		b.Type = append(b.Type, 0)
		b.User = append(b.User, 0)
		b.Weight = append(b.Weight, 1)
		b.OccurredAt = append(b.OccurredAt, from.Add(time.Duration(day*24*float64(time.Hour))).UnixMilli())
	}
	return b
}

func score(l *lists, window, item string) float64 {
	for _, n := range l.by[window][""] {
		if n.ItemID == item {
			return n.Score
		}
	}
	return math.NaN()
}

func TestListsFadeWithTimeAndOutliveALongSilence(t *testing.T) {
	t.Parallel()
	start := time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		now        time.Time
		old, young float64 // expected best_sellers scores, half-life 30 days
	}{
		"now":                          {start.Add(60 * 24 * time.Hour), .25, 1},
		"a month later":                {start.Add(90 * 24 * time.Hour), .125, .5},
		"twenty half-lives of silence": {start.Add(660 * 24 * time.Hour), .25 * 0x1p-20, 0x1p-20},
		"decades of silence":           {start.Add(30 * 365 * 24 * time.Hour), .25 * 0x1p-20, 0x1p-20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := New(nil, func(string, string) ([]string, bool) { return nil, true }, slog.New(slog.DiscardHandler), func() time.Time { return c.now })
			k := &counter{}
			for range Windows() {
				k.sums = append(k.sums, map[string]float64{})
			}
			k.add(Windows(), block(start, map[string]float64{"old": 0}))
			k.add(Windows(), block(start, map[string]float64{"young": 60}))
			l := p.rank("north", Windows(), k)
			for item, want := range map[string]float64{"old": c.old, "young": c.young} {
				if got := score(l, "best_sellers", item); math.Abs(got-want) > 1e-9*want {
					t.Errorf("%s scores %v, want %v", item, got, want)
				}
			}
		})
	}
}

func TestSumsOfManyYearsDoNotOverflow(t *testing.T) {
	t.Parallel()
	start := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	p := New(nil, func(string, string) ([]string, bool) { return nil, true }, slog.New(slog.DiscardHandler), func() time.Time { return start.Add(12_000 * 24 * time.Hour) })
	k := &counter{}
	for range Windows() {
		k.sums = append(k.sums, map[string]float64{})
	}
	for day := 0.0; day <= 12_000; day += 1000 {
		k.add(Windows(), block(start, map[string]float64{"steady": day}))
	}
	if got := score(p.rank("north", Windows(), k), "trending", "steady"); math.Abs(got-1) > 1e-6 {
		t.Errorf("trending score %v, want 1", got)
	}
}
