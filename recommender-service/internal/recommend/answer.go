package recommend

import (
	"math"
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// reasonsShown is how many reasons an item has at most: a card has room for a line or two.
const reasonsShown = 2

// items writes the picks as the request wants them explained.
func (r *run) items() []api.RecommendedItem { return r.itemsWith(r.req.Explain) }

// itemsWith writes the picks, after looking once more whether each may be sold: the catalogue
// may have changed since they were picked, and what is no longer sold leaves the list shorter.
// explain is "none", "reasons" or "full". It sets r.acted.
func (r *run) itemsWith(explain string) []api.RecommendedItem {
	list := make([]api.RecommendedItem, 0, len(r.picks))
	var acted [][]string
	names := distinct(r.req.Fields)
	values := make(api.Fields, 0, len(names)*len(r.picks)) // of all items, one behind the other
	r.read(func(v *catalogue.View) {
		offers := r.offers(v)
		for n := range r.picks {
			p := &r.picks[n]
			f, ok := offers.of(p)
			if !ok {
				continue
			}
			from := len(values)
			values = appendFields(values, &f, names, r.req.Market)
			item := api.RecommendedItem{
				ItemID: f.shown.ID, Position: len(list) + 1, Score: p.score, Tier: p.tier, Fields: values[from:len(values):len(values)],
			}
			if f.variant != nil {
				item.FamilyID = v.ID(p.index)
				if f.variant != f.shown {
					item.VariantID = f.variant.ID
				}
			}
			if explain != "none" {
				item.Reasons = r.titled(v, reasons(p))
			}
			if explain == "full" {
				item.Explanation = explanation(p)
			}
			list, acted = append(list, item), append(acted, p.actedOn())
		}
	})
	r.acted = acted
	return list
}

// actedOn names the rules that pinned an item or changed its score; other factors, such as
// rotation, are none.
func (p *pick) actedOn() (names []string) {
	if p.ruleName != "" {
		names = append(names, p.ruleName)
	}
	for n := range p.boosts {
		if name := p.boosts[n].Source; rules.IsName(name) {
			names = append(names, name)
		}
	}
	return names
}

// reasons names the sources that did most for an item, the largest contribution first.
func reasons(p *pick) []api.Reason {
	list := make([]api.Reason, 0, reasonsShown)
	if p.reason != "" {
		list = append(list, api.Reason{Code: p.reason, Value: p.rule})
	}
	above := math.Inf(1) // the value of the contribution before; among equal ones the first comes first
	for at := -1; len(list) < reasonsShown; {
		if at = nextLargest(p.contributions, above, at); at < 0 {
			break
		}
		above = p.contributions[at].Value
		if reason := reasonOf(&p.contributions[at]); !slices.Contains(list, reason) {
			list = append(list, reason)
		}
	}
	return list
}

// titled adds the titles of the items that reasons name. One that is hidden, or not published yet, keeps its title to itself: whoever knows
// its id may be a page.
func (r *run) titled(v *catalogue.View, list []api.Reason) []api.Reason {
	nowMs := r.now.UnixMilli()
	for n := range list {
		if list[n].ItemID == "" {
			continue
		}
		i := v.Find(list[n].ItemID)
		if i < 0 || v.Item(i) == nil {
			continue
		}
		public := true
		for _, it := range [...]*catalogue.Item{v.Item(i), v.Item(v.Head(i))} {
			public = public && (it == nil || it.Status == catalogue.Active && it.PublishedMs <= nowMs)
		}
		if public {
			list[n].Title = titleOf(v, i)
		}
	}
	return list
}

// nextLargest returns the place of the largest positive share behind the one at the given place in falling order of value, ties by place;
// −1 for none.
func nextLargest(contributions []contribution, value float64, at int) int {
	best := -1
	for k := range contributions {
		v := contributions[k].Value
		if v > 0 && (v < value || v == value && k > at) && (best < 0 || v > contributions[best].Value) {
			best = k
		}
	}
	return best
}

// reasonOf says in words of the API why a contribution exists: by the source that proposed the item, and for the visitor's
// own history by what he did to the seed. A shop shows it as "because you viewed …".
func reasonOf(s *contribution) api.Reason {
	switch s.source {
	case api.SourceHistory, api.SourceSession:
		return api.Reason{Code: because(s.Term.Seed.EventType), ItemID: s.Term.Seed.ItemID}
	case api.SourceContextSimilar:
		return api.Reason{Code: "similar_to", ItemID: s.Term.Seed.ItemID}
	case api.SourceContextTogether:
		return api.Reason{Code: "bought_together_with", ItemID: s.Term.Seed.ItemID}
	case api.SourceContextNext:
		return api.Reason{Code: "viewed_after", ItemID: s.Term.Seed.ItemID}
	case api.SourceCart:
		return api.Reason{Code: "goes_with_cart", ItemID: s.Term.Seed.ItemID}
	case api.SourceQuery:
		if s.Term.Seed.ItemID != "" {
			return api.Reason{Code: "similar_to", ItemID: s.Term.Seed.ItemID}
		}
		return api.Reason{Code: "matches_search"}
	case api.SourceBuyAgain, api.SourceRecentlyViewed:
		return api.Reason{Code: s.source, ItemID: s.Term.Seed.ItemID}
	case api.SourceAffinityCategory, api.SourceCategory:
		return api.Reason{Code: "popular_in_category", Value: s.Term.Seed.Category}
	}
	return api.Reason{Code: s.source}
}

// because names what the visitor did with a seed.
func because(eventType string) string {
	switch eventType {
	case "purchase", "refund":
		return "because_you_bought"
	case "add_to_cart":
		return "because_in_your_cart"
	case "add_to_wishlist":
		return "because_on_your_wishlist"
	case "like", "rate", "share":
		return "because_you_liked"
	}
	return "because_you_viewed"
}

// explanation copies what a pick's score is made of: its contributions live in memory that the
// next request uses.
func explanation(p *pick) *api.Explanation {
	e := &api.Explanation{BaseScore: p.base, Boosts: p.boosts, Contributions: make([]api.ScoreContribution, len(p.contributions))}
	for k := range p.contributions {
		s := &p.contributions[k]
		seed := &s.Term.Seed
		e.Contributions[k] = api.ScoreContribution{
			Source: s.source, SeedItemID: seed.ItemID, Category: seed.Category, EventType: seed.EventType, AgeHours: seed.AgeHours,
			SeedWeight: seed.Weight,
			Factor:     s.Term.Factor, Similarity: float64(s.Raw), Value: s.Value,
		}
	}
	return e
}

// appendFields appends those of the named fields that an item has as it is offered, with the prices of a market.
func appendFields(list api.Fields, f *offer, names []string, m *api.Market) api.Fields {
	for _, name := range names {
		if v, ok := f.field(name, m); ok {
			list = append(list, api.Field{Name: name, Value: v})
		}
	}
	return list
}

// distinct returns the names without those that come again, in their order. The given list is
// not changed.
func distinct(names []string) []string {
	for n := range names {
		if slices.Contains(names[:n], names[n]) {
			return distinct(slices.Delete(slices.Clone(names), n, n+1))
		}
	}
	return names
}

// answer puts the picked items into the form that is sent. The recommendation id is signed, so
// that a click can name it, and holds moment, nonce and a digest of the models: a replay draws
// the same numbers.
func (r *run) answer() api.Answer {
	state := r.shop.State()
	// The replica answers from what it has, which may be old: the feed of changes is broken.
	if !state.Following {
		r.degrade(peers.Catalogue)
	}
	id := trackingid.ID{
		At: r.now, Nonce: r.nonce, Models: trackingid.ModelsDigest(r.used), Scenario: r.scenario.ScenarioID,
		ScenarioVersion: r.scenario.Version,
		Experiment:      r.arm.ExperimentID, Arm: r.arm.Arm,
	}
	a := api.Answer{
		RecommendationID: r.engine.IDs.Sign(r.shop.Name, id), Scenario: r.scenario.ScenarioID, ScenarioVersion: r.scenario.Version,
		ModelVersions: r.used, Items: r.items(),
		NextCursor: r.cursor(), Degraded: r.degraded,
		Freshness: api.Freshness{CatalogueAsOf: wire.TimeOf(state.AsOf), LastEventID: r.visitor.LastEventID},
	}
	if r.arm.ExperimentID != "" {
		arm := r.arm
		a.Experiment = &arm
	}
	if r.profiled {
		a.Freshness.ProfileAsOf, a.Freshness.Stale = wire.TimeOf(r.visitor.AsOf), r.stale
	}
	return a
}

// cursor returns the cursor behind this page; nil when there is nothing more.
func (r *run) cursor() (next *string) {
	if !r.more {
		return nil
	}
	r.read(func(v *catalogue.View) {
		next = r.before.Next(r.req, len(r.picks), func(n int) string { return v.ID(r.picks[n].index) })
	})
	return next
}

// remember keeps what later answers and questions about this one need: figures, what rotation
// lowers, the decision. Nothing of a test.
func (r *run) remember(a *api.Answer) {
	if r.req.Test {
		return
	}
	r.engine.metrics.answered(r, a)
	if k, ok := r.shownKey(); ok {
		items := make([]string, len(a.Items))
		for n := range a.Items {
			items[n] = a.Items[n].ItemID
		}
		r.engine.shown.Add(k, rotation.List{AtMs: r.now.UnixMilli(), Items: items})
	}
	if r.engine.Decided != nil {
		r.engine.Decided(r.shop.Name, r.decision(a), a)
	}
}
