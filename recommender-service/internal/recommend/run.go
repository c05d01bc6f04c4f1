package recommend

import (
	"context"
	"slices"
	"time"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/rerank"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// scratch is the working memory of one request, reused by later ones.
type scratch struct {
	blend candidate.Blend
	queue queue
	marks []*markTable
	used  int // so many of the tables

	picks     []pick
	shortlist []*catalogue.Item
	scored    []rerank.Item
	chooser   rerank.Chooser
	indices   []int32
	traced    [][]candidate.Share // of the picks of one plan
	shares    []share             // of all picks
}

// begin makes the memory a new request's.
func (s *scratch) begin() { s.used, s.shares = 0, s.shares[:0] }

// table returns an empty table, which is the request's until its end.
func (s *scratch) table() *markTable {
	if s.used == len(s.marks) {
		s.marks = append(s.marks, &markTable{})
	}
	t := s.marks[s.used]
	t.clear()
	s.used++
	return t
}

// run is one request under way.
type run struct {
	engine   *Engine
	shop     *catalogue.Shop
	scenario *api.Scenario
	rules    []ruleOf // those of all scenarios, then the scenario's own
	req      *api.Request
	now      time.Time
	nonce    uint64
	scratch  *scratch
	inputs   *Inputs // of the past, when a decision is replayed
	arm      api.Arm
	models   map[string]string // versions other than the live ones
	derived  bool              // no stored version says what the scenario is
	taken    []string          // items of earlier placements of the page
	profiled bool              // the profile was read

	atHand bool        // the answer waits for nobody: too many are being made at once
	likes  *affinities // made when first asked for
	stale  bool        // the visitor is as it was read before: the profile-service did not answer in time

	visitor     *visitor.Visitor
	cart        []string
	seed        *catalogue.Item // the page's first item
	seedProduct *catalogue.Item // of a variant: its product's row; nil for none
	before      page            // what earlier pages showed
	shown       []Shown
	picks       []pick
	more        bool              // candidates were left over
	used        map[string]string // relation → model version
	popular     []PopularInput
	degraded    []string
	watch       *watch     // the item that an explanation is about
	sequence    int64      // of the catalogue when it was read last
	acted       [][]string // by item of the answer: the rules that acted on it
	mean        float64    // that the objective compares with
	newestSeq   int64      // of the catalogue when the list of newest items was made
}

// pick is an item that has its place in the answer.
type pick struct {
	index    int32
	base     float64
	score    float64
	tier     string
	reason   string // for an item that is here for another reason than its score
	rule     string
	ruleName string  // of the rule that pinned it, in explanations
	shares   []share // in the scratch memory
	boosts   []api.Boost
	// variant is the index plus 1 of the variant that it is about; 0 for none.
	variant int32
}

// share is a contribution with the kind of source that its term comes from.
type share struct {
	candidate.Share
	source string
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

// rank fills the list: first from the scenario's sources blended, then from its fallbacks one after the other, and puts pinned items in place.
func (r *run) rank(ctx context.Context) {
	r.used, r.picks = map[string]string{}, r.scratch.picks[:0]
	r.take(r.gather(ctx, r.scenario.Sources), true)
	for _, kind := range r.fallbacks() {
		if len(r.picks) >= r.limit() {
			break
		}
		r.take(r.gather(ctx, []api.Source{{Kind: kind, Weight: r.weightBelow()}}), false)
	}
	r.pin()
	r.scratch.picks = r.picks
}

func (r *run) fallbacks() []string {
	if r.req.Fallback == "strict" {
		return nil
	}
	return r.scenario.Fallback
}

// weightBelow is the weight of a fallback: its best candidate scores half of the lowest item above, so that tiers stay in order.
func (r *run) weightBelow() float64 {
	lowest := 2.0
	for n := range r.picks {
		if s := r.picks[n].score; s > 0 {
			lowest = min(lowest, s)
		}
	}
	return lowest / 2
}

// read shows the catalogue as it is, or as it was when a decision is replayed.
func (r *run) read(f func(*catalogue.View)) {
	if r.inputs != nil && r.inputs.sequence >= 0 {
		r.shop.ReadAt(r.inputs.sequence, f)
		return
	}
	r.shop.Read(f)
}

// take ranks the candidates of a plan and picks the best that may be shown, until the list is full.
func (r *run) take(p *plan, first bool) {
	if p.empty() {
		return
	}
	r.read(func(v *catalogue.View) {
		s := newSelection(r, v)
		b := &r.scratch.blend
		p.blend(b, v, s.heads)
		s.fill(b)
		r.choose(p, s, first)
		r.observe(p, s, b)
	})
}

// choose picks from the candidates of a selection.
func (r *run) choose(p *plan, s *selection, first bool) {
	from := len(r.picks)
	if lambda := r.diversity(); lambda > 0 {
		s.pickDiverse(lambda)
	} else {
		s.pickBest()
	}
	if first {
		s.explore(from)
	}
	r.sequence = s.view.Sequence()
	r.more = r.more || s.queue.len() > 0
	r.attribute(p, s, r.picks[from:])
}

func (r *run) diversity() float64 {
	if r.req.Diversity != nil {
		return *r.req.Diversity
	}
	return r.scenario.Diversity
}

// attribute finds the contributions of the picks and the tier of each: that of its largest contribution.
func (r *run) attribute(p *plan, s *selection, picks []pick) {
	scratch := r.scratch
	scratch.indices = scratch.indices[:0]
	for n := range picks {
		scratch.indices = append(scratch.indices, picks[n].index)
	}
	scratch.traced = s.scores.Trace(scratch.indices, scratch.traced)
	for n := range picks {
		from := len(scratch.shares)
		scratch.shares = p.shares(scratch.shares, scratch.traced[n])
		picks[n].shares = scratch.shares[from:len(scratch.shares):len(scratch.shares)]
		if picks[n].tier == "" {
			picks[n].tier = tierOfShares(picks[n].shares)
		}
		picks[n].boosts = s.boostsOf(s.view.Item(picks[n].index), picks[n].base)
	}
}

// shares appends contributions to kept.
func (p *plan) shares(kept []share, found []candidate.Share) []share {
	for _, f := range found {
		kept = append(kept, share{f, p.sources[f.Term.Source].kind})
	}
	return kept
}

// tierOfShares names the tier of the largest contribution.
func tierOfShares(shares []share) string {
	tier, largest := "", 0.0
	for k := range shares {
		if s := &shares[k]; k == 0 || s.Value > largest {
			largest, tier = s.Value, tierOf(s.source)
		}
	}
	return tier
}
