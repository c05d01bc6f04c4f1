package recommend

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/cursor"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
	"github.com/aisle-rec/aisle/shared/stages"
	"github.com/aisle-rec/aisle/shared/wire"
)

// Every answer goes one way, whether it is a list, a placement of a page, a row, one side of a preview, an explanation or a replay:
//
//	question → visitor → retrieve → score → filter → rerank → fill → answer
//
// What differs is what stands in the visit and what is done with the run at the end.

// visit is what one call wants to know about one visitor, who is read once.
type visit struct {
	engine  *Engine
	shop    *catalogue.Shop
	now     time.Time
	end     time.Time     // by when the answer is due; zero for one that nobody waits for
	nonces  func() uint64 // one for each question
	atHand  bool          // its answers wait for nobody: too many are being made at once
	release func()        // gives the turn of one at hand to the next; nil before it has one
	seeds   int           // so many of the latest items of a visitor are seeds
	past    *inputs       // of the decision that is made again
	trace   *itemTrace    // the item that is to be explained
	taken   []string      // what the placements before have shown
	person  *person       // nil before the first question
}

// visit begins one that reads the visitor as of now.
func (e *Engine) visit(shop string, now time.Time) *visit {
	return &visit{engine: e, shop: e.Catalogue.Shop(shop), now: wire.TimeOf(now).Time, nonces: rand.Uint64, seeds: seedLimit}
}

// answerTo takes one question all the way to its answer. use is given the run while its memory is its own.
func (v *visit) answerTo(ctx context.Context, p Placement, req *api.Request, use func(*run, *api.Answer)) error {
	r, err := v.open(ctx, p, req)
	if err != nil {
		return err
	}
	defer r.close()
	r.add(ctx, r.scenario.Sources, true)
	for _, kind := range r.fallbacks() { // fill
		if len(r.picks) >= r.limit() {
			r.more = true // as far as is known: nobody has asked this source
			break
		}
		r.add(ctx, []api.Source{{Kind: kind, Weight: r.weightBelow()}}, false)
	}
	r.pin()
	a := r.answer()
	use(r, &a)
	return nil
}

// open is the way as far as the visitor: the question, who asks it, and what follows from both. The caller closes the run.
func (v *visit) open(ctx context.Context, p Placement, req *api.Request) (*run, error) {
	before, err := cursor.Parse(req)
	if err != nil {
		return nil, err
	}
	r := &run{
		question: question{
			visit: v, nonce: v.nonces(), scenario: p.Scenario, derived: p.Derived,
			rules: rules.InOrder(p.Shared, p.Scenario.Rules), arm: p.Arm, models: p.Models, req: req, before: before,
		},
		draft: draft{used: map[string]string{}},
	}
	if v.person == nil {
		defer stages.Of(ctx).Begin("visitor")()
		v.person = r.whoAsks(ctx)
		if v.atHand {
			v.release = v.engine.admission.Take()
		}
	}
	r.person = v.person
	r.scratch = v.engine.memory()
	r.picks = r.scratch.picks[:0]
	r.resolve()
	r.count(ctx)
	return r, nil
}

// close gives the working memory to later requests: nothing of it may be used afterwards, which is why answers copy what they show.
func (r *run) close() {
	r.scratch.picks = r.picks
	r.engine.scratch.Put(r.scratch)
}

// add picks the best of what some sources propose, until the list is full. first tells the scenario's own sources from its fallbacks, among
// which nothing is explored. It may wait for peers; all that reads the catalogue happens under one view.
func (r *run) add(ctx context.Context, sources []api.Source, first bool) {
	parts := stages.Of(ctx)
	retrieved := parts.Begin("candidates")
	p := r.retrieve(ctx, sources)
	retrieved()
	if p.empty() {
		return
	}
	defer parts.Begin("rank")()
	r.read(func(v *catalogue.View) {
		s := newSelection(r, v)
		s.score(p)
		from := len(r.picks)
		s.rerank(first) // which filters what it looks at
		r.attribute(p, s, r.picks[from:])
		r.observe(p, s)
	})
}
