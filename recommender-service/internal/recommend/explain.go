package recommend

import (
	"context"
	"math/rand/v2"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// watch follows one item through the ranking.
type watch struct {
	id       string
	proposed bool
	shares   []share
	tier     string
	base     float64
	score    float64
	boosts   []api.Boost
	limit    string // the limit per value that forbade it
}

// The stages that are no check; the checks are named by newChecker and come between score and limit, in its order.
const (
	stageCatalogue  = "catalogue"
	stageCandidates = "candidates"
	stageScore      = "score"
	stageRank       = "rank"
	stageShown      = "shown"
)

// Explain says why an item is in the answer to a request, or the first stage that dropped it.
func (e *Engine) Explain(ctx context.Context, shop string, p Placement, req *api.Request, itemID string) (api.ExplainAnswer, error) {
	ctx, cancel := withDeadline(ctx, req)
	defer cancel()
	r := e.newRun(shop, p.Scenario, req, e.Now(), rand.Uint64())
	defer func() { e.scratch.Put(r.scratch) }()
	r.arm, r.models, r.watch = p.Arm, p.Models, &watch{id: itemID}
	if err := r.start(ctx); err != nil {
		return api.ExplainAnswer{}, err
	}
	r.rank(ctx)
	return r.explained(itemID), nil
}

func (r *run) explained(itemID string) api.ExplainAnswer {
	out := api.ExplainAnswer{ItemID: itemID, Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version, ModelVersions: r.used, Degraded: r.degraded}
	for _, item := range r.itemsWith("full") {
		if item.ItemID == itemID || item.VariantID == itemID {
			out.Included, out.Stage, out.Item = true, stageShown, &item
			return out
		}
		out.LowestScore = item.Score
	}
	w := r.watch
	r.read(func(v *catalogue.View) {
		i := v.Find(itemID)
		if i < 0 || v.Item(i) == nil {
			out.Stage = stageCatalogue
			return
		}
		it := v.Item(i)
		if it.Head != i {
			out.RecommendedInstead = v.ID(it.Head)
			if head := v.Item(it.Head); head != nil {
				it = head
			}
		}
		out.Dropped = newChecker(r, v).all(it)
	})
	if out.Stage == "" {
		out.Stage = w.stage(out.Dropped)
	}
	out.Detail = detail(out.Stage)
	if w.proposed {
		p := &pick{base: w.base, score: w.score, shares: w.shares, boosts: w.boosts}
		out.Score, out.Tier, out.Explanation = w.score, w.tier, explanation(p)
	}
	return out
}

// stage names the first stage that dropped the item.
func (w *watch) stage(dropped []string) string {
	switch {
	case !w.proposed:
		return stageCandidates
	case w.score <= 0:
		return stageScore
	case len(dropped) > 0:
		return dropped[0]
	case w.limit != "":
		return w.limit
	}
	return stageRank
}

// all names every check that drops the item.
func (c *checker) all(it *catalogue.Item) []string {
	var names []string
	on := c.marked.of(it.Index) &^ c.placed
	for n := range c.checks {
		if k := &c.checks[n]; k.drops(it, on) {
			names = append(names, k.name)
		}
	}
	return names
}

// observe notes what a plan made of the watched item.
func (r *run) observe(p *plan, s *selection, b *candidate.Blend) {
	if r.watch == nil || r.watch.proposed {
		return
	}
	i := s.view.Find(r.watch.id)
	if i < 0 || s.view.Item(i) == nil {
		return
	}
	it := s.view.Item(i)
	if head := s.view.Item(it.Head); head != nil {
		it = head
	}
	if !b.Has(it.Index) {
		return
	}
	w := r.watch
	w.proposed, w.base = true, b.Score(it.Index)
	w.score, w.boosts = s.boosted(it, w.base), s.boostsOf(it, w.base)
	w.limit = s.forbidding(it)
	w.shares = p.shares(nil, b.Trace([]int32{it.Index}, nil)[0])
	w.tier = tierOfShares(w.shares)
}

// detail says what a stage means.
func detail(stage string) string {
	switch stage {
	case stageCatalogue:
		return "The catalogue has no such item."
	case stageCandidates:
		return "No source of the scenario proposed it: it is not near anything that the visitor did, and not on the popularity lists."
	case stageScore:
		return "Its score is not positive: what the visitor disliked outweighs the rest."
	case "context":
		return "It is an item of the page itself."
	case "cart":
		return "It is in the cart."
	case "excluded":
		return "The request excludes it."
	case "seen":
		return "The visitor has already looked at it, and the scenario leaves that out."
	case "purchased":
		return "The visitor has bought it, and the scenario does not allow purchased items."
	case "event_types":
		return "The visitor has an event of an excluded type on it."
	case "not_interested":
		return "The visitor is not interested in it."
	case "filter":
		return "It does not meet the filter of the request."
	case "scenario_filter":
		return "It does not meet the filter of the scenario."
	case "status":
		return "It is hidden or archived."
	case "unpublished":
		return "It is not published yet."
	case "expired":
		return "It has expired."
	case "out_of_stock":
		return "It is out of stock, or all of its variants are."
	case "market":
		return "It is not sold in the visitor's market."
	case "shown_before":
		return "An earlier page showed it."
	case "elsewhere":
		return "Another placement of the page shows it."
	case "max_per_category", "max_per_brand":
		return "The list already has as many items of its category or brand as the scenario allows."
	case stageRank:
		return "Others scored higher, or were preferred for diversity."
	}
	return "A rule of the scenario dropped it."
}
