package recommend

import (
	"context"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// itemTrace follows one item through the ranking.
type itemTrace struct {
	id            string
	proposed      bool
	contributions []explanation.Contribution
	tier          string
	base          float64
	score         float64
	boosts        []api.Boost
	limit         string // the limit per value that forbade it
	rank          int    // its place by score among the candidates that may be shown, from 1
	total         int    // so many of them
}

// Explain says why an item is in the answer to a request, or the first stage that dropped it.
// The answer is made for this and neither remembered nor counted.
func (e *Engine) Explain(
	ctx context.Context, shop string, p Placement, req *api.Request, itemID string,
) (out api.ExplainAnswer, err error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	v := e.visit(shop, e.Now())
	v.trace = &itemTrace{id: itemID}
	err = v.answerTo(ctx, p, req, func(r *run, _ *api.Answer) { out = r.explained(itemID) })
	return out, err
}

// explained turns a run into the answer for one item. When the item is in the list, or another one of its family is, that is all there is
// to say. Otherwise every check is asked anew, not only the first that dropped it, so that whoever mends one reason sees the next.
func (r *run) explained(itemID string) api.ExplainAnswer {
	out := api.ExplainAnswer{
		ItemID: itemID, Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version, ModelVersions: r.used, Degraded: r.degraded,
		Rank: r.trace.rank, Total: r.trace.total,
	}
	r.read(func(v *catalogue.View) { out.RecommendedInstead = r.instead(v, itemID) })
	family := r.familyKey(itemID)
	for _, item := range r.itemsWith("full") {
		if r.familyKey(item.ItemID) == family {
			out.Included, out.Stage, out.Item = true, explanation.StageShown, &item
			if out.RecommendedInstead = ""; item.ItemID != itemID && item.VariantID != itemID {
				out.RecommendedInstead = item.ItemID
			}
			return out
		}
		out.LowestScore = item.Score
	}
	w := r.trace
	r.read(func(v *catalogue.View) {
		i := v.Find(itemID)
		if i < 0 || v.Item(i) == nil {
			out.Stage = explanation.StageCatalogue
			return
		}
		out.Dropped = newChecks(r, v).All(recommendedAs(v, i))
	})
	if out.Stage == "" {
		out.Stage = w.stage(out.Dropped)
	}
	out.Detail = explanation.Detail(out.Stage)
	if w.proposed {
		out.Score, out.Tier, out.Explanation = w.score, w.tier, explanation.Of(w.base, w.contributions, w.boosts)
	}
	return out
}

// familyKey returns the id of the product that an id means; the id itself when the catalogue does not know it.
func (r *run) familyKey(id string) string {
	r.read(func(v *catalogue.View) {
		if i := v.Find(id); i >= 0 {
			id = v.ID(v.Head(i))
		}
	})
	return id
}

// recommendedAs returns the product of an item, or the item itself when it is none's.
func recommendedAs(v *catalogue.View, i int32) *catalogue.Item {
	if it := v.Item(v.Head(i)); it != nil {
		return it
	}
	return v.Item(i)
}

// instead names the item that is shown where another one is asked for; "" when that is the same.
func (r *run) instead(v *catalogue.View, id string) string {
	i := v.Find(id)
	if i < 0 || v.Item(i) == nil {
		return ""
	}
	if it := recommendedAs(v, i); it.ID != id {
		return it.ID
	}
	return ""
}

// stage names the first stage that dropped the item. dropped are the checks that drop it, in
// their order. An item that passes all of them was outdone by others.
func (w *itemTrace) stage(dropped []string) string {
	switch {
	case !w.proposed:
		return explanation.StageCandidates
	case w.score <= 0:
		return explanation.StageScore
	case len(dropped) > 0:
		return dropped[0]
	case w.limit != "":
		return w.limit
	}
	return explanation.StageRank
}

// observe notes what a plan made of the explained item: of the first plan that proposes it. It does nothing when no item is explained.
func (r *run) observe(p *plan, s *selection) {
	if r.trace == nil || r.trace.proposed {
		return
	}
	i := s.view.Find(r.trace.id)
	if i < 0 || s.view.Item(i) == nil {
		return
	}
	it, b := recommendedAs(s.view, i), s.scores
	if !b.Has(it.Index) {
		return
	}
	w := r.trace
	w.proposed, w.base = true, b.Score(it.Index)
	w.score, w.boosts = s.factors.Score(it, w.base), s.factors.Boosts(it, w.base)
	w.limit = s.limits.Forbidding(it)
	w.contributions = p.contributions(nil, b.Trace([]int32{it.Index}, nil)[0])
	w.tier = explanation.Tier(w.contributions)
	w.rank, w.total = s.place(b, it, w.score)
}

// place returns the place of an item by score among the candidates that may be shown, ties by item id, and how many these are; 0 for an
// item that is none of them.
func (s *selection) place(b *candidate.Blend, traced *catalogue.Item, score float64) (rank, total int) {
	items, scores := b.Candidates()
	before := 0
	for slot, i := range items {
		it := s.view.Item(i)
		if it == nil || s.checks.FirstButPlaced(it) != "" {
			continue
		}
		other := s.factors.Score(it, scores[slot])
		if other <= 0 {
			continue
		}
		total++
		switch {
		case i == traced.Index:
			rank = 1
		case other > score || other == score && s.view.ID(i) < s.view.ID(traced.Index):
			before++
		}
	}
	if rank > 0 {
		rank += before
	}
	return rank, total
}
