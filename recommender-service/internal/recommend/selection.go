package recommend

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/aisle-rec/aisle/recommender-service/internal/candidate"
	"github.com/aisle-rec/aisle/recommender-service/internal/catalogue"
	"github.com/aisle-rec/aisle/recommender-service/internal/explanation"
	"github.com/aisle-rec/aisle/recommender-service/internal/factor"
	"github.com/aisle-rec/aisle/recommender-service/internal/filter"
	"github.com/aisle-rec/aisle/recommender-service/internal/rerank"
	"github.com/aisle-rec/aisle/recommender-service/internal/rules"
)

const (
	// shortlist is how many candidates per place diversity chooses from, beside a few.
	shortlist     = 4
	shortlistMore = 20
	// explorePool is how many candidates behind the list an explored place is drawn from, per place of the list.
	explorePool = 10
	// lateEvery is how many candidates that may not be shown are looked at between two looks at the clock.
	lateEvery = 256
)

// Model is what an answer says that was made from an older model because the live one is damaged.
const Model = "model"

// Deadline is what an answer says whose candidates were not all looked at before it was due.
const Deadline = "deadline"

// selection picks items from one plan's candidates under one view of the catalogue.
type selection struct {
	r       *run
	view    *catalogue.View
	heads   []int32
	checks  *filter.Checks
	factors factor.List
	limits  rerank.Limits
	queue   *rerank.Queue
	scores  *candidate.Blend
	looked  int // at so many candidates that may not be shown
	left    int // so many that may be shown are not: the next page has them
}

// newSelection begins with what was picked by plans before: it is placed and counts towards the limits.
func newSelection(r *run, v *catalogue.View) *selection {
	s := &selection{r: r, view: v, heads: v.Heads(), checks: newChecks(r, v), queue: &r.scratch.queue}
	s.factors = r.factors(v)
	s.limits = r.limits()
	for n := range r.picks {
		if it := v.Item(r.picks[n].index); it != nil {
			s.limits.Count(it)
		}
	}
	return s
}

// head returns the item recommended in place of one.
func (s *selection) head(i int32) int32 {
	if s.heads == nil {
		return i
	}
	return s.heads[i]
}

// score blends what the sources propose and queues what scores above 0.
func (s *selection) score(p *plan) {
	s.scores = &s.r.scratch.blend
	p.blend(s.scores, s.view, s.heads)
	s.queue.Reset(s.view)
	s.add(s.scores.Candidates())
}

// add queues candidates with their final scores. Factors are applied here, before anything is
// sorted; without any the catalogue is not looked at.
func (s *selection) add(items []int32, scores []float64) {
	for slot, i := range items {
		score := scores[slot]
		if len(s.factors) > 0 && score > 0 {
			if it := s.view.Item(i); it != nil {
				score = s.factors.Score(it, score)
			}
		}
		if score > 0 {
			s.queue.Add(i, score)
		}
	}
}

// next returns the best candidate that may be shown.
func (s *selection) next() (it *catalogue.Item, score float64) {
	for {
		i, score, ok := s.queue.Pop()
		if !ok {
			return nil, 0
		}
		if it := s.view.Item(i); it != nil && s.checks.First(it) == "" {
			return it, score
		}
		if s.looked++; s.looked%lateEvery == 0 && s.r.late() {
			s.r.degrade(Deadline)
			return nil, 0
		}
	}
}

// late reports whether the answer is due.
func (r *run) late() bool { return !r.end.IsZero() && r.engine.Now().After(r.end) }

// rerank picks from the queue, best first or for diversity, and among the first candidates of all explores.
func (s *selection) rerank(first bool) {
	from := len(s.r.picks)
	if lambda := s.r.diversity(); lambda > 0 {
		s.pickDiverse(lambda)
	} else {
		s.pickBest()
	}
	if first {
		s.explore(from)
	}
	s.r.sequence = s.view.Sequence()
	s.r.more = s.r.more || s.left > 0 || s.queue.Len() > 0
}

// pickBest takes candidates by score, leaving out what a limit per value forbids.
func (s *selection) pickBest() {
	for len(s.r.picks) < s.r.limit() {
		it, score := s.next()
		if it == nil {
			return
		}
		if s.limits.Allow(it) {
			s.pick(it, score)
		} else {
			s.left++
		}
	}
}

// pickDiverse takes candidates by score and by how much they differ from those before them; package rerank orders a shortlist of a few
// times as many as there are places. What does not get a place is left for the next page.
func (s *selection) pickDiverse(lambda float64) {
	free := s.r.limit() - len(s.r.picks)
	longest := min(shortlist*free+shortlistMore, s.queue.Len())
	m := s.r.scratch
	m.shortlist, m.scored = m.shortlist[:0], m.scored[:0]
	for len(m.shortlist) < longest {
		it, score := s.next()
		if it == nil {
			break
		}
		m.shortlist = append(m.shortlist, it)
		m.scored = append(m.scored, rerank.Item{Score: score, Levels: it.Levels, Brand: it.Brand})
	}
	for _, place := range m.chooser.Order(m.scored, free, lambda, func(p int) bool { return s.limits.Allow(m.shortlist[p]) }) {
		s.pick(m.shortlist[place], m.scored[place].Score)
		s.left--
	}
	s.left += len(m.shortlist)
}

