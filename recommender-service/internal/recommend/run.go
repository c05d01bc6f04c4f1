package recommend

import (
	"context"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	"github.com/aisle-rec/aisle/shared/recommenderapi"
)

// scratch is the working memory of one request, reused by later ones.
type scratch struct {
	blend candidate.Blend
	trace candidate.Trace
	queue queue
}

// run is one request under way.
type run struct {
	engine   *Engine
	shop     *catalogue.Shop
	scenario *recommenderapi.Scenario
	req      *recommenderapi.Request
	now      time.Time
	nonce    uint64
	scratch  *scratch

	visitor  *visitor.Visitor
	cart     []string
	picks    []pick
	used     map[string]string // relation → model version
	degraded []string
}

// pick is an item that has its place in the answer.
type pick struct {
	index  int32
	id     string
	score  float64
	base   float64
	tier   string
	shares []share
}

// share is a contribution, kept beyond the scratch memory.
type share struct {
	source     string
	seed       candidate.Seed
	factor     float64
	similarity float32
	value      float64
}

// degrade notes a peer that could not help, once.
func (r *run) degrade(name string) {
	if at, found := slices.BinarySearch(r.degraded, name); !found {
		r.degraded = slices.Insert(r.degraded, at, name)
	}
}

func (r *run) limit() int {
	if r.req.Limit > 0 {
		return r.req.Limit
	}
	return r.scenario.Limit
}

// rank fills the list: first from the scenario's sources blended, then from its fallbacks one after the other.
func (r *run) rank(ctx context.Context) {
	r.used = map[string]string{}
	p := r.gather(ctx, r.scenario.Sources)
	r.take(p)
	if r.req.Fallback == "strict" {
		return
	}
	for _, kind := range r.scenario.Fallback {
		if len(r.picks) >= r.limit() {
			return
		}
		r.take(r.gather(ctx, []recommenderapi.Source{{Kind: kind, Weight: r.weightBelow()}}))
	}
}

// weightBelow is the weight of a fallback: its best candidate scores half of the last item above, so that scores fall along the list.
func (r *run) weightBelow() float64 {
	if n := len(r.picks); n > 0 {
		return r.picks[n-1].score / 2
	}
	return 1
}

// take ranks the candidates of a plan and picks the best that may be shown, until the list is full.
func (r *run) take(p *plan) {
	if len(p.terms) == 0 {
		return
	}
	r.shop.Read(func(v *catalogue.View) {
		head := heads(v)
		b := &r.scratch.blend
		b.Reset(v.Len())
		for _, s := range p.sources {
			b.Add(p.terms[s.from:s.to], s.weight, head)
		}
		c := newChecker(r, v)
		q := &r.scratch.queue
		q.reset(v)
		for _, i := range b.Candidates() {
			if s := b.Score(i); s > 0 {
				q.add(i, s)
			}
		}
		q.build()
		from := len(r.picks)
		for len(r.picks) < r.limit() && q.len() > 0 {
			i, score := q.pop()
			it := v.Item(i)
			if it == nil || c.first(it) != "" {
				continue
			}
			c.placed(it)
			r.picks = append(r.picks, pick{index: i, id: it.ID, score: score, base: score})
		}
		r.attribute(p, v, r.picks[from:], head)
	})
}

// heads returns a function that maps an item to the one recommended in its place.
func heads(v *catalogue.View) func(int32) int32 {
	return func(i int32) int32 {
		if it := v.Item(i); it != nil {
			return it.Head
		}
		return i
	}
}

// attribute finds the contributions of the picks and the tier of each: that of its largest contribution.
func (r *run) attribute(p *plan, v *catalogue.View, picks []pick, head func(int32) int32) {
	indices := make([]int32, len(picks))
	for n := range picks {
		indices[n] = picks[n].index
	}
	t := &r.scratch.trace
	t.Run(p.terms, indices, v.Len(), head)
	for n := range picks {
		found := t.Of(n)
		picks[n].shares = make([]share, len(found))
		largest := 0.0
		for k, f := range found {
			s := p.sources[f.Term.Source]
			picks[n].shares[k] = share{source: s.kind, seed: f.Term.Seed, factor: f.Term.Factor, similarity: f.Raw, value: f.Value}
			if k == 0 || f.Value > largest {
				largest, picks[n].tier = f.Value, tierOf(s.kind)
			}
		}
	}
}
