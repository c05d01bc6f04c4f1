package recommend

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/trackingid"
	"github.com/aisle-rec/aisle/shared/apierror"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/wire"
)

// items writes the picks as the request wants them explained.
func (r *run) items() []api.RecommendedItem { return r.itemsWith(r.req.Explain) }

// itemsWith writes the picks, after looking once more whether each may be sold: the catalogue may have changed since they were picked, and
// what is no longer sold leaves the list shorter. explain is "none", "reasons" or "full". It sets r.acted.
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
			values = f.AppendFields(values, names, r.req.Market)
			item := api.RecommendedItem{
				ItemID: f.Shown.ID, Position: len(list) + 1, Score: p.score, Tier: p.tier, Fields: values[from:len(values):len(values)],
			}
			if f.Variant != nil {
				item.FamilyID = v.ID(p.index)
				if f.Variant != f.Shown {
					item.VariantID = f.Variant.ID
				}
			}
			if explain != "none" {
				item.Reasons = r.titled(v, explanation.Reasons(api.Reason{Code: p.reason, Value: p.rule}, p.contributions))
			}
			if explain == "full" {
				item.Explanation = explanation.Of(p.base, p.contributions, p.boosts)
			}
			list, acted = append(list, item), append(acted, p.actedOn())
		}
	})
	r.acted = acted
	return list
}

// actedOn names the rules that pinned an item or changed its score; other factors, such as rotation, are none.
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

// distinct returns the names without those that come again, in their order.
func distinct(names []string) (once []string) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// answer puts the picked items into the form that is sent. The recommendation id is signed, so that a click can name it, and holds moment,
// nonce and a digest of the models: a replay draws the same numbers.
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
	if r.unfound {
		a.Warnings = []apierror.FieldError{{
			Pointer: "/q", Code: "nothing_found",
			Detail: "no item has a word of it: the list is that of the scenario's other sources and fallback",
		}}
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

// remember keeps what later answers and questions about this one need: figures, what rotation lowers, the decision. Nothing of a test.
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