// pick gives an item the next place.
func (s *selection) pick(it *catalogue.Item, score float64) {
	s.checks.Place(it.Index)
	s.r.picks = append(s.r.picks, pick{index: it.Index, base: s.scores.Score(it.Index), score: score})
}

// explore gives a share of the places, never the first, to candidates from behind the list, drawn by the seed of the request: the less an
// item is looked at in the shop, the likelier. from is where this plan's picks begin.
func (s *selection) explore(from int) {
	share := s.r.scenario.Exploration
	if share <= 0 || len(s.r.picks)-from < 2 {
		return
	}
	random := rand.New(rand.NewPCG(s.r.nonce, 1))
	var pool []pick
	for size := explorePool * (len(s.r.picks) - from); len(pool) < size; {
		it, score := s.next()
		if it == nil {
			break
		}
		pool = append(pool, pick{index: it.Index, base: s.scores.Score(it.Index), score: score, tier: "exploration", reason: "exploration"})
	}
	s.left += len(pool) // one that is drawn leaves the one whose place it takes
	chances := s.r.chances(pool)
	for n := from + 1; n < len(s.r.picks) && len(pool) > 0; n++ {
		if random.Float64() >= share {
			continue
		}
		at := draw(random, chances)
		// The item that gives way leaves room in the limits, and takes it again when the drawn one may not stand there.
		former := s.view.Item(s.r.picks[n].index)
		s.limits.Release(former)
		if it := s.view.Item(pool[at].index); s.limits.Allow(it) {
			s.checks.Place(it.Index)
			s.r.picks[n] = pool[at]
		} else {
			s.limits.Count(former)
		}
		pool, chances = slices.Delete(pool, at, at+1), slices.Delete(chances, at, at+1)
	}
}

// chances weighs what may be explored: 1/(1+v), with v how often an item is looked at in units of the mean of the items of that list. An
// item that is not on it weighs 1, as all do while nothing is known.
func (r *run) chances(pool []pick) []float64 {
	chances := slices.Repeat([]float64{1}, len(pool))
	if r.viewed == nil {
		return chances
	}
	place := make(map[int32]int, len(pool))
	for n := range pool {
		place[pool[n].index] = n
	}
	var total float64
	for _, w := range r.viewed.Weights {
		total += float64(w)
	}
	for n, item := range r.viewed.Items {
		if at, ok := place[item]; ok && total > 0 {
			chances[at] = 1 / (1 + float64(r.viewed.Weights[n])*float64(r.viewed.Len())/total)
		}
	}
	return chances
}

// draw returns the place of one of some weights, each as likely as it weighs.
func draw(random *rand.Rand, weights []float64) int {
	var total float64
	for _, w := range weights {
		total += w
	}
	left := random.Float64() * total
	for n, w := range weights {
		if left -= w; left < 0 {
			return n
		}
	}
	return len(weights) - 1
}

// limits lists the limits per value of the scenario and its rules.
func (r *run) limits() rerank.Limits {
	var list rerank.Limits
	number := func(n int32) (string, bool) { return strconv.Itoa(int(n)), n >= 0 }
	list.Add("max_per_category", r.scenario.MaxPerCategory, func(it *catalogue.Item) (string, bool) { return number(it.Category) })
	list.Add("max_per_brand", r.scenario.MaxPerBrand, func(it *catalogue.Item) (string, bool) { return number(it.Brand) })
	for _, rule := range r.rules {
		if rule.Action == rules.LimitPer && rules.Active(rule.Rule, r.now, r.audience()) {
			list.Add(rule.Name, rule.Max, func(it *catalogue.Item) (string, bool) { return rules.GroupOf(rule.Field, it) })
		}
	}
	return list
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
		from := len(scratch.contributions)
		scratch.contributions = p.contributions(scratch.contributions, scratch.traced[n])
		picks[n].contributions = scratch.contributions[from:len(scratch.contributions):len(scratch.contributions)]
		if picks[n].tier == "" {
			picks[n].tier = explanation.Tier(picks[n].contributions)
		}
		picks[n].boosts = s.factors.Boosts(s.view.Item(picks[n].index), picks[n].base)
	}
}

// contributions appends contributions to kept.
func (p *plan) contributions(kept []explanation.Contribution, found []candidate.Contribution) []explanation.Contribution {
	for _, f := range found {
		kept = append(kept, explanation.Contribution{Contribution: f, Source: p.sources[f.Term.Source].kind})
	}
	return kept
}
