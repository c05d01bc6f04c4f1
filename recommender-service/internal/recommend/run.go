package recommend

import (
	"slices"

	"github.com/aisle-rec/aisle/recommender-service/internal/affinity"
	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/cursor"
	"github.com/aisle-rec/aisle/recommender-service/internal/decision"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	"github.com/aisle-rec/aisle/recommender-service/internal/factor"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	"github.com/aisle-rec/aisle/recommender-service/internal/rerank"
	"github.com/aisle-rec/aisle/recommender-service/internal/rotation"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
	"github.com/aisle-rec/aisle/recommender-service/internal/visitor"
	api "github.com/aisle-rec/aisle/shared/recommenderapi"
)

// question is what is asked for one placement. Nothing changes it on its way.
type question struct {
	*visit
	nonce    uint64
	scenario *api.Scenario
	derived  bool          // no stored version says what the scenario is
	rules    []rules.Named // those of all scenarios, then the scenario's own
	arm      api.Arm
	models   map[string]string // versions other than the live ones
	req      *api.Request
	before   cursor.Page // what earlier pages showed
}

// person is who asks, the same for all questions of a visit.
type person struct {
	visitor  *visitor.Visitor
	profiled bool                 // the profile-service, or what is remembered of it, says who it is
	stale    bool                 // the visitor is as it was read before: the profile-service did not answer in time
	missing  string               // what could not help to know him
	likes    *affinity.Affinities // made when first asked for
	bands    map[string]float64   // that he likes; likewise
}

// draft is the list that is being made, and what it is made from.
type draft struct {
	cart        []string
	seed        *catalogue.Item // the page's first item
	seedProduct *catalogue.Item // of a variant: its product's row; nil for none
	shown       []rotation.List // what rotation lowers
	picks       []pick
	more        bool              // candidates were left over
	used        map[string]string // relation → model version
	popular     []decision.PopularInput
	mean        float64             // that the objective compares with
	viewed      *candidate.Row      // how often items are looked at; nil when nothing goes by it, or it is not known
	converted   *factor.Conversions // nil without the objective, or when nothing is known
	newestSeq   int64               // of the catalogue when the list of newest items was made
	sequence    int64               // of the catalogue when it was read last
	degraded    []string
	unfound     bool       // the words of the request find no item
	acted       [][]string // by item of the answer: the rules that acted on it
}

// run is one question under way.
type run struct {
	question
	*person
	draft
	scratch *scratch
}

// pick is an item that has its place in the answer.
type pick struct {
	index int32
	base  float64
	score float64
	// tier is what the item stands for, "personal" to "popular", "pinned" or "exploration".
	tier   string
	reason string // for an item that is here for another reason than its score
	// rule is the id of the rule that pinned it, as the reason's value.
	rule          string
	ruleName      string                     // of the rule that pinned it, in explanations
	contributions []explanation.Contribution // in the scratch memory
	boosts        []api.Boost
	// variant is the index plus 1 of the variant that it is about; 0 for none.
	variant int32
}

// scratch is the working memory of one request, reused by later ones.
type scratch struct {
	blend candidate.Blend
	queue rerank.Queue
	marks []*filter.Table
	used  int // so many of the tables

	picks         []pick
	shortlist     []*catalogue.Item
	scored        []rerank.Item
	chooser       rerank.Chooser
	indices       []int32
	traced        [][]candidate.Contribution // of the picks of one plan
	contributions []explanation.Contribution // of all picks
}

// table returns an empty table, which is the request's until its end.
func (s *scratch) table() *filter.Table {
	if s.used == len(s.marks) {
		s.marks = append(s.marks, &filter.Table{})
	}
	t := s.marks[s.used]
	t.Clear()
	s.used++
	return t
}

// memory returns working memory that no other request uses.
func (e *Engine) memory() *scratch {
	s, ok := e.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	s.used, s.contributions = 0, s.contributions[:0]
	return s
}

// degrade notes a peer that could not help, once.
func (r *run) degrade(name string) {
	if at, found := slices.BinarySearch(r.degraded, name); !found {
		r.degraded = slices.Insert(r.degraded, at, name)
	}
}

// limit is how many items the answer is to have.
func (r *run) limit() int {
	if r.req.Limit > 0 {
		return r.req.Limit
	}
	return r.scenario.Limit
}

// fallbacks are the kinds of source that fill what is left, in order; none when the request is strict about it.
func (r *run) fallbacks() []string {
	if r.req.Fallback == "strict" {
		return nil
	}
	return r.scenario.Fallback
}

// weightBelow is the weight of a fallback: its best candidate scores half of the lowest item
// above, so that tiers stay in order. With nothing above it is 1.
func (r *run) weightBelow() float64 {
	lowest := 2.0
	for n := range r.picks {
		if s := r.picks[n].score; s > 0 {
			lowest = min(lowest, s)
		}
	}
	return lowest / 2
}

// diversity is between 0, by score alone, and 1; a request may set it, also to 0.
func (r *run) diversity() float64 {
	if r.req.Diversity != nil {
		return *r.req.Diversity
	}
	return r.scenario.Diversity
}

// read shows the catalogue as it is, or as it was when a decision is replayed.
func (r *run) read(f func(*catalogue.View)) {
	if r.past != nil && r.past.sequence >= 0 {
		r.shop.ReadAt(r.past.sequence, f)
		return
	}
	r.shop.Read(f)
}
