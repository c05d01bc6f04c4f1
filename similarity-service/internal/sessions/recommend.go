package sessions

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-rec/aisle/similarity-service/internal/selection"
)

// Scored is an item of an answer with its score.
type Scored struct {
	Item  int32   `json:"item"`
	Score float64 `json:"score"`
}

// NoSeed marks the contribution of an item that is listed for its popularity alone.
const NoSeed int32 = -1

// Contribution is the part of a score that one seed brought.
type Contribution struct {
	Seed   int32   `json:"seed"`
	Weight float64 `json:"weight"`
}

// smallestScore is below every score that is kept; popular items that fill a list score popularUnit·rank, less than it.
const (
	smallestScore = 0x1p-70
	popularUnit   = 0x1p-90
)

// seed is a distinct known item of the running session at its latest position, latest seed first.
type seed struct {
	item   int32
	weight float64 // for matching sessions
	order  float64 // for the order model, summing to the blend's share
}

// bonus is what one seed adds to one item outside both models: for the return to an item of the running session.
type bonus struct {
	seed   int // place in scratch.seeds
	item   int32
	weight float64
}

// neighbour is a session that votes. Its vote is the value divided by the sum of all.
type neighbour struct {
	session int32
	value   float64
}

// scratch is the working memory of one query: 18 bytes per session and 12 per item.
type scratch struct {
	similar []float64 // per session
	mask    []uint64  // per session: which seeds matched
	anchor  []uint16  // per session: position of its latest matched seed
	touched []int32
	near    []neighbour
	seeds   []seed
	bonuses []bonus
	scores  *accumulator
	slot    []int32 // per item: 1 + place in the answer, 0 if none
	parts   []float64
	best    []Scored
}

func newScratch(ix *index) *scratch {
	n := ix.sessions()
	return &scratch{
		similar: make([]float64, n), mask: make([]uint64, n), anchor: make([]uint16, n),
		scores: newAccumulator(ix.items), slot: make([]int32, ix.items),
	}
}

// Recommend returns the k most likely next items after the prefix (clicks so far, oldest first), best first, ties by
// lower item. Items unknown to the model are skipped; items of the prefix can be answers. A list that the session cannot
// fill is filled with items popular lately. An empty model answers nothing.
func (m *Model) Recommend(prefix []int32, k int) []Scored {
	if k <= 0 {
		return nil
	}
	sc := m.scratchs.Get().(*scratch)
	defer m.scratchs.Put(sc)
	m.score(sc, prefix)
	m.pickBest(sc, k)
	out := make([]Scored, len(sc.best), max(len(sc.best), min(k, len(sc.best)+len(m.popular))))
	copy(out, sc.best)
	m.attribute(sc, out)
	slices.SortFunc(out, byScore)
	for rank, item := range m.popular {
		if len(out) >= k {
			break
		}
		if !slices.ContainsFunc(out, func(s Scored) bool { return s.Item == item }) {
			out = append(out, Scored{item, m.popularScore(rank)})
		}
	}
	return out
}

// Explain returns what each seed of the prefix contributes to the item's score, latest seed first, zero contributions
// left out. Summed in order from zero they give exactly the score that Recommend returns for the item.
func (m *Model) Explain(prefix []int32, item int32) []Contribution {
	if item < 0 || int(item) >= m.ix.items {
		return nil
	}
	sc := m.scratchs.Get().(*scratch)
	defer m.scratchs.Put(sc)
	m.score(sc, prefix)
	kept := sc.scores.sum[item] >= smallestScore
	m.pickBest(sc, 0)
	if !kept {
		m.attribute(sc, nil)
		if rank, ok := m.popRank[item]; ok {
			return []Contribution{{NoSeed, m.popularScore(rank)}}
		}
		return nil
	}
	m.attribute(sc, []Scored{{Item: item}})
	var out []Contribution
	for n, s := range sc.seeds {
		if sc.parts[n] != 0 {
			out = append(out, Contribution{s.item, sc.parts[n]})
		}
	}
	return out
}

func (m *Model) popularScore(rank int) float64 { return popularUnit * float64(len(m.popular)-rank) }

