package recommend

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// history is what the visitor did as seeds, the latest first, and what a model needs to weigh them as it was measured with.
type history struct {
	seeds    []candidate.Seed // weighing by their age, for lists that no model stands behind
	totals   []float64        // the sums of what events weigh for models, which do not fade
	visiting bool
}

// historySeeds lists what the visitor did. A model says how it weighs; without one, weights fade with age.
func (r *run) historySeeds() *history {
	touched := r.visitor.History[:min(len(r.visitor.History), r.seeds)]
	h := &history{seeds: make([]candidate.Seed, len(touched)), totals: make([]float64, len(touched)), visiting: r.visiting()}
	largest := 0.0
	for n := range touched {
		t := &touched[n]
		largest = max(largest, math.Abs(t.Weight))
		h.seeds[n] = candidate.Seed{ItemID: t.ItemID, EventType: t.Type, AgeHours: t.AgeHours, Weight: h.inVisit(t.Weight, n)}
		h.totals[n] = t.Total
	}
	for n := range h.seeds {
		h.seeds[n].Weight = visitor.Refreshed(h.seeds[n].Weight, largest)
	}
	r.perFamily(h)
	return h
}

// inVisit is the weight of the seed at place n. During a visit the latest item speaks loudest: the n-th before it weighs 1/(1+n) of what it
// would, for minutes apart mean little by the clock and much for what the visitor is after. docs/quality.md has the figures.
func (h *history) inVisit(weight float64, n int) float64 {
	if h.visiting {
		return weight / float64(1+n)
	}
	return weight
}

// weigh weighs the seeds as a model does in the sums that it was measured with. What the visitor dislikes teaches no model; it weighs by
// its age.
func (h *history) weigh(s *similarityapi.Seeding) []float64 {
	weights := make([]float64, len(h.seeds))
	later := 0
	for n := range h.seeds {
		if weights[n] = h.seeds[n].Weight; weights[n] < 0 || h.totals[n] <= 0 {
			continue
		}
		w := 1.0
		if s.Values != similarityapi.ValuesOnes {
			w = h.totals[n]
		}
		if s.HalfLife > 0 {
			w *= math.Exp2(-float64(later) / s.HalfLife)
		}
		weights[n] = h.inVisit(w, n)
		later++
	}
	return weights
}

// perFamily joins seeds of one product, whose variants have the same lists: the first stays, with what all of them weigh together.
func (r *run) perFamily(h *history) {
	r.read(func(v *catalogue.View) {
		heads := v.Heads()
		if heads == nil {
			return
		}
		at, seeds, totals := make(map[int32]int, len(h.seeds)), h.seeds[:0], h.totals[:0]
		for n, s := range h.seeds {
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
		h.seeds, h.totals = seeds, totals
	})
}

// visiting reports whether the latest items of the history were touched in the order of a visit under way: the request names a session or
// carries its events, or part of the history, but not all of it as after an import, is of the last hour.
func (r *run) visiting() bool {
	history := r.visitor.History
	return len(r.visitor.Session) > 0 || len(history) > 0 && history[0].AgeHours <= sessionHours &&
		history[len(history)-1].AgeHours > sessionHours
}

// contextSeeds lists items that the request names; one that it names by an alias goes by its own id, as its neighbour lists do.
func (r *run) contextSeeds(ids []string) []candidate.Seed {
	seeds := make([]candidate.Seed, 0, len(ids))
	r.read(func(v *catalogue.View) {
		for _, id := range ids[:min(len(ids), contextLimit)] {
			i := v.Find(id)
			if i >= 0 {
				id = v.ID(i)
			}
			if i >= 0 && slices.ContainsFunc(seeds, func(s candidate.Seed) bool { return sameProduct(v, s.ItemID, i) }) {
				continue // another variant of the same product
			}
			seeds = append(seeds, candidate.Seed{ItemID: id, Weight: 1})
		}
	})
	return seeds
}

// sameProduct reports whether an id means the product of an item.
func sameProduct(v *catalogue.View, id string, i int32) bool {
	o := v.Find(id)
	return o >= 0 && v.Head(o) == v.Head(i)
}
