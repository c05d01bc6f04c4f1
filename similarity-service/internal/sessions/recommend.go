package sessions

import (
	"cmp"
	"slices"

	"github.com/aisle-rec/aisle/shared/topk"
)

// Scored is an item of an answer with its score.
type Scored struct {
	Item  int32   `json:"item"`
	Score float64 `json:"score"`
}

// noSeed marks the contribution of an item that is listed for its popularity alone.
const noSeed int32 = -1

// Contribution is the part of a score that one seed brought.
type Contribution struct {
	Seed   int32   `json:"seed"`
	Weight float64 `json:"weight"`
}

// Explained is an item of an answer with what each seed of the prefix contributed, as Explain gives it.
type Explained struct {
	Scored
	Contributions []Contribution
}

// smallestScore is below every score that is kept; popular items that fill a list score popularUnit·rank, less than it.
const (
	smallestScore = 0x1p-70
	popularUnit   = 0x1p-90
)

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

// RecommendExplained returns the items of Recommend that the session itself speaks for, with their contributions, for little more than the
// price of Recommend.
func (m *Model) RecommendExplained(prefix []int32, k int) []Explained {
	if k <= 0 {
		return nil
	}
	sc := m.scratchs.Get().(*scratch)
	defer m.scratchs.Put(sc)
	m.score(sc, prefix)
	m.pickBest(sc, k)
	m.attribute(sc, sc.best)
	out := make([]Explained, len(sc.best))
	for n, it := range sc.best {
		out[n] = Explained{it, sc.contributions(n)}
	}
	slices.SortFunc(out, func(a, b Explained) int { return byScore(a.Scored, b.Scored) })
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
			return []Contribution{{noSeed, m.popularScore(rank)}}
		}
		return nil
	}
	m.attribute(sc, []Scored{{Item: item}})
	return sc.contributions(0)
}

// contributions lists the parts of the n-th item of the last attribute that are not zero.
func (sc *scratch) contributions(n int) []Contribution {
	width := len(sc.seeds)
	out := make([]Contribution, 0, width)
	for k, part := range sc.parts[n*width : (n+1)*width] {
		if part != 0 {
			out = append(out, Contribution{sc.seeds[k].item, part})
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
	topk.Keep(&sc.best, k, func(a, b Scored) bool { return byScore(a, b) < 0 })
}