// byScore sorts best first, ties by lower item.
func byScore(a, b Scored) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item))
}

// score fills sc.scores with the score of every candidate. Cost O(seeds·(Postings + OrderKeep) + Neighbours·length).
func (m *Model) score(sc *scratch, prefix []int32) {
	m.setSeeds(sc, prefix)
	m.findNeighbours(sc)
	for _, nb := range sc.near {
		at := int(sc.anchor[nb.session])
		for c, item := range m.ix.session(nb.session) {
			if w := nb.value * m.closeness(c-at); w > 0 {
				sc.scores.add(item, w)
			}
		}
	}
	for _, s := range sc.seeds {
		if s.order > 0 {
			items, weights := m.order.row(s.item)
			for n, item := range items {
				sc.scores.add(item, s.order*float64(weights[n]))
			}
		}
	}
	for _, item := range sc.scores.touched {
		sc.scores.sum[item] *= m.factor[item]
	}
	for n, s := range sc.seeds {
		sc.scores.sum[s.item] *= m.repeat(n)
	}
	for _, b := range sc.bonuses {
		sc.scores.add(b.item, b.weight)
	}
}

// closeness weighs a click by its signed distance after the matched click of the same session.
func (m *Model) closeness(distance int) float64 {
	if distance >= 0 {
		return m.after[distance]
	}
	return m.before[-distance]
}

// repeat is the factor of the n-th seed's own score, the latest being 0.
func (m *Model) repeat(n int) float64 {
	if n == 0 {
		return m.params.LastFactor
	}
	return m.params.RepeatFactor
}

// setSeeds takes the distinct known items of the prefix, latest first, and their bonuses. Unknown items do not count as
// clicks.
func (m *Model) setSeeds(sc *scratch, prefix []int32) {
	sc.seeds, sc.bonuses = sc.seeds[:0], sc.bonuses[:0]
	p := m.params
	var total float64
	follower := NoSeed // the known item clicked after the one looked at
	age := 0
	for n := len(prefix) - 1; n >= 0 && age < p.MaxPrefix; n-- {
		item := prefix[n]
		if item < 0 || int(item) >= m.ix.items || m.ix.support(item) == 0 {
			continue
		}
		place := slices.IndexFunc(sc.seeds, func(s seed) bool { return s.item == item })
		if place < 0 {
			place = len(sc.seeds)
			s := seed{
				item:   item,
				weight: math.Pow(p.SeedDecay, float64(age)) * math.Pow(1+float64(age), -p.SeedPower) * m.idf[item],
				order:  math.Pow(p.OrderSeedDecay, float64(age)),
			}
			total += s.order
			sc.seeds = append(sc.seeds, s)
		}
		m.addBonuses(sc, place, age, follower)
		follower = item
		age++
	}
	for n := range sc.seeds {
		sc.seeds[n].order *= p.OrderShare / total
	}
}

// addBonuses adds those of one click.
func (m *Model) addBonuses(sc *scratch, place, age int, follower int32) {
	p := m.params
	weight := p.LastWeight
	if age > 0 {
		weight = p.RepeatWeight * math.Pow(p.RepeatDecay, float64(age))
	}
	if weight > 0 {
		sc.bonuses = append(sc.bonuses, bonus{place, sc.seeds[place].item, weight})
	}
	if place == 0 && age > 0 && p.EchoWeight > 0 {
		sc.bonuses = append(sc.bonuses, bonus{place, follower, p.EchoWeight})
	}
}

