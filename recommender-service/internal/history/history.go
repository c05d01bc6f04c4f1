// Package history has what a visitor did in the forms in which candidates are made from it: as seeds whose neighbours are looked up, as the
// clicks of a visit, and as candidates themselves. It is pure. The main type is Seeds.
package history

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

const (
	// sessionLimit is how many items of a visit are seeds.
	sessionLimit = 30
	// sessionHours is how long ago an item may have been touched to count as part of the present session when no session is named.
	sessionHours = 1
)

// Seeds are what a visitor did, the latest first, and what a model needs to weigh them as it was measured with.
type Seeds struct {
	List     []candidate.Seed // weighing by their age, for lists that no model stands behind
	totals   []float64        // the sums of what events weigh for models, which do not fade
	visiting bool
}

// SeedsOf lists the latest items that a visitor did something with, at most so many, and those of one product, whose variants have the same
// lists, as one: the first stays, with what all of them weigh together. A model says how it weighs; without one, weights fade with age.
func SeedsOf(v *catalogue.View, who *visitor.Visitor, most int) *Seeds {
	touched := who.History[:min(len(who.History), most)]
	h := &Seeds{List: make([]candidate.Seed, len(touched)), totals: make([]float64, len(touched)), visiting: visiting(who)}
	largest := 0.0
	for n := range touched {
		t := &touched[n]
		largest = max(largest, math.Abs(t.Weight))
		h.List[n] = candidate.Seed{ItemID: t.ItemID, EventType: t.Type, AgeHours: t.AgeHours, Weight: h.inVisit(t.Weight, n)}
		h.totals[n] = t.Total
	}
	for n := range h.List {
		h.List[n].Weight = visitor.Refreshed(h.List[n].Weight, largest)
	}
	h.join(v)
	return h
}

// inVisit is the weight of the seed at place n. During a visit the latest item speaks loudest: the n-th before it weighs 1/(1+n) of what it
// would, for minutes apart mean little by the clock and much for what the visitor is after. docs/quality.md has the figures.
func (h *Seeds) inVisit(weight float64, n int) float64 {
	if h.visiting {
		return weight / float64(1+n)
	}
	return weight
}

// Weigh weighs the seeds as a model does in the sums that it was measured with. What the visitor dislikes teaches no model: it weighs by
// its age, and fades behind later items as what he likes does.
func (h *Seeds) Weigh(s *similarityapi.Seeding) []float64 {
	weights := make([]float64, len(h.List))
	later := 0
	for n := range h.List {
		fade := 1.0
		if s.HalfLife > 0 {
			fade = math.Exp2(-float64(later) / s.HalfLife)
		}
		if weights[n] = h.List[n].Weight * fade; weights[n] < 0 || h.totals[n] <= 0 {
			continue
		}
		w := 1.0
		if s.Values != similarityapi.ValuesOnes {
			w = h.totals[n]
		}
		weights[n] = h.inVisit(w*fade, n)
		later++
	}
	return weights
}

// join joins the seeds of one product.
func (h *Seeds) join(v *catalogue.View) {
	heads := v.Heads()
	if heads == nil {
		return
	}
	at, seeds, totals := make(map[int32]int, len(h.List)), h.List[:0], h.totals[:0]
	for n, s := range h.List {
		if i := v.Find(s.ItemID); i >= 0 {
			if have, again := at[heads[i]]; again {
				seeds[have].Weight = visitor.Joined(seeds[have].Weight, s.Weight)
				totals[have] += h.totals[n]
				continue
			}
			at[heads[i]] = len(seeds)
		}
		seeds, totals = append(seeds, s), append(totals, h.totals[n])
	}
	h.List, h.totals = seeds, totals
}

// visiting reports whether the latest items of the history were touched in the order of a visit under way: the request names a session or
// carries its events, or part of the history, but not all of it as after an import, is of the last hour.
func visiting(who *visitor.Visitor) bool {
	history := who.History
	return len(who.Session) > 0 || len(history) > 0 && history[0].AgeHours <= sessionHours &&
		history[len(history)-1].AgeHours > sessionHours
}

// Session returns the clicks of the present session, the latest first. Of an item that was opened again the first click, the last and their
// number are known: those between are taken to have come at even distances.
func Session(who *visitor.Visitor) []visitor.HistoryItem {
	list := who.Session
	if len(list) == 0 && visiting(who) {
		list = who.History
		if n := slices.IndexFunc(list, func(t visitor.HistoryItem) bool { return t.AgeHours > sessionHours }); n >= 0 {
			list = list[:n]
		}
	}
	list = list[:min(len(list), sessionLimit)] // what is further back is behind a click of each of these
	clicks := make([]visitor.HistoryItem, 0, 2*len(list))
	for n := range list {
		t := list[n]
		clicks = append(clicks, t)
		if again := t.LastMs - t.FirstMs; again > 0 && again <= (sessionHours*time.Hour).Milliseconds() {
			earlier, lastMs, age := int64(max(1, min(t.Events-1, sessionLimit))), t.LastMs, t.AgeHours
			for k := range earlier {
				before := again * (k + 1) / earlier
				t.AgeHours, t.LastMs = age+(time.Duration(before)*time.Millisecond).Hours(), lastMs-before
				clicks = append(clicks, t)
			}
		}
	}
	slices.SortStableFunc(clicks, func(a, b visitor.HistoryItem) int { return cmp.Compare(b.LastMs, a.LastMs) })
	clicks = slices.CompactFunc(clicks, func(a, b visitor.HistoryItem) bool { return a.ItemID == b.ItemID })
	return clicks[:min(len(clicks), sessionLimit)]
}
