package recommend

import (
	"context"
	"slices"
	"sync"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/history"
	"github.com/aisle-rec/aisle/recommender-service/internal/neighbourcache"
	"github.com/aisle-rec/aisle/recommender-service/internal/peers"
	"github.com/aisle-rec/aisle/shared/profileapi"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/similarityapi"
)

// plan is what several sources propose, in a fixed order.
type plan struct{ sources []planSource }

// planSource is one source with the terms that it found; its place in the plan is the Source of its terms.
type planSource struct {
	kind   string
	weight float64
	terms  []candidate.Term
}

// empty reports whether no source found anything.
func (p *plan) empty() bool {
	return !slices.ContainsFunc(p.sources, func(s planSource) bool { return len(s.terms) > 0 })
}

// blend puts the terms of every source into an empty blend, in the order of the plan: sums of floats depend on it.
func (p *plan) blend(b *candidate.Blend, v *catalogue.View, heads []int32) {
	b.Reset(v.Len())
	for _, s := range p.sources {
		b.Add(s.terms, s.weight, heads)
	}
}

// retrieved is what one source found.
type retrieved struct {
	terms    []candidate.Term
	relation string // whose model was used; "" for none
	version  string
	failed   string // the peer that could not help
	unfound  bool   // the words of the request find no item
	popular  []decision.PopularInput
	wait     func() retrieved // for a source that has not everything at hand; then the rest is empty
}

// contextLimit is how many items of a page or cart are seeds.
const contextLimit = 10

// retrieve asks the sources and puts what they found in the order of the list. Those that have to wait for a peer wait at the same time,
// one of them in this goroutine; when the answer is made from what is at hand, they are left out and the answer says so. It notes which
// models and lists were used.
func (r *run) retrieve(ctx context.Context, list []api.Source) *plan {
	results := make([]retrieved, len(list))
	var waiting []int
	for n := range list {
		switch results[n] = r.retrieveFrom(ctx, &list[n]); {
		case results[n].wait == nil:
		case r.atHand:
			results[n] = retrieved{failed: Overload}
		default:
			waiting = append(waiting, n)
		}
	}
	if len(waiting) > 0 {
		var waitGroup sync.WaitGroup
		for _, n := range waiting[1:] {
			waitGroup.Go(func() { results[n] = results[n].wait() })
		}
		results[waiting[0]] = results[waiting[0]].wait()
		waitGroup.Wait()
	}
	p := &plan{sources: make([]planSource, len(list))}
	for n, s := range results {
		if s.failed != "" {
			r.degrade(s.failed)
		}
		r.unfound = r.unfound || s.unfound
		if s.version != "" {
			r.used[s.relation] = s.version
			if r.past == nil && r.engine.Peers.FellBack(r.shop.Name, s.relation) {
				r.degrade(Model)
			}
		}
		r.popular = append(r.popular, s.popular...)
		for t := range s.terms {
			s.terms[t].Source = n
		}
		p.sources[n] = planSource{list[n].Kind, list[n].Weight, s.terms}
	}
	return p
}

// retrieveFrom has one source find its candidates, or say how to wait for them. A kind that is
// none of those named here is a list of what is popular in the whole shop.
func (r *run) retrieveFrom(ctx context.Context, source *api.Source) retrieved {
	switch source.Kind {
	case api.SourceHistory:
		h := r.historySeeds()
		return r.neighbours(ctx, similarityapi.Similar, h.List, h.Weigh)
	case api.SourceSession:
		return r.next(ctx)
	case api.SourceContextSimilar:
		return r.neighbours(ctx, similarityapi.Similar, r.contextSeeds(r.req.ContextItems), nil)
	case api.SourceContextTogether:
		return r.neighbours(ctx, similarityapi.BoughtTogether, r.contextSeeds(r.req.ContextItems), nil)
	case api.SourceContextNext:
		return r.neighbours(ctx, similarityapi.ViewedNext, r.contextSeeds(r.req.ContextItems), nil)
	case api.SourceCart:
		return r.neighbours(ctx, similarityapi.BoughtTogether, r.contextSeeds(r.cart), nil)
	case api.SourceQuery:
		return r.query(ctx)
	case api.SourceRecentlyViewed:
		return r.own(func(v *catalogue.View) []candidate.Term { return history.RecentlyViewed(v, r.visitor) })
	case api.SourceBuyAgain:
		return r.own(func(v *catalogue.View) []candidate.Term { return history.BuyAgain(v, r.visitor, r.now) })
	case api.SourceAffinityCategory:
		return r.popularIn(ctx, source, affinity.Liked(r.affinity().Categories))
	case api.SourceCategory:
		return r.popularIn(ctx, source, r.pageCategories())
	case api.SourceNewest:
		return r.newest()
	}
	return r.popularIn(ctx, source, []profileapi.AffinityValue{{Weight: 1}})
}

