package recommend

import (
	"cmp"
	"context"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// rankSources score a list that the caller made: what the visitor did, at length and just now.
func rankSources() []api.Source {
	return []api.Source{
		{Kind: api.SourceHistory, Weight: 1}, {Kind: api.SourceSession, Weight: .5}, {Kind: api.SourceAffinityCategory, Weight: .1},
	}
}

// Rank orders a caller's items for a visitor: by falling score, ties and items without a score in the caller's order. All items come back,
// those that cannot be sold marked as such: the list is the shop's. No scenario, rule or rotation takes part, and nothing is remembered.
func (e *Engine) Rank(ctx context.Context, shop string, in *api.RankRequest) (api.RankAnswer, error) {
	req := &api.Request{UserID: in.UserID, SessionID: in.SessionID, Events: in.Events, Consent: in.Consent}
	ctx, v, done := e.admit(ctx, shop, req)
	defer done()
	r, err := v.open(ctx, Placement{Scenario: &api.Scenario{}}, req)
	if err != nil {
		return api.RankAnswer{}, err
	}
	defer r.close()
	p := r.retrieve(ctx, rankSources())
	out := api.RankAnswer{Items: make([]api.RankedItem, len(in.ItemIDs)), ModelVersions: r.used, Degraded: r.degraded}
	r.read(func(v *catalogue.View) {
		s := &selection{r: r, view: v, heads: v.Heads()}
		b := &r.scratch.blend
		p.blend(b, v, s.heads)
		last := filter.Of(v, filter.Invariants(r.now.UnixMilli()))
		heads, contributions := r.traced(p, s, in.ItemIDs)
		for n, id := range in.ItemIDs {
			item := api.RankedItem{ItemID: id, Was: n + 1}
			if heads[n] >= 0 {
				item.Available = last.First(v.Item(v.Find(id))) == "" && shownAtAll(v.Item(heads[n]))
				item.Score = b.Score(heads[n])
				item.Reasons = explanation.Reasons(api.Reason{}, contributions[heads[n]])
			}
			out.Items[n] = item
		}
	})
	slices.SortStableFunc(out.Items, func(a, b api.RankedItem) int { return cmp.Compare(b.Score, a.Score) })
	for n := range out.Items {
		out.Items[n].Position = n + 1
	}
	return out, nil
}

// traced returns for each id the index of the item recommended in its place, −1 for one that the catalogue lacks, and
// the contributions by index.
func (r *run) traced(p *plan, s *selection, ids []string) ([]int32, map[int32][]explanation.Contribution) {
	heads, contributions := make([]int32, len(ids)), map[int32][]explanation.Contribution{}
	var distinct []int32
	for n, id := range ids {
		heads[n] = catalogue.None
		if i := s.view.Find(id); i >= 0 && s.view.Item(i) != nil {
			heads[n] = s.head(i)
			if _, have := contributions[heads[n]]; !have {
				contributions[heads[n]] = nil
				distinct = append(distinct, heads[n])
			}
		}
	}
	traced := r.scratch.blend.Trace(distinct, nil)
	for n, head := range distinct {
		contributions[head] = p.contributions(nil, traced[n])
	}
	return heads, contributions
}

// shownAtAll reports whether the product of a variant is not hidden.
func shownAtAll(product *catalogue.Item) bool {
	return product == nil || product.Status == catalogue.Active
}