// findNeighbours fills sc.near with the Neighbours strongest sessions among the Postings newest of every seed; ties go
// to the newer session. Their values sum to the blend's share of session kNN.
func (m *Model) findNeighbours(sc *scratch) {
	sc.near = sc.near[:0]
	if m.params.OrderShare == 1 {
		return
	}
	for n, s := range sc.seeds {
		low := m.ix.postStart[s.item]
		high := min(m.ix.postStart[s.item+1], low+int32(m.params.Postings))
		for at := low; at < high; at++ {
			session := m.ix.postSession[at]
			if sc.similar[session] == 0 {
				sc.touched = append(sc.touched, session)
				sc.anchor[session] = m.ix.postClick[at]
			}
			sc.similar[session] += s.weight
			sc.mask[session] |= 1 << n
		}
	}
	for _, session := range sc.touched {
		sc.near = append(sc.near, neighbour{session, m.strength(session, sc.similar[session])})
	}
	selection.KeepTop(&sc.near, m.params.Neighbours, func(a, b neighbour) bool {
		return a.value > b.value || a.value == b.value && a.session > b.session
	})
	// A fixed order of summation makes scores independent of how the selection moved things about.
	slices.SortFunc(sc.near, func(a, b neighbour) int { return cmp.Compare(b.session, a.session) })
	var total float64
	for _, nb := range sc.near {
		total += nb.value
	}
	if total == 0 {
		sc.near = sc.near[:0]
	}
	for n := range sc.near {
		sc.near[n].value *= (1 - m.params.OrderShare) / total
	}
}

func (m *Model) strength(session int32, similar float64) float64 {
	if power := m.params.SimilarityPower; power != 1 {
		similar = math.Pow(similar, power)
	}
	return similar * m.vote[session]
}

// pickBest moves the k best candidates to sc.best in any order and clears the scores.
func (m *Model) pickBest(sc *scratch, k int) {
	sc.best = sc.best[:0]
	for _, item := range sc.scores.touched {
		if score := sc.scores.sum[item]; score >= smallestScore && k > 0 {
			sc.best = append(sc.best, Scored{item, score})
		}
		sc.scores.sum[item] = 0
	}
	sc.scores.touched = sc.scores.touched[:0]
	selection.KeepTop(&sc.best, k, func(a, b Scored) bool { return byScore(a, b) < 0 })
}

// attribute computes sc.parts, the contribution of every seed to every given item, sets the items' scores to the sums in
// order, and clears the matches of the query.
func (m *Model) attribute(sc *scratch, items []Scored) {
	width := len(sc.seeds)
	sc.parts = append(sc.parts[:0], make([]float64, width*len(items))...)
	for n, it := range items {
		sc.slot[it.Item] = int32(n) + 1
	}
	for _, nb := range sc.near {
		m.attributeVotes(sc, nb)
	}
	for n, s := range sc.seeds {
		if s.order == 0 {
			continue
		}
		successors, weights := m.order.row(s.item)
		for at, item := range successors {
			if slot := sc.slot[item]; slot > 0 {
				sc.parts[int(slot-1)*width+n] += s.order * float64(weights[at])
			}
		}
	}
	for n := range items {
		m.finish(sc, &items[n], sc.parts[n*width:(n+1)*width])
		sc.slot[items[n].Item] = 0
	}
	for _, session := range sc.touched {
		sc.similar[session], sc.mask[session] = 0, 0
	}
	sc.touched = sc.touched[:0]
}

// attributeVotes shares a neighbour's votes among its matched seeds by their part of its similarity.
func (m *Model) attributeVotes(sc *scratch, nb neighbour) {
	at, width := int(sc.anchor[nb.session]), len(sc.seeds)
	for c, item := range m.ix.session(nb.session) {
		slot := sc.slot[item]
		if slot == 0 {
			continue
		}
		w := nb.value * m.closeness(c-at) / sc.similar[nb.session]
		for n := range sc.seeds {
			if sc.mask[nb.session]&(1<<n) != 0 {
				sc.parts[int(slot-1)*width+n] += w * sc.seeds[n].weight
			}
		}
	}
}

// finish applies the item's factors to its parts, adds its bonuses and sums all.
func (m *Model) finish(sc *scratch, it *Scored, parts []float64) {
	factor := m.factor[it.Item]
	if own := slices.IndexFunc(sc.seeds, func(s seed) bool { return s.item == it.Item }); own >= 0 {
		factor *= m.repeat(own)
	}
	for n := range parts {
		parts[n] *= factor
	}
	for _, b := range sc.bonuses {
		if b.item == it.Item {
			parts[b.seed] += b.weight
		}
	}
	it.Score = 0
	for _, part := range parts {
		it.Score += part
	}
}