// historySeeds lists what the visitor did.
func (r *run) historySeeds() (h *history.Seeds) {
	r.read(func(v *catalogue.View) { h = history.SeedsOf(v, r.visitor, r.seeds) })
	return h
}

// own is what a visitor's own items are candidates for, without a look at what others do.
func (r *run) own(find func(*catalogue.View) []candidate.Term) (s retrieved) {
	r.read(func(v *catalogue.View) { s.terms = find(v) })
	return s
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

// neighbours makes a term of the list of every seed. weigh, if there is one, weighs the seeds as the model of a list wants them.
func (r *run) neighbours(
	ctx context.Context, relation string, seeds []candidate.Seed, weigh func(*similarityapi.Seeding) []float64,
) retrieved {
	if len(seeds) == 0 {
		return retrieved{}
	}
	ids := make([]string, len(seeds))
	for n := range seeds {
		ids[n] = seeds[n].ItemID
	}
	model := r.model(relation)
	lists := r.engine.Peers.Neighbours(ctx, r.shop, model, ids)
	found := func(err error) retrieved {
		s := retrieved{relation: relation, terms: make([]candidate.Term, 0, len(seeds))}
		if err != nil {
			s.failed = peers.Similarity
		}
		var weights []float64
		var of similarityapi.Seeding // by which weights are
		for n, e := range lists.Entries {
			if e == nil || r.past != nil && e.Version != r.pinned(relation) { // a model that came later said nothing then
				continue
			}
			s.terms = append(s.terms, candidate.Term{Seed: seeds[n], Row: &e.Row})
			s.version = e.Version
			if weigh == nil || e.Seeding == nil {
				continue
			}
			if weights == nil || *e.Seeding != of { // all but always all lists are of one model
				weights, of = weigh(e.Seeding), *e.Seeding
			}
			s.terms[len(s.terms)-1].Seed.Weight = weights[n]
		}
		return s
	}
	switch {
	case lists.Complete():
	case r.atHand:
		s := found(nil)
		s.failed = Overload
		return s
	default:
		return retrieved{wait: func() retrieved { return found(lists.Fetch(ctx)) }}
	}
	return found(nil)
}

// model returns the model of a relation that the request is answered with.
func (r *run) model(relation string) neighbourcache.Model {
	return r.engine.Peers.Model(r.shop.Name, relation, r.pinned(relation))
}

// next asks what usually follows the items of the session.
func (r *run) next(ctx context.Context) retrieved {
	session := history.Session(r.visitor)
	if len(session) == 0 {
		return retrieved{}
	}
	ids := make([]string, len(session))
	for n := range session {
		ids[len(ids)-1-n] = session[n].ItemID
	}
	found := func(answer *peers.Next) retrieved {
		s := retrieved{relation: similarityapi.ViewedNext, version: answer.Version, terms: make([]candidate.Term, 0, len(answer.Rows))}
		for n := range answer.Rows {
			if answer.Rows[n].Len() == 0 { // a click that a later one on the same item speaks for
				continue
			}
			t := &session[len(session)-1-n]
			s.terms = append(s.terms, candidate.Term{
				Seed: candidate.Seed{ItemID: t.ItemID, EventType: t.Type, AgeHours: t.AgeHours, Weight: 1}, Row: &answer.Rows[n],
			})
		}
		return s
	}
	query := r.engine.Peers.NextItems(r.shop, r.pinned(similarityapi.ViewedNext), ids)
	if answer, ok := query.AtHand(); ok {
		return found(answer)
	}
	return retrieved{wait: func() retrieved {
		answer, err := query.Fetch(ctx)
		if err != nil {
			return retrieved{failed: peers.Similarity}
		}
		return found(answer)
	}}
}

// pageCategories returns the category of the page, or else those of its items.
func (r *run) pageCategories() []profileapi.AffinityValue {
	if r.req.Category != "" {
		return []profileapi.AffinityValue{{Value: r.req.Category, Weight: 1}}
	}
	var list []profileapi.AffinityValue
	r.read(func(v *catalogue.View) {
		for _, id := range r.req.ContextItems[:min(len(r.req.ContextItems), contextLimit)] {
			i := v.Find(id)
			if i < 0 {
				continue
			}
			it := v.Item(i)
			if it == nil || it.Category < 0 { // a variant may leave it to its product
				it = v.Item(v.Head(i))
			}
			if it == nil || it.Category < 0 {
				continue
			}
			name := v.Name(it.Category)
			if !slices.ContainsFunc(list, func(o profileapi.AffinityValue) bool { return o.Value == name }) {
				list = append(list, profileapi.AffinityValue{Value: name, Weight: 1})
			}
		}
	})
	return list
}

// windowOf returns the window of a source: that of its name, or else of best sellers, as the source changes it.
func windowOf(source *api.Source) similarityapi.PopularWindow {
	name := api.SourceBestSellers
	if source.Kind == api.SourceTrending || source.Kind == api.SourcePopular {
		name = source.Kind
	}
	return similarityapi.NewPopularWindow(name, source.HalfLifeHours, source.EventTypes)
}

// popularIn makes a term of the popularity list of each category; "" is the whole shop.
func (r *run) popularIn(ctx context.Context, source *api.Source, categories []profileapi.AffinityValue) retrieved {
	w := windowOf(source)
	find := func() retrieved {
		s := retrieved{}
		for _, c := range categories {
			list, err := r.popularList(ctx, w, c.Value)
			if err != nil {
				s.failed = peers.Similarity
			}
			if list != nil {
				s.popular = append(s.popular, decision.NewPopularInput(w, c.Value, list.AsOf))
			}
			if list != nil && list.Row.Len() > 0 {
				s.terms = append(s.terms, candidate.Term{
					Seed: candidate.Seed{Category: c.Value, Weight: c.Weight / float64(list.Row.Weights[0])}, Row: &list.Row,
				})
			}
		}
		return s
	}
	for _, c := range categories {
		if r.past == nil && !r.engine.Peers.KnowsPopular(r.shop.Name, w, c.Value) {
			return retrieved{wait: find}
		}
	}
	return find()
}

// newest makes a term of the items published last; the weights fall in a line from 1.
func (r *run) newest() retrieved {
	items := r.newestItems()
	row := &candidate.Row{Items: items, Weights: make([]float32, len(items))}
	for n := range row.Weights {
		row.Weights[n] = 1 - float32(n)/float32(len(items))
	}
	return retrieved{terms: []candidate.Term{{Seed: candidate.Seed{Weight: 1}, Row: row}}}
}

// newestItems lists the items published last, or those of then.
func (r *run) newestItems() (items []int32) {
	if r.past == nil || r.past.sequence < 0 {
		items, r.newestSeq = r.shop.Newest()
		return items
	}
	if !r.shop.ReadAt(r.past.decision.NewestSeq, func(v *catalogue.View) { items = v.Newest() }) {
		r.past.lose("the list of the newest items: the catalogue has changed too much since")
	}
	return items
}
