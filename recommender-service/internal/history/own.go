package history

import (
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
)

// RecentlyViewed proposes what the visitor looked at, the latest first. The weights, 1/1, 1/2, 1/3 and so on, only give the order.
func RecentlyViewed(v *catalogue.View, who *visitor.Visitor) (terms []candidate.Term) {
	var viewed []visitor.HistoryItem
	for _, t := range who.History {
		if t.Weight > 0 && who.Did(&t, "view_item", "select_item") {
			viewed = append(viewed, t)
		}
	}
	for n, t := range viewed {
		if i := v.Index(t.Item, t.ItemID); i >= 0 {
			terms = append(terms, candidate.Term{
				Seed: candidate.Seed{ItemID: t.ItemID, EventType: t.Type, AgeHours: t.AgeHours, Weight: 1},
				Row:  &candidate.Row{Items: []int32{i}, Weights: []float32{1 / float32(n+1)}},
			})
		}
	}
	return terms
}

// BuyAgain proposes what the visitor bought more than once and is due, and below it what was bought once, the longest ago first.
func BuyAgain(v *catalogue.View, who *visitor.Visitor, now time.Time) (terms []candidate.Term) {
	for n := range who.Purchased {
		p := &who.Purchased[n]
		i := v.Index(p.Item, p.ItemID)
		if i < 0 {
			continue
		}
		age := 0.0 // of what only the request tells of: it is bought just now
		if at := p.LastMs(); at > 0 {
			age = max(0, now.Sub(time.UnixMilli(at)).Hours())
		}
		terms = append(terms, candidate.Term{
			Seed: candidate.Seed{ItemID: p.ItemID, EventType: "purchase", AgeHours: age, Weight: 1},
			Row:  &candidate.Row{Items: []int32{i}, Weights: []float32{float32(due(p, age))}},
		})
	}
	return terms
}

// due says how likely a purchase is again now, between 0 and 1. With t the time since the last purchase in units of the median interval, it
// is n/(n+1) · 2t/(1+t²) for n intervals: nothing just after buying, most when the interval has passed, ever less after that. Purchases
// within a day are one. An item that was bought once has no interval; it gets a small share that grows with its age.
func due(p *visitor.Bought, ageHours float64) float64 {
	var intervals []float64
	for k := 1; k < len(p.Times); k++ {
		if h := (time.Duration(p.Times[k]-p.Times[k-1]) * time.Millisecond).Hours(); h >= 24 {
			intervals = append(intervals, h)
		}
	}
	if len(intervals) == 0 {
		const month = 30 * 24
		return .1 * ageHours / (ageHours + month)
	}
	slices.Sort(intervals)
	n := float64(len(intervals))
	t := ageHours / intervals[len(intervals)/2]
	return n / (n + 1) * 2 * t / (1 + t*t)
}
